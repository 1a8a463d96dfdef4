//! Lists: one for each group someone is in, so that every client has a timeline for each group (INTEROP C.7).

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::{Value, json};

use super::accounts::listed;
use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::listing::json as answer;
use crate::api::params::Params;
use crate::base::ActorId;
use crate::domain::groups::FollowState;
use crate::services::{Ctx, api, groups};

/// `/api/v1/lists…`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/v1/lists", get(all).post(fixed))
        .route("/api/v1/lists/{id}", get(one).put(fixed).delete(fixed))
        .route("/api/v1/lists/{id}/accounts", get(accounts).post(fixed).delete(fixed))
}

fn list(id: ActorId, title: &str) -> Value {
    json!({ "id": id.to_string(), "title": title, "replies_policy": "list", "exclusive": false })
}

async fn all(State(ctx): State<Ctx>, caller: Caller) -> Reply {
    let viewer = caller.may("read:lists")?;
    let mine = groups::mine(&ctx, &viewer).await?;
    let joined = mine.iter().filter(|line| matches!(line.mine, Some((FollowState::Accepted, ..))));
    answer(joined.map(|line| list(line.actor.id, &line.actor.display_name)).collect())
}

async fn one(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("read:lists")?;
    let view = groups::view(&ctx, &viewer, id.parse()?).await?;
    answer(list(view.actor.id, &view.actor.display_name))
}

async fn accounts(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.may("read:lists")?;
    let row = api::account(&ctx, &viewer, id.parse()?).await?;
    if row.group.is_none() {
        return Err(Failure::not_found());
    }
    // `limit=0` asks for everybody; a page is enough, and the rest follows by `Link`.
    let page = params.page(80, 80);
    let found = api::followers(&ctx, &viewer, &row, page).await?;
    listed(&ctx, &viewer, &params, page, found).await
}

/// A list is its group: it is not made, renamed or filled here.
async fn fixed(caller: Caller) -> Reply {
    caller.may("write:lists")?;
    Err(Failure::new(StatusCode::FORBIDDEN, "Lists follow the groups you are in: join or leave a group instead"))
}
