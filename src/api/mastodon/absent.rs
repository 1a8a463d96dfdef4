//! What helps finding one another, and what clients ask for and Kring has no meaning for: the empty shape or the
//! documented error, never an HTML page.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{any, delete, get, post};
use serde_json::json;

use super::accounts::listed;
use super::entities::account;
use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::listing::{json as answer, list};
use crate::api::params::Params;
use crate::base::ActorId;
use crate::domain::actors::ActorKind;
use crate::services::{Ctx, api, regards};
use crate::store::api::AccountRow;

/// Suggestions, the directory, servers shut out, administration.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/v1/endorsements", get(endorsed))
        .route("/api/v1/domain_blocks", get(hosts).post(block_host).delete(unblock_host))
        .route("/api/v1/domain_blocks/preview", get(host_preview))
        .route("/api/v1/suggestions", get(suggested_accounts))
        .route("/api/v2/suggestions", get(suggested))
        .route("/api/v1/suggestions/{id}", delete(not_suggested))
        .route("/api/v1/directory", get(directory))
        .route("/api/v1/announcements/{*rest}", any(not_found))
        .route("/api/v1/annual_reports", get(nothing_of_mine))
        .route("/api/v1/emails/confirmations", post(forbidden))
        .route("/api/v1/admin/{*rest}", any(forbidden))
        .route("/api/v2/admin/{*rest}", any(forbidden))
}

async fn nothing_of_mine(caller: Caller) -> Reply {
    caller.may("read:accounts").or_else(|_| caller.may("read:follows")).or_else(|_| caller.may("read:statuses"))?;
    answer(json!([]))
}

async fn not_found(caller: Caller) -> Reply {
    caller.token.as_ref().ok_or_else(Failure::no_user)?;
    Err(Failure::not_found())
}

async fn forbidden() -> Reply {
    Err(Failure::new(StatusCode::FORBIDDEN, "This action is not allowed outside of the pages of this instance"))
}

/// Whom the viewer shows on their profile.
async fn endorsed(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:accounts")?;
    let page = params.page(40, 80);
    let found = regards::endorsed(&ctx, viewer.member_id()?, page).await?;
    listed(&ctx, &viewer, &params, page, found).await
}

/// Servers the viewer shut out.
async fn hosts(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:blocks")?;
    let page = params.page(80, 80);
    let found = regards::blocked_hosts(&ctx, &viewer, page).await?;
    let full = i64::try_from(found.len()).is_ok_and(|n| n >= page.limit);
    let next = if full { found.last().map(|row| row.0) } else { None };
    let first = found.first().map(|row| row.0);
    list(&ctx, &params, found.into_iter().map(|(_, name)| json!(name)).collect(), next, first)
}

async fn set_host(ctx: &Ctx, caller: &Caller, params: &Params, on: bool) -> Reply {
    let viewer = caller.may("write:blocks")?;
    regards::set_host_blocked(ctx, &viewer, &params.text("domain").unwrap_or_default(), on).await?;
    answer(json!({}))
}

async fn block_host(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    set_host(&ctx, &caller, &params, true).await
}

async fn unblock_host(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    set_host(&ctx, &caller, &params, false).await
}

/// What shutting a server out would end: follows stay, so nothing.
async fn host_preview(caller: Caller) -> Reply {
    caller.may("read:blocks")?;
    answer(json!({ "following_count": 0, "followers_count": 0 }))
}

async fn suggestions(ctx: &Ctx, caller: &Caller, params: &Params) -> Result<Vec<AccountRow>, Failure> {
    let viewer = caller.may("read:accounts")?;
    let limit = params.number("limit").unwrap_or(40).clamp(1, 80);
    let ids = regards::suggestions(ctx, &viewer, limit).await?;
    Ok(api::accounts(ctx, &viewer, &ids).await?)
}

/// `Suggestion`s: groups one may like.
async fn suggested(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let rows = suggestions(&ctx, &caller, &params).await?;
    let one =
        |row: &AccountRow| json!({ "source": "global", "sources": ["most_followed"], "account": account(&ctx, row) });
    answer(rows.iter().map(one).collect())
}

async fn suggested_accounts(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    answer(suggestions(&ctx, &caller, &params).await?.iter().map(|row| account(&ctx, row)).collect())
}

async fn not_suggested(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("write:accounts")?;
    let id: ActorId = id.parse()?;
    regards::dismiss(&ctx, &viewer, api::account(&ctx, &viewer, id).await?.actor.id).await?;
    answer(json!({}))
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
