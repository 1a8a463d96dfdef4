//! OAuth 2: consent, tokens, and the description of both (INTEROP C.6).

mod consent;
mod token;

use axum::Router;

use crate::services::Ctx;

/// Tokens and the description: for apps, with CORS.
pub fn routes() -> Router<Ctx> {
    token::routes()
}

/// The consent page: for people, with their session.
pub fn consent_routes() -> Router<Ctx> {
    consent::routes()
}
