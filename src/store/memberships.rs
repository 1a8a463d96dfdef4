//! Who is a member of which group elsewhere, and when its host last said so.

use diesel::prelude::*;

use super::schema::{actors, audiences, follows, groups, readers};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::actors::ActorState;
use crate::domain::audiences::Scope;
use crate::domain::groups::{FollowState, GroupKind};
use crate::store::among::one_of;
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

    /// Audiences of network groups of ours, also of those that are another kind by now, with the group.
    async fn network_audiences(conn) -> Vec<(AudienceId, ActorId)> {
        audiences::table
            .inner_join(actors::table.on(actors::id.eq(audiences::owner_id)))
            .filter(audiences::scope.eq(Scope::Network).and(actors::host_id.eq(HostId::LOCAL)))
            .select((audiences::id, actors::id))
            .load(conn)
            .await
    }

    /// Other servers with a member of a group.
    pub async fn hosts_of_members(conn, group: ActorId) -> Vec<HostId> {
        follows::table
            .inner_join(actors::table.on(actors::id.eq(follows::follower_id)))
            .filter(follows::target_id.eq(group).and(follows::state.eq(FollowState::Accepted)))
            .filter(actors::host_id.ne(HostId::LOCAL))
            .select(actors::host_id)
            .distinct()
            .load(conn)
            .await
    }

    /// Other servers with somebody who reads what a group wrote under agreements.
    pub async fn hosts_in_network(conn, group: ActorId) -> Vec<HostId> {
        let theirs = audiences::table
            .filter(audiences::owner_id.eq(group).and(audiences::scope.eq(Scope::Network)))
            .select(audiences::id);
        readers::table
            .filter(readers::audience_id.eq_any(theirs).and(readers::host_id.ne(HostId::LOCAL)))
            .select(readers::host_id)
            .distinct()
            .load(conn)
            .await
    }

    async fn take_out(conn, of: &[AudienceId], host: HostId) -> usize {
        diesel::delete(readers::table.filter(readers::audience_id.eq_any(one_of(of)).and(readers::host_id.eq(host))))
            .execute(conn)
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

/// Opens what network groups of ours wrote under agreements to the members that live on a host.
pub async fn open_network(conn: &mut Conn, host: HostId) -> Result<()> {
    for (audience, group) in network_audiences(conn).await? {
        for (member, _) in members_at(conn, group, host).await? {
            super::groups::add_reader(conn, audience, member, host).await?;
        }
    }
    Ok(())
}

/// Closes it to them, or only what one group wrote; they stay members.
pub async fn close_network(conn: &mut Conn, host: HostId, only: Option<ActorId>) -> Result<()> {
    let mut audiences = network_audiences(conn).await?;
    audiences.retain(|(_, group)| only.is_none_or(|only| only == *group));
    let audiences: Vec<AudienceId> = audiences.into_iter().map(|(audience, _)| audience).collect();
    take_out(conn, &audiences, host).await.map(|_| ())
}
