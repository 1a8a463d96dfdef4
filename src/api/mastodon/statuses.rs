//! Statuses: writing, reading, and what one does with them.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::entities::{Draw, Outer, Sheet, account, history, media, statuses};
use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::kept::Lasts;
use crate::api::listing::{json as answer, list, text};
use crate::api::params::Params;
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::posts::{PostView, ReactionKind};
use crate::services::api::{NewStatus, PollPlan};
use crate::services::posts::{self, PostForm};
use crate::services::{Ctx, api, notice_policy, scheduled};
use crate::store::marks::Mark;

/// `/api/v1/statuses…`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/v1/statuses", post(create).get(several))
        .route("/api/v1/statuses/{id}", get(one).put(edit).delete(delete))
        .route("/api/v1/statuses/{id}/context", get(context))
        .route("/api/v1/statuses/{id}/source", get(source))
        .route("/api/v1/statuses/{id}/history", get(versions))
        .route("/api/v1/statuses/{id}/card", get(card))
        .route("/api/v1/statuses/{id}/quotes", get(quotes))
        .route("/api/v1/statuses/{id}/interaction_policy", axum::routing::put(interaction_policy))
        .route("/api/v1/statuses/{id}/favourited_by", get(favourited_by))
        .route("/api/v1/statuses/{id}/reblogged_by", get(reblogged_by))
        .route("/api/v1/statuses/{id}/translate", post(translate))
        .route("/api/v1/statuses/{id}/{action}", post(act))
}

/// One status as a client reads it.
pub async fn drawn(ctx: &Ctx, viewer: &Viewer, view: PostView) -> Result<Value> {
    Ok(statuses(ctx, viewer, &[view], Outer::Boosts).await?.pop().unwrap_or(Value::Null))
}

fn id_of(text: &str) -> Result<i64, Failure> {
    text.parse().map_err(|_| Failure::not_found())
}

async fn one(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.sees("read:statuses")?;
    let view = api::status(&ctx, &viewer, id_of(&id)?).await?;
    answer(drawn(&ctx, &viewer, view).await?)
}

async fn several(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.sees("read:statuses")?;
    let mut ids = params.ids("id");
    ids.truncate(40);
    let views = api::statuses(&ctx, &viewer, &ids).await?;
    answer(json!(statuses(&ctx, &viewer, &views, Outer::Boosts).await?))
}

/// What a client says of a vote.
fn poll_of(params: &Params) -> Result<Option<PollPlan>, Failure> {
    let options = params.texts("poll/options");
    if options.is_empty() {
        return Ok(None);
    }
    let seconds = params.number("poll/expires_in").unwrap_or(86_400);
    if !(300..=2_629_746).contains(&seconds) {
        return Err(Failure::unprocessable("Validation failed: Expires at is out of range"));
    }
    let (multiple, hidden) = (params.is("poll/multiple"), params.is("poll/hide_totals"));
    Ok(Some(PollPlan { options, expires_in: seconds, multiple, hidden }))
}

async fn create(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("write:statuses")?;
    let named = |name: &str| params.filled(name).map(|id| id_of(&id)).transpose();
    let (in_reply_to, quoted) = (named("in_reply_to_id")?, named("quoted_status_id")?);
    let new = NewStatus {
        text: params.text("status").unwrap_or_default(),
        in_reply_to,
        visibility: params.filled("visibility"),
        media: params.ids("media_ids").into_iter().map(MediaId).collect(),
        poll: poll_of(&params)?,
        sensitive: params.is("sensitive"),
        warning: params.text("spoiler_text").unwrap_or_default(),
        language: params.filled("language"),
        quoted,
    };
    let key = params.headers.get("idempotency-key").and_then(|v| v.to_str().ok());
    let key = key.filter(|key| !key.is_empty() && key.len() <= 200);
    if let Some(at) = params.filled("scheduled_at") {
        let planned = scheduled::create(&ctx, &viewer, new, super::scheduled::moment(&at)?, key).await?;
        return answer(super::scheduled::drawn(&ctx, &planned));
    }
    let view = api::post(&ctx, &viewer, new, key).await?;
    answer(drawn(&ctx, &viewer, view).await?)
}

async fn edit(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.may("write:statuses")?;
    let (id, _) = api::post_behind(&ctx, &viewer, id_of(&id)?).await?;
    let before = posts::view(&ctx, &viewer, id).await?;
    let mut form = PostForm::new(before.post.kind, params.text("status").unwrap_or(before.post.source));
    form.title = before.post.title;
    form.link_url = before.post.link_url;
    form.warning = params.text("spoiler_text").unwrap_or_default();
    form.sensitive = params.is("sensitive");
    form.language = params.filled("language").or(before.post.language);
    form.media = params.ids("media_ids").into_iter().map(MediaId).collect();
    for change in params.values("media_attributes") {
        let Some(media) = change.get("id").and_then(crate::api::params::text_of).and_then(|id| id.parse().ok()) else {
            continue;
        };
        if let Some(text) = change.get("description").and_then(crate::api::params::text_of) {
            crate::services::media::describe(&ctx, &viewer, media, &text, None).await?;
        }
    }
    posts::edit(&ctx, &viewer, id, form).await?;
    let view = api::status(&ctx, &viewer, id.0).await?;
    answer(drawn(&ctx, &viewer, view).await?)
}

/// Deletes, and returns the status with its text, so that clients can offer to write it again.
async fn delete(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("write:statuses")?;
    let (id, _) = api::post_behind(&ctx, &viewer, id_of(&id)?).await?;
    let view = api::status(&ctx, &viewer, id.0).await?;
    let (source, files) = (view.post.source.clone(), view.media.clone());
    let mut value = drawn(&ctx, &viewer, view).await?;
    posts::delete(&ctx, &viewer, id).await?;
    value["text"] = json!(source);
    // The files are loose again: only their owner can read them now.
    value["media_attachments"] = files.iter().map(|file| media(&ctx, file, false)).collect();
    answer(value)
}

