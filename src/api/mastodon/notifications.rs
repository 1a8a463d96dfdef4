//! Notices, one by one and grouped.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::entities::{Draw, Outer, kinds_of, notice, type_of};
use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::listing::{json as answer, list};
use crate::api::params::Params;
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::notices::{Notice, NoticeKind, NoticePolicy, Verdict};
use crate::domain::posts::PostView;
use crate::services::api::Around;
use crate::services::{Ctx, api, notice_policy, notices};

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
        .route("/api/v1/notifications/policy", get(policy).patch(set_policy).put(set_policy))
        .route("/api/v2/notifications/policy", get(policy_two).patch(set_policy_two).put(set_policy_two))
        .route("/api/v1/notifications/requests", get(requests))
        .route("/api/v1/notifications/requests/merged", get(merged))
        .route("/api/v1/notifications/requests/accept", post(accept_requests))
        .route("/api/v1/notifications/requests/dismiss", post(dismiss_requests))
        .route("/api/v1/notifications/requests/{id}", get(one_request))
        .route("/api/v1/notifications/requests/{id}/accept", post(accept_request))
        .route("/api/v1/notifications/requests/{id}/dismiss", post(dismiss_request))
        .route("/api/v1/notifications/{id}", get(one))
        .route("/api/v1/notifications/{id}/dismiss", post(dismiss))
        .route("/api/v1/notifications/dismiss", post(dismiss_named))
        .route("/api/v2/notifications", get(grouped))
        .route("/api/v2/notifications/unread_count", get(unread_groups))
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
    let around = around_of(ctx, viewer, &found.items).await?;
    Ok((found, around))
}

