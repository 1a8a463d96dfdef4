//! What clients ask for and Kring has no meaning for: the empty shape or the documented error, never an HTML page.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{any, delete, get, post};
use serde_json::{Value, json};

use super::entities::{account, tag};
use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::listing::json as answer;
use crate::api::params::Params;
use crate::domain::actors::ActorKind;
use crate::services::{Ctx, api};

/// Filters, followed hashtags, trends, suggestions, scheduled posts, push, administration.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/v1/filters", get(no_filters).post(unsupported))
        .route("/api/v2/filters", get(no_filters).post(unsupported))
        .route("/api/v1/filters/{*rest}", any(not_found))
        .route("/api/v2/filters/{*rest}", any(not_found))
        .route("/api/v1/tags/{name}", get(one_tag))
        .route("/api/v1/tags/{name}/{action}", post(unsupported_tag))
        .route("/api/v1/followed_tags", get(nothing_of_mine))
        .route("/api/v1/featured_tags", get(nothing_of_mine).post(unsupported))
        .route("/api/v1/featured_tags/suggestions", get(nothing_of_mine))
        .route("/api/v1/featured_tags/{id}", delete(not_found))
        .route("/api/v1/endorsements", get(nothing_of_mine))
        .route("/api/v1/domain_blocks", get(nothing_of_mine).post(unsupported).delete(done))
        .route("/api/v1/scheduled_statuses", get(nothing_of_mine))
        .route("/api/v1/scheduled_statuses/{id}", any(not_found))
        .route("/api/v1/push/subscription", get(not_found).post(no_push).put(not_found).delete(done))
        .route("/api/v1/trends", get(nothing))
        .route("/api/v1/trends/tags", get(nothing))
        .route("/api/v1/trends/statuses", get(nothing))
        .route("/api/v1/trends/links", get(nothing))
        .route("/api/v1/suggestions", get(nothing_of_mine))
        .route("/api/v2/suggestions", get(nothing_of_mine))
        .route("/api/v1/suggestions/{id}", delete(done))
        .route("/api/v1/directory", get(directory))
        .route("/api/v1/announcements/{*rest}", any(not_found))
        .route("/api/v1/annual_reports", get(nothing_of_mine))
        .route("/api/v1/emails/confirmations", post(forbidden))
        .route("/api/v1/admin/{*rest}", any(forbidden))
        .route("/api/v2/admin/{*rest}", any(forbidden))
}

async fn nothing() -> Reply {
    answer(json!([]))
}

async fn nothing_of_mine(caller: Caller) -> Reply {
    caller.may("read:accounts").or_else(|_| caller.may("read:follows")).or_else(|_| caller.may("read:statuses"))?;
    answer(json!([]))
}

async fn no_filters(caller: Caller) -> Reply {
    caller.may("read:filters")?;
    answer(json!([]))
}

async fn done(caller: Caller) -> Reply {
    caller.token.as_ref().ok_or_else(Failure::no_user)?;
    answer(json!({}))
}

async fn not_found(caller: Caller) -> Reply {
    caller.token.as_ref().ok_or_else(Failure::no_user)?;
    Err(Failure::not_found())
}

async fn unsupported(caller: Caller) -> Reply {
    caller.token.as_ref().ok_or_else(Failure::no_user)?;
    Err(Failure::unprocessable("Validation failed: this is not supported here"))
}

async fn no_push(caller: Caller) -> Reply {
    caller.may("push")?;
    Err(Failure::unprocessable("Validation failed: push messages are not supported here"))
}

async fn forbidden() -> Reply {
    Err(Failure::new(StatusCode::FORBIDDEN, "This action is not allowed outside of the pages of this instance"))
}

async fn one_tag(State(ctx): State<Ctx>, caller: Caller, Path(name): Path<String>) -> Reply {
    let viewer = caller.sees("read")?;
    answer(shown_tag(&ctx, &name, viewer.actor_id().map(|_| false)).await?)
}

/// Hashtags are read, not followed; asking to end it is fine.
async fn unsupported_tag(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path((name, action)): Path<(String, String)>,
) -> Reply {
    caller.may("write:follows")?;
    match action.as_str() {
        "unfollow" | "unfeature" => answer(shown_tag(&ctx, &name, Some(false)).await?),
        "follow" | "feature" => Err(Failure::unprocessable("Validation failed: hashtags cannot be followed here")),
        _ => Err(Failure::not_found()),
    }
}

async fn shown_tag(ctx: &Ctx, name: &str, following: Option<bool>) -> Result<Value, Failure> {
    let name = name.trim_start_matches('#').to_lowercase();
    let uses = api::tag_uses(ctx, &name).await?;
    Ok(tag(ctx, &name, uses, following))
}

/// Public groups and people of this instance who may be listed.
async fn directory(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.sees("read")?;
    let offset = usize::try_from(params.number("offset").unwrap_or(0)).unwrap_or(0);
    let limit = usize::try_from(params.number("limit").unwrap_or(40).clamp(1, 80)).unwrap_or(40);
    let mut rows = api::listed(&ctx, &viewer, ActorKind::Group).await?;
    if viewer.is_full_member() {
        rows.extend(api::listed(&ctx, &viewer, ActorKind::Person).await?);
    }
    answer(
        rows.iter()
            .filter(|row| row.actor.discoverable)
            .skip(offset)
            .take(limit)
            .map(|row| account(&ctx, row))
            .collect(),
    )
}
