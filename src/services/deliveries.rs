//! What waits to be delivered to servers that do not take it, for administrators.

use super::Ctx;
use crate::base::*;
use crate::domain::Viewer;
use crate::policy;
use crate::store::deliveries::{self, LaneLine};

/// Lanes shown at once.
const SHOWN: i64 = 200;

/// All deliveries that wait, and the lanes whose host did not take the last one.
pub async fn waiting(ctx: &Ctx, viewer: &Viewer) -> Result<(i64, Vec<LaneLine>)> {
    policy::check_admin(viewer)?;
    let mut conn = ctx.db.read().await?;
    Ok((deliveries::count(&mut conn).await?, deliveries::failing(&mut conn, SHOWN).await?))
}

/// Has a lane tried again now.
///
/// # Errors
/// `NotFound` when it is no longer there.
pub async fn retry(ctx: &Ctx, viewer: &Viewer, lane: &str) -> Result<()> {
    policy::check_admin(viewer)?;
    let (lane, now) = (lane.to_owned(), ctx.now());
    let count = ctx.db.write(move |conn| Box::pin(async move { deliveries::retry(conn, &lane, now).await })).await?;
    if count == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// Throws away what waits in a lane.
///
/// # Errors
/// `NotFound` when it is no longer there.
pub async fn drop_lane(ctx: &Ctx, viewer: &Viewer, lane: &str) -> Result<()> {
    policy::check_admin(viewer)?;
    let lane = lane.to_owned();
    let count = ctx.db.write(move |conn| Box::pin(async move { deliveries::drop_lane(conn, &lane).await })).await?;
    if count == 0 { Err(Error::NotFound) } else { Ok(()) }
}
