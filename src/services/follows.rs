//! Following people and joining groups: one state machine for both, for members here and actors elsewhere.

mod bare;
mod decided;
mod received;

pub use bare::{end_notices, notice, received_bare_follow};
pub use decided::{Decision, accept, invite, received_decision, received_invite, received_offer, reject};
pub(super) use received::{Requested, receive_all};
pub use received::{
    received_absence, received_accept, received_ban, received_reject, received_request, received_role, received_undo,
};

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::base::*;
use crate::domain::actors::{Actor, ActorState};
use crate::domain::events::Event;
use crate::domain::groups::{Follow, FollowState, Group, GroupKind, GroupRole, Notify};
use crate::domain::moderation::ModAction;
use crate::domain::peers::PeerScope;
use crate::domain::people::Role;
use crate::domain::{Sight, Viewer};
use crate::policy::{self, Entrance, InGroup};
use crate::services::ctx::{Following, emit};
use crate::services::{Ctx, handover};
use crate::store::posts::{AtHome, Counts};
use crate::store::{self, Conn};

/// How many recent posts someone who joins finds on home.
const WELCOME_POSTS: i64 = 20;

/// A follow as it begins.
fn begin(ctx: &Ctx, follower: ActorId, target: ActorId, state: FollowState, uri: Option<String>) -> Follow {
    Follow {
        id: FollowId(ctx.ids.next()),
        follower_id: follower,
        target_id: target,
        state,
        role: GroupRole::Member,
        may_post: false,
        uri,
        notify: Notify::Mentions,
        muted: false,
        reason: String::new(),
        until_at: None,
        seen_seq: 0,
        created_at: ctx.now(),
    }
}

/// Asks to follow a person or to join a group, as a member here. Returns where it stands now.
///
/// # Errors
/// `NotFound` when the group may not be known, `Forbidden` when one may not join.
pub async fn request(ctx: &Ctx, viewer: &Viewer, target: ActorId, note: &str) -> Result<FollowState> {
    let me = viewer.member_id()?;
    let guest = !viewer.is_full_member();
    let (c, note, viewer) = (ctx.clone(), note.to_owned(), *viewer);
    let state = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let actor = store::actors::get(conn, target).await?;
                if actor.state != ActorState::Active || target == me {
                    return Err(Error::NotFound);
                }
                let found = store::groups::find_with(conn, target, Some(me)).await?;
                let old = store::groups::find_follow(conn, me, target).await?;
                if old.as_ref().is_some_and(Follow::is_member) {
                    return Ok(FollowState::Accepted);
                }
                let entrance = match &found {
                    Some((group, actor, follow)) => {
                        let at = InGroup { group, local: actor.is_local(), follow: follow.as_ref(), now: c.now() };
                        if handover::comes_along(conn, me, actor).await? {
                            policy::check_come_along(at, true, guest, false)?
                        } else if policy::may_see_group(&viewer, at) {
                            policy::check_join(at, true, guest, false)?
                        } else {
                            return Err(Error::NotFound);
                        }
                    }
                    None if guest => return Err(Error::NotFound),
                    None if actor.locked => Entrance::Request,
                    None => Entrance::Open,
                };
                let mut follow = begin(&c, me, target, FollowState::Requested, None);
                follow.uri = Some(c.urls.follow(follow.id));
                follow.reason = note;
                if actor.is_local() && entrance == Entrance::Open {
                    settled(conn, &c, old.as_ref()).await?;
                    admit(conn, &c, follow, &actor).await?;
                    return Ok(FollowState::Accepted);
                }
                store::groups::upsert_follow(conn, &follow).await?;
                emit(conn, &c.ids, c.now(), &Event::FollowRequested { follower: me, target }).await?;
                Ok(FollowState::Requested)
            })
        })
        .await?;
    ctx.wake.now();
    Ok(state)
}

