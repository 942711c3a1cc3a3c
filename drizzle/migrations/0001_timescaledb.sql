-- What drizzle-kit cannot express: hypertables, compression, retention, aggregates, triggers, storage parameters.
-- The one place where chunk sizes and policies are set.

-- Hypertables. The primary keys (charge_point_id, time, …) are the query indexes: no default index on time alone.
SELECT create_hypertable('message', 'received_at', chunk_time_interval => INTERVAL '1 day', create_default_indexes => false);--> statement-breakpoint
SELECT create_hypertable('meter_value', 'at', chunk_time_interval => INTERVAL '7 days', create_default_indexes => false);--> statement-breakpoint
SELECT create_hypertable('status_notification', 'at', chunk_time_interval => INTERVAL '7 days', create_default_indexes => false);--> statement-breakpoint
SELECT create_hypertable('heartbeat', 'at', chunk_time_interval => INTERVAL '7 days', create_default_indexes => false);--> statement-breakpoint

-- Compression. Effective times lie up to 30 days back: tables partitioned by them are compressed after 35 days, so that
-- late values meet uncompressed chunks. Tables partitioned by time of receipt are never late.
ALTER TABLE meter_value SET (timescaledb.compress, timescaledb.compress_segmentby = 'charge_point_id', timescaledb.compress_orderby = 'at DESC, journal, seq, index');--> statement-breakpoint
ALTER TABLE status_notification SET (timescaledb.compress, timescaledb.compress_segmentby = 'charge_point_id', timescaledb.compress_orderby = 'at DESC, journal, seq');--> statement-breakpoint
ALTER TABLE message SET (timescaledb.compress, timescaledb.compress_segmentby = 'charge_point_id', timescaledb.compress_orderby = 'received_at DESC, journal, seq');--> statement-breakpoint
ALTER TABLE heartbeat SET (timescaledb.compress, timescaledb.compress_segmentby = 'charge_point_id', timescaledb.compress_orderby = 'at DESC, journal, seq');--> statement-breakpoint
SELECT add_compression_policy('meter_value', INTERVAL '35 days');--> statement-breakpoint
SELECT add_compression_policy('status_notification', INTERVAL '35 days');--> statement-breakpoint
SELECT add_compression_policy('message', INTERVAL '7 days');--> statement-breakpoint
SELECT add_compression_policy('heartbeat', INTERVAL '7 days');--> statement-breakpoint

-- Retention.
SELECT add_retention_policy('meter_value', INTERVAL '5 years');--> statement-breakpoint
SELECT add_retention_policy('status_notification', INTERVAL '2 years');--> statement-breakpoint
SELECT add_retention_policy('message', INTERVAL '90 days');--> statement-breakpoint
SELECT add_retention_policy('heartbeat', INTERVAL '30 days');--> statement-breakpoint

-- First and last reading of the energy register per hour; kept when the meter values themselves are dropped.
CREATE MATERIALIZED VIEW energy_hour WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
  time_bucket(INTERVAL '1 hour', at) AS hour,
  charge_point_id,
  connector_id,
  location,
  first(normalised, at) AS first_wh,
  last(normalised, at) AS last_wh,
  count(*) AS readings
FROM meter_value
WHERE measurand = 'Energy.Active.Import.Register' AND phase IS NULL AND normalised IS NOT NULL AND normalised_unit = 'Wh'
GROUP BY 1, 2, 3, 4
WITH NO DATA;--> statement-breakpoint
-- Readings up to 30 days late are taken in; older hours are left alone, also by the retention of meter_value.
SELECT add_continuous_aggregate_policy('energy_hour', start_offset => INTERVAL '35 days', end_offset => INTERVAL '1 hour', schedule_interval => INTERVAL '30 minutes');--> statement-breakpoint

-- Energy is the difference of registers across the border of two hours, not max - min within one: what flows between
-- the last reading of one hour and the first of the next counts too. After a gap it all counts in the hour in which the
-- register is read again. Where the register goes back (meter reset or replaced) only what the new one counted within
-- its hour is left; never less than 0.
CREATE VIEW energy_per_hour AS
SELECT
  hour,
  charge_point_id,
  connector_id,
  location,
  CASE
    WHEN last_wh >= lag(last_wh) OVER station THEN last_wh - lag(last_wh) OVER station
    ELSE greatest(last_wh - first_wh, 0)
  END AS energy_wh,
  last_wh AS register_wh,
  readings
FROM energy_hour
WINDOW station AS (PARTITION BY charge_point_id, connector_id, location ORDER BY hour);--> statement-breakpoint
COMMENT ON VIEW energy_per_hour IS 'Wh per hour, charge point, connector and location. Connector 0 is the charge point''s main meter: do not add it to its connectors.';--> statement-breakpoint

-- The directory follows changes by changed_xid. The trigger lists the operator's columns, so that the actor's frequent
-- updates of its own columns leave changed_xid alone.
CREATE FUNCTION set_changed_xid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.changed_xid := pg_current_xact_id();
  RETURN NEW;
END
$$;--> statement-breakpoint
CREATE TRIGGER id_tag_changed BEFORE UPDATE ON id_tag FOR EACH ROW EXECUTE FUNCTION set_changed_xid();--> statement-breakpoint
CREATE TRIGGER charge_point_changed BEFORE UPDATE OF registration, heartbeat_interval, labels, deleted_at ON charge_point FOR EACH ROW EXECUTE FUNCTION set_changed_xid();--> statement-breakpoint

-- Rows that are written over again and again: room on the page keeps the updates heap-only (no index entry to write).
ALTER TABLE cursor SET (fillfactor = 50);--> statement-breakpoint
ALTER TABLE charge_point SET (fillfactor = 70);--> statement-breakpoint
ALTER TABLE connector SET (fillfactor = 70);--> statement-breakpoint
ALTER TABLE transaction SET (fillfactor = 80);--> statement-breakpoint
ALTER TABLE command SET (fillfactor = 80);
