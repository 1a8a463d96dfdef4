//! How this door answers: ActivityPub JSON, and one body for each refusal.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, VARY};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::base::Error;

/// The type of our documents: one of the three literals that Lemmy reads (INTEROP A.7).
pub const ACTIVITY_JSON: &str = "application/activity+json";

/// Who may keep a copy of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Anyone: it is the same for all.
    Public,
    /// Nobody: it depends on who asks.
    Private,
}

/// A document.
pub fn document(document: &Value, keep: Keep) -> Response {
    with_status(StatusCode::OK, document, keep)
}

/// A tombstone.
pub fn gone(tombstone: &Value, keep: Keep) -> Response {
    with_status(StatusCode::GONE, tombstone, keep)
}

fn with_status(status: StatusCode, document: &Value, keep: Keep) -> Response {
    let mut response = Response::new(Body::from(document.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(ACTIVITY_JSON));
    headers.insert(VARY, HeaderValue::from_static("Accept, Signature"));
    let cache = match keep {
        Keep::Public => "public, max-age=60",
        Keep::Private => "private, no-store",
    };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

/// JSON of discovery, which pages of other sites may read too where everyone may.
pub fn json_as(document: &Value, content_type: &'static str, keep: Keep) -> Response {
    let mut response = Response::new(Body::from(document.to_string()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    match keep {
        Keep::Public => {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=180"));
        }
        Keep::Private => {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
            headers.insert(VARY, HeaderValue::from_static("Signature"));
        }
    }
    response
}

/// A refusal. What may not be known and what is not there look alike.
pub fn refusal(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let text = match status.as_u16() {
        400 => "the request cannot be read",
        401 => "the signature is missing or not valid",
        403 => "not accepted here",
        404 => "not found",
        410 => "gone",
        413 => "too large",
        415 => "unsupported type",
        429 => "too many requests",
        503 => "try again later",
        _ => "internal error",
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(VARY, HeaderValue::from_static("Accept, Signature"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if status == StatusCode::UNAUTHORIZED {
        // RFC 9421 §5.1: which form is read here too.
        let wanted = "sig1=(\"@method\" \"@target-uri\" \"content-digest\");created;keyid";
        headers.insert("accept-signature", HeaderValue::from_static(wanted));
    }
    (status, headers, json!({"error": text}).to_string()).into_response()
}

/// What an error answers; the cause of a fault of ours goes to the log alone.
pub fn error(error: &Error) -> Response {
    match error {
        Error::Internal(_) => tracing::error!(%error, "answering a peer"),
        Error::Unavailable(_) => tracing::warn!(%error, "answering a peer"),
        _ => tracing::debug!(%error, "refused a peer"),
    }
    // Closed things answer 404 however they are closed (DESIGN section 6).
    let status = match error {
        Error::Forbidden { .. } | Error::SignInNeeded | Error::Gone => 404,
        other => other.status(),
    };
    let mut response = refusal(status);
    if let Error::RateLimited { retry_after } = error {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*retry_after));
    }
    response
}
