//! Posts and comments: writing them, and the lists that start from a source.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable};
use diesel_async::RunQueryDsl;

use super::actors::{CardRow, card, card_columns};
use super::fixed::lit;
use super::schema::*;
use super::sight::sees_posts;
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::Sight;
use crate::domain::audiences::Scope;
use crate::domain::posts::*;

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

/// A post with its author as one query returns it; [`assemble`] adds the rest.
type Row = (Post, Scope, CardRow, Option<String>, bool, bool, bool, Option<PostId>, i64);

/// From a post to its author and audience, with the columns of [`Row`]; `$me` is who looks. Boxed, or each list would be
/// a type of its own as large as the join, and they compile for minutes.
macro_rules! rows {
    ($me:expr) => {
        posts::table
            .inner_join(audiences::table.on(audiences::id.eq(posts::audience_id)))
            .inner_join(actors::table.on(actors::id.eq(posts::author_id)))
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .left_join(members::table.on(members::actor_id.eq(actors::id)))
            .select(row_columns!($me))
            .into_boxed()
    };
}

macro_rules! row_columns {
    ($me:expr) => {
        (
            Post::as_select(),
            audiences::scope,
            card_columns!(),
            members::job_title.nullable(),
            lit::<Bool>("EXISTS (SELECT 1 FROM bookmarks b WHERE b.post_id = posts.id AND b.member_id = ?)", &[$me]),
            lit::<Bool>(
                "EXISTS (SELECT 1 FROM entries e WHERE e.post_id = posts.id AND e.how = 'share' AND e.source_id = ?)",
                &[$me],
            ),
            lit::<Bool>(
                "EXISTS (SELECT 1 FROM muted_threads t WHERE t.root_id = posts.root_id AND t.member_id = ?)",
                &[$me],
            ),
            lit::<Nullable<BigInt>>("(SELECT q.quoted_id FROM quotes q WHERE q.post_id = posts.id)", &[]),
            lit::<BigInt>("(SELECT COUNT(*) FROM quotes q WHERE q.quoted_id = posts.id)", &[]),
        )
    };
}

/// What lists show: published posts, and the viewer's own that wait.
macro_rules! listed {
    ($me:expr) => {
        posts::state
            .eq(PostState::Published)
            .or(posts::state.eq_any([PostState::Waiting, PostState::Held]).and(posts::author_id.eq(ActorId($me))))
    };
}

/// Not by someone the viewer blocked or muted, nor by someone who blocked the viewer, nor from a server they shut out.
macro_rules! not_blocked {
    ($me:expr) => {
        lit::<Bool>(
            "NOT EXISTS (SELECT 1 FROM blocks b WHERE b.member_id = ? AND b.target_id = posts.author_id) \
             AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.target_id = ? AND b.member_id = posts.author_id \
             AND b.kind = 'block') \
             AND NOT EXISTS (SELECT 1 FROM host_blocks hb WHERE hb.host_id = actors.host_id AND hb.member_id = ?)",
            &[$me, $me, $me],
        )
    };
}

/// The page of a list by post id.
macro_rules! paged {
    ($query:expr, $page:expr, $column:expr, $conn:expr) => {{
        let (older, newer) = $page.bounds();
        let query = $query.filter($column.lt(older).and($column.gt(newer))).limit($page.limit);
        if $page.ascending() {
            query.order($column.asc()).load($conn).await.map(|mut rows: Vec<_>| {
                rows.reverse();
                rows
            })
        } else {
            query.order($column.desc()).load($conn).await
        }
    }};
}

