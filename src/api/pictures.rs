//! Pictures for accounts that have none, and files of closed posts for apps that read them without a cookie.

use std::io::Cursor;
use std::sync::OnceLock;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use axum::routing::get;
use image::{ImageFormat, Rgb, RgbImage};

use super::fail::{Failure, Reply};
use super::mastodon::entities::capability;
use crate::base::{Error, MediaId};
use crate::domain::Viewer;
use crate::services::secrets::same;
use crate::services::{Ctx, media};

/// Paper, and the two tones of the ring.
const PAPER: Rgb<u8> = Rgb([236, 230, 215]);
const INK: Rgb<u8> = Rgb([120, 139, 128]);
const GREEN: Rgb<u8> = Rgb([11, 91, 74]);

/// `/api/kring/*.png` and `/api/kring/media/…`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/kring/person.png", get(person))
        .route("/api/kring/group.png", get(group))
        .route("/api/kring/header.png", get(header_picture))
        .route("/api/kring/media/{id}/{secret}", get(full))
        .route("/api/kring/media/{id}/{secret}/small", get(small))
}

async fn person() -> Reply {
    static PICTURE: OnceLock<Vec<u8>> = OnceLock::new();
    // A head and shoulders.
    png(&PICTURE, 240, 240, |x, y| {
        let head = (x - 120.0).powi(2) + (y - 92.0).powi(2) < 44.0_f64.powi(2);
        let shoulders = ((x - 120.0) / 84.0).powi(2) + ((y - 240.0) / 88.0).powi(2) < 1.0;
        if head || shoulders { INK } else { PAPER }
    })
}

async fn group() -> Reply {
    static PICTURE: OnceLock<Vec<u8>> = OnceLock::new();
    // A ring.
    png(&PICTURE, 240, 240, |x, y| {
        let from_middle = ((x - 120.0).powi(2) + (y - 120.0).powi(2)).sqrt();
        if (58.0..86.0).contains(&from_middle) { PAPER } else { GREEN }
    })
}

async fn header_picture() -> Reply {
    static PICTURE: OnceLock<Vec<u8>> = OnceLock::new();
    png(&PICTURE, 600, 200, |_, y| if y > 192.0 { GREEN } else { PAPER })
}

/// Paints once, then serves what was painted.
fn png(kept: &'static OnceLock<Vec<u8>>, width: u32, height: u32, paint: fn(f64, f64) -> Rgb<u8>) -> Reply {
    let bytes = match kept.get() {
        Some(bytes) => bytes,
        None => {
            let picture = RgbImage::from_fn(width, height, |x, y| paint(f64::from(x), f64::from(y)));
            let mut bytes = Cursor::new(Vec::new());
            picture.write_to(&mut bytes, ImageFormat::Png).map_err(|e| Failure::from(Error::internal(e)))?;
            kept.get_or_init(|| bytes.into_inner())
        }
    };
    let headers = [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "public, max-age=86400")];
    Ok((headers, bytes.as_slice()).into_response())
}

async fn full(State(ctx): State<Ctx>, Path((id, secret)): Path<(String, String)>) -> Reply {
    serve(&ctx, id.parse()?, &secret, false).await
}

async fn small(State(ctx): State<Ctx>, Path((id, secret)): Path<(String, String)>) -> Reply {
    serve(&ctx, id.parse()?, &secret, true).await
}

async fn serve(ctx: &Ctx, id: MediaId, secret: &str, thumb: bool) -> Reply {
    let file = crate::services::api::file(ctx, id).await?;
    if !capability(&file).is_some_and(|known| same(&known, secret)) {
        return Err(Failure::not_found());
    }
    // Who holds the secret was shown the post: the files of a post are as closed as the post itself.
    let opened = media::open(ctx, &Viewer::System, id, thumb).await?;
    let mut response = opened.bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(&opened.mime).map_err(Error::internal)?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    Ok(response)
}
