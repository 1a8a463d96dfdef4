-- A closed group may let people of other software follow that something was written, and nothing else: they are no members.
ALTER TABLE groups ADD COLUMN bare_notices BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE notice_followers (
    group_id BIGINT NOT NULL REFERENCES groups (actor_id) ON DELETE CASCADE,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    uri TEXT NOT NULL,
    PRIMARY KEY (group_id, actor_id)
);
CREATE INDEX notice_followers_actor ON notice_followers (actor_id);
