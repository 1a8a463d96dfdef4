//! Who calls: the bearer of a token, and what the token allows.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use super::fail::Failure;
use crate::base::{Error, Result};
use crate::domain::Viewer;
use crate::services::{Ctx, oauth};
use crate::store::oauth::Token;

/// Who calls. Without a token: anyone.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who looks.
    pub viewer: Viewer,
    /// Their token.
    pub token: Option<Arc<Token>>,
}

impl Caller {
    /// Nobody we know.
    pub fn anyone() -> Self {
        Self { viewer: Viewer::Anonymous, token: None }
    }

    /// Whose token this is.
    ///
    /// # Errors
    /// `NotAuthentic` when it is not valid.
    pub async fn of_token(ctx: &Ctx, token: &str) -> Result<Self> {
        let (viewer, token) = oauth::bearer(ctx, token).await?;
        Ok(Self { viewer, token: Some(Arc::new(token)) })
    }

    /// The member, if their token allows this scope.
    ///
    /// # Errors
    /// 401 without a token, 422 for a token of an app alone, 403 for a token that does not allow it.
    pub fn may(&self, scope: &str) -> Result<Viewer, Failure> {
        let token = self.token.as_ref().ok_or_else(Failure::no_user)?;
        self.allows(scope)?;
        if token.member_id.is_none() {
            return Err(Failure::unprocessable("This method requires an authenticated user"));
        }
        Ok(self.viewer)
    }

    /// Anyone; but a token that is shown must allow this scope.
    pub fn sees(&self, scope: &str) -> Result<Viewer, Failure> {
        self.allows(scope)?;
        Ok(self.viewer)
    }

    fn allows(&self, scope: &str) -> Result<(), Failure> {
        match &self.token {
            Some(token) if !oauth::allows(&token.scopes, scope) => {
                Err(Failure::new(StatusCode::FORBIDDEN, "This action is outside the authorized scopes"))
            }
            _ => Ok(()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let caller = parts.extensions.get::<Caller>();
        caller.cloned().ok_or_else(|| Failure::from(Error::internal("no caller: the layer is missing")))
    }
}

/// The token in the `Authorization` header; the word before it is compared without case.
pub fn bearer_of(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
