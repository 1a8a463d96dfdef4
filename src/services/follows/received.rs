//! What actors elsewhere ask and answer.

use std::collections::{BTreeMap, BTreeSet};

use super::{Admitted, admit, apply_ban, begin, end, forget_asking, log, settled};
use crate::base::*;
use crate::domain::actors::{Actor, ActorState};
use crate::domain::events::Event;
use crate::domain::groups::{Follow, FollowState, Group, GroupRole, Notify};
use crate::domain::moderation::ModAction;
use crate::policy::{self, Entrance, InGroup};
use crate::services::ctx::emit;
use crate::services::{Ctx, moving};
use crate::store::{self, Conn};

/// An actor elsewhere asks to follow someone or join a group here. Repeating it answers again (INTEROP D55). `along`: they are
/// in the group elsewhere that goes on as this one.
///
/// # Errors
/// `NotFound` or `Forbidden` when it is refused: the caller sends a Reject.
pub async fn received_request(
    ctx: &Ctx,
    follower: &Actor,
    target: &Actor,
    uri: &str,
    peer: bool,
    along: bool,
) -> Result<FollowState> {
    let (ctx, follower, target, uri) = (ctx.clone(), follower.clone(), target.clone(), uri.to_owned());
    let state = ctx.gathered.requests.one(Requested { ctx: ctx.clone(), follower, target, uri, peer, along }).await??;
    ctx.wake.now();
    Ok(state)
}

/// A request of an actor elsewhere.
#[derive(Clone)]
pub(in crate::services) struct Requested {
    ctx: Ctx,
    follower: Actor,
    target: Actor,
    uri: String,
    peer: bool,
    along: bool,
}

/// Takes requests that come at the same time. What is refused is told of each; any other error is one of all.
pub(in crate::services) async fn receive_all(conn: &mut Conn, all: Vec<Requested>) -> Result<Vec<Result<FollowState>>> {
    let mut receiving = Receiving::begin(conn, &all).await?;
    let mut order: Vec<usize> = (0..all.len()).collect();
    // All who write the same do so in one order, or two could wait for each other.
    order.sort_by_key(|place| (all[*place].follower.id, all[*place].target.id));
    let mut states: BTreeMap<usize, Result<FollowState>> = BTreeMap::new();
    for place in order {
        states.insert(place, receiving.receive(conn, &all[place]).await?);
    }
    if let Some(one) = all.first() {
        receiving.admitted.write(conn, &one.ctx).await?;
    }
    Ok(states.into_values().collect())
}

/// What is known of several requests while they are taken.
struct Receiving {
    follows: BTreeMap<(ActorId, ActorId), Follow>,
    groups: BTreeMap<ActorId, Group>,
    /// Members here who went on as one of those who ask.
    gone: Vec<(ActorId, Option<String>)>,
    admitted: Admitted,
}

impl Receiving {
    async fn begin(conn: &mut Conn, all: &[Requested]) -> Result<Self> {
        let pairs: BTreeSet<_> = all.iter().map(|one| (one.follower.id, one.target.id)).collect();
        let follows = store::follows::between(conn, &pairs.iter().copied().collect::<Vec<_>>()).await?;
        let targets: BTreeSet<ActorId> = pairs.iter().map(|(_, target)| *target).collect();
        let groups = store::groups::list(conn, &targets.into_iter().collect::<Vec<_>>()).await?;
        let uris: Vec<String> = all.iter().map(|one| one.follower.uri.clone()).collect();
        Ok(Self {
            follows: follows.into_iter().map(|follow| ((follow.follower_id, follow.target_id), follow)).collect(),
            groups: groups.into_iter().map(|group| (group.actor_id, group)).collect(),
            gone: store::aliases::gone_to(conn, &uris).await?,
            admitted: Admitted::default(),
        })
    }

