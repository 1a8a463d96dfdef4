-- Seen to read activities wrapped in an Announce (FEP-1b12), whatever its software is called.
ALTER TABLE hosts ADD COLUMN wraps BOOLEAN NOT NULL DEFAULT FALSE;
