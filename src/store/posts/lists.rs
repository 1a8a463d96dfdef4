//! Posts as they are shown, with all around them: each list under the viewer's sight, in a fixed number of queries.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use super::next_after;
use super::polls::load_polls;
use super::reactions::reaction_rows;
use crate::base::*;
use crate::domain::Sight;
use crate::domain::audiences::Scope;
use crate::domain::posts::*;
use crate::store::actors::{CardRow, card, card_columns};
use crate::store::among::one_of;
use crate::store::fixed::lit;
use crate::store::query::RunQueryDsl;
use crate::store::schema::*;
use crate::store::sight::sees_posts;
use crate::store::{Conn, db_fn, paged};

/// A post with its author as one query returns it; [`assemble`] adds the rest.
type Row = (Post, Scope, CardRow, Option<String>, bool, bool, bool, Option<PostId>, Option<QuoteState>, i64);

/// From a post to its author and audience, with the columns of [`Row`]; `$me` is who looks. Boxed, or each list would be
/// a type of its own as large as the join, and they compile for minutes. A plus hides a column from the indexes: SQLite is
/// to go from a post to what stands around it, and never from a server's people to all that they wrote.
macro_rules! rows {
    ($me:expr) => {
        posts::table
            .inner_join(audiences::table.on(audiences::id.eq(lit::<BigInt>("+posts.audience_id", &[]))))
            .inner_join(actors::table.on(actors::id.eq(lit::<BigInt>("+posts.author_id", &[]))))
            .inner_join(hosts::table.on(hosts::id.eq(lit::<BigInt>("+actors.host_id", &[]))))
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
            lit::<Nullable<Text>>("(SELECT q.state FROM quotes q WHERE q.post_id = posts.id)", &[]),
            lit::<BigInt>("(SELECT COUNT(*) FROM quotes q WHERE q.quoted_id = posts.id AND q.state = 'accepted')", &[]),
        )
    };
}

