-- Whether the author of what is quoted agrees (FEP-044f), and the document that says so.
ALTER TABLE quotes ADD COLUMN state TEXT NOT NULL DEFAULT 'accepted';
ALTER TABLE quotes ADD COLUMN stamp_uri TEXT;
CREATE TRIGGER looks_quotes_update AFTER UPDATE ON quotes FOR EACH ROW EXECUTE FUNCTION looks_by_quote();
