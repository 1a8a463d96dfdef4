//! What search needs of the database: the change feed, the texts of what can be found, and who may read what.
//!
//! Ids are written into the SQL as numbers: the lists are long, and each length would be a statement of its own.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use super::among::{json, numbers};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::audiences::Scope;
use crate::domain::search::FeedPlace;
use crate::store::query::{Kept, RunQueryDsl};

/// A row of the change feed.
#[derive(Clone, Debug, QueryableByName)]
pub struct Change {
    /// The transaction; 0 on SQLite.
    #[diesel(sql_type = BigInt)]
    pub xid: i64,
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    /// `post`, `actor`, `page`, `audience` or `rebuild`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// What changed.
    #[diesel(sql_type = BigInt)]
    pub ref_id: i64,
}

/// The text of a post that can be found.
#[derive(Clone, Debug, QueryableByName)]
pub struct PostText {
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = BigInt)]
    pub author_id: i64,
    #[diesel(sql_type = BigInt)]
    pub host_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub group_id: Option<i64>,
    #[diesel(sql_type = BigInt)]
    pub audience_id: i64,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Text)]
    pub title: String,
    #[diesel(sql_type = Text)]
    pub html: String,
    #[diesel(sql_type = Text)]
    pub warning: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub language: Option<String>,
    #[diesel(sql_type = BigInt)]
    pub published_at: i64,
}

/// A file of a post, or an option of its vote: what it is called and says.
#[derive(Clone, Debug, QueryableByName)]
pub struct PartText {
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = BigInt)]
    pub post_id: i64,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub description: String,
    #[diesel(sql_type = Text)]
    pub body: String,
}

/// What a person or group tells of itself.
#[derive(Clone, Debug, QueryableByName)]
pub struct ActorText {
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = BigInt)]
    pub host_id: i64,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub display_name: String,
    #[diesel(sql_type = Text)]
    pub summary_html: String,
    #[diesel(sql_type = BigInt)]
    pub created_at: i64,
    #[diesel(sql_type = Text)]
    pub job_title: String,
    #[diesel(sql_type = Text)]
    pub languages: String,
    #[diesel(sql_type = Text)]
    pub branch: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub group_kind: Option<String>,
    #[diesel(sql_type = Bool)]
    pub hidden: bool,
    #[diesel(sql_type = Text)]
    pub topics: String,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

#[derive(QueryableByName)]
struct Two {
    #[diesel(sql_type = BigInt)]
    one: i64,
    #[diesel(sql_type = BigInt)]
    two: i64,
}

#[derive(QueryableByName)]
struct Pair {
    #[diesel(sql_type = Text)]
    word: String,
    #[diesel(sql_type = BigInt)]
    id: i64,
}

db_fn! {
    async fn load_changes(conn, sql: &str) -> Vec<Change> { diesel::sql_query(sql).load(conn).await }
    async fn load_posts(conn, sql: &str, of: &str) -> Vec<PostText> {
        Kept(diesel::sql_query(sql).bind::<Text, _>(of)).load(conn).await
    }
    async fn load_parts(conn, sql: &str, of: &str) -> Vec<PartText> {
        Kept(diesel::sql_query(sql).bind::<Text, _>(of)).load(conn).await
    }
    async fn load_actors(conn, sql: &str, of: &str) -> Vec<ActorText> {
        Kept(diesel::sql_query(sql).bind::<Text, _>(of)).load(conn).await
    }
    async fn load_ids(conn, sql: &str) -> Vec<Id> { diesel::sql_query(sql).load(conn).await }
    async fn load_ids_by(conn, sql: &str, of: i64) -> Vec<Id> {
        Kept(diesel::sql_query(sql).bind::<BigInt, _>(of)).load(conn).await
    }
    async fn load_two(conn, sql: &str) -> Two { Kept(diesel::sql_query(sql)).get_result(conn).await }
    async fn load_pairs(conn, sql: &str, of: i64) -> Vec<Pair> {
        Kept(diesel::sql_query(sql).bind::<BigInt, _>(of)).load(conn).await
    }
    async fn execute(conn, sql: &str) -> usize { diesel::sql_query(sql).execute(conn).await }
}

