//! Running the accounts of others: roles, labels, letting in, suspending.

use super::letters::{self, Letter};
use super::sign_in::{self, OneTime};
use super::{Ctx, follows, newcomers};
use crate::base::*;
use crate::config::FederationMode;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorState};
use crate::domain::events::Event;
use crate::domain::moderation::ModAction;
use crate::domain::people::{Member, PersonKind, Role};
use crate::policy;
use crate::services::ctx::emit;
use crate::store::{self, Conn};

/// How long a link that an administrator hands over holds.
const HANDED_OVER_FOR: i64 = Time::DAY;

/// An account with its actor, for those who run the instance.
pub async fn get(ctx: &Ctx, viewer: &Viewer, id: ActorId) -> Result<(Member, Actor)> {
    policy::check_instance_moderator(viewer)?;
    store::people::get(&mut ctx.db.read().await?, id).await
}

/// Every account, by name; for the command line and administrators.
pub async fn list_all(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<(Member, Actor)>> {
    policy::check_admin(viewer)?;
    store::people::list_all(&mut ctx.db.read().await?).await
}

/// An account by name or address, for the command line.
pub async fn find(ctx: &Ctx, login: &str) -> Result<(Member, Actor)> {
    let key = login.trim().trim_start_matches('@').to_lowercase();
    store::people::find_by_login(&mut ctx.db.read().await?, &key).await?.ok_or(Error::NotFound)
}

/// New keys for a person or group of ours, or the server (by its host name), made by the running instance: for when the old ones may have leaked.
///
/// # Errors
/// `NotFound` for a name that nobody here has; `Unavailable` where federation is off, for nothing is signed there.
pub async fn renew_keys(ctx: &Ctx, viewer: &Viewer, name: &str) -> Result<Actor> {
    policy::check_admin(viewer)?;
    if ctx.config.federation.mode == FederationMode::Off {
        return Err(Error::Unavailable(
            "federation.mode is off, so nobody has keys to renew; turn it on first".to_owned(),
        ));
    }
    let key = name.trim().trim_start_matches('@').to_lowercase();
    let actor = store::actors::find_by_name(&mut ctx.db.read().await?, HostId::LOCAL, &key).await?;
    let actor = actor.filter(|actor| actor.state != ActorState::Deleted).ok_or(Error::NotFound)?;
    let (c, id) = (ctx.clone(), actor.id);
    let ask = ctx.db.write(move |conn| {
        Box::pin(async move { emit(conn, &c.ids, c.now(), &Event::KeysWanted { actor: id }).await })
    });
    ask.await?;
    ctx.wake.now();
    Ok(actor)
}

/// The account, after checking that the viewer may run it.
async fn managed(conn: &mut Conn, viewer: &Viewer, id: ActorId) -> Result<(Member, Actor)> {
    policy::check_instance_moderator(viewer)?;
    let found = store::people::get(conn, id).await?;
    policy::check_manage_account(viewer, id, found.0.role)?;
    Ok(found)
}

/// Whether nobody else would answer for the instance if this member went.
pub(super) async fn is_last_owner(conn: &mut Conn, id: ActorId) -> Result<bool> {
    Ok(store::people::with_roles(conn, &[Role::Owner]).await?.as_slice() == [id])
}

/// Gives or takes a role. An owner may step down when there is another.
///
/// # Errors
/// `Forbidden`, `Conflict` for the last owner and for guests.
pub async fn set_role(ctx: &Ctx, viewer: &Viewer, id: ActorId, role: Role) -> Result<()> {
    policy::check_admin(viewer)?;
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let (member, actor) = store::people::get(conn, id).await?;
                policy::check_change_role(viewer.role(), member.role, role)?;
                if member.role == role {
                    return Ok(());
                }
                if member.is_guest || actor.state != ActorState::Active {
                    return Err(Error::Conflict { reason: "error-role-guest" });
                }
                if member.role == Role::Owner && is_last_owner(conn, id).await? {
                    return Err(Error::Conflict { reason: "error-last-owner" });
                }
                store::people::set_role(conn, id, role).await?;
                note(conn, &c, &viewer, ModAction::Role, id, role.as_str()).await
            })
        })
        .await
}

/// A line in the instance's log. What the system itself does is not logged there: nobody stands behind it.
async fn note(conn: &mut Conn, ctx: &Ctx, viewer: &Viewer, action: ModAction, id: ActorId, why: &str) -> Result<()> {
    match viewer.actor_id() {
        Some(by) => follows::log(conn, ctx, None, by, action, Some(id), None, why).await,
        None => Ok(()),
    }
}

