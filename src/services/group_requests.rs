//! Groups that begin when a moderator of the instance agrees. A group that waits is not there yet: it is a form.

use super::groups::{self, GroupForm};
use super::notices;
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorCard};
use crate::domain::notices::NoticeKind;
use crate::policy;
use crate::services::Ctx;
use crate::store;

/// Requests that one member may have waiting.
const WAITING: usize = 5;

/// What came of starting a group.
#[derive(Clone, Debug)]
pub enum Started {
    /// It is there.
    Now(Box<Actor>),
    /// It waits.
    Waits,
}

/// A group that waits.
#[derive(Clone, Debug)]
pub struct GroupRequest {
    /// Its number.
    pub id: i64,
    /// Who asks; `None` when that account is gone.
    pub owner: Option<ActorCard>,
    /// What it will be.
    pub form: GroupForm,
    /// When it was asked.
    pub created_at: Time,
}

/// Starts a group from a page: at once, or, when the organisation looks at new groups first, as a request.
///
/// # Errors
/// As [`groups::create`]; `Conflict` when many wait already.
pub async fn start(ctx: &Ctx, viewer: &Viewer, form: GroupForm) -> Result<Started> {
    if !ctx.instance().groups_need_approval || viewer.role().is_moderator() {
        return Ok(Started::Now(Box::new(groups::create(ctx, viewer, form).await?)));
    }
    groups::check_new(viewer, &form)?;
    let owner = viewer.member_id()?;
    let body = serde_json::to_string(&form).map_err(Error::internal)?;
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                if store::group_requests::list(conn, Some(owner), 10).await?.len() >= WAITING {
                    return Err(Error::Conflict { reason: "error-groups-waiting" });
                }
                store::group_requests::insert(conn, c.ids.next(), owner, &body, c.now()).await
            })
        })
        .await?;
    let staff = store::members::list_moderators(&mut ctx.db.read().await?).await?;
    notices::tell(ctx, &staff, notices::about_actor(NoticeKind::GroupRequest, owner)).await?;
    Ok(Started::Waits)
}

/// Groups that wait, oldest first, for those who decide.
pub async fn list(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<GroupRequest>> {
    policy::check_instance_moderator(viewer)?;
    load(ctx, None).await
}

/// The viewer's own groups that wait.
pub async fn mine(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<GroupRequest>> {
    load(ctx, Some(viewer.member_id()?)).await
}

/// How many wait.
pub async fn count(ctx: &Ctx) -> Result<i64> {
    store::group_requests::count(&mut ctx.db.read().await?).await
}

async fn load(ctx: &Ctx, owner: Option<ActorId>) -> Result<Vec<GroupRequest>> {
    let mut conn = ctx.db.read().await?;
    let rows = store::group_requests::list(&mut conn, owner, 100).await?;
    let ids: Vec<ActorId> = rows.iter().map(|row| row.1).collect();
    let cards = store::actors::cards(&mut conn, &ids).await?;
    let request = |(id, by, form, created_at): (i64, ActorId, String, Time)| {
        let form = serde_json::from_str(&form).map_err(Error::internal)?;
        let owner = cards.iter().find(|card| card.id == by).cloned();
        Ok(GroupRequest { id, owner, form, created_at })
    };
    rows.into_iter().map(request).collect()
}

/// Lets a group begin; who asked owns it, and hears of it.
///
/// # Errors
/// `Forbidden`; `NotFound` when someone else decided already.
pub async fn approve(ctx: &Ctx, viewer: &Viewer, id: i64) -> Result<Actor> {
    policy::check_instance_moderator(viewer)?;
    let by = viewer.actor_id();
    let waiting = load(ctx, None).await?.into_iter().find(|request| request.id == id).ok_or(Error::NotFound)?;
    let ready = groups::Ready::of(ctx, waiting.form)?;
    let c = ctx.clone();
    let (actor, owner) = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let (owner, _) = store::group_requests::take(conn, id).await?.ok_or(Error::NotFound)?;
                Ok((ready.insert(conn, &c, owner).await?, owner))
            })
        })
        .await?;
    ctx.wake.now();
    notices::tell(ctx, &[owner], notices::about_group(NoticeKind::Admitted, actor.id, by)).await?;
    Ok(actor)
}

/// Refuses a group; who asked hears why.
///
/// # Errors
/// `Forbidden`; `Invalid` without a reason; `NotFound` when someone else decided already.
pub async fn refuse(ctx: &Ctx, viewer: &Viewer, id: i64, reason: &str) -> Result<()> {
    policy::check_instance_moderator(viewer)?;
    let by = viewer.member_id()?;
    let reason = reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > 1000 {
        return Err(Error::invalid("reason", "error-reason-empty"));
    }
    let taken = ctx.db.write(move |conn| Box::pin(async move { store::group_requests::take(conn, id).await })).await?;
    let (owner, form) = taken.ok_or(Error::NotFound)?;
    let form: GroupForm = serde_json::from_str(&form).map_err(Error::internal)?;
    let mut notice = notices::about_actor(NoticeKind::GroupRefused, by);
    notice.detail = format!("{}: {reason}", form.title.trim());
    notice.group_key = format!("group-refused-{id}");
    notices::tell(ctx, &[owner], notice).await
}