/// Transactions below this have ended; later ones may still write rows with a lower number.
const ENDED: &str = "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint)";

async fn ids(conn: &mut Conn, sql: &str) -> Result<Vec<i64>> {
    Ok(load_ids(conn, sql).await?.into_iter().map(|row| row.id).collect())
}

/// What changed after a place, in order, at most `limit`. On PostgreSQL only of transactions older than any that runs.
pub async fn changes_after(conn: &mut Conn, place: FeedPlace, limit: usize) -> Result<Vec<Change>> {
    let FeedPlace { xid, seq } = place;
    let sql = match conn {
        Conn::Pg(_) => format!(
            "SELECT xid, seq, kind, ref_id FROM changes WHERE (xid, seq) > ({xid}, {seq}) AND xid < {ENDED} \
             ORDER BY xid, seq LIMIT {limit}"
        ),
        Conn::Sqlite(_) => {
            format!("SELECT xid, seq, kind, ref_id FROM changes WHERE seq > {seq} ORDER BY seq LIMIT {limit}")
        }
    };
    load_changes(conn, &sql).await
}

/// The end of the feed as it can be read now: all before it is in the tables already.
pub async fn feed_end(conn: &mut Conn) -> Result<FeedPlace> {
    let sql = match conn {
        Conn::Pg(_) => format!("SELECT {ENDED} - 1 AS one, 9223372036854775807 AS two"),
        Conn::Sqlite(_) => "SELECT 0 AS one, COALESCE(MAX(seq), 0) AS two FROM changes".to_owned(),
    };
    let Two { one, two } = load_two(conn, &sql).await?;
    Ok(FeedPlace { xid: one, seq: two })
}

/// Adds a row to the feed: `rebuild` makes every process build its index anew.
pub async fn add_change(conn: &mut Conn, kind: &'static str) -> Result<i64> {
    execute(conn, &format!("INSERT INTO changes (kind, ref_id) VALUES ('{kind}', 0)")).await?;
    Ok(load_two(conn, "SELECT CAST(0 AS BIGINT) AS one, MAX(seq) AS two FROM changes").await?.two)
}

/// The newest row of the feed, committed.
pub async fn newest_change(conn: &mut Conn) -> Result<Option<FeedPlace>> {
    let sql = "SELECT xid, seq, kind, ref_id FROM changes ORDER BY xid DESC, seq DESC LIMIT 1";
    Ok(load_changes(conn, sql).await?.pop().map(|row| FeedPlace { xid: row.xid, seq: row.seq }))
}

/// Forgets rows of the feed before a place.
pub async fn prune_changes(conn: &mut Conn, before: FeedPlace) -> Result<usize> {
    let FeedPlace { xid, seq } = before;
    execute(conn, &format!("DELETE FROM changes WHERE xid < {xid} OR (xid = {xid} AND seq < {seq})")).await
}

/// Published posts and comments among these, but no messages between people.
pub async fn posts(conn: &mut Conn, of: &[i64]) -> Result<Vec<PostText>> {
    let sql = format!(
        "SELECT p.id, p.author_id, a.host_id, p.group_id, p.audience_id, p.kind, p.title, p.html, p.warning, p.language, \
         p.published_at FROM posts p JOIN actors a ON a.id = p.author_id \
         WHERE p.id IN ({}) AND p.state = 'published' AND p.kind <> 'direct'",
        numbers(conn)
    );
    load_posts(conn, &sql, &json(of)).await
}

/// Files of posts, with the text that was read from them.
pub async fn files(conn: &mut Conn, of: &[i64]) -> Result<Vec<PartText>> {
    let sql = format!(
        "SELECT m.id, m.post_id, m.file_name AS name, m.description, COALESCE(t.body, '') AS body FROM media m \
         LEFT JOIN media_texts t ON t.media_id = m.id WHERE m.post_id IN ({}) AND m.purpose = 'post'",
        numbers(conn)
    );
    load_parts(conn, &sql, &json(of)).await
}

