//! Failures as clients read them: always JSON, with the status Mastodon would send.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::base::Error;
use crate::i18n::{Locale, t};

/// An answer, or why not.
pub type Reply = Result<Response, Failure>;

/// What went wrong, for a client.
#[derive(Debug)]
pub struct Failure {
    status: StatusCode,
    body: Value,
    retry_after: Option<u64>,
}

impl Failure {
    /// A failure with a status and words of our own.
    pub fn new(status: StatusCode, error: &str) -> Self {
        Self { status, body: json!({ "error": error }), retry_after: None }
    }

    /// Nobody is signed in where somebody must be.
    pub fn no_user() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "This method requires an authenticated user")
    }

    /// What Mastodon answers with 422.
    pub fn unprocessable(error: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error)
    }

    /// Nothing is there.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Record not found")
    }

    /// An OAuth error (RFC 6749 §5.2).
    pub fn oauth(status: StatusCode, code: &str, description: &str) -> Self {
        Self { status, body: json!({ "error": code, "error_description": description }), retry_after: None }
    }
}

/// The words of a key in English, which is what clients expect of an API.
fn words(key: &str) -> String {
    t(Locale::parse("en").unwrap_or_else(|| Locale::negotiate("en")), key)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if error.status() >= 500 {
            tracing::error!(%error, "client API failed");
        }
        match error {
            Error::NotFound => Self::not_found(),
            // Mastodon tells 404 of what was deleted; 410 is for accounts.
            Error::Gone => Self::new(StatusCode::GONE, "Gone"),
            Error::SignInNeeded => Self::no_user(),
            Error::NotAuthentic(_) => Self::new(status, "The access token is invalid"),
            Error::Forbidden { reason } => Self::new(status, &words(reason)),
            Error::Conflict { reason } => Self::unprocessable(&words(reason)),
            Error::Invalid { fields } => {
                let mut details = Map::new();
                let mut all = Vec::new();
                for field in fields {
                    let text = words(field.code);
                    details.insert(field.field.to_owned(), json!([{ "error": "ERR_INVALID", "description": text }]));
                    all.push(text);
                }
                let body = json!({ "error": format!("Validation failed: {}", all.join(", ")), "details": details });
                Self { status, body, retry_after: None }
            }
            Error::TooLarge { limit } => Self::new(status, &format!("Larger than {limit} bytes")),
            Error::RateLimited { retry_after } => {
                Self { retry_after: Some(retry_after), ..Self::new(status, "Too many requests") }
            }
            Error::RemoteFailed { .. } => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "Remote data could not be fetched")
            }
            Error::Unavailable(_) => {
                Self::new(status, "There was a temporary problem serving your request, please try again")
            }
            Error::Internal(_) => Self::new(status, "Something went wrong on our end"),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(self.body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
