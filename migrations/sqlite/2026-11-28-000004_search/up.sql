-- What changed for search. Filled by triggers, so that no way of writing can forget it. Counters are no change.
CREATE TABLE changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  xid BIGINT NOT NULL DEFAULT 0,
  kind TEXT NOT NULL,
  ref_id BIGINT NOT NULL
);
CREATE INDEX changes_audiences ON changes(seq) WHERE kind = 'audience';

-- The text inside PDF and office files.
CREATE TABLE media_texts (
  media_id INTEGER PRIMARY KEY NOT NULL REFERENCES media(id) ON DELETE CASCADE,
  body TEXT NOT NULL,
  made_at BIGINT NOT NULL
);
CREATE INDEX media_documents ON media(id) WHERE kind = 'document';

CREATE TRIGGER posts_change_insert AFTER INSERT ON posts BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('post', NEW.id);
END;
CREATE TRIGGER posts_change_update AFTER UPDATE OF title, html, warning, state, audience_id, group_id, kind, language ON posts
WHEN OLD.title IS NOT NEW.title OR OLD.html IS NOT NEW.html OR OLD.warning IS NOT NEW.warning OR OLD.state IS NOT NEW.state
  OR OLD.audience_id IS NOT NEW.audience_id OR OLD.group_id IS NOT NEW.group_id OR OLD.kind IS NOT NEW.kind
  OR OLD.language IS NOT NEW.language
BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('post', NEW.id);
END;
CREATE TRIGGER posts_change_delete AFTER DELETE ON posts BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('post', OLD.id);
END;

CREATE TRIGGER polls_change_insert AFTER INSERT ON poll_options BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('post', NEW.post_id);
END;
CREATE TRIGGER polls_change_delete AFTER DELETE ON poll_options BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('post', OLD.post_id);
END;

CREATE TRIGGER media_change_insert AFTER INSERT ON media WHEN NEW.post_id IS NOT NULL BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('post', NEW.post_id);
END;
CREATE TRIGGER media_change_update AFTER UPDATE OF post_id, file_name, description, kind ON media
WHEN OLD.post_id IS NOT NEW.post_id OR OLD.file_name IS NOT NEW.file_name OR OLD.description IS NOT NEW.description
  OR OLD.kind IS NOT NEW.kind
BEGIN
  INSERT INTO changes (kind, ref_id) SELECT 'post', OLD.post_id WHERE OLD.post_id IS NOT NULL;
  INSERT INTO changes (kind, ref_id) SELECT 'post', NEW.post_id WHERE NEW.post_id IS NOT NULL;
END;
CREATE TRIGGER media_change_delete AFTER DELETE ON media WHEN OLD.post_id IS NOT NULL BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('post', OLD.post_id);
END;
CREATE TRIGGER media_texts_change AFTER INSERT ON media_texts BEGIN
  INSERT INTO changes (kind, ref_id)
  SELECT 'post', post_id FROM media WHERE id = NEW.media_id AND post_id IS NOT NULL;
END;

CREATE TRIGGER actors_change_insert AFTER INSERT ON actors BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('actor', NEW.id);
END;
CREATE TRIGGER actors_change_update AFTER UPDATE OF name, display_name, summary_html, state, kind ON actors
WHEN OLD.name IS NOT NEW.name OR OLD.display_name IS NOT NEW.display_name OR OLD.summary_html IS NOT NEW.summary_html
  OR OLD.state IS NOT NEW.state OR OLD.kind IS NOT NEW.kind
BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('actor', NEW.id);
END;
CREATE TRIGGER actors_change_delete AFTER DELETE ON actors BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('actor', OLD.id);
END;

CREATE TRIGGER members_change_insert AFTER INSERT ON members BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('actor', NEW.actor_id);
END;
CREATE TRIGGER members_change_update AFTER UPDATE OF job_title, branch_id, languages ON members
WHEN OLD.job_title IS NOT NEW.job_title OR OLD.branch_id IS NOT NEW.branch_id OR OLD.languages IS NOT NEW.languages
BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('actor', NEW.actor_id);
END;
CREATE TRIGGER members_change_delete AFTER DELETE ON members BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('actor', OLD.actor_id);
END;
CREATE TRIGGER branches_change_update AFTER UPDATE OF name ON branches WHEN OLD.name IS NOT NEW.name BEGIN
  INSERT INTO changes (kind, ref_id) SELECT 'actor', actor_id FROM members WHERE branch_id = NEW.id;
END;

CREATE TRIGGER groups_change_insert AFTER INSERT ON groups BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('actor', NEW.actor_id);
END;
CREATE TRIGGER groups_change_update AFTER UPDATE OF kind, hidden, topics ON groups
WHEN OLD.kind IS NOT NEW.kind OR OLD.hidden IS NOT NEW.hidden OR OLD.topics IS NOT NEW.topics
BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('actor', NEW.actor_id);
END;
CREATE TRIGGER groups_change_delete AFTER DELETE ON groups BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('actor', OLD.actor_id);
END;

-- Narrowing or widening changes no document, but what every process remembers of who reads what.
CREATE TRIGGER audiences_change_update AFTER UPDATE OF scope ON audiences WHEN OLD.scope IS NOT NEW.scope BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('audience', NEW.id);
END;
CREATE TRIGGER audiences_change_delete AFTER DELETE ON audiences BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('audience', OLD.id);
END;