/// Options of votes.
pub async fn options(conn: &mut Conn, of: &[i64]) -> Result<Vec<PartText>> {
    let sql = format!(
        "SELECT post_id AS id, post_id, title AS name, '' AS description, '' AS body FROM poll_options \
         WHERE post_id IN ({}) ORDER BY post_id, position",
        numbers(conn)
    );
    load_parts(conn, &sql, &json(of)).await
}

/// Active people and groups among these. Their kind is hidden from indexes: SQLite would go through everybody of that kind.
pub async fn actors(conn: &mut Conn, of: &[i64]) -> Result<Vec<ActorText>> {
    let sql = format!(
        "SELECT a.id, a.host_id, a.kind, a.name, a.display_name, a.summary_html, a.created_at, \
         COALESCE(m.job_title, '') AS job_title, COALESCE(m.languages, '') AS languages, COALESCE(b.name, '') AS branch, \
         g.kind AS group_kind, COALESCE(g.hidden, FALSE) AS hidden, COALESCE(g.topics, '') AS topics FROM actors a \
         LEFT JOIN members m ON m.actor_id = a.id LEFT JOIN branches b ON b.id = m.branch_id \
         LEFT JOIN groups g ON g.actor_id = a.id \
         WHERE a.id IN ({}) AND a.state = 'active' AND a.kind || '' IN ('person', 'group')",
        numbers(conn)
    );
    load_actors(conn, &sql, &json(of)).await
}

/// A page of a group's knowledge base.
#[derive(Clone, Debug, QueryableByName)]
pub struct WikiText {
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = BigInt)]
    pub group_id: i64,
    #[diesel(sql_type = BigInt)]
    pub audience_id: i64,
    #[diesel(sql_type = Text)]
    pub title: String,
    #[diesel(sql_type = Text)]
    pub html: String,
    #[diesel(sql_type = BigInt)]
    pub updated_at: i64,
}

db_fn! {
    async fn load_wiki(conn, sql: &str, of: &str) -> Vec<WikiText> {
        Kept(diesel::sql_query(sql).bind::<Text, _>(of)).load(conn).await
    }
}

/// Pages that are there, among these.
pub async fn wiki(conn: &mut Conn, of: &[i64]) -> Result<Vec<WikiText>> {
    let sql = format!(
        "SELECT id, group_id, audience_id, title, html, updated_at FROM wiki_pages WHERE id IN ({}) AND deleted_at IS NULL",
        numbers(conn)
    );
    load_wiki(conn, &sql, &json(of)).await
}

/// The text read from a file.
pub async fn file_text(conn: &mut Conn, of: &[i64]) -> Result<Vec<PartText>> {
    let sql = format!(
        "SELECT m.id, m.post_id, m.file_name AS name, m.description, COALESCE(t.body, '') AS body FROM media m \
         LEFT JOIN media_texts t ON t.media_id = m.id WHERE m.id IN ({}) AND m.post_id IS NOT NULL",
        numbers(conn)
    );
    load_parts(conn, &sql, &json(of)).await
}

/// Ids of all that may be found of a table, after one, in order.
pub async fn ids_after(conn: &mut Conn, table: Indexed, after: i64, limit: usize) -> Result<Vec<i64>> {
    let table = table.name();
    ids(conn, &format!("SELECT id FROM {table} WHERE id > {after} ORDER BY id LIMIT {limit}")).await
}

/// How many rows there are to index, about.
pub async fn count(conn: &mut Conn) -> Result<i64> {
    let sql = "SELECT (SELECT COUNT(*) FROM posts) AS one, \
               (SELECT COUNT(*) FROM actors) + (SELECT COUNT(*) FROM wiki_pages) AS two";
    let Two { one, two } = load_two(conn, sql).await?;
    Ok(one + two)
}

/// The tables whose rows become documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexed {
    /// People and groups.
    Actors,
    /// Posts, comments, and their files.
    Posts,
    /// Pages of groups.
    Wiki,
}

