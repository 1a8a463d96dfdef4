//! Keeping order: what waits for the moderators of a group or of the instance, and the log of what they did.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, Query};
use super::groups::Head;
use super::members::{MemberItem, path_of};
use super::views::PostCard;
use super::visit::{PageResult, Visit};
use super::{page, see};
use crate::base::*;
use crate::domain::groups::FollowState;
use crate::domain::moderation::{ModAction, ReportState};
use crate::services::moderation::{LogView, ReportView};
use crate::services::{Ctx, group_pages, groups, moderation, posts};
use crate::urls;

/// Moderation of groups and of the instance.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/groups/{acct}/moderation", get(group).post(decide))
        .route("/groups/{acct}/log", get(group_log))
        .route("/admin/reports", get(reports).post(decide_report))
        .route("/admin/log", get(log))
}

/// A report as shown.
struct ReportItem {
    id: ReportId,
    about: String,
    reporter: String,
    group: Option<String>,
    reason: String,
    at: Time,
    post: Option<PostCard>,
}

impl ReportItem {
    fn of(view: ReportView, c: &Chrome) -> Self {
        Self {
            id: view.report.id,
            about: view.target.map(|card| card.display_name).unwrap_or_default(),
            reporter: view.reporter.map(|card| card.display_name).unwrap_or_default(),
            group: view.group.map(|card| card.display_name),
            reason: view.report.reason,
            at: view.report.created_at,
            post: view.post.map(|post| PostCard::listed(post, c)),
        }
    }
}

#[derive(askama::Template)]
#[template(path = "moderation/group.html")]
struct GroupPage {
    c: Chrome,
    h: Head,
    asking: Vec<MemberItem>,
    invited: Vec<MemberItem>,
    banned: Vec<MemberItem>,
    held: Vec<PostCard>,
    reports: Vec<ReportItem>,
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    before: Option<i64>,
    after: Option<i64>,
    done: Option<String>,
}

async fn group(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    Query(asked): Query<Asked>,
) -> PageResult {
    visit.member()?;
    let view = groups::view_by_handle(&ctx, &visit.viewer, &acct).await?;
    let id = view.group.actor_id;
    let waiting = groups::waiting(&ctx, &visit.viewer, id).await?;
    let held = posts::held(&ctx, &visit.viewer, id).await?;
    let reports = moderation::reports(&ctx, &visit.viewer, Some(id), ReportState::Open, 0).await?;
    let from: BTreeSet<String> = waiting.iter().filter_map(|line| line.actor.host.clone()).collect();
    let strangers = group_pages::strangers(&ctx, &view.group, from).await?;
    let h = Head::of(&ctx, &view);
    let title = format!("{}: {}", h.title, visit.t("group-moderation"));
    let c = visit.chrome(&ctx, Place::Groups, title).flash(asked.done.as_deref());
    let (mut asking, mut invited, mut banned) = (Vec::new(), Vec::new(), Vec::new());
    for line in waiting {
        match line.follow.state {
            FollowState::Requested => {
                let first_of = line.actor.host.clone().filter(|host| strangers.contains(host));
                asking.push(MemberItem { first_of, ..MemberItem::of(line) });
            }
            FollowState::Invited => invited.push(MemberItem::of(line)),
            FollowState::Banned => banned.push(MemberItem::of(line)),
            FollowState::Accepted => {}
        }
    }
    page(&GroupPage {
        held: held.into_iter().map(|post| PostCard::listed(post, &c)).collect(),
        reports: reports.into_iter().map(|report| ReportItem::of(report, &c)).collect(),
        asking,
        invited,
        banned,
        h,
        c,
    })
}

#[derive(Debug, Deserialize)]
struct Decision {
    #[serde(rename = "do")]
    what: String,
    #[serde(default)]
    post: String,
    #[serde(default)]
    report: String,
    #[serde(default)]
    reason: String,
}

