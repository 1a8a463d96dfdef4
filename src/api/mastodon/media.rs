//! Files: put up before the post they belong to.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::json;

use super::entities::media as drawn;
use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::listing::json as answer;
use crate::api::params::{Params, Upload};
use crate::base::MediaId;
use crate::domain::media::{Media, MediaPurpose, MediaState};
use crate::services::{Ctx, api, media};

/// `/api/v1/media` answers when a file is ready; `/api/v2/media` answers 202 for a large picture, which then is 206 until it
/// is ready, and 422 if it could not be read.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/v1/media", post(create))
        .route("/api/v2/media", post(create_for_later))
        .route("/api/v1/media/{id}", get(one).put(update).delete(delete))
}

/// A focal point as it is sent: `x,y`, each from −1 to 1.
fn focus_of(params: &Params) -> Option<(f64, f64)> {
    let text = params.filled("focus")?;
    let (x, y) = text.split_once(',')?;
    let (x, y): (f64, f64) = (x.trim().parse().ok()?, y.trim().parse().ok()?);
    (x.is_finite() && y.is_finite()).then(|| (x.clamp(-1.0, 1.0), y.clamp(-1.0, 1.0)))
}

async fn create(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("write:media")?;
    let file = file_of(&params)?;
    let text = params.text("description").unwrap_or_default();
    let purpose = MediaPurpose::Post;
    let mut kept =
        media::upload(&ctx, &viewer, file.bytes.clone(), &file.mime, &file.file_name, &text, purpose).await?;
    if let Some(focus) = focus_of(&params) {
        kept = media::describe(&ctx, &viewer, kept.id, &text, Some(focus)).await?;
    }
    answer(drawn(&ctx, &kept, false))
}

async fn create_for_later(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("write:media")?;
    let file = file_of(&params)?;
    let text = params.text("description").unwrap_or_default();
    let named = (file.mime.as_str(), file.file_name.as_str());
    let mut kept = media::upload_for_later(&ctx, &viewer, file.bytes.clone(), named, &text).await?;
    if let Some(focus) = focus_of(&params) {
        kept = media::describe(&ctx, &viewer, kept.id, &text, Some(focus)).await?;
    }
    shown(&ctx, &kept, StatusCode::ACCEPTED)
}

fn file_of(params: &Params) -> Result<&Upload, Failure> {
    let file = params.files.iter().find(|file| file.field == "file").or(params.files.first());
    file.ok_or_else(|| Failure::unprocessable("Validation failed: File can't be blank"))
}

/// A file, with this status while it is not ready.
fn shown(ctx: &Ctx, file: &Media, unready: StatusCode) -> Reply {
    let mut response = answer(drawn(ctx, file, false))?;
    match file.state {
        MediaState::Processing => *response.status_mut() = unready,
        MediaState::Failed => return Err(Failure::unprocessable("The file could not be read")),
        MediaState::Ready | MediaState::Remote => {}
    }
    Ok(response)
}

async fn one(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("write:media")?;
    shown(&ctx, &media::own(&ctx, &viewer, id.parse()?).await?, StatusCode::PARTIAL_CONTENT)
}

async fn update(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.may("write:media")?;
    let id: MediaId = id.parse()?;
    let before = media::own(&ctx, &viewer, id).await?;
    let text = params.text("description").unwrap_or(before.description);
    let focus = focus_of(&params).or(before.focus_x.zip(before.focus_y));
    answer(drawn(&ctx, &media::describe(&ctx, &viewer, id, &text, focus).await?, false))
}

async fn delete(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("write:media")?;
    api::forget_file(&ctx, &viewer, id.parse()?).await?;
    answer(json!({}))
}
