//! What someone keeps for themselves: bookmarks, thanks, markers, preferences, whom they shut out, who asks them.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::accounts::listed;
use super::entities::{Outer, account, relation, statuses};
use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::listing::{json as answer, list};
use crate::api::params::Params;
use crate::base::*;
use crate::domain::moderation::BlockKind;
use crate::services::api::Conversation;
use crate::services::{Ctx, api, moderation, posts};

/// What belongs to the viewer alone.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/v1/bookmarks", get(bookmarks))
        .route("/api/v1/favourites", get(favourites))
        .route("/api/v1/blocks", get(blocks))
        .route("/api/v1/mutes", get(mutes))
        .route("/api/v1/follow_requests", get(follow_requests))
        .route("/api/v1/follow_requests/{id}/authorize", post(authorize))
        .route("/api/v1/follow_requests/{id}/reject", post(reject))
        .route("/api/v1/markers", get(markers).post(set_markers))
        .route("/api/v1/preferences", get(preferences))
        .route("/api/v1/conversations", get(conversations))
        .route("/api/v1/conversations/{id}", axum::routing::delete(hide_conversation))
        .route("/api/v1/conversations/{id}/read", post(read_conversation))
        .route("/api/v1/reports", post(report))
}

async fn bookmarks(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:bookmarks")?;
    let found = posts::bookmarked(&ctx, &viewer, params.page(20, 40)).await?;
    let items = statuses(&ctx, &viewer, &found.items, Outer::Plain).await?;
    list(&ctx, &params, items, found.next, None)
}

async fn favourites(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:favourites")?;
    let page = params.page(20, 40);
    let (views, cursors) = api::thanked(&ctx, &viewer, page).await?;
    let items = statuses(&ctx, &viewer, &views, Outer::Plain).await?;
    let full = i64::try_from(cursors.len()).is_ok_and(|n| n >= page.limit);
    let next = if full { cursors.last().copied() } else { None };
    list(&ctx, &params, items, next, cursors.first().copied())
}

async fn shut_out(ctx: &Ctx, caller: &Caller, params: &Params, scope: &str, kind: BlockKind) -> Reply {
    let viewer = caller.may(scope)?;
    let mut page = params.page(40, 40);
    let before = match page.cursor {
        Cursor::Before(id) => Some(id),
        _ => None,
    };
    let mut rows: Vec<(i64, ActorId)> =
        moderation::blocks(ctx, &viewer, kind, before).await?.into_iter().map(|(id, card)| (id, card.id)).collect();
    rows.truncate(usize::try_from(page.limit).unwrap_or(40));
    page.limit = page.limit.min(40);
    listed(ctx, &viewer, params, page, rows).await
}

async fn blocks(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    shut_out(&ctx, &caller, &params, "read:blocks", BlockKind::Block).await
}

/// `MutedAccount`s: each with until when.
async fn mutes(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:mutes")?;
    let mut page = params.page(40, 80);
    page.limit = page.limit.min(40);
    let before = if let Cursor::Before(id) = page.cursor { Some(id) } else { None };
    let mut rows = moderation::blocks(&ctx, &viewer, BlockKind::Mute, before).await?;
    rows.truncate(usize::try_from(page.limit).unwrap_or(40));
    let who: Vec<ActorId> = rows.iter().map(|(_, card)| card.id).collect();
    let ends = moderation::mute_ends(&ctx, &viewer, &who).await?;
    let drawn = |row: &crate::store::api::AccountRow| {
        let until = ends.iter().find(|end| end.0 == row.actor.id).and_then(|end| end.1);
        let mut value = account(&ctx, row);
        value["mute_expires_at"] = json!(until.map(Time::to_rfc3339));
        value
    };
    let items = api::accounts(&ctx, &viewer, &who).await?.iter().map(drawn).collect();
    let full = i64::try_from(rows.len()).is_ok_and(|n| n >= page.limit);
    let next = if full { rows.last().map(|row| row.0) } else { None };
    list(&ctx, &params, items, next, rows.first().map(|row| row.0))
}

/// Who asks to follow the viewer or to join a group they keep order in.
async fn follow_requests(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:follows")?;
    let page = params.page(40, 80);
    let found = api::requests(&ctx, &viewer, page).await?;
    listed(&ctx, &viewer, &params, page, found.into_iter().map(|(id, _, who)| (id, who)).collect()).await
}

async fn answer_request(ctx: &Ctx, caller: &Caller, id: &str, yes: bool) -> Reply {
    let viewer = caller.may("write:follows")?;
    let asker: ActorId = id.parse()?;
    api::answer(ctx, &viewer, asker, yes).await?;
    let relations = api::relations(ctx, &viewer, &[asker]).await?;
    answer(relations.first().map(relation).unwrap_or(Value::Null))
}

