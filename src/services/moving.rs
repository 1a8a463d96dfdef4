//! Going on elsewhere, with followers and seats in groups, and coming from elsewhere. What someone wrote stays where it is,
//! under the old name, which says where they went.

use super::ctx::emit;
use super::throttle::Quota;
use super::{Ctx, follows, handover};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorCard, ActorKind, ActorState};
use crate::domain::events::Event;
use crate::domain::groups::{Follow, GroupKind, GroupRole};
use crate::domain::peers::{Form, PeerScope};
use crate::policy;
use crate::store::{self, Conn};
use crate::text::Handle;

/// How often one member may ask us to look accounts up for this: each time is a request to another server.
const LOOKS: Quota = Quota { burst: 10, every: Time::MINUTE };
/// Followers that are read at once.
const AT_ONCE: i64 = 200;
/// Former accounts that one can name, and former groups.
const MOST_FORMER: usize = 10;

/// Where a member stands.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Their handle, as another server asks for it.
    pub handle: String,
    /// Who they were elsewhere before.
    pub former: Vec<ActorCard>,
    /// Who they are now, elsewhere.
    pub now: Option<ActorCard>,
    /// Groups here that would not come along, because they take nobody from elsewhere.
    pub stay: Vec<ActorCard>,
}

/// Whether there are other servers to move to.
pub fn is_possible(ctx: &Ctx) -> bool {
    ctx.remote().is_ok()
}

/// Where the viewer stands.
///
/// # Errors
/// `NotFound` where federation is off.
pub async fn standing(ctx: &Ctx, viewer: &Viewer) -> Result<Standing> {
    let me = viewer.member_id()?;
    if !is_possible(ctx) {
        return Err(Error::NotFound);
    }
    let mut conn = ctx.db.read().await?;
    let former: Vec<ActorId> = store::aliases::of(&mut conn, me).await?.into_iter().map(|(id, _)| id).collect();
    let actor = store::actors::get(&mut conn, me).await?;
    let now = gone_to(&mut conn, &actor).await?;
    let mut stay = Vec::new();
    for line in store::groups::mine(&mut conn, me).await? {
        if line.actor.host.is_none() && !policy::takes_outsiders(&line.group, true) {
            stay.push(line.actor);
        }
    }
    Ok(Standing {
        handle: format!("@{}@{}", actor.name, ctx.urls.host()),
        former: store::actors::cards(&mut conn, &former).await?,
        now,
        stay,
    })
}

/// Who someone is now, elsewhere, as far as they are known here.
pub async fn gone_to(conn: &mut Conn, actor: &Actor) -> Result<Option<ActorCard>> {
    let Some(uri) = &actor.moved_to else { return Ok(None) };
    let found = store::actors::find_by_uri(conn, uri).await?;
    let Some(now) = found.filter(|now| now.state == ActorState::Active) else { return Ok(None) };
    Ok(store::actors::cards(conn, &[now.id]).await?.pop())
}

/// Someone elsewhere by handle, looked up where they are not known.
async fn look(ctx: &Ctx, viewer: &Viewer, field: &'static str, handle: &str) -> Result<Actor> {
    let me = viewer.member_id()?;
    let unknown = || Error::invalid(field, "error-no-such-person");
    let handle = Handle::parse(handle.trim()).ok_or_else(unknown)?;
    let host = handle.host.as_deref().filter(|host| !host.eq_ignore_ascii_case(ctx.urls.host()));
    let Some(host) = host else { return Err(Error::invalid(field, "error-move-elsewhere")) };
    ctx.throttle.take(&[(format!("moving {me}"), LOOKS)], ctx.now())?;
    match ctx.remote()?.resolve_handle(&handle.name, host).await {
        Ok(actor) if actor.kind == ActorKind::Person && actor.state == ActorState::Active => Ok(actor),
        Err(Error::NotFound) => Err(Error::invalid(field, "error-no-such-account-there")),
        Ok(_) | Err(Error::Gone | Error::NotAuthentic(_)) => Err(unknown()),
        Err(Error::RemoteFailed { .. }) => Err(Error::invalid(field, "error-server-unreachable")),
        Err(other) => Err(other),
    }
}

