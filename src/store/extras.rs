//! Reading tips, lists of them, and the cards of the ask-and-offer board.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::fixed::lit;
use super::schema::{board_cards, posts, tip_list_items, tip_lists, tips};
use super::sight::sees_posts;
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::Sight;
use crate::domain::extras::{Card, Extra, OnList, Side, TipList, Work};
use crate::domain::posts::PostState;
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

type TipRow = (PostId, String, String, String, String);
type ListRow = (TipListId, ActorId, String, String, bool, Time);

fn list((id, owner_id, title, about, shared, created_at): ListRow) -> TipList {
    TipList { id, owner_id, title, about, shared, created_at }
}

macro_rules! list_columns {
    () => {
        (
            tip_lists::id,
            tip_lists::owner_id,
            tip_lists::title,
            tip_lists::about,
            tip_lists::shared,
            tip_lists::created_at,
        )
    };
}

db_fn! {
    async fn put_tip(conn, post: PostId, work: &Work) -> usize {
        let values = (
            tips::isbn.eq(&work.isbn), tips::work.eq(&work.title), tips::maker.eq(&work.maker), tips::whom.eq(&work.whom),
        );
        diesel::insert_into(tips::table)
            .values((tips::post_id.eq(post), values))
            .on_conflict(tips::post_id)
            .do_update()
            .set(values)
            .execute(conn)
            .await
    }

    async fn put_card(conn, post: PostId, card: &Card) -> usize {
        let values = (
            board_cards::side.eq(card.side), board_cards::until_at.eq(card.until), board_cards::done.eq(card.done),
        );
        diesel::insert_into(board_cards::table)
            .values((board_cards::post_id.eq(post), values))
            .on_conflict(board_cards::post_id)
            .do_update()
            .set(values)
            .execute(conn)
            .await
    }

    async fn tip_rows(conn, of: &[PostId]) -> Vec<TipRow> {
        tips::table
            .filter(tips::post_id.eq_any(one_of(of)))
            .select((tips::post_id, tips::isbn, tips::work, tips::maker, tips::whom))
            .load(conn)
            .await
    }

    async fn card_rows(conn, of: &[PostId]) -> Vec<(PostId, Side, Time, bool)> {
        board_cards::table
            .filter(board_cards::post_id.eq_any(one_of(of)))
            .select((board_cards::post_id, board_cards::side, board_cards::until_at, board_cards::done))
            .load(conn)
            .await
    }

    /// Tips that one may see, newest first, before one; only those on a list, or about a work, where that is asked.
    pub async fn tips(
        conn, on: Option<TipListId>, isbn: Option<&str>, sight: &Sight, before: PostId, limit: i64,
    ) -> Vec<PostId> {
        let mut query = tips::table
            .inner_join(posts::table.on(posts::id.eq(tips::post_id)))
            .filter(posts::state.eq(PostState::Published).and(posts::id.lt(before)))
            .filter(sees_posts(sight))
            .order(posts::id.desc())
            .limit(limit)
            .select(posts::id)
            .into_boxed();
        if let Some(on) = on {
            let ids = tip_list_items::table.filter(tip_list_items::list_id.eq(on)).select(tip_list_items::post_id);
            query = query.filter(tips::post_id.eq_any(ids));
        }
        if let Some(isbn) = isbn {
            query = query.filter(tips::isbn.eq(isbn.to_owned()).and(lit::<Bool>("tips.isbn <> ''", &[])));
        }
        query.load(conn).await
    }

    /// Cards of one side (both without one) that are on the board now and that one may see, newest first, before one.
    pub async fn board(
        conn, side: Option<Side>, now: Time, sight: &Sight, before: PostId, limit: i64,
    ) -> Vec<PostId> {
        let mut query = board_cards::table
            .inner_join(posts::table.on(posts::id.eq(board_cards::post_id)))
            .filter(lit::<Bool>("NOT board_cards.done", &[]).and(board_cards::until_at.gt(now)))
            .filter(posts::state.eq(PostState::Published).and(posts::id.lt(before)))
            .filter(sees_posts(sight))
            .order(posts::id.desc())
            .limit(limit)
            .select(posts::id)
            .into_boxed();
        if let Some(side) = side {
            query = query.filter(board_cards::side.eq(side));
        }
        query.load(conn).await
    }

    async fn rows_of_lists(conn, member: ActorId, shared: bool, limit: i64) -> Vec<ListRow> {
        tip_lists::table
            .filter(tip_lists::owner_id.eq(member).or(tip_lists::shared.eq(true).and(tip_lists::shared.eq(shared))))
            .order((tip_lists::title, tip_lists::id))
            .limit(limit)
            .select(list_columns!())
            .load(conn)
            .await
    }

    async fn list_row(conn, id: TipListId) -> Option<ListRow> {
        tip_lists::table.find(id).select(list_columns!()).first(conn).await.optional()
    }

    /// Adds a list.
    pub async fn insert_list(conn, new: &TipList) -> usize {
        diesel::insert_into(tip_lists::table)
            .values((
                tip_lists::id.eq(new.id), tip_lists::owner_id.eq(new.owner_id), tip_lists::title.eq(&new.title),
                tip_lists::about.eq(&new.about), tip_lists::shared.eq(new.shared), tip_lists::created_at.eq(new.created_at),
            ))
            .execute(conn)
            .await
    }

    /// Changes one's own list.
    pub async fn update_list(conn, list: &TipList) -> usize {
        diesel::update(tip_lists::table.filter(tip_lists::id.eq(list.id).and(tip_lists::owner_id.eq(list.owner_id))))
            .set((tip_lists::title.eq(&list.title), tip_lists::about.eq(&list.about), tip_lists::shared.eq(list.shared)))
            .execute(conn)
            .await
    }

    /// Takes one's own list away; the tips stay.
    pub async fn delete_list(conn, id: TipListId, owner: ActorId) -> usize {
        diesel::delete(tip_lists::table.filter(tip_lists::id.eq(id).and(tip_lists::owner_id.eq(owner)))).execute(conn).await
    }

    /// How many lists someone has.
    pub async fn count_lists(conn, owner: ActorId) -> i64 {
        tip_lists::table.filter(tip_lists::owner_id.eq(owner)).count().get_result(conn).await
    }

    /// On which of someone's lists a tip stands.
    pub async fn lists_with(conn, owner: ActorId, post: PostId) -> Vec<TipListId> {
        tip_list_items::table
            .inner_join(tip_lists::table.on(tip_lists::id.eq(tip_list_items::list_id)))
            .filter(tip_lists::owner_id.eq(owner).and(tip_list_items::post_id.eq(post)))
            .select(tip_list_items::list_id)
            .load(conn)
            .await
    }

    /// Puts a tip on a list, or takes it off.
    pub async fn set_on_list(conn, item: OnList, on: bool, now: Time) -> usize {
        let there = tip_list_items::list_id.eq(item.list).and(tip_list_items::post_id.eq(item.post));
        if !on {
            return diesel::delete(tip_list_items::table.filter(there)).execute(conn).await;
        }
        diesel::insert_into(tip_list_items::table)
            .values((
                tip_list_items::list_id.eq(item.list), tip_list_items::post_id.eq(item.post),
                tip_list_items::added_at.eq(now),
            ))
            .on_conflict_do_nothing()
            .execute(conn)
            .await
    }
}