async fn around_of(ctx: &Ctx, viewer: &Viewer, items: &[Notice]) -> Result<Around> {
    let views: Vec<PostView> = items.iter().filter_map(|notice| notice.post.clone()).collect();
    let who: Vec<ActorId> =
        items.iter().flat_map(|notice| [&notice.actor, &notice.group]).flatten().map(|card| card.id).collect();
    api::around(ctx, viewer, &views, &who).await
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
    let around = around_of(ctx, viewer, &items).await?;
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

/// How many groups of notices were not read.
async fn unread_groups(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:notifications")?;
    let limit = usize::try_from(params.number("limit").unwrap_or(100).clamp(1, 1000)).unwrap_or(100);
    let kinds = kinds_of(&params.texts("types"), &params.texts("exclude_types"));
    let together = params.texts("grouped_types");
    let found = notices::list(&ctx, &viewer, &kinds, Page::first(80)).await?;
    let mut keys: Vec<String> =
        found.items.iter().filter(|item| item.read_at.is_none()).map(|item| key_of(item, &together)).collect();
    keys.sort_unstable();
    keys.dedup();
    answer(json!({ "count": keys.len().min(limit) }))
}

/// The names under which the two versions of a policy know its parts.
const PARTS: [(&str, &str); 5] = [
    ("for_not_following", "filter_not_following"),
    ("for_not_followers", "filter_not_followers"),
    ("for_new_accounts", "filter_new_accounts"),
    ("for_private_mentions", "filter_private_mentions"),
    ("for_limited_accounts", ""),
];

fn parts(policy: &NoticePolicy) -> [Verdict; 5] {
    let NoticePolicy { not_following, not_followers, new_accounts, private_mentions, limited_accounts } = *policy;
    [not_following, not_followers, new_accounts, private_mentions, limited_accounts]
}

async fn summary(ctx: &Ctx, viewer: &Viewer) -> Result<Value> {
    let waiting = notice_policy::requests(ctx, viewer).await?;
    let notices: i64 = waiting.iter().map(|request| request.count).sum();
    Ok(json!({ "pending_requests_count": waiting.len(), "pending_notifications_count": notices }))
}

async fn policy_body(ctx: &Ctx, viewer: &Viewer, second: bool) -> Reply {
    let policy = notice_policy::get(ctx, viewer).await?;
    let mut body = json!({});
    for ((name, old), verdict) in PARTS.iter().zip(parts(&policy)) {
        if second {
            body[*name] = json!(verdict);
        } else if !old.is_empty() {
            body[*old] = json!(verdict != Verdict::Accept);
        }
    }
    body["summary"] = summary(ctx, viewer).await?;
    answer(body)
}

async fn change_policy(ctx: &Ctx, viewer: &Viewer, params: &Params, second: bool) -> Reply {
    let mut now = parts(&notice_policy::get(ctx, viewer).await?);
    for ((name, old), verdict) in PARTS.iter().zip(&mut now) {
        if second {
            if let Some(word) = params.filled(name) {
                let wrong = || Error::invalid("policy", "error-notice-policy");
                *verdict = Verdict::parse(&word).ok_or_else(wrong)?;
            }
        } else if let Some(on) = params.flag(old) {
            *verdict = if on { Verdict::Filter } else { Verdict::Accept };
        }
    }
    let [not_following, not_followers, new_accounts, private_mentions, limited_accounts] = now;
    let policy = NoticePolicy { not_following, not_followers, new_accounts, private_mentions, limited_accounts };
    notice_policy::set(ctx, viewer, policy).await?;
    policy_body(ctx, viewer, second).await
}

async fn policy(State(ctx): State<Ctx>, caller: Caller) -> Reply {
    policy_body(&ctx, &caller.may("read:notifications")?, false).await
}

async fn policy_two(State(ctx): State<Ctx>, caller: Caller) -> Reply {
    policy_body(&ctx, &caller.may("read:notifications")?, true).await
}

async fn set_policy(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    change_policy(&ctx, &caller.may("write:notifications")?, &params, false).await
}

async fn set_policy_two(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    change_policy(&ctx, &caller.may("write:notifications")?, &params, true).await
}

/// `NotificationRequest`s; the id of each is that of who is behind it.
async fn drawn_requests(ctx: &Ctx, viewer: &Viewer, found: Vec<notice_policy::Request>) -> Result<Vec<Value>> {
    let who: Vec<ActorId> = found.iter().map(|request| request.actor).collect();
    let ids: Vec<i64> = found.iter().filter_map(|request| request.post).map(|post| post.0).collect();
    let views = api::statuses(ctx, viewer, &ids).await?;
    let around = api::around(ctx, viewer, &views, &who).await?;
    let draw = Draw::new(ctx, viewer, &around);
    let one = |request: &notice_policy::Request| {
        let last = views.iter().find(|view| Some(view.post.id) == request.post);
        json!({
            "id": request.actor.to_string(),
            "created_at": time_of(request.first).to_rfc3339(),
            "updated_at": time_of(request.last).to_rfc3339(),
            "notifications_count": request.count.to_string(),
            "account": draw.account(request.actor),
            "last_status": last.map(|view| draw.status(view, Outer::Plain)),
        })
    };
    Ok(found.iter().map(one).filter(|request| !request["account"].is_null()).collect())
}

async fn requests(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:notifications")?;
    let limit = usize::try_from(params.number("limit").unwrap_or(40).clamp(1, 80)).unwrap_or(40);
    let mut found = notice_policy::requests(&ctx, &viewer).await?;
    found.truncate(limit);
    answer(json!(drawn_requests(&ctx, &viewer, found).await?))
}

async fn one_request(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("read:notifications")?;
    let id: ActorId = id.parse()?;
    let mut found = notice_policy::requests(&ctx, &viewer).await?;
    found.retain(|request| request.actor == id);
    answer(drawn_requests(&ctx, &viewer, found).await?.pop().ok_or_else(Failure::not_found)?)
}

async fn answer_requests(ctx: &Ctx, caller: &Caller, ids: Vec<ActorId>, yes: bool) -> Reply {
    let viewer = caller.may("write:notifications")?;
    let waiting = notice_policy::requests(ctx, &viewer).await?;
    if ids.iter().any(|id| waiting.iter().all(|request| request.actor != *id)) {
        return Err(Failure::not_found());
    }
    notice_policy::answer(ctx, &viewer, ids, yes).await?;
    answer(json!({}))
}

async fn accept_request(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    answer_requests(&ctx, &caller, vec![id.parse()?], true).await
}

async fn dismiss_request(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    answer_requests(&ctx, &caller, vec![id.parse()?], false).await
}

async fn accept_requests(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    answer_requests(&ctx, &caller, params.ids("id").into_iter().map(ActorId).collect(), true).await
}

async fn dismiss_requests(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    answer_requests(&ctx, &caller, params.ids("id").into_iter().map(ActorId).collect(), false).await
}

async fn merged(caller: Caller) -> Reply {
    caller.may("read:notifications")?;
    answer(json!({ "merged": true }))
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

/// How many notices there are in all, by kind and post.
type Counts = Vec<(NoticeKind, Option<PostId>, i64)>;

/// Counts of the kinds that are shown together.
async fn counts_of(ctx: &Ctx, viewer: &Viewer, together: &[String]) -> Result<Counts> {
    let wanted: Vec<String> = GROUPED
        .iter()
        .filter(|name| together.is_empty() || together.iter().any(|t| t == *name))
        .map(|name| (*name).to_owned())
        .collect();
    let kinds = if wanted.is_empty() { Vec::new() } else { kinds_of(&wanted, &[]) };
    notices::counts(ctx, viewer, &kinds).await
}

/// How many notices a group has, also those that are not on this page.
fn count_in(counts: &Counts, key: &str, members: &[&Notice]) -> i64 {
    let here = i64::try_from(members.len()).unwrap_or(i64::MAX);
    let Some(first) = members.first().filter(|_| !key.starts_with("ungrouped-")) else { return here };
    let (name, post) = (type_of(first.kind), first.post.as_ref().map(|view| view.post.id));
    let same = counts.iter().filter(|row| type_of(row.0) == name && (row.1 == post));
    same.map(|row| row.2).sum::<i64>().max(here)
}

/// What a client needs to show a picture of someone.
fn partial(account: &Value) -> Value {
    let mut part = json!({});
    for name in ["id", "acct", "url", "avatar", "avatar_static", "locked", "bot"] {
        part[name] = account[name].clone();
    }
    part
}

/// The body of a grouped answer: accounts and statuses once, and groups that refer to them. With `thin` only who did it
/// last is told in full.
fn grouped_body(draw: &Draw<'_>, groups: &[(String, Vec<&Notice>)], counts: &Counts, thin: bool) -> Value {
    let (mut accounts, mut statuses, mut out): (Vec<Value>, Vec<Value>, Vec<Value>) = Default::default();
    let mut others: Vec<Value> = Vec::new();
    for (key, members) in groups {
        let drawn: Vec<Value> = members.iter().filter_map(|item| notice(draw, item)).collect();
        let (Some(first), Some(newest), Some(oldest)) = (drawn.first(), members.first(), members.last()) else {
            continue;
        };
        let mut sample: Vec<Value> = Vec::new();
        for item in &drawn {
            let account = &item["account"];
            if sample.len() == SAMPLE || sample.contains(&account["id"]) {
                continue;
            }
            let list = if thin && !sample.is_empty() { &mut others } else { &mut accounts };
            if list.iter().all(|known| known["id"] != account["id"]) {
                list.push(account.clone());
            }
            sample.push(account["id"].clone());
        }
        let status = first.get("status").filter(|status| !status.is_null());
        if let Some(status) = status.filter(|status| statuses.iter().all(|known| known["id"] != status["id"])) {
            statuses.push(status.clone());
        }
        let mut group = json!({
            "group_key": key,
            "notifications_count": count_in(counts, key, members),
            "type": first["type"],
            "most_recent_notification_id": newest.id.to_string(),
            "page_min_id": oldest.id.to_string(),
            "page_max_id": newest.id.to_string(),
            "latest_page_notification_at": newest.created_at.to_rfc3339(),
            "sample_account_ids": sample,
        });
        if let Some(status) = status {
            group["status_id"] = status["id"].clone();
        }
        out.push(group);
    }
    let mut body = json!({ "accounts": accounts, "statuses": statuses, "notification_groups": out });
    if thin {
        others.retain(|other| accounts.iter().all(|known| known["id"] != other["id"]));
        body["partial_accounts"] = others.iter().map(partial).collect();
    }
    body
}

async fn grouped(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:notifications")?;
    let (found, around) = page_of(&ctx, &viewer, &params, params.page(40, 80)).await?;
    let draw = Draw::new(&ctx, &viewer, &around);
    let together = params.texts("grouped_types");
    let groups = groups_of(&found.items, &together, &draw);
    let counts = counts_of(&ctx, &viewer, &together).await?;
    let thin = params.text("expand_accounts").as_deref() == Some("partial_avatars");
    let body = grouped_body(&draw, &groups, &counts, thin);
    let empty = found.items.is_empty();
    let link =
        list(&ctx, &params, vec![Value::Null; usize::from(!empty)], found.next, found.items.first().map(|i| i.id.0))?;
    let mut response = answer(body)?;
    if let Some(value) = link.headers().get(axum::http::header::LINK) {
        response.headers_mut().insert(axum::http::header::LINK, value.clone());
    }
    Ok(response)
}

/// The notices of one group, newest first.
async fn group_named(ctx: &Ctx, viewer: &Viewer, key: &str) -> Result<Vec<Notice>, Failure> {
    if let Some(id) = key.strip_prefix("ungrouped-") {
        return Ok(vec![notices::get(ctx, viewer, id.parse()?).await?]);
    }
    let (name, about) = key.split_once('-').ok_or_else(Failure::not_found)?;
    let post: Option<PostId> = if about == "me" { None } else { Some(about.parse()?) };
    if !GROUPED.contains(&name) {
        return Err(Failure::not_found());
    }
    let kinds = kinds_of(&[name.to_owned()], &[]);
    let members = notices::list_about(ctx, viewer, &kinds, post, Page::first(80)).await?;
    if members.is_empty() { Err(Failure::not_found()) } else { Ok(members) }
}

async fn one_group(State(ctx): State<Ctx>, caller: Caller, Path(key): Path<String>) -> Reply {
    let viewer = caller.may("read:notifications")?;
    let members = group_named(&ctx, &viewer, &key).await?;
    let around = around_of(&ctx, &viewer, &members).await?;
    let draw = Draw::new(&ctx, &viewer, &around);
    let counts = counts_of(&ctx, &viewer, &[]).await?;
    answer(grouped_body(&draw, &[(key, members.iter().collect())], &counts, false))
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
    // Each turn throws away what one page holds; a group that is gone is dismissed.
    let mut first = true;
    loop {
        let members = match group_named(&ctx, &viewer, &key).await {
            Ok(members) => members,
            Err(failure) if first => return Err(failure),
            Err(_) => break,
        };
        first = false;
        for item in members {
            notices::dismiss(&ctx, &viewer, Some(item.id)).await?;
        }
    }
    answer(json!({}))
}
