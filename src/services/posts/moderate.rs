//! What moderators do with posts: approve, remove, restore, pin, lock.

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::events::Event;
use crate::domain::moderation::ModAction;
use crate::domain::posts::*;
use crate::live::Change;
use crate::policy;
use crate::services::Ctx;
use crate::services::ctx::emit;
use crate::services::follows::{log, moderated};
use crate::store::{self, Conn};

/// That the viewer keeps order where the post is: in its group, or on the instance for posts outside groups.
pub(super) async fn check_moderates(conn: &mut Conn, ctx: &Ctx, viewer: &Viewer, post: &Post) -> Result<()> {
    match post.group_id {
        Some(group) => moderated(conn, ctx, viewer, group).await.map(|_| ()),
        None => policy::check_instance_moderator(viewer),
    }
}

/// Takes a post away; its author gets the reason.
pub async fn remove(ctx: &Ctx, viewer: &Viewer, id: PostId, reason: &str) -> Result<()> {
    let by = viewer.member_id()?;
    let (c, viewer, reason) = (ctx.clone(), *viewer, reason.trim().to_owned());
    if reason.is_empty() {
        return Err(Error::invalid("reason", "error-reason-empty"));
    }
    let group = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let post = store::posts::get(conn, id).await?;
                check_moderates(conn, &c, &viewer, &post).await?;
                apply_remove(conn, &c, &post, by, &reason).await?;
                log(conn, &c, post.group_id, by, ModAction::RemovePost, Some(post.author_id), Some(id), &reason)
                    .await?;
                Ok(post.group_id)
            })
        })
        .await?;
    ctx.wake.now();
    ctx.hub.publish(Change::Deleted { post: id, group });
    Ok(())
}

/// The removal itself, ours or told by the group's host. Within the caller's transaction.
pub async fn apply_remove(conn: &mut Conn, ctx: &Ctx, post: &Post, by: ActorId, reason: &str) -> Result<()> {
    if post.is_gone() {
        return Ok(());
    }
    super::write::unshow(conn, ctx, post).await?;
    store::posts::set_state(conn, post.id, PostState::Removed, Some(by), reason).await?;
    let event = Event::PostRemoved { post: post.id, moderator: by, reason: reason.to_owned() };
    emit(conn, &ctx.ids, ctx.now(), &event).await
}

/// Puts a removed post back.
pub async fn restore(ctx: &Ctx, viewer: &Viewer, id: PostId) -> Result<()> {
    let by = viewer.member_id()?;
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let post = store::posts::get(conn, id).await?;
                check_moderates(conn, &c, &viewer, &post).await?;
                if post.state != PostState::Removed {
                    return Ok(());
                }
                store::posts::set_state(conn, id, PostState::Published, None, "").await?;
                let event = Event::PostRestored { post: id, moderator: by };
                super::write::show(conn, &c, &post, Some(&event)).await?;
                log(conn, &c, post.group_id, by, ModAction::RestorePost, Some(post.author_id), Some(id), "").await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// Lets a held post through.
pub async fn approve(ctx: &Ctx, viewer: &Viewer, id: PostId) -> Result<()> {
    let by = viewer.member_id()?;
    let (c, viewer) = (ctx.clone(), *viewer);
    let change = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let post = store::posts::get(conn, id).await?;
                check_moderates(conn, &c, &viewer, &post).await?;
                if post.state != PostState::Held {
                    return Ok(None);
                }
                let change = release(conn, &c, post.clone()).await?;
                log(conn, &c, post.group_id, by, ModAction::ApprovePost, Some(post.author_id), Some(id), "").await?;
                Ok(Some(change))
            })
        })
        .await?;
    ctx.wake.now();
    if let Some(change) = change {
        ctx.hub.publish(change);
    }
    Ok(())
}

/// Makes a waiting or held post visible. Within the caller's transaction.
pub(super) async fn release(conn: &mut Conn, ctx: &Ctx, mut post: Post) -> Result<Change> {
    post.state = PostState::Published;
    post.received_seq = ctx.ids.next();
    store::posts::release(conn, post.id, post.received_seq).await?;
    let event = Event::PostPublished { post: post.id, relay: None };
    super::write::show(conn, ctx, &post, Some(&event)).await?;
    Ok(Change::Post { post: post.id, root: post.root_id, group: post.group_id, author: post.author_id })
}

