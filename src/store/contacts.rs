//! "May I write to you?" between a member here and someone elsewhere.

use diesel::prelude::*;

use super::schema::{actors, contacts};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::knowledge::{Contact, ReferralState};
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

/// One to be.
#[derive(Clone, Debug)]
pub struct NewContact {
    /// Made by `Ids`.
    pub id: ReferralId,
    /// The member here.
    pub member_id: ActorId,
    /// The other one.
    pub other_id: ActorId,
    /// The member here asked.
    pub ours: bool,
    /// The activity that asked.
    pub uri: String,
    /// Why.
    pub reason: String,
    /// Now.
    pub created_at: Time,
}

type Row = (ReferralId, ActorId, ActorId, bool, String, String, ReferralState, Time);

macro_rules! columns {
    () => {
        (
            contacts::id,
            contacts::member_id,
            contacts::other_id,
            contacts::ours,
            contacts::uri,
            contacts::reason,
            contacts::state,
            contacts::created_at,
        )
    };
}

db_fn! {
    /// Adds one; in place of the one there was between the two.
    pub async fn put(conn, new: &NewContact) -> usize {
        diesel::delete(contacts::table.filter(contacts::member_id.eq(new.member_id).and(contacts::other_id.eq(new.other_id))))
            .execute(conn)
            .await?;
        diesel::insert_into(contacts::table)
            .values((
                contacts::id.eq(new.id), contacts::member_id.eq(new.member_id), contacts::other_id.eq(new.other_id),
                contacts::ours.eq(new.ours), contacts::uri.eq(&new.uri), contacts::reason.eq(&new.reason),
                contacts::created_at.eq(new.created_at),
            ))
            .execute(conn)
            .await
    }

    async fn rows_of(conn, member: ActorId, limit: i64) -> Vec<Row> {
        contacts::table
            .filter(contacts::member_id.eq(member))
            .order(contacts::id.desc())
            .limit(limit)
            .select(columns!())
            .load(conn)
            .await
    }

    async fn row_between(conn, member: ActorId, other: ActorId) -> Option<Row> {
        contacts::table
            .filter(contacts::member_id.eq(member).and(contacts::other_id.eq(other)))
            .select(columns!())
            .first(conn)
            .await
            .optional()
    }

    async fn row(conn, id: ReferralId) -> Option<Row> {
        contacts::table.find(id).select(columns!()).first(conn).await.optional()
    }

    async fn row_by_uri(conn, uri: &str) -> Option<Row> {
        contacts::table.filter(contacts::uri.eq(uri)).select(columns!()).first(conn).await.optional()
    }

    /// Whether the two agreed to write to each other.
    pub async fn agreed(conn, member: ActorId, other: ActorId) -> bool {
        let found = contacts::table
            .filter(contacts::member_id.eq(member).and(contacts::other_id.eq(other)))
            .filter(contacts::state.eq(ReferralState::Accepted));
        diesel::select(diesel::dsl::exists(found)).get_result(conn).await
    }

    /// Who of some members said no to someone elsewhere, or ended their contact.
    pub async fn refused(conn, members: &[ActorId], other: ActorId) -> Vec<ActorId> {
        contacts::table
            .filter(contacts::member_id.eq_any(one_of(members)).and(contacts::other_id.eq(other)))
            .filter(contacts::state.eq(ReferralState::Declined))
            .select(contacts::member_id)
            .load(conn)
            .await
    }

    /// How many members here asked others since then.
    pub async fn count_asked(conn, member: ActorId, since: Time) -> i64 {
        contacts::table
            .filter(contacts::member_id.eq(member).and(contacts::ours.eq(true)))
            .filter(contacts::created_at.ge(since))
            .count()
            .get_result(conn)
            .await
    }

    /// How many of a server's people asked since then.
    pub async fn count_from(conn, host: HostId, since: Time) -> i64 {
        contacts::table
            .inner_join(actors::table.on(actors::id.eq(contacts::other_id)))
            .filter(actors::host_id.eq(host).and(contacts::ours.eq(false)))
            .filter(contacts::created_at.ge(since))
            .count()
            .get_result(conn)
            .await
    }

    /// Answers one.
    pub async fn answer(conn, id: ReferralId, state: ReferralState, now: Time) -> usize {
        diesel::update(contacts::table.find(id))
            .set((contacts::state.eq(state), contacts::answered_at.eq(now)))
            .execute(conn)
            .await
    }
}

async fn whole(conn: &mut Conn, rows: Vec<Row>) -> Result<Vec<Contact>> {
    let ids: Vec<ActorId> = rows.iter().map(|row| row.2).collect();
    let cards = super::actors::cards(conn, &ids).await?;
    let read = |(id, member_id, other, ours, uri, reason, state, created_at): Row| {
        let other = cards.iter().find(|card| card.id == other).cloned()?;
        Some(Contact { id, member_id, other, ours, uri, reason, state, created_at })
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

/// Those of a member, the newest first.
pub async fn of(conn: &mut Conn, member: ActorId, limit: i64) -> Result<Vec<Contact>> {
    let rows = rows_of(conn, member, limit).await?;
    whole(conn, rows).await
}

/// The one between a member here and someone elsewhere.
pub async fn between(conn: &mut Conn, member: ActorId, other: ActorId) -> Result<Option<Contact>> {
    let rows = row_between(conn, member, other).await?.into_iter().collect();
    Ok(whole(conn, rows).await?.pop())
}

/// One by id.
pub async fn get(conn: &mut Conn, id: ReferralId) -> Result<Contact> {
    let rows = row(conn, id).await?.into_iter().collect();
    whole(conn, rows).await?.pop().ok_or(Error::NotFound)
}

/// One by the activity that asked.
pub async fn find_by_uri(conn: &mut Conn, uri: &str) -> Result<Option<Contact>> {
    let rows = row_by_uri(conn, uri).await?.into_iter().collect();
    Ok(whole(conn, rows).await?.pop())
}
