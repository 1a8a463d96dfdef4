//! Files: putting them up, and handing them to those who may see the post they belong to.

use bytes::Bytes;
use tokio::sync::Semaphore;

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::groups::GroupKind;
use crate::domain::media::{Media, MediaKind, MediaPurpose, MediaState};
use crate::media::{self, Kind, Storage, images};
use crate::policy;
use crate::services::Ctx;
use crate::store::jobs::NewJob;
use crate::store::{self, Conn};

/// How long a file may stay loose before it is cleaned up.
const LOOSE_FOR: i64 = 2 * Time::DAY;
/// The kind of the jobs that make pictures ready.
pub const JOB: &str = "prepare_media";
/// A picture of so many bytes takes longer to make ready than an app on a phone should wait for an answer.
const LARGE: usize = 1_000_000;
/// Pictures made ready at once: each takes some hundred megabytes at worst.
pub(super) static PREPARING: Semaphore = Semaphore::const_new(4);

/// A file ready to send.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The bytes.
    pub bytes: Bytes,
    /// By which type it is served.
    pub mime: String,
    /// Name for saving it.
    pub file_name: String,
    /// Whether anyone may keep a copy in a cache.
    pub public: bool,
}

/// Puts up a file that a post can take later. Pictures are made upright and lose their metadata.
///
/// # Errors
/// `Invalid` for what may not be shared, `TooLarge`.
pub async fn upload(
    ctx: &Ctx,
    viewer: &Viewer,
    bytes: Bytes,
    declared_mime: &str,
    file_name: &str,
    description: &str,
    purpose: MediaPurpose,
) -> Result<Media> {
    let mut file = begin(ctx, viewer, &bytes, (declared_mime, file_name), description, purpose)?;
    let bytes = if file.kind == MediaKind::Image { keep_picture(ctx, &mut file, bytes).await? } else { bytes };
    keep(ctx, &mut file, bytes).await?;
    Ok(file)
}

/// As [`upload`], of a file for a post; a large picture is made ready afterwards, and is `Processing` until then.
pub async fn upload_for_later(
    ctx: &Ctx,
    viewer: &Viewer,
    bytes: Bytes,
    named: (&str, &str),
    description: &str,
) -> Result<Media> {
    let mut file = begin(ctx, viewer, &bytes, named, description, MediaPurpose::Post)?;
    if file.kind != MediaKind::Image || bytes.len() < LARGE {
        return upload(ctx, viewer, bytes, named.0, named.1, description, MediaPurpose::Post).await;
    }
    file.state = MediaState::Processing;
    keep(ctx, &mut file, bytes).await?;
    Ok(file)
}

/// Looks at a file by its content and describes it.
fn begin(
    ctx: &Ctx,
    viewer: &Viewer,
    bytes: &Bytes,
    (declared_mime, file_name): (&str, &str),
    description: &str,
    purpose: MediaPurpose,
) -> Result<Media> {
    let owner = viewer.member_id()?;
    let limit = u64::from(ctx.config.limits.max_upload_mb) * 1_000_000;
    if u64::try_from(bytes.len()).is_ok_and(|n| n > limit) {
        return Err(Error::TooLarge { limit });
    }
    if description.chars().count() > 1500 {
        return Err(Error::invalid("alt", "error-text-long"));
    }
    let found = media::sniff(bytes, declared_mime, file_name)?;
    let file = Media {
        id: MediaId(ctx.ids.next()),
        owner_id: owner,
        post_id: None,
        purpose,
        position: 0,
        kind: kind_of(found.kind),
        mime: found.mime.to_owned(),
        file_name: safe_name(file_name, found.extension),
        size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        width: None,
        height: None,
        blurhash: None,
        description: description.trim().to_owned(),
        focus_x: None,
        focus_y: None,
        key: None,
        thumb_key: None,
        thumb_mime: None,
        remote_url: None,
        state: MediaState::Ready,
    };
    if purpose != MediaPurpose::Post && file.kind != MediaKind::Image {
        return Err(Error::invalid("files", "error-not-a-picture"));
    }
    Ok(file)
}

/// Keeps the bytes and the row; of what is not ready also the job that makes it so.
async fn keep(ctx: &Ctx, file: &mut Media, bytes: Bytes) -> Result<()> {
    let key = Storage::new_key(&ctx.rng);
    ctx.media.put(&key, bytes).await?;
    file.key = Some(key);
    let (stored, now, job) = (file.clone(), ctx.now(), ctx.ids.next());
    let write = ctx.db.write(move |conn| {
        Box::pin(async move {
            store::media::insert(conn, &stored, now).await?;
            if stored.state == MediaState::Processing {
                let id = stored.id.to_string();
                let job = NewJob { id: job, kind: JOB, payload: &id, dedup_key: None, lane: None, run_at: now };
                store::jobs::enqueue(conn, job).await?;
            }
            Ok(())
        })
    });
    write.await?;
    ctx.wake.now();
    Ok(())
}

