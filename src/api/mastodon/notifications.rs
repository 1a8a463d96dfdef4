//! Notices, one by one and grouped.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::entities::{Draw, kinds_of, notice, type_of};
use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::listing::{json as answer, list};
use crate::api::params::Params;
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::notices::Notice;
use crate::domain::posts::PostView;
use crate::services::api::Around;
use crate::services::{Ctx, api, notices};

/// Grouped are only these: many people do the same to one thing.
const GROUPED: [&str; 3] = ["favourite", "reblog", "follow"];
/// Accounts shown of a group.
const SAMPLE: usize = 8;

/// `/api/v1/notifications…` and `/api/v2/notifications…`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/v1/notifications", get(all))
        .route("/api/v1/notifications/clear", post(clear))
        .route("/api/v1/notifications/unread_count", get(unread))
        .route("/api/v1/notifications/policy", get(policy).patch(policy).put(policy))
        .route("/api/v2/notifications/policy", get(policy_two).patch(policy_two).put(policy_two))
        .route("/api/v1/notifications/requests", get(no_requests))
        .route("/api/v1/notifications/requests/merged", get(merged))
        .route("/api/v1/notifications/requests/accept", post(nothing_done))
        .route("/api/v1/notifications/requests/dismiss", post(nothing_done))
        .route("/api/v1/notifications/{id}", get(one))
        .route("/api/v1/notifications/{id}/dismiss", post(dismiss))
        .route("/api/v1/notifications/dismiss", post(dismiss_named))
        .route("/api/v2/notifications", get(grouped))
        .route("/api/v2/notifications/unread_count", get(unread))
        .route("/api/v2/notifications/{key}", get(one_group))
        .route("/api/v2/notifications/{key}/accounts", get(group_accounts))
        .route("/api/v2/notifications/{key}/dismiss", post(dismiss_group))
}

/// A page of notices that clients can show, and what stands around them.
async fn page_of(ctx: &Ctx, viewer: &Viewer, params: &Params, page: Page) -> Result<(Paged<Notice>, Around)> {
    let kinds = kinds_of(&params.texts("types"), &params.texts("exclude_types"));
    if kinds.is_empty() {
        return Ok((Paged { items: Vec::new(), next: None }, Around::default()));
    }
    let mut found = notices::list(ctx, viewer, &kinds, page).await?;
    if let Some(account) = params.number("account_id") {
        found.items.retain(|notice| notice.actor.as_ref().is_some_and(|actor| actor.id.0 == account));
    }
    let around = around_of(ctx, &found.items).await?;
    Ok((found, around))
}

async fn around_of(ctx: &Ctx, items: &[Notice]) -> Result<Around> {
    let views: Vec<PostView> = items.iter().filter_map(|notice| notice.post.clone()).collect();
    let who: Vec<ActorId> =
        items.iter().flat_map(|notice| [&notice.actor, &notice.group]).flatten().map(|card| card.id).collect();
    api::around(ctx, &views, &who).await
}

async fn all(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:notifications")?;
    let (found, around) = page_of(&ctx, &viewer, &params, params.page(40, 80)).await?;
    let draw = Draw::new(&ctx, &viewer, &around);
    let items: Vec<Value> = found.items.iter().filter_map(|item| notice(&draw, item)).collect();
    list(&ctx, &params, items, found.next, found.items.first().map(|item| item.id.0))
}

/// One notice as a client reads it, for its answer or its stream.
pub async fn drawn(ctx: &Ctx, viewer: &Viewer, id: NotificationId) -> Result<Option<Value>> {
    let found = notices::get(ctx, viewer, id).await?;
    let items = [found];
    let around = around_of(ctx, &items).await?;
    let draw = Draw::new(ctx, viewer, &around);
    Ok(items.iter().find_map(|item| notice(&draw, item)))
}

async fn one(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("read:notifications")?;
    answer(drawn(&ctx, &viewer, id.parse()?).await?.ok_or_else(Failure::not_found)?)
}

