//! Reports, the log, and shutting people out.

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::ActorCard;
use crate::domain::events::Event;
use crate::domain::moderation::*;
use crate::domain::posts::PostView;
use crate::policy;
use crate::services::Ctx;
use crate::services::ctx::emit;
use crate::services::follows::{self, group_facts, log, moderated};
use crate::store;

/// A report with whom and what it is about, for moderators.
#[derive(Clone, Debug)]
pub struct ReportView {
    /// The report.
    pub report: Report,
    /// Who reported.
    pub reporter: Option<ActorCard>,
    /// Whom.
    pub target: Option<ActorCard>,
    /// What.
    pub post: Option<PostView>,
    /// Where.
    pub group: Option<ActorCard>,
}

/// A line of the log with names.
#[derive(Clone, Debug)]
pub struct LogView {
    /// The line.
    pub line: LogLine,
    /// Who acted.
    pub moderator: Option<ActorCard>,
    /// On whom.
    pub target: Option<ActorCard>,
}

/// Reports a person or a post to the moderators of its group, else to those of the instance.
pub async fn report(
    ctx: &Ctx,
    viewer: &Viewer,
    target: ActorId,
    post: Option<PostId>,
    reason: &str,
) -> Result<ReportId> {
    let me = viewer.member_id()?;
    let reason = reason.trim().to_owned();
    if reason.is_empty() {
        return Err(Error::invalid("reason", "error-reason-empty"));
    }
    if reason.chars().count() > 2000 {
        return Err(Error::invalid("reason", "error-text-long"));
    }
    let mut conn = ctx.db.read().await?;
    store::actors::get(&mut conn, target).await?;
    let group = match post {
        Some(id) => {
            let sight = policy::sight(viewer);
            let post = store::posts::find_visible(&mut conn, id, &sight).await?.ok_or(Error::NotFound)?;
            post.group_id
        }
        None => None,
    };
    drop(conn);
    let report = Report {
        id: ReportId(ctx.ids.next()),
        reporter_id: me,
        target_id: target,
        post_id: post,
        group_id: group,
        reason,
        state: ReportState::Open,
        outcome: String::new(),
        handled_by: None,
        created_at: ctx.now(),
    };
    receive_report(ctx, report, None).await
}

/// Stores a report, ours or a peer's Flag with its `uri`.
pub async fn receive_report(ctx: &Ctx, report: Report, uri: Option<String>) -> Result<ReportId> {
    let c = ctx.clone();
    let id = report.id;
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                if store::moderation::insert_report(conn, &report, uri.as_deref()).await? > 0 {
                    emit(conn, &c.ids, c.now(), &Event::Reported { report: report.id }).await?;
                }
                Ok(())
            })
        })
        .await?;
    ctx.wake.now();
    Ok(id)
}

/// Reports of a group for its moderators, or of the whole instance for its own.
pub async fn reports(
    ctx: &Ctx,
    viewer: &Viewer,
    group: Option<ActorId>,
    state: ReportState,
    after: i64,
) -> Result<Vec<ReportView>> {
    let mut conn = ctx.db.read().await?;
    match group {
        Some(group) => {
            moderated(&mut conn, ctx, viewer, group).await?;
        }
        None => policy::check_instance_moderator(viewer)?,
    }
    let reports = store::moderation::list_reports(&mut conn, group, state, after, 50).await?;
    let people: Vec<ActorId> =
        reports.iter().flat_map(|r| [Some(r.reporter_id), Some(r.target_id), r.group_id]).flatten().collect();
    let cards = store::actors::cards(&mut conn, &people).await?;
    let card = |id: ActorId| cards.iter().find(|c| c.id == id).cloned();
    let ids: Vec<PostId> = reports.iter().filter_map(|r| r.post_id).collect();
    // A moderator must see what was reported, whoever may read it otherwise; `moderated` decided that above. The
    // instance's moderators see only what they may read.
    let sight = if group.is_some() { policy::sight(&Viewer::System) } else { policy::sight(viewer) };
    let posts = store::posts::views(&mut conn, &ids, &sight).await?;
    let view = |report: Report| ReportView {
        reporter: card(report.reporter_id),
        target: card(report.target_id),
        group: report.group_id.and_then(card),
        post: report.post_id.and_then(|id| posts.iter().find(|p| p.post.id == id).cloned()),
        report,
    };
    Ok(reports.into_iter().map(view).collect())
}

