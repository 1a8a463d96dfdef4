//! Search.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::{Value, json};

use super::entities::{Outer, account, statuses, tag};
use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::listing::json as answer;
use crate::api::params::Params;
use crate::services::{Ctx, api};

/// `/api/v2/search`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/api/v2/search", get(search)).route("/api/v1/search", get(search))
}

async fn search(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.sees("read:search")?;
    let text = params.filled("q").ok_or_else(|| Failure::unprocessable("Validation failed: Query can't be blank"))?;
    let kind = params.filled("type");
    // There are no pages of hits: what comes after the first is empty.
    if params.number("offset").unwrap_or(0) > 0 {
        return answer(json!({ "accounts": [], "statuses": [], "hashtags": [] }));
    }
    let limit = params.number("limit").unwrap_or(20).clamp(1, 40);
    let resolve = params.is("resolve") && viewer.actor_id().is_some();
    let found = api::search(&ctx, &viewer, api::Search { text, kind: kind.clone(), resolve, limit }).await?;
    let wants = |name: &str| kind.as_deref().is_none_or(|kind| kind == name);
    let accounts: Vec<Value> = match wants("accounts") {
        true => api::accounts(&ctx, &viewer, &found.accounts).await?.iter().map(|row| account(&ctx, row)).collect(),
        false => Vec::new(),
    };
    let statuses = match wants("statuses") {
        true => statuses(&ctx, &viewer, &found.posts, Outer::Plain).await?,
        false => Vec::new(),
    };
    let hashtags: Vec<Value> = found.tags.iter().map(|(name, uses)| tag(&ctx, name, *uses, Some(false))).collect();
    answer(json!({ "accounts": accounts, "statuses": statuses, "hashtags": hashtags }))
}
