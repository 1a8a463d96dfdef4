//! Who is a member of which group elsewhere, and when its host last said so.

use diesel::prelude::*;

use super::schema::{actors, audiences, follows, groups, readers};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::actors::ActorState;
use crate::domain::audiences::Scope;
use crate::domain::groups::{FollowState, GroupKind};
use crate::store::query::RunQueryDsl;

/// A membership here of a closed group elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub struct Abroad {
    /// Our id of the membership.
    pub id: FollowId,
    /// The member.
    pub member: ActorId,
    /// The group.
    pub group: ActorId,
    /// When the group's host last said that it holds, in microseconds.
    pub confirmed_at: Option<i64>,
    /// When it was asked for, in microseconds.
    pub created_at: i64,
}

impl Abroad {
    /// Since when nothing was heard.
    pub fn silent_since(&self) -> Time {
        Time::from_micros(self.confirmed_at.unwrap_or(self.created_at))
    }
}

db_fn! {
    /// The members of a group that live on one host: our id and ActivityPub id.
    pub async fn members_at(conn, group: ActorId, host: HostId) -> Vec<(ActorId, String)> {
        follows::table
            .inner_join(actors::table.on(actors::id.eq(follows::follower_id)))
            .filter(follows::target_id.eq(group).and(follows::state.eq(FollowState::Accepted)))
            .filter(actors::host_id.eq(host).and(actors::state.eq(ActorState::Active)))
            .order(actors::uri)
            .select((actors::id, actors::uri))
            .load(conn)
            .await
    }

    /// Memberships of people here in closed groups elsewhere, after `after`.
    pub async fn abroad(conn, after: FollowId, limit: i64) -> Vec<Abroad> {
        let closed = groups::table.filter(groups::kind.ne(GroupKind::Public)).select(groups::actor_id);
        let home = diesel::alias!(actors as home);
        let theirs = home.filter(home.field(actors::host_id).ne(HostId::LOCAL)).select(home.field(actors::id));
        follows::table
            .inner_join(actors::table.on(actors::id.eq(follows::follower_id)))
            .filter(actors::host_id.eq(HostId::LOCAL).and(actors::state.eq(ActorState::Active)))
            .filter(follows::state.eq(FollowState::Accepted).and(follows::id.gt(after)))
            .filter(follows::target_id.eq_any(closed).and(follows::target_id.eq_any(theirs)))
            .order(follows::id)
            .limit(limit)
            .select((follows::id, follows::follower_id, follows::target_id, follows::confirmed_at, follows::created_at))
            .load(conn)
            .await
    }

    /// Notes that the host of a group calls someone a member.
    pub async fn confirm(conn, member: ActorId, group: ActorId, at: Time) -> usize {
        diesel::update(follows::table.filter(follows::follower_id.eq(member).and(follows::target_id.eq(group))))
            .set(follows::confirmed_at.eq(at.micros()))
            .execute(conn)
            .await
    }

    /// The audiences of a group that only its members read.
    async fn closed_audiences(conn, group: ActorId) -> Vec<AudienceId> {
        audiences::table
            .filter(audiences::owner_id.eq(group).and(audiences::scope.eq(Scope::Readers)))
            .select(audiences::id)
            .load(conn)
            .await
    }

    async fn add_to(conn, audience: AudienceId, member: ActorId) -> usize {
        diesel::insert_into(readers::table)
            .values((readers::audience_id.eq(audience), readers::actor_id.eq(member), readers::host_id.eq(HostId::LOCAL)))
            .on_conflict_do_nothing()
            .execute(conn)
            .await
    }
}

/// Lets a member here read again what was hidden from them in silence.
pub async fn show_again(conn: &mut Conn, member: ActorId, group: ActorId) -> Result<()> {
    for audience in closed_audiences(conn, group).await? {
        add_to(conn, audience, member).await?;
    }
    Ok(())
}
