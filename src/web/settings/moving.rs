//! Going on at another server, and naming who one was there before.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::super::chrome::{Chrome, Place};
use super::super::forms::{CheckedForm, Fields, Nothing, Query, again};
use super::super::visit::{PageResult, Visit};
use super::super::{page, see};
use super::Asked;
use crate::base::{ActorId, Error, Result};
use crate::services::Ctx;
use crate::services::moving::{self, Standing};

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/settings/move", get(show).post(go))
        .route("/settings/move/stay", post(stay))
        .route("/settings/move/former", post(add))
        .route("/settings/move/former/{id}/away", post(remove))
}

#[derive(askama::Template)]
#[template(path = "settings/move.html")]
struct MovePage {
    c: Chrome,
    standing: Standing,
    to: String,
    former: String,
    fields: Fields,
}

async fn shown(ctx: &Ctx, visit: &Visit, form: MoveForm, fields: Fields) -> Result<MovePage> {
    let standing = moving::standing(ctx, &visit.viewer).await?;
    let c = visit.chrome(ctx, Place::None, visit.t("move-title"));
    Ok(MovePage { c, standing, to: form.to, former: form.former, fields })
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let mut shown = shown(&ctx, &visit, MoveForm::default(), Fields::default()).await?;
    shown.c = shown.c.flash(asked.done.as_deref());
    page(&shown)
}

#[derive(Default, Deserialize)]
struct MoveForm {
    #[serde(default)]
    to: String,
    #[serde(default)]
    former: String,
    sure: Option<String>,
}

async fn go(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<MoveForm>) -> PageResult {
    let gone = match form.sure {
        Some(_) => moving::go(&ctx, &visit.viewer, &form.to).await,
        None => Err(Error::invalid("sure", "error-move-sure")),
    };
    finish(&ctx, &visit, form, gone, "moved").await
}

async fn add(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<MoveForm>) -> PageResult {
    let added = moving::add_former(&ctx, &visit.viewer, &form.former).await;
    finish(&ctx, &visit, form, added, "former-added").await
}

async fn finish(ctx: &Ctx, visit: &Visit, form: MoveForm, result: Result<()>, done: &str) -> PageResult {
    match result {
        Ok(()) => see(&format!("/settings/move?done={done}")),
        Err(error) => {
            let fields = Fields::of(error)?;
            again(&shown(ctx, visit, form, fields).await?)
        }
    }
}

async fn stay(State(ctx): State<Ctx>, visit: Visit, CheckedForm(Nothing {}): CheckedForm<Nothing>) -> PageResult {
    moving::stay(&ctx, &visit.viewer).await?;
    see("/settings/move?done=stays")
}

async fn remove(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<ActorId>,
    CheckedForm(Nothing {}): CheckedForm<Nothing>,
) -> PageResult {
    moving::remove_former(&ctx, &visit.viewer, id).await?;
    see("/settings/move?done=former-removed")
}