async fn clear(State(ctx): State<Ctx>, caller: Caller) -> Reply {
    let viewer = caller.may("write:notifications")?;
    notices::dismiss(&ctx, &viewer, None).await?;
    answer(json!({}))
}

async fn dismiss(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("write:notifications")?;
    notices::dismiss(&ctx, &viewer, Some(id.parse()?)).await?;
    answer(json!({}))
}

async fn dismiss_named(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("write:notifications")?;
    let id = params.text("id").ok_or_else(Failure::not_found)?;
    notices::dismiss(&ctx, &viewer, Some(id.parse()?)).await?;
    answer(json!({}))
}

async fn unread(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:notifications")?;
    let limit = params.number("limit").unwrap_or(100).clamp(1, 1000);
    let kinds = kinds_of(&params.texts("types"), &params.texts("exclude_types"));
    let found = notices::list(&ctx, &viewer, &kinds, Page::first(80)).await?;
    let count = found.items.iter().filter(|item| item.read_at.is_none()).count();
    answer(json!({ "count": i64::try_from(count).unwrap_or(limit).min(limit) }))
}

/// Every notice is taken; what is not wanted is set per group and by blocks.
async fn policy(caller: Caller) -> Reply {
    caller.may("read:notifications")?;
    answer(json!({
        "filter_not_following": false, "filter_not_followers": false, "filter_new_accounts": false,
        "filter_private_mentions": false, "summary": { "pending_requests_count": 0, "pending_notifications_count": 0 },
    }))
}

async fn policy_two(caller: Caller) -> Reply {
    caller.may("read:notifications")?;
    answer(json!({
        "for_not_following": "accept", "for_not_followers": "accept", "for_new_accounts": "accept",
        "for_private_mentions": "accept", "for_limited_accounts": "accept",
        "summary": { "pending_requests_count": 0, "pending_notifications_count": 0 },
    }))
}

async fn no_requests(caller: Caller) -> Reply {
    caller.may("read:notifications")?;
    answer(json!([]))
}

async fn merged(caller: Caller) -> Reply {
    caller.may("read:notifications")?;
    answer(json!({ "merged": true }))
}

async fn nothing_done(caller: Caller) -> Reply {
    caller.may("write:notifications")?;
    answer(json!({}))
}

/// The key under which notices are shown together; each by itself where there is nothing to put together.
fn key_of(item: &Notice, together: &[String]) -> String {
    match type_of(item.kind) {
        Some(name) if GROUPED.contains(&name) && (together.is_empty() || together.iter().any(|t| t == name)) => {
            let about = item.post.as_ref().map_or_else(|| "me".to_owned(), |view| view.post.id.to_string());
            format!("{name}-{about}")
        }
        _ => format!("ungrouped-{}", item.id),
    }
}

/// `NotificationGroup`s of a page, newest first.
fn groups_of<'a>(items: &'a [Notice], together: &[String], draw: &Draw<'_>) -> Vec<(String, Vec<&'a Notice>)> {
    let mut groups: Vec<(String, Vec<&Notice>)> = Vec::new();
    for item in items.iter().filter(|item| notice(draw, item).is_some()) {
        let key = key_of(item, together);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, members)) => members.push(item),
            None => groups.push((key, vec![item])),
        }
    }
    groups
}

