//! Lists that members keep of people and groups.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::api::EntryRow;
use super::db_fn;
use super::fixed::lit;
use super::schema::{entries, follows, list_accounts, lists, posts};
use super::sight::sees_posts;
use crate::base::*;
use crate::domain::Sight;
use crate::domain::groups::FollowState;
use crate::domain::posts::PostState;
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

/// A list of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Our id.
    pub id: i64,
    /// What its owner calls it.
    pub title: String,
    /// Which answers are shown: `followed`, `list` or `none`.
    pub replies: String,
    /// Who is in it does not show on home.
    pub exclusive: bool,
}

type Row = (i64, String, String, bool);

fn list((id, title, replies, exclusive): Row) -> List {
    List { id, title, replies, exclusive }
}

db_fn! {
    async fn rows(conn, member: ActorId) -> Vec<Row> {
        lists::table
            .filter(lists::member_id.eq(member))
            .order(lists::id)
            .select((lists::id, lists::title, lists::replies, lists::exclusive))
            .load(conn)
            .await
    }

    async fn rows_with(conn, member: ActorId, actor: ActorId) -> Vec<Row> {
        lists::table
            .inner_join(list_accounts::table.on(list_accounts::list_id.eq(lists::id)))
            .filter(lists::member_id.eq(member).and(list_accounts::actor_id.eq(actor)))
            .order(lists::id)
            .select((lists::id, lists::title, lists::replies, lists::exclusive))
            .load(conn)
            .await
    }

    /// Adds a list, or changes it.
    pub async fn save(conn, member: ActorId, list: &List) -> usize {
        diesel::insert_into(lists::table)
            .values((
                lists::id.eq(list.id), lists::member_id.eq(member), lists::title.eq(&list.title),
                lists::replies.eq(&list.replies), lists::exclusive.eq(list.exclusive),
            ))
            .on_conflict(lists::id)
            .do_update()
            .set((lists::title.eq(&list.title), lists::replies.eq(&list.replies), lists::exclusive.eq(list.exclusive)))
            .execute(conn)
            .await
    }

    /// Removes a list.
    pub async fn delete(conn, id: i64) -> usize {
        diesel::delete(lists::table.find(id)).execute(conn).await
    }

    /// Puts someone on a list.
    pub async fn add(conn, id: i64, list: i64, actor: ActorId) -> usize {
        diesel::insert_into(list_accounts::table)
            .values((list_accounts::id.eq(id), list_accounts::list_id.eq(list), list_accounts::actor_id.eq(actor)))
            .on_conflict((list_accounts::list_id, list_accounts::actor_id))
            .do_nothing()
            .execute(conn)
            .await
    }

    /// Takes people off a list.
    pub async fn remove(conn, list: i64, who: &[ActorId]) -> usize {
        diesel::delete(
            list_accounts::table.filter(list_accounts::list_id.eq(list).and(list_accounts::actor_id.eq_any(one_of(who)))),
        )
        .execute(conn)
        .await
    }

    /// Who is on a list, last first, with the cursor of each.
    pub async fn accounts(conn, list: i64, page: Page) -> Vec<(i64, ActorId)> {
        let (older, newer) = page.bounds();
        list_accounts::table
            .filter(list_accounts::list_id.eq(list))
            .filter(list_accounts::id.lt(older).and(list_accounts::id.gt(newer)))
            .order(list_accounts::id.desc())
            .limit(page.limit)
            .select((list_accounts::id, list_accounts::actor_id))
            .load(conn)
            .await
    }

    /// Whether one of some actors is on a list.
    pub async fn has_any(conn, list: i64, who: &[ActorId]) -> bool {
        diesel::select(diesel::dsl::exists(
            list_accounts::table.filter(list_accounts::list_id.eq(list).and(list_accounts::actor_id.eq_any(one_of(who)))),
        ))
        .get_result(conn)
        .await
    }

    /// What those on a list show, as far as its owner may see it, newest first. The cursor is the entry's id.
    pub async fn entries(conn, list: i64, replies: &str, sight: &Sight, page: Page) -> Vec<EntryRow> {
        let me = sight.me.map_or(-1, |id| id.0);
        let (older, newer) = page.bounds();
        let listed = list_accounts::table.filter(list_accounts::list_id.eq(list)).select(list_accounts::actor_id);
        let blocked = lit::<Bool>("NOT EXISTS (SELECT 1 FROM blocks b WHERE b.member_id = ? AND b.target_id = posts.author_id)", &[me]);
        let mut query = entries::table
            .inner_join(posts::table.on(posts::id.eq(entries::post_id)))
            .filter(entries::source_id.eq_any(listed).and(posts::state.eq(PostState::Published)))
            .filter(sees_posts(sight))
            .filter(blocked)
            .filter(entries::id.lt(EntryId(older)).and(entries::id.gt(EntryId(newer))))
            .limit(page.limit)
            .select((entries::id, entries::source_id, entries::post_id, entries::how))
            .into_boxed();
        query = match replies {
            "none" => query.filter(posts::parent_id.is_null()),
            "followed" => query.filter(lit::<Bool>(
                "(posts.parent_id IS NULL OR EXISTS (SELECT 1 FROM posts p WHERE p.id = posts.parent_id AND p.author_id IN \
                 (SELECT f.target_id FROM follows f WHERE f.state = 'accepted' AND f.follower_id = ?)))",
                &[me],
            )),
            _ => query.filter(lit::<Bool>(
                "(posts.parent_id IS NULL OR EXISTS (SELECT 1 FROM posts p WHERE p.id = posts.parent_id AND p.author_id IN \
                 (SELECT l.actor_id FROM list_accounts l WHERE l.list_id = ?)))",
                &[list],
            )),
        };
        if page.ascending() {
            query.order(entries::id.asc()).load(conn).await.map(|mut rows: Vec<_>| { rows.reverse(); rows })
        } else {
            query.order(entries::id.desc()).load(conn).await
        }
    }

    /// Which of some actors someone follows.
    pub async fn followed_of(conn, member: ActorId, who: &[ActorId]) -> Vec<ActorId> {
        follows::table
            .filter(follows::follower_id.eq(member).and(follows::target_id.eq_any(one_of(who))))
            .filter(follows::state.eq(FollowState::Accepted))
            .select(follows::target_id)
            .load(conn)
            .await
    }
}

/// A member's lists, oldest first; with `actor` those they are on.
pub async fn list_of(conn: &mut super::Conn, member: ActorId, actor: Option<ActorId>) -> Result<Vec<List>> {
    let rows = match actor {
        Some(actor) => rows_with(conn, member, actor).await?,
        None => rows(conn, member).await?,
    };
    Ok(rows.into_iter().map(list).collect())
}
