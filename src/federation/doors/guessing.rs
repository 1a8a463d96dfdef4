//! Names are not to be found by guessing: who asks for too many that are not here is told no more of any.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, Method, StatusCode};

use super::super::state::Federation;
use super::answer;
use super::objects::negotiate;
use crate::base::*;
use crate::services;
use crate::services::throttle::{Quota, address_key};

/// How often one address may look somebody up: a server that meets a large group asks for many at once.
const LOOKING: Quota = Quota { burst: 300, every: Time::SECOND };

/// How often one address may ask for somebody who is not there: names are not to be guessed. And who signs: behind a server are
/// many who look.
const GUESSING: Quota = Quota { burst: 100, every: 10 * Time::SECOND };
const GUESSING_SIGNED: Quota = Quota { burst: 2000, every: Time::SECOND };

/// The layer in front of every address that holds a name: who asks for too many that are not here is told no more of any. A
/// server that signs is heard longer, for others depend on it; whoever is signed in always.
pub async fn guessing(State(federation): State<Federation>, request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) || !is_name(request.uri().path()) {
        return next.run(request).await;
    }
    let path = request.uri().path();
    let mut guesses = federation.guesses(request.headers(), peer_of(&request));
    // Only where a signature is looked at does it say anything: at documents and collections.
    let looked_at = path.starts_with("/people/") && (negotiate(request.headers()) || path.matches('/').count() > 2);
    guesses.signed &= looked_at;
    let headers = request.headers().clone();
    if let Err(limited) = guesses.open()
        && !federation.is_signed_in(&headers).await
    {
        return answer::error(&limited);
    }
    let response = next.run(request).await;
    if response.status() == StatusCode::NOT_FOUND && !federation.is_signed_in(&headers).await {
        guesses.missed();
    }
    response
}

fn is_name(path: &str) -> bool {
    path.starts_with("/@") || path.starts_with("/people/") || path == "/api/v1/accounts/lookup"
}

fn peer_of(request: &Request) -> Option<SocketAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0)
}

/// Who asks for names from one address: they may look up many, and guess wrong only so often.
pub(super) struct Guesses {
    federation: Federation,
    address: String,
    /// By a signature that is looked at.
    signed: bool,
}

impl Federation {
    async fn is_signed_in(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        if matches!(services::visitor::session(&self.ctx, cookies).await, Ok(Some(_))) {
            return true;
        }
        let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        match token.and_then(|value| value.strip_prefix("Bearer ")) {
            Some(token) => services::oauth::bearer(&self.ctx, token.trim()).await.is_ok(),
            None => false,
        }
    }

    pub(super) fn guesses(&self, headers: &HeaderMap, peer: Option<SocketAddr>) -> Guesses {
        let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok());
        let address = peer.map(|peer| self.ctx.config.server.client_address(peer.ip(), forwarded));
        Guesses { federation: self.clone(), address: address_key(address), signed: headers.contains_key("signature") }
    }
}

impl Guesses {
    /// Before a name is looked up for another server.
    ///
    /// # Errors
    /// `RateLimited` for too many names, or too many that were not there.
    pub fn look(&self) -> Result<()> {
        let ctx = &self.federation.ctx;
        ctx.throttle.take(&[(format!("finger {}", self.address), LOOKING)], ctx.now())?;
        self.open()
    }

    /// Before it is told whether a name is there.
    ///
    /// # Errors
    /// `RateLimited` after too many that were not.
    pub fn open(&self) -> Result<()> {
        let ctx = &self.federation.ctx;
        let (key, quota) = self.quota();
        ctx.throttle.check(&key, quota, ctx.now())
    }

    /// Counts a name that was not there; what to answer.
    pub fn missed(&self) -> Error {
        let ctx = &self.federation.ctx;
        let taken = ctx.throttle.take(&[self.quota()], ctx.now());
        taken.err().unwrap_or(Error::NotFound)
    }

    fn quota(&self) -> (String, Quota) {
        match self.signed {
            true => (format!("guess signed {}", self.address), GUESSING_SIGNED),
            false => (format!("guess {}", self.address), GUESSING),
        }
    }
}
