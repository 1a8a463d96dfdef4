CREATE INDEX jobs_due ON jobs(run_at) WHERE failed_at IS NULL;
DROP INDEX jobs_alone;

CREATE OR REPLACE FUNCTION look_changed(changed BIGINT) RETURNS VOID LANGUAGE sql AS $$
  INSERT INTO looks AS l (id, version) SELECT changed, 1 WHERE changed IS NOT NULL
    ON CONFLICT (id) DO UPDATE SET version = l.version + 1
$$;

CREATE OR REPLACE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was BIGINT;
  is_now BIGINT;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    EXECUTE format('SELECT ($1).%I', TG_ARGV[1]) INTO was USING OLD;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    EXECUTE format('SELECT ($1).%I', TG_ARGV[1]) INTO is_now USING NEW;
  END IF;
  IF is_now IS NOT NULL THEN
    INSERT INTO changes (kind, ref_id) VALUES (TG_ARGV[0], is_now);
  END IF;
  IF was IS NOT NULL AND was IS DISTINCT FROM is_now THEN
    INSERT INTO changes (kind, ref_id) VALUES (TG_ARGV[0], was);
  END IF;
  RETURN NULL;
END $$;

DROP TRIGGER looks_reactions ON reactions;
CREATE TRIGGER looks_reactions AFTER INSERT OR UPDATE OR DELETE ON reactions FOR EACH ROW EXECUTE FUNCTION looks_by_post();
