-- What became of a ChangeConfiguration of AuthorizationKey, as in 0012; and a CALLERROR says that nothing was changed. But not
-- FormationViolation: so ends also an answer that could not be read, of a station that may have the new key.
CREATE OR REPLACE FUNCTION authorization_key_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.answer ->> 'status' = 'Accepted' THEN
    PERFORM accept_next_password(NEW.charge_point_id, NEW.command_id);
  ELSIF NEW.state IN ('rejected', 'refused') OR NEW.state IN ('cancelled', 'expired') AND NEW.connection IS NULL
    OR NEW.state = 'failed' AND NOT starts_with(coalesce(NEW.reason, ''), 'FormationViolation:') THEN
    UPDATE charge_point SET next_passwords =
      (SELECT coalesce(jsonb_agg(n.value ORDER BY n.place), '[]')
        FROM jsonb_array_elements(next_passwords) WITH ORDINALITY AS n(value, place)
        WHERE n.value ->> 'commandId' <> NEW.command_id)
    WHERE charge_point_id = NEW.charge_point_id
      AND next_passwords @> jsonb_build_array(jsonb_build_object('commandId', NEW.command_id));
  END IF;
  RETURN NULL;
END
$$;
