//! A group that becomes another kind: who reads what was written, and who stays.

use crate::base::*;
use crate::domain::audiences::Audience;
use crate::domain::events::Event;
use crate::domain::groups::{Group, GroupKind};
use crate::domain::peers::PeerScope;
use crate::services::ctx::emit;
use crate::services::{Ctx, follows};
use crate::store::{self, Conn};

/// Narrowing changes the audience of every post; widening makes a new one for posts to come.
pub(super) async fn change_kind(conn: &mut Conn, ctx: &Ctx, group: &mut Group, kind: GroupKind) -> Result<()> {
    if group.kind == GroupKind::Network {
        end_servers(conn, ctx, group.actor_id).await?;
    }
    if kind.is_narrower_than(group.kind) {
        if group.kind == GroupKind::Network {
            end_strangers(conn, ctx, group.actor_id).await?;
        }
        for audience in store::groups::audiences_of(conn, group.actor_id).await? {
            if audience.scope < kind.scope() {
                // Those who are in keep what they could read until now.
                let local_only = !audience.scope.is_open();
                store::groups::copy_readers(conn, group.audience_id, audience.id, local_only).await?;
                store::groups::set_scope(conn, audience.id, kind.scope()).await?;
            }
        }
        group.kind = kind;
        return close_to_strangers(conn, group).await;
    }
    let audience = Audience { id: AudienceId(ctx.ids.next()), scope: kind.scope(), owner_id: group.actor_id };
    store::groups::insert_audience(conn, &audience).await?;
    store::groups::copy_readers(conn, group.audience_id, audience.id, false).await?;
    group.audience_id = audience.id;
    group.kind = kind;
    close_to_strangers(conn, group).await
}

/// What is under agreements is for those who have one, whoever is a member.
async fn close_to_strangers(conn: &mut Conn, group: &Group) -> Result<()> {
    for host in store::memberships::hosts_in_network(conn, group.actor_id).await? {
        if !store::federation::get_host(conn, host).await?.agreed(PeerScope::Network) {
            store::memberships::close_network(conn, host, Some(group.actor_id)).await?;
        }
    }
    Ok(())
}

/// A group that closes keeps those who are in: not those who were kept out of it without an agreement.
async fn end_strangers(conn: &mut Conn, ctx: &Ctx, group: ActorId) -> Result<()> {
    for host in store::memberships::hosts_of_members(conn, group).await? {
        if store::federation::get_host(conn, host).await?.agreed(PeerScope::Network) {
            continue;
        }
        for (member, _) in store::memberships::members_at(conn, group, host).await? {
            if let Some(follow) = follows::end(conn, member, group).await? {
                let uri = follow.uri.unwrap_or_default();
                let event = Event::FollowRejected { follower: member, target: group, uri };
                emit(conn, &ctx.ids, ctx.now(), &event).await?;
            }
        }
    }
    Ok(())
}

/// Servers were in the group for their members, who from now on come in one by one, or read it anyway.
async fn end_servers(conn: &mut Conn, ctx: &Ctx, group: ActorId) -> Result<()> {
    for server in store::memberships::servers_in(conn, group).await? {
        if let Some(follow) = follows::end(conn, server, group).await? {
            let uri = follow.uri.unwrap_or_default();
            emit(conn, &ctx.ids, ctx.now(), &Event::FollowRejected { follower: server, target: group, uri }).await?;
        }
    }
    Ok(())
}
