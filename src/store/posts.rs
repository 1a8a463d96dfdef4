//! Posts and comments: writing them, and what hangs on them.

mod drafts;
mod ending;
mod entries;
mod lists;
mod polls;
mod proven;
mod reactions;
mod threads;

pub use drafts::*;
pub use ending::*;
pub use entries::*;
pub use lists::*;
pub use polls::*;
pub use proven::*;
pub use reactions::*;
pub use threads::*;

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::schema::*;
use super::sight::sees_posts;
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::Sight;
use crate::domain::peers::Host;
use crate::domain::posts::*;
use crate::store::among::one_of;
use crate::store::columns::Column;
use crate::store::fixed::Fixed;
use crate::store::query::RunQueryDsl;

/// A new post, local or remote.
#[derive(Clone, Debug)]
pub struct NewPost {
    /// The post.
    pub post: Post,
    /// What a remote comment answers, where that is not here yet.
    pub parent_uri: Option<String>,
    /// Folded text that search looks in.
    pub search_text: String,
}

db_fn! {
    /// Whether something of an author is shown, to whomever.
    pub async fn has_written(conn, author: ActorId) -> bool {
        let shown = posts::table.filter(posts::author_id.eq(author).and(posts::state.eq(PostState::Published)));
        diesel::select(diesel::dsl::exists(shown)).get_result(conn).await
    }

    /// Adds a post. `false` if one with this ActivityPub id is here already.
    pub async fn insert(conn, new: &NewPost) -> bool {
        let p = &new.post;
        diesel::insert_into(posts::table)
            .values((
                (
                    posts::id.eq(p.id), posts::uri.eq(&p.uri), posts::url.eq(&p.url), posts::author_id.eq(p.author_id),
                    posts::group_id.eq(p.group_id), posts::audience_id.eq(p.audience_id), posts::kind.eq(p.kind),
                    posts::parent_id.eq(p.parent_id), posts::parent_uri.eq(&new.parent_uri),
                    posts::root_id.eq(p.root_id.0), posts::title.eq(&p.title), posts::source.eq(&p.source),
                ),
                (
                    posts::html.eq(&p.html), posts::language.eq(&p.language), posts::sensitive.eq(p.sensitive),
                    posts::warning.eq(&p.warning), posts::link_url.eq(&p.link_url), posts::state.eq(p.state),
                    posts::published_at.eq(p.published_at), posts::edited_at.eq(p.edited_at),
                    posts::received_seq.eq(p.received_seq), posts::active_seq.eq(p.received_seq),
                    posts::locked.eq(p.locked), posts::search_text.eq(&new.search_text),
                ),
            ))
            .on_conflict(posts::uri)
            .do_nothing()
            .execute(conn)
            .await
            .map(|n| n > 0)
    }

    async fn ids_of(conn, query: Fixed<BigInt>) -> Vec<i64> {
        query.load(conn).await
    }

    /// A post by our id, whatever its state; the service decides who may have it.
    pub async fn find(conn, id: PostId) -> Option<Post> {
        posts::table.find(id).select(Post::as_select()).first(conn).await.optional()
    }

    async fn list(conn, ids: &[PostId]) -> Vec<Post> {
        posts::table.filter(posts::id.eq_any(one_of(ids))).select(Post::as_select()).load(conn).await
    }

    /// A post by its ActivityPub id.
    pub async fn find_by_uri(conn, uri: &str) -> Option<Post> {
        posts::table.filter(posts::uri.eq(uri)).select(Post::as_select()).first(conn).await.optional()
    }

    async fn list_by_uri(conn, uris: &[&str]) -> Vec<Post> {
        posts::table.filter(posts::uri.eq_any(one_of(uris))).select(Post::as_select()).load(conn).await
    }

    /// A server, and a post by its ActivityPub id if that is here: what somebody there wrote may have come before.
    pub async fn find_from(conn, host: HostId, uri: &str) -> (Host, Option<Post>) {
        hosts::table
            .left_join(posts::table.on(posts::uri.eq(uri)))
            .filter(hosts::id.eq(host))
            .select((Host::as_select(), Option::<Post>::as_select()))
            .first(conn)
            .await
    }

    async fn hosts_of(conn, ids: &[HostId]) -> Vec<Host> {
        hosts::table.filter(hosts::id.eq_any(one_of(ids))).select(Host::as_select()).load(conn).await
    }

    /// A post if the viewer may see it, whatever its state.
    pub async fn find_visible(conn, id: PostId, sight: &Sight) -> Option<Post> {
        posts::table
            .filter(posts::id.eq(id))
            .filter(sees_posts(sight))
            .select(Post::as_select())
            .first(conn)
            .await
            .optional()
    }

    /// Notes that a post quotes another, and what its author says of it.
    pub async fn set_quote(conn, post: PostId, quoted: PostId, state: QuoteState, stamp: Option<&str>) -> usize {
        diesel::insert_into(quotes::table)
            .values((
                quotes::post_id.eq(post), quotes::quoted_id.eq(quoted), quotes::state.eq(state),
                quotes::stamp_uri.eq(stamp),
            ))
            .on_conflict(quotes::post_id)
            .do_update()
            .set((quotes::quoted_id.eq(quoted), quotes::state.eq(state), quotes::stamp_uri.eq(stamp)))
            .execute(conn)
            .await
    }

    /// The post that a post quotes, what its author says of it, and where that is written down.
    pub async fn quote_of(conn, post: PostId) -> Option<(PostId, QuoteState, Option<String>)> {
        quotes::table
            .find(post)
            .select((quotes::quoted_id, quotes::state, quotes::stamp_uri))
            .first(conn)
            .await
            .optional()
    }

    /// Takes back that a post may be quoted, by the document that said so; which posts quoted it with that.
    pub async fn refuse_quote(conn, stamp: &str, author: ActorId) -> usize {
        diesel::update(quotes::table.filter(
            quotes::stamp_uri.eq(stamp).and(
                quotes::quoted_id.eq_any(posts::table.filter(posts::author_id.eq(author)).select(posts::id)),
            ),
        ))
        .set(quotes::state.eq(QuoteState::Refused))
        .execute(conn)
        .await
    }

    /// Replaces the text of a post.
    pub async fn update_text(conn, post: &Post, search_text: &str) -> usize {
        diesel::update(posts::table.find(post.id))
            .set((
                posts::title.eq(&post.title), posts::source.eq(&post.source), posts::html.eq(&post.html),
                posts::language.eq(&post.language), posts::sensitive.eq(post.sensitive), posts::warning.eq(&post.warning),
                posts::link_url.eq(&post.link_url), posts::edited_at.eq(post.edited_at), posts::search_text.eq(search_text),
            ))
            .execute(conn)
            .await
    }

    /// Keeps the version of a post that an edit replaces.
    pub async fn insert_revision(conn, id: i64, post: &Post, written_at: Time) -> usize {
        diesel::insert_into(revisions::table)
            .values((
                revisions::id.eq(id), revisions::post_id.eq(post.id), revisions::title.eq(&post.title),
                revisions::source.eq(&post.source), revisions::html.eq(&post.html), revisions::warning.eq(&post.warning),
                revisions::created_at.eq(written_at),
            ))
            .execute(conn)
            .await
    }

    /// Earlier versions, oldest first.
    pub async fn revisions(conn, post: PostId) -> Vec<Revision> {
        revisions::table
            .filter(revisions::post_id.eq(post))
            .order(revisions::id)
            .select(Revision::as_select())
            .load(conn)
            .await
    }

    /// Sets where a post stands; removal notes who and why.
    pub async fn set_state(conn, id: PostId, state: PostState, by: Option<ActorId>, reason: &str) -> usize {
        diesel::update(posts::table.find(id))
            .set((posts::state.eq(state), posts::removed_by.eq(by.map(|a| a.0)), posts::removed_reason.eq(reason)))
            .execute(conn)
            .await
    }

    /// Makes a tombstone: the text goes, the place in the thread stays.
    pub async fn bury(conn, id: PostId, now: Time) -> usize {
        diesel::delete(revisions::table.filter(revisions::post_id.eq(id))).execute(conn).await?;
        diesel::delete(originals::table.find(id)).execute(conn).await?;
        diesel::delete(post_tags::table.filter(post_tags::post_id.eq(id))).execute(conn).await?;
        diesel::delete(mentions::table.filter(mentions::post_id.eq(id))).execute(conn).await?;
        diesel::delete(home::table.filter(home::post_id.eq(id))).execute(conn).await?;
        diesel::delete(notifications::table.filter(notifications::post_id.eq(id))).execute(conn).await?;
        diesel::update(posts::table.find(id))
            .set((
                posts::state.eq(PostState::Deleted), posts::title.eq(""), posts::source.eq(""), posts::html.eq(""),
                posts::search_text.eq(""), posts::link_url.eq(None::<String>), posts::pinned_at.eq(None::<Time>),
                posts::warning.eq(""), posts::edited_at.eq(now),
            ))
            .execute(conn)
            .await
    }

    /// Pins or unpins.
    pub async fn set_pinned(conn, id: PostId, at: Option<Time>) -> usize {
        diesel::update(posts::table.find(id)).set(posts::pinned_at.eq(at)).execute(conn).await
    }

    /// Closes or opens a thread.
    pub async fn set_locked(conn, id: PostId, locked: bool) -> usize {
        diesel::update(posts::table.find(id)).set(posts::locked.eq(locked)).execute(conn).await
    }

    /// Sets the accepted answer of a question.
    pub async fn set_accepted(conn, id: PostId, answer: Option<PostId>) -> usize {
        diesel::update(posts::table.find(id)).set(posts::accepted_id.eq(answer.map(|a| a.0))).execute(conn).await
    }

    /// Notes that something about a post changed that its text does not say.
    pub async fn touch(conn, id: PostId, now: Time) -> usize {
        diesel::update(posts::table.find(id)).set(posts::edited_at.eq(now)).execute(conn).await
    }

    /// Takes the mentions and hashtags of a post away, before a new text has others.
    pub async fn clear_names(conn, post: PostId) -> usize {
        diesel::delete(post_tags::table.filter(post_tags::post_id.eq(post))).execute(conn).await?;
        diesel::delete(mentions::table.filter(mentions::post_id.eq(post))).execute(conn).await
    }

    /// Adds who is mentioned.
    pub async fn add_mentions(conn, post: PostId, who: &[ActorId]) -> usize {
        for actor in who {
            diesel::insert_into(mentions::table)
                .values((mentions::post_id.eq(post), mentions::actor_id.eq(actor)))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
        }
        Ok(who.len())
    }

    /// Adds hashtags.
    pub async fn add_tags(conn, post: PostId, tags: &[String]) -> usize {
        for tag in tags {
            diesel::insert_into(post_tags::table)
                .values((post_tags::post_id.eq(post), post_tags::tag.eq(tag)))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
        }
        Ok(tags.len())
    }

    /// Marks a post that waited as visible from now on.
    pub async fn release(conn, id: PostId, seq: i64) -> usize {
        diesel::update(posts::table.find(id))
            .set((posts::state.eq(PostState::Published), posts::received_seq.eq(seq), posts::active_seq.eq(seq)))
            .execute(conn)
            .await
    }

    /// Posts that moderators took away before `before`; for the retention job.
    pub async fn removed_before(conn, before: Time, limit: i64) -> Vec<PostId> {
        posts::table
            .filter(posts::state.eq(PostState::Removed).and(posts::published_at.lt(before)))
            .limit(limit)
            .select(posts::id)
            .load(conn)
            .await
    }
}

