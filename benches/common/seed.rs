//! Many posts at once: written straight into the tables, as the services would have written them one by one.

use diesel_async::RunQueryDsl as _;
use kring::base::Error;
use kring::services::Ctx;
use kring::store::Conn;

/// A second, in ids.
const STEP: i64 = 1000 << 16;

/// Runs SQL that both databases know.
pub async fn run(ctx: &Ctx, sql: String) -> usize {
    let work = ctx.db.write(move |conn| {
        Box::pin(async move {
            match conn {
                Conn::Pg(c) => diesel::sql_query(sql).execute(c).await,
                Conn::Sqlite(c) => diesel::sql_query(sql).execute(c).await,
            }
            .map_err(Error::from)
        })
    });
    work.await.expect("rows")
}

/// Ten groups for each of the first so many members.
pub async fn memberships(ctx: &Ctx, groups: usize) {
    let sql = format!(
        "INSERT INTO follows (id, follower_id, target_id, state, created_at) \
         SELECT 1000 + w.place * 10 + k.i, w.id, g.id, 'accepted', 0 \
         FROM (SELECT actor_id AS id, ROW_NUMBER() OVER (ORDER BY actor_id) - 1 AS place FROM members) w \
         JOIN (SELECT 0 AS i UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL \
         SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9) k ON 1 = 1 \
         JOIN (SELECT actor_id AS id, ROW_NUMBER() OVER (ORDER BY actor_id) - 1 AS place FROM groups) g \
         ON g.place = (w.place + k.i * 7) % {groups} WHERE 1 = 1 ON CONFLICT DO NOTHING"
    );
    run(ctx, sql).await;
}

/// Posts number `from` to `to`, each a second older than the one before, counted back from the id `newest`; in all groups
/// by all members in turn. They come onto the homes of the first `readers` members.
pub async fn posts(ctx: &Ctx, newest: i64, (from, to): (usize, usize), groups: usize, people: usize, readers: usize) {
    let origin = ctx.urls.origin().to_owned();
    let id = format!("({newest} - n.i * {STEP})");
    let published = newest / 65_536 * 1000;
    let text = "CAST(n.i AS TEXT) || ': <strong>wie</strong> weet hier meer van? Het gaat over boeken, taal en koffie, en \
        over wie er morgen de deur opent. Zie ook <a href=\"/tags/meten\" class=\"mention hashtag\" rel=\"tag\">#meten</a>.";
    run(
        ctx,
        format!(
            "INSERT INTO posts (id, uri, url, author_id, group_id, audience_id, kind, root_id, source, html, language, \
             published_at, received_seq, active_seq, search_text) \
             WITH RECURSIVE n(i) AS (SELECT CAST({from} AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {to}) \
             SELECT {id}, '{origin}/posts/' || CAST({id} AS TEXT), '{origin}/posts/' || CAST({id} AS TEXT), w.id, g.id, \
             g.audience_id, 'message', {id}, 'Bericht', '<p>Bericht ' || {text}</p>', 'nl', \
             {published} - n.i * 1000000, {id}, {id}, 'bericht wie weet hier meer van' \
             FROM n \
             JOIN (SELECT actor_id AS id, ROW_NUMBER() OVER (ORDER BY actor_id) - 1 AS place FROM members) w \
             ON w.place = n.i % {people} \
             JOIN (SELECT actor_id AS id, audience_id, ROW_NUMBER() OVER (ORDER BY actor_id) - 1 AS place FROM groups) g \
             ON g.place = n.i % {groups}"
        ),
    )
    .await;
    let (first, last) =
        (newest - i64::try_from(to).unwrap_or(0) * STEP, newest - i64::try_from(from).unwrap_or(0) * STEP);
    let these = format!("FROM posts WHERE id > {first} AND id <= {last} AND source = 'Bericht'");
    run(ctx, format!("INSERT INTO entries (id, source_id, post_id, how) SELECT id, author_id, id, 'author' {these}"))
        .await;
    run(ctx, format!("INSERT INTO entries (id, source_id, post_id, how) SELECT id + 1, group_id, id, 'group' {these}"))
        .await;
    run(ctx, format!("INSERT INTO post_tags (tag, post_id) SELECT 'meten', id {these} AND id % 7 = 0")).await;
    run(
        ctx,
        format!(
            "INSERT INTO home (member_id, entry_id, post_id) SELECT f.follower_id, e.id, e.post_id FROM \
             (SELECT actor_id AS id FROM members ORDER BY actor_id LIMIT {readers}) w \
             JOIN follows f ON f.follower_id = w.id JOIN entries e ON e.source_id = f.target_id AND e.how = 'group' \
             WHERE e.id > {first} AND e.id <= {last} + 1"
        ),
    )
    .await;
    run(ctx, "ANALYZE".to_owned()).await;
    // PostgreSQL does this by itself, some minutes after so much was written; until then it plans by reading rows.
    if let Conn::Pg(c) = &mut ctx.db.read().await.expect("a connection") {
        diesel::sql_query("VACUUM").execute(c).await.expect("a vacuum");
    }
}
