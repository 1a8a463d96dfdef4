//! Drafts that survive a closed tab, and names to complete while typing.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Json;
use axum::routing::{get, post};
use serde::Deserialize;

use super::compose::Typed;
use super::forms::{CheckedForm, Query};
use super::respond;
use super::visit::{PageResult, Visit};
use crate::base::{ActorId, Result};
use crate::services::{Ctx, posts};

/// `/drafts` and `/complete`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/drafts", post(keep)).route("/complete", get(complete))
}

/// The draft of a place, if there is one that can be read.
pub(super) async fn find(ctx: &Ctx, visit: &Visit, place: &str) -> Result<Option<Typed>> {
    let kept = posts::draft(ctx, &visit.viewer, place).await?;
    Ok(kept.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Throws a draft away: what it held has been sent.
pub(super) async fn forget(ctx: &Ctx, visit: &Visit, place: &str) -> Result<()> {
    if place.is_empty() { Ok(()) } else { posts::save_draft(ctx, &visit.viewer, place, "").await }
}

async fn keep(State(ctx): State<Ctx>, visit: Visit, CheckedForm(typed): CheckedForm<Typed>) -> PageResult {
    visit.member()?;
    if typed.draft.is_empty() {
        return respond(StatusCode::NO_CONTENT);
    }
    let body = if typed.is_blank() {
        String::new()
    } else {
        serde_json::to_string(&typed).map_err(crate::base::Error::internal)?
    };
    posts::save_draft(&ctx, &visit.viewer, &typed.draft, &body).await?;
    respond(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    group: String,
}

async fn complete(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let group = asked.group.parse().ok().map(ActorId);
    let found = posts::complete(&ctx, &visit.viewer, &asked.q, group).await?;
    let names: Vec<_> = found
        .iter()
        .map(|card| serde_json::json!({"handle": card.acct(), "name": card.display_name, "kind": card.kind}))
        .collect();
    respond(Json(names))
}
