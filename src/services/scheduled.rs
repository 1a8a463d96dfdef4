//! Posts that wait for their time: written now, put up by a job.

use serde::{Deserialize, Serialize};

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::media::Media;
use crate::services::api::{self, NewStatus};
use crate::services::{Ctx, posts};
use crate::store;

/// A post must wait at least this long.
const AT_LEAST: i64 = 5 * Time::MINUTE;
/// Posts one may have waiting.
const MOST: i64 = 300;
/// Posts put up in one run of the job.
const CHUNK: i64 = 100;

/// A post to be.
#[derive(Clone, Debug)]
pub struct Scheduled {
    /// Our id.
    pub id: i64,
    /// When.
    pub publish_at: Time,
    /// What it will say.
    pub status: NewStatus,
    /// Its files.
    pub media: Vec<Media>,
}

/// What is kept, with the `Idempotency-Key` it came with.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Plan {
    status: NewStatus,
    key: Option<String>,
}

fn check_time(ctx: &Ctx, at: Time) -> Result<()> {
    if at.since(ctx.now()) < AT_LEAST {
        return Err(Error::invalid("scheduled_at", "error-too-soon"));
    }
    Ok(())
}

/// Keeps a post until its time. It is checked now as if it were written now.
///
/// # Errors
/// As [`crate::services::posts::publish`]; `Invalid` when the time is too near.
pub async fn create(ctx: &Ctx, viewer: &Viewer, status: NewStatus, at: Time, key: Option<&str>) -> Result<Scheduled> {
    let me = viewer.member_id()?;
    check_time(ctx, at)?;
    if let Some(key) = key {
        let waiting = list(ctx, viewer, Page::first(40)).await?;
        for one in waiting {
            if one.1.as_deref() == Some(key) {
                return Ok(one.0);
            }
        }
    }
    if store::scheduled::count(&mut ctx.db.read().await?, me).await? >= MOST {
        return Err(Error::invalid("scheduled_at", "error-too-many"));
    }
    posts::check(ctx, &api::form_of(ctx, viewer, status.clone()).await?)?;
    let media = files(ctx, viewer, &status).await?;
    let plan = Plan { status, key: key.map(str::to_owned) };
    let (id, text) = (ctx.ids.next(), serde_json::to_string(&plan).map_err(Error::internal)?);
    ctx.db.write(move |conn| Box::pin(async move { store::scheduled::insert(conn, id, me, &text, at).await })).await?;
    Ok(Scheduled { id, publish_at: at, status: plan.status, media })
}

/// The files of a post to be; they must be the viewer's and loose.
async fn files(ctx: &Ctx, viewer: &Viewer, status: &NewStatus) -> Result<Vec<Media>> {
    let mut media = Vec::new();
    for id in &status.media {
        match crate::services::media::own(ctx, viewer, *id).await {
            Ok(file) if file.post_id.is_none() => media.push(file),
            Ok(_) | Err(Error::NotFound) => return Err(Error::invalid("media_ids", "error-file-gone")),
            Err(error) => return Err(error),
        }
    }
    Ok(media)
}

async fn read(ctx: &Ctx, viewer: &Viewer, row: store::scheduled::Row) -> Result<(Scheduled, Option<String>)> {
    let plan: Plan = serde_json::from_str(&row.1).map_err(Error::internal)?;
    let media = files(ctx, viewer, &plan.status).await.unwrap_or_default();
    Ok((Scheduled { id: row.0, publish_at: row.2, status: plan.status, media }, plan.key))
}

/// The viewer's posts to be, last first, each with the key it came with.
pub async fn list(ctx: &Ctx, viewer: &Viewer, page: Page) -> Result<Vec<(Scheduled, Option<String>)>> {
    let rows = store::scheduled::list(&mut ctx.db.read().await?, viewer.member_id()?, page).await?;
    let mut all = Vec::new();
    for row in rows {
        all.push(read(ctx, viewer, row).await?);
    }
    Ok(all)
}

/// One of the viewer's posts to be.
pub async fn get(ctx: &Ctx, viewer: &Viewer, id: i64) -> Result<Scheduled> {
    let row = store::scheduled::find(&mut ctx.db.read().await?, viewer.member_id()?, id).await?;
    Ok(read(ctx, viewer, row.ok_or(Error::NotFound)?).await?.0)
}

/// Gives a post to be another time.
pub async fn postpone(ctx: &Ctx, viewer: &Viewer, id: i64, at: Time) -> Result<Scheduled> {
    let mut found = get(ctx, viewer, id).await?;
    check_time(ctx, at)?;
    ctx.db.write(move |conn| Box::pin(async move { store::scheduled::set_time(conn, id, at).await })).await?;
    found.publish_at = at;
    Ok(found)
}

/// Gives up a post to be.
pub async fn delete(ctx: &Ctx, viewer: &Viewer, id: i64) -> Result<()> {
    let me = viewer.member_id()?;
    let gone = ctx.db.write(move |conn| Box::pin(async move { store::scheduled::delete(conn, me, id).await })).await?;
    if gone == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// The job `publish_scheduled`: puts up what is due at `upto`. A post that may not be written any more is given up.
pub async fn publish_due(ctx: &Ctx, upto: Time) -> Result<()> {
    for ((me, role, guest), (id, text, _)) in store::scheduled::due(&mut ctx.db.read().await?, upto, CHUNK).await? {
        let viewer = Viewer::Member { id: me, role, guest };
        let plan: Plan = serde_json::from_str(&text).map_err(Error::internal)?;
        // The key keeps a run that was cut short from putting it up twice.
        let key = format!("scheduled-{id}");
        match api::post(ctx, &viewer, plan.status, Some(&key)).await {
            Ok(_) => {}
            Err(error @ (Error::Unavailable(_) | Error::Internal(_))) => return Err(error),
            Err(error) => tracing::warn!(%error, scheduled = id, "a scheduled post was given up"),
        }
        ctx.db.write(move |conn| Box::pin(async move { store::scheduled::delete(conn, me, id).await })).await?;
    }
    Ok(())
}
