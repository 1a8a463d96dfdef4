//! Who comes into a group is decided by its moderators, wherever they live; it is done where the group is. A moderator of a group
//! elsewhere tells its host.

use super::{admit, begin, end, log, moderated, offer, settled};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::Actor;
use crate::domain::events::Event;
use crate::domain::groups::{Follow, FollowState, Group, GroupRole, Notify};
use crate::domain::moderation::ModAction;
use crate::domain::peers::PeerScope;
use crate::policy;
use crate::services::Ctx;
use crate::services::ctx::emit;
use crate::store::{self, Conn};

/// What a moderator decided about somebody who asks into a group, or is in it.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Which group.
    pub group: ActorId,
    /// About whom.
    pub follower: ActorId,
    /// Let in; else refused, or taken out.
    pub yes: bool,
    /// Why not.
    pub reason: String,
}

/// A moderator lets someone in who asked.
///
/// # Errors
/// `NotFound` when nobody asked, `Forbidden` for who is no moderator.
pub async fn accept(ctx: &Ctx, viewer: &Viewer, group: ActorId, follower: ActorId) -> Result<()> {
    decide(ctx, viewer, Decision { group, follower, yes: true, reason: String::new() }).await
}

/// A moderator refuses someone who asked, or takes a member out.
///
/// # Errors
/// `Forbidden` when the one to go owns the group; else as [`accept`].
pub async fn reject(ctx: &Ctx, viewer: &Viewer, group: ActorId, follower: ActorId, reason: &str) -> Result<()> {
    decide(ctx, viewer, Decision { group, follower, yes: false, reason: reason.to_owned() }).await
}

