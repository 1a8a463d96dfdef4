-- How often a post or an actor has changed how it looks. What is drawn once and kept (by any process) is kept together with
-- this number, and drawn anew when it is another one. Triggers count, so that no way of writing can forget to.
-- Ids are unique over all tables; were they not, something would be drawn once more than needed.
CREATE TABLE looks (
  id INTEGER PRIMARY KEY NOT NULL,
  version BIGINT NOT NULL
);
CREATE TRIGGER looks_posts_update AFTER UPDATE ON posts FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT NEW.id, 1 WHERE NEW.id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_posts_delete AFTER DELETE ON posts FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT OLD.id, 1 WHERE OLD.id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_actors_update AFTER UPDATE ON actors FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT NEW.id, 1 WHERE NEW.id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_actors_delete AFTER DELETE ON actors FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT OLD.id, 1 WHERE OLD.id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_groups_insert AFTER INSERT ON groups FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT NEW.actor_id, 1 WHERE NEW.actor_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_groups_update AFTER UPDATE ON groups FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT NEW.actor_id, 1 WHERE NEW.actor_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
-- Posts name whom they mention, with the address of their page.
CREATE TRIGGER looks_mentioned AFTER UPDATE ON actors FOR EACH ROW WHEN OLD.url <> NEW.url OR OLD.uri <> NEW.uri OR OLD.name <> NEW.name
BEGIN
  INSERT INTO looks (id, version) SELECT m.post_id, 1 FROM mentions m WHERE m.actor_id = NEW.id
    ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_media_insert AFTER INSERT ON media FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT NEW.post_id, 1 WHERE NEW.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_media_update AFTER UPDATE ON media FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT NEW.post_id, 1 WHERE NEW.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
  INSERT INTO looks (id, version) SELECT OLD.post_id, 1 WHERE OLD.post_id IS NOT NULL AND OLD.post_id IS NOT NEW.post_id ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_media_delete AFTER DELETE ON media FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT OLD.post_id, 1 WHERE OLD.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_link_previews_insert AFTER INSERT ON link_previews FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT NEW.post_id, 1 WHERE NEW.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_link_previews_update AFTER UPDATE ON link_previews FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT NEW.post_id, 1 WHERE NEW.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_link_previews_delete AFTER DELETE ON link_previews FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT OLD.post_id, 1 WHERE OLD.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_polls_insert AFTER INSERT ON polls FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT NEW.post_id, 1 WHERE NEW.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_polls_update AFTER UPDATE ON polls FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT NEW.post_id, 1 WHERE NEW.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_polls_delete AFTER DELETE ON polls FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT OLD.post_id, 1 WHERE OLD.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_poll_options_insert AFTER INSERT ON poll_options FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT NEW.post_id, 1 WHERE NEW.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_poll_options_update AFTER UPDATE ON poll_options FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT NEW.post_id, 1 WHERE NEW.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_poll_options_delete AFTER DELETE ON poll_options FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT OLD.post_id, 1 WHERE OLD.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_reactions_insert AFTER INSERT ON reactions FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT NEW.post_id, 1 WHERE NEW.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_reactions_update AFTER UPDATE ON reactions FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT NEW.post_id, 1 WHERE NEW.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_reactions_delete AFTER DELETE ON reactions FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT OLD.post_id, 1 WHERE OLD.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_mentions_insert AFTER INSERT ON mentions FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT NEW.post_id, 1 WHERE NEW.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_mentions_delete AFTER DELETE ON mentions FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT OLD.post_id, 1 WHERE OLD.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_post_tags_insert AFTER INSERT ON post_tags FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT NEW.post_id, 1 WHERE NEW.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_post_tags_delete AFTER DELETE ON post_tags FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT OLD.post_id, 1 WHERE OLD.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
-- A post says how many quote it.
CREATE TRIGGER looks_quotes_insert AFTER INSERT ON quotes FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT NEW.quoted_id, 1 WHERE NEW.quoted_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
  INSERT INTO looks (id, version) SELECT NEW.post_id, 1 WHERE NEW.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER looks_quotes_delete AFTER DELETE ON quotes FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT OLD.quoted_id, 1 WHERE OLD.quoted_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
  INSERT INTO looks (id, version) SELECT OLD.post_id, 1 WHERE OLD.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
