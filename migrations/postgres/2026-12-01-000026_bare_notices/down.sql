DROP TABLE notice_followers;
ALTER TABLE groups DROP COLUMN bare_notices;
