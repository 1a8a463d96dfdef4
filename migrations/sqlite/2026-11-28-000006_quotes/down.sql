DROP TRIGGER looks_quotes_update;
ALTER TABLE quotes DROP COLUMN stamp_uri;
ALTER TABLE quotes DROP COLUMN state;