/// Closes a report with what came of it.
pub async fn resolve(ctx: &Ctx, viewer: &Viewer, id: ReportId, outcome: &str) -> Result<()> {
    let by = viewer.member_id()?;
    let (c, viewer, outcome) = (ctx.clone(), *viewer, outcome.trim().to_owned());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let report = store::moderation::find_report(conn, id).await?.ok_or(Error::NotFound)?;
                match report.group_id {
                    Some(group) => {
                        moderated(conn, &c, &viewer, group).await?;
                    }
                    None => policy::check_instance_moderator(&viewer)?,
                }
                store::moderation::resolve_report(conn, id, &outcome, by, c.now()).await?;
                let action = ModAction::ResolveReport;
                log(conn, &c, report.group_id, by, action, None, report.post_id, &outcome).await
            })
        })
        .await
}

/// The log of a group for those who may read it, or of the instance for members.
pub async fn log_lines(
    ctx: &Ctx,
    viewer: &Viewer,
    group: Option<ActorId>,
    before: Option<i64>,
) -> Result<Vec<LogView>> {
    let mut conn = ctx.db.read().await?;
    let before = before.unwrap_or(i64::MAX);
    let lines = match group {
        Some(id) => {
            let (group, actor, follow) = group_facts(&mut conn, ctx, viewer, id).await?;
            let at =
                policy::InGroup { group: &group, local: actor.is_local(), follow: follow.as_ref(), now: ctx.now() };
            if viewer.actor_id().is_none() || !policy::may_read_group(viewer, at) {
                return Err(Error::NotFound);
            }
            store::moderation::list_log(&mut conn, id, before, 50).await?
        }
        None if viewer.is_full_member() => store::moderation::list_instance_log(&mut conn, before, 50).await?,
        None => return Err(Error::NotFound),
    };
    let people: Vec<ActorId> = lines.iter().flat_map(|l| [Some(l.moderator_id), l.target_id]).flatten().collect();
    let cards = store::actors::cards(&mut conn, &people).await?;
    let card = |id: ActorId| cards.iter().find(|c| c.id == id).cloned();
    let view =
        |line: LogLine| LogView { moderator: card(line.moderator_id), target: line.target_id.and_then(card), line };
    Ok(lines.into_iter().map(view).collect())
}

/// Blocks or mutes someone, or ends that. A block also ends following both ways.
pub async fn set_block(
    ctx: &Ctx,
    viewer: &Viewer,
    target: ActorId,
    kind: BlockKind,
    on: bool,
    until: Option<Time>,
) -> Result<()> {
    let me = viewer.member_id()?;
    if me == target {
        return Err(Error::NotFound);
    }
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let actor = store::actors::get(conn, target).await?;
                if !on {
                    store::moderation::delete_block(conn, me, target, kind).await?;
                    return Ok(());
                }
                store::moderation::insert_block(conn, c.ids.next(), me, target, kind, until).await?;
                if kind == BlockKind::Block && !actor.is_group() {
                    for (follower, followed) in [(me, target), (target, me)] {
                        if let Some(follow) = follows::end(conn, follower, followed).await? {
                            let uri = follow.uri.unwrap_or_default();
                            let event = if follower == me {
                                Event::Unfollowed { follower, target: followed, uri }
                            } else {
                                Event::FollowRejected { follower, target: followed, uri }
                            };
                            emit(conn, &c.ids, c.now(), &event).await?;
                        }
                    }
                }
                Ok(())
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// Whom the viewer blocks or mutes, last first, with the cursor's id.
pub async fn blocks(ctx: &Ctx, viewer: &Viewer, kind: BlockKind, before: Option<i64>) -> Result<Vec<(i64, ActorCard)>> {
    let me = viewer.member_id()?;
    store::moderation::list_blocks(&mut ctx.db.read().await?, me, kind, before.unwrap_or(i64::MAX), 40).await
}

/// Whether the viewer blocks, and whether they mute, someone.
pub async fn shuts_out(ctx: &Ctx, viewer: &Viewer, other: ActorId) -> Result<(bool, bool)> {
    let me = viewer.member_id()?;
    let found = store::moderation::between(&mut ctx.db.read().await?, me, &[other]).await?;
    let any = |kind| found.iter().any(|(by, _, k)| *by == me && *k == kind);
    Ok((any(BlockKind::Block), any(BlockKind::Mute)))
}

/// The job `end_mutes`: blocks and mutes whose time is over.
pub async fn end_expired(ctx: &Ctx) -> Result<()> {
    let now = ctx.now();
    ctx.db.write(move |conn| Box::pin(async move { store::moderation::end_expired(conn, now).await })).await?;
    Ok(())
}

/// Until when the viewer mutes some people; none for always.
pub async fn mute_ends(ctx: &Ctx, viewer: &Viewer, who: &[ActorId]) -> Result<Vec<(ActorId, Option<Time>)>> {
    store::moderation::mute_ends(&mut ctx.db.read().await?, viewer.member_id()?, who).await
}
