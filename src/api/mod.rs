//! Room: the Mastodon client API (level 4.5) and what Kring adds to it: thin translations of the use cases into JSON.
//! May import: everything below the doors.

mod caller;
mod description;
mod fail;
mod kept;
mod layer;
mod listing;
mod mastodon;
mod oauth;
mod params;
mod pictures;

pub use mastodon::draw_ahead;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use tower::ServiceExt as _;

use crate::services::Ctx;

/// Everything under `/api` and `/oauth`, and the description of both.
pub fn router(ctx: Ctx) -> Router {
    let asked = layer::Asked::default();
    let limit = usize::try_from(ctx.config.limits.max_upload_mb).unwrap_or(40) * 1_000_000 + 1_000_000;
    let known = Router::new()
        .merge(mastodon::routes())
        .merge(oauth::routes())
        .merge(pictures::routes())
        .merge(description::routes())
        .method_not_allowed_fallback(no_such_thing)
        .with_state(ctx.clone());
    let inner = known.clone().fallback(no_such_thing);
    let api = known
        .route("/api/{*rest}", any(move |request: Request| trimmed(inner.clone(), request)))
        .layer(DefaultBodyLimit::max(limit))
        .layer(axum::middleware::from_fn_with_state((ctx.clone(), asked), layer::layer));
    // What uptime checks and Mastodon.py ask.
    let health = Router::new().route("/health", get(|| async { "OK" }));
    api.merge(health).merge(oauth::consent_routes().with_state(ctx))
}

/// Some clients end addresses with a slash: `/api/v2/instance/` is `/api/v2/instance`.
async fn trimmed(inner: Router, mut request: Request) -> Response {
    let path = request.uri().path().trim_end_matches('/').to_owned();
    if path == request.uri().path() {
        return no_such_thing().await.into_response();
    }
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    match format!("{path}{query}").parse() {
        Ok(uri) => *request.uri_mut() = uri,
        Err(_) => return no_such_thing().await.into_response(),
    }
    match inner.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// What is not there is told in JSON: an HTML page breaks clients.
async fn no_such_thing() -> fail::Failure {
    fail::Failure::new(StatusCode::NOT_FOUND, "Not Found")
}
