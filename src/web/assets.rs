//! Stylesheet, scripts and fonts, built into the binary; and what is made from the organisation's own settings.

use std::sync::OnceLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use super::respond;
use super::visit::{PageResult, Visit};
use crate::base::Error;
use crate::domain::{Viewer, colour};
use crate::services::{Ctx, media};

macro_rules! files {
    ($($path:literal : $mime:literal),* $(,)?) => {
        /// Path below the fingerprinted folder, MIME type, bytes.
        const FILES: &[(&str, &str, &[u8])] = &[$(($path, $mime, include_bytes!(concat!("assets/", $path)))),*];
    };
}

files! {
    "app.css": "text/css; charset=utf-8",
    "js/app.js": "text/javascript; charset=utf-8",
    "js/live.js": "text/javascript; charset=utf-8",
    "js/compose.js": "text/javascript; charset=utf-8",
    "js/confirm.js": "text/javascript; charset=utf-8",
    "js/crop.js": "text/javascript; charset=utf-8",
    "js/dom.js": "text/javascript; charset=utf-8",
    "fonts/literata-latin.woff2": "font/woff2",
    "fonts/literata-latin-ext.woff2": "font/woff2",
    "fonts/literata-cyrillic.woff2": "font/woff2",
    "fonts/OFL.txt": "text/plain; charset=utf-8",
}

/// Changes when any asset does: part of their folder's name, so that browsers may keep them for ever.
pub fn fingerprint() -> &'static str {
    static PRINT: OnceLock<String> = OnceLock::new();
    PRINT.get_or_init(|| {
        let all: Vec<u8> = FILES.iter().flat_map(|(_, _, bytes)| digest(&SHA256, bytes).as_ref().to_vec()).collect();
        digest(&SHA256, &all).as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    })
}

/// Assets, the icon and the manifest.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/assets/{print}/{*path}", get(file))
        .route("/brand.css", get(brand))
        .route("/icon.svg", get(icon))
        .route("/icons/{name}", get(app_icon))
        .route("/manifest.webmanifest", get(manifest))
        .route("/robots.txt", get(robots))
}

async fn file(Path((_, path)): Path<(String, String)>) -> PageResult {
    let found = FILES.iter().find(|(name, _, _)| *name == path).ok_or(Error::NotFound)?;
    let headers = [(header::CONTENT_TYPE, found.1), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    respond((headers, found.2))
}

/// The organisation's colour: one hue, eight tokens; the lightness is fixed, so that contrast holds for every hue.
async fn brand(State(ctx): State<Ctx>) -> PageResult {
    let css = ctx.instance().accent_hue.map(brand_css).unwrap_or_default();
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=300")];
    respond((headers, css))
}

fn brand_css(hue: u16) -> String {
    let token = |name: &str, l: f64, c: f64| format!("--brand-accent{name}:oklch({l} {c} {hue});");
    format!(
        ":root{{{}{}--brand-accent-on:#fff;{}{}{}{}{}}}",
        token("", 0.42, 0.09),
        token("-deep", 0.33, 0.07),
        token("-wash", 0.94, 0.016),
        token("-night", 0.81, 0.09),
        token("-night-deep", 0.88, 0.06),
        token("-night-on", 0.22, 0.03),
        token("-night-wash", 0.28, 0.028),
    )
}

/// A ring in the organisation's colour.
async fn icon(State(ctx): State<Ctx>) -> PageResult {
    let colour = ctx.instance().accent_hue.map_or("#0b5b4a".to_owned(), |hue| format!("oklch(0.42 0.09 {hue})"));
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 64 64\"><rect width=\"64\" height=\"64\" rx=\"14\" \
         fill=\"{colour}\"/><path d=\"M46 18a20 20 0 1 0 5 14\" fill=\"none\" stroke=\"#fff\" stroke-width=\"8\" \
         stroke-linecap=\"round\"/><circle cx=\"49\" cy=\"22\" r=\"5\" fill=\"#ffd873\"/></svg>"
    );
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=3600")];
    respond((headers, svg))
}

/// The icons of the installed app, made from the logo or the colour.
async fn app_icon(State(ctx): State<Ctx>, Path(name): Path<String>) -> PageResult {
    let (side, full) = match name.as_str() {
        "180.png" => (180, true),
        "192.png" => (192, false),
        "512.png" => (512, false),
        "maskable.png" => (512, true),
        _ => return Err(Error::NotFound.into()),
    };
    let instance = ctx.instance();
    let logo = match instance.logo {
        Some(id) => media::open(&ctx, &Viewer::Anonymous, id, false).await.ok().map(|file| file.bytes),
        None => None,
    };
    let rgb = colour::accent_rgb(instance.accent_hue);
    let draw = move || crate::media::app_icon(logo.as_deref(), rgb, side, full);
    let png = tokio::task::spawn_blocking(draw).await.map_err(Error::internal)??;
    respond(([(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "public, max-age=86400")], png))
}

async fn manifest(State(ctx): State<Ctx>, visit: Visit) -> PageResult {
    let instance = ctx.instance();
    let name = if instance.name.is_empty() { "Kring" } else { &instance.name };
    let manifest = serde_json::json!({
        "name": name, "short_name": name, "lang": visit.locale.tag(), "start_url": "/home", "scope": "/",
        "display": "standalone", "background_color": "#f9f4ea", "theme_color": "#0b5b4a",
        "icons": [
            {"src": "/icons/192.png", "sizes": "192x192", "type": "image/png", "purpose": "any"},
            {"src": "/icons/512.png", "sizes": "512x512", "type": "image/png", "purpose": "any"},
            {"src": "/icons/maskable.png", "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
        ],
    });
    let headers = [(header::CONTENT_TYPE, "application/manifest+json")];
    respond((headers, manifest.to_string()))
}

async fn robots() -> PageResult {
    let text = "User-agent: *\nDisallow: /settings\nDisallow: /admin\nDisallow: /search\nDisallow: /api\n";
    respond(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}