/// Changes the label of someone; with a label other than guest, a guest becomes a member and keeps posts and groups.
///
/// # Errors
/// `Forbidden`; `Conflict` for making a guest of a member, who would lose sight of what they took part in.
pub async fn set_kind(ctx: &Ctx, viewer: &Viewer, id: ActorId, kind: PersonKind) -> Result<()> {
    policy::check_instance_moderator(viewer)?;
    let viewer = *viewer;
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let (member, _) = store::people::get(conn, id).await?;
                if viewer.actor_id() != Some(id) {
                    policy::check_manage_account(&viewer, id, member.role)?;
                }
                if kind == PersonKind::Guest && !member.is_guest {
                    return Err(Error::Conflict { reason: "error-member-to-guest" });
                }
                store::people::set_kind(conn, id, kind, kind == PersonKind::Guest).await?;
                if kind != PersonKind::Guest {
                    store::sign_in::revoke(conn, crate::domain::people::TokenPurpose::Guest, Some(id)).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Lets in someone who asked.
pub async fn approve(ctx: &Ctx, viewer: &Viewer, id: ActorId) -> Result<()> {
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let (_, actor) = managed(conn, &viewer, id).await?;
                if actor.state != ActorState::Pending {
                    return Err(Error::Conflict { reason: "error-not-pending" });
                }
                store::actors::set_state(conn, id, ActorState::Active, c.now()).await?;
                newcomers::begin(conn, &c, id, viewer.actor_id()).await?;
                letters::post(conn, &c, &Letter::Approved { member: id }).await?;
                note(conn, &c, &viewer, ModAction::Admit, id, "").await
            })
        })
        .await?;
    ctx.wake.now();
    newcomers::tell_buddy(ctx, id).await
}

/// Refuses someone who asked: the account and the name are free again.
pub async fn refuse(ctx: &Ctx, viewer: &Viewer, id: ActorId) -> Result<()> {
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let (member, actor) = managed(conn, &viewer, id).await?;
                if actor.state != ActorState::Pending {
                    return Err(Error::Conflict { reason: "error-not-pending" });
                }
                store::people::forget_pending(conn, id).await?;
                if let Some(email) = member.email {
                    let locale = member.locale.unwrap_or_default();
                    let letter = Letter::Refused { email, display_name: actor.display_name, locale };
                    letters::post(conn, &c, &letter).await?;
                }
                Ok(())
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// Shuts someone out of the instance: sessions, links and apps end at once; what they wrote stays.
///
/// # Errors
/// `Forbidden` for oneself and those above.
pub async fn suspend(ctx: &Ctx, viewer: &Viewer, id: ActorId, reason: &str) -> Result<()> {
    let (c, viewer, reason) = (ctx.clone(), *viewer, reason.trim().to_owned());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let (_, actor) = managed(conn, &viewer, id).await?;
                if actor.state != ActorState::Active {
                    return Err(Error::Conflict { reason: "error-not-active" });
                }
                shut_out(conn, &c, id).await?;
                note(conn, &c, &viewer, ModAction::Suspend, id, &reason).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// Ends every way in and marks the person as suspended, within a transaction.
pub(super) async fn shut_out(conn: &mut Conn, ctx: &Ctx, id: ActorId) -> Result<()> {
    store::actors::set_state(conn, id, ActorState::Suspended, ctx.now()).await?;
    store::sessions::delete_others(conn, id, None).await?;
    store::sessions::delete_apps(conn, id).await?;
    store::sign_in::revoke_all(conn, id).await?;
    store::invitations::revoke_of(conn, id, ctx.now()).await?;
    emit(conn, &ctx.ids, ctx.now(), &Event::ActorUpdated { actor: id }).await
}

/// Lets someone in again who was suspended, or a guest whose access ended.
pub async fn unsuspend(ctx: &Ctx, viewer: &Viewer, id: ActorId) -> Result<()> {
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let (_, actor) = managed(conn, &viewer, id).await?;
                if actor.state != ActorState::Suspended {
                    return Err(Error::Conflict { reason: "error-not-suspended" });
                }
                store::actors::set_state(conn, id, ActorState::Active, c.now()).await?;
                store::people::set_last_seen(conn, id, c.now()).await?;
                emit(conn, &c.ids, c.now(), &Event::ActorUpdated { actor: id }).await?;
                note(conn, &c, &viewer, ModAction::Unsuspend, id, "").await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// A link and code for someone who cannot get in, to be handed over at the desk.
///
/// # Errors
/// `Forbidden` for the accounts of those above: it opens the account.
pub async fn sign_in_link(ctx: &Ctx, viewer: &Viewer, id: ActorId) -> Result<OneTime> {
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                policy::check_admin(&viewer)?;
                let (_, actor) = managed(conn, &viewer, id).await?;
                if actor.state != ActorState::Active {
                    return Err(Error::Conflict { reason: "error-not-active" });
                }
                sign_in::issue(conn, &c, id, HANDED_OVER_FOR).await
            })
        })
        .await
}