/// Makes a follow hold: state, readers, counts, and the newest posts on home. Within the caller's transaction.
pub async fn admit(conn: &mut Conn, ctx: &Ctx, follow: Follow, target: &Actor) -> Result<()> {
    let follower = store::actors::get(conn, follow.follower_id).await?;
    let before = store::groups::find_follow(conn, follower.id, target.id).await?;
    let group = store::groups::find(conn, target.id).await?;
    let mut admitted = Admitted::default();
    admitted.add(ctx, follow, &follower, before.as_ref(), group.as_ref())?;
    admitted.write(conn, ctx).await
}

/// Follows that hold from now on, to be written together: what is counted and what follows from them comes last; see
/// [`store::posts::end`].
#[derive(Default)]
struct Admitted {
    follows: BTreeMap<(ActorId, ActorId), Follow>,
    readers: HashSet<(AudienceId, ActorId, HostId)>,
    /// Those who read only while there is an agreement with their server.
    partners: HashSet<(AudienceId, ActorId, HostId)>,
    /// Members here who follow somebody new.
    newcomers: Vec<(ActorId, ActorId)>,
    counts: Counts,
    following: Vec<Following>,
}

/// Asks that this server may be in a network group elsewhere, for its members; once.
pub async fn request_for_members(ctx: &Ctx, server: ActorId, group: ActorId) -> Result<()> {
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                if store::groups::find_follow(conn, server, group).await?.is_some_and(|follow| follow.is_member()) {
                    return Ok(());
                }
                let mut follow = begin(&c, server, group, FollowState::Requested, None);
                follow.uri = Some(c.urls.follow(follow.id));
                store::groups::upsert_follow(conn, &follow).await?;
                emit(conn, &c.ids, c.now(), &Event::FollowRequested { follower: server, target: group }).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

impl Admitted {
    /// Takes one in. `before` is where they stood, `group` what they join; the follow as it will be.
    fn add(
        &mut self,
        ctx: &Ctx,
        mut follow: Follow,
        follower: &Actor,
        before: Option<&Follow>,
        group: Option<&Group>,
    ) -> Result<Follow> {
        let target = follow.target_id;
        follow.state = FollowState::Accepted;
        follow.until_at = None;
        follow.seen_seq = ctx.ids.next();
        if let Some(old) = before.filter(|old| old.is_member()) {
            follow.role = old.role;
            follow.notify = old.notify;
            follow.muted = old.muted;
        } else {
            // A server that is in a group for its members is none of them.
            let person = !group.is_some_and(|group| policy::stands_for_members(follower, group));
            let told = group.is_none_or(|group| group.kind == GroupKind::Public);
            if person {
                self.counts.follow(follower.id, target, told);
            }
            if let Some(group) = group {
                let partner = group.kind == GroupKind::Network && !follower.is_local();
                let readers = if partner { &mut self.partners } else { &mut self.readers };
                readers.insert((group.audience_id, follower.id, follower.host_id));
                if person {
                    self.counts.member(target);
                }
            }
            if follower.is_local() && person {
                self.newcomers.push((follower.id, target));
            }
        }
        let event = Event::FollowAccepted { follower: follower.id, target };
        // Who comes into a group from elsewhere is no news to anybody here.
        let quiet = group.is_some() && (!follower.is_local() || follower.is_server());
        self.following.push(if quiet { Following::elsewhere(&event)? } else { Following::of(&event)? });
        self.follows.insert((follower.id, target), follow.clone());
        Ok(follow)
    }

    async fn write(&mut self, conn: &mut Conn, ctx: &Ctx) -> Result<()> {
        store::follows::upsert(conn, &self.follows.values().collect::<Vec<_>>()).await?;
        let hosts: BTreeSet<HostId> = self.partners.iter().map(|(_, _, host)| *host).collect();
        for host in hosts {
            if store::federation::get_host(conn, host).await?.agreed(PeerScope::Network) {
                self.readers.extend(self.partners.iter().filter(|(_, _, of)| *of == host));
            }
        }
        store::follows::add_readers(conn, &self.readers).await?;
        for (follower, target) in &self.newcomers {
            let latest = store::posts::latest_entries(conn, *target, WELCOME_POSTS).await?;
            let put = |(entry, post)| AtHome { members: vec![*follower], entry, post };
            store::posts::insert_home(conn, &latest.into_iter().map(put).collect::<Vec<_>>()).await?;
        }
        let jobs: Vec<_> = self.following.iter().flat_map(|following| following.jobs(&ctx.ids, ctx.now())).collect();
        store::posts::end(conn, &[], &jobs, &self.counts).await
    }
}

/// Ends a follow: readers, counts and home are undone. `None` if there was none; a ban is none, and outlives whatever would end a
/// membership: leaving, being refused or taken out. Within the caller's transaction.
pub async fn end(conn: &mut Conn, follower: ActorId, target: ActorId) -> Result<Option<Follow>> {
    let found = store::groups::find_follow(conn, follower, target).await?;
    let Some(follow) = found.filter(|follow| follow.state != FollowState::Banned) else { return Ok(None) };
    store::groups::delete_follow(conn, follower, target).await?;
    undo_membership(conn, &follow).await?;
    if follow.role.is_moderator() {
        forget_asking(conn, target).await?;
    }
    Ok(Some(follow))
}

/// Who asks into a group elsewhere is of no interest where nobody decides about it.
async fn forget_asking(conn: &mut Conn, group: ActorId) -> Result<()> {
    if store::actors::get(conn, group).await?.is_local() {
        return Ok(());
    }
    if !store::memberships::host_decides(conn, group, HostId::LOCAL).await? {
        store::memberships::forget_asking(conn, group).await?;
    }
    Ok(())
}

async fn undo_membership(conn: &mut Conn, follow: &Follow) -> Result<()> {
    let group = store::groups::find(conn, follow.target_id).await?;
    let follower = store::actors::get(conn, follow.follower_id).await?;
    let person = !group.as_ref().is_some_and(|group| policy::stands_for_members(&follower, group));
    let joined = follow.is_member() && (follower.is_local() || !follow.is_in_name_only());
    if joined && person {
        let told = group.as_ref().is_none_or(|group| group.kind == GroupKind::Public);
        store::actors::add_follow_counts(conn, follow.follower_id, follow.target_id, -1, told).await?;
        if group.is_some() {
            store::groups::add_members_count(conn, follow.target_id, -1).await?;
        }
    }
    store::groups::remove_reader(conn, follow.target_id, follow.follower_id).await?;
    store::posts::clear_home(conn, follow.follower_id, follow.target_id).await?;
    Ok(())
}

/// Where somebody asked into a group here, moderators elsewhere hear that there is nothing to decide any more. Within the caller's
/// transaction.
pub async fn settled(conn: &mut Conn, ctx: &Ctx, follow: Option<&Follow>) -> Result<()> {
    let Some(follow) = follow.filter(|follow| follow.state == FollowState::Requested) else { return Ok(()) };
    if store::groups::find(conn, follow.target_id).await?.is_none() {
        return Ok(());
    }
    let uri = follow.uri.clone().unwrap_or_default();
    let over = Event::JoinSettled { follower: follow.follower_id, group: follow.target_id, uri };
    emit(conn, &ctx.ids, ctx.now(), &over).await
}

/// Leaves a group or stops following someone; also withdraws a request and declines an invitation.
///
/// # Errors
/// `Forbidden` for the last owner of a group: it is handed over first.
pub async fn leave(ctx: &Ctx, viewer: &Viewer, target: ActorId) -> Result<()> {
    let me = viewer.member_id()?;
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let actor = store::actors::get(conn, target).await?;
                if actor.is_local() && actor.is_group() {
                    check_not_last_owner(conn, me, target).await?;
                }
                if let Some(follow) = end(conn, me, target).await? {
                    settled(conn, &c, Some(&follow)).await?;
                    let uri = follow.uri.unwrap_or_default();
                    emit(conn, &c.ids, c.now(), &Event::Unfollowed { follower: me, target, uri }).await?;
                }
                Ok(())
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// A group keeps an owner.
pub async fn check_not_last_owner(conn: &mut Conn, member: ActorId, group: ActorId) -> Result<()> {
    let owners = store::groups::members(conn, group, &[FollowState::Accepted], &[GroupRole::Owner], 0, 2).await?;
    match owners.as_slice() {
        [only] if only.actor.id == member => Err(Error::forbidden("error-last-group-owner")),
        _ => Ok(()),
    }
}

/// Facts about a group for who acts on it; `NotFound` if they may not know it.
pub(super) async fn group_facts(
    conn: &mut Conn,
    ctx: &Ctx,
    viewer: &Viewer,
    group: ActorId,
) -> Result<(Group, Actor, Option<Follow>)> {
    let facts = store::groups::get_with(conn, group, viewer.actor_id()).await?;
    check_known(ctx, viewer, &facts)?;
    Ok(facts)
}

/// That the viewer may know of a group, else `NotFound`.
pub(super) fn check_known(ctx: &Ctx, viewer: &Viewer, facts: &(Group, Actor, Option<Follow>)) -> Result<()> {
    let (group, actor, follow) = facts;
    let at = InGroup { group, local: actor.is_local(), follow: follow.as_ref(), now: ctx.now() };
    if !policy::may_see_group(viewer, at) || actor.state == ActorState::Deleted {
        return Err(Error::NotFound);
    }
    Ok(())
}

/// Facts about a group for one of its moderators; `Forbidden` for others.
pub(super) async fn moderated(
    conn: &mut Conn,
    ctx: &Ctx,
    viewer: &Viewer,
    group: ActorId,
) -> Result<(Group, Actor, Option<Follow>)> {
    let facts = group_facts(conn, ctx, viewer, group).await?;
    let at = InGroup { group: &facts.0, local: facts.1.is_local(), follow: facts.2.as_ref(), now: ctx.now() };
    if !policy::is_group_moderator(viewer, at) {
        return Err(Error::forbidden("error-not-moderator"));
    }
    Ok(facts)
}

/// A member decides about someone who asks to follow them.
pub async fn answer_follower(ctx: &Ctx, viewer: &Viewer, follower: ActorId, yes: bool) -> Result<()> {
    let me = viewer.member_id()?;
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let actor = store::actors::get(conn, me).await?;
                let follow = store::groups::find_follow(conn, follower, me).await?.ok_or(Error::NotFound)?;
                if yes {
                    return admit(conn, &c, follow, &actor).await;
                }
                end(conn, follower, me).await?;
                let uri = follow.uri.unwrap_or_default();
                emit(conn, &c.ids, c.now(), &Event::FollowRejected { follower, target: me, uri }).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// Offers a place in a group; taking it is joining, and they are let in at once. Within the caller's transaction.
pub(super) async fn offer(
    conn: &mut Conn,
    ctx: &Ctx,
    group: ActorId,
    (invited, role): (ActorId, GroupRole),
    inviter: ActorId,
) -> Result<()> {
    let mut follow = begin(ctx, invited, group, FollowState::Invited, None);
    follow.uri = Some(ctx.urls.follow(follow.id));
    follow.role = role;
    store::groups::upsert_follow(conn, &follow).await?;
    emit(conn, &ctx.ids, ctx.now(), &Event::Invited { actor: invited, group, inviter }).await
}

/// Keeps someone out of a group, for a time or for good, or lets them in again (`until` = `None` and `ban` = false).
pub async fn ban(
    ctx: &Ctx,
    viewer: &Viewer,
    group: ActorId,
    who: ActorId,
    ban: bool,
    until: Option<Time>,
    reason: &str,
) -> Result<()> {
    let by = viewer.member_id()?;
    let (c, viewer, reason) = (ctx.clone(), *viewer, reason.to_owned());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                moderated(conn, &c, &viewer, group).await?;
                apply_ban(conn, &c, group, who, ban, until, &reason).await?;
                let event = Event::Banned { actor: who, group, moderator: by, banned: ban, reason: reason.clone() };
                emit(conn, &c.ids, c.now(), &event).await?;
                let action = if ban { ModAction::Ban } else { ModAction::Unban };
                log(conn, &c, Some(group), by, action, Some(who), None, &reason).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// The ban itself, ours or told by a peer that hosts the group. Within the caller's transaction.
pub async fn apply_ban(
    conn: &mut Conn,
    ctx: &Ctx,
    group: ActorId,
    who: ActorId,
    ban: bool,
    until: Option<Time>,
    reason: &str,
) -> Result<()> {
    let old = store::groups::find_follow(conn, who, group).await?;
    if let Some(follow) = &old {
        if ban && follow.role == GroupRole::Owner && follow.is_member() {
            return Err(Error::forbidden("error-owner-stays"));
        }
        if !ban && follow.state != FollowState::Banned {
            return Ok(());
        }
    }
    settled(conn, ctx, old.as_ref()).await?;
    if end(conn, who, group).await?.is_none() {
        store::groups::delete_follow(conn, who, group).await?;
    }
    if ban {
        store::notice_followers::remove(conn, group, who).await?;
        let mut follow = begin(ctx, who, group, FollowState::Banned, None);
        follow.reason = reason.to_owned();
        follow.until_at = until;
        store::groups::upsert_follow(conn, &follow).await?;
    }
    Ok(())
}

/// Gives someone a role in a group; handing over is making someone else owner.
pub async fn set_role(ctx: &Ctx, viewer: &Viewer, group: ActorId, who: ActorId, role: GroupRole) -> Result<()> {
    let by = viewer.member_id()?;
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let (_, _, mine) = moderated(conn, &c, &viewer, group).await?;
                let owner = mine.is_some_and(|f| f.is_member() && f.role == GroupRole::Owner);
                if !owner && !viewer.role().is_admin() {
                    return Err(Error::forbidden("error-owner-only"));
                }
                let mut follow = store::groups::find_follow(conn, who, group).await?.ok_or(Error::NotFound)?;
                if !follow.is_member() {
                    return Err(Error::NotFound);
                }
                if follow.role == GroupRole::Owner && role != GroupRole::Owner {
                    check_not_last_owner(conn, who, group).await?;
                }
                let was = follow.role.is_moderator();
                follow.role = role;
                store::groups::upsert_follow(conn, &follow).await?;
                if was != role.is_moderator() {
                    let event = Event::ModeratorChanged { actor: who, group, by, added: role.is_moderator() };
                    emit(conn, &c.ids, c.now(), &event).await?;
                }
                log(conn, &c, Some(group), by, ModAction::Role, Some(who), None, role.as_str()).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// Sets what a member hears of a group and whether it shows on home.
pub async fn set_notify(ctx: &Ctx, viewer: &Viewer, target: ActorId, notify: Notify, muted: bool) -> Result<()> {
    let me = viewer.member_id()?;
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let mut follow = store::groups::find_follow(conn, me, target).await?.ok_or(Error::NotFound)?;
                follow.notify = notify;
                follow.muted = muted;
                store::groups::upsert_follow(conn, &follow).await?;
                if muted {
                    store::posts::clear_home(conn, me, target).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Writes a line of the moderation log. Within the caller's transaction.
pub(super) async fn log(
    conn: &mut Conn,
    ctx: &Ctx,
    group: Option<ActorId>,
    by: ActorId,
    action: ModAction,
    target: Option<ActorId>,
    post: Option<PostId>,
    reason: &str,
) -> Result<()> {
    let line = crate::domain::moderation::LogLine {
        id: ctx.ids.next(),
        group_id: group,
        moderator_id: by,
        action,
        target_id: target,
        post_id: post,
        reason: reason.to_owned(),
        created_at: ctx.now(),
    };
    store::moderation::insert_log(conn, &line).await?;
    Ok(())
}

/// What a member here may see, for queries that run on their behalf outside a request.
pub async fn sight_of(conn: &mut Conn, member: ActorId) -> Result<Sight> {
    let guest = store::members::is_guest(conn, member).await?;
    Ok(policy::sight(&Viewer::Member { id: member, role: Role::Member, guest }))
}

/// Whether a member may see a post: they hear of nothing else.
pub(super) async fn may_see(conn: &mut Conn, member: ActorId, post: PostId) -> Result<bool> {
    let sight = sight_of(conn, member).await?;
    Ok(store::posts::find_visible(conn, post, &sight).await?.is_some())
}
