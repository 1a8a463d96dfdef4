//! Thanks and other reactions, bookmarks, counts of shares.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::next_after;
use crate::base::*;
use crate::domain::posts::*;
use crate::store::actors::{CardRow, card, card_columns};
use crate::store::among::one_of;
use crate::store::fixed::lit;
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
