DROP TABLE held_activities;
ALTER TABLE hosts DROP COLUMN wraps;
