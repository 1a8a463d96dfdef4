-- Whether the author of what is quoted agrees (FEP-044f), and the document that says so.
ALTER TABLE quotes ADD COLUMN state TEXT NOT NULL DEFAULT 'accepted';
ALTER TABLE quotes ADD COLUMN stamp_uri TEXT;
CREATE TRIGGER looks_quotes_update AFTER UPDATE ON quotes FOR EACH ROW
BEGIN
  INSERT INTO looks (id, version) SELECT NEW.quoted_id, 1 WHERE NEW.quoted_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
  INSERT INTO looks (id, version) SELECT NEW.post_id, 1 WHERE NEW.post_id IS NOT NULL ON CONFLICT (id) DO UPDATE SET version = version + 1;
END;
