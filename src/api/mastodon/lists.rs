//! Lists: one's own, and one for each group someone is in, so that every client has a timeline for each group
//! (INTEROP C.7).

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
use crate::base::{ActorId, Error};
use crate::domain::Viewer;
use crate::domain::groups::FollowState;
use crate::services::lists::{self, ListChange};
use crate::services::{Ctx, api, groups};
use crate::store::lists::List;

/// `/api/v1/lists…`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/v1/lists", get(all).post(create))
        .route("/api/v1/lists/{id}", get(one).put(update).delete(delete))
        .route("/api/v1/lists/{id}/accounts", get(accounts).post(add).delete(remove))
        .route("/api/v1/accounts/{id}/lists", get(with_account))
}

fn of_group(id: ActorId, title: &str) -> Value {
    json!({ "id": id.to_string(), "title": title, "replies_policy": "list", "exclusive": false })
}

fn own(list: &List) -> Value {
    json!({
        "id": list.id.to_string(), "title": list.title, "replies_policy": list.replies, "exclusive": list.exclusive,
    })
}

/// The list of a group is the group: it is not renamed or filled here.
fn fixed() -> Failure {
    Failure::new(StatusCode::FORBIDDEN, "This list follows a group you are in: join or leave the group instead")
}

async fn all(State(ctx): State<Ctx>, caller: Caller) -> Reply {
    let viewer = caller.may("read:lists")?;
    let mine = groups::mine(&ctx, &viewer).await?;
    let joined = mine.iter().filter(|line| matches!(line.mine, Some((FollowState::Accepted, ..))));
    let kept = lists::list(&ctx, &viewer, None).await?;
    answer(kept.iter().map(own).chain(joined.map(|line| of_group(line.actor.id, &line.actor.display_name))).collect())
}

/// One's own lists that an account is on.
async fn with_account(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("read:lists")?;
    let row = api::account(&ctx, &viewer, id.parse()?).await?;
    answer(lists::list(&ctx, &viewer, Some(row.actor.id)).await?.iter().map(own).collect())
}

/// One's own list of this id; `None` when it must be that of a group.
async fn find(ctx: &Ctx, viewer: &Viewer, id: &str) -> Result<Option<List>, Failure> {
    let id: ActorId = id.parse()?;
    match lists::get(ctx, viewer, id.0).await {
        Ok(list) => Ok(Some(list)),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// One's own list, to change it: 403 for that of a group, 404 for what is neither.
async fn changed(ctx: &Ctx, viewer: &Viewer, id: &str) -> Result<List, Failure> {
    if let Some(list) = find(ctx, viewer, id).await? {
        return Ok(list);
    }
    groups::view(ctx, viewer, id.parse()?).await?;
    Err(fixed())
}

async fn one(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("read:lists")?;
    if let Some(list) = find(&ctx, &viewer, &id).await? {
        return answer(own(&list));
    }
    let view = groups::view(&ctx, &viewer, id.parse()?).await?;
    answer(of_group(view.actor.id, &view.actor.display_name))
}

fn change_of(params: &Params) -> ListChange {
    let exclusive = params.flag("exclusive");
    ListChange { title: params.text("title"), replies: params.filled("replies_policy"), exclusive }
}

async fn create(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("write:lists")?;
    answer(own(&lists::save(&ctx, &viewer, None, change_of(&params)).await?))
}

async fn update(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.may("write:lists")?;
    let list = changed(&ctx, &viewer, &id).await?;
    answer(own(&lists::save(&ctx, &viewer, Some(list.id), change_of(&params)).await?))
}

async fn delete(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("write:lists")?;
    let list = changed(&ctx, &viewer, &id).await?;
    lists::delete(&ctx, &viewer, list.id).await?;
    answer(json!({}))
}

async fn accounts(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.may("read:lists")?;
    // `limit=0` asks for everybody; a page is enough, and the rest follows by `Link`.
    let page = params.page(80, 80);
    if let Some(list) = find(&ctx, &viewer, &id).await? {
        let found = lists::accounts(&ctx, &viewer, list.id, page).await?;
        return listed(&ctx, &viewer, &params, page, found).await;
    }
    let row = api::account(&ctx, &viewer, id.parse()?).await?;
    if row.group.is_none() {
        return Err(Failure::not_found());
    }
    let found = api::followers(&ctx, &viewer, &row, page).await?;
    listed(&ctx, &viewer, &params, page, found).await
}

fn named(params: &Params) -> Vec<ActorId> {
    params.ids("account_ids").into_iter().map(ActorId).collect()
}

async fn add(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.may("write:lists")?;
    let list = changed(&ctx, &viewer, &id).await?;
    lists::add(&ctx, &viewer, list.id, named(&params)).await?;
    answer(json!({}))
}

async fn remove(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.may("write:lists")?;
    let list = changed(&ctx, &viewer, &id).await?;
    lists::remove(&ctx, &viewer, list.id, named(&params)).await?;
    answer(json!({}))
}
