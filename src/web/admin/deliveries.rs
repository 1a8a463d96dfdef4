//! What other servers do not take: try again, or throw away.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::super::chrome::{Chrome, Place};
use super::super::forms::{CheckedForm, Query};
use super::super::visit::{PageResult, Visit};
use super::super::{page, see};
use super::Asked;
use crate::base::Error;
use crate::services::{Ctx, deliveries};
use crate::store::deliveries::LaneLine;

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/admin/deliveries", get(show))
        .route("/admin/deliveries/retry", post(retry))
        .route("/admin/deliveries/drop", post(drop_lane))
}

#[derive(askama::Template)]
#[template(path = "admin/deliveries.html")]
struct DeliveriesPage {
    c: Chrome,
    waiting: i64,
    lanes: Vec<LaneLine>,
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    visit.member()?;
    let (waiting, lanes) = deliveries::waiting(&ctx, &visit.viewer).await?;
    let c = visit.chrome(&ctx, Place::None, visit.t("deliveries-title")).flash(asked.done.as_deref());
    page(&DeliveriesPage { c, waiting, lanes })
}

#[derive(Deserialize)]
struct LaneForm {
    lane: String,
}

async fn retry(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<LaneForm>) -> PageResult {
    visit.member()?;
    gone_is_done(deliveries::retry(&ctx, &visit.viewer, &form.lane).await)?;
    see("/admin/deliveries?done=lane-retried")
}

async fn drop_lane(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<LaneForm>) -> PageResult {
    visit.member()?;
    gone_is_done(deliveries::drop_lane(&ctx, &visit.viewer, &form.lane).await)?;
    see("/admin/deliveries?done=lane-dropped")
}

/// A lane that went meanwhile needs nothing any more.
fn gone_is_done(result: crate::base::Result<()>) -> crate::base::Result<()> {
    match result {
        Err(Error::NotFound) => Ok(()),
        other => other,
    }
}
