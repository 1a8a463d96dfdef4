-- Seen to read activities wrapped in an Announce (FEP-1b12), whatever its software is called.
ALTER TABLE hosts ADD COLUMN wraps BOOLEAN NOT NULL DEFAULT FALSE;

-- The activity that a post held for moderation came in; its followers get it when the post is let through.
CREATE TABLE held_activities (
  post_id BIGINT PRIMARY KEY REFERENCES posts(id) ON DELETE CASCADE,
  activity_id BIGINT NOT NULL REFERENCES activities(id) ON DELETE CASCADE
);
