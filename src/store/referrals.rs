//! "Ask this colleague, she knows."

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::schema::referrals;
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::knowledge::{Referral, ReferralState};
use crate::store::query::RunQueryDsl;

/// A referral to be.
#[derive(Clone, Debug)]
pub struct NewReferral {
    /// Made by `Ids`.
    pub id: ReferralId,
    /// Who thought of it.
    pub from_id: ActorId,
    /// Who is asked.
    pub to_id: ActorId,
    /// Who would be helped.
    pub for_id: ActorId,
    /// The question it is about.
    pub post_id: Option<PostId>,
    /// Why they.
    pub reason: String,
    /// Now.
    pub created_at: Time,
}

type Row = (ReferralId, ActorId, ActorId, ActorId, Option<PostId>, String, ReferralState, Time);

macro_rules! columns {
    () => {
        (
            referrals::id,
            referrals::from_id,
            referrals::to_id,
            referrals::for_id,
            referrals::post_id,
            referrals::reason,
            referrals::state,
            referrals::created_at,
        )
    };
}

db_fn! {
    /// Adds one.
    pub async fn insert(conn, new: &NewReferral) -> usize {
        diesel::insert_into(referrals::table)
            .values((
                referrals::id.eq(new.id), referrals::from_id.eq(new.from_id), referrals::to_id.eq(new.to_id),
                referrals::for_id.eq(new.for_id), referrals::post_id.eq(new.post_id), referrals::reason.eq(&new.reason),
                referrals::created_at.eq(new.created_at),
            ))
            .execute(conn)
            .await
    }

    /// Whether someone was sent to someone about the same, and that was not answered.
    pub async fn is_waiting(conn, to: ActorId, helped: ActorId, post: Option<PostId>) -> bool {
        let waiting = referrals::table
            .filter(referrals::to_id.eq(to).and(referrals::for_id.eq(helped)))
            .filter(sql::<BigInt>("COALESCE(referrals.post_id, 0)").eq(post.map_or(0, |post| post.0)))
            .filter(referrals::state.eq(ReferralState::Waiting));
        diesel::select(diesel::dsl::exists(waiting)).get_result(conn).await
    }

    /// How many someone sent since then.
    pub async fn count_sent(conn, from: ActorId, since: Time) -> i64 {
        referrals::table
            .filter(referrals::from_id.eq(from).and(referrals::created_at.ge(since)))
            .count()
            .get_result(conn)
            .await
    }

    async fn rows_to(conn, to: ActorId, id: Option<ReferralId>, limit: i64) -> Vec<Row> {
        let mut query = referrals::table
            .filter(referrals::to_id.eq(to))
            .order(referrals::id.desc())
            .limit(limit)
            .select(columns!())
            .into_boxed();
        if let Some(id) = id {
            query = query.filter(referrals::id.eq(id));
        }
        query.load(conn).await
    }

    /// Answers one that waits for `to`.
    pub async fn answer(conn, id: ReferralId, to: ActorId, state: ReferralState, now: Time) -> usize {
        diesel::update(referrals::table.filter(referrals::id.eq(id).and(referrals::to_id.eq(to))))
            .filter(referrals::state.eq(ReferralState::Waiting))
            .set((referrals::state.eq(state), referrals::answered_at.eq(now)))
            .execute(conn)
            .await
    }
}

/// Those sent to someone, newest first; only one with `id`.
pub async fn to(conn: &mut Conn, member: ActorId, id: Option<ReferralId>, limit: i64) -> Result<Vec<Referral>> {
    let rows = rows_to(conn, member, id, limit).await?;
    let mut ids: Vec<ActorId> = rows.iter().flat_map(|row| [row.1, row.2, row.3]).collect();
    ids.sort_unstable();
    ids.dedup();
    let cards = super::actors::cards(conn, &ids).await?;
    let card = |id: ActorId| cards.iter().find(|card| card.id == id).cloned();
    let read = |(id, from, to, helped, post_id, reason, state, created_at): Row| {
        Some(Referral {
            id,
            from: card(from)?,
            to: card(to)?,
            helped: card(helped)?,
            post_id,
            reason,
            state,
            created_at,
        })
    };
    Ok(rows.into_iter().filter_map(read).collect())
}