/// Notes what a post is besides a text.
pub async fn put(conn: &mut Conn, post: PostId, extra: &Extra) -> Result<()> {
    match extra {
        Extra::Tip(work) => put_tip(conn, post, work).await?,
        Extra::Board(card) => put_card(conn, post, card).await?,
    };
    Ok(())
}

/// What some posts are besides texts.
pub async fn of(conn: &mut Conn, posts: &[PostId]) -> Result<Vec<(PostId, Extra)>> {
    let tip = |(id, isbn, title, maker, whom): TipRow| (id, Extra::Tip(Work { isbn, title, maker, whom }));
    let mut all: Vec<(PostId, Extra)> = tip_rows(conn, posts).await?.into_iter().map(tip).collect();
    let card = |(id, side, until, done)| (id, Extra::Board(Card { side, until, done }));
    all.extend(card_rows(conn, posts).await?.into_iter().map(card));
    Ok(all)
}

/// What one post is besides a text.
pub async fn of_one(conn: &mut Conn, post: PostId) -> Result<Option<Extra>> {
    Ok(of(conn, &[post]).await?.pop().map(|(_, extra)| extra))
}

/// A member's lists, with those that others share where `shared`.
pub async fn lists(conn: &mut Conn, member: ActorId, shared: bool, limit: i64) -> Result<Vec<TipList>> {
    Ok(rows_of_lists(conn, member, shared, limit).await?.into_iter().map(list).collect())
}

/// A list.
pub async fn get_list(conn: &mut Conn, id: TipListId) -> Result<TipList> {
    list_row(conn, id).await?.map(list).ok_or(Error::NotFound)
}
