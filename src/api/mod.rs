//! Room: the Mastodon client API (level 4.5) and what Kring adds to it: thin translations of the use cases into JSON.
//! May import: everything below the doors.

mod caller;
mod fail;
mod layer;
mod listing;
mod mastodon;
mod oauth;
mod params;
mod pictures;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::any;

use crate::services::Ctx;

/// Everything under `/api` and `/oauth`, and the description of both.
pub fn router(ctx: Ctx) -> Router {
    let asked = layer::Asked::default();
    let limit = usize::try_from(ctx.config.limits.max_upload_mb).unwrap_or(40) * 1_000_000 + 1_000_000;
    let api = Router::new()
        .merge(mastodon::routes())
        .merge(oauth::routes())
        .merge(pictures::routes())
        .route("/api/{*rest}", any(no_such_thing))
        .method_not_allowed_fallback(no_such_thing)
        .layer(DefaultBodyLimit::max(limit))
        .layer(axum::middleware::from_fn_with_state((ctx.clone(), asked), layer::layer));
    api.merge(oauth::consent_routes()).with_state(ctx)
}

/// What is not there is told in JSON: an HTML page breaks clients.
async fn no_such_thing() -> fail::Failure {
    fail::Failure::new(StatusCode::NOT_FOUND, "Not Found")
}
