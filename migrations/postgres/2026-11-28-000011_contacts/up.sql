-- "May I write to you?" between a member here and someone at another organisation. After a yes direct messages go
-- through, both ways.
CREATE TABLE contacts (
  id BIGINT PRIMARY KEY NOT NULL,
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  other_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  -- The member here asked.
  ours BOOLEAN NOT NULL,
  -- The activity that asked.
  uri TEXT NOT NULL,
  reason TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'accepted', 'declined')),
  created_at BIGINT NOT NULL,
  answered_at BIGINT
);
CREATE UNIQUE INDEX contacts_once ON contacts(member_id, other_id);
CREATE UNIQUE INDEX contacts_uri ON contacts(uri);
-- How much comes from one server.
CREATE INDEX contacts_other ON contacts(other_id);
