//! Who wants to meet someone, and whom they meet.

use diesel::prelude::*;

use super::schema::{actors, meeters, meetings, members};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::actors::ActorState;
use crate::domain::meetings::{Meeter, Meeting, MeetingState, Reason};
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

/// A meeting to be.
#[derive(Clone, Debug)]
pub struct NewMeeting {
    /// Made by `Ids`.
    pub id: MeetingId,
    /// The member here.
    pub member_id: ActorId,
    /// Year and month, as 202612.
    pub month: i32,
    /// The other one.
    pub other_id: Option<ActorId>,
    /// The partner that is asked.
    pub host_id: Option<HostId>,
    /// The activity that asks.
    pub uri: Option<String>,
    /// Why.
    pub reason: Reason,
    /// The time proposed.
    pub begins_at: Option<Time>,
    /// Where it stands.
    pub state: MeetingState,
    /// Now.
    pub created_at: Time,
}

type Row = (
    MeetingId,
    ActorId,
    i32,
    Option<ActorId>,
    Option<HostId>,
    Option<String>,
    String,
    Option<Time>,
    MeetingState,
    Time,
);

macro_rules! columns {
    () => {
        (
            meetings::id,
            meetings::member_id,
            meetings::month,
            meetings::other_id,
            meetings::host_id,
            meetings::uri,
            meetings::reason,
            meetings::begins_at,
            meetings::state,
            meetings::created_at,
        )
    };
}

db_fn! {
    /// Wants it, or wants it in another way.
    pub async fn put_meeter(conn, member: ActorId, peers: bool, now: Time) -> usize {
        diesel::insert_into(meeters::table)
            .values((meeters::member_id.eq(member), meeters::peers.eq(peers), meeters::created_at.eq(now)))
            .on_conflict(meeters::member_id)
            .do_update()
            .set(meeters::peers.eq(peers))
            .execute(conn)
            .await
    }

    /// Wants it no longer.
    pub async fn delete_meeter(conn, member: ActorId) -> usize {
        diesel::delete(meeters::table.find(member)).execute(conn).await
    }

    async fn meeter_row(conn, member: ActorId) -> Option<bool> {
        meeters::table.find(member).select(meeters::peers).first(conn).await.optional()
    }

    async fn free_rows(conn, month: i32, limit: i64) -> Vec<(ActorId, bool)> {
        let taken = meetings::table.filter(meetings::month.eq(month)).select(meetings::member_id);
        meeters::table
            .inner_join(members::table.on(members::actor_id.eq(meeters::member_id)))
            .inner_join(actors::table.on(actors::id.eq(meeters::member_id)))
            .filter(actors::state.eq(ActorState::Active).and(members::is_guest.eq(false)))
            .filter(diesel::dsl::not(meeters::member_id.eq_any(taken)))
            .order(meeters::member_id)
            .limit(limit)
            .select((meeters::member_id, meeters::peers))
            .load(conn)
            .await
    }

    /// Adds one; nothing when this member has one in this month.
    pub async fn insert(conn, new: &NewMeeting, reason: &str) -> usize {
        diesel::insert_into(meetings::table)
            .values((
                meetings::id.eq(new.id), meetings::member_id.eq(new.member_id), meetings::month.eq(new.month),
                meetings::other_id.eq(new.other_id), meetings::host_id.eq(new.host_id), meetings::uri.eq(&new.uri),
                meetings::reason.eq(reason), meetings::begins_at.eq(new.begins_at), meetings::state.eq(new.state),
                meetings::created_at.eq(new.created_at),
            ))
            .on_conflict((meetings::member_id, meetings::month))
            .do_nothing()
            .execute(conn)
            .await
    }

    /// A partner found someone.
    pub async fn settle(conn, id: MeetingId, other: ActorId, reason: &str, begins_at: Option<Time>) -> usize {
        diesel::update(meetings::table.find(id).filter(meetings::state.eq(MeetingState::Asked)))
            .set((
                meetings::other_id.eq(other), meetings::reason.eq(reason), meetings::begins_at.eq(begins_at),
                meetings::state.eq(MeetingState::Proposed),
            ))
            .execute(conn)
            .await
    }

    /// Not this month after all.
    pub async fn set_off(conn, id: MeetingId) -> usize {
        diesel::update(meetings::table.find(id)).set(meetings::state.eq(MeetingState::Off)).execute(conn).await
    }

    /// Forgets that a partner is asked for a member.
    pub async fn forget_asked(conn, member: ActorId) -> usize {
        diesel::delete(meetings::table.filter(meetings::member_id.eq(member).and(meetings::state.eq(MeetingState::Asked))))
            .execute(conn)
            .await
    }

    /// Forgets those that a partner did not answer since `before`.
    pub async fn forget_unanswered(conn, before: Time) -> usize {
        diesel::delete(meetings::table.filter(meetings::state.eq(MeetingState::Asked).and(meetings::created_at.lt(before))))
            .execute(conn)
            .await
    }

    async fn rows_of(conn, member: ActorId, limit: i64) -> Vec<Row> {
        meetings::table
            .filter(meetings::member_id.eq(member))
            .order((meetings::month.desc(), meetings::id.desc()))
            .limit(limit)
            .select(columns!())
            .load(conn)
            .await
    }

    async fn row(conn, id: MeetingId) -> Option<Row> {
        meetings::table.find(id).select(columns!()).first(conn).await.optional()
    }

    async fn row_by_uri(conn, uri: &str) -> Option<Row> {
        meetings::table.filter(meetings::uri.eq(uri)).select(columns!()).first(conn).await.optional()
    }

    async fn row_with(conn, member: ActorId, other: ActorId, month: i32) -> Option<Row> {
        meetings::table
            .filter(meetings::member_id.eq(member).and(meetings::month.eq(month)))
            .filter(meetings::other_id.eq(other))
            .select(columns!())
            .first(conn)
            .await
            .optional()
    }

    /// Who of some members met whom since a month.
    pub async fn pairs_since(conn, members: &[ActorId], month: i32) -> Vec<(ActorId, Option<ActorId>)> {
        meetings::table
            .filter(meetings::member_id.eq_any(one_of(members)).and(meetings::month.ge(month)))
            .filter(meetings::state.eq(MeetingState::Proposed))
            .select((meetings::member_id, meetings::other_id))
            .load(conn)
            .await
    }

    /// Whether someone elsewhere was proposed to a member here in a month.
    pub async fn has_met(conn, other: ActorId, month: i32) -> bool {
        let theirs = meetings::table.filter(meetings::other_id.eq(other).and(meetings::month.eq(month)));
        diesel::select(diesel::dsl::exists(theirs)).get_result(conn).await
    }

    /// How many of one server's people were given someone here in a month.
    pub async fn count_from(conn, host: HostId, month: i32) -> i64 {
        meetings::table
            .filter(meetings::host_id.eq(host).and(meetings::month.eq(month)))
            .count()
            .get_result(conn)
            .await
    }
}

