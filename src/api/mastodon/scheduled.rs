//! Posts that wait for their time.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use serde_json::{Value, json};

use super::entities::media;
use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::listing::{json as answer, list};
use crate::api::params::Params;
use crate::base::Time;
use crate::services::Ctx;
use crate::services::scheduled::{self, Scheduled};

/// `/api/v1/scheduled_statuses…`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/v1/scheduled_statuses", get(all))
        .route("/api/v1/scheduled_statuses/{id}", get(one).put(postpone).delete(delete))
}

/// `ScheduledStatus`.
pub fn drawn(ctx: &Ctx, one: &Scheduled) -> Value {
    let status = &one.status;
    let ids: Vec<String> = status.media.iter().map(ToString::to_string).collect();
    let poll = status.poll.as_ref().map(|poll| {
        json!({
            "options": poll.options, "expires_in": poll.expires_in, "multiple": poll.multiple,
            "hide_totals": poll.hidden,
        })
    });
    json!({
        "id": one.id.to_string(),
        "scheduled_at": one.publish_at.to_rfc3339(),
        "params": {
            "text": status.text, "poll": poll, "media_ids": if ids.is_empty() { Value::Null } else { json!(ids) },
            "sensitive": status.sensitive, "spoiler_text": status.warning, "visibility": status.visibility,
            "in_reply_to_id": status.in_reply_to.map(|id| id.to_string()), "language": status.language,
            "application_id": 0, "scheduled_at": Value::Null, "idempotency": Value::Null, "with_rate_limit": false,
            "quoted_status_id": status.quoted.map(|id| id.to_string()), "quote_approval_policy": Value::Null,
        },
        "media_attachments": one.media.iter().map(|file| media(ctx, file, false)).collect::<Vec<_>>(),
    })
}

/// A moment as an app sends it.
pub fn moment(text: &str) -> Result<Time, Failure> {
    Time::parse_rfc3339(text).ok_or_else(|| Failure::unprocessable("Validation failed: Scheduled at is invalid"))
}

fn number(text: &str) -> Result<i64, Failure> {
    text.parse().map_err(|_| Failure::not_found())
}

async fn all(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:statuses")?;
    let page = params.page(20, 40);
    let found = scheduled::list(&ctx, &viewer, page).await?;
    let full = i64::try_from(found.len()).is_ok_and(|n| n >= page.limit);
    let next = if full { found.last().map(|(one, _)| one.id) } else { None };
    let items = found.iter().map(|(one, _)| drawn(&ctx, one)).collect();
    list(&ctx, &params, items, next, found.first().map(|(one, _)| one.id))
}

async fn one(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("read:statuses")?;
    answer(drawn(&ctx, &scheduled::get(&ctx, &viewer, number(&id)?).await?))
}

async fn postpone(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.may("write:statuses")?;
    let at = moment(&params.text("scheduled_at").unwrap_or_default())?;
    answer(drawn(&ctx, &scheduled::postpone(&ctx, &viewer, number(&id)?, at).await?))
}

async fn delete(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("write:statuses")?;
    scheduled::delete(&ctx, &viewer, number(&id)?).await?;
    answer(json!({}))
}
