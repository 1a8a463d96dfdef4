//! Thanks and other reactions, votes, bookmarks, shares, accepted answers.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde::Deserialize;

use super::forms::CheckedForm;
use super::posts::{Id, Switch, back};
use super::see;
use super::visit::{PageResult, Visit};
use crate::base::PostId;
use crate::domain::posts::ReactionKind;
use crate::services::{Ctx, posts};
use crate::urls::post_path;

/// Small forms below a post.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/posts/{id}/react", post(react))
        .route("/posts/{id}/vote", post(vote))
        .route("/posts/{id}/bookmark", post(bookmark))
        .route("/posts/{id}/share", post(share))
        .route("/posts/{id}/accept", post(accept))
}

#[derive(Debug, Deserialize)]
struct Reaction {
    kind: ReactionKind,
    #[serde(default)]
    on: String,
    #[serde(default)]
    to: String,
}

async fn react(
    State(ctx): State<Ctx>,
    visit: Visit,
    Id(id): Id,
    CheckedForm(form): CheckedForm<Reaction>,
) -> PageResult {
    posts::react(&ctx, &visit.viewer, id, form.kind, form.on != "0").await?;
    back(&form.to, id)
}

#[derive(Debug, Deserialize)]
struct Vote {
    #[serde(default)]
    choices: Vec<i32>,
    #[serde(default)]
    to: String,
}

async fn vote(State(ctx): State<Ctx>, visit: Visit, Id(id): Id, CheckedForm(form): CheckedForm<Vote>) -> PageResult {
    posts::vote(&ctx, &visit.viewer, id, form.choices).await?;
    back(&form.to, id)
}

async fn bookmark(
    State(ctx): State<Ctx>,
    visit: Visit,
    Id(id): Id,
    CheckedForm(form): CheckedForm<Switch>,
) -> PageResult {
    posts::bookmark(&ctx, &visit.viewer, id, form.on()).await?;
    back(&form.to, id)
}

async fn share(State(ctx): State<Ctx>, visit: Visit, Id(id): Id, CheckedForm(form): CheckedForm<Switch>) -> PageResult {
    posts::share(&ctx, &visit.viewer, id, form.on()).await?;
    back(&form.to, id)
}

#[derive(Debug, Deserialize)]
struct Accept {
    /// The answer; empty for none.
    #[serde(default)]
    answer: String,
}

async fn accept(
    State(ctx): State<Ctx>,
    visit: Visit,
    Id(id): Id,
    CheckedForm(form): CheckedForm<Accept>,
) -> PageResult {
    let answer = if form.answer.is_empty() { None } else { Some(form.answer.parse::<PostId>()?) };
    posts::accept_answer(&ctx, &visit.viewer, id, answer).await?;
    see(&format!("{}#answers", post_path(id)))
}
