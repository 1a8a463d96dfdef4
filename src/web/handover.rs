//! Handing a group over to another organisation, and saying which group elsewhere it was before.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, Fields, Nothing, Query, again};
use super::groups::Head;
use super::visit::{PageResult, Visit};
use super::{page, see};
use crate::base::{ActorId, Error, Result};
use crate::services::groups::GroupView;
use crate::services::handover::{self, Standing};
use crate::services::{Ctx, groups};

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/groups/{acct}/handover", get(show).post(go))
        .route("/groups/{acct}/handover/stay", post(stay))
        .route("/groups/{acct}/handover/former", post(add))
        .route("/groups/{acct}/handover/former/{id}/away", post(remove))
}

#[derive(askama::Template)]
#[template(path = "groups/handover.html")]
struct HandoverPage {
    c: Chrome,
    h: Head,
    standing: Standing,
    form: HandoverForm,
    fields: Fields,
}

#[derive(Debug, Default, Deserialize)]
struct HandoverForm {
    #[serde(default)]
    to: String,
    #[serde(default)]
    former: String,
    sure: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    done: Option<String>,
}

/// The group, for who may hand it over.
async fn disposed(ctx: &Ctx, visit: &Visit, acct: &str) -> Result<GroupView> {
    visit.member()?;
    let view = groups::view_by_handle(ctx, &visit.viewer, acct).await?;
    if view.may_hand_over { Ok(view) } else { Err(Error::forbidden("error-owner-only")) }
}

async fn shown(ctx: &Ctx, visit: &Visit, view: &GroupView, form: HandoverForm, fields: Fields) -> Result<HandoverPage> {
    let standing = handover::standing(ctx, &visit.viewer, view.group.actor_id).await?;
    let c = visit.chrome(ctx, Place::Groups, visit.t("group-handover"));
    Ok(HandoverPage { c, h: Head::of(ctx, view), standing, form, fields })
}

async fn show(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let view = disposed(&ctx, &visit, &acct).await?;
    let mut shown = shown(&ctx, &visit, &view, HandoverForm::default(), Fields::default()).await?;
    shown.c = shown.c.flash(asked.done.as_deref());
    page(&shown)
}

async fn finish(
    ctx: &Ctx,
    visit: &Visit,
    view: &GroupView,
    form: HandoverForm,
    result: Result<()>,
    done: &str,
) -> PageResult {
    match result {
        Ok(()) => see(&format!("/groups/{}/handover?done={done}", view.acct())),
        Err(error) => again(&shown(ctx, visit, view, form, Fields::of(error)?).await?),
    }
}

async fn go(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    CheckedForm(form): CheckedForm<HandoverForm>,
) -> PageResult {
    let view = disposed(&ctx, &visit, &acct).await?;
    let sure = form.sure.is_some();
    let gone = handover::go(&ctx, &visit.viewer, view.group.actor_id, &form.to, sure).await;
    finish(&ctx, &visit, &view, form, gone, "handed-over").await
}

async fn add(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    CheckedForm(form): CheckedForm<HandoverForm>,
) -> PageResult {
    let view = disposed(&ctx, &visit, &acct).await?;
    let added = handover::add_former(&ctx, &visit.viewer, view.group.actor_id, &form.former).await;
    finish(&ctx, &visit, &view, form, added, "former-group-added").await
}

async fn stay(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    CheckedForm(Nothing {}): CheckedForm<Nothing>,
) -> PageResult {
    let view = disposed(&ctx, &visit, &acct).await?;
    handover::stay(&ctx, &visit.viewer, view.group.actor_id).await?;
    see(&format!("/groups/{}/handover?done=taken-back", view.acct()))
}

async fn remove(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path((acct, id)): Path<(String, ActorId)>,
    CheckedForm(Nothing {}): CheckedForm<Nothing>,
) -> PageResult {
    let view = disposed(&ctx, &visit, &acct).await?;
    handover::remove_former(&ctx, &visit.viewer, view.group.actor_id, id).await?;
    see(&format!("/groups/{}/handover?done=former-removed", view.acct()))
}
