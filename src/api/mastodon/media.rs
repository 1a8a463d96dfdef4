//! Files: put up before the post they belong to.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde_json::json;

use super::entities::media as drawn;
use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::listing::json as answer;
use crate::api::params::Params;
use crate::base::MediaId;
use crate::domain::media::MediaPurpose;
use crate::services::{Ctx, api, media};

/// `/api/v1/media` and `/api/v2/media`. Pictures are ready when they are answered, so there is never a 202 or 206.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/v1/media", post(create))
        .route("/api/v2/media", post(create))
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
    let file = params.files.iter().find(|file| file.field == "file").or(params.files.first());
    let file = file.ok_or_else(|| Failure::unprocessable("Validation failed: File can't be blank"))?;
    let text = params.text("description").unwrap_or_default();
    let purpose = MediaPurpose::Post;
    let mut kept =
        media::upload(&ctx, &viewer, file.bytes.clone(), &file.mime, &file.file_name, &text, purpose).await?;
    if let Some(focus) = focus_of(&params) {
        kept = media::describe(&ctx, &viewer, kept.id, &text, Some(focus)).await?;
    }
    answer(drawn(&ctx, &kept, false))
}

async fn one(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.may("write:media")?;
    answer(drawn(&ctx, &media::own(&ctx, &viewer, id.parse()?).await?, false))
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