/// As [`find_from`], of several: each in its place.
pub async fn find_from_all(conn: &mut Conn, from: &[(HostId, &str)]) -> Result<Vec<(Host, Option<Post>)>> {
    if let [(host, uri)] = from {
        return Ok(vec![find_from(conn, *host, uri).await?]);
    }
    let ids: BTreeSet<HostId> = from.iter().map(|(host, _)| *host).collect();
    let hosts = hosts_of(conn, &ids.into_iter().collect::<Vec<_>>()).await?;
    let posts = list_by_uri(conn, &from.iter().map(|(_, uri)| *uri).collect::<Vec<_>>()).await?;
    let hosts: HashMap<HostId, Host> = hosts.into_iter().map(|host| (host.id, host)).collect();
    let posts: HashMap<&str, &Post> = posts.iter().map(|post| (post.uri.as_str(), post)).collect();
    let found = |(host, uri): &(HostId, &str)| {
        let host = hosts.get(host).ok_or(Error::NotFound)?;
        Ok((host.clone(), posts.get(uri).map(|post| (*post).clone())))
    };
    from.iter().map(found).collect()
}

/// Takes posts for this transaction, by id. Whoever changes what hangs on a post before its row does so first: those who count at
/// several take the rows in that order, and what hangs on them after that (PostgreSQL's triggers at the end of a statement).
pub async fn lock(conn: &mut Conn, ids: &[PostId]) -> Result<()> {
    if ids.is_empty() || matches!(conn, Conn::Sqlite(_)) {
        return Ok(());
    }
    let mut query = Fixed::new("SELECT id FROM posts WHERE id");
    query.push_among(ids);
    query.push(" ORDER BY id FOR NO KEY UPDATE", &[]);
    ids_of(conn, query).await.map(|_| ())
}

