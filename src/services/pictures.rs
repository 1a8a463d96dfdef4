//! The picture of a person or group, and the logo of the organisation.

use bytes::Bytes;

use super::Ctx;
use super::ctx::emit;
use super::throttle::Quota;
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorState};
use crate::domain::events::Event;
use crate::domain::media::{Media, MediaKind, MediaPurpose, MediaState};
use crate::domain::peers::HostState;
use crate::media::Storage;
use crate::media::images::{self, Encoded};
use crate::policy;
use crate::store::{self, Conn};

/// Sets the viewer's picture from an uploaded one: the middle as a square, without metadata.
///
/// # Errors
/// `Invalid` for `file` when it is no picture we can read, `TooLarge`.
pub async fn set_avatar(ctx: &Ctx, viewer: &Viewer, bytes: Bytes) -> Result<()> {
    let me = viewer.member_id()?;
    set_icon(ctx, me, me, bytes).await
}

/// Sets the picture of an actor here whose keeper `owner` is; the caller has checked that they may.
pub async fn set_icon(ctx: &Ctx, actor: ActorId, owner: ActorId, bytes: Bytes) -> Result<()> {
    let media = keep(ctx, owner, MediaPurpose::Avatar, bytes, images::avatar).await?;
    let c = ctx.clone();
    let old = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let old = store::actors::get(conn, actor).await?.icon_media_id;
                store::media::insert(conn, &media, c.now()).await?;
                store::actors::set_icon(conn, actor, Some(media.id), c.now()).await?;
                emit(conn, &c.ids, c.now(), &Event::ActorUpdated { actor }).await?;
                drop_old(conn, old).await
            })
        })
        .await?;
    ctx.wake.now();
    remove_files(ctx, old).await
}

/// Takes the viewer's picture away.
pub async fn remove_avatar(ctx: &Ctx, viewer: &Viewer) -> Result<()> {
    remove_icon(ctx, viewer.member_id()?).await
}

/// Sets the picture of a group; none takes it away. It is the group's own file: who may not know of the group does not
/// get to see it.
///
/// # Errors
/// `NotFound`, `Forbidden`; `Invalid` for `file` when it is no picture we can read, `TooLarge`.
pub async fn set_group_picture(ctx: &Ctx, viewer: &Viewer, group: ActorId, bytes: Option<Bytes>) -> Result<()> {
    let view = crate::services::groups::view(ctx, viewer, group).await?;
    if !view.may_manage || !view.actor.is_local() {
        return Err(Error::forbidden("error-not-moderator"));
    }
    match bytes {
        Some(bytes) => set_icon(ctx, group, group, bytes).await,
        None => remove_icon(ctx, group).await,
    }
}

async fn remove_icon(ctx: &Ctx, actor: ActorId) -> Result<()> {
    let c = ctx.clone();
    let old = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let old = store::actors::get(conn, actor).await?.icon_media_id;
                store::actors::set_icon(conn, actor, None, c.now()).await?;
                emit(conn, &c.ids, c.now(), &Event::ActorUpdated { actor }).await?;
                drop_old(conn, old).await
            })
        })
        .await?;
    ctx.wake.now();
    remove_files(ctx, old).await
}

/// Sets the logo of the organisation.
///
/// # Errors
/// `Forbidden`; `Invalid` for `file` when it is no picture we can read.
pub async fn set_logo(ctx: &Ctx, viewer: &Viewer, bytes: Bytes) -> Result<()> {
    policy::check_admin(viewer)?;
    let me = viewer.member_id()?;
    let small = |bytes: &[u8]| {
        let limits = images::Limits { main_side: 512, ..images::Limits::default() };
        images::prepare(bytes, &limits).map(|prepared| prepared.main)
    };
    let media = keep(ctx, me, MediaPurpose::Logo, bytes, small).await?;
    let (c, old) = (ctx.clone(), ctx.instance().logo);
    let old = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                store::media::insert(conn, &media, c.now()).await?;
                store::settings::set(conn, "logo", &media.id.to_string()).await?;
                drop_old(conn, old).await
            })
        })
        .await?;
    ctx.reload_instance().await?;
    remove_files(ctx, old).await
}

/// Takes the logo away.
///
/// # Errors
/// `Forbidden`.
pub async fn remove_logo(ctx: &Ctx, viewer: &Viewer) -> Result<()> {
    policy::check_admin(viewer)?;
    let old = ctx.instance().logo;
    let old = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                store::settings::set(conn, "logo", "").await?;
                drop_old(conn, old).await
            })
        })
        .await?;
    ctx.reload_instance().await?;
    remove_files(ctx, old).await
}

/// How often the picture of one actor elsewhere is asked for: what could not be had is not asked for at every page.
const ASKING: Quota = Quota { burst: 2, every: Time::HOUR };

