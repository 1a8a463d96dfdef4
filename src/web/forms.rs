//! Forms: read with their CSRF field checked, shown again with what was typed and what is wrong.

use std::collections::HashMap;

use axum::extract::{FromRequest, FromRequestParts, Multipart, Request};
use axum::http::request::Parts;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::visit::{Failure, Visit};
use crate::base::{Error, FieldError, Result};
use crate::services::Ctx;
use crate::services::secrets;

/// A form that is only a button.
#[derive(Debug, Deserialize)]
pub(crate) struct Nothing {}

/// What someone answers to a question: the value of the button that was pressed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AnswerForm {
    pub answer: String,
}

/// A form sent by one of our own pages: repeated names make lists.
#[derive(Clone, Debug)]
pub struct CheckedForm<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Ctx> for CheckedForm<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &Ctx) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, state).await?;
        let limit = 4 * state.config.limits.max_post_chars + 65_536;
        let bytes = axum::body::to_bytes(body, limit).await;
        let bytes = bytes.map_err(|_| Error::TooLarge { limit: u64::try_from(limit).unwrap_or(u64::MAX) })?;
        #[derive(Deserialize)]
        struct Secret {
            #[serde(default)]
            csrf: String,
        }
        let secret: Secret = serde_html_form::from_bytes(&bytes).map_err(|_| Error::invalid("form", "error-form"))?;
        check(&visit, &secret.csrf)?;
        let form = serde_html_form::from_bytes(&bytes).map_err(|error| {
            tracing::debug!(%error, "a form could not be read");
            Error::invalid("form", "error-form")
        })?;
        Ok(Self(form))
    }
}

/// That the form carries the secret of this session. Visitors without one are told apart by `Origin` alone (in the layer).
fn check(visit: &Visit, csrf: &str) -> Result<()> {
    match &visit.session {
        Some(session) if !secrets::same(csrf, &session.csrf) => Err(Error::forbidden("error-form-old")),
        _ => Ok(()),
    }
}

/// A form with files: its text fields by name, in order, and its files.
#[derive(Debug, Default)]
pub struct CheckedParts {
    fields: Vec<(String, String)>,
    /// Files that hold something, in order.
    pub files: Vec<Part>,
}

/// One file of a form.
#[derive(Clone, Debug)]
pub struct Part {
    /// Name of the form field.
    pub field: String,
    /// Name on the sender's device.
    pub file_name: String,
    /// Type as the browser says.
    pub mime: String,
    /// What is in it.
    pub bytes: Bytes,
}

impl CheckedParts {
    /// The first value of a field; empty if there is none.
    pub fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    /// Every value of a field, in order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Whether a box is ticked or a button was the one pressed.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }
}

impl FromRequest<Ctx> for CheckedParts {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &Ctx) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, state).await?;
        let limit = u64::from(state.config.limits.max_upload_mb) * 1_000_000;
        let bad = |error: axum::extract::multipart::MultipartError| {
            if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
                Error::TooLarge { limit }
            } else {
                Error::invalid("form", "error-form")
            }
        };
        let request = Request::from_parts(parts, body);
        let mut multipart =
            Multipart::from_request(request, state).await.map_err(|_| Error::invalid("form", "error-form"))?;
        let mut form = Self::default();
        while let Some(field) = multipart.next_field().await.map_err(bad)? {
            let name = field.name().unwrap_or_default().to_owned();
            match field.file_name().map(str::to_owned) {
                Some(file_name) => {
                    let mime = field.content_type().unwrap_or_default().to_owned();
                    let bytes = field.bytes().await.map_err(bad)?;
                    if !bytes.is_empty() {
                        form.files.push(Part { field: name, file_name, mime, bytes });
                    }
                }
                None => form.fields.push((name, field.text().await.map_err(bad)?)),
            }
        }
        check(&visit, form.text("csrf"))?;
        Ok(form)
    }
}

/// The query of an address; what cannot be read is as if it were not there.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Default, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Ok(Self(serde_html_form::from_str(parts.uri.query().unwrap_or_default()).unwrap_or_default()))
    }
}

/// What is wrong with a form, for its page: by field.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    errors: HashMap<&'static str, &'static str>,
    order: Vec<FieldError>,
}

impl Fields {
    /// Takes an error apart: field errors are for the form, every other error is for the error page.
    pub fn of(error: Error) -> Result<Self, Failure> {
        match error {
            Error::Invalid { fields } => {
                Ok(Self { errors: fields.iter().map(|f| (f.field, f.code)).collect(), order: fields })
            }
            Error::Forbidden { reason } | Error::Conflict { reason } => {
                Ok(Self { errors: HashMap::new(), order: vec![FieldError { field: "", code: reason }] })
            }
            other => Err(Failure(other)),
        }
    }

    /// The i18n key of what is wrong with a field.
    pub fn get(&self, field: &str) -> Option<&'static str> {
        self.errors.get(field).copied()
    }

    /// Everything that is wrong, in order, for the summary on top.
    pub fn all(&self) -> &[FieldError] {
        &self.order
    }

    /// Nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

/// Shows a form again with what is wrong: 422.
pub(crate) fn again(template: &impl askama::Template) -> super::PageResult {
    let mut response = super::page(template)?;
    *response.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

/// Where a form leads afterwards: a path of ours as the page said, or `usual`. Never another site.
pub(crate) fn onward<'a>(to: &'a str, usual: &'a str) -> &'a str {
    let path = to.starts_with('/') && !to[1..].starts_with(['/', '\\']) && !to.contains(|c: char| c.is_control());
    if path { to } else { usual }
}
