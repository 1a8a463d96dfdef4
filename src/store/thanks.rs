//! Thank-you cards, and the numbers of someone's year.

use diesel::prelude::*;

use super::schema::{posts, reactions, referrals, thanks, tips, wiki_versions};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::actors::ActorCard;
use crate::domain::knowledge::{ReferralState, Told};
use crate::domain::posts::{PostKind, PostState, ReactionKind};
use crate::domain::thanks::{ThanksCard, Year};
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

/// A card to be.
#[derive(Clone, Debug)]
pub struct NewCard {
    /// Made by `Ids`.
    pub id: ThanksId,
    /// Who sends it.
    pub from_id: ActorId,
    /// Who gets it.
    pub to_id: ActorId,
    /// What it says.
    pub body: String,
    /// Now.
    pub created_at: Time,
}

type Row = (ThanksId, ActorId, String, Told, Time);

db_fn! {
    /// Adds a card.
    pub async fn insert(conn, new: &NewCard) -> usize {
        diesel::insert_into(thanks::table)
            .values((
                thanks::id.eq(new.id), thanks::from_id.eq(new.from_id), thanks::to_id.eq(new.to_id),
                thanks::body.eq(&new.body), thanks::created_at.eq(new.created_at),
            ))
            .execute(conn)
            .await
    }

    async fn rows(conn, to: ActorId, told: &[Told], all: bool, limit: i64) -> Vec<Row> {
        let mut query = thanks::table
            .filter(thanks::to_id.eq(to))
            .order(thanks::id.desc())
            .limit(limit)
            .select((thanks::id, thanks::from_id, thanks::body, thanks::told, thanks::created_at))
            .into_boxed();
        if !all {
            query = query.filter(thanks::told.eq_any(one_of(told.to_vec())));
        }
        query.load(conn).await
    }

    async fn sent_rows(conn, from: ActorId, limit: i64) -> Vec<(ActorId, String, Time)> {
        thanks::table
            .filter(thanks::from_id.eq(from))
            .order(thanks::id.desc())
            .limit(limit)
            .select((thanks::to_id, thanks::body, thanks::created_at))
            .load(conn)
            .await
    }

    /// Chooses who sees a card that one got.
    pub async fn set_told(conn, id: ThanksId, to: ActorId, told: Told) -> usize {
        diesel::update(thanks::table.filter(thanks::id.eq(id).and(thanks::to_id.eq(to))))
            .set(thanks::told.eq(told))
            .execute(conn)
            .await
    }

    /// Throws a card away that one got.
    pub async fn delete(conn, id: ThanksId, to: ActorId) -> usize {
        diesel::delete(thanks::table.filter(thanks::id.eq(id).and(thanks::to_id.eq(to)))).execute(conn).await
    }

    /// How many cards someone sent since then.
    pub async fn count_sent(conn, from: ActorId, since: Time) -> i64 {
        thanks::table
            .filter(thanks::from_id.eq(from).and(thanks::created_at.ge(since)))
            .count()
            .get_result(conn)
            .await
    }

    async fn count_cards(conn, to: ActorId, from: Time, until: Time) -> i64 {
        thanks::table
            .filter(thanks::to_id.eq(to).and(thanks::created_at.ge(from)).and(thanks::created_at.lt(until)))
            .count()
            .get_result(conn)
            .await
    }

    async fn written(conn, by: ActorId, from: Time, until: Time) -> Vec<(PostKind, i64)> {
        posts::table
            .filter(posts::author_id.eq(by).and(posts::state.eq(PostState::Published)))
            .filter(posts::published_at.ge(from).and(posts::published_at.lt(until)))
            .group_by(posts::kind)
            .select((posts::kind, diesel::dsl::count_star()))
            .load(conn)
            .await
    }

    async fn accepted(conn, by: ActorId, from: Time, until: Time) -> i64 {
        let answers = posts::table
            .filter(posts::author_id.eq(by).and(posts::state.eq(PostState::Published)))
            .filter(posts::published_at.ge(from).and(posts::published_at.lt(until)))
            .filter(posts::kind.eq(PostKind::Comment))
            .select(posts::id.nullable());
        let questions = diesel::alias!(posts as questions);
        questions
            .filter(questions.field(posts::accepted_id).eq_any(answers))
            .count()
            .get_result(conn)
            .await
    }

    async fn thanked(conn, by: ActorId, from: Time, until: Time) -> i64 {
        reactions::table
            .inner_join(posts::table.on(posts::id.eq(reactions::post_id)))
            .filter(posts::author_id.eq(by).and(reactions::actor_id.ne(by)))
            .filter(reactions::kind.eq_any(one_of([ReactionKind::Thanks, ReactionKind::Helpful])))
            .filter(posts::published_at.ge(from).and(posts::published_at.lt(until)))
            .count()
            .get_result(conn)
            .await
    }

    async fn tipped(conn, by: ActorId, from: Time, until: Time) -> i64 {
        tips::table
            .inner_join(posts::table.on(posts::id.eq(tips::post_id)))
            .filter(posts::author_id.eq(by).and(posts::state.eq(PostState::Published)))
            .filter(posts::published_at.ge(from).and(posts::published_at.lt(until)))
            .count()
            .get_result(conn)
            .await
    }

    async fn pages(conn, by: ActorId, from: Time, until: Time) -> i64 {
        wiki_versions::table
            .filter(wiki_versions::author_id.eq(by))
            .filter(wiki_versions::created_at.ge(from).and(wiki_versions::created_at.lt(until)))
            .count()
            .get_result(conn)
            .await
    }

    async fn helped(conn, by: ActorId, from: Time, until: Time) -> i64 {
        referrals::table
            .filter(referrals::to_id.eq(by).and(referrals::state.eq(ReferralState::Accepted)))
            .filter(referrals::created_at.ge(from).and(referrals::created_at.lt(until)))
            .count()
            .get_result(conn)
            .await
    }
}

