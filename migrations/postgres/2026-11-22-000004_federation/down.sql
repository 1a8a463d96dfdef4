DROP TABLE peerings;
ALTER TABLE hosts DROP COLUMN reject_media;
ALTER TABLE hosts DROP COLUMN decided_at;
ALTER TABLE hosts DROP COLUMN reason;
ALTER TABLE follows DROP COLUMN confirmed_at;
