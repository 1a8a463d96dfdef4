-- Who lives on a server whose agreement ended reads no more of what network groups here wrote under it.
DELETE FROM readers
WHERE host_id NOT IN (
    SELECT id FROM hosts
    WHERE id = 0 OR (peer_state = 'accepted' AND (',' || COALESCE(peer_scope, '') || ',') LIKE '%,network,%')
) AND audience_id IN (
    SELECT audiences.id FROM audiences JOIN actors ON actors.id = audiences.owner_id
    WHERE audiences.scope = 2 AND actors.host_id = 0
);
