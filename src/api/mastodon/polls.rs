//! Votes. The id of a poll is that of its post.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};

use super::entities::poll;
use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::listing::json as answer;
use crate::api::params::Params;
use crate::base::PostId;
use crate::domain::Viewer;
use crate::services::{Ctx, posts};

/// `/api/v1/polls/…`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/api/v1/polls/{id}", get(one)).route("/api/v1/polls/{id}/votes", post(vote))
}

async fn shown(ctx: &Ctx, viewer: &Viewer, id: PostId) -> Reply {
    let view = posts::view(ctx, viewer, id).await?;
    let found = view.poll.as_ref().filter(|_| !view.post.is_gone()).ok_or_else(Failure::not_found)?;
    answer(poll(ctx, id, found, viewer.actor_id().is_some()))
}

async fn one(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.sees("read:statuses")?;
    shown(&ctx, &viewer, id.parse()?).await
}

async fn vote(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.may("write:statuses")?;
    let id: PostId = id.parse()?;
    let choices = params.ids("choices").into_iter().map(|n| i32::try_from(n).unwrap_or(-1)).collect();
    posts::vote(&ctx, &viewer, id, choices).await?;
    shown(&ctx, &viewer, id).await
}
