//! The accounts of others.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::super::chrome::{Chrome, Place};
use super::super::forms::{CheckedForm, Fields, Nothing, Query, again};
use super::super::invitations::QrCode;
use super::super::visit::{Failure, PageResult, Visit};
use super::super::{page, see};
use crate::base::{ActorId, Error};
use crate::domain::actors::{Actor, ActorState};
use crate::domain::people::{Member, PersonKind, Role};
use crate::services::sign_in::OneTime;
use crate::services::{Ctx, accounts, people};
use crate::store::people::{PeopleFilter, PersonLine};

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/admin/people", get(list))
        .route("/admin/people/{id}", get(show))
        .route("/admin/people/{id}/role", post(role))
        .route("/admin/people/{id}/kind", post(kind))
        .route("/admin/people/{id}/approve", post(approve))
        .route("/admin/people/{id}/refuse", post(refuse))
        .route("/admin/people/{id}/suspend", post(suspend))
        .route("/admin/people/{id}/unsuspend", post(unsuspend))
        .route("/admin/people/{id}/link", post(link))
}

/// People on one page.
const LINES: i64 = 50;

#[derive(Clone, Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    after_id: i64,
    done: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "admin/people.html")]
struct ListPage {
    c: Chrome,
    q: String,
    state: ActorState,
    states: [ActorState; 3],
    people: Vec<PersonLine>,
    next: Option<String>,
}

async fn list(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    visit.member()?;
    crate::policy::check_instance_moderator(&visit.viewer)?;
    let state = ActorState::parse(&asked.state).filter(|s| *s != ActorState::Deleted).unwrap_or(ActorState::Active);
    let filter = PeopleFilter { needle: asked.q.clone(), states: vec![state], ..PeopleFilter::default() };
    let after = if asked.after.is_empty() { ("", -1) } else { (asked.after.as_str(), asked.after_id) };
    let people = people::directory(&ctx, &visit.viewer, filter, after, LINES).await?;
    let full = i64::try_from(people.len()).is_ok_and(|n| n == LINES);
    let next = people.last().filter(|_| full).map(|last| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("q", &asked.q).append_pair("state", state.as_str());
        query.append_pair("after", &last.actor.display_name).append_pair("after_id", &last.actor.id.to_string());
        format!("/admin/people?{}", query.finish())
    });
    let c = visit.chrome(&ctx, Place::None, visit.t("admin-people")).flash(asked.done.as_deref());
    let states = [ActorState::Active, ActorState::Pending, ActorState::Suspended];
    page(&ListPage { c, q: asked.q, state, states, people, next })
}

#[derive(askama::Template)]
#[template(path = "admin/person.html")]
struct AccountPage {
    c: Chrome,
    fields: Fields,
    member: Member,
    actor: Actor,
    /// Roles the viewer may give.
    roles: Vec<Role>,
    kinds: Vec<PersonKind>,
    /// The viewer may run this account.
    manages: bool,
    admin: bool,
    myself: bool,
}

impl AccountPage {
    async fn new(ctx: &Ctx, visit: &Visit, id: ActorId, fields: Fields) -> Result<Self, Failure> {
        visit.member()?;
        let (member, actor) = accounts::get(ctx, &visit.viewer, id).await?;
        let role = visit.viewer.role();
        let give = |to: &Role| crate::policy::check_change_role(role, member.role, *to).is_ok();
        let roles = Role::ALL.iter().copied().filter(give).collect();
        let kinds = PersonKind::ALL.iter().copied().filter(|k| *k != PersonKind::Guest || member.is_guest).collect();
        Ok(Self {
            c: visit.chrome(ctx, Place::None, actor.display_name.clone()),
            fields,
            roles,
            kinds,
            manages: crate::policy::check_manage_account(&visit.viewer, id, member.role).is_ok(),
            admin: role.is_admin(),
            myself: visit.viewer.actor_id() == Some(id),
            member,
            actor,
        })
    }
}

async fn show(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<ActorId>,
    Query(asked): Query<super::Asked>,
) -> PageResult {
    let mut shown = AccountPage::new(&ctx, &visit, id, Fields::default()).await?;
    shown.c = shown.c.flash(asked.done.as_deref());
    page(&shown)
}

/// Back to the account, or to its page with what stands in the way.
async fn answer(ctx: &Ctx, visit: &Visit, id: ActorId, done: Result<(), Error>, told: &str) -> PageResult {
    match done {
        Ok(()) => see(&format!("/admin/people/{id}?done={told}")),
        Err(error) => again(&AccountPage::new(ctx, visit, id, Fields::of(error)?).await?),
    }
}

#[derive(Deserialize)]
struct RoleForm {
    #[serde(default)]
    role: String,
}

async fn role(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<ActorId>,
    CheckedForm(form): CheckedForm<RoleForm>,
) -> PageResult {
    let role = Role::parse(&form.role).ok_or(Error::invalid("role", "error-choice"))?;
    let done = accounts::set_role(&ctx, &visit.viewer, id, role).await;
    answer(&ctx, &visit, id, done, "saved").await
}

#[derive(Deserialize)]
struct KindForm {
    #[serde(default)]
    kind: String,
}

async fn kind(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<ActorId>,
    CheckedForm(form): CheckedForm<KindForm>,
) -> PageResult {
    let kind = PersonKind::parse(&form.kind).ok_or(Error::invalid("kind", "error-choice"))?;
    let done = accounts::set_kind(&ctx, &visit.viewer, id, kind).await;
    answer(&ctx, &visit, id, done, "saved").await
}

async fn approve(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<ActorId>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    accounts::approve(&ctx, &visit.viewer, id).await?;
    see("/admin/people?state=pending&done=approved")
}

async fn refuse(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<ActorId>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    accounts::refuse(&ctx, &visit.viewer, id).await?;
    see("/admin/people?state=pending&done=refused")
}

#[derive(Deserialize)]
struct SuspendForm {
    #[serde(default)]
    reason: String,
}

async fn suspend(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<ActorId>,
    CheckedForm(form): CheckedForm<SuspendForm>,
) -> PageResult {
    let done = accounts::suspend(&ctx, &visit.viewer, id, &form.reason).await;
    answer(&ctx, &visit, id, done, "suspended").await
}

async fn unsuspend(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<ActorId>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    let done = accounts::unsuspend(&ctx, &visit.viewer, id).await;
    answer(&ctx, &visit, id, done, "unsuspended").await
}

#[derive(askama::Template)]
#[template(path = "admin/link.html")]
struct LinkPage {
    c: Chrome,
    name: String,
    id: ActorId,
    one_time: OneTime,
    code: String,
    qr: QrCode,
}

/// Answers with the page itself: the link is shown once and is in no address.
async fn link(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<ActorId>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    let one_time = accounts::sign_in_link(&ctx, &visit.viewer, id).await?;
    let (_, actor) = accounts::get(&ctx, &visit.viewer, id).await?;
    let c = visit.chrome(&ctx, Place::None, visit.t("admin-link-title"));
    let code = format!("{} {}", &one_time.code[..3], &one_time.code[3..]);
    let qr = QrCode::of(&one_time.url)?;
    page(&LinkPage { c, name: actor.display_name, id, one_time, code, qr })
}
