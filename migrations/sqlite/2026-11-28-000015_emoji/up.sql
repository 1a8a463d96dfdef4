-- Little pictures of other servers, by the short name that stands for them in a text.
CREATE TABLE emoji (
  id INTEGER PRIMARY KEY NOT NULL,
  host_id BIGINT NOT NULL REFERENCES hosts(id),
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  -- The author of the first text it stood in, to whom what is kept of it is put down.
  actor_id BIGINT NOT NULL REFERENCES actors(id) ON DELETE CASCADE,
  media_id BIGINT
);
CREATE UNIQUE INDEX emoji_once ON emoji(host_id, name);
CREATE INDEX emoji_actor ON emoji(actor_id);
