-- The activity in which a post from elsewhere came into a closed group here, with its author's proof, as it came: who reads the
-- group's history here believes it, although the author's server is away.
CREATE TABLE originals (
    post_id BIGINT PRIMARY KEY NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    body TEXT NOT NULL
);
