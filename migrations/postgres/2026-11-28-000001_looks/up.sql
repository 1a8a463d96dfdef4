-- How often a post or an actor has changed how it looks. What is drawn once and kept (by any process) is kept together with
-- this number, and drawn anew when it is another one. Triggers count, so that no way of writing can forget to.
-- Ids are unique over all tables; were they not, something would be drawn once more than needed.
CREATE TABLE looks (
  id BIGINT PRIMARY KEY,
  version BIGINT NOT NULL
);

CREATE FUNCTION look_changed(changed BIGINT) RETURNS VOID LANGUAGE sql AS $$
  INSERT INTO looks AS l (id, version) SELECT changed, 1 WHERE changed IS NOT NULL
    ON CONFLICT (id) DO UPDATE SET version = l.version + 1
$$;

CREATE FUNCTION looks_by_id() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM look_changed(OLD.id);
  ELSE
    PERFORM look_changed(NEW.id);
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION looks_by_actor() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM look_changed(NEW.actor_id);
  RETURN NULL;
END $$;

CREATE FUNCTION looks_by_post() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'DELETE' THEN
    PERFORM look_changed(NEW.post_id);
  END IF;
  IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND OLD.post_id IS DISTINCT FROM NEW.post_id) THEN
    PERFORM look_changed(OLD.post_id);
  END IF;
  RETURN NULL;
END $$;

-- Posts name whom they mention, with the address of their page.
CREATE FUNCTION looks_of_mentioned() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM look_changed(m.post_id) FROM mentions m WHERE m.actor_id = NEW.id;
  RETURN NULL;
END $$;

-- A post says how many quote it.
CREATE FUNCTION looks_by_quote() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM look_changed(OLD.quoted_id), look_changed(OLD.post_id);
  ELSE
    PERFORM look_changed(NEW.quoted_id), look_changed(NEW.post_id);
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER looks_posts AFTER UPDATE OR DELETE ON posts FOR EACH ROW EXECUTE FUNCTION looks_by_id();
CREATE TRIGGER looks_actors AFTER UPDATE OR DELETE ON actors FOR EACH ROW EXECUTE FUNCTION looks_by_id();
CREATE TRIGGER looks_groups AFTER INSERT OR UPDATE ON groups FOR EACH ROW EXECUTE FUNCTION looks_by_actor();
CREATE TRIGGER looks_mentioned AFTER UPDATE ON actors FOR EACH ROW WHEN (OLD.url <> NEW.url OR OLD.uri <> NEW.uri OR OLD.name <> NEW.name) EXECUTE FUNCTION looks_of_mentioned();
CREATE TRIGGER looks_media AFTER INSERT OR UPDATE OR DELETE ON media FOR EACH ROW EXECUTE FUNCTION looks_by_post();
CREATE TRIGGER looks_link_previews AFTER INSERT OR UPDATE OR DELETE ON link_previews FOR EACH ROW EXECUTE FUNCTION looks_by_post();
CREATE TRIGGER looks_polls AFTER INSERT OR UPDATE OR DELETE ON polls FOR EACH ROW EXECUTE FUNCTION looks_by_post();
CREATE TRIGGER looks_poll_options AFTER INSERT OR UPDATE OR DELETE ON poll_options FOR EACH ROW EXECUTE FUNCTION looks_by_post();
CREATE TRIGGER looks_reactions AFTER INSERT OR UPDATE OR DELETE ON reactions FOR EACH ROW EXECUTE FUNCTION looks_by_post();
CREATE TRIGGER looks_mentions AFTER INSERT OR UPDATE OR DELETE ON mentions FOR EACH ROW EXECUTE FUNCTION looks_by_post();
CREATE TRIGGER looks_post_tags AFTER INSERT OR UPDATE OR DELETE ON post_tags FOR EACH ROW EXECUTE FUNCTION looks_by_post();
CREATE TRIGGER looks_quotes AFTER INSERT OR DELETE ON quotes FOR EACH ROW EXECUTE FUNCTION looks_by_quote();