impl Indexed {
    fn name(self) -> &'static str {
        match self {
            Indexed::Actors => "actors",
            Indexed::Posts => "posts",
            Indexed::Wiki => "wiki_pages",
        }
    }
}

/// Audiences up to a scope, made after one.
pub async fn open_audiences(conn: &mut Conn, max: Scope, after: i64) -> Result<Vec<i64>> {
    let sql = format!("SELECT id FROM audiences WHERE scope <= {} AND id > $1", max.number());
    Ok(load_ids_by(conn, &sql, after).await?.into_iter().map(|row| row.id).collect())
}

/// Changes with every narrowing or widening of an audience, in whatever order they are committed.
pub async fn audience_version(conn: &mut Conn) -> Result<(i64, i64)> {
    let sql =
        "SELECT COUNT(*) AS one, CAST(COALESCE(SUM(seq), 0) AS BIGINT) AS two FROM changes WHERE kind = 'audience'";
    let Two { one, two } = load_two(conn, sql).await?;
    Ok((one, two))
}

/// What is about one member: `reads` an audience; is `in` a group; leaves `out` a person, or a `host`.
pub async fn about_reader(conn: &mut Conn, me: ActorId) -> Result<Vec<(String, i64)>> {
    let sql = "SELECT 'reads' AS word, audience_id AS id FROM readers WHERE actor_id = $1 \
        UNION ALL SELECT 'in', target_id FROM follows WHERE follower_id = $1 AND state IN ('accepted', 'invited') \
        UNION ALL SELECT 'out', target_id FROM blocks WHERE member_id = $1 \
        UNION ALL SELECT 'out', member_id FROM blocks WHERE target_id = $1 AND kind = 'block' \
        UNION ALL SELECT 'host', host_id FROM host_blocks WHERE member_id = $1";
    Ok(load_pairs(conn, sql, me.0).await?.into_iter().map(|row| (row.word, row.id)).collect())
}

/// People here with whom one shares a group.
pub async fn near(conn: &mut Conn, me: ActorId) -> Result<Vec<i64>> {
    let sql = "SELECT DISTINCT f.follower_id AS id FROM follows f JOIN groups g ON g.actor_id = f.target_id \
        JOIN follows mine ON mine.target_id = f.target_id \
        WHERE mine.follower_id = $1 AND mine.state = 'accepted' AND f.state = 'accepted'";
    Ok(load_ids_by(conn, sql, me.0).await?.into_iter().map(|row| row.id).collect())
}

/// A file whose text was not read yet.
#[derive(Clone, Debug, QueryableByName)]
pub struct UnreadFile {
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = Text)]
    pub key: String,
    #[diesel(sql_type = Text)]
    pub mime: String,
}

db_fn! {
    async fn load_unread(conn, sql: &str) -> Vec<UnreadFile> { diesel::sql_query(sql).load(conn).await }
}

/// Documents of posts, kept here, whose text was not read yet, after one.
pub async fn unread_files(conn: &mut Conn, after: i64, limit: usize) -> Result<Vec<UnreadFile>> {
    let sql = format!(
        "SELECT m.id, m.key, m.mime FROM media m WHERE m.kind = 'document' AND m.key IS NOT NULL AND m.post_id IS NOT NULL \
         AND m.id > {after} AND NOT EXISTS (SELECT 1 FROM media_texts t WHERE t.media_id = m.id) ORDER BY m.id LIMIT {limit}"
    );
    load_unread(conn, &sql).await
}

db_fn! {
    /// Keeps the text of a file; once.
    pub async fn keep_file_text(conn, media: MediaId, body: &str, now: Time) -> usize {
        use super::schema::media_texts;
        use diesel::ExpressionMethods as _;
        diesel::insert_into(media_texts::table)
            .values((media_texts::media_id.eq(media), media_texts::body.eq(body), media_texts::made_at.eq(now)))
            .on_conflict(media_texts::media_id)
            .do_nothing()
            .execute(conn)
            .await
    }
}
