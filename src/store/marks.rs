//! What has to be known of posts that are drawn already: which ones, how often they have changed, and what is the viewer's
//! own about them. One query for a page, however many posts it has; who may see them is decided in it.

use diesel::sql_types::{BigInt, Bool, Nullable, SmallInt, Text};

use super::api::SourceFilter;
use super::fixed::Fixed;
use super::sight::push_sees;
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::Sight;
use crate::domain::audiences::Scope;
use crate::domain::posts::{Entry, EntryKind, PostState};
use crate::store::query::RunQueryDsl;

/// Which posts.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// Of a member's home. The cursor is the entry's id.
    Home(ActorId),
    /// What one source shows. The cursor is the entry's id.
    Source(ActorId, SourceFilter<'a>),
    /// Top-level posts of a group.
    Group(ActorId),
    /// Open top-level posts of everyone.
    Public(Narrow),
    /// With a hashtag, in small letters.
    Tag(&'a str, Narrow),
    /// Open posts about a page, by its address.
    Link(&'a str),
    /// Those of these that are open.
    Open(&'a [PostId]),
    /// A whole thread, oldest first, from its first post.
    Thread(PostId),
    /// These, in no order, whatever their state.
    Posts(&'a [PostId]),
}

/// Fewer of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Narrow {
    /// Of this instance (`true`), or of others.
    pub local: Option<bool>,
    /// With files only.
    pub media: bool,
}

/// One post of a page.
#[derive(Clone, Debug)]
pub struct Mark {
    /// The showing it came by.
    pub entry: Option<Entry>,
    /// The post.
    pub post: PostId,
    /// How often it has changed how it looks.
    pub version: i64,
    /// How far it may be seen.
    pub scope: Scope,
    /// Where it stands.
    pub state: PostState,
    /// What it answers.
    pub parent: Option<PostId>,
    /// Who wrote it, and how often they changed.
    pub author: (ActorId, i64),
    /// Its group, and how often that changed.
    pub group: Option<(ActorId, i64)>,
    /// How often who shows it changed.
    pub source_version: i64,
    /// The viewer keeps it.
    pub bookmarked: bool,
    /// The viewer shared it.
    pub shared: bool,
    /// The viewer wants no notices of its thread.
    pub muted: bool,
    /// The viewer thanked for it.
    pub thanked: bool,
    /// The viewer has filters.
    pub filters: bool,
}

type Columns = (
    (Nullable<BigInt>, Nullable<BigInt>, Nullable<Text>, BigInt),
    (BigInt, BigInt, SmallInt, Text, Nullable<BigInt>),
    (BigInt, BigInt, Nullable<BigInt>, BigInt),
    (Bool, Bool, Bool, Bool, Bool),
);
type Row = (
    (Option<EntryId>, Option<ActorId>, Option<EntryKind>, i64),
    (PostId, i64, Scope, PostState, Option<PostId>),
    (ActorId, i64, Option<ActorId>, i64),
    (bool, bool, bool, bool, bool),
);

fn mark(((entry, source, how, source_version), post, actors, own): Row) -> Mark {
    let (post, version, scope, state, parent) = post;
    let (author, author_version, group, group_version) = actors;
    let (bookmarked, shared, muted, thanked, filters) = own;
    let entry = match (entry, source, how) {
        (Some(id), Some(source_id), Some(how)) => Some(Entry { id, source_id, post_id: post, how }),
        _ => None,
    };
    Mark {
        entry,
        post,
        version,
        scope,
        state,
        parent,
        author: (author, author_version),
        group: group.map(|group| (group, group_version)),
        source_version,
        bookmarked,
        shared,
        muted,
        thanked,
        filters,
    }
}

const ENTRY: &str = "entries.id, entries.source_id, entries.how, \
    COALESCE((SELECT l.version FROM looks l WHERE l.id = entries.source_id), 0)";
const NO_ENTRY: &str = "CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS TEXT), CAST(0 AS BIGINT)";
const POST: &str = ", posts.id, COALESCE((SELECT l.version FROM looks l WHERE l.id = posts.id), 0), a.scope, posts.state, \
    posts.parent_id, posts.author_id, COALESCE((SELECT l.version FROM looks l WHERE l.id = posts.author_id), 0), \
    posts.group_id, COALESCE((SELECT l.version FROM looks l WHERE l.id = posts.group_id), 0)";
/// What is the viewer's own: five times who they are.
const OWN: &str = ", EXISTS (SELECT 1 FROM bookmarks b WHERE b.member_id = ? AND b.post_id = posts.id), \
    EXISTS (SELECT 1 FROM entries s WHERE s.source_id = ? AND s.post_id = posts.id AND s.how = 'share'), \
    EXISTS (SELECT 1 FROM muted_threads t WHERE t.member_id = ? AND t.root_id = posts.root_id), \
    EXISTS (SELECT 1 FROM reactions r WHERE r.actor_id = ? AND r.post_id = posts.id AND r.kind = 'thanks'), \
    EXISTS (SELECT 1 FROM filters f WHERE f.member_id = ?)";
const NOBODYS: &str = ", FALSE, FALSE, FALSE, FALSE, FALSE";
/// Not by someone the viewer blocked or muted, nor by someone who blocked them, nor from a server they shut out.
const NOT_BLOCKED: &str = " AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.member_id = ? AND b.target_id = posts.author_id) \
    AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.target_id = ? AND b.member_id = posts.author_id AND b.kind = 'block') \
    AND NOT EXISTS (SELECT 1 FROM host_blocks hb JOIN actors w ON w.host_id = hb.host_id \
    WHERE hb.member_id = ? AND w.id = posts.author_id)";
const PUBLISHED: &str = " AND posts.state = 'published'";
/// Published, or one's own that waits.
const LISTED: &str = " AND (posts.state = 'published' OR (posts.state IN ('waiting', 'held') AND posts.author_id = ?))";

/// The query, and the column that is its cursor (`None`: it has neither cursor nor end).
fn query(wanted: Wanted<'_>, sight: &Sight) -> (Fixed<Columns>, Option<&'static str>) {
    let mut q = Fixed::new("SELECT ");
    let by_entry = matches!(wanted, Wanted::Home(_) | Wanted::Source(..));
    q.push(if by_entry { ENTRY } else { NO_ENTRY }, &[]);
    q.push(POST, &[]);
    let me = sight.me.map(|id| id.0);
    match me {
        Some(me) => q.push(OWN, &[me; 5]),
        None => q.push(NOBODYS, &[]),
    }
    q.push(" FROM ", &[]);
    // SQLite joins in the order of CROSS JOIN. Left to itself it reads all posts where it takes a page for a large part.
    match wanted {
        Wanted::Home(_) => q.push("home CROSS JOIN entries CROSS JOIN posts CROSS JOIN audiences a", &[]),
        Wanted::Source(..) => q.push("entries CROSS JOIN posts CROSS JOIN audiences a", &[]),
        Wanted::Tag(..) => q.push("post_tags t CROSS JOIN posts CROSS JOIN audiences a", &[]),
        Wanted::Link(_) => q.push("link_previews t CROSS JOIN posts CROSS JOIN audiences a", &[]),
        _ => q.push("posts JOIN audiences a ON a.id = posts.audience_id", &[]),
    }
    let cursor = restrict(&mut q, wanted, sight);
    let not_blocked = !matches!(wanted, Wanted::Source(..) | Wanted::Posts(_));
    if let (Some(me), true) = (me, not_blocked) {
        q.push(NOT_BLOCKED, &[me; 3]);
    }
    q.push(" AND ", &[]);
    push_sees(&mut q, sight);
    (q, cursor)
}

/// What is wanted as a condition; returns the cursor's column.
fn restrict(q: &mut Fixed<Columns>, wanted: Wanted<'_>, sight: &Sight) -> Option<&'static str> {
    let me = sight.me.map_or(-1, |id| id.0);
    match wanted {
        Wanted::Home(member) => {
            q.push(" WHERE entries.id = home.entry_id AND posts.id = home.post_id", &[]);
            q.push(" AND a.id = posts.audience_id AND home.member_id = ?", &[member.0]);
            q.push(LISTED, &[me]);
            Some("home.entry_id")
        }
        Wanted::Source(source, filter) => {
            q.push(
                " WHERE posts.id = entries.post_id AND a.id = posts.audience_id AND entries.source_id = ?",
                &[source.0],
            );
            q.push(PUBLISHED, &[]);
            if filter.no_replies {
                q.push(" AND posts.parent_id IS NULL", &[]);
            }
            if filter.no_boosts {
                q.push(" AND entries.how = 'author'", &[]);
            }
            push_narrow(q, Narrow { local: None, media: filter.media });
            if !filter.tag.is_empty() {
                let tagged = " AND EXISTS (SELECT 1 FROM post_tags t WHERE t.post_id = posts.id AND t.tag = ?)";
                q.push_text(tagged, filter.tag);
            }
            Some("entries.id")
        }
        Wanted::Group(group) => {
            q.push(" WHERE posts.group_id = ? AND posts.parent_id IS NULL", &[group.0]);
            q.push(LISTED, &[me]);
            Some("posts.id")
        }
        Wanted::Public(narrow) => {
            q.push(" WHERE posts.parent_id IS NULL AND a.scope = ?", &[i64::from(Scope::Public.number())]);
            q.push(PUBLISHED, &[]);
            push_narrow(q, narrow);
            Some("posts.id")
        }
        Wanted::Tag(tag, narrow) => {
            q.push_text(" WHERE posts.id = t.post_id AND a.id = posts.audience_id AND t.tag = ?", tag);
            q.push(PUBLISHED, &[]);
            push_narrow(q, narrow);
            Some("t.post_id")
        }
        Wanted::Link(url) => {
            q.push_text(" WHERE posts.id = t.post_id AND a.id = posts.audience_id AND t.url = ?", url);
            q.push(" AND a.scope = ?", &[i64::from(Scope::Public.number())]);
            q.push(PUBLISHED, &[]);
            Some("t.post_id")
        }
        Wanted::Open(ids) => {
            q.push(" WHERE posts.id", &[]);
            q.push_among(ids);
            q.push(" AND a.scope = ?", &[i64::from(Scope::Public.number())]);
            q.push(PUBLISHED, &[]);
            None
        }
        Wanted::Thread(root) => {
            q.push(" WHERE posts.root_id = ?", &[root.0]);
            None
        }
        Wanted::Posts(ids) => {
            q.push(" WHERE posts.id", &[]);
            q.push_among(ids);
            None
        }
    }
}

fn push_narrow(q: &mut Fixed<Columns>, narrow: Narrow) {
    let here = "EXISTS (SELECT 1 FROM actors w WHERE w.id = posts.author_id AND w.host_id";
    match narrow.local {
        Some(true) => q.push(&format!(" AND {here} = ?)"), &[HostId::LOCAL.0]),
        Some(false) => q.push(&format!(" AND {here} <> ?)"), &[HostId::LOCAL.0]),
        None => {}
    }
    if narrow.media {
        q.push(" AND EXISTS (SELECT 1 FROM media m WHERE m.post_id = posts.id)", &[]);
    }
}

db_fn! {
    /// Members who are apart from an author (1), and those with filters (0).
    pub async fn exceptions(conn, author: ActorId) -> Vec<(ActorId, i64)> {
        let one = "CAST(1 AS BIGINT)";
        let mut query: Fixed<(BigInt, BigInt)> = Fixed::new("SELECT b.member_id, ");
        query.push(one, &[]);
        query.push(" FROM blocks b WHERE b.target_id = ? UNION ALL SELECT b.target_id, ", &[author.0]);
        query.push(one, &[]);
        query.push(" FROM blocks b WHERE b.member_id = ? AND b.kind = 'block' UNION ALL SELECT h.member_id, ", &[author.0]);
        query.push(one, &[]);
        query.push(" FROM host_blocks h JOIN actors w ON w.host_id = h.host_id WHERE w.id = ?", &[author.0]);
        query.push(" UNION ALL SELECT f.member_id, CAST(0 AS BIGINT) FROM filters f", &[]);
        query.load(conn).await
    }

    async fn rows(conn, query: Fixed<Columns>) -> Vec<Row> {
        query.load(conn).await
    }
}

/// A page of posts, newest first.
pub async fn page(conn: &mut Conn, wanted: Wanted<'_>, sight: &Sight, page: Page) -> Result<Paged<Mark>> {
    let (mut query, cursor) = query(wanted, sight);
    let cursor = cursor.unwrap_or("posts.id");
    let (older, newer) = page.bounds();
    query.push(&format!(" AND {cursor} < ? AND {cursor} > ?"), &[older, newer]);
    let order = if page.ascending() { "ASC" } else { "DESC" };
    query.push(&format!(" ORDER BY {cursor} {order} LIMIT ?"), &[page.limit]);
    let mut items: Vec<Mark> = rows(conn, query).await?.into_iter().map(mark).collect();
    if page.ascending() {
        items.reverse();
    }
    let full = i64::try_from(items.len()).is_ok_and(|n| n >= page.limit);
    let next = items.last().filter(|_| full).map(Mark::cursor);
    Ok(Paged { items, next })
}

/// A thread, oldest first, at most `limit` of it; or the posts that are named.
pub async fn all(conn: &mut Conn, wanted: Wanted<'_>, sight: &Sight, limit: i64) -> Result<Vec<Mark>> {
    let (mut query, _) = query(wanted, sight);
    query.push(" ORDER BY posts.id LIMIT ?", &[limit]);
    Ok(rows(conn, query).await?.into_iter().map(mark).collect())
}

impl Mark {
    /// The id under which a client knows it.
    pub fn cursor(&self) -> i64 {
        self.entry.as_ref().map_or(self.post.0, |entry| entry.id.0)
    }
}
