//! Emptying what the retention setting says has been kept long enough.

use crate::base::{Result, Time};
use crate::services::Ctx;
use crate::store;

/// Rows removed in one transaction.
const CHUNK: i64 = 500;

/// The daily job: what partners looked for, read notices and delivered or failed activities that are older than the setting; removed posts lose
/// their text, their place in the thread stays.
pub async fn run(ctx: &Ctx) -> Result<()> {
    super::search::prune(ctx).await?;
    let now = ctx.now();
    let before = now.plus(-i64::from(ctx.config.limits.retention_days) * Time::DAY);
    loop {
        let done = ctx
            .db
            .write(move |conn| {
                Box::pin(async move {
                    let old = store::posts::removed_before(conn, before, CHUNK).await?;
                    for post in &old {
                        store::posts::bury(conn, *post, now).await?;
                    }
                    super::lookups::forget(conn, now).await?;
                    let notices = store::notices::purge_read(conn, before).await?;
                    let activities = store::activities::purge(conn, before, CHUNK).await?;
                    Ok(old.is_empty() && notices == 0 && activities == 0)
                })
            })
            .await?;
        if done {
            return Ok(());
        }
    }
}
