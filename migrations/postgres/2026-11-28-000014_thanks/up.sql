-- A thank-you card: seen by who got it, and by whom they allow.
CREATE TABLE thanks (
  id BIGINT PRIMARY KEY NOT NULL,
  from_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  to_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  body TEXT NOT NULL,
  told TEXT NOT NULL DEFAULT 'me' CHECK (told IN ('me', 'organisation', 'peers', 'everyone')),
  created_at BIGINT NOT NULL
);
CREATE INDEX thanks_to ON thanks(to_id, id);
CREATE INDEX thanks_from ON thanks(from_id, id);