/// The viewer was someone elsewhere before, who may now move here.
///
/// # Errors
/// `Invalid` for `former`.
pub async fn add_former(ctx: &Ctx, viewer: &Viewer, handle: &str) -> Result<()> {
    let me = viewer.member_id()?;
    let former = look(ctx, viewer, "former", handle).await?;
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                // The server of the former account looks here for itself, by WebFinger.
                store::known::show(conn, &[me], c.now()).await?;
                note_former(conn, &c, me, former.id).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// A person or group here was another one elsewhere before. Within the caller's transaction.
pub(super) async fn note_former(conn: &mut Conn, ctx: &Ctx, actor: ActorId, former: ActorId) -> Result<()> {
    if store::aliases::of(conn, actor).await?.len() >= MOST_FORMER {
        return Err(Error::invalid("former", "error-move-former-most"));
    }
    store::aliases::insert(conn, actor, former).await?;
    emit(conn, &ctx.ids, ctx.now(), &Event::ActorUpdated { actor }).await
}

/// It was not, after all. Within the caller's transaction.
pub(super) async fn forget_former(conn: &mut Conn, ctx: &Ctx, actor: ActorId, former: ActorId) -> Result<()> {
    store::aliases::delete(conn, actor, former).await?;
    emit(conn, &ctx.ids, ctx.now(), &Event::ActorUpdated { actor }).await
}

/// The viewer was not, after all.
pub async fn remove_former(ctx: &Ctx, viewer: &Viewer, former: ActorId) -> Result<()> {
    let me = viewer.member_id()?;
    let c = ctx.clone();
    ctx.db.write(move |conn| Box::pin(async move { forget_former(conn, &c, me, former).await })).await?;
    ctx.wake.now();
    Ok(())
}

/// The viewer goes on elsewhere: followers are told and follow there, and the new account is invited to each group here that
/// takes members from elsewhere. The account stays until its owner deletes it, and what it wrote with it.
///
/// # Errors
/// `Invalid` for `to`: nobody there, or an account that does not name this one as its former.
pub async fn go(ctx: &Ctx, viewer: &Viewer, handle: &str) -> Result<()> {
    let me = viewer.member_id()?;
    let new = look(ctx, viewer, "to", handle).await?;
    let old = store::actors::get(&mut ctx.db.read().await?, me).await?;
    match ctx.remote()?.names_former(&new, &old.uri).await {
        Ok(true) => {}
        Ok(false) => return Err(Error::invalid("to", "error-move-not-named")),
        Err(Error::RemoteFailed { .. }) => return Err(Error::invalid("to", "error-server-unreachable")),
        Err(other) => return Err(other),
    }
    let (c, to) = (ctx.clone(), new.clone());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                store::aliases::set_moved(conn, me, Some(&to.uri), c.now()).await?;
                for seat in store::aliases::seats(conn, me).await? {
                    offer_seat(conn, &c, &seat, &to).await?;
                }
                emit(conn, &c.ids, c.now(), &Event::ActorUpdated { actor: me }).await?;
                emit(conn, &c.ids, c.now(), &Event::Moved { actor: me, to: to.id }).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// Invites whom a member became to one of their groups, with the same part in it; an owner's stays with them until they
/// hand it over.
async fn offer_seat(conn: &mut Conn, ctx: &Ctx, seat: &Follow, to: &Actor) -> Result<()> {
    let group = store::groups::find(conn, seat.target_id).await?.ok_or(Error::NotFound)?;
    let host = store::federation::get_host(conn, to.host_id).await?;
    // A server that cannot keep what is closed is not told of such a group, and would not be let in.
    let keeps = group.kind == GroupKind::Public || host.form() != Form::Plain;
    if !keeps || !policy::takes_outsiders(&group, host.shares(PeerScope::Network)) {
        return Ok(());
    }
    if store::groups::find_follow(conn, to.id, group.actor_id).await?.is_some() {
        // In already, or banned.
        return Ok(());
    }
    let role = match seat.role {
        GroupRole::Owner => GroupRole::Moderator,
        other => other,
    };
    follows::offer(conn, ctx, group.actor_id, (to.id, role), seat.follower_id).await
}

/// Someone took the seat that they had here under another name: the old one is given up, unless a group would be without
/// owner. Within the caller's transaction.
pub(super) async fn give_up_seats(conn: &mut Conn, gone: impl Iterator<Item = ActorId>, group: ActorId) -> Result<()> {
    for old in gone {
        match follows::check_not_last_owner(conn, old, group).await {
            Ok(()) => follows::end(conn, old, group).await.map(|_| ())?,
            Err(Error::Forbidden { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// Someone elsewhere goes on under another name, and both names say so: members here follow that (or join, if it is a group)
/// when they are to be led there, and their seats in groups here are theirs under the new one. A member here has them at once,
/// others when they follow the group.
pub async fn received(ctx: &Ctx, from: &Actor, to: &Actor, lead: bool) -> Result<()> {
    // Said again it moves nobody who has left the new group since.
    let again = from.is_group() && from.moved_to.as_ref() == Some(&to.uri);
    let (c, old, new) = (ctx.clone(), from.clone(), to.clone());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                handover::set_gone(conn, &c, &old, Some(&new.uri)).await?;
                if new.moved_to.as_ref() == Some(&old.uri) {
                    // Who comes back is here again.
                    handover::set_gone(conn, &c, &new, None).await?;
                    emit(conn, &c.ids, c.now(), &Event::ActorUpdated { actor: new.id }).await?;
                }
                for seat in store::aliases::seats(conn, old.id).await? {
                    if new.is_local() {
                        take_seat(conn, &c, seat, &new).await?;
                    } else {
                        offer_seat(conn, &c, &seat, &new).await?;
                    }
                }
                if again || !lead {
                    return Ok(());
                }
                emit(conn, &c.ids, c.now(), &Event::Moved { actor: old.id, to: new.id }).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

async fn take_seat(conn: &mut Conn, ctx: &Ctx, seat: Follow, to: &Actor) -> Result<()> {
    if store::groups::find_follow(conn, to.id, seat.target_id).await?.is_some() {
        // In already, or banned.
        return Ok(());
    }
    let group = store::actors::get(conn, seat.target_id).await?;
    let old = seat.follower_id;
    let id = FollowId(ctx.ids.next());
    let mine = Follow { id, follower_id: to.id, uri: Some(ctx.urls.follow(id)), ..seat };
    follows::admit(conn, ctx, mine, &group).await?;
    follows::end(conn, old, group.id).await.map(|_| ())
}

/// What follows for members here from somebody's going on, here or elsewhere: who followed them follows the new account.
/// Done twice it does nothing more.
pub(super) async fn lead_followers(ctx: &Ctx, from: ActorId, to: ActorId) -> Result<()> {
    let mut conn = ctx.db.read().await?;
    let from = store::actors::get(&mut conn, from).await?;
    let to = store::actors::get(&mut conn, to).await?;
    drop(conn);
    if from.moved_to.as_ref() != Some(&to.uri) {
        // They stayed after all.
        return Ok(());
    }
    if from.is_group() {
        return handover::lead_members(ctx, &from, &to).await;
    }
    let mut after = 0;
    loop {
        let mut conn = ctx.db.read().await?;
        let followers = store::followers::local_followers(&mut conn, from.id, after, AT_ONCE).await?;
        let Some(last) = followers.last() else { return Ok(()) };
        after = last.follow.0;
        let ids: Vec<ActorId> = followers.iter().map(|follower| follower.member).collect();
        let members = store::members::among(&mut conn, &ids).await?;
        drop(conn);
        for (id, role, guest) in members {
            let viewer = Viewer::Member { id, role, guest };
            match follows::request(ctx, &viewer, to.id, "").await {
                Ok(_) => follows::leave(ctx, &viewer, from.id).await?,
                // They keep what they had.
                Err(error @ (Error::NotFound | Error::Forbidden { .. })) => {
                    tracing::debug!(%error, member = %id, to = %to.uri, "does not follow who moved");
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// The viewer did not go after all. Who followed them elsewhere stays there.
pub async fn stay(ctx: &Ctx, viewer: &Viewer) -> Result<()> {
    let me = viewer.member_id()?;
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                store::aliases::set_moved(conn, me, None, c.now()).await?;
                emit(conn, &c.ids, c.now(), &Event::ActorUpdated { actor: me }).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}
