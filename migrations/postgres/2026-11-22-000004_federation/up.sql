-- When the host of a group elsewhere last said that someone here is a member. After long silence its things are hidden.
ALTER TABLE follows ADD COLUMN confirmed_at BIGINT;

-- What administrators decided about a server: why, and when; and whether its pictures and files are left out.
ALTER TABLE hosts ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE hosts ADD COLUMN decided_at BIGINT;
ALTER TABLE hosts ADD COLUMN reject_media BOOLEAN NOT NULL DEFAULT FALSE;

-- What was agreed with another server, or offered: the record of sharing data with it.
CREATE TABLE peerings (
  host_id BIGINT PRIMARY KEY REFERENCES hosts(id),
  follow_uri TEXT NOT NULL,
  ours BOOLEAN NOT NULL,
  scope TEXT NOT NULL,
  purpose TEXT NOT NULL,
  contact TEXT NOT NULL,
  retention TEXT NOT NULL,
  answer_contact TEXT NOT NULL DEFAULT '',
  answer_retention TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  offered_at BIGINT NOT NULL,
  answered_at BIGINT,
  ended_at BIGINT
);
