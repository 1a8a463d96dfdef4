//! Cards of links: the server asks the page once, in a job, so that readers ask no other site.

use bytes::Bytes;

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::audiences::Scope;
use crate::domain::posts::{Post, PostKind, PostState};
use crate::domain::previews::LinkPreview;
use crate::media::{Storage, images};
use crate::policy;
use crate::services::Ctx;
use crate::services::media::PREPARING;
use crate::store::{self, Conn};
use crate::text;

/// Kind of the jobs that [`run`] handles; their payload is the id of a post.
pub const JOB: &str = "link_preview";

/// The link a post's card is for: of a link post its own, else the first in the text.
fn link_of(post: &Post) -> Option<String> {
    let plain = matches!(post.kind, PostKind::Direct | PostKind::Comment) || !post.is_top();
    if plain || post.state != PostState::Published {
        return None;
    }
    post.link_url.clone().or_else(|| text::first_link(&post.html))
}

/// Of a post that was changed: its card is made anew, or goes with its link.
pub(super) async fn renew(ctx: &Ctx, post: &Post) -> Result<()> {
    if link_of(post).is_none() { forget(ctx, post.id).await } else { ask(ctx, post).await }
}

/// Enqueues the making of a card, if the post has a link.
pub(super) async fn ask(ctx: &Ctx, post: &Post) -> Result<()> {
    if link_of(post).is_none() {
        return Ok(());
    }
    let (id, post, now) = (ctx.ids.next(), post.id, ctx.now());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let (payload, key) = (post.to_string(), format!("{JOB}-{post}"));
                let dedup_key = Some(key.as_str());
                let job = store::jobs::NewJob { id, kind: JOB, payload: &payload, dedup_key, lane: None, run_at: now };
                store::jobs::enqueue(conn, job).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// The job: asks the page, once. A site that does not answer is not asked again: the post does without a card.
pub async fn run(ctx: &Ctx, payload: &str) -> Result<()> {
    let id: PostId = payload.parse()?;
    let Some((post, scope, before)) = load(&mut ctx.db.read().await?, id).await? else { return Ok(()) };
    let Some(link) = link_of(&post) else { return forget(ctx, id).await };
    if before.as_ref().is_some_and(|card| card.url == link) || !may_ask(ctx, scope, &link) {
        return Ok(());
    }
    let card = match make(ctx, id, &link).await {
        Ok(card) => card,
        Err(error) => {
            tracing::debug!(%error, %link, "no card for a link");
            return Ok(());
        }
    };
    let kept = card.picture_key.clone();
    let stored = ctx.db.write(move |conn| Box::pin(async move { store::previews::put(conn, &card).await })).await;
    let old = if stored.is_ok() { before.and_then(|card| card.picture_key) } else { kept };
    if let Some(key) = old {
        ctx.media.delete(&key).await?;
    }
    stored.map(|_| ())
}

async fn load(conn: &mut Conn, id: PostId) -> Result<Option<(Post, Scope, Option<LinkPreview>)>> {
    let Some(post) = store::posts::find(conn, id).await? else { return Ok(None) };
    let scope = store::groups::get_audience(conn, post.audience_id).await?.scope;
    Ok(Some((post, scope, store::previews::find(conn, id).await?)))
}

/// Asking tells the other site that somebody here talks about it: not from closed groups, unless people chose so.
fn may_ask(ctx: &Ctx, scope: Scope, link: &str) -> bool {
    (scope.is_open() || ctx.instance().previews_closed) && !ctx.urls.is_ours(link)
}

async fn make(ctx: &Ctx, post_id: PostId, link: &str) -> Result<LinkPreview> {
    let remote = ctx.remote()?;
    let (page, _) = remote.fetch_page(link, false).await?;
    let about = text::about_page(&String::from_utf8_lossy(&page));
    let mut card = LinkPreview {
        post_id,
        url: link.to_owned(),
        title: about.title,
        description: about.description,
        picture_key: None,
        picture_mime: String::new(),
        width: 0,
        height: 0,
        fetched_at: ctx.now(),
    };
    let address = about.picture.and_then(|picture| url::Url::parse(link).ok()?.join(&picture).ok());
    if let Some(address) = address {
        match remote.fetch_page(address.as_str(), true).await {
            Ok((bytes, _)) => picture(ctx, &mut card, bytes).await?,
            Err(error) => tracing::debug!(%error, %address, "no picture for a link"),
        }
    }
    Ok(card)
}

/// Keeps the picture of a card, small and without metadata; one that cannot be read is left out.
async fn picture(ctx: &Ctx, card: &mut LinkPreview, bytes: Bytes) -> Result<()> {
    let turn = PREPARING.acquire().await.map_err(Error::internal)?;
    let ready = tokio::task::spawn_blocking(move || images::prepare(&bytes, &images::Limits::default())).await;
    drop(turn);
    let Ok(ready) = ready.map_err(Error::internal)? else { return Ok(()) };
    let key = Storage::new_key(&ctx.rng);
    card.picture_mime = ready.thumb.mime.to_owned();
    card.width = i32::try_from(ready.thumb.width).unwrap_or(0);
    card.height = i32::try_from(ready.thumb.height).unwrap_or(0);
    ctx.media.put(&key, ready.thumb.bytes.into()).await?;
    card.picture_key = Some(key);
    Ok(())
}

/// Takes a card and its picture away.
pub(super) async fn forget(ctx: &Ctx, id: PostId) -> Result<()> {
    let Some(card) = store::previews::find(&mut ctx.db.read().await?, id).await? else { return Ok(()) };
    ctx.db.write(move |conn| Box::pin(async move { store::previews::delete(conn, id).await })).await?;
    match card.picture_key {
        Some(key) => ctx.media.delete(&key).await,
        None => Ok(()),
    }
}

/// The picture of a card, for who may see the post: bytes, type, and whether anyone may.
///
/// # Errors
/// `NotFound` for everyone else.
pub async fn open(ctx: &Ctx, viewer: &Viewer, id: PostId) -> Result<(Bytes, String, bool)> {
    let mut conn = ctx.db.read().await?;
    let sight = policy::sight(viewer);
    let post = store::posts::find_visible(&mut conn, id, &sight).await?.ok_or(Error::NotFound)?;
    let card = store::previews::find(&mut conn, id).await?.filter(|_| !post.is_gone()).ok_or(Error::NotFound)?;
    let public = store::groups::get_audience(&mut conn, post.audience_id).await?.scope.is_open();
    drop(conn);
    let key = card.picture_key.ok_or(Error::NotFound)?;
    Ok((ctx.media.read(&key).await?, card.picture_mime, public))
}