/// Pins a post in its group, or no longer.
pub async fn pin(ctx: &Ctx, viewer: &Viewer, id: PostId, on: bool) -> Result<()> {
    let by = viewer.member_id()?;
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let post = store::posts::get(conn, id).await?;
                check_moderates(conn, &c, &viewer, &post).await?;
                if !post.is_top() || post.group_id.is_none() || post.is_gone() {
                    return Err(Error::NotFound);
                }
                store::posts::set_pinned(conn, id, on.then(|| c.now())).await?;
                emit(conn, &c.ids, c.now(), &Event::Pinned { post: id, moderator: by, pinned: on }).await?;
                let action = if on { ModAction::Pin } else { ModAction::Unpin };
                log(conn, &c, post.group_id, by, action, None, Some(id), "").await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// Closes a thread for new comments, or opens it. Its author may do so too.
pub async fn lock(ctx: &Ctx, viewer: &Viewer, id: PostId, on: bool) -> Result<()> {
    let by = viewer.member_id()?;
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let post = store::posts::get(conn, id).await?;
                check_moderates(conn, &c, &viewer, &post).await?;
                store::posts::set_locked(conn, post.root_id, on).await?;
                emit(conn, &c.ids, c.now(), &Event::Locked { post: post.root_id, moderator: by, locked: on }).await?;
                let action = if on { ModAction::Lock } else { ModAction::Unlock };
                log(conn, &c, post.group_id, by, action, None, Some(post.root_id), "").await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// What somebody elsewhere did who keeps order in a group, here or there. Said again it changes nothing, and is not noted again.
#[derive(Clone, Debug)]
pub enum Received {
    /// A post was taken away, with the reason.
    Removed(String),
    /// It was put back.
    Restored,
    /// It was pinned, or no longer.
    Pinned(bool),
    /// Its thread was closed, or opened.
    Locked(bool),
}

/// Does what somebody elsewhere did with a post; nobody did what was only read there. It is noted in the log of its group if it was
/// done for that (`noted`), not by the server of who wrote it.
pub async fn received(ctx: &Ctx, id: PostId, what: Received, by: Option<ActorId>, noted: bool) -> Result<()> {
    let (c, done) = (ctx.clone(), what.clone());
    let write = ctx.db.write(move |conn| {
        Box::pin(async move {
            let post = store::posts::get(conn, id).await?;
            let Some(action) = apply_received(conn, &c, &post, &done, by).await? else { return Ok((post, false)) };
            let reason = if let Received::Removed(reason) = &done { reason.as_str() } else { "" };
            let about = matches!(done, Received::Removed(_) | Received::Restored).then_some(post.author_id);
            if let (Some(by), true) = (by, noted && post.group_id.is_some()) {
                log(conn, &c, post.group_id, by, action, about, Some(id), reason).await?;
            }
            Ok((post, true))
        })
    });
    let (post, changed) = write.await?;
    if changed {
        ctx.wake.now();
        ctx.hub.publish(match what {
            Received::Removed(_) => Change::Deleted { post: id, group: post.group_id },
            _ => Change::Edited { post: id, group: post.group_id },
        });
    }
    Ok(())
}

/// What it is called in the log, unless it was so already.
async fn apply_received(
    conn: &mut Conn,
    ctx: &Ctx,
    post: &Post,
    what: &Received,
    by: Option<ActorId>,
) -> Result<Option<ModAction>> {
    match what {
        Received::Removed(_) if post.is_gone() => Ok(None),
        Received::Removed(reason) => {
            apply_remove(conn, ctx, post, by.unwrap_or(post.author_id), reason).await?;
            Ok(Some(ModAction::RemovePost))
        }
        Received::Restored if post.state != PostState::Removed => Ok(None),
        Received::Restored => {
            store::posts::set_state(conn, post.id, PostState::Published, None, "").await?;
            super::write::show(conn, ctx, post, None).await?;
            Ok(Some(ModAction::RestorePost))
        }
        Received::Pinned(on) if post.pinned_at.is_some() == *on => Ok(None),
        Received::Pinned(on) => {
            store::posts::set_pinned(conn, post.id, on.then(|| ctx.now())).await?;
            Ok(Some(if *on { ModAction::Pin } else { ModAction::Unpin }))
        }
        Received::Locked(on) if post.locked == *on => Ok(None),
        Received::Locked(on) => {
            store::posts::set_locked(conn, post.id, *on).await?;
            Ok(Some(if *on { ModAction::Lock } else { ModAction::Unlock }))
        }
    }
}
