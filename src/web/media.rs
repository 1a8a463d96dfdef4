//! Files of posts and profiles: one address each, open to those who may see the post.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;

use super::respond;
use super::visit::{PageResult, Visit};
use crate::base::{Error, MediaId};
use crate::services::{Ctx, media, pictures, previews};

/// `/media/ID` and its thumbnail.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/media/{id}", get(full))
        .route("/media/{id}/small", get(small))
        .route("/posts/{id}/preview", get(preview))
        .route("/media/icons/{id}", get(icon))
        .route("/emoji/{id}", get(emoji))
}

/// The picture of someone elsewhere, through us.
async fn icon(State(ctx): State<Ctx>, visit: Visit, Path(id): Path<String>, headers: HeaderMap) -> PageResult {
    match pictures::elsewhere(&ctx, id.parse()?).await {
        Ok(media) => serve(&ctx, &visit, media, false, &headers).await,
        // Its server does not answer: a shape stands in for a while, rather than the sign of a broken picture.
        Err(Error::NotFound | Error::RateLimited { .. }) => {
            let fixed = [(header::CACHE_CONTROL, "private, max-age=600"), (header::CONTENT_TYPE, "image/svg+xml")];
            respond((fixed, NOBODY))
        }
        Err(error) => Err(error.into()),
    }
}

/// A little picture in a text of someone elsewhere, through us. Without it the short name is read.
async fn emoji(State(ctx): State<Ctx>, visit: Visit, Path(id): Path<String>, headers: HeaderMap) -> PageResult {
    let media = pictures::emoji(&ctx, id.parse()?).await?;
    serve(&ctx, &visit, media, false, &headers).await
}

/// Head and shoulders.
const NOBODY: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><path fill="#cfdcd3" d="M0 0h64v64H0z"/><path fill="#5d766a" d="M32 13a12 12 0 1 1 0 24 12 12 0 0 1 0-24m0 28c14 0 22 8 22 23H10c0-15 8-23 22-23"/></svg>"##;

async fn full(State(ctx): State<Ctx>, visit: Visit, Path(id): Path<String>, headers: HeaderMap) -> PageResult {
    serve(&ctx, &visit, id.parse()?, false, &headers).await
}

async fn small(State(ctx): State<Ctx>, visit: Visit, Path(id): Path<String>, headers: HeaderMap) -> PageResult {
    serve(&ctx, &visit, id.parse()?, true, &headers).await
}

/// The picture on the card of a link.
async fn preview(State(ctx): State<Ctx>, visit: Visit, Path(id): Path<String>) -> PageResult {
    let (bytes, mime, public) = previews::open(&ctx, &visit.viewer, id.parse()?).await?;
    let cache = if public { "public, max-age=86400" } else { "private, max-age=3600" };
    let fixed = [
        (header::CACHE_CONTROL, cache.to_owned()),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
        (header::CONTENT_TYPE, mime),
    ];
    respond((fixed, bytes))
}

/// Bytes never change under one id, so the id is the entity tag; who may see them is asked each time.
async fn serve(ctx: &Ctx, visit: &Visit, id: MediaId, thumb: bool, headers: &HeaderMap) -> PageResult {
    let file = media::open(ctx, &visit.viewer, id, thumb).await?;
    let tag = format!("\"{id}{}\"", if thumb { "s" } else { "" });
    let cache = if file.public { "public, max-age=86400" } else { "private, no-cache" };
    let fixed = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, cache.to_owned()),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
    ];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|sent| sent.as_bytes() == tag.as_bytes()) {
        return respond((StatusCode::NOT_MODIFIED, fixed));
    }
    let shown = file.mime.starts_with("image/") || file.mime.starts_with("audio/") || file.mime.starts_with("video/");
    let how = if shown || file.mime == "application/pdf" { "inline" } else { "attachment" };
    let name = percent_encoding::utf8_percent_encode(&file.file_name, percent_encoding::NON_ALPHANUMERIC);
    let mut response = (fixed, file.bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(&file.mime).map_err(Error::internal)?);
    let disposition = HeaderValue::from_str(&format!("{how}; filename*=UTF-8''{name}")).map_err(Error::internal)?;
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    respond(response)
}
