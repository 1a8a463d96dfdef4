//! Taking one's data along, and leaving.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::routing::get;
use serde::Deserialize;

use super::super::chrome::{Chrome, Place};
use super::super::forms::{CheckedForm, Fields, again};
use super::super::visit::{self, Failure, PageResult, Visit};
use super::super::{page, respond};
use crate::base::Error;
use crate::services::leaving::{self, InTheWay};
use crate::services::{Ctx, moving};

pub(super) fn routes() -> Router<Ctx> {
    Router::new().route("/settings/leave", get(show).post(leave)).route("/settings/export", get(export))
}

#[derive(askama::Template)]
#[template(path = "settings/leave.html")]
struct LeavePage {
    c: Chrome,
    fields: Fields,
    way: InTheWay,
    /// There are other servers to move to.
    may_move: bool,
}

impl LeavePage {
    async fn new(ctx: &Ctx, visit: &Visit, fields: Fields) -> Result<Self, Failure> {
        let way = leaving::in_the_way(ctx, &visit.viewer).await?;
        Ok(Self {
            c: visit.chrome(ctx, Place::None, visit.t("settings-leave")),
            fields,
            way,
            may_move: moving::is_possible(ctx),
        })
    }
}

async fn show(State(ctx): State<Ctx>, visit: Visit) -> PageResult {
    page(&LeavePage::new(&ctx, &visit, Fields::default()).await?)
}

#[derive(Deserialize)]
struct LeaveForm {
    sure: Option<String>,
}

async fn leave(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<LeaveForm>) -> PageResult {
    let left = match form.sure {
        Some(_) => leaving::leave(&ctx, &visit.viewer).await,
        None => Err(Error::invalid("sure", "error-leave-sure")),
    };
    match left {
        Ok(()) => visit::end(&ctx, "/sign-in?done=left"),
        Err(error) => again(&LeavePage::new(&ctx, &visit, Fields::of(error)?).await?),
    }
}

async fn export(State(ctx): State<Ctx>, visit: Visit) -> PageResult {
    let json = leaving::export(&ctx, &visit.viewer).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"kring.json\""),
    ];
    respond((headers, json))
}