/// The picture of an actor elsewhere: fetched once, made small and kept here, so that its server does not see who looks.
///
/// # Errors
/// `NotFound` when there is none, or none that we show; `RateLimited` when it could not be had just now.
pub async fn elsewhere(ctx: &Ctx, actor: ActorId) -> Result<MediaId> {
    let mut conn = ctx.db.read().await?;
    let found = store::actors::get(&mut conn, actor).await?;
    if let Some(kept) = found.icon_media_id {
        return Ok(kept);
    }
    let host = store::federation::get_host(&mut conn, found.host_id).await?;
    drop(conn);
    let url = found.icon_url.as_deref().filter(|url| !url.is_empty() && !found.is_local()).ok_or(Error::NotFound)?;
    if host.reject_media || host.state == HostState::Blocked || found.state != ActorState::Active {
        return Err(Error::NotFound);
    }
    ctx.throttle.take(&[(format!("icon {actor}"), ASKING)], ctx.now())?;
    let (bytes, _) = ctx.remote()?.fetch_media(url, None, None).await.map_err(|error| {
        tracing::debug!(%error, url, "a picture elsewhere cannot be had");
        Error::NotFound
    })?;
    let media = keep(ctx, actor, MediaPurpose::Avatar, bytes, images::avatar).await.map_err(|error| {
        tracing::debug!(%error, url, "a picture elsewhere is none");
        Error::NotFound
    })?;
    let (id, now) = (media.id, ctx.now());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                store::media::insert(conn, &media, now).await?;
                store::actors::set_icon(conn, actor, Some(media.id), now).await
            })
        })
        .await?;
    Ok(id)
}

/// A little picture of another server: fetched at first sight, made small and kept here, as [`elsewhere`].
///
/// # Errors
/// `NotFound` when there is none, or none that we show; `RateLimited` when it could not be had just now.
pub async fn emoji(ctx: &Ctx, id: EmojiId) -> Result<MediaId> {
    let mut conn = ctx.db.read().await?;
    let (host, url, author, kept) = store::emoji::find(&mut conn, id).await?.ok_or(Error::NotFound)?;
    if let Some(kept) = kept
        && store::media::find(&mut conn, kept).await?.is_some()
    {
        return Ok(kept);
    }
    let host = store::federation::get_host(&mut conn, host).await?;
    drop(conn);
    if host.reject_media || host.state == HostState::Blocked {
        return Err(Error::NotFound);
    }
    ctx.throttle.take(&[(format!("emoji {id}"), ASKING)], ctx.now())?;
    let unusable = |error: Error| {
        tracing::debug!(%error, url, "a little picture elsewhere cannot be shown");
        Error::NotFound
    };
    let (bytes, _) = ctx.remote()?.fetch_media(&url, None, None).await.map_err(unusable)?;
    let media = keep(ctx, author, MediaPurpose::Avatar, bytes, images::emoji).await.map_err(unusable)?;
    let (media_id, now) = (media.id, ctx.now());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                store::media::insert(conn, &media, now).await?;
                store::emoji::set_media(conn, id, media.id).await
            })
        })
        .await?;
    Ok(media_id)
}

/// Forgets what was kept of an actor elsewhere: it has another picture now, or none.
pub async fn forget_elsewhere(ctx: &Ctx, actor: &Actor) -> Result<()> {
    let (id, old, now) = (actor.id, actor.icon_media_id, ctx.now());
    if old.is_none() || actor.is_local() {
        return Ok(());
    }
    let keys = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                store::actors::set_icon(conn, id, None, now).await?;
                drop_old(conn, old).await
            })
        })
        .await?;
    ctx.throttle.forget(&format!("icon {id}"));
    remove_files(ctx, keys).await
}

/// Makes a picture ready and stores its bytes; its row is the caller's to insert.
async fn keep(
    ctx: &Ctx,
    owner: ActorId,
    purpose: MediaPurpose,
    bytes: Bytes,
    make: impl FnOnce(&[u8]) -> Result<Encoded> + Send + 'static,
) -> Result<Media> {
    let limit = u64::from(ctx.config.limits.max_upload_mb) * 1_000_000;
    if u64::try_from(bytes.len()).is_ok_and(|n| n > limit) {
        return Err(Error::TooLarge { limit });
    }
    let made = tokio::task::spawn_blocking(move || make(&bytes)).await.map_err(Error::internal)??;
    let key = Storage::new_key(&ctx.rng);
    let media = Media {
        id: MediaId(ctx.ids.next()),
        owner_id: owner,
        post_id: None,
        purpose,
        position: 0,
        kind: MediaKind::Image,
        mime: made.mime.to_owned(),
        file_name: String::new(),
        size: i64::try_from(made.bytes.len()).unwrap_or(i64::MAX),
        width: i32::try_from(made.width).ok(),
        height: i32::try_from(made.height).ok(),
        blurhash: None,
        description: String::new(),
        focus_x: None,
        focus_y: None,
        key: Some(key.clone()),
        thumb_key: None,
        thumb_mime: None,
        remote_url: None,
        state: MediaState::Ready,
    };
    ctx.media.put(&key, made.bytes.into()).await?;
    Ok(media)
}

/// Forgets the picture before; returns the keys of its files, to be removed after the commit.
async fn drop_old(conn: &mut Conn, old: Option<MediaId>) -> Result<Vec<String>> {
    let Some(id) = old else { return Ok(Vec::new()) };
    let found = store::media::find(conn, id).await?;
    store::media::delete(conn, id).await?;
    Ok(found.into_iter().flat_map(|m| [m.key, m.thumb_key]).flatten().collect())
}

async fn remove_files(ctx: &Ctx, keys: Vec<String>) -> Result<()> {
    for key in keys {
        ctx.media.delete(&key).await?;
    }
    Ok(())
}
