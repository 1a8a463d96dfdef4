//! New groups that wait until a moderator agrees.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::super::chrome::{Chrome, Place};
use super::super::forms::{CheckedForm, Fields, Nothing, Query, again};
use super::super::groups::reads_key;
use super::super::views::Avatar;
use super::super::visit::{PageResult, Visit};
use super::super::{page, see};
use super::Asked;
use crate::base::Time;
use crate::services::group_requests::{self, GroupRequest};
use crate::services::{Ctx, instance};
use crate::urls;

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/admin/groups", get(list))
        .route("/admin/groups/{id}/approve", post(approve))
        .route("/admin/groups/{id}/refuse", post(refuse))
}

/// One group that waits.
struct Waiting {
    id: i64,
    title: String,
    about: String,
    reads: &'static str,
    at: Time,
    /// Who asks: picture, name and page.
    owner: Option<(Avatar, String, String)>,
}

impl Waiting {
    fn of(request: GroupRequest) -> Self {
        Self {
            id: request.id,
            reads: reads_key(request.form.kind, request.form.hidden),
            title: request.form.title,
            about: request.form.description,
            at: request.created_at,
            owner: request.owner.map(|owner| {
                (Avatar::of(&owner), owner.display_name.clone(), urls::actor_path(owner.kind, &owner.acct()))
            }),
        }
    }
}

#[derive(askama::Template)]
#[template(path = "admin/groups.html")]
struct GroupsPage {
    c: Chrome,
    fields: Fields,
    waiting: Vec<Waiting>,
    /// The organisation asks for this at all.
    on: bool,
}

impl GroupsPage {
    async fn new(ctx: &Ctx, visit: &Visit, fields: Fields) -> Result<Self, super::super::visit::Failure> {
        visit.member()?;
        let waiting = group_requests::list(ctx, &visit.viewer).await?;
        Ok(Self {
            c: visit.chrome(ctx, Place::None, visit.t("admin-groups")),
            fields,
            waiting: waiting.into_iter().map(Waiting::of).collect(),
            on: instance::settings(ctx).groups_need_approval,
        })
    }
}

async fn list(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let mut shown = GroupsPage::new(&ctx, &visit, Fields::default()).await?;
    shown.c = shown.c.flash(asked.done.as_deref());
    page(&shown)
}

async fn approve(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<i64>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    visit.member()?;
    match group_requests::approve(&ctx, &visit.viewer, id).await {
        Ok(_) => see("/admin/groups?done=group-approved"),
        Err(error) => again(&GroupsPage::new(&ctx, &visit, Fields::of(error)?).await?),
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    reason: String,
}

async fn refuse(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<i64>,
    CheckedForm(form): CheckedForm<Refusal>,
) -> PageResult {
    visit.member()?;
    match group_requests::refuse(&ctx, &visit.viewer, id, &form.reason).await {
        Ok(()) => see("/admin/groups?done=group-refused"),
        Err(error) => again(&GroupsPage::new(&ctx, &visit, Fields::of(error)?).await?),
    }
}