/// Cards that someone got, the newest first: those told to one of `told`, or all of them.
pub async fn to(conn: &mut Conn, member: ActorId, told: Option<&[Told]>, limit: i64) -> Result<Vec<ThanksCard>> {
    let rows = rows(conn, member, told.unwrap_or_default(), told.is_none(), limit).await?;
    let mut ids: Vec<ActorId> = rows.iter().map(|row| row.1).collect();
    ids.sort_unstable();
    ids.dedup();
    let cards = super::actors::cards(conn, &ids).await?;
    let card = |(id, from, body, told, created_at): Row| {
        let from = cards.iter().find(|card| card.id == from).cloned()?;
        Some(ThanksCard { id, from, body, told, created_at })
    };
    Ok(rows.into_iter().filter_map(card).collect())
}

/// Cards that someone sent, the newest first: to whom, the words, and when.
pub async fn sent(conn: &mut Conn, member: ActorId, limit: i64) -> Result<Vec<(ActorCard, String, Time)>> {
    let rows = sent_rows(conn, member, limit).await?;
    let ids: Vec<ActorId> = rows.iter().map(|row| row.0).collect();
    let cards = super::actors::cards(conn, &ids).await?;
    let sent = |(to, body, at)| Some((cards.iter().find(|card| card.id == to).cloned()?, body, at));
    Ok(rows.into_iter().filter_map(sent).collect())
}

/// What someone did from one moment to another.
pub async fn year(conn: &mut Conn, member: ActorId, from: Time, until: Time) -> Result<Year> {
    let mut year = Year {
        accepted: accepted(conn, member, from, until).await?,
        pages: pages(conn, member, from, until).await?,
        tips: tipped(conn, member, from, until).await?,
        helped: helped(conn, member, from, until).await?,
        thanks: thanked(conn, member, from, until).await?,
        cards: count_cards(conn, member, from, until).await?,
        ..Year::default()
    };
    for (kind, count) in written(conn, member, from, until).await? {
        match kind {
            PostKind::Comment => year.answers += count,
            PostKind::Lesson => year.lessons += count,
            PostKind::Direct => {}
            _ => year.posts += count,
        }
    }
    Ok(year)
}
