//! Thanks and other reactions, bookmarks, counts of shares.

use std::collections::{BTreeSet, HashSet};

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::next_after;
use crate::base::*;
use crate::domain::audiences::Audience;
use crate::domain::moderation::BlockKind;
use crate::domain::posts::*;
use crate::store::actors::{CardRow, card, card_columns};
use crate::store::among::one_of;
use crate::store::columns::Column;
use crate::store::fixed::{Fixed, lit};
use crate::store::query::RunQueryDsl;
use crate::store::schema::*;
use crate::store::{Conn, db_fn, paged};

db_fn! {
    /// Counts of reactions per post and kind, and whether `me` gave one.
    pub(super) async fn reaction_rows(conn, ids: &[PostId], me: i64) -> Vec<(PostId, ReactionKind, i64, i64)> {
        reactions::table
            .filter(reactions::post_id.eq_any(one_of(ids)))
            .group_by((reactions::post_id, reactions::kind))
            .select((
                reactions::post_id, reactions::kind, diesel::dsl::count_star(),
                lit::<BigInt>("CAST(SUM(CASE WHEN reactions.actor_id = ? THEN 1 ELSE 0 END) AS BIGINT)", &[me]),
            ))
            .load(conn)
            .await
    }

    async fn met(
        conn, uri: &str, actor: ActorId, undone: &str,
    ) -> Option<(Post, Audience, Option<BlockKind>, Option<String>)> {
        let block = blocks::member_id.eq(posts::author_id).and(blocks::target_id.eq(actor));
        posts::table
            .inner_join(audiences::table.on(audiences::id.eq(posts::audience_id)))
            .left_join(blocks::table.on(block.and(blocks::kind.eq(BlockKind::Block))))
            .left_join(activities::table.on(activities::uri.eq(undone)))
            .filter(posts::uri.eq(uri))
            .select((Post::as_select(), Audience::as_select(), blocks::kind.nullable(), activities::actor_uri.nullable()))
            .first(conn)
            .await
            .optional()
    }

    async fn with_audiences(conn, uris: &[String]) -> Vec<(Post, Audience)> {
        posts::table
            .inner_join(audiences::table.on(audiences::id.eq(posts::audience_id)))
            .filter(posts::uri.eq_any(one_of(uris)))
            .select((Post::as_select(), Audience::as_select()))
            .load(conn)
            .await
    }

    async fn blocking(conn, members: BTreeSet<ActorId>, targets: BTreeSet<ActorId>) -> Vec<(ActorId, ActorId)> {
        blocks::table
            .filter(blocks::member_id.eq_any(one_of(members)).and(blocks::target_id.eq_any(one_of(targets))))
            .filter(blocks::kind.eq(BlockKind::Block))
            .select((blocks::member_id, blocks::target_id))
            .load(conn)
            .await
    }

    async fn senders_of(conn, uris: &[String]) -> Vec<(String, String)> {
        activities::table
            .filter(activities::uri.eq_any(one_of(uris)))
            .select((activities::uri, activities::actor_uri))
            .load(conn)
            .await
    }

    async fn added(conn, query: Fixed<BigInt>) -> Vec<i64> {
        query.load(conn).await
    }

    /// Adds a reaction; `false` if it was there.
    pub async fn insert_reaction(conn, id: i64, actor: ActorId, post: PostId, kind: ReactionKind, uri: &str) -> bool {
        diesel::insert_into(reactions::table)
            .values((
                reactions::id.eq(id), reactions::actor_id.eq(actor), reactions::post_id.eq(post), reactions::kind.eq(kind),
                reactions::uri.eq(uri),
            ))
            .on_conflict((reactions::actor_id, reactions::post_id, reactions::kind))
            .do_nothing()
            .execute(conn)
            .await
            .map(|n| n > 0)
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

    /// Counts a share.
    pub async fn add_share_count(conn, id: PostId, by: i64) -> usize {
        diesel::update(posts::table.find(id)).set(posts::shares_count.eq(posts::shares_count + by)).execute(conn).await
    }
}

/// A reaction to be stored, or the end of one.
#[derive(Clone, Debug)]
pub struct NewReaction {
    /// Made by `Ids`.
    pub id: i64,
    /// Whose.
    pub actor: ActorId,
    /// To what.
    pub post: PostId,
    /// Which.
    pub kind: ReactionKind,
    /// It is there; else it is to go.
    pub on: bool,
    /// Its ActivityPub id.
    pub uri: String,
    /// The activity that a group passes on, and the group.
    pub relay: Option<(ActivityId, ActorId)>,
    /// Other servers are to hear of it.
    pub abroad: bool,
}

/// Adds those that are `on`; the ids of those that were not there.
pub async fn insert_reactions(conn: &mut Conn, all: &[NewReaction]) -> Result<HashSet<i64>> {
    let on: Vec<&NewReaction> = all.iter().filter(|new| new.on).collect();
    if let [new] = on.as_slice() {
        let fresh = insert_reaction(conn, new.id, new.actor, new.post, new.kind, &new.uri).await?;
        return Ok(fresh.then_some(new.id).into_iter().collect());
    }
    if on.is_empty() {
        return Ok(HashSet::new());
    }
    let columns = [
        ("id", Column::ints(on.iter().map(|new| new.id))),
        ("actor_id", Column::ints(on.iter().map(|new| new.actor.0))),
        ("post_id", Column::ints(on.iter().map(|new| new.post.0))),
        ("kind", Column::texts(on.iter().map(|new| new.kind.as_str()))),
        ("uri", Column::texts(on.iter().map(|new| new.uri.as_str()))),
    ];
    let mut query = Fixed::<BigInt>::new("INSERT INTO reactions (id, actor_id, post_id, kind, uri) SELECT new.* FROM ");
    query.push_rows(conn, "new", &columns);
    query.push(" WHERE TRUE ORDER BY new.actor_id, new.post_id, new.kind, new.id ON CONFLICT (actor_id, post_id, kind) DO NOTHING RETURNING id", &[]);
    Ok(added(conn, query).await?.into_iter().collect())
}

/// What a reaction by somebody meets.
#[derive(Clone, Debug)]
pub struct Met {
    /// To what they react.
    pub post: Post,
    /// Who may see it.
    pub audience: Audience,
    /// Its author blocks them.
    pub blocked: bool,
    /// They took it back before it came.
    pub undone: bool,
}

/// A reaction that comes in.
#[derive(Clone, Debug)]
pub struct Reacting {
    /// The ActivityPub id of the post.
    pub post: String,
    /// Who reacts.
    pub actor: ActorId,
    /// Their ActivityPub id.
    pub actor_uri: String,
    /// Under which id it would be known as taken back.
    pub undone: String,
}

/// What each of several reactions meets.
pub async fn meet_reactions(conn: &mut Conn, all: &[Reacting]) -> Result<Vec<Option<Met>>> {
    if let [one] = all {
        let found = met(conn, &one.post, one.actor, &one.undone).await?;
        return Ok(vec![found.map(|(post, audience, block, by)| Met {
            post,
            audience,
            blocked: block.is_some(),
            undone: by.is_some_and(|by| by == one.actor_uri),
        })]);
    }
    let distinct = |texts: BTreeSet<&'_ str>| texts.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let posts = with_audiences(conn, &distinct(all.iter().map(|one| one.post.as_str()).collect())).await?;
    let authors: BTreeSet<ActorId> = posts.iter().map(|(post, _)| post.author_id).collect();
    let actors: BTreeSet<ActorId> = all.iter().map(|one| one.actor).collect();
    let blocks = blocking(conn, authors, actors).await?;
    let undone = senders_of(conn, &distinct(all.iter().map(|one| one.undone.as_str()).collect())).await?;
    let met = |one: &Reacting| {
        let (post, audience) = posts.iter().find(|(post, _)| post.uri == one.post)?.clone();
        let blocked = blocks.contains(&(post.author_id, one.actor));
        let undone = undone.iter().any(|(uri, by)| *uri == one.undone && *by == one.actor_uri);
        Some(Met { post, audience, blocked, undone })
    };
    Ok(all.iter().map(met).collect())
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
