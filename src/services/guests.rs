//! Guests: someone from a partner without a server of its own, in the groups they were invited to and nowhere else.

use super::secrets::token_hash;
use super::{Ctx, accounts};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::people::{Member, TokenPurpose};
use crate::store::sign_in::Token;
use crate::store::{self, Conn};

/// Kind of the daily job that [`expire`] is.
pub const JOB: &str = "expire_guests";

/// How long a guest's access holds without being used, microseconds.
pub(super) fn lifetime(ctx: &Ctx) -> i64 {
    i64::from(ctx.config.limits.guest_days) * Time::DAY
}

/// The account of a guest whom the viewer may look after: who invited them, or a moderator of the instance.
async fn looked_after(conn: &mut Conn, viewer: &Viewer, id: ActorId) -> Result<Member> {
    let me = viewer.actor_id();
    let (member, actor) = store::people::get(conn, id).await?;
    let mine = me.is_some() && (member.invited_by == me || me == Some(id));
    if !member.is_guest || !(mine || viewer.role().is_moderator()) {
        return Err(Error::NotFound);
    }
    match actor.state {
        crate::domain::actors::ActorState::Active => Ok(member),
        _ => Err(Error::Conflict { reason: "error-not-active" }),
    }
}

/// Makes a personal link for a guest; the one before stops working. It may be used again and again until it is taken
/// back or not used for `limits.guest_days`.
///
/// # Errors
/// `NotFound` when it is no guest, or none of the viewer's.
pub async fn personal_link(ctx: &Ctx, viewer: &Viewer, id: ActorId) -> Result<String> {
    let link = ctx.rng.token();
    let token = Token {
        id: ctx.ids.next(),
        purpose: TokenPurpose::Guest,
        member_id: Some(id),
        link_hash: token_hash(&link),
        code_hash: None,
        data: String::new(),
        tries: 0,
        created_at: ctx.now(),
        expires_at: ctx.now().plus(lifetime(ctx)),
        used_at: None,
    };
    let viewer = *viewer;
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                looked_after(conn, &viewer, id).await?;
                store::sign_in::revoke(conn, TokenPurpose::Guest, Some(id)).await?;
                store::sign_in::insert(conn, &token).await
            })
        })
        .await?;
    Ok(ctx.urls.sign_in_link(&link))
}

/// Takes a guest's personal link back and ends their sessions.
///
/// # Errors
/// `NotFound` when it is no guest, or none of the viewer's.
pub async fn revoke_link(ctx: &Ctx, viewer: &Viewer, id: ActorId) -> Result<()> {
    let viewer = *viewer;
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                looked_after(conn, &viewer, id).await?;
                store::sign_in::revoke(conn, TokenPurpose::Guest, Some(id)).await?;
                store::sessions::delete_others(conn, id, None).await.map(|_| ())
            })
        })
        .await
}

/// Ends the access of a guest. Who looks after them may; a moderator can open it again.
///
/// # Errors
/// `NotFound` when it is no guest, or none of the viewer's.
pub async fn end(ctx: &Ctx, viewer: &Viewer, id: ActorId) -> Result<()> {
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                looked_after(conn, &viewer, id).await?;
                accounts::shut_out(conn, &c, id).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// The job: ends the access of guests who were not here for `limits.guest_days`. Returns how many.
pub async fn expire(ctx: &Ctx) -> Result<usize> {
    let before = ctx.now().plus(-lifetime(ctx));
    let idle = store::people::idle_guests(&mut ctx.db.read().await?, before, 500).await?;
    let count = idle.len();
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                for id in idle {
                    accounts::shut_out(conn, &c, id).await?;
                }
                Ok(())
            })
        })
        .await?;
    Ok(count)
}