db_fn! {
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

    /// A post by our id, whatever its state; the service decides who may have it.
    pub async fn find(conn, id: PostId) -> Option<Post> {
        posts::table.find(id).select(Post::as_select()).first(conn).await.optional()
    }

    /// A post by its ActivityPub id.
    pub async fn find_by_uri(conn, uri: &str) -> Option<Post> {
        posts::table.filter(posts::uri.eq(uri)).select(Post::as_select()).first(conn).await.optional()
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

    async fn visible_rows(conn, ids: &[PostId], sight: &Sight, me: i64) -> Vec<Row> {
        rows!(me).filter(posts::id.eq_any(ids)).filter(sees_posts(sight)).load(conn).await
    }

    async fn group_rows(conn, group: ActorId, sight: &Sight, me: i64, page: Page) -> Vec<Row> {
        let query = rows!(me)
            .filter(posts::group_id.eq(group).and(posts::parent_id.is_null()))
            .filter(listed!(me))
            .filter(not_blocked!(me))
            .filter(sees_posts(sight));
        paged!(query, page, posts::id, conn)
    }

    async fn pinned_rows(conn, group: ActorId, sight: &Sight, me: i64) -> Vec<Row> {
        rows!(me)
            .filter(posts::group_id.eq(group).and(posts::pinned_at.is_not_null()))
            .filter(posts::state.eq(PostState::Published))
            .filter(sees_posts(sight))
            .order(posts::pinned_at.desc())
            .limit(5)
            .load(conn)
            .await
    }

    async fn held_rows(conn, group: ActorId, me: i64) -> Vec<Row> {
        rows!(me)
            .filter(posts::group_id.eq(group).and(posts::state.eq(PostState::Held)))
            .order(posts::id.asc())
            .limit(50)
            .load(conn)
            .await
    }

    async fn author_rows(conn, author: ActorId, sight: &Sight, me: i64, comments: bool, page: Page) -> Vec<Row> {
        let query = rows!(me)
            .filter(posts::author_id.eq(author).and(posts::kind.ne(PostKind::Direct)))
            .filter(posts::parent_id.is_null().or(lit::<Bool>("? = 1", &[i64::from(comments)])))
            .filter(listed!(me))
            .filter(not_blocked!(me))
            .filter(sees_posts(sight));
        paged!(query, page, posts::id, conn)
    }

    async fn tag_rows(conn, tag: &str, sight: &Sight, me: i64, page: Page) -> Vec<Row> {
        let query = rows!(me)
            .filter(posts::id.eq_any(post_tags::table.filter(post_tags::tag.eq(tag)).select(post_tags::post_id)))
            .filter(posts::state.eq(PostState::Published))
            .filter(not_blocked!(me))
            .filter(sees_posts(sight));
        paged!(query, page, posts::id, conn)
    }

    async fn thread_rows(conn, root: PostId, sight: &Sight, me: i64, after: i64, limit: i64) -> Vec<Row> {
        rows!(me)
            .filter(posts::root_id.eq(root.0).and(posts::id.gt(PostId(after))))
            .filter(not_blocked!(me))
            .filter(sees_posts(sight))
            .order(posts::id.asc())
            .limit(limit)
            .load(conn)
            .await
    }

    async fn bookmark_rows(conn, member: ActorId, sight: &Sight, page: Page) -> Vec<(i64, Row)> {
        let me = member.0;
        let query = bookmarks::table
            .inner_join(posts::table.on(posts::id.eq(bookmarks::post_id)))
            .inner_join(audiences::table.on(audiences::id.eq(posts::audience_id)))
            .inner_join(actors::table.on(actors::id.eq(posts::author_id)))
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .left_join(members::table.on(members::actor_id.eq(actors::id)))
            .filter(bookmarks::member_id.eq(member).and(posts::state.eq(PostState::Published)))
            .filter(sees_posts(sight))
            .select((bookmarks::id, row_columns!(me)))
            .into_boxed();
        paged!(query, page, bookmarks::id, conn)
    }

    async fn entry_rows(conn, source: Option<ActorId>, home_of: ActorId, sight: &Sight, page: Page)
        -> Vec<(EntryId, ActorId, EntryKind, Row)>
    {
        let me = home_of.0;
        let base = entries::table
            .inner_join(posts::table.on(posts::id.eq(entries::post_id)))
            .inner_join(audiences::table.on(audiences::id.eq(posts::audience_id)))
            .inner_join(actors::table.on(actors::id.eq(posts::author_id)))
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .left_join(members::table.on(members::actor_id.eq(actors::id)))
            .select((entries::id, entries::source_id, entries::how, row_columns!(me)));
        match source {
            Some(source) => {
                let theirs = base
                    .into_boxed()
                    .filter(entries::source_id.eq(source))
                    .filter(listed!(me))
                    .filter(not_blocked!(me))
                    .filter(sees_posts(sight));
                paged!(theirs, page, entries::id, conn)
            }
            None => {
                let mine = base
                    .inner_join(home::table.on(home::entry_id.eq(entries::id)))
                    .into_boxed()
                    .filter(home::member_id.eq(home_of))
                    .filter(listed!(me))
                    .filter(not_blocked!(me))
                    .filter(sees_posts(sight));
                paged!(mine, page, home::entry_id, conn)
            }
        }
    }

    /// Published open posts of everyone (or of this instance, or of others), newest first.
    async fn public_rows(conn, me: i64, local: Option<bool>, page: Page) -> Vec<Row> {
        let mut query = rows!(me)
            .filter(posts::parent_id.is_null().and(posts::state.eq(PostState::Published)))
            .filter(audiences::scope.eq(Scope::Public))
            .filter(not_blocked!(me));
        if let Some(local) = local {
            query = if local {
                query.filter(actors::host_id.eq(HostId::LOCAL))
            } else {
                query.filter(actors::host_id.ne(HostId::LOCAL))
            };
        }
        paged!(query, page, posts::id, conn)
    }

    async fn quoting_rows(conn, quoted: PostId, sight: &Sight, me: i64, page: Page) -> Vec<Row> {
        let query = rows!(me)
            .filter(posts::id.eq_any(quotes::table.filter(quotes::quoted_id.eq(quoted)).select(quotes::post_id)))
            .filter(posts::state.eq(PostState::Published))
            .filter(not_blocked!(me))
            .filter(sees_posts(sight));
        paged!(query, page, posts::id, conn)
    }

    /// Notes that a post quotes another.
    pub async fn insert_quote(conn, post: PostId, quoted: PostId) -> usize {
        diesel::insert_into(quotes::table)
            .values((quotes::post_id.eq(post), quotes::quoted_id.eq(quoted)))
            .execute(conn)
            .await
    }

    /// The post that a post quotes.
    pub async fn quoted_by(conn, post: PostId) -> Option<PostId> {
        quotes::table.find(post).select(quotes::quoted_id).first(conn).await.optional()
    }

    async fn found_rows(conn, ids: &[PostId], sight: &Sight, me: i64) -> Vec<Row> {
        rows!(me)
            .filter(posts::id.eq_any(ids))
            .filter(posts::state.eq(PostState::Published).and(posts::kind.ne(PostKind::Direct)))
            .filter(not_blocked!(me))
            .filter(sees_posts(sight))
            .load(conn)
            .await
    }

    async fn title_rows(conn, ids: &[PostId], sight: &Sight, me: i64) -> Vec<(PostId, String)> {
        posts::table
            .inner_join(actors::table.on(actors::id.eq(posts::author_id)))
            .filter(posts::id.eq_any(ids))
            .filter(posts::state.eq(PostState::Published).and(posts::kind.ne(PostKind::Direct)))
            .filter(not_blocked!(me))
            .filter(sees_posts(sight))
            .select((posts::id, posts::title))
            .load(conn)
            .await
    }

    async fn direct_rows(conn, me: ActorId, page: Page) -> Vec<Row> {
        let query = rows!(me.0)
            .filter(posts::kind.eq(PostKind::Direct).and(posts::parent_id.is_null()))
            .filter(posts::audience_id.eq_any(readers::table.filter(readers::actor_id.eq(me)).select(readers::audience_id)))
            .filter(posts::state.eq(PostState::Published))
            .filter(not_blocked!(me.0));
        paged!(query, page, posts::id, conn)
    }

    /// Counts of reactions per post and kind, and whether `me` gave one.
    async fn reaction_rows(conn, ids: &[PostId], me: i64) -> Vec<(PostId, ReactionKind, i64, i64)> {
        reactions::table
            .filter(reactions::post_id.eq_any(ids))
            .group_by((reactions::post_id, reactions::kind))
            .select((
                reactions::post_id, reactions::kind, diesel::dsl::count_star(),
                lit::<BigInt>("CAST(SUM(CASE WHEN reactions.actor_id = ? THEN 1 ELSE 0 END) AS BIGINT)", &[me]),
            ))
            .load(conn)
            .await
    }

    /// Each option with whether `me` chose it.
    async fn poll_rows(conn, ids: &[PostId], me: i64)
        -> Vec<(PostId, bool, bool, Option<Time>, Option<Time>, i64, i32, String, i64, Option<i32>)>
    {
        polls::table
            .inner_join(poll_options::table.on(poll_options::post_id.eq(polls::post_id)))
            .left_join(poll_votes::table.on(
                poll_votes::post_id.eq(poll_options::post_id)
                    .and(poll_votes::position.eq(poll_options::position))
                    .and(poll_votes::actor_id.eq(ActorId(me))),
            ))
            .filter(polls::post_id.eq_any(ids))
            .order((polls::post_id, poll_options::position))
            .select((
                polls::post_id, polls::multiple, polls::hidden, polls::closes_at, polls::closed_at, polls::voters_count,
                poll_options::position, poll_options::title, poll_options::votes_count, poll_votes::position.nullable(),
            ))
            .load(conn)
            .await
    }

    /// What someone chose in several votes.
    pub async fn own_votes(conn, ids: &[PostId], who: ActorId) -> Vec<(PostId, i32)> {
        poll_votes::table
            .filter(poll_votes::post_id.eq_any(ids).and(poll_votes::actor_id.eq(who)))
            .order((poll_votes::post_id, poll_votes::position))
            .select((poll_votes::post_id, poll_votes::position))
            .load(conn)
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

    /// Counts a comment under a post, and notes that its thread moved.
    pub async fn add_reply_count(conn, id: PostId, by: i64, seq: i64) -> usize {
        diesel::update(posts::table.find(id))
            .set((posts::replies_count.eq(posts::replies_count + by), posts::active_seq.eq(seq)))
            .execute(conn)
            .await
    }

    /// Adds a reaction; `false` if it was there.
    pub async fn insert_reaction(conn, id: i64, actor: ActorId, post: PostId, kind: ReactionKind, uri: &str) -> bool {
        let n = diesel::insert_into(reactions::table)
            .values((
                reactions::id.eq(id), reactions::actor_id.eq(actor), reactions::post_id.eq(post), reactions::kind.eq(kind),
                reactions::uri.eq(uri),
            ))
            .on_conflict((reactions::actor_id, reactions::post_id, reactions::kind))
            .do_nothing()
            .execute(conn)
            .await?;
        if n > 0 {
            diesel::update(posts::table.find(post))
                .set(posts::reactions_count.eq(posts::reactions_count + 1))
                .execute(conn)
                .await?;
        }
        Ok(n > 0)
    }

    /// Takes a reaction away; its ActivityPub id if it was there.
    pub async fn delete_reaction(conn, actor: ActorId, post: PostId, kind: ReactionKind) -> Option<String> {
        let gone: Vec<Option<String>> = diesel::delete(
            reactions::table
                .filter(reactions::actor_id.eq(actor).and(reactions::post_id.eq(post)).and(reactions::kind.eq(kind))),
        )
        .returning(reactions::uri)
        .get_results(conn)
        .await?;
        if !gone.is_empty() {
            diesel::update(posts::table.find(post))
                .set(posts::reactions_count.eq(posts::reactions_count - 1))
                .execute(conn)
                .await?;
        }
        Ok(gone.into_iter().next().map(Option::unwrap_or_default))
    }

    /// The actor, post and kind of a reaction by its ActivityPub id.
    pub async fn find_reaction(conn, uri: &str) -> Option<(ActorId, PostId, ReactionKind)> {
        reactions::table
            .filter(reactions::uri.eq(uri))
            .select((reactions::actor_id, reactions::post_id, reactions::kind))
            .first(conn)
            .await
            .optional()
    }

    async fn reactor_rows(conn, post: PostId, kind: ReactionKind, page: Page) -> Vec<(i64, CardRow)> {
        let query = reactions::table
            .inner_join(actors::table.on(actors::id.eq(reactions::actor_id)))
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .filter(reactions::post_id.eq(post).and(reactions::kind.eq(kind)))
            .select((reactions::id, card_columns!()));
        paged!(query, page, reactions::id, conn)
    }

    /// Keeps a post; `false` if kept already.
    pub async fn insert_bookmark(conn, id: i64, member: ActorId, post: PostId) -> bool {
        diesel::insert_into(bookmarks::table)
            .values((bookmarks::id.eq(id), bookmarks::member_id.eq(member), bookmarks::post_id.eq(post)))
            .on_conflict((bookmarks::member_id, bookmarks::post_id))
            .do_nothing()
            .execute(conn)
            .await
            .map(|n| n > 0)
    }

    /// Keeps it no longer.
    pub async fn delete_bookmark(conn, member: ActorId, post: PostId) -> usize {
        diesel::delete(bookmarks::table.filter(bookmarks::member_id.eq(member).and(bookmarks::post_id.eq(post))))
            .execute(conn)
            .await
    }

    /// Adds a showing of a post; `false` if that source shows it already.
    pub async fn insert_entry(conn, entry: &Entry, uri: Option<&str>) -> bool {
        diesel::insert_into(entries::table)
            .values((
                entries::id.eq(entry.id), entries::source_id.eq(entry.source_id), entries::post_id.eq(entry.post_id),
                entries::how.eq(entry.how), entries::uri.eq(uri),
            ))
            .on_conflict((entries::source_id, entries::post_id))
            .do_nothing()
            .execute(conn)
            .await
            .map(|n| n > 0)
    }

    /// A showing by its id.
    pub async fn find_entry(conn, id: EntryId) -> Option<(EntryId, ActorId, PostId, EntryKind)> {
        entries::table
            .find(id)
            .select((entries::id, entries::source_id, entries::post_id, entries::how))
            .first(conn)
            .await
            .optional()
    }

    /// The showings of a post: id, source, how, ActivityPub id of the Announce.
    pub async fn entries_of(conn, post: PostId) -> Vec<(EntryId, ActorId, EntryKind, Option<String>)> {
        entries::table
            .filter(entries::post_id.eq(post))
            .order(entries::id)
            .select((entries::id, entries::source_id, entries::how, entries::uri))
            .load(conn)
            .await
    }

    /// Ends a showing; its ActivityPub id if it was there.
    pub async fn delete_entry(conn, source: ActorId, post: PostId, how: EntryKind) -> Option<String> {
        let gone: Vec<Option<String>> = diesel::delete(
            entries::table
                .filter(entries::source_id.eq(source).and(entries::post_id.eq(post)).and(entries::how.eq(how))),
        )
        .returning(entries::uri)
        .get_results(conn)
        .await?;
        Ok(gone.into_iter().next().map(Option::unwrap_or_default))
    }

    /// Puts an entry on members' home; a post shows there once.
    pub async fn insert_home(conn, members: &[ActorId], entry: EntryId, post: PostId) -> usize {
        let mut count = 0;
        for member in members {
            count += diesel::insert_into(home::table)
                .values((home::member_id.eq(member), home::entry_id.eq(entry), home::post_id.eq(post)))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
        }
        Ok(count)
    }

    /// Takes a group's or person's posts off someone's home.
    pub async fn clear_home(conn, member: ActorId, source: ActorId) -> usize {
        let theirs = entries::table.filter(entries::source_id.eq(source)).select(entries::id);
        diesel::delete(home::table.filter(home::member_id.eq(member).and(home::entry_id.eq_any(theirs)))).execute(conn).await
    }

    /// The newest entries of a source, to put on the home of someone who just joined.
    pub async fn latest_entries(conn, source: ActorId, limit: i64) -> Vec<(EntryId, PostId)> {
        entries::table
            .filter(entries::source_id.eq(source))
            .order(entries::id.desc())
            .limit(limit)
            .select((entries::id, entries::post_id))
            .load(conn)
            .await
    }

    /// How many posts arrived on a member's home after `seq`; at most 100.
    pub async fn count_new_on_home(conn, member: ActorId, seq: i64) -> i64 {
        home::table
            .inner_join(posts::table.on(posts::id.eq(home::post_id)))
            .filter(home::member_id.eq(member).and(home::entry_id.gt(EntryId(seq))))
            .filter(posts::received_seq.gt(seq).and(posts::author_id.ne(member)))
            .count()
            .get_result(conn)
            .await
    }

    /// Sets who is mentioned.
    pub async fn set_mentions(conn, post: PostId, who: &[ActorId]) -> usize {
        diesel::delete(mentions::table.filter(mentions::post_id.eq(post))).execute(conn).await?;
        for actor in who {
            diesel::insert_into(mentions::table)
                .values((mentions::post_id.eq(post), mentions::actor_id.eq(actor)))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
        }
        Ok(who.len())
    }

    /// Who is mentioned in several posts.
    async fn mention_rows(conn, ids: &[PostId]) -> Vec<(PostId, CardRow)> {
        mentions::table
            .inner_join(actors::table.on(actors::id.eq(mentions::actor_id)))
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .filter(mentions::post_id.eq_any(ids))
            .select((mentions::post_id, card_columns!()))
            .load(conn)
            .await
    }

    /// Sets the hashtags.
    pub async fn set_tags(conn, post: PostId, tags: &[String]) -> usize {
        diesel::delete(post_tags::table.filter(post_tags::post_id.eq(post))).execute(conn).await?;
        for tag in tags {
            diesel::insert_into(post_tags::table)
                .values((post_tags::post_id.eq(post), post_tags::tag.eq(tag)))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
        }
        Ok(tags.len())
    }

    /// Hashtags of several posts.
    pub async fn tags_of(conn, ids: &[PostId]) -> Vec<(PostId, String)> {
        post_tags::table
            .filter(post_tags::post_id.eq_any(ids))
            .order((post_tags::post_id, post_tags::tag))
            .select((post_tags::post_id, post_tags::tag))
            .load(conn)
            .await
    }

    /// Adds a vote to a post: options by title.
    pub async fn insert_poll(conn, post: PostId, poll: &Poll) -> usize {
        diesel::insert_into(polls::table)
            .values((
                polls::post_id.eq(post), polls::multiple.eq(poll.multiple), polls::hidden.eq(poll.hidden),
                polls::closes_at.eq(poll.closes_at), polls::closed_at.eq(poll.closed_at),
                polls::voters_count.eq(poll.voters_count),
            ))
            .on_conflict_do_nothing()
            .execute(conn)
            .await?;
        for option in &poll.options {
            diesel::insert_into(poll_options::table)
                .values((
                    poll_options::post_id.eq(post), poll_options::position.eq(option.position),
                    poll_options::title.eq(&option.title), poll_options::votes_count.eq(option.votes_count),
                ))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
        }
        Ok(poll.options.len())
    }

    /// Counts as a peer tells them: option counts by position, and voters.
    pub async fn set_poll_counts(conn, post: PostId, counts: &[(i32, i64)], voters: i64, closed_at: Option<Time>) -> usize {
        for (position, count) in counts {
            diesel::update(poll_options::table.find((post, *position)))
                .set(poll_options::votes_count.eq(count))
                .execute(conn)
                .await?;
        }
        diesel::update(polls::table.find(post))
            .set((polls::voters_count.eq(voters), polls::closed_at.eq(closed_at)))
            .execute(conn)
            .await
    }

    /// Adds one vote; `false` if that option was chosen by them already.
    pub async fn insert_vote(conn, post: PostId, actor: ActorId, position: i32) -> bool {
        let n = diesel::insert_into(poll_votes::table)
            .values((poll_votes::post_id.eq(post), poll_votes::actor_id.eq(actor), poll_votes::position.eq(position)))
            .on_conflict_do_nothing()
            .execute(conn)
            .await?;
        if n > 0 {
            diesel::update(poll_options::table.find((post, position)))
                .set(poll_options::votes_count.eq(poll_options::votes_count + 1))
                .execute(conn)
                .await?;
        }
        Ok(n > 0)
    }

    /// Counts one more person who voted.
    pub async fn add_voter(conn, post: PostId) -> usize {
        diesel::update(polls::table.find(post)).set(polls::voters_count.eq(polls::voters_count + 1)).execute(conn).await
    }

    /// The draft a member keeps for a place (`new:GROUP`, `comment:POST`, `edit:POST`).
    pub async fn find_draft(conn, member: ActorId, place: &str) -> Option<String> {
        drafts::table
            .filter(drafts::member_id.eq(member).and(drafts::place.eq(place)))
            .select(drafts::body)
            .first(conn)
            .await
            .optional()
    }

    /// Keeps a draft.
    pub async fn save_draft(conn, id: i64, member: ActorId, place: &str, body: &str, now: Time) -> usize {
        diesel::insert_into(drafts::table)
            .values((
                drafts::id.eq(id), drafts::member_id.eq(member), drafts::place.eq(place), drafts::body.eq(body),
                drafts::updated_at.eq(now),
            ))
            .on_conflict((drafts::member_id, drafts::place))
            .do_update()
            .set((drafts::body.eq(body), drafts::updated_at.eq(now)))
            .execute(conn)
            .await
    }

    /// Throws a draft away.
    pub async fn delete_draft(conn, member: ActorId, place: &str) -> usize {
        diesel::delete(drafts::table.filter(drafts::member_id.eq(member).and(drafts::place.eq(place)))).execute(conn).await
    }

    /// The post made earlier with an `Idempotency-Key`.
    pub async fn find_idempotent(conn, member: ActorId, key: &str, since: Time) -> Option<PostId> {
        idempotency::table
            .filter(idempotency::member_id.eq(member).and(idempotency::key.eq(key)))
            .filter(idempotency::created_at.gt(since.micros()))
            .select(idempotency::post_id)
            .first::<i64>(conn)
            .await
            .optional()
            .map(|id| id.map(PostId))
    }

    /// Remembers the post made with an `Idempotency-Key`.
    pub async fn insert_idempotent(conn, member: ActorId, key: &str, post: PostId, now: Time) -> usize {
        diesel::insert_into(idempotency::table)
            .values((
                idempotency::member_id.eq(member), idempotency::key.eq(key), idempotency::post_id.eq(post.0),
                idempotency::created_at.eq(now.micros()),
            ))
            .on_conflict_do_nothing()
            .execute(conn)
            .await
    }

    /// Polls whose time is up and that are not closed yet.
    pub async fn polls_to_close(conn, now: Time, limit: i64) -> Vec<PostId> {
        polls::table
            .filter(polls::closes_at.le(now).and(polls::closed_at.is_null()))
            .limit(limit)
            .select(polls::post_id)
            .load(conn)
            .await
    }

    /// Closes a poll.
    pub async fn close_poll(conn, post: PostId, now: Time) -> usize {
        diesel::update(polls::table.find(post)).set(polls::closed_at.eq(now)).execute(conn).await
    }

    /// Who voted in a poll, members here only.
    pub async fn local_voters(conn, post: PostId) -> Vec<ActorId> {
        poll_votes::table
            .inner_join(members::table.on(members::actor_id.eq(poll_votes::actor_id)))
            .filter(poll_votes::post_id.eq(post))
            .select(poll_votes::actor_id)
            .distinct()
            .load(conn)
            .await
    }
}

/// The parts around posts, each kind in one query however many posts there are.
async fn assemble(conn: &mut Conn, rows: Vec<(Option<Entry>, Row)>, me: i64) -> Result<Vec<PostView>> {
    assemble_with(conn, None, rows, me).await
}

/// As [`assemble`], with a group that need not be looked up.
async fn assemble_with(
    conn: &mut Conn,
    known: Option<GroupCard>,
    rows: Vec<(Option<Entry>, Row)>,
    me: i64,
) -> Result<Vec<PostView>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<PostId> = rows.iter().map(|(_, row)| row.0.id).collect();
    let mut groups: HashMap<ActorId, GroupCard> = known.into_iter().map(|g| (g.actor.id, g)).collect();
    let mut group_ids: Vec<ActorId> = rows.iter().filter_map(|(_, row)| row.0.group_id).collect();
    group_ids.retain(|id| !groups.contains_key(id));
    group_ids.sort_unstable();
    group_ids.dedup();
    groups.extend(super::groups::cards(conn, &group_ids).await?.into_iter().map(|g| (g.actor.id, g)));
    let mut media: HashMap<PostId, Vec<_>> = HashMap::new();
    for file in super::media::of_posts(conn, &ids).await? {
        if let Some(post) = file.post_id {
            media.entry(post).or_default().push(file);
        }
    }
    let mut reactions: HashMap<PostId, Vec<ReactionCount>> = HashMap::new();
    for (post, kind, count, mine) in reaction_rows(conn, &ids, me).await? {
        reactions.entry(post).or_default().push(ReactionCount { kind, count, mine: mine > 0 });
    }
    let poll_ids: Vec<PostId> =
        rows.iter().filter(|(_, row)| row.0.kind == PostKind::Poll).map(|(_, row)| row.0.id).collect();
    let mut polls = load_polls(conn, &poll_ids, me).await?;
    let mut previews = load_previews(conn, &rows).await?;
    let view = |(entry, (post, scope, author, title, bookmarked, shared, thread_muted, quoted, quotes_count)): (
        Option<Entry>,
        Row,
    )| PostView {
        scope,
        author: card(author),
        author_title: title.unwrap_or_default(),
        group: post.group_id.and_then(|id| groups.get(&id).cloned()),
        media: media.remove(&post.id).unwrap_or_default(),
        poll: polls.remove(&post.id),
        preview: previews.remove(&post.id),
        reactions: reactions.remove(&post.id).unwrap_or_default(),
        bookmarked,
        shared,
        thread_muted,
        quoted,
        quotes_count,
        entry,
        post,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Cards of the posts that have a link at all.
async fn load_previews(
    conn: &mut Conn,
    rows: &[(Option<Entry>, Row)],
) -> Result<HashMap<PostId, crate::domain::previews::LinkPreview>> {
    let linked = |post: &Post| post.is_top() && (post.link_url.is_some() || post.html.contains("<a href=\"http"));
    let ids: Vec<PostId> = rows.iter().filter(|(_, row)| linked(&row.0)).map(|(_, row)| row.0.id).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(super::previews::of_posts(conn, &ids).await?.into_iter().map(|found| (found.post_id, found)).collect())
}

async fn load_polls(conn: &mut Conn, ids: &[PostId], me: i64) -> Result<HashMap<PostId, Poll>> {
    let mut polls: HashMap<PostId, Poll> = HashMap::new();
    if ids.is_empty() {
        return Ok(polls);
    }
    for (post, multiple, hidden, closes_at, closed_at, voters_count, position, title, votes_count, mine) in
        poll_rows(conn, ids, me).await?
    {
        let empty = || Poll { multiple, hidden, closes_at, closed_at, voters_count, options: vec![], own: vec![] };
        let poll = polls.entry(post).or_insert_with(empty);
        poll.options.push(PollOption { position, title, votes_count });
        poll.own.extend(mine);
    }
    Ok(polls)
}

fn me(sight: &Sight) -> i64 {
    sight.me.map_or(-1, |id| id.0)
}

fn plain(rows: Vec<Row>) -> Vec<(Option<Entry>, Row)> {
    rows.into_iter().map(|row| (None, row)).collect()
}

fn next_after<T>(items: &[T], limit: i64, id: impl Fn(&T) -> i64) -> Option<i64> {
    let full = i64::try_from(items.len()).is_ok_and(|n| n >= limit);
    if full { items.last().map(id) } else { None }
}

async fn page_of(conn: &mut Conn, rows: Vec<Row>, sight: &Sight, page: Page) -> Result<Paged<PostView>> {
    let next = next_after(&rows, page.limit, |row| row.0.id.0);
    Ok(Paged { items: assemble(conn, plain(rows), me(sight)).await?, next })
}

/// Several posts as far as the viewer may see them, whatever their state; in no order.
pub async fn views(conn: &mut Conn, ids: &[PostId], sight: &Sight) -> Result<Vec<PostView>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = visible_rows(conn, ids, sight, me(sight)).await?;
    assemble(conn, plain(rows), me(sight)).await
}

/// One post as far as the viewer may see it, or `NotFound`.
pub async fn view(conn: &mut Conn, id: PostId, sight: &Sight) -> Result<PostView> {
    views(conn, &[id], sight).await?.pop().ok_or(Error::NotFound)
}

/// Top-level posts of a group, newest first.
pub async fn in_group(conn: &mut Conn, group: ActorId, sight: &Sight, page: Page) -> Result<Paged<PostView>> {
    let rows = group_rows(conn, group, sight, me(sight), page).await?;
    page_of(conn, rows, sight, page).await
}

/// What the page of a group shows, in as few queries as it can: pinned posts (on the first page only, and then not
/// again below), and top-level posts, newest first.
pub async fn group_page(
    conn: &mut Conn,
    group: GroupCard,
    sight: &Sight,
    page: Page,
) -> Result<(Vec<PostView>, Paged<PostView>)> {
    let (id, me) = (group.actor.id, me(sight));
    let mut rows = match page.cursor {
        Cursor::Start => pinned_rows(conn, id, sight, me).await?,
        _ => Vec::new(),
    };
    let pinned: Vec<PostId> = rows.iter().map(|row| row.0.id).collect();
    let stream = group_rows(conn, id, sight, me, page).await?;
    let next = next_after(&stream, page.limit, |row| row.0.id.0);
    rows.extend(stream.into_iter().filter(|row| !pinned.contains(&row.0.id)));
    let mut top = assemble_with(conn, Some(group), plain(rows), me).await?;
    let items = top.split_off(pinned.len());
    Ok((top, Paged { items, next }))
}

/// Pinned posts of a group, last pinned first, at most 5.
pub async fn pinned(conn: &mut Conn, group: ActorId, sight: &Sight) -> Result<Vec<PostView>> {
    let rows = pinned_rows(conn, group, sight, me(sight)).await?;
    assemble(conn, plain(rows), me(sight)).await
}

/// Posts of a group that wait for a moderator, oldest first. For moderators: no sight is applied.
pub async fn held(conn: &mut Conn, group: ActorId, moderator: ActorId) -> Result<Vec<PostView>> {
    let rows = held_rows(conn, group, moderator.0).await?;
    assemble(conn, plain(rows), moderator.0).await
}

/// Posts of a person, with or without comments, newest first.
pub async fn by_author(
    conn: &mut Conn,
    author: ActorId,
    sight: &Sight,
    comments: bool,
    page: Page,
) -> Result<Paged<PostView>> {
    let rows = author_rows(conn, author, sight, me(sight), comments, page).await?;
    page_of(conn, rows, sight, page).await
}

/// Posts with a hashtag (lower case, without `#`), newest first.
pub async fn with_tag(conn: &mut Conn, tag: &str, sight: &Sight, page: Page) -> Result<Paged<PostView>> {
    let rows = tag_rows(conn, tag, sight, me(sight), page).await?;
    page_of(conn, rows, sight, page).await
}

/// Open top-level posts of everyone, of this instance (`Some(true)`) or of others, newest first.
pub async fn public(conn: &mut Conn, sight: &Sight, local: Option<bool>, page: Page) -> Result<Paged<PostView>> {
    let rows = public_rows(conn, me(sight), local, page).await?;
    page_of(conn, rows, sight, page).await
}

/// Posts that quote another, newest first.
pub async fn quoting(conn: &mut Conn, quoted: PostId, sight: &Sight, page: Page) -> Result<Paged<PostView>> {
    let rows = quoting_rows(conn, quoted, sight, me(sight), page).await?;
    page_of(conn, rows, sight, page).await
}

/// Published posts and comments among those that the index found, as far as the viewer may see them; in no order.
pub async fn found(conn: &mut Conn, ids: &[PostId], sight: &Sight) -> Result<Vec<PostView>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = found_rows(conn, ids, sight, me(sight)).await?;
    assemble(conn, plain(rows), me(sight)).await
}

/// Only the titles of such posts.
pub async fn titles(conn: &mut Conn, ids: &[PostId], sight: &Sight) -> Result<Vec<(PostId, String)>> {
    if ids.is_empty() { Ok(Vec::new()) } else { title_rows(conn, ids, sight, me(sight)).await }
}

/// A thread: the root and all under it, oldest first, tombstones included; at most `limit` after `after`.
pub async fn thread(conn: &mut Conn, root: PostId, sight: &Sight, after: i64, limit: i64) -> Result<Vec<PostView>> {
    let rows = thread_rows(conn, root, sight, me(sight), after, limit).await?;
    assemble(conn, plain(rows), me(sight)).await
}

/// First messages of the conversations someone is in, newest first.
pub async fn conversations(conn: &mut Conn, member: ActorId, page: Page) -> Result<Paged<PostView>> {
    let rows = direct_rows(conn, member, page).await?;
    let next = next_after(&rows, page.limit, |row| row.0.id.0);
    Ok(Paged { items: assemble(conn, plain(rows), member.0).await?, next })
}

/// What a member keeps, last kept first. The cursor is the bookmark's id.
pub async fn bookmarked(conn: &mut Conn, member: ActorId, sight: &Sight, page: Page) -> Result<Paged<PostView>> {
    let rows = bookmark_rows(conn, member, sight, page).await?;
    let next = next_after(&rows, page.limit, |row| row.0);
    let rows = rows.into_iter().map(|(_, row)| (None, row)).collect();
    Ok(Paged { items: assemble(conn, rows, member.0).await?, next })
}

/// A member's home, newest first. The cursor is the entry's id.
pub async fn home(conn: &mut Conn, member: ActorId, sight: &Sight, page: Page) -> Result<Paged<PostView>> {
    timeline(conn, None, member.0, sight, page).await
}

/// What one source shows: a person's posts and shares, or a group's posts. The cursor is the entry's id.
pub async fn from_source(conn: &mut Conn, source: ActorId, sight: &Sight, page: Page) -> Result<Paged<PostView>> {
    timeline(conn, Some(source), me(sight), sight, page).await
}

async fn timeline(
    conn: &mut Conn,
    source: Option<ActorId>,
    me: i64,
    sight: &Sight,
    page: Page,
) -> Result<Paged<PostView>> {
    let rows = entry_rows(conn, source, ActorId(me), sight, page).await?;
    let next = next_after(&rows, page.limit, |row| row.0.0);
    let rows = rows
        .into_iter()
        .map(|(id, source_id, how, row)| (Some(Entry { id, source_id, post_id: row.0.id, how }), row))
        .collect();
    Ok(Paged { items: assemble(conn, rows, me).await?, next })
}

/// Who gave one reaction, last first. The cursor is the reaction's id.
pub async fn reactors(
    conn: &mut Conn,
    post: PostId,
    kind: ReactionKind,
    page: Page,
) -> Result<Paged<crate::domain::actors::ActorCard>> {
    let rows = reactor_rows(conn, post, kind, page).await?;
    let next = next_after(&rows, page.limit, |row| row.0);
    Ok(Paged { items: rows.into_iter().map(|(_, row)| card(row)).collect(), next })
}

/// Who is mentioned, per post.
pub async fn mentions_of(conn: &mut Conn, ids: &[PostId]) -> Result<Vec<(PostId, crate::domain::actors::ActorCard)>> {
    Ok(mention_rows(conn, ids).await?.into_iter().map(|(id, row)| (id, card(row))).collect())
}

/// A post by our id, or `NotFound`.
pub async fn get(conn: &mut Conn, id: PostId) -> Result<Post> {
    find(conn, id).await?.ok_or(Error::NotFound)
}

db_fn! {
    /// Counts a share.
    pub async fn add_share_count(conn, id: PostId, by: i64) -> usize {
        diesel::update(posts::table.find(id)).set(posts::shares_count.eq(posts::shares_count + by)).execute(conn).await
    }

    /// The options someone chose.
    pub async fn votes_of(conn, post: PostId, actor: ActorId) -> Vec<i32> {
        poll_votes::table
            .filter(poll_votes::post_id.eq(post).and(poll_votes::actor_id.eq(actor)))
            .select(poll_votes::position)
            .load(conn)
            .await
    }

    /// Marks a post that waited as visible from now on.
    pub async fn release(conn, id: PostId, seq: i64) -> usize {
        diesel::update(posts::table.find(id))
            .set((posts::state.eq(PostState::Published), posts::received_seq.eq(seq), posts::active_seq.eq(seq)))
            .execute(conn)
            .await
    }
}

db_fn! {
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
