//! What the viewer notes about others: notes, whom they show on their profile, what not to suggest, servers shut out.

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::groups::FollowState;
use crate::services::Ctx;
use crate::store;

/// Most people one shows on a profile.
const MOST: usize = 50;

/// Notes something about someone, for the viewer alone; nothing takes the note away.
pub async fn set_note(ctx: &Ctx, viewer: &Viewer, target: ActorId, note: &str) -> Result<()> {
    let (me, note) = (viewer.member_id()?, note.trim().to_owned());
    if note.chars().count() > 2000 {
        return Err(Error::invalid("comment", "error-text-long"));
    }
    ctx.db.write(move |conn| Box::pin(async move { store::regards::set_note(conn, me, target, &note).await })).await?;
    Ok(())
}

/// Shows someone on the viewer's profile, or no longer.
///
/// # Errors
/// `Invalid` for who is not followed.
pub async fn set_endorsed(ctx: &Ctx, viewer: &Viewer, target: ActorId, on: bool) -> Result<()> {
    let (me, c) = (viewer.member_id()?, ctx.clone());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                if !on {
                    return store::regards::unendorse(conn, me, target).await;
                }
                let follow = store::groups::find_follow(conn, me, target).await?;
                if follow.is_none_or(|follow| follow.state != FollowState::Accepted) {
                    return Err(Error::invalid("id", "error-follow-first"));
                }
                if store::regards::endorsed(conn, me, Page::first(80)).await?.len() >= MOST {
                    return Err(Error::invalid("id", "error-too-many"));
                }
                store::regards::endorse(conn, c.ids.next(), me, target).await
            })
        })
        .await?;
    Ok(())
}

/// Whom someone shows on their profile, with the cursor of each.
pub async fn endorsed(ctx: &Ctx, who: ActorId, page: Page) -> Result<Vec<(i64, ActorId)>> {
    store::regards::endorsed(&mut ctx.db.read().await?, who, page).await
}

/// Groups the viewer may like to join.
pub async fn suggestions(ctx: &Ctx, viewer: &Viewer, limit: i64) -> Result<Vec<ActorId>> {
    store::regards::suggestions(&mut ctx.db.read().await?, viewer.member_id()?, limit).await
}

/// Does not suggest it again.
///
/// # Errors
/// `NotFound` when there is no such person or group.
pub async fn dismiss(ctx: &Ctx, viewer: &Viewer, target: ActorId) -> Result<()> {
    let me = viewer.member_id()?;
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                store::actors::get(conn, target).await?;
                store::regards::dismiss(conn, me, target).await.map(|_| ())
            })
        })
        .await
}

/// Whom the viewer follows who follow another, too.
pub async fn in_common(ctx: &Ctx, viewer: &Viewer, target: ActorId) -> Result<Vec<ActorId>> {
    store::regards::in_common(&mut ctx.db.read().await?, viewer.member_id()?, target, 40).await
}

/// Shuts a whole server out for the viewer, or no longer: its posts and notices are not shown.
///
/// # Errors
/// `Invalid` for what is no name of a server, or this one.
pub async fn set_host_blocked(ctx: &Ctx, viewer: &Viewer, name: &str, on: bool) -> Result<()> {
    let (me, name, c) = (viewer.member_id()?, name.trim().to_lowercase(), ctx.clone());
    let real =
        url::Url::parse(&format!("https://{name}/")).is_ok_and(|url| url.path() == "/" && url.host_str().is_some());
    if !real || name == ctx.urls.host() {
        return Err(Error::invalid("domain", "error-host-name"));
    }
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                if !on {
                    return store::regards::unblock_host(conn, me, &name).await;
                }
                let host = store::actors::ensure_host(conn, HostId(c.ids.next()), &name).await?;
                store::regards::block_host(conn, me, host).await
            })
        })
        .await?;
    Ok(())
}

/// Servers the viewer shut out, with the cursor of each.
pub async fn blocked_hosts(ctx: &Ctx, viewer: &Viewer, page: Page) -> Result<Vec<(i64, String)>> {
    let rows = store::regards::blocked_hosts(&mut ctx.db.read().await?, viewer.member_id()?, page).await?;
    Ok(rows.into_iter().map(|(id, name)| (id.0, name)).collect())
}
