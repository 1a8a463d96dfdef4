//! Codes into tokens, the end of tokens, and whose a token is.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::routing::{any, get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::listing::json as answer;
use crate::api::params::Params;
use crate::services::oauth::{self, Issued};
use crate::services::{Ctx, api};
use crate::store::oauth::App;

/// `/oauth/token`, `/oauth/revoke`, `/oauth/userinfo` and the metadata.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/oauth/token", post(token))
        .route("/oauth/token/", post(token))
        .route("/oauth/revoke", post(revoke))
        .route("/oauth/revoke/", post(revoke))
        .route("/oauth/userinfo", get(userinfo).post(userinfo))
        .route("/.well-known/oauth-authorization-server", get(metadata))
        .route("/oauth/{*rest}", any(nothing))
}

async fn nothing() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "Not Found")
}

fn refused(code: &str, description: &str) -> Failure {
    Failure::oauth(StatusCode::BAD_REQUEST, code, description)
}

/// Which app asks, by form or by HTTP Basic; its secret is checked.
async fn client(ctx: &Ctx, params: &Params) -> Result<App, Failure> {
    let (id, secret) = match basic(params) {
        Some(pair) => pair,
        None => (params.text("client_id").unwrap_or_default(), params.text("client_secret").unwrap_or_default()),
    };
    let found = oauth::app_with_secret(ctx, &id, &secret).await?;
    found.ok_or_else(|| {
        Failure::oauth(StatusCode::UNAUTHORIZED, "invalid_client", "The client is unknown, or its secret is not right")
    })
}

fn basic(params: &Params) -> Option<(String, String)> {
    let value = params.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, coded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let plain = String::from_utf8(STANDARD.decode(coded.trim()).ok()?).ok()?;
    let (id, secret) = plain.split_once(':')?;
    let decode = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
    Some((decode(id), decode(secret)))
}

fn told(issued: &Issued) -> Reply {
    let mut response = answer(json!({
        "access_token": issued.token, "token_type": "Bearer", "scope": issued.scopes,
        "created_at": issued.created_at.seconds(),
    }))?;
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn token(State(ctx): State<Ctx>, params: Params) -> Reply {
    match params.text("grant_type").as_deref() {
        Some("authorization_code") => {
            let app = client(&ctx, &params).await?;
            let code = params.text("code").unwrap_or_default();
            let uri = params.text("redirect_uri").unwrap_or_default();
            let verifier = params.filled("code_verifier");
            let issued = oauth::exchange(&ctx, &app, &code, &uri, verifier.as_deref()).await?;
            told(&issued.ok_or_else(|| {
                refused("invalid_grant", "The code is unknown, used, expired, or was sent to another address")
            })?)
        }
        Some("client_credentials") => {
            let app = client(&ctx, &params).await?;
            let scopes = oauth::bounded(&params.texts("scope").join(" "), &app.scopes);
            let scopes =
                scopes.ok_or_else(|| refused("invalid_scope", "The scope is unknown or was not registered"))?;
            told(&oauth::client_token(&ctx, &app, &scopes).await?)
        }
        // Tokens here do not run out and come without a refresh token, so no such grant can be right.
        Some("refresh_token") => {
            client(&ctx, &params).await?;
            Err(refused("invalid_grant", "Tokens do not expire here; there is nothing to refresh"))
        }
        Some(_) => Err(refused("unsupported_grant_type", "Use authorization_code or client_credentials")),
        None => Err(refused("invalid_request", "grant_type is missing")),
    }
}

async fn revoke(State(ctx): State<Ctx>, params: Params) -> Reply {
    let found = client(&ctx, &params).await;
    let app = found.map_err(|_| {
        Failure::oauth(StatusCode::FORBIDDEN, "unauthorized_client", "You are not authorized to revoke this token")
    })?;
    if let Some(token) = params.filled("token") {
        oauth::revoke(&ctx, &app, &token).await?;
    }
    answer(json!({}))
}

async fn userinfo(State(ctx): State<Ctx>, caller: Caller) -> Reply {
    let viewer = caller.may("profile")?;
    let row = api::account(&ctx, &viewer, viewer.member_id()?).await?;
    let shown = crate::api::mastodon::entities::account(&ctx, &row);
    answer(json!({
        "iss": format!("{}/", ctx.urls.origin()), "sub": row.actor.uri, "name": row.actor.display_name,
        "preferred_username": row.actor.name, "profile": row.actor.url, "picture": shown["avatar"],
    }))
}

async fn metadata(State(ctx): State<Ctx>) -> Reply {
    let at = |path: &str| ctx.urls.absolute(path);
    answer(json!({
        "issuer": at("/"),
        "authorization_endpoint": at("/oauth/authorize"),
        "token_endpoint": at("/oauth/token"),
        "revocation_endpoint": at("/oauth/revoke"),
        "userinfo_endpoint": at("/oauth/userinfo"),
        "app_registration_endpoint": at("/api/v1/apps"),
        "scopes_supported": oauth::SCOPES,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "service_documentation": at("/about"),
    }))
}