async fn authorize(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    answer_request(&ctx, &caller, &id, true).await
}

async fn reject(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    answer_request(&ctx, &caller, &id, false).await
}

const TIMELINES: [&str; 2] = ["home", "notifications"];

fn marker((_, id, version, at): &api::Marker) -> Value {
    json!({ "last_read_id": id.to_string(), "version": version, "updated_at": at.to_rfc3339() })
}

async fn markers(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:statuses")?;
    let wanted = params.texts("timeline");
    let mut body = serde_json::Map::new();
    for place in api::markers(&ctx, &viewer).await? {
        if wanted.contains(&place.0) {
            body.insert(place.0.clone(), marker(&place));
        }
    }
    answer(Value::Object(body))
}

async fn set_markers(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("write:statuses")?;
    let mut places = Vec::new();
    for name in TIMELINES {
        if let Some(id) = params.number(&format!("{name}/last_read_id")) {
            places.push((name.to_owned(), id));
        }
    }
    let names: Vec<String> = places.iter().map(|place| place.0.clone()).collect();
    api::set_markers(&ctx, &viewer, places).await?;
    let kept = api::markers(&ctx, &viewer).await?;
    let kept = kept.iter().filter(|place| names.contains(&place.0));
    answer(Value::Object(kept.map(|place| (place.0.clone(), marker(place))).collect()))
}

async fn preferences(State(ctx): State<Ctx>, caller: Caller) -> Reply {
    let viewer = caller.may("read:accounts")?;
    let member = api::member(&ctx, &viewer).await?;
    answer(json!({
        "posting:default:visibility": "public", "posting:default:sensitive": false,
        "posting:default:language": member.locale, "posting:default:quote_policy": "public",
        "reading:expand:media": "default", "reading:expand:spoilers": false, "reading:autoplay:gifs": false,
    }))
}

async fn conversations(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:statuses")?;
    let page = params.page(20, 40);
    let found = api::conversations(&ctx, &viewer, page).await?;
    let full = i64::try_from(found.len()).is_ok_and(|n| n >= page.limit);
    let next = if full { found.last().map(|c| c.root.0) } else { None };
    let first = found.first().map(|c| c.root.0);
    list(&ctx, &params, drawn(&ctx, &viewer, found).await?, next, first)
}

/// `Conversation`s, in order.
pub async fn drawn(ctx: &Ctx, viewer: &crate::domain::Viewer, found: Vec<Conversation>) -> Result<Vec<Value>> {
    let who: Vec<ActorId> = found.iter().flat_map(|c| c.with.iter().copied()).collect();
    let views: Vec<_> = found.iter().map(|c| c.last.clone()).collect();
    let around = api::around(ctx, viewer, &views, &who).await?;
    let draw = super::entities::Draw::new(ctx, viewer, &around);
    let one = |c: &Conversation| {
        let with: Vec<Value> = c.with.iter().map(|id| draw.account(*id)).filter(|a| !a.is_null()).collect();
        json!({
            "id": c.root.to_string(), "unread": c.unread, "accounts": with, "last_status": draw.status(&c.last, Outer::Plain),
        })
    };
    Ok(found.iter().map(one).collect())
}

async fn read_conversation(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("write:conversations")?;
    let root: PostId = id.parse()?;
    api::read_conversation(&ctx, &viewer, root).await?;
    let found = api::conversation(&ctx, &viewer, root).await?;
    answer(drawn(&ctx, &viewer, vec![found]).await?.pop().unwrap_or(Value::Null))
}

/// Conversations stay where they are, on every device; nothing is thrown away by one of them.
async fn hide_conversation(caller: Caller) -> Reply {
    caller.may("write:conversations")?;
    answer(json!({}))
}

async fn report(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("write:reports")?;
    let target: ActorId = params.text("account_id").ok_or_else(Failure::not_found)?.parse()?;
    let row = api::account(&ctx, &viewer, target).await?;
    let status = params.ids("status_ids").first().copied();
    let post = match status {
        Some(id) => Some(api::post_behind(&ctx, &viewer, id).await?.0),
        None => None,
    };
    let words = params.filled("comment").or_else(|| params.filled("category")).unwrap_or_else(|| "other".to_owned());
    if words.chars().count() > 2000 {
        return Err(Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "Validation failed: Comment is too long"));
    }
    let id = moderation::report(&ctx, &viewer, target, post, &words).await?;
    answer(json!({
        "id": id.to_string(), "action_taken": false, "action_taken_at": Value::Null,
        "category": params.filled("category").unwrap_or_else(|| "other".to_owned()), "comment": words, "forwarded": false,
        "created_at": ctx.now().to_rfc3339(), "status_ids": status.map(|id| vec![id.to_string()]).unwrap_or_default(),
        "rule_ids": [], "collection_ids": [], "target_account": account(&ctx, &row),
    }))
}