/// The job `prepare_media`: makes a picture ready that was kept as it came.
pub async fn prepare(ctx: &Ctx, id: &str) -> Result<()> {
    let found = store::media::find(&mut ctx.db.read().await?, id.parse()?).await?;
    let Some(mut file) = found.filter(|file| file.state == MediaState::Processing) else { return Ok(()) };
    let raw = file.key.take().ok_or_else(|| Error::internal("a file without bytes"))?;
    let _turn = PREPARING.acquire().await.map_err(Error::internal)?;
    match keep_picture(ctx, &mut file, ctx.media.read(&raw).await?).await {
        Ok(bytes) => {
            let key = Storage::new_key(&ctx.rng);
            ctx.media.put(&key, bytes).await?;
            file.key = Some(key);
            file.state = MediaState::Ready;
        }
        Err(Error::Invalid { .. }) => file.state = MediaState::Failed,
        Err(error) => return Err(error),
    }
    ctx.db.write(move |conn| Box::pin(async move { store::media::set_prepared(conn, &file).await })).await?;
    ctx.media.delete(&raw).await
}

/// Prepares a picture off the async threads; keeps its thumbnail and returns the main file.
async fn keep_picture(ctx: &Ctx, file: &mut Media, bytes: Bytes) -> Result<Bytes> {
    if file.purpose == MediaPurpose::Avatar {
        let picture = tokio::task::spawn_blocking(move || images::avatar(&bytes)).await.map_err(Error::internal)??;
        file.mime = picture.mime.to_owned();
        (file.width, file.height) = (pixels(picture.width), pixels(picture.height));
        return Ok(picture.bytes.into());
    }
    let limits = images::Limits::default();
    let ready =
        tokio::task::spawn_blocking(move || images::prepare(&bytes, &limits)).await.map_err(Error::internal)??;
    let thumb_key = Storage::new_key(&ctx.rng);
    ctx.media.put(&thumb_key, ready.thumb.bytes.into()).await?;
    file.thumb_key = Some(thumb_key);
    file.thumb_mime = Some(ready.thumb.mime.to_owned());
    file.mime = ready.main.mime.to_owned();
    file.size = i64::try_from(ready.main.bytes.len()).unwrap_or(i64::MAX);
    (file.width, file.height) = (pixels(ready.main.width), pixels(ready.main.height));
    file.blurhash = Some(ready.blurhash);
    Ok(ready.main.bytes.into())
}

fn pixels(n: u32) -> Option<i32> {
    i32::try_from(n).ok()
}

fn kind_of(kind: Kind) -> MediaKind {
    match kind {
        Kind::Image => MediaKind::Image,
        Kind::Document => MediaKind::Document,
        Kind::Audio => MediaKind::Audio,
        Kind::Video => MediaKind::Video,
    }
}

/// The last part of a name, without control characters, with the ending its content has.
fn safe_name(name: &str, extension: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
    let clean: String = stem.chars().filter(|c| !c.is_control() && *c != '"').take(80).collect();
    let clean = clean.trim();
    format!("{}.{extension}", if clean.is_empty() { "bestand" } else { clean })
}

/// A file for who may see it: its post's readers; its owner while loose; everyone for pictures of profiles.
///
/// # Errors
/// `NotFound` for everyone else.
pub async fn open(ctx: &Ctx, viewer: &Viewer, id: MediaId, thumb: bool) -> Result<Opened> {
    let mut conn = ctx.db.read().await?;
    let file = store::media::find(&mut conn, id).await?.ok_or(Error::NotFound)?;
    let public = match file.post_id {
        Some(post) => {
            let sight = policy::sight(viewer);
            let post = store::posts::find_visible(&mut conn, post, &sight).await?.ok_or(Error::NotFound)?;
            if post.is_gone() {
                return Err(Error::NotFound);
            }
            store::groups::get_audience(&mut conn, post.audience_id).await?.scope.is_open()
        }
        None if file.purpose != MediaPurpose::Post => shown_openly(&mut conn, ctx, viewer, file.owner_id).await?,
        None if viewer.actor_id() == Some(file.owner_id) => false,
        None => return Err(Error::NotFound),
    };
    drop(conn);
    let (key, mime) = match (thumb, &file.thumb_key, &file.key) {
        (true, Some(key), _) => (Some(key), file.thumb_mime.clone().unwrap_or_else(|| file.mime.clone())),
        (_, _, Some(key)) => (Some(key), file.mime.clone()),
        _ => (None, file.mime.clone()),
    };
    let (bytes, mime) = match (key, &file.remote_url) {
        (Some(key), _) => (ctx.media.read(key).await?, mime),
        (None, Some(url)) => fetch_remote(ctx, &file, url, viewer).await?,
        (None, None) => return Err(Error::NotFound),
    };
    Ok(Opened { bytes, mime, file_name: file.file_name, public })
}

