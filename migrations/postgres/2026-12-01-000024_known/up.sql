-- Who showed themselves outside the closed groups they are in, and since when; and who chose to be found.
ALTER TABLE actors ADD COLUMN known_at BIGINT;
ALTER TABLE members ADD COLUMN findable BOOLEAN NOT NULL DEFAULT FALSE;
-- Nothing was ever written there: what people tell of themselves has tables of its own.
ALTER TABLE actors DROP COLUMN fields;

-- Who reacted, voted or shared in the open, followed someone elsewhere who is no closed group of a Kring, is followed from elsewhere,
-- or wrote to someone whose server is no Kring, was met already.
UPDATE actors SET known_at = created_at
WHERE host_id = 0 AND kind = 'person' AND (
    EXISTS (
        SELECT 1 FROM reactions JOIN posts ON posts.id = reactions.post_id JOIN audiences ON audiences.id = posts.audience_id
        WHERE reactions.actor_id = actors.id AND audiences.scope <= 1
    ) OR EXISTS (
        SELECT 1 FROM poll_votes JOIN posts ON posts.id = poll_votes.post_id JOIN audiences ON audiences.id = posts.audience_id
        WHERE poll_votes.actor_id = actors.id AND audiences.scope <= 1
    ) OR EXISTS (
        SELECT 1 FROM entries WHERE entries.source_id = actors.id AND entries.how = 'share'
    ) OR EXISTS (
        SELECT 1 FROM follows JOIN actors AS whom ON whom.id = follows.target_id JOIN hosts ON hosts.id = whom.host_id
            LEFT JOIN groups ON groups.actor_id = follows.target_id
        WHERE follows.follower_id = actors.id AND whom.host_id <> 0
            AND (groups.kind IS NULL OR groups.kind = 'public' OR hosts.software IS NULL OR hosts.software <> 'kring')
    ) OR EXISTS (
        SELECT 1 FROM readers AS own JOIN readers AS theirs ON theirs.audience_id = own.audience_id
            JOIN hosts ON hosts.id = theirs.host_id JOIN audiences ON audiences.id = own.audience_id
        WHERE own.actor_id = actors.id AND audiences.owner_id NOT IN (SELECT groups.actor_id FROM groups)
            AND hosts.id <> 0 AND (hosts.software IS NULL OR hosts.software <> 'kring')
            AND EXISTS (SELECT 1 FROM posts WHERE posts.author_id = actors.id AND posts.audience_id = own.audience_id)
    ) OR EXISTS (
        SELECT 1 FROM follows JOIN actors AS who ON who.id = follows.follower_id
        WHERE follows.target_id = actors.id AND who.host_id <> 0 AND follows.state = 'accepted'
    )
);

-- What people wrote and whom they follow is counted as far as everyone may know of it.
UPDATE actors SET
    posts_count = (
        SELECT count(*) FROM posts JOIN audiences ON audiences.id = posts.audience_id
        WHERE posts.author_id = actors.id AND posts.state = 'published' AND posts.kind <> 'direct' AND audiences.scope <= 1
    ),
    last_post_at = (
        SELECT max(posts.published_at) FROM posts JOIN audiences ON audiences.id = posts.audience_id
        WHERE posts.author_id = actors.id AND posts.state = 'published' AND posts.kind <> 'direct' AND audiences.scope <= 1
    ),
    following_count = (
        SELECT count(*) FROM follows LEFT JOIN groups ON groups.actor_id = follows.target_id
        WHERE follows.follower_id = actors.id AND follows.state = 'accepted'
            AND (groups.kind IS NULL OR groups.kind = 'public')
    )
WHERE kind <> 'group';