async fn context(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.sees("read:statuses")?;
    let (id, _) = api::post_behind(&ctx, &viewer, id_of(&id)?).await?;
    let (above, below) = api::context_marks(&ctx, &viewer, id).await?;
    let all: Vec<Mark> = above.iter().chain(&below).cloned().collect();
    let sheet = Sheet::load(&ctx, &viewer, &all).await?;
    let (above, below) = (sheet.array(&above, Outer::Plain), sheet.array(&below, Outer::Plain));
    let mut response = text(format!("{{\"ancestors\":{above},\"descendants\":{below}}}"));
    response.extensions_mut().insert(Lasts(sheet.until()));
    Ok(response)
}

async fn source(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("read:statuses")?;
    let view = api::status(&ctx, &viewer, id_of(&id)?).await?;
    answer(json!({ "id": view.post.id.to_string(), "text": view.post.source, "spoiler_text": view.post.warning }))
}

async fn versions(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.sees("read:statuses")?;
    let view = api::status(&ctx, &viewer, id_of(&id)?).await?;
    let (_, revisions) = posts::history(&ctx, &viewer, view.post.id).await?;
    let views = [view];
    let around = api::around(&ctx, &viewer, &views, &[]).await?;
    let draw = Draw::new(&ctx, &viewer, &around);
    answer(json!(views.iter().flat_map(|view| history(&draw, view, &revisions)).collect::<Vec<_>>()))
}

async fn card(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.sees("read:statuses")?;
    let view = api::status(&ctx, &viewer, id_of(&id)?).await?;
    let mut value = drawn(&ctx, &viewer, view).await?;
    let card = value["card"].take();
    answer(if card.is_null() { json!({}) } else { card })
}

/// Posts that quote this one.
async fn quotes(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.sees("read:statuses")?;
    let (id, _) = api::post_behind(&ctx, &viewer, id_of(&id)?).await?;
    let found = api::quoting(&ctx, &viewer, id, params.page(20, 40)).await?;
    super::timelines::page(&ctx, &viewer, &params, found, Outer::Plain).await
}

/// Who may quote is not set per post: open posts may be quoted by all.
async fn interaction_policy(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("write:statuses")?;
    let view = api::status(&ctx, &viewer, id_of(&id)?).await?;
    if viewer.actor_id() != Some(view.post.author_id) {
        return Err(Failure::not_found());
    }
    answer(drawn(&ctx, &viewer, view).await?)
}

async fn translate(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("read:statuses")?;
    api::status(&ctx, &viewer, id_of(&id)?).await?;
    Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "Translation is not available"))
}

async fn favourited_by(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.sees("read:accounts")?;
    let (id, _) = api::post_behind(&ctx, &viewer, id_of(&id)?).await?;
    let found = api::thankers(&ctx, &viewer, id, params.page(40, 80)).await?;
    let rows = api::accounts(&ctx, &viewer, &found.items).await?;
    list(&ctx, &params, rows.iter().map(|row| account(&ctx, row)).collect(), found.next, None)
}

async fn reblogged_by(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.sees("read:accounts")?;
    let (id, _) = api::post_behind(&ctx, &viewer, id_of(&id)?).await?;
    let page = params.page(40, 80);
    let found = api::sharers(&ctx, &viewer, id, page).await?;
    super::accounts::listed(&ctx, &viewer, &params, page, found).await
}

/// What one does with a status; each returns it as it is then.
async fn act(State(ctx): State<Ctx>, caller: Caller, Path((id, action)): Path<(String, String)>) -> Reply {
    let scope = match action.as_str() {
        "favourite" | "unfavourite" => "write:favourites",
        "bookmark" | "unbookmark" => "write:bookmarks",
        "reblog" | "unreblog" => "write:statuses",
        "pin" | "unpin" => "write:accounts",
        "mute" | "unmute" => "write:mutes",
        _ => return Err(Failure::not_found()),
    };
    let viewer = caller.may(scope)?;
    let wanted = id_of(&id)?;
    let (id, _) = api::post_behind(&ctx, &viewer, wanted).await?;
    match action.as_str() {
        "favourite" | "unfavourite" => {
            posts::react(&ctx, &viewer, id, ReactionKind::Thanks, action == "favourite").await?;
        }
        "bookmark" | "unbookmark" => posts::bookmark(&ctx, &viewer, id, action == "bookmark").await?,
        "reblog" => return reblog(&ctx, &viewer, id).await,
        "unreblog" => posts::share(&ctx, &viewer, id, false).await?,
        "pin" | "unpin" => posts::pin(&ctx, &viewer, id, action == "pin").await?,
        _ => notice_policy::mute_thread(&ctx, &viewer, id, action == "mute").await?,
    }
    let view = api::status(&ctx, &viewer, if action.starts_with("un") { id.0 } else { wanted }).await?;
    answer(drawn(&ctx, &viewer, view).await?)
}

/// Shares, and returns the boost: a status of its own around the one shared.
async fn reblog(ctx: &Ctx, viewer: &Viewer, id: PostId) -> Reply {
    match posts::share(ctx, viewer, id, true).await {
        Ok(()) => {}
        Err(Error::Forbidden { .. }) => {
            return Err(Failure::unprocessable("Validation failed: this post cannot be shared further"));
        }
        Err(error) => return Err(error.into()),
    }
    let view = api::shared_as(ctx, viewer, id).await?;
    answer(json!(statuses(ctx, viewer, &[view], Outer::Shared).await?.pop()))
}
