//! Hashtags: followed, and shown on a profile.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{delete, get, post};
use serde_json::{Value, json};

use super::entities::tag;
use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::listing::{json as answer, list};
use crate::api::params::Params;
use crate::base::{ActorId, Time};
use crate::domain::Viewer;
use crate::services::tags::{self, Featured};
use crate::services::{Ctx, api};

/// `/api/v1/tags…`, `/api/v1/followed_tags`, `/api/v1/featured_tags…`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/v1/tags/{name}", get(one))
        .route("/api/v1/tags/{name}/{action}", post(act))
        .route("/api/v1/followed_tags", get(followed))
        .route("/api/v1/featured_tags", get(own).post(feature))
        .route("/api/v1/featured_tags/suggestions", get(to_feature))
        .route("/api/v1/featured_tags/{id}", delete(unfeature))
        .route("/api/v1/accounts/{id}/featured_tags", get(of_account))
}

/// `Tag`, as the viewer stands to it.
async fn shown(ctx: &Ctx, viewer: &Viewer, name: &str) -> Result<Value, Failure> {
    let name = tags::name_of(name)?;
    let uses = api::tag_uses(ctx, &name).await?;
    let (followed, featured) = tags::marked(ctx, viewer, std::slice::from_ref(&name)).await?;
    let following = viewer.actor_id().map(|_| !followed.is_empty());
    let mut value = tag(ctx, &name, uses, following);
    if following.is_some() {
        value["featuring"] = json!(featured.contains(&name));
    }
    Ok(value)
}

async fn one(State(ctx): State<Ctx>, caller: Caller, Path(name): Path<String>) -> Reply {
    let viewer = caller.sees("read")?;
    answer(shown(&ctx, &viewer, &name).await?)
}

async fn act(State(ctx): State<Ctx>, caller: Caller, Path((name, action)): Path<(String, String)>) -> Reply {
    let scope = if action.ends_with("feature") { "write:accounts" } else { "write:follows" };
    let viewer = caller.may(scope)?;
    match action.as_str() {
        "follow" | "unfollow" => tags::set_followed(&ctx, &viewer, &name, action == "follow").await?,
        "feature" | "unfeature" => tags::set_featured(&ctx, &viewer, &name, action == "feature").await?,
        _ => return Err(Failure::not_found()),
    }
    answer(shown(&ctx, &viewer, &name).await?)
}

async fn followed(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:follows")?;
    let page = params.page(100, 80);
    let found = tags::followed(&ctx, &viewer, page).await?;
    let full = i64::try_from(found.len()).is_ok_and(|n| n >= page.limit);
    let next = if full { found.last().map(|row| row.0) } else { None };
    let items = found.iter().map(|(_, name)| tag(&ctx, name, 0, Some(true))).collect();
    list(&ctx, &params, items, next, found.first().map(|row| row.0))
}

/// `FeaturedTag`.
fn drawn(ctx: &Ctx, one: &Featured) -> Value {
    let last = one.last.map(|at: Time| at.timestamp().strftime("%Y-%m-%d").to_string());
    json!({
        "id": one.id.to_string(), "name": one.tag, "url": ctx.urls.tag(&one.tag),
        "statuses_count": one.uses.to_string(), "last_status_at": last,
    })
}

async fn listed(ctx: &Ctx, who: ActorId) -> Reply {
    answer(tags::featured(ctx, who).await?.iter().map(|one| drawn(ctx, one)).collect())
}

async fn own(State(ctx): State<Ctx>, caller: Caller) -> Reply {
    let viewer = caller.may("read:accounts")?;
    listed(&ctx, viewer.member_id()?).await
}

async fn of_account(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.sees("read:accounts")?;
    let row = api::account(&ctx, &viewer, id.parse()?).await?;
    listed(&ctx, row.actor.id).await
}

async fn feature(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("write:accounts")?;
    let name = tags::name_of(&params.text("name").unwrap_or_default())?;
    tags::set_featured(&ctx, &viewer, &name, true).await?;
    let all = tags::featured(&ctx, viewer.member_id()?).await?;
    answer(all.iter().find(|one| one.tag == name).map(|one| drawn(&ctx, one)).unwrap_or(Value::Null))
}

async fn unfeature(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("write:accounts")?;
    let all = tags::featured(&ctx, viewer.member_id()?).await?;
    let one = all.iter().find(|one| one.id.to_string() == id).ok_or_else(Failure::not_found)?;
    tags::set_featured(&ctx, &viewer, &one.tag, false).await?;
    answer(json!({}))
}

async fn to_feature(State(ctx): State<Ctx>, caller: Caller) -> Reply {
    let viewer = caller.may("read:accounts")?;
    let found = tags::to_feature(&ctx, &viewer).await?;
    answer(found.iter().map(|(name, uses)| tag(&ctx, name, *uses, None)).collect())
}
