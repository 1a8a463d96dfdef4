-- What changed for search. Filled by triggers, so that no way of writing can forget it. Counters are no change.
-- A slow transaction can commit a lower seq after a reader has passed it: readers stay below the oldest transaction that
-- runs, in the order of xid and seq.
CREATE TABLE changes (
  seq BIGSERIAL PRIMARY KEY,
  xid BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  kind TEXT NOT NULL,
  ref_id BIGINT NOT NULL
);
CREATE INDEX changes_order ON changes(xid, seq);
CREATE INDEX changes_audiences ON changes(seq) WHERE kind = 'audience';

-- The text inside PDF and office files.
CREATE TABLE media_texts (
  media_id BIGINT PRIMARY KEY REFERENCES media(id) ON DELETE CASCADE,
  body TEXT NOT NULL,
  made_at BIGINT NOT NULL
);
CREATE INDEX media_documents ON media(id) WHERE kind = 'document';

-- Notes (first argument) the id in the column that the second argument names, before and after.
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE FUNCTION note_file_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changes (kind, ref_id)
  SELECT 'post', post_id FROM media WHERE id = NEW.media_id AND post_id IS NOT NULL;
  RETURN NULL;
END $$;
CREATE FUNCTION note_branch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO changes (kind, ref_id) SELECT 'actor', actor_id FROM members WHERE branch_id = NEW.id;
  RETURN NULL;
END $$;

CREATE TRIGGER posts_change_insert AFTER INSERT ON posts FOR EACH ROW
EXECUTE FUNCTION note_change('post', 'id');
CREATE TRIGGER posts_change_update AFTER UPDATE OF title, html, warning, state, audience_id, group_id, kind, language ON posts FOR EACH ROW
WHEN (OLD.title IS DISTINCT FROM NEW.title
  OR OLD.html IS DISTINCT FROM NEW.html
  OR OLD.warning IS DISTINCT FROM NEW.warning
  OR OLD.state IS DISTINCT FROM NEW.state
  OR OLD.audience_id IS DISTINCT FROM NEW.audience_id
  OR OLD.group_id IS DISTINCT FROM NEW.group_id
  OR OLD.kind IS DISTINCT FROM NEW.kind
  OR OLD.language IS DISTINCT FROM NEW.language)
EXECUTE FUNCTION note_change('post', 'id');
CREATE TRIGGER posts_change_delete AFTER DELETE ON posts FOR EACH ROW
EXECUTE FUNCTION note_change('post', 'id');
CREATE TRIGGER polls_change_insert AFTER INSERT ON poll_options FOR EACH ROW
EXECUTE FUNCTION note_change('post', 'post_id');
CREATE TRIGGER polls_change_delete AFTER DELETE ON poll_options FOR EACH ROW
EXECUTE FUNCTION note_change('post', 'post_id');
CREATE TRIGGER media_change_insert AFTER INSERT ON media FOR EACH ROW
EXECUTE FUNCTION note_change('post', 'post_id');
CREATE TRIGGER media_change_update AFTER UPDATE OF post_id, file_name, description, kind ON media FOR EACH ROW
WHEN (OLD.post_id IS DISTINCT FROM NEW.post_id
  OR OLD.file_name IS DISTINCT FROM NEW.file_name
  OR OLD.description IS DISTINCT FROM NEW.description
  OR OLD.kind IS DISTINCT FROM NEW.kind)
EXECUTE FUNCTION note_change('post', 'post_id');
CREATE TRIGGER media_change_delete AFTER DELETE ON media FOR EACH ROW
EXECUTE FUNCTION note_change('post', 'post_id');
CREATE TRIGGER media_texts_change AFTER INSERT ON media_texts FOR EACH ROW
EXECUTE FUNCTION note_file_text();
CREATE TRIGGER actors_change_insert AFTER INSERT ON actors FOR EACH ROW
EXECUTE FUNCTION note_change('actor', 'id');
CREATE TRIGGER actors_change_update AFTER UPDATE OF name, display_name, summary_html, state, kind ON actors FOR EACH ROW
WHEN (OLD.name IS DISTINCT FROM NEW.name
  OR OLD.display_name IS DISTINCT FROM NEW.display_name
  OR OLD.summary_html IS DISTINCT FROM NEW.summary_html
  OR OLD.state IS DISTINCT FROM NEW.state
  OR OLD.kind IS DISTINCT FROM NEW.kind)
EXECUTE FUNCTION note_change('actor', 'id');
CREATE TRIGGER actors_change_delete AFTER DELETE ON actors FOR EACH ROW
EXECUTE FUNCTION note_change('actor', 'id');
CREATE TRIGGER members_change_insert AFTER INSERT ON members FOR EACH ROW
EXECUTE FUNCTION note_change('actor', 'actor_id');
CREATE TRIGGER members_change_update AFTER UPDATE OF job_title, branch_id, languages ON members FOR EACH ROW
WHEN (OLD.job_title IS DISTINCT FROM NEW.job_title
  OR OLD.branch_id IS DISTINCT FROM NEW.branch_id
  OR OLD.languages IS DISTINCT FROM NEW.languages)
EXECUTE FUNCTION note_change('actor', 'actor_id');
CREATE TRIGGER members_change_delete AFTER DELETE ON members FOR EACH ROW
EXECUTE FUNCTION note_change('actor', 'actor_id');
CREATE TRIGGER branches_change_update AFTER UPDATE OF name ON branches FOR EACH ROW
WHEN (OLD.name IS DISTINCT FROM NEW.name)
EXECUTE FUNCTION note_branch();
CREATE TRIGGER groups_change_insert AFTER INSERT ON groups FOR EACH ROW
EXECUTE FUNCTION note_change('actor', 'actor_id');
CREATE TRIGGER groups_change_update AFTER UPDATE OF kind, hidden, topics ON groups FOR EACH ROW
WHEN (OLD.kind IS DISTINCT FROM NEW.kind
  OR OLD.hidden IS DISTINCT FROM NEW.hidden
  OR OLD.topics IS DISTINCT FROM NEW.topics)
EXECUTE FUNCTION note_change('actor', 'actor_id');
CREATE TRIGGER groups_change_delete AFTER DELETE ON groups FOR EACH ROW
EXECUTE FUNCTION note_change('actor', 'actor_id');
CREATE TRIGGER audiences_change_update AFTER UPDATE OF scope ON audiences FOR EACH ROW
WHEN (OLD.scope IS DISTINCT FROM NEW.scope)
EXECUTE FUNCTION note_change('audience', 'id');
CREATE TRIGGER audiences_change_delete AFTER DELETE ON audiences FOR EACH ROW
EXECUTE FUNCTION note_change('audience', 'id');
