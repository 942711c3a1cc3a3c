CREATE TABLE "actor_step" (
	"charge_point_id" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"previous" timestamp with time zone,
	"clock" timestamp with time zone,
	"inputs" json NOT NULL,
	"born" json,
	"snapshot" json,
	CONSTRAINT "actor_step_charge_point_id_at_pk" PRIMARY KEY("charge_point_id","at")
);
--> statement-breakpoint
SELECT create_hypertable('actor_step', 'at', chunk_time_interval => INTERVAL '1 day', create_default_indexes => false);--> statement-breakpoint
ALTER TABLE actor_step SET (timescaledb.compress, timescaledb.compress_segmentby = 'charge_point_id', timescaledb.compress_orderby = 'at DESC');--> statement-breakpoint
SELECT add_compression_policy('actor_step', INTERVAL '7 days');--> statement-breakpoint
SELECT add_retention_policy('actor_step', INTERVAL '90 days');
