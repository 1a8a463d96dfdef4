-- The knowledge base of a group: pages that its members write together. As readable as the group's posts.
CREATE TABLE wiki_pages (
  id INTEGER PRIMARY KEY NOT NULL,
  group_id BIGINT NOT NULL REFERENCES groups(actor_id) ON DELETE CASCADE,
  audience_id BIGINT NOT NULL REFERENCES audiences(id),
  title TEXT NOT NULL,
  source TEXT NOT NULL,
  html TEXT NOT NULL,
  -- Number of the version that is shown: who saves says which one they began with.
  version BIGINT NOT NULL,
  updated_by BIGINT NOT NULL REFERENCES actors(id),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT
);
CREATE INDEX wiki_pages_group ON wiki_pages(group_id, title);

-- Every version, the one that is shown among them.
CREATE TABLE wiki_versions (
  page_id BIGINT NOT NULL REFERENCES wiki_pages(id) ON DELETE CASCADE,
  number BIGINT NOT NULL,
  title TEXT NOT NULL,
  source TEXT NOT NULL,
  note TEXT NOT NULL,
  author_id BIGINT NOT NULL REFERENCES actors(id),
  created_at BIGINT NOT NULL,
  PRIMARY KEY (page_id, number)
);

CREATE TRIGGER wiki_change_insert AFTER INSERT ON wiki_pages BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('page', NEW.id);
END;
CREATE TRIGGER wiki_change_update AFTER UPDATE OF title, html, audience_id, deleted_at ON wiki_pages
WHEN OLD.title IS NOT NEW.title OR OLD.html IS NOT NEW.html OR OLD.audience_id IS NOT NEW.audience_id
  OR OLD.deleted_at IS NOT NEW.deleted_at
BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('page', NEW.id);
END;
CREATE TRIGGER wiki_change_delete AFTER DELETE ON wiki_pages BEGIN
  INSERT INTO changes (kind, ref_id) VALUES ('page', OLD.id);
END;
