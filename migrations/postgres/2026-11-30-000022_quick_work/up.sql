-- Jobs in no lane are claimed by when they are due; the old index also held those in lanes, however many wait there.
CREATE INDEX jobs_alone ON jobs(run_at, id) WHERE lane IS NULL AND failed_at IS NULL;
DROP INDEX jobs_due;

-- A new reaction is counted with its post, which changes how that looks. Noting it twice took the rows in another order than a
-- comment does, and each could wait for the other.
DROP TRIGGER looks_reactions ON reactions;
CREATE TRIGGER looks_reactions AFTER UPDATE OR DELETE ON reactions FOR EACH ROW EXECUTE FUNCTION looks_by_post();

-- A function in SQL is planned anew whenever it is called, and so is what is put together and executed. PL/pgSQL keeps its
-- plans for as long as the connection lives.
CREATE OR REPLACE FUNCTION look_changed(changed BIGINT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  IF changed IS NOT NULL THEN
    INSERT INTO looks AS l (id, version) VALUES (changed, 1)
      ON CONFLICT (id) DO UPDATE SET version = l.version + 1;
  END IF;
END $$;

CREATE OR REPLACE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was BIGINT;
  is_now BIGINT;
BEGIN
  -- Only the branch of the trigger's own column is ever looked at: other tables do not have it.
  IF TG_ARGV[1] = 'id' THEN
    IF TG_OP <> 'INSERT' THEN was := OLD.id; END IF;
    IF TG_OP <> 'DELETE' THEN is_now := NEW.id; END IF;
  ELSIF TG_ARGV[1] = 'post_id' THEN
    IF TG_OP <> 'INSERT' THEN was := OLD.post_id; END IF;
    IF TG_OP <> 'DELETE' THEN is_now := NEW.post_id; END IF;
  ELSIF TG_ARGV[1] = 'actor_id' THEN
    IF TG_OP <> 'INSERT' THEN was := OLD.actor_id; END IF;
    IF TG_OP <> 'DELETE' THEN is_now := NEW.actor_id; END IF;
  ELSE
    RAISE EXCEPTION 'note_change knows no column %', TG_ARGV[1];
  END IF;
  IF is_now IS NOT NULL THEN
    INSERT INTO changes (kind, ref_id) VALUES (TG_ARGV[0], is_now);
  END IF;
  IF was IS NOT NULL AND was IS DISTINCT FROM is_now THEN
    INSERT INTO changes (kind, ref_id) VALUES (TG_ARGV[0], was);
  END IF;
  RETURN NULL;
END $$;
