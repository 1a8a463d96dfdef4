//! Building the index anew on request: by the processes that run, or here when none does.

use std::time::Duration;

use super::follow::{self, Progress, Slot};
use crate::base::*;
use crate::services::Ctx;
use crate::store;

/// Settings in which a process tells how far it is.
const TOLD: &str = "reindex/";
/// How long a running process may take to notice.
const PATIENCE: u32 = 60;

/// A process tells how far it is with the index that row `seq` of the feed asked for.
pub async fn tell(ctx: &Ctx, seq: i64, done: u64, all: u64) -> Result<()> {
    let (key, value) = (format!("{TOLD}{}", ctx.finding.process), format!("{seq} {done} {all}"));
    ctx.db.write(move |conn| Box::pin(async move { store::settings::set(conn, &key, &value).await })).await?;
    Ok(())
}

/// Has every index built anew, and returns how many processes did so; 0 when none runs and it was done here.
///
/// # Errors
/// `Unavailable` when processes run but none begins.
pub async fn reindex(ctx: &Ctx, progress: Progress) -> Result<usize> {
    // On PostgreSQL processes may run on other machines: they hear of it by the feed in any case.
    let seq = ctx.db.write(|conn| Box::pin(async move { store::search::add_change(conn, "rebuild").await })).await?;
    if let Some(slot) = Slot::free(ctx).await? {
        follow::build_alone(ctx, &slot, progress).await?;
        return Ok(0);
    }
    for waited in 0.. {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let told = told(ctx, seq).await?;
        let sum = told.iter().fold((0, 0), |sum, (done, all)| (sum.0 + done, sum.1 + all));
        progress(sum.0, sum.1);
        if !told.is_empty() && told.iter().all(|(done, all)| done >= all && *all > 0) {
            forget(ctx).await?;
            return Ok(told.len());
        }
        if told.is_empty() && waited > PATIENCE {
            return Err(Error::Unavailable("a process runs but does not begin; look at its log".to_owned()));
        }
    }
    Ok(0)
}

async fn told(ctx: &Ctx, seq: i64) -> Result<Vec<(u64, u64)>> {
    let all = store::settings::all(&mut ctx.db.read().await?).await?;
    let read = |value: &str| {
        let mut numbers = value.split(' ').map(|part| part.parse::<u64>().unwrap_or(0));
        let (of, done, all) = (numbers.next()?, numbers.next()?, numbers.next()?);
        (i64::try_from(of).ok()? >= seq).then_some((done, all))
    };
    Ok(all.iter().filter(|(key, _)| key.starts_with(TOLD)).filter_map(|(_, value)| read(value)).collect())
}

async fn forget(ctx: &Ctx) -> Result<()> {
    ctx.db.write(|conn| Box::pin(async move { store::settings::forget(conn, "reindex/%").await })).await?;
    Ok(())
}
