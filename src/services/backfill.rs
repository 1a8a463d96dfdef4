//! What a server elsewhere has of a group or a thread that is opened here: asked for in the background.

use serde::{Deserialize, Serialize};

use super::throttle::Quota;
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::Actor;
use crate::domain::posts::Post;
use crate::services::Ctx;
use crate::store;
use crate::store::jobs::NewJob;

/// The kind of its jobs.
pub const JOB: &str = "backfill";
/// How often one thing is asked for.
const AGAIN: Quota = Quota { burst: 1, every: Time::HOUR };

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backfill {
    /// Recent and pinned posts of a group elsewhere.
    Group(ActorId),
    /// The answers to a post from elsewhere.
    Thread(PostId),
}

/// A member opens a group: one elsewhere is asked for its posts.
pub async fn group(ctx: &Ctx, viewer: &Viewer, group: &Actor) {
    if !group.is_local() && viewer.is_full_member() {
        ask(ctx, Backfill::Group(group.id)).await;
    }
}

/// A member opens a thread by a post from elsewhere: answers may be missing here.
pub async fn thread(ctx: &Ctx, viewer: &Viewer, post: &Post) {
    if !ctx.urls.is_ours(&post.uri) && viewer.is_full_member() {
        ask(ctx, Backfill::Thread(post.root_id)).await;
    }
}

/// The page does not wait for it, and shows without it too: a failure goes to the log alone.
async fn ask(ctx: &Ctx, what: Backfill) {
    let key = format!("{JOB} {what:?}");
    if ctx.remote().is_err() || ctx.throttle.take(&[(key.clone(), AGAIN)], ctx.now()).is_err() {
        return;
    }
    let (id, now) = (ctx.ids.next(), ctx.now());
    let kept = ctx.db.write(move |conn| {
        Box::pin(async move {
            let payload = serde_json::to_string(&what).map_err(Error::internal)?;
            let job = NewJob { id, kind: JOB, payload: &payload, dedup_key: Some(&key), lane: None, run_at: now };
            store::jobs::enqueue(conn, job).await
        })
    });
    match kept.await {
        Ok(_) => ctx.wake.now(),
        Err(error) => tracing::warn!(%error, "asking for what is elsewhere"),
    }
}
