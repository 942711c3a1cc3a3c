CREATE TABLE "event" (
	"id" bigint GENERATED ALWAYS AS IDENTITY (sequence name "event_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"charge_point_id" text NOT NULL,
	"kind" text NOT NULL,
	"data" json NOT NULL
);
--> statement-breakpoint
CREATE TABLE "operator_token" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"role" text NOT NULL,
	"hash" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"revoked_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "charge_point" ADD COLUMN "password_hash" text;--> statement-breakpoint
ALTER TABLE "id_tag" ADD COLUMN "single_transaction" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "event_order" ON "event" USING btree ("xid","id");--> statement-breakpoint
CREATE UNIQUE INDEX "operator_token_hash_index" ON "operator_token" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "transaction_open_id_tag" ON "transaction" USING btree (upper("id_tag")) WHERE "transaction"."end" is null;;--> statement-breakpoint
SELECT create_hypertable('event', 'at', chunk_time_interval => INTERVAL '1 day', create_default_indexes => false);--> statement-breakpoint
SELECT add_retention_policy('event', INTERVAL '7 days');--> statement-breakpoint
DROP TRIGGER charge_point_changed ON charge_point;--> statement-breakpoint
CREATE TRIGGER charge_point_changed BEFORE UPDATE OF registration, heartbeat_interval, password_hash, labels, deleted_at ON charge_point FOR EACH ROW EXECUTE FUNCTION set_changed_xid();
