-- What the page behind a link says of itself, fetched once by the server.
CREATE TABLE link_previews (
  post_id INTEGER PRIMARY KEY NOT NULL REFERENCES posts(id) ON DELETE CASCADE,
  url TEXT NOT NULL,
  title TEXT NOT NULL DEFAULT '',
  description TEXT NOT NULL DEFAULT '',
  picture_key TEXT,
  picture_mime TEXT NOT NULL DEFAULT '',
  width INTEGER NOT NULL DEFAULT 0,
  height INTEGER NOT NULL DEFAULT 0,
  fetched_at BIGINT NOT NULL
);

-- Groups that wait until a moderator of the instance agrees; they are not there before.
CREATE TABLE group_requests (
  id INTEGER PRIMARY KEY NOT NULL,
  owner_id BIGINT NOT NULL REFERENCES members(actor_id) ON DELETE CASCADE,
  form TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX group_requests_owner ON group_requests(owner_id);
