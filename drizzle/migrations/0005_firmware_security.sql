CREATE TABLE "firmware_event" (
	"charge_point_id" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"journal" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"action" text NOT NULL,
	"status" text NOT NULL,
	"request_id" bigint,
	CONSTRAINT "firmware_event_charge_point_id_at_journal_seq_pk" PRIMARY KEY("charge_point_id","at","journal","seq")
);
--> statement-breakpoint
CREATE TABLE "security_event" (
	"charge_point_id" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"journal" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"type" text NOT NULL,
	"tech_info" text,
	CONSTRAINT "security_event_charge_point_id_at_journal_seq_pk" PRIMARY KEY("charge_point_id","at","journal","seq")
);
--> statement-breakpoint
SELECT create_hypertable('firmware_event', 'at', chunk_time_interval => INTERVAL '90 days', create_default_indexes => false);--> statement-breakpoint
SELECT create_hypertable('security_event', 'at', chunk_time_interval => INTERVAL '90 days', create_default_indexes => false);--> statement-breakpoint
SELECT add_retention_policy('firmware_event', INTERVAL '2 years');--> statement-breakpoint
SELECT add_retention_policy('security_event', INTERVAL '2 years');
