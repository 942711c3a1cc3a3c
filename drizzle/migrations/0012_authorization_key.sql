ALTER TABLE "charge_point" ADD COLUMN "next_passwords" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
DROP TRIGGER charge_point_changed ON charge_point;--> statement-breakpoint
CREATE TRIGGER charge_point_changed BEFORE UPDATE OF registration, heartbeat_interval, password_hash, next_passwords, labels, deleted_at ON charge_point FOR EACH ROW EXECUTE FUNCTION set_changed_xid();--> statement-breakpoint
-- The station has it: from now on it is the password, and those before it count no more.
CREATE FUNCTION accept_next_password(station text, command text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  keys jsonb;
  accepted int;
BEGIN
  SELECT next_passwords INTO keys FROM charge_point WHERE charge_point_id = station FOR UPDATE;
  SELECT n.place INTO accepted FROM jsonb_array_elements(keys) WITH ORDINALITY AS n(value, place)
    WHERE n.value ->> 'commandId' = command;
  IF accepted IS NULL THEN
    RETURN;
  END IF;
  UPDATE charge_point SET password_hash = keys -> (accepted - 1) ->> 'passwordHash', next_passwords =
    (SELECT coalesce(jsonb_agg(n.value ORDER BY n.place), '[]')
      FROM jsonb_array_elements(keys) WITH ORDINALITY AS n(value, place) WHERE n.place > accepted)
  WHERE charge_point_id = station;
END
$$;--> statement-breakpoint
-- What became of a ChangeConfiguration of AuthorizationKey. Where the station's word is not known (no answer, RebootRequired,
-- offered to an edge that did not say whether it was sent), both count until it connects with the new one.
CREATE FUNCTION authorization_key_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.answer ->> 'status' = 'Accepted' THEN
    PERFORM accept_next_password(NEW.charge_point_id, NEW.command_id);
  ELSIF NEW.state IN ('rejected', 'refused') OR NEW.state IN ('cancelled', 'expired') AND NEW.connection IS NULL THEN
    UPDATE charge_point SET next_passwords =
      (SELECT coalesce(jsonb_agg(n.value ORDER BY n.place), '[]')
        FROM jsonb_array_elements(next_passwords) WITH ORDINALITY AS n(value, place)
        WHERE n.value ->> 'commandId' <> NEW.command_id)
    WHERE charge_point_id = NEW.charge_point_id
      AND next_passwords @> jsonb_build_array(jsonb_build_object('commandId', NEW.command_id));
  END IF;
  RETURN NULL;
END
$$;--> statement-breakpoint
CREATE TRIGGER authorization_key_told AFTER INSERT OR UPDATE ON command FOR EACH ROW
  WHEN (NEW.action = 'ChangeConfiguration' AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION authorization_key_told();
