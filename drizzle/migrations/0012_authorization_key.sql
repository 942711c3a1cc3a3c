ALTER TABLE "charge_point" ADD COLUMN "next_passwords" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
DROP TRIGGER charge_point_changed ON charge_point;--> statement-breakpoint
CREATE TRIGGER charge_point_changed BEFORE UPDATE OF registration, heartbeat_interval, password_hash, next_passwords, labels, deleted_at ON charge_point FOR EACH ROW EXECUTE FUNCTION set_changed_xid();--> statement-breakpoint
-- The station has it: from now on it is the password, and those before it count no more.
CREATE FUNCTION accept_next_password(station text, command text) RETURNS void LANGUAGE sql AS $$
  UPDATE charge_point AS c SET password_hash = found.hash, next_passwords = found.later
  FROM (
    SELECT n.value ->> 'passwordHash' AS hash,
      (SELECT coalesce(jsonb_agg(l.value ORDER BY l.place), '[]')
        FROM jsonb_array_elements(p.next_passwords) WITH ORDINALITY AS l(value, place) WHERE l.place > n.place) AS later
    FROM charge_point AS p, jsonb_array_elements(p.next_passwords) WITH ORDINALITY AS n(value, place)
    WHERE p.charge_point_id = station AND n.value ->> 'commandId' = command
  ) AS found
  WHERE c.charge_point_id = station;
$$;--> statement-breakpoint
-- What became of a ChangeConfiguration of AuthorizationKey. Where the station's word is not known (no answer, RebootRequired),
-- both count until it connects with the new one.
CREATE FUNCTION authorization_key_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.answer ->> 'status' = 'Accepted' THEN
    PERFORM accept_next_password(NEW.charge_point_id, NEW.command_id);
  ELSIF NEW.state IN ('rejected', 'refused', 'cancelled', 'expired') THEN
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
