CREATE SEQUENCE "public"."transaction_id_block" INCREMENT BY 10000 MINVALUE 1 MAXVALUE 2147470001 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE TABLE "charge_point" (
	"charge_point_id" text PRIMARY KEY NOT NULL,
	"vendor" text,
	"model" text,
	"serial_number" text,
	"firmware_version" text,
	"iccid" text,
	"imsi" text,
	"meter_type" text,
	"meter_serial_number" text,
	"last_boot_at" timestamp with time zone,
	"online" boolean DEFAULT false NOT NULL,
	"online_since" timestamp with time zone,
	"offline_since" timestamp with time zone,
	"last_seen_at" timestamp with time zone,
	"version" bigint DEFAULT 0 NOT NULL,
	"registration" text DEFAULT 'accepted' NOT NULL,
	"heartbeat_interval" integer,
	"labels" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "command" (
	"charge_point_id" text NOT NULL,
	"command_id" text NOT NULL,
	"action" text NOT NULL,
	"payload" json NOT NULL,
	"state" text NOT NULL,
	"reason" text,
	"via" text NOT NULL,
	"requested_by" text,
	"requested_at" timestamp with time zone NOT NULL,
	"deadline" timestamp with time zone NOT NULL,
	"sent_at" timestamp with time zone,
	"connection" text,
	"answer" json,
	"answered_at" timestamp with time zone,
	"outcome" text,
	"ended_at" timestamp with time zone,
	"version" bigint NOT NULL,
	CONSTRAINT "command_charge_point_id_command_id_pk" PRIMARY KEY("charge_point_id","command_id")
);
--> statement-breakpoint
CREATE TABLE "connection" (
	"charge_point_id" text NOT NULL,
	"connection" text NOT NULL,
	"journal" bigint NOT NULL,
	"task_queue" text,
	"remote_address" text,
	"protocol" text,
	"opened_at" timestamp with time zone,
	"closed_at" timestamp with time zone,
	"close_code" integer,
	"reason" text,
	CONSTRAINT "connection_charge_point_id_connection_pk" PRIMARY KEY("charge_point_id","connection")
);
--> statement-breakpoint
CREATE TABLE "connector" (
	"charge_point_id" text NOT NULL,
	"connector_id" bigint NOT NULL,
	"status" text NOT NULL,
	"error_code" text NOT NULL,
	"info" text,
	"vendor_id" text,
	"vendor_error_code" text,
	"at" timestamp with time zone NOT NULL,
	"version" bigint NOT NULL,
	CONSTRAINT "connector_charge_point_id_connector_id_pk" PRIMARY KEY("charge_point_id","connector_id")
);
--> statement-breakpoint
CREATE TABLE "cursor" (
	"charge_point_id" text NOT NULL,
	"journal" bigint NOT NULL,
	"seq" bigint NOT NULL,
	CONSTRAINT "cursor_charge_point_id_journal_pk" PRIMARY KEY("charge_point_id","journal")
);
--> statement-breakpoint
CREATE TABLE "dead_event" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "dead_event_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"table_name" text NOT NULL,
	"charge_point_id" text NOT NULL,
	"key" text NOT NULL,
	"journal" bigint,
	"seq" bigint,
	"reason" text NOT NULL,
	"raw" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "heartbeat" (
	"charge_point_id" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"journal" bigint NOT NULL,
	"seq" bigint NOT NULL,
	CONSTRAINT "heartbeat_charge_point_id_at_journal_seq_pk" PRIMARY KEY("charge_point_id","at","journal","seq")
);
--> statement-breakpoint
CREATE TABLE "id_tag" (
	"key" text PRIMARY KEY NOT NULL,
	"id_tag" text NOT NULL,
	"status" text DEFAULT 'Accepted' NOT NULL,
	"expiry_date" timestamp with time zone,
	"parent_id_tag" text,
	"note" text,
	"deleted_at" timestamp with time zone,
	"changed_xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "message" (
	"charge_point_id" text NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"journal" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"connection" text NOT NULL,
	"direction" text NOT NULL,
	"kind" text NOT NULL,
	"message_id" text,
	"action" text,
	"payload" json,
	"answer" json,
	"error_code" text,
	"error_description" text,
	"command_id" text,
	"notes" text[],
	"repeat_of" text,
	"raw" text,
	CONSTRAINT "message_charge_point_id_received_at_journal_seq_pk" PRIMARY KEY("charge_point_id","received_at","journal","seq")
);
--> statement-breakpoint
CREATE TABLE "meter_value" (
	"charge_point_id" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"journal" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"index" integer NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"connector_id" bigint,
	"transaction_id" bigint,
	"measurand" text NOT NULL,
	"phase" text,
	"location" text,
	"context" text,
	"format" text,
	"unit" text,
	"value" text NOT NULL,
	"number" double precision,
	"normalised" double precision,
	"normalised_unit" text,
	CONSTRAINT "meter_value_charge_point_id_at_journal_seq_index_pk" PRIMARY KEY("charge_point_id","at","journal","seq","index")
);
--> statement-breakpoint
CREATE TABLE "status_notification" (
	"charge_point_id" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"journal" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"connector_id" bigint NOT NULL,
	"status" text NOT NULL,
	"error_code" text NOT NULL,
	"info" text,
	"vendor_id" text,
	"vendor_error_code" text,
	CONSTRAINT "status_notification_charge_point_id_at_journal_seq_pk" PRIMARY KEY("charge_point_id","at","journal","seq")
);
--> statement-breakpoint
CREATE TABLE "transaction" (
	"charge_point_id" text NOT NULL,
	"transaction_id" bigint NOT NULL,
	"aliases" bigint[] DEFAULT '{}' NOT NULL,
	"connector_id" bigint,
	"id_tag" text,
	"id_tag_status" text,
	"reservation_id" bigint,
	"started_at" timestamp with time zone,
	"start_timestamp" text,
	"meter_start" double precision,
	"stopped_at" timestamp with time zone,
	"meter_stop" double precision,
	"stop_id_tag" text,
	"stop_reason" text,
	"end" text,
	"energy_wh" double precision,
	"last_reading_at" timestamp with time zone,
	"last_reading_wh" double precision,
	"grace" jsonb,
	"notes" text[] DEFAULT '{}' NOT NULL,
	"version" bigint NOT NULL,
	CONSTRAINT "transaction_charge_point_id_transaction_id_pk" PRIMARY KEY("charge_point_id","transaction_id")
);
--> statement-breakpoint
CREATE INDEX "charge_point_changed_xid_index" ON "charge_point" USING btree ("changed_xid");--> statement-breakpoint
CREATE INDEX "command_unfinished" ON "command" USING btree ("charge_point_id") WHERE "command"."ended_at" is null;--> statement-breakpoint
CREATE INDEX "command_newest" ON "command" USING btree ("charge_point_id","requested_at");--> statement-breakpoint
CREATE INDEX "connection_open" ON "connection" USING btree ("charge_point_id") WHERE "connection"."closed_at" is null;--> statement-breakpoint
CREATE INDEX "cursor_journal_index" ON "cursor" USING btree ("journal");--> statement-breakpoint
CREATE UNIQUE INDEX "dead_event_charge_point_id_table_name_key_index" ON "dead_event" USING btree ("charge_point_id","table_name","key");--> statement-breakpoint
CREATE INDEX "id_tag_changed_xid_index" ON "id_tag" USING btree ("changed_xid");--> statement-breakpoint
CREATE INDEX "transaction_open" ON "transaction" USING btree ("charge_point_id") WHERE "transaction"."stopped_at" is null;--> statement-breakpoint
CREATE INDEX "transaction_estimated" ON "transaction" USING btree ("charge_point_id","stopped_at") WHERE "transaction"."end" = 'estimated';--> statement-breakpoint
CREATE INDEX "transaction_aliased" ON "transaction" USING btree ("charge_point_id") WHERE "transaction"."aliases" <> '{}';--> statement-breakpoint
CREATE INDEX "transaction_newest" ON "transaction" USING btree ("charge_point_id",coalesce("started_at", "stopped_at"));