/// Adds posts in one statement; which were not here yet.
pub async fn insert_all(conn: &mut Conn, new: &[NewPost]) -> Result<HashSet<PostId>> {
    if let [one] = new {
        return Ok(insert(conn, one).await?.then_some(one.post.id).into_iter().collect());
    }
    if new.is_empty() {
        return Ok(HashSet::new());
    }
    let posts = || new.iter().map(|new| &new.post);
    let columns = [
        ("id", Column::ints(posts().map(|p| p.id.0))),
        ("uri", Column::texts(posts().map(|p| p.uri.as_str()))),
        ("url", Column::texts(posts().map(|p| p.url.as_str()))),
        ("author_id", Column::ints(posts().map(|p| p.author_id.0))),
        ("group_id", Column::ints(posts().map(|p| p.group_id.map(|id| id.0)))),
        ("audience_id", Column::ints(posts().map(|p| p.audience_id.0))),
        ("kind", Column::texts(posts().map(|p| p.kind.as_str()))),
        ("parent_id", Column::ints(posts().map(|p| p.parent_id.map(|id| id.0)))),
        ("parent_uri", Column::texts(new.iter().map(|new| new.parent_uri.as_deref()))),
        ("root_id", Column::ints(posts().map(|p| p.root_id.0))),
        ("title", Column::texts(posts().map(|p| p.title.as_str()))),
        ("source", Column::texts(posts().map(|p| p.source.as_str()))),
        ("html", Column::texts(posts().map(|p| p.html.as_str()))),
        ("language", Column::texts(posts().map(|p| p.language.as_deref()))),
        ("sensitive", Column::flags(posts().map(|p| p.sensitive))),
        ("warning", Column::texts(posts().map(|p| p.warning.as_str()))),
        ("link_url", Column::texts(posts().map(|p| p.link_url.as_deref()))),
        ("state", Column::texts(posts().map(|p| p.state.as_str()))),
        ("published_at", Column::ints(posts().map(|p| p.published_at.micros()))),
        ("edited_at", Column::ints(posts().map(|p| p.edited_at.map(Time::micros)))),
        ("received_seq", Column::ints(posts().map(|p| p.received_seq))),
        ("active_seq", Column::ints(posts().map(|p| p.received_seq))),
        ("locked", Column::flags(posts().map(|p| p.locked))),
        ("search_text", Column::texts(new.iter().map(|new| new.search_text.as_str()))),
    ];
    let names = columns.each_ref().map(|(name, _)| *name).join(", ");
    let mut query = Fixed::new(&format!("INSERT INTO posts ({names}) SELECT * FROM "));
    query.push_rows(conn, "new", &columns);
    query.push(" WHERE TRUE ON CONFLICT (uri) DO NOTHING RETURNING id", &[]);
    Ok(ids_of(conn, query).await?.into_iter().map(PostId).collect())
}

/// A post by our id, or `NotFound`.
pub async fn get(conn: &mut Conn, id: PostId) -> Result<Post> {
    find(conn, id).await?.ok_or(Error::NotFound)
}

/// Several posts, each in its place.
pub async fn find_several(conn: &mut Conn, ids: &[PostId]) -> Result<Vec<Option<Post>>> {
    if let [id] = ids {
        return Ok(vec![find(conn, *id).await?]);
    }
    let found: HashMap<PostId, Post> = list(conn, ids).await?.into_iter().map(|post| (post.id, post)).collect();
    Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
}

/// The cursor of the page after this one, if it is full.
fn next_after<T>(items: &[T], limit: i64, id: impl Fn(&T) -> i64) -> Option<i64> {
    let full = i64::try_from(items.len()).is_ok_and(|n| n >= limit);
    if full { items.last().map(id) } else { None }
}
