//! "Ask this colleague, she knows": someone is sent to someone, who says yes or no; a no is seen by nobody else.

use super::{Ctx, notices};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::ActorState;
use crate::domain::knowledge::{Referral, ReferralState};
use crate::domain::notices::NoticeKind;
use crate::services::follows::may_see;
use crate::store;
use crate::store::referrals::NewReferral;

/// Longest reason, in characters.
const MAX_REASON: usize = 500;
/// Most that one person sends in a day.
const MAX_A_DAY: i64 = 20;

/// Sends someone to a colleague here: `to` is asked whether they will help `helped`, with a question if it is about one.
///
/// # Errors
/// `Invalid` for `reason` (empty), `to` (oneself or the one to be helped, or someone who may not read the question);
/// `Conflict` when they were asked and have not answered; `RateLimited`.
pub async fn send(
    ctx: &Ctx,
    viewer: &Viewer,
    to: ActorId,
    helped: ActorId,
    post: Option<PostId>,
    reason: &str,
) -> Result<()> {
    let me = viewer.member_id()?;
    if !viewer.is_full_member() {
        return Err(Error::NotFound);
    }
    let reason: String = reason.trim().chars().take(MAX_REASON).collect();
    if reason.is_empty() {
        return Err(Error::invalid("reason", "error-referral-reason"));
    }
    let c = ctx.clone();
    let id = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let target = store::actors::get(conn, to).await?;
                let member = store::members::is_member(conn, to).await? && target.state == ActorState::Active;
                let reads = match post {
                    Some(post) => may_see(conn, to, post).await?,
                    None => true,
                };
                if to == me || to == helped || !member || !reads || store::moderation::is_blocked(conn, to, me).await? {
                    return Err(Error::invalid("to", "error-referral-to"));
                }
                if store::referrals::is_waiting(conn, to, helped, post).await? {
                    return Err(Error::Conflict { reason: "error-referral-again" });
                }
                let now = c.now();
                if store::referrals::count_sent(conn, me, now.plus(-Time::DAY)).await? >= MAX_A_DAY {
                    return Err(Error::RateLimited { retry_after: 3600 });
                }
                let id = ReferralId(c.ids.next());
                let new =
                    NewReferral { id, from_id: me, to_id: to, for_id: helped, post_id: post, reason, created_at: now };
                store::referrals::insert(conn, &new).await?;
                Ok(id)
            })
        })
        .await?;
    notices::tell(ctx, &[to], about(NoticeKind::Referral, me, post, id)).await
}

fn about(kind: NoticeKind, actor: ActorId, post: Option<PostId>, id: ReferralId) -> notices::Telling {
    let mut notice = notices::about_actor(kind, actor);
    notice.post = post;
    notice.group_key = format!("{kind}-{id}");
    notice
}

/// What the viewer was asked, newest first.
pub async fn mine(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<Referral>> {
    let me = viewer.member_id()?;
    store::referrals::to(&mut ctx.db.read().await?, me, None, 50).await
}

/// Says yes or no. After a yes, who sent it and who is helped hear of it; after a no nobody does.
///
/// # Errors
/// `NotFound` for what does not wait for the viewer.
pub async fn answer(ctx: &Ctx, viewer: &Viewer, id: ReferralId, yes: bool) -> Result<Referral> {
    let me = viewer.member_id()?;
    let c = ctx.clone();
    let referral = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let referral = store::referrals::to(conn, me, Some(id), 1).await?.pop().ok_or(Error::NotFound)?;
                let state = if yes { ReferralState::Accepted } else { ReferralState::Declined };
                if store::referrals::answer(conn, id, me, state, c.now()).await? == 0 {
                    return Err(Error::NotFound);
                }
                Ok(referral)
            })
        })
        .await?;
    if yes {
        let who = [referral.from.id, referral.helped.id];
        let who = if who[0] == who[1] { &who[..1] } else { &who[..] };
        notices::tell(ctx, who, about(NoticeKind::ReferralAccepted, me, referral.post_id, id)).await?;
    }
    Ok(referral)
}