async fn all(conn: &mut Conn, rows: Vec<Row>) -> Result<Vec<Meeting>> {
    let ids: Vec<ActorId> = rows.iter().filter_map(|row| row.3).collect();
    let cards = super::actors::cards(conn, &ids).await?;
    let read = |(id, member_id, month, other, host_id, uri, reason, begins_at, state, created_at): Row| Meeting {
        id,
        member_id,
        month,
        other: other.and_then(|other| cards.iter().find(|card| card.id == other).cloned()),
        host_id,
        uri,
        // What an older version wrote there may say less.
        reason: serde_json::from_str(&reason).unwrap_or_default(),
        begins_at,
        state,
        created_at,
    };
    Ok(rows.into_iter().map(read).collect())
}

/// How a member wants to meet people, if they do.
pub async fn meeter(conn: &mut Conn, member: ActorId) -> Result<Option<Meeter>> {
    Ok(meeter_row(conn, member).await?.map(|peers| Meeter { member_id: member, peers }))
}

/// Those who want to meet someone and have nobody in a month.
pub async fn free(conn: &mut Conn, month: i32, limit: i64) -> Result<Vec<Meeter>> {
    let read = |(member_id, peers)| Meeter { member_id, peers };
    Ok(free_rows(conn, month, limit).await?.into_iter().map(read).collect())
}

/// Whom a member was to meet, the last month first.
pub async fn of(conn: &mut Conn, member: ActorId, limit: i64) -> Result<Vec<Meeting>> {
    let rows = rows_of(conn, member, limit).await?;
    all(conn, rows).await
}

/// One, or `NotFound`.
pub async fn get(conn: &mut Conn, id: MeetingId) -> Result<Meeting> {
    let row = row(conn, id).await?.ok_or(Error::NotFound)?;
    all(conn, vec![row]).await?.pop().ok_or(Error::NotFound)
}

/// The one that an activity asked for.
pub async fn find_by_uri(conn: &mut Conn, uri: &str) -> Result<Option<Meeting>> {
    let row = row_by_uri(conn, uri).await?;
    Ok(all(conn, row.into_iter().collect()).await?.pop())
}

/// The other side of one, when both are here.
pub async fn find_with(conn: &mut Conn, member: ActorId, other: ActorId, month: i32) -> Result<Option<Meeting>> {
    let row = row_with(conn, member, other, month).await?;
    Ok(all(conn, row.into_iter().collect()).await?.pop())
}
