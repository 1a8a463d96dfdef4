//! Posts that wait for their time: written now, put up by a job.

use serde::{Deserialize, Serialize};

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::media::Media;
use crate::domain::notices::NoticeKind;
use crate::services::api::{self, NewStatus};
use crate::services::notices::{self, Telling};
use crate::services::{Ctx, posts};
use crate::store;

/// A post must wait at least this long.
const AT_LEAST: i64 = 5 * Time::MINUTE;
/// Posts one may have waiting.
const MOST: i64 = 300;
/// How long after its time a post that meets a fault of ours is tried again.
const PATIENCE: i64 = Time::HOUR;
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
    let found = store::media::loose_of(&mut ctx.db.read().await?, viewer.member_id()?, &status.media).await?;
    let file = |id: &MediaId| found.iter().find(|file| file.id == *id).cloned();
    status.media.iter().map(|id| file(id).ok_or_else(|| Error::invalid("media_ids", "error-file-gone"))).collect()
}

/// Posts to be, with their files as far as these are there still: two queries, however many they are.
async fn read(ctx: &Ctx, me: ActorId, rows: Vec<store::scheduled::Row>) -> Result<Vec<(Scheduled, Option<String>)>> {
    let plans = rows.into_iter().filter_map(|(id, text, at)| match serde_json::from_str::<Plan>(&text) {
        Ok(plan) => Some((id, plan, at)),
        Err(error) => {
            tracing::warn!(%error, scheduled = id, "a scheduled post cannot be read");
            None
        }
    });
    let plans: Vec<(i64, Plan, Time)> = plans.collect();
    let ids: Vec<MediaId> = plans.iter().flat_map(|(_, plan, _)| plan.status.media.iter().copied()).collect();
    let files = store::media::loose_of(&mut ctx.db.read().await?, me, &ids).await?;
    let whole = |(id, plan, publish_at): (i64, Plan, Time)| {
        let named = plan.status.media.iter().filter_map(|id| files.iter().find(|file| file.id == *id).cloned());
        (Scheduled { id, publish_at, media: named.collect(), status: plan.status }, plan.key)
    };
    Ok(plans.into_iter().map(whole).collect())
}

/// The viewer's posts to be, last first, each with the key it came with.
pub async fn list(ctx: &Ctx, viewer: &Viewer, page: Page) -> Result<Vec<(Scheduled, Option<String>)>> {
    let me = viewer.member_id()?;
    let rows = store::scheduled::list(&mut ctx.db.read().await?, me, page).await?;
    read(ctx, me, rows).await
}

/// One of the viewer's posts to be.
pub async fn get(ctx: &Ctx, viewer: &Viewer, id: i64) -> Result<Scheduled> {
    let me = viewer.member_id()?;
    let row = store::scheduled::find(&mut ctx.db.read().await?, me, id).await?.ok_or(Error::NotFound)?;
    read(ctx, me, vec![row]).await?.into_iter().next().map(|found| found.0).ok_or(Error::NotFound)
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

/// The job `publish_scheduled`: puts up what is due at `upto`. What may not be written any more becomes a draft of its
/// writer, who is told why; one that cannot be put up now does not hold up the others.
pub async fn publish_due(ctx: &Ctx, upto: Time) -> Result<()> {
    let mut failed = None;
    for ((me, role, guest), (id, text, at)) in store::scheduled::due(&mut ctx.db.read().await?, upto, CHUNK).await? {
        let viewer = Viewer::Member { id: me, role, guest };
        let plan = serde_json::from_str::<Plan>(&text);
        let outcome = match &plan {
            // The key keeps a run that was cut short from putting it up twice.
            Ok(plan) => api::post(ctx, &viewer, plan.status.clone(), Some(&format!("scheduled-{id}"))).await.map(drop),
            Err(error) => Err(Error::invalid("plan", "error-plan-unreadable")).inspect_err(|_: &Error| {
                tracing::error!(%error, scheduled = id, "a scheduled post cannot be read");
            }),
        };
        let given_up = match outcome {
            Ok(()) => delete(ctx, &viewer, id).await,
            Err(error) => match reason(&error) {
                None if upto.since(at) < PATIENCE => Err(error),
                why => {
                    tracing::warn!(%error, scheduled = id, "a scheduled post became a draft");
                    let plan = plan.unwrap_or_else(|_| unreadable(&text));
                    keep_as_draft(ctx, me, id, plan.status, why.unwrap_or("error-page-internal-what")).await
                }
            },
        };
        if let Err(error) = given_up {
            tracing::warn!(%error, scheduled = id, "a scheduled post waits for the next run");
            failed = Some(error);
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Why a post may not be written, as a key; none for what may be over at the next run.
fn reason(error: &Error) -> Option<&'static str> {
    match error {
        Error::Forbidden { reason } | Error::Conflict { reason } => Some(reason),
        Error::Invalid { fields } => Some(fields.first().map_or("error-form", |field| field.code)),
        Error::NotFound | Error::Gone => Some("error-post-gone"),
        Error::Unavailable(_) | Error::Internal(_) | Error::RateLimited { .. } | Error::RemoteFailed { .. } => None,
        Error::TooLarge { .. } | Error::SignInNeeded | Error::NotAuthentic(_) => Some("error-page-forbidden-what"),
    }
}

/// What can be saved of a plan that cannot be read: its text, or else all of it.
fn unreadable(text: &str) -> Plan {
    let said = serde_json::from_str::<serde_json::Value>(text).ok();
    let said = said.and_then(|plan| plan["status"]["text"].as_str().map(str::to_owned));
    let status = NewStatus { text: said.unwrap_or_else(|| text.to_owned()), ..NewStatus::default() };
    Plan { status, key: None }
}

/// A draft as the composer keeps it.
#[derive(Serialize)]
struct Draft<'a> {
    draft: &'a str,
    kind: &'static str,
    body: &'a str,
    option: &'a [String],
    multiple: &'static str,
    hidden: &'static str,
    language: &'a str,
    warning: &'a str,
    sensitive: &'static str,
    media: Vec<String>,
}

/// The post to be becomes a draft, with its files; a notice leads there and says why. Where it goes is left open: the
/// writer chooses anew.
async fn keep_as_draft(ctx: &Ctx, me: ActorId, id: i64, status: NewStatus, why: &'static str) -> Result<()> {
    let direct = status.visibility.as_deref() == Some("direct");
    let place = format!("{}:{id}", if direct { "scheduled-message" } else { "scheduled" });
    let tick = |on: bool| if on { "1" } else { "" };
    let poll = status.poll.as_ref();
    let draft = Draft {
        draft: &place,
        kind: if poll.is_some() { "poll" } else { "message" },
        body: &status.text,
        option: poll.map_or(&[], |poll| poll.options.as_slice()),
        multiple: tick(poll.is_some_and(|poll| poll.multiple)),
        hidden: tick(poll.is_some_and(|poll| poll.hidden)),
        language: status.language.as_deref().unwrap_or_default(),
        warning: &status.warning,
        sensitive: tick(status.sensitive),
        media: status.media.iter().map(ToString::to_string).collect(),
    };
    let body = serde_json::to_string(&draft).map_err(Error::internal)?;
    let (c, key) = (ctx.clone(), place.clone());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                store::posts::save_draft(conn, c.ids.next(), me, &key, &body, c.now()).await?;
                store::scheduled::delete(conn, me, id).await
            })
        })
        .await?;
    let telling = Telling {
        kind: NoticeKind::Unpublished,
        actor: None,
        post: None,
        group: None,
        detail: why.to_owned(),
        group_key: place,
    };
    notices::tell(ctx, &[me], telling).await
}