/// What lists show: published posts, and the viewer's own that wait.
macro_rules! listed {
    ($me:expr) => {
        posts::state.eq(PostState::Published).or(posts::state
            .eq_any(one_of([PostState::Waiting, PostState::Held]))
            .and(posts::author_id.eq(ActorId($me))))
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

db_fn! {
    async fn visible_rows(conn, ids: &[PostId], sight: &Sight, me: i64) -> Vec<Row> {
        rows!(me).filter(posts::id.eq_any(one_of(ids))).filter(sees_posts(sight)).load(conn).await
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
            .filter(posts::group_id.eq(group).and(lit::<Bool>("posts.state = 'held'", &[])))
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
        let query = post_tags::table
            .inner_join(posts::table.on(posts::id.eq(lit::<BigInt>("+post_tags.post_id", &[]))))
            .inner_join(audiences::table.on(audiences::id.eq(lit::<BigInt>("+posts.audience_id", &[]))))
            .inner_join(actors::table.on(actors::id.eq(lit::<BigInt>("+posts.author_id", &[]))))
            .inner_join(hosts::table.on(hosts::id.eq(lit::<BigInt>("+actors.host_id", &[]))))
            .left_join(members::table.on(members::actor_id.eq(actors::id)))
            .filter(post_tags::tag.eq(tag).and(posts::state.eq(PostState::Published)))
            .filter(not_blocked!(me))
            .filter(sees_posts(sight))
            .select(row_columns!(me))
            .into_boxed();
        paged!(query, page, post_tags::post_id, conn)
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
            .inner_join(audiences::table.on(audiences::id.eq(lit::<BigInt>("+posts.audience_id", &[]))))
            .inner_join(actors::table.on(actors::id.eq(lit::<BigInt>("+posts.author_id", &[]))))
            .inner_join(hosts::table.on(hosts::id.eq(lit::<BigInt>("+actors.host_id", &[]))))
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
            .inner_join(posts::table.on(posts::id.eq(lit::<BigInt>("+entries.post_id", &[]))))
            .inner_join(audiences::table.on(audiences::id.eq(lit::<BigInt>("+posts.audience_id", &[]))))
            .inner_join(actors::table.on(actors::id.eq(lit::<BigInt>("+posts.author_id", &[]))))
            .inner_join(hosts::table.on(hosts::id.eq(lit::<BigInt>("+actors.host_id", &[]))))
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
                    // Without the plus SQLite may go through all entries of everyone within the bounds of the page.
                    .inner_join(home::table.on(entries::id.eq(lit::<BigInt>("+home.entry_id", &[]))))
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
            .filter(posts::id.eq_any(
                quotes::table
                    .filter(quotes::quoted_id.eq(quoted).and(quotes::state.eq(QuoteState::Accepted)))
                    .select(quotes::post_id),
            ))
            .filter(posts::state.eq(PostState::Published))
            .filter(not_blocked!(me))
            .filter(sees_posts(sight));
        paged!(query, page, posts::id, conn)
    }

    async fn found_rows(conn, ids: &[PostId], sight: &Sight, me: i64) -> Vec<Row> {
        rows!(me)
            .filter(posts::id.eq_any(one_of(ids)))
            .filter(posts::state.eq(PostState::Published).and(posts::kind.ne(PostKind::Direct)))
            .filter(not_blocked!(me))
            .filter(sees_posts(sight))
            .load(conn)
            .await
    }

    async fn line_rows(conn, ids: &[PostId], sight: &Sight, me: i64) -> Vec<(Post, CardRow)> {
        posts::table
            .inner_join(actors::table.on(actors::id.eq(lit::<BigInt>("+posts.author_id", &[]))))
            .inner_join(hosts::table.on(hosts::id.eq(lit::<BigInt>("+actors.host_id", &[]))))
            .filter(posts::id.eq_any(one_of(ids)))
            .filter(posts::state.eq(PostState::Published).and(posts::kind.ne(PostKind::Direct)))
            .filter(not_blocked!(me))
            .filter(sees_posts(sight))
            .select((Post::as_select(), card_columns!()))
            .load(conn)
            .await
    }

    async fn title_rows(conn, ids: &[PostId], sight: &Sight, me: i64) -> Vec<(PostId, String)> {
        posts::table
            .inner_join(actors::table.on(actors::id.eq(posts::author_id)))
            .filter(posts::id.eq_any(one_of(ids)))
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

    /// Who is mentioned in several posts.
    async fn mention_rows(conn, ids: &[PostId]) -> Vec<(PostId, CardRow)> {
        mentions::table
            .inner_join(actors::table.on(actors::id.eq(mentions::actor_id)))
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .filter(mentions::post_id.eq_any(one_of(ids)))
            .select((mentions::post_id, card_columns!()))
            .load(conn)
            .await
    }

    /// Hashtags of several posts.
    pub async fn tags_of(conn, ids: &[PostId]) -> Vec<(PostId, String)> {
        post_tags::table
            .filter(post_tags::post_id.eq_any(one_of(ids)))
            .order((post_tags::post_id, post_tags::tag))
            .select((post_tags::post_id, post_tags::tag))
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
    groups.extend(crate::store::groups::cards(conn, &group_ids).await?.into_iter().map(|g| (g.actor.id, g)));
    let mut media: HashMap<PostId, Vec<_>> = HashMap::new();
    for file in crate::store::media::of_posts(conn, &ids).await? {
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
    let view = |(entry, row): (Option<Entry>, Row)| {
        let (post, scope, author, title, bookmarked, shared, thread_muted, quoted, quote_state, quotes_count) = row;
        PostView {
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
            quote_state,
            quotes_count,
            entry,
            post,
        }
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
    Ok(crate::store::previews::of_posts(conn, &ids).await?.into_iter().map(|found| (found.post_id, found)).collect())
}

fn me(sight: &Sight) -> i64 {
    sight.me.map_or(-1, |id| id.0)
}

fn plain(rows: Vec<Row>) -> Vec<(Option<Entry>, Row)> {
    rows.into_iter().map(|row| (None, row)).collect()
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

/// Such posts as lines.
pub async fn lines(conn: &mut Conn, ids: &[PostId], sight: &Sight) -> Result<Vec<PostLine>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = line_rows(conn, ids, sight, me(sight)).await?;
    let mut of: Vec<ActorId> = rows.iter().filter_map(|(post, _)| post.group_id).collect();
    of.sort_unstable();
    of.dedup();
    let groups = crate::store::groups::cards(conn, &of).await?;
    let group = |id: ActorId| groups.iter().find(|group| group.actor.id == id).cloned();
    let line =
        |(post, author): (Post, CardRow)| PostLine { author: card(author), group: post.group_id.and_then(group), post };
    Ok(rows.into_iter().map(line).collect())
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

/// Who is mentioned, per post.
pub async fn mentions_of(conn: &mut Conn, ids: &[PostId]) -> Result<Vec<(PostId, crate::domain::actors::ActorCard)>> {
    Ok(mention_rows(conn, ids).await?.into_iter().map(|(id, row)| (id, card(row))).collect())
}