    async fn receive(&mut self, conn: &mut Conn, one: &Requested) -> Result<Result<FollowState>> {
        let Requested { ctx, follower, target, .. } = one;
        let pair = (follower.id, target.id);
        let held = self.follows.get(&pair).cloned();
        let mut follow = begin(ctx, follower.id, target.id, FollowState::Requested, Some(one.uri.clone()));
        if let Some(held) = &held {
            follow.id = held.id;
            follow.role = held.role;
        }
        // Who was only named a moderator comes in like anybody else.
        let old = held.filter(|held| !held.is_in_name_only());
        let group = self.groups.get(&target.id);
        let entrance = match entrance(conn, one, group, old.as_ref()).await {
            Ok(entrance) => entrance,
            // Nothing was written yet.
            Err(refused @ (Error::NotFound | Error::Forbidden { .. })) => return Ok(Err(refused)),
            Err(other) => return Err(other),
        };
        if entrance == Entrance::Open {
            let held = self.admitted.add(ctx, follow, follower, old.as_ref(), group)?;
            self.follows.insert(pair, held);
            if group.is_some() && old.as_ref().is_some_and(|old| old.state == FollowState::Requested) {
                settled(conn, ctx, old.as_ref()).await?;
            }
            if !old.as_ref().is_some_and(Follow::is_member) {
                let gone = self.gone.iter().filter(|(_, to)| to.as_ref() == Some(&follower.uri));
                moving::give_up_seats(conn, gone.map(|(member, _)| *member), target.id).await?;
            }
            return Ok(Ok(FollowState::Accepted));
        }
        let asked = store::groups::upsert_follow(conn, &follow).await?;
        self.follows.insert(pair, asked);
        emit(conn, &ctx.ids, ctx.now(), &Event::FollowRequested { follower: follower.id, target: target.id }).await?;
        Ok(Ok(FollowState::Requested))
    }
}

/// Whether an actor elsewhere comes in at once. A member does, again.
async fn entrance(conn: &mut Conn, one: &Requested, group: Option<&Group>, old: Option<&Follow>) -> Result<Entrance> {
    let Requested { ctx, follower, target, peer, along, .. } = one;
    if target.state != ActorState::Active || !target.is_local() {
        return Err(Error::NotFound);
    }
    if old.is_some_and(Follow::is_member) {
        return Ok(Entrance::Open);
    }
    match group {
        Some(group) if policy::stands_for_members(follower, group) => {
            let at = InGroup { group, local: true, follow: old, now: ctx.now() };
            policy::check_server_joins(at, *peer)
        }
        Some(group) => {
            let at = InGroup { group, local: true, follow: old, now: ctx.now() };
            match along {
                true => policy::check_come_along(at, false, false, *peer),
                false => policy::check_join(at, false, false, *peer),
            }
        }
        None if blocked_by(conn, target.id, follower.id).await? => Err(Error::NotFound),
        None if target.locked => Ok(Entrance::Request),
        None => Ok(Entrance::Open),
    }
}

async fn blocked_by(conn: &mut Conn, member: ActorId, target: ActorId) -> Result<bool> {
    store::moderation::is_blocked(conn, member, target).await
}

/// Whether this is no member but our server, which is in network groups of partners for all of them.
async fn is_server(conn: &mut Conn, follower: ActorId) -> Result<bool> {
    Ok(store::actors::get(conn, follower).await?.is_server())
}

