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
use crate::domain::Viewer;
use crate::services::{Ctx, api};

/// `/api/v2/search`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/v2/search", get(search))
        .route("/api/v1/search", get(search))
        .route("/api/oembed", get(oembed))
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

/// A post for another website to show: who wrote it, and a quotation with its address. Public posts only.
async fn oembed(State(ctx): State<Ctx>, params: Params) -> Reply {
    let text = params.filled("url").ok_or_else(Failure::not_found)?;
    let wanted = api::Search { text, kind: Some("statuses".to_owned()), resolve: false, limit: 1 };
    let found = api::search(&ctx, &Viewer::Anonymous, wanted).await?;
    let view = found.posts.into_iter().next().filter(|view| view.author.is_local()).ok_or_else(Failure::not_found)?;
    let url = &view.post.url;
    // Addresses of our own posts hold nothing that HTML would read otherwise.
    let html = format!("<blockquote cite=\"{url}\">{}<p><a href=\"{url}\">{url}</a></p></blockquote>", view.post.html);
    answer(json!({
        "type": "rich", "version": "1.0", "title": view.post.title, "author_name": view.author.display_name,
        "author_url": view.author.url, "provider_name": ctx.urls.host(), "provider_url": ctx.urls.absolute("/"),
        "cache_age": 86_400, "html": html, "width": params.number("maxwidth").unwrap_or(400).clamp(200, 800),
        "height": Value::Null,
    }))
}
