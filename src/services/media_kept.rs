//! Files that members elsewhere add to closed groups here: their group's host keeps a copy, also when nobody here looks at them.

use super::Ctx;
use super::media::fetch_remote;
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::people::Role;
use crate::store::jobs::NewJob;
use crate::store::{self, Conn};

/// The job that fetches the files of a post.
pub const JOB: &str = "keep_media";

/// Has the files of a post kept, after the commit.
pub(super) async fn later(conn: &mut Conn, ctx: &Ctx, post: PostId) -> Result<()> {
    let payload = post.to_string();
    let key = format!("{JOB} {post}");
    let job = NewJob {
        id: ctx.ids.next(),
        kind: JOB,
        payload: &payload,
        dedup_key: Some(&key),
        lane: None,
        run_at: ctx.now(),
    };
    store::jobs::enqueue(conn, job).await.map(|_| ())
}

/// Fetches what is not here yet, in the name of a member of the group.
///
/// # Errors
/// `RemoteFailed` and others while it may still be had: the job is tried again.
pub async fn run(ctx: &Ctx, payload: &str) -> Result<()> {
    let id: PostId = payload.parse()?;
    let mut conn = ctx.db.read().await?;
    let Some(post) = store::posts::find(&mut conn, id).await?.filter(|post| !post.is_gone()) else { return Ok(()) };
    let Some(group) = post.group_id else { return Ok(()) };
    let Some(reader) = store::federation::local_member(&mut conn, group).await? else { return Ok(()) };
    let files = store::media::of_posts(&mut conn, &[id]).await?;
    drop(conn);
    let reader = Viewer::Member { id: reader, role: Role::Member, guest: false };
    for file in files.iter().filter(|file| file.key.is_none()) {
        let Some(url) = &file.remote_url else { continue };
        match fetch_remote(ctx, file, url, &reader).await {
            Ok(_) => {}
            // It is no file that may be shown, or gone: nothing will change that.
            Err(error @ (Error::NotFound | Error::Gone | Error::RemoteFailed { retryable: false, .. })) => {
                tracing::debug!(%error, url, "a file of a member elsewhere is not kept");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