/// The body of a grouped answer: accounts and statuses once, and groups that refer to them.
fn grouped_body(draw: &Draw<'_>, groups: &[(String, Vec<&Notice>)]) -> Value {
    let (mut accounts, mut statuses): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    let mut out = Vec::new();
    for (key, members) in groups {
        let drawn: Vec<Value> = members.iter().filter_map(|item| notice(draw, item)).collect();
        let (Some(first), Some(newest), Some(oldest)) = (drawn.first(), members.first(), members.last()) else {
            continue;
        };
        let mut sample: Vec<Value> = Vec::new();
        for item in drawn.iter().take(SAMPLE) {
            let account = &item["account"];
            if !sample.contains(&account["id"]) {
                sample.push(account["id"].clone());
            }
            if accounts.iter().all(|known| known["id"] != account["id"]) {
                accounts.push(account.clone());
            }
        }
        let status = first.get("status").filter(|status| !status.is_null());
        if let Some(status) = status.filter(|status| statuses.iter().all(|known| known["id"] != status["id"])) {
            statuses.push(status.clone());
        }
        let mut group = json!({
            "group_key": key,
            "notifications_count": members.len(),
            "type": first["type"],
            "most_recent_notification_id": newest.id.0,
            "page_min_id": oldest.id.to_string(),
            "page_max_id": newest.id.to_string(),
            "latest_page_notification_at": newest.created_at.to_rfc3339(),
            "sample_account_ids": sample,
        });
        // The entity tells this one as a string like every other id.
        group["most_recent_notification_id"] = json!(newest.id.to_string());
        if let Some(status) = status {
            group["status_id"] = status["id"].clone();
        }
        out.push(group);
    }
    json!({ "accounts": accounts, "statuses": statuses, "notification_groups": out })
}

async fn grouped(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:notifications")?;
    let (found, around) = page_of(&ctx, &viewer, &params, params.page(40, 80)).await?;
    let draw = Draw::new(&ctx, &viewer, &around);
    let groups = groups_of(&found.items, &params.texts("grouped_types"), &draw);
    let mut body = grouped_body(&draw, &groups);
    if params.text("expand_accounts").as_deref() == Some("partial_avatars") {
        body["partial_accounts"] = json!([]);
    }
    let empty = found.items.is_empty();
    let link =
        list(&ctx, &params, vec![Value::Null; usize::from(!empty)], found.next, found.items.first().map(|i| i.id.0))?;
    let mut response = answer(body)?;
    if let Some(value) = link.headers().get(axum::http::header::LINK) {
        response.headers_mut().insert(axum::http::header::LINK, value.clone());
    }
    Ok(response)
}

/// The notices of one group among the newest.
async fn group_named(ctx: &Ctx, viewer: &Viewer, key: &str) -> Result<Vec<Notice>, Failure> {
    let found = match key.strip_prefix("ungrouped-") {
        Some(id) => vec![notices::get(ctx, viewer, id.parse()?).await?],
        None => notices::list(ctx, viewer, super::entities::KINDS, Page::first(80)).await?.items,
    };
    let members: Vec<Notice> =
        found.into_iter().filter(|item| key.starts_with("ungrouped-") || key_of(item, &[]) == key).collect();
    if members.is_empty() { Err(Failure::not_found()) } else { Ok(members) }
}

async fn one_group(State(ctx): State<Ctx>, caller: Caller, Path(key): Path<String>) -> Reply {
    let viewer = caller.may("read:notifications")?;
    let members = group_named(&ctx, &viewer, &key).await?;
    let around = around_of(&ctx, &members).await?;
    let draw = Draw::new(&ctx, &viewer, &around);
    answer(grouped_body(&draw, &[(key, members.iter().collect())]))
}

async fn group_accounts(State(ctx): State<Ctx>, caller: Caller, Path(key): Path<String>) -> Reply {
    let viewer = caller.may("read:notifications")?;
    let members = group_named(&ctx, &viewer, &key).await?;
    let who: Vec<ActorId> = members.iter().filter_map(|item| item.actor.as_ref()).map(|card| card.id).collect();
    let rows = api::accounts(&ctx, &viewer, &who).await?;
    answer(rows.iter().map(|row| super::entities::account(&ctx, row)).collect())
}

async fn dismiss_group(State(ctx): State<Ctx>, caller: Caller, Path(key): Path<String>) -> Reply {
    let viewer = caller.may("write:notifications")?;
    for item in group_named(&ctx, &viewer, &key).await? {
        notices::dismiss(&ctx, &viewer, Some(item.id)).await?;
    }
    answer(json!({}))
}