/// A peer accepted a request of a member here.
pub async fn received_accept(ctx: &Ctx, follower: ActorId, target: ActorId) -> Result<()> {
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let actor = store::actors::get(conn, target).await?;
                match store::groups::find_follow(conn, follower, target).await? {
                    Some(follow) if matches!(follow.state, FollowState::Requested | FollowState::Invited) => {
                        admit(conn, &c, follow, &actor).await?;
                        if is_server(conn, follower).await? {
                            store::memberships::open_group_there(conn, target).await?;
                        }
                        store::memberships::confirm(conn, follower, target, c.now()).await?;
                        Ok(())
                    }
                    // Repeated, or never asked: nothing to do.
                    _ => Ok(()),
                }
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// A peer refused a request or took a member out. A ban outlives both: only its end lets somebody ask again.
pub async fn received_reject(ctx: &Ctx, follower: ActorId, target: ActorId) -> Result<()> {
    ended_there(ctx, follower, target, |follow| follow.state != FollowState::Banned).await
}

/// A peer, asked, does not know someone as a member. What was asked or said while the answer was on its way stays.
pub async fn received_absence(ctx: &Ctx, follower: ActorId, target: ActorId) -> Result<()> {
    ended_there(ctx, follower, target, Follow::is_member).await
}

async fn ended_there(ctx: &Ctx, follower: ActorId, target: ActorId, concerns: fn(&Follow) -> bool) -> Result<()> {
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let held = store::groups::find_follow(conn, follower, target).await?;
                let Some(follow) = held.filter(concerns) else { return Ok(()) };
                end(conn, follower, target).await?;
                if is_server(conn, follower).await? {
                    store::memberships::close_group_there(conn, target).await?;
                }
                let uri = follow.uri.unwrap_or_default();
                emit(conn, &c.ids, c.now(), &Event::FollowRejected { follower, target, uri }).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// An actor elsewhere stopped following, or left, or asks no more.
pub async fn received_undo(ctx: &Ctx, follower: ActorId, target: ActorId) -> Result<()> {
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                store::notice_followers::remove(conn, target, follower).await?;
                let Some(follow) = end(conn, follower, target).await? else { return Ok(()) };
                settled(conn, &c, Some(&follow)).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// Somebody elsewhere who keeps order in a group keeps a person out of it, or lets them in again.
pub async fn received_ban(
    ctx: &Ctx,
    (group, who): (ActorId, ActorId),
    by: ActorId,
    ban: bool,
    until: Option<Time>,
    reason: &str,
) -> Result<()> {
    let (c, reason) = (ctx.clone(), reason.to_owned());
    let write = ctx.db.write(move |conn| {
        Box::pin(async move {
            let banned = |follow: Option<Follow>| follow.is_some_and(|follow| follow.state == FollowState::Banned);
            let before = banned(store::groups::find_follow(conn, who, group).await?);
            apply_ban(conn, &c, group, who, ban, until, &reason).await?;
            if before == ban {
                return Ok(());
            }
            let action = if ban { ModAction::Ban } else { ModAction::Unban };
            log(conn, &c, Some(group), by, action, Some(who), None, &reason).await
        })
    });
    write.await
}

/// Somebody keeps order in a group from now on, or no longer. Who is not a member here becomes one in name only. `by` stands in the
/// log; nobody does where the list of a group was only read.
pub async fn received_role(
    ctx: &Ctx,
    (group, who): (ActorId, ActorId),
    by: Option<ActorId>,
    moderator: bool,
) -> Result<()> {
    let c = ctx.clone();
    let write = ctx.db.write(move |conn| {
        Box::pin(async move {
            let known = store::groups::find_follow(conn, who, group).await?;
            let role = if moderator { GroupRole::Moderator } else { GroupRole::Member };
            let mut follow = match known {
                Some(follow) if follow.role == GroupRole::Owner || follow.role == role => return Ok(()),
                Some(follow) => follow,
                None if !moderator => return Ok(()),
                // Members here are in a group by their own word alone.
                None if store::actors::get(conn, who).await?.is_local() => return Ok(()),
                None => Follow { notify: Notify::None, ..begin(&c, who, group, FollowState::Accepted, None) },
            };
            follow.role = role;
            store::groups::upsert_follow(conn, &follow).await?;
            if !moderator {
                forget_asking(conn, group).await?;
            }
            match by {
                Some(by) => log(conn, &c, Some(group), by, ModAction::Role, Some(who), None, role.as_str()).await,
                None => Ok(()),
            }
        })
    });
    write.await
}
