-- Accounts that members had elsewhere, by which those may move here.
CREATE TABLE aliases (
  actor_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  former_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  PRIMARY KEY (actor_id, former_id)
);
CREATE INDEX aliases_former ON aliases(former_id);
CREATE INDEX actors_moved ON actors(moved_to) WHERE moved_to IS NOT NULL;