async fn decide(ctx: &Ctx, viewer: &Viewer, decision: Decision) -> Result<()> {
    let by = viewer.member_id()?;
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let (_, group, _) = moderated(conn, &c, &viewer, decision.group).await?;
                let follow = held(conn, &decision).await?;
                if group.is_local() {
                    settle(conn, &c, &group, by, decision, follow).await
                } else {
                    tell_host(conn, &c, by, decision, follow).await
                }
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// The host of a group elsewhere asks its moderators here about somebody.
///
/// # Errors
/// `NotFound` about one of ours who did not ask: they do so by their own word alone.
pub async fn received_offer(
    ctx: &Ctx,
    follower: &Actor,
    group: ActorId,
    uri: Option<&str>,
    note: String,
) -> Result<()> {
    let (c, follower) = (ctx.clone(), follower.clone());
    let mut asked = begin(ctx, follower.id, group, FollowState::Requested, uri.map(str::to_owned));
    (asked.notify, asked.reason) = (Notify::None, note);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let held = store::groups::find_follow(conn, follower.id, group).await?;
                let waits = held.as_ref().is_some_and(|held| held.state == FollowState::Requested);
                match held {
                    _ if follower.is_local() && !waits => return Err(Error::NotFound),
                    Some(_) if !waits => return Ok(()),
                    _ if follower.is_local() => {}
                    held => {
                        // Asked again, it is another Follow.
                        asked.id = held.map_or(asked.id, |held| held.id);
                        store::groups::upsert_follow(conn, &asked).await?;
                    }
                }
                emit(conn, &c.ids, c.now(), &Event::JoinOffered { follower: follower.id, group }).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// A moderator elsewhere decided about a group here; that they are one is for the caller to check.
///
/// # Errors
/// `NotFound` when there is nothing to decide, `Forbidden` when the one to go owns the group.
pub async fn received_decision(ctx: &Ctx, group: &Actor, by: ActorId, decision: Decision) -> Result<()> {
    let (c, group) = (ctx.clone(), group.clone());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let follow = held(conn, &decision).await?;
                settle(conn, &c, &group, by, decision, follow).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

async fn held(conn: &mut Conn, decision: &Decision) -> Result<Follow> {
    store::groups::find_follow(conn, decision.follower, decision.group).await?.ok_or(Error::NotFound)
}

/// Does what was decided, in a group here.
async fn settle(
    conn: &mut Conn,
    ctx: &Ctx,
    group: &Actor,
    by: ActorId,
    decision: Decision,
    follow: Follow,
) -> Result<()> {
    let (asked, follower) = (follow.state == FollowState::Requested, follow.follower_id);
    let (uri, member) = (follow.uri.clone().unwrap_or_default(), follow.is_member());
    settled(conn, ctx, Some(&follow)).await?;
    if decision.yes {
        if !asked {
            return Ok(());
        }
        admit(conn, ctx, follow, group).await?;
    } else {
        check_may_go(&follow)?;
        if end(conn, follower, group.id).await?.is_none() {
            return Err(Error::NotFound);
        }
        let rejected = Event::FollowRejected { follower, target: group.id, uri };
        emit(conn, &ctx.ids, ctx.now(), &rejected).await?;
    }
    let action = action(decision.yes, member);
    log(conn, ctx, Some(group.id), by, action, Some(follower), None, &decision.reason).await
}

/// Has it done where the group is. Whoever lives elsewhere is known here for asking, and that is over; of a member here the group's
/// host tells what became of them.
async fn tell_host(conn: &mut Conn, ctx: &Ctx, by: ActorId, decision: Decision, follow: Follow) -> Result<()> {
    let Decision { group, follower, yes, reason } = decision;
    let (asked, member) = (follow.state == FollowState::Requested, follow.is_member());
    if yes && !asked {
        return Ok(());
    }
    if !yes {
        check_may_go(&follow)?;
    }
    let uri = follow.uri.unwrap_or_default();
    let told = Event::JoinDecided { moderator: by, follower, group, uri, yes, reason: reason.clone() };
    emit(conn, &ctx.ids, ctx.now(), &told).await?;
    if asked && !store::actors::get(conn, follower).await?.is_local() {
        end(conn, follower, group).await?;
    }
    log(conn, ctx, Some(group), by, action(yes, member), Some(follower), None, &reason).await
}

fn check_may_go(follow: &Follow) -> Result<()> {
    if follow.is_member() && follow.role == GroupRole::Owner {
        return Err(Error::forbidden("error-owner-stays"));
    }
    Ok(())
}

fn action(yes: bool, member: bool) -> ModAction {
    match (yes, member) {
        (true, _) => ModAction::Admit,
        (false, false) => ModAction::Refuse,
        (false, true) => ModAction::RemoveMember,
    }
}

/// A moderator invites someone known here (or elsewhere) to a group.
///
/// # Errors
/// `Forbidden` for who is no moderator, and where the group takes nobody from there.
pub async fn invite(ctx: &Ctx, viewer: &Viewer, group: ActorId, invited: ActorId) -> Result<()> {
    let by = viewer.member_id()?;
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let (facts, actor, _) = moderated(conn, &c, &viewer, group).await?;
                if actor.is_local() {
                    let person = store::actors::get(conn, invited).await?;
                    return ask_in(conn, &c, (&facts, &actor), &person, by).await;
                }
                let wanted = Event::InviteWanted { actor: invited, group, moderator: by };
                emit(conn, &c.ids, c.now(), &wanted).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// A moderator elsewhere invites someone to a group here; that they are one is for the caller to check. Whom the group keeps out is
/// let in again by its own moderators alone.
///
/// # Errors
/// `Forbidden` where the group takes nobody from there.
pub async fn received_invite(ctx: &Ctx, group: &Actor, by: ActorId, invited: &Actor) -> Result<()> {
    let (c, group, invited) = (ctx.clone(), group.clone(), invited.clone());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let (facts, actor, held) = store::groups::get_with(conn, group.id, Some(invited.id)).await?;
                if held.is_some_and(|held| matches!(held.state, FollowState::Banned | FollowState::Invited)) {
                    return Ok(());
                }
                ask_in(conn, &c, (&facts, &actor), &invited, by).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

async fn ask_in(
    conn: &mut Conn,
    ctx: &Ctx,
    (facts, group): (&Group, &Actor),
    person: &Actor,
    by: ActorId,
) -> Result<()> {
    if !person.is_local() {
        let host = store::federation::get_host(conn, person.host_id).await?;
        if !policy::takes_outsiders(facts, host.shares(PeerScope::Network)) {
            return Err(Error::forbidden("error-no-outside-members"));
        }
    }
    match store::groups::find_follow(conn, person.id, group.id).await? {
        Some(follow) if follow.state == FollowState::Requested => {
            settled(conn, ctx, Some(&follow)).await?;
            admit(conn, ctx, follow, group).await?;
            log(conn, ctx, Some(group.id), by, ModAction::Admit, Some(person.id), None, "").await
        }
        Some(follow) if follow.is_member() => Ok(()),
        _ => offer(conn, ctx, group.id, (person.id, GroupRole::Member), by).await,
    }
}
