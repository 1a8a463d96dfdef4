//! People in a group: coming in, leaving, what one hears of it, and what moderators decide about members.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, Fields, Nothing, Query};
use super::groups::{Head, role_key};
use super::views::Avatar;
use super::visit::{PageResult, Visit};
use super::{page, see};
use crate::base::*;
use crate::domain::groups::{FollowState, GroupRole, Notify};
use crate::services::groups::GroupView;
use crate::services::{Ctx, follows, group_pages, groups};
use crate::store::groups::MemberLine;
use crate::urls;

/// Members on one page.
const LISTED: i64 = 40;

/// A group's pages about its people.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/groups/{acct}/people", get(people).post(invite))
        .route("/groups/{acct}/people/{id}", get(member))
        .route("/groups/{acct}/people/{id}/{what}", post(decide))
        .route("/groups/{acct}/join", get(ask).post(join))
        .route("/groups/{acct}/leave", post(leave))
        .route("/groups/{acct}/notify", post(notify))
}

/// Shows a form again with what is wrong.
pub(super) fn again(template: &impl askama::Template) -> PageResult {
    let mut response: Response = page(template)?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

/// A member in a list.
pub(super) struct MemberItem {
    pub id: ActorId,
    pub path: String,
    pub name: String,
    pub handle: Option<String>,
    pub about: String,
    pub avatar: Avatar,
    pub role: &'static str,
    pub keeps: bool,
    pub note: String,
    pub until: Option<Time>,
    /// Their server, where they would be the first of it in a closed group.
    pub first_of: Option<String>,
}

impl MemberItem {
    pub(super) fn of(line: MemberLine) -> Self {
        let acct = line.actor.acct();
        Self {
            id: line.actor.id,
            path: urls::actor_path(line.actor.kind, &acct),
            handle: (!line.actor.is_local()).then(|| format!("@{acct}")),
            avatar: Avatar::of(&line.actor),
            name: line.actor.display_name,
            about: line.job_title,
            role: role_key(line.follow.role),
            keeps: line.follow.role.is_moderator(),
            note: line.follow.reason,
            until: line.follow.until_at,
            first_of: None,
        }
    }
}

#[derive(askama::Template)]
#[template(path = "groups/people.html")]
struct PeoplePage {
    c: Chrome,
    h: Head,
    fields: Fields,
    members: Vec<MemberItem>,
    next: Option<FollowId>,
    first: bool,
    name: String,
    /// Whom to invite all the same, after a warning.
    sure: String,
}

#[derive(Debug, Default, Deserialize)]
struct PeopleQuery {
    after: Option<i64>,
    done: Option<String>,
}

async fn people(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    Query(query): Query<PeopleQuery>,
) -> PageResult {
    let view = groups::view_by_handle(&ctx, &visit.viewer, &acct).await?;
    page(&people_page(&ctx, &visit, &view, query, Fields::default(), String::new()).await?)
}

async fn people_page(
    ctx: &Ctx,
    visit: &Visit,
    view: &GroupView,
    query: PeopleQuery,
    fields: Fields,
    name: String,
) -> Result<PeoplePage> {
    let lines = groups::members(ctx, &visit.viewer, view.group.actor_id, query.after.unwrap_or(0), LISTED).await?;
    let full = i64::try_from(lines.len()).is_ok_and(|n| n >= LISTED);
    let next = lines.last().filter(|_| full).map(|line| line.follow.id);
    let h = Head::of(ctx, view);
    let title = format!("{}: {}", h.title, visit.t("group-people"));
    let c = visit.chrome(ctx, Place::Groups, title).alternate(&view.actor.uri).flash(query.done.as_deref());
    let members = lines.into_iter().map(MemberItem::of).collect();
    let sure = if group_pages::is_warning(fields.get("name")) { name.clone() } else { String::new() };
    Ok(PeoplePage { c, h, fields, members, next, first: query.after.is_none(), name, sure })
}

#[derive(Debug, Deserialize)]
struct InviteForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    sure: String,
}

async fn invite(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    CheckedForm(form): CheckedForm<InviteForm>,
) -> PageResult {
    let view = groups::view_by_handle(&ctx, &visit.viewer, &acct).await?;
    let sure = !form.sure.is_empty() && form.sure == form.name;
    match group_pages::invite(&ctx, &visit.viewer, view.group.actor_id, &form.name, sure).await {
        Ok(_) => see(&format!("{}/people?done=invited", path_of(&view))),
        Err(error) => {
            let fields = Fields::of(error)?;
            again(&people_page(&ctx, &visit, &view, PeopleQuery::default(), fields, form.name).await?)
        }
    }
}

/// Path of a group's page.
pub(super) fn path_of(view: &GroupView) -> String {
    urls::actor_path(view.actor.kind, &view.acct())
}