/// Whether pictures of people and organisations may be kept by anyone: all but those of groups that not everyone may
/// know of. `NotFound` when the viewer may not.
async fn shown_openly(conn: &mut Conn, ctx: &Ctx, viewer: &Viewer, owner: ActorId) -> Result<bool> {
    if store::groups::find(conn, owner).await?.is_none() {
        return Ok(true);
    }
    let (group, actor, follow) = store::groups::get_with(conn, owner, viewer.actor_id()).await?;
    let at = policy::InGroup { group: &group, local: actor.is_local(), follow: follow.as_ref(), now: ctx.now() };
    let known = policy::may_see_group(viewer, at);
    if known { Ok(group.kind == GroupKind::Public) } else { Err(Error::NotFound) }
}

/// A peer's file, fetched once and kept; its content is checked as an upload's is.
pub(super) async fn fetch_remote(ctx: &Ctx, file: &Media, url: &str, viewer: &Viewer) -> Result<(Bytes, String)> {
    let (bytes, declared) = ctx.remote()?.fetch_media(url, viewer.actor_id(), file.post_id).await?;
    let found = media::sniff(&bytes, &declared, &file.file_name).map_err(|_| Error::NotFound)?;
    let key = Storage::new_key(&ctx.rng);
    ctx.media.put(&key, bytes.clone()).await?;
    let (id, size) = (file.id, i64::try_from(bytes.len()).unwrap_or(i64::MAX));
    let mime = found.mime;
    ctx.db
        .write(move |conn| Box::pin(async move { store::media::set_fetched(conn, id, &key, mime, size).await }))
        .await?;
    Ok((bytes, found.mime.to_owned()))
}

/// Changes the alternative text and focal point of one's own file.
pub async fn describe(
    ctx: &Ctx,
    viewer: &Viewer,
    id: MediaId,
    description: &str,
    focus: Option<(f64, f64)>,
) -> Result<Media> {
    let me = viewer.member_id()?;
    if description.chars().count() > 1500 {
        return Err(Error::invalid("alt", "error-text-long"));
    }
    let description = description.trim().to_owned();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let file = store::media::find(conn, id).await?.filter(|f| f.owner_id == me).ok_or(Error::NotFound)?;
                store::media::describe(conn, id, &description, focus.or(file.focus_x.zip(file.focus_y))).await?;
                store::media::find(conn, id).await?.ok_or(Error::NotFound)
            })
        })
        .await
}

/// One's own file, also while it is loose.
pub async fn own(ctx: &Ctx, viewer: &Viewer, id: MediaId) -> Result<Media> {
    let me = viewer.member_id()?;
    let file = store::media::find(&mut ctx.db.read().await?, id).await?;
    file.filter(|f| f.owner_id == me).ok_or(Error::NotFound)
}

/// Which of several files are the viewer's own and in no post yet.
pub async fn loose(ctx: &Ctx, viewer: &Viewer, ids: &[MediaId]) -> Result<Vec<Media>> {
    let me = viewer.member_id()?;
    if ids.is_empty() { Ok(Vec::new()) } else { store::media::loose_of(&mut ctx.db.read().await?, me, ids).await }
}

/// Pictures and documents in a group, newest first, before `before`.
pub async fn of_group(ctx: &Ctx, viewer: &Viewer, group: ActorId, before: Option<i64>) -> Result<Vec<Media>> {
    let sight = policy::sight(viewer);
    store::media::of_group(&mut ctx.db.read().await?, group, &sight, before.unwrap_or(i64::MAX), 40).await
}

/// Removes files that no post took, and those of deleted posts; the job `clean_media`.
pub async fn clean(ctx: &Ctx) -> Result<()> {
    let before = ctx.now().plus(-LOOSE_FOR);
    let loose = store::media::list_loose(&mut ctx.db.read().await?, before, 200).await?;
    for (id, key, thumb) in loose {
        // First the row, then the bytes: a crash between leaves an unused file, never a broken post.
        ctx.db.write(move |conn| Box::pin(async move { store::media::delete(conn, id).await })).await?;
        for key in [key, thumb].into_iter().flatten() {
            ctx.media.delete(&key).await?;
        }
    }
    Ok(())
}
