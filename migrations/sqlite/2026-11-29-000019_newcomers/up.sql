-- Someone who begins here: who helps them, and how far they are.
CREATE TABLE newcomers (
  member_id INTEGER PRIMARY KEY NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  buddy_id BIGINT REFERENCES actors(id) ON DELETE SET NULL,
  -- Steps that were done when it was last looked at, and since when it is that many.
  done INTEGER NOT NULL DEFAULT 0,
  moved_at BIGINT NOT NULL,
  -- When those who help were last told that it stands still.
  nudged_at BIGINT,
  created_at BIGINT NOT NULL,
  ended_at BIGINT
);
CREATE INDEX newcomers_open ON newcomers(member_id) WHERE ended_at IS NULL;
CREATE INDEX newcomers_buddy ON newcomers(buddy_id);
-- Steps that someone says were done, beside those that show by themselves.
CREATE TABLE newcomer_steps (
  member_id BIGINT NOT NULL REFERENCES newcomers(member_id) ON DELETE CASCADE,
  step TEXT NOT NULL CHECK (step IN ('profile', 'knowledge', 'group', 'hello', 'buddy')),
  by_id BIGINT REFERENCES actors(id) ON DELETE SET NULL,
  note TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  PRIMARY KEY (member_id, step)
);
-- Wants to see ideas: people and groups that fit.
ALTER TABLE knowledge_choices ADD COLUMN ideas BOOLEAN NOT NULL DEFAULT TRUE;
-- Who wants to meet someone each month; also someone at a partner organisation.
CREATE TABLE meeters (
  member_id INTEGER PRIMARY KEY NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  peers BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL
);
-- Whom a member here meets in a month: a row on each side of it that is here. Without the other one while a partner is asked.
CREATE TABLE meetings (
  id INTEGER PRIMARY KEY NOT NULL,
  member_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  -- Year and month, as 202612.
  month INTEGER NOT NULL,
  other_id BIGINT REFERENCES actors(id) ON DELETE CASCADE,
  -- The partner that was asked, and the activity that asked.
  host_id BIGINT REFERENCES hosts(id) ON DELETE CASCADE,
  uri TEXT,
  -- Why these two, as JSON.
  reason TEXT NOT NULL,
  -- The time proposed.
  begins_at BIGINT,
  state TEXT NOT NULL CHECK (state IN ('asked', 'proposed', 'off')),
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX meetings_once ON meetings(member_id, month);
CREATE UNIQUE INDEX meetings_uri ON meetings(uri);
CREATE INDEX meetings_other ON meetings(other_id);
CREATE INDEX meetings_host ON meetings(host_id);