#[derive(askama::Template)]
#[template(path = "groups/member.html")]
struct MemberPage {
    c: Chrome,
    h: Head,
    id: ActorId,
    name: String,
    role: &'static str,
    word: &'static str,
    member: bool,
    banned: bool,
    reason: String,
    until: Option<Time>,
    may_give_roles: bool,
}

/// What a moderator can do about one member.
async fn member(State(ctx): State<Ctx>, visit: Visit, Path((acct, id)): Path<(String, i64)>) -> PageResult {
    let view = groups::view_by_handle(&ctx, &visit.viewer, &acct).await?;
    let (card, follow) = group_pages::membership(&ctx, &visit.viewer, view.group.actor_id, ActorId(id)).await?;
    let h = Head::of(&ctx, &view);
    page(&MemberPage {
        c: visit.chrome(&ctx, Place::Groups, card.display_name.clone()),
        id: card.id,
        name: card.display_name,
        role: role_key(follow.role),
        word: follow.role.as_str(),
        member: follow.is_member(),
        banned: follow.state == FollowState::Banned,
        reason: follow.reason,
        until: follow.until_at,
        may_give_roles: h.owner || visit.viewer.role().is_admin(),
        h,
    })
}

#[derive(Debug, Deserialize)]
struct Decision {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    days: String,
    role: Option<GroupRole>,
}

async fn decide(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path((acct, id, what)): Path<(String, i64, String)>,
    CheckedForm(form): CheckedForm<Decision>,
) -> PageResult {
    let view = groups::view_by_handle(&ctx, &visit.viewer, &acct).await?;
    let (viewer, group, who) = (&visit.viewer, view.group.actor_id, ActorId(id));
    let path = path_of(&view);
    match what.as_str() {
        "accept" => {
            follows::accept(&ctx, viewer, group, who).await?;
            return see(&format!("{path}/moderation?done=admitted"));
        }
        "refuse" => {
            follows::reject(&ctx, viewer, group, who, &form.reason).await?;
            return see(&format!("{path}/moderation?done=refused"));
        }
        "remove" => follows::reject(&ctx, viewer, group, who, &form.reason).await?,
        "ban" => {
            // Nothing chosen, or not a number, is for good.
            let until = form.days.parse::<i64>().ok().map(|days| ctx.now().plus(days.clamp(1, 3660) * Time::DAY));
            follows::ban(&ctx, viewer, group, who, true, until, &form.reason).await?;
            return see(&format!("{path}/people?done=banned"));
        }
        "unban" => {
            follows::ban(&ctx, viewer, group, who, false, None, "").await?;
            return see(&format!("{path}/moderation?done=unbanned"));
        }
        "role" => {
            let role = form.role.ok_or_else(|| Error::invalid("role", "error-choice"))?;
            follows::set_role(&ctx, viewer, group, who, role).await?;
            return see(&format!("{path}/people?done=role"));
        }
        _ => return Err(Error::NotFound.into()),
    }
    see(&format!("{path}/people?done=gone-from-group"))
}

#[derive(askama::Template)]
#[template(path = "groups/join.html")]
struct JoinPage {
    c: Chrome,
    h: Head,
    rules: SafeHtml,
}

async fn ask(State(ctx): State<Ctx>, visit: Visit, Path(acct): Path<String>) -> PageResult {
    visit.member()?;
    let view = groups::view_by_handle(&ctx, &visit.viewer, &acct).await?;
    let h = Head::of(&ctx, &view);
    if h.join.is_none() {
        return see(&h.path);
    }
    let c = visit.chrome(&ctx, Place::Groups, visit.t("group-join-title"));
    page(&JoinPage { c, h, rules: view.group.rules() })
}

#[derive(Debug, Deserialize)]
struct JoinForm {
    #[serde(default)]
    note: String,
}

async fn join(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    CheckedForm(form): CheckedForm<JoinForm>,
) -> PageResult {
    let view = groups::view_by_handle(&ctx, &visit.viewer, &acct).await?;
    let note: String = form.note.trim().chars().take(1000).collect();
    let state = follows::request(&ctx, &visit.viewer, view.group.actor_id, &note).await?;
    let done = if state == FollowState::Accepted { "joined" } else { "asked" };
    see(&format!("{}?done={done}", path_of(&view)))
}

async fn leave(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    let view = groups::view_by_handle(&ctx, &visit.viewer, &acct).await?;
    follows::leave(&ctx, &visit.viewer, view.group.actor_id).await?;
    see("/groups?done=left")
}

#[derive(Debug, Deserialize)]
struct NotifyForm {
    notify: Notify,
    muted: Option<String>,
}

async fn notify(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    CheckedForm(form): CheckedForm<NotifyForm>,
) -> PageResult {
    let view = groups::view_by_handle(&ctx, &visit.viewer, &acct).await?;
    let muted = form.muted.is_some();
    follows::set_notify(&ctx, &visit.viewer, view.group.actor_id, form.notify, muted).await?;
    see(&format!("{}?done=saved", path_of(&view)))
}