/// Approves or removes a post, or closes a report; the services check who may.
async fn carry_out(ctx: &Ctx, visit: &Visit, form: &Decision) -> Result<&'static str> {
    let viewer = &visit.viewer;
    let post = form.post.parse::<i64>().map(PostId).map_err(|_| Error::NotFound);
    let done = match form.what.as_str() {
        "approve" => {
            posts::approve(ctx, viewer, post?).await?;
            return Ok("approved");
        }
        "remove" => {
            posts::remove(ctx, viewer, post?, &form.reason).await?;
            "removed"
        }
        "keep" => "kept",
        _ => return Err(Error::NotFound),
    };
    if let Ok(report) = form.report.parse::<i64>() {
        moderation::resolve(ctx, viewer, ReportId(report), &form.reason).await?;
    }
    Ok(done)
}

async fn decide(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    CheckedForm(form): CheckedForm<Decision>,
) -> PageResult {
    let view = groups::view_by_handle(&ctx, &visit.viewer, &acct).await?;
    let done = carry_out(&ctx, &visit, &form).await?;
    see(&format!("{}/moderation?done={done}", path_of(&view)))
}

async fn decide_report(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<Decision>) -> PageResult {
    let done = carry_out(&ctx, &visit, &form).await?;
    see(&format!("/admin/reports?done={done}"))
}

#[derive(askama::Template)]
#[template(path = "moderation/reports.html")]
struct ReportsPage {
    c: Chrome,
    reports: Vec<ReportItem>,
    next: Option<ReportId>,
}

async fn reports(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    visit.member()?;
    let after = asked.after.unwrap_or(0);
    let reports = moderation::reports(&ctx, &visit.viewer, None, ReportState::Open, after).await?;
    let next = reports.last().filter(|_| reports.len() >= 50).map(|view| view.report.id);
    let c = visit.chrome(&ctx, Place::None, visit.t("reports-title")).flash(asked.done.as_deref());
    page(&ReportsPage { reports: reports.into_iter().map(|report| ReportItem::of(report, &c)).collect(), next, c })
}

/// A line of the log as shown.
struct LogItem {
    at: Time,
    who: String,
    action: String,
    target: Option<String>,
    post: Option<String>,
    reason: String,
}

impl LogItem {
    fn of(view: LogView) -> Self {
        let action = view.line.action;
        // Some lines keep a word of the program in the place of a reason.
        let coded = matches!(action, ModAction::Role | ModAction::ChangeKind);
        Self {
            at: view.line.created_at,
            who: view.moderator.map(|card| card.display_name).unwrap_or_default(),
            action: format!("log-action-{}", action.as_str().replace('_', "-")),
            target: view.target.map(|card| card.display_name),
            post: view.line.post_id.map(urls::post_path),
            reason: if coded { String::new() } else { view.line.reason },
        }
    }
}

#[derive(askama::Template)]
#[template(path = "moderation/log.html")]
struct LogPage {
    c: Chrome,
    h: Option<Head>,
    lines: Vec<LogItem>,
    next: Option<String>,
    /// The viewer keeps order here, and finds the other pages of that beside it.
    keeps: bool,
}

async fn log_page(ctx: &Ctx, visit: &Visit, h: Option<Head>, path: String, before: Option<i64>) -> PageResult {
    let lines = moderation::log_lines(ctx, &visit.viewer, h.as_ref().map(|h| h.id), before).await?;
    let next = lines.last().filter(|_| lines.len() >= 50).map(|view| format!("{path}?before={}", view.line.id));
    let keeps = visit.viewer.role().is_moderator();
    let c = visit.chrome(ctx, if h.is_some() { Place::Groups } else { Place::None }, visit.t("log-title"));
    page(&LogPage { c, h, lines: lines.into_iter().map(LogItem::of).collect(), next, keeps })
}

async fn group_log(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    Query(asked): Query<Asked>,
) -> PageResult {
    visit.member()?;
    let view = groups::view_by_handle(&ctx, &visit.viewer, &acct).await?;
    let h = Head::of(&ctx, &view);
    let path = format!("{}/log", h.path);
    log_page(&ctx, &visit, Some(h), path, asked.before).await
}

async fn log(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    visit.member()?;
    log_page(&ctx, &visit, None, "/admin/log".to_owned(), asked.before).await
}
