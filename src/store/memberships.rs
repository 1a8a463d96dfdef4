//! Who is a member of which group elsewhere, and when its host last said so.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::groups::no_server;
use super::schema::{actors, audiences, follows, groups, readers};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::actors::ActorState;
use crate::domain::audiences::Scope;
use crate::domain::groups::{FollowState, GroupKind, GroupRole};
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

/// Moderators of a group who read it.
macro_rules! deciding {
    ($group:expr) => {
        follows::table
            .inner_join(groups::table.on(groups::actor_id.eq(follows::target_id)))
            .inner_join(
                readers::table
                    .on(readers::audience_id.eq(groups::audience_id).and(readers::actor_id.eq(follows::follower_id))),
            )
            .filter(follows::target_id.eq($group).and(follows::state.eq(FollowState::Accepted)))
            .filter(follows::role.ne(GroupRole::Member))
    };
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

    /// Groups of another server, with the audiences in which they wrote for partners, also while they are another kind by now.
    async fn network_there(conn, host: HostId) -> Vec<(ActorId, AudienceId)> {
        groups::table
            .inner_join(actors::table.on(actors::id.eq(groups::actor_id)))
            .inner_join(audiences::table.on(audiences::owner_id.eq(groups::actor_id)))
            .filter(actors::host_id.eq(host))
            .filter(audiences::scope.eq(Scope::Network))
            .select((groups::actor_id, audiences::id))
            .load(conn)
            .await
    }

    /// Those whose audience of today is closed.
    async fn current_there(conn, host: HostId) -> Vec<(ActorId, AudienceId)> {
        groups::table
            .inner_join(actors::table.on(actors::id.eq(groups::actor_id)))
            .inner_join(audiences::table.on(audiences::id.eq(groups::audience_id)))
            .filter(actors::host_id.eq(host).and(groups::kind.eq(GroupKind::Network)))
            .filter(audiences::scope.eq(Scope::Readers))
            .select((groups::actor_id, audiences::id))
            .load(conn)
            .await
    }

    /// The audiences in which a group wrote for partners.
    async fn network_audiences_of(conn, group: ActorId) -> Vec<AudienceId> {
        audiences::table
            .filter(audiences::owner_id.eq(group).and(audiences::scope.eq(Scope::Network)))
            .select(audiences::id)
            .load(conn)
            .await
    }

    /// Its audience of today, if it is a network group that is closed here.
    async fn current_of(conn, group: ActorId) -> Option<AudienceId> {
        groups::table
            .inner_join(audiences::table.on(audiences::id.eq(groups::audience_id)))
            .filter(groups::actor_id.eq(group).and(groups::kind.eq(GroupKind::Network)))
            .filter(audiences::scope.eq(Scope::Readers))
            .select(audiences::id)
            .first(conn)
            .await
            .optional()
    }

    async fn open_or_close(conn, of: &[AudienceId], scope: Scope) -> usize {
        diesel::update(audiences::table.filter(audiences::id.eq_any(one_of(of))))
            .set(audiences::scope.eq(scope))
            .execute(conn)
            .await
    }

    async fn hide(conn, of: &[ActorId], hidden: bool) -> usize {
        diesel::update(groups::table.filter(groups::actor_id.eq_any(one_of(of)).and(groups::hidden.ne(hidden))))
            .set(groups::hidden.eq(hidden))
            .execute(conn)
            .await
    }

    /// Network groups of another server that are known here.
    async fn network_groups_of(conn, host: HostId) -> Vec<ActorId> {
        groups::table
            .inner_join(actors::table.on(actors::id.eq(groups::actor_id)))
            .filter(actors::host_id.eq(host).and(groups::kind.eq(GroupKind::Network)))
            .select(groups::actor_id)
            .load(conn)
            .await
    }

    /// Servers that are in a group for their members.
    pub async fn servers_in(conn, group: ActorId) -> Vec<ActorId> {
        follows::table
            .inner_join(actors::table.on(actors::id.eq(follows::follower_id)))
            .filter(follows::target_id.eq(group))
            .filter(diesel::dsl::not(no_server()))
            .select(actors::id)
            .load(conn)
            .await
    }

    /// Who decides about who comes into a group: moderators who read it. Who was only named one, or lives on a server whose
    /// agreement ended, does not.
    pub async fn deciding(conn, group: ActorId) -> Vec<ActorId> {
        deciding!(group).order(follows::id).select(follows::follower_id).load(conn).await
    }

    /// Whether someone at a host does; this server is `HostId::LOCAL`.
    pub async fn host_decides(conn, group: ActorId, host: HostId) -> bool {
        diesel::select(exists(deciding!(group).filter(readers::host_id.eq(host)))).get_result(conn).await
    }

    /// Forgets who of elsewhere asks into a group elsewhere: nobody here decides about it any more.
    pub async fn forget_asking(conn, group: ActorId) -> usize {
        let elsewhere = actors::table.filter(actors::host_id.ne(HostId::LOCAL)).select(actors::id);
        diesel::delete(
            follows::table
                .filter(follows::target_id.eq(group).and(follows::state.eq(FollowState::Requested)))
                .filter(follows::follower_id.eq_any(elsewhere)),
        )
        .execute(conn)
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

/// Lists those network groups of another server that it tells of, and no other.
pub async fn list_there(conn: &mut Conn, host: HostId, told: &[ActorId]) -> Result<()> {
    let (listed, others): (Vec<_>, Vec<_>) =
        network_groups_of(conn, host).await?.into_iter().partition(|group| told.contains(group));
    hide(conn, &listed, false).await?;
    hide(conn, &others, true).await.map(|_| ())
}

/// Opens what network groups of another server wrote to members here, and lists these groups.
pub async fn open_network_there(conn: &mut Conn, host: HostId) -> Result<()> {
    // What is for its readers alone of old was so by the group's own choice, and stays so.
    let (mut groups, mut audiences) = (Vec::new(), Vec::new());
    for (group, audience) in current_there(conn, host).await? {
        let inside = members_at(conn, group, HostId::LOCAL).await?;
        if inside.is_empty() {
            // It closed to us meanwhile, and opens when our server is let in again.
            continue;
        }
        for (member, _) in inside {
            add_to(conn, audience, member).await?;
        }
        groups.push(group);
        audiences.push(audience);
    }
    open_or_close(conn, &audiences, Scope::Network).await?;
    hide(conn, &groups, false).await.map(|_| ())
}

/// Closes it: who is a member stays one, and reads again when it is agreed again.
pub async fn close_network_there(conn: &mut Conn, host: HostId) -> Result<()> {
    let open = network_there(conn, host).await?;
    let (_, audiences): (Vec<_>, Vec<_>) = open.into_iter().unzip();
    open_or_close(conn, &audiences, Scope::Readers).await?;
    take_out(conn, &audiences, HostId::LOCAL).await?;
    let groups = network_groups_of(conn, host).await?;
    hide(conn, &groups, true).await.map(|_| ())
}

/// Closes what a network group of another server wrote to all here but those who joined it: our server is in it for members no
/// more.
pub async fn close_group_there(conn: &mut Conn, group: ActorId) -> Result<()> {
    let open = network_audiences_of(conn, group).await?;
    open_or_close(conn, &open, Scope::Readers).await?;
    hide(conn, &[group], true).await.map(|_| ())
}

/// Opens it to them: our server was let in.
pub async fn open_group_there(conn: &mut Conn, group: ActorId) -> Result<()> {
    let closed = current_of(conn, group).await?;
    open_or_close(conn, closed.as_slice(), Scope::Network).await?;
    hide(conn, &[group], false).await.map(|_| ())
}
