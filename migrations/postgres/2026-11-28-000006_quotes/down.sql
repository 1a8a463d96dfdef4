DROP TRIGGER looks_quotes_update ON quotes;
ALTER TABLE quotes DROP COLUMN stamp_uri;
ALTER TABLE quotes DROP COLUMN state;
