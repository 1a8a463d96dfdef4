//! What every answer of the client API carries: who called, CORS, how much more they may ask.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::caller::{Caller, bearer_of};
use super::fail::Failure;
use super::kept;
use crate::base::Time;
use crate::services::Ctx;
use crate::services::throttle::address_key;

/// Requests in one window: a library's web clients share one address, and one person's apps one token.
const LIMIT: i64 = 7_500;
/// Length of a window.
const WINDOW: i64 = 5 * Time::MINUTE;
/// Windows after which those that ran out are dropped.
const SWEEP_AT: usize = 20_000;

/// How much was asked, by whom, in this process.
#[derive(Clone, Debug, Default)]
pub struct Asked(Arc<Mutex<HashMap<String, (i64, i64)>>>);

impl Asked {
    /// Counts one request; returns how many are left, and when the window ends.
    fn count(&self, key: String, now: Time) -> (i64, Time) {
        // The map is whole after any panic: each change of it is one assignment.
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let start = now.micros() - now.micros().rem_euclid(WINDOW);
        if windows.len() > SWEEP_AT {
            windows.retain(|_, (begun, _)| *begun == start);
        }
        let window = windows.entry(key).or_insert((start, 0));
        if window.0 != start {
            *window = (start, 0);
        }
        window.1 += 1;
        (LIMIT - window.1, Time::from_micros(start + WINDOW))
    }
}

/// Finds out who calls, counts the call, and finishes the answer.
pub async fn layer(State((ctx, asked)): State<(Ctx, Asked)>, mut request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        return finish(StatusCode::NO_CONTENT.into_response());
    }
    let caller = match bearer_of(request.headers()) {
        Some(token) => Caller::of_token(&ctx, token).await,
        None => Ok(Caller::anyone()),
    };
    let caller = match caller {
        Ok(caller) => caller,
        Err(error) => return finish(Failure::from(error).into_response()),
    };
    let address = address_of(&ctx, &request);
    let key = match &caller.token {
        Some(token) => format!("token:{}", token.id),
        None => format!("address:{}", address_key(address)),
    };
    let (left, reset) = asked.count(key, ctx.now());
    // Who shares the machine with the server is not held back: a proxy without `trusted_proxies` would be everyone.
    let held = left < 0 && !address.is_some_and(|a| a.is_loopback());
    let anyone = caller.token.is_none();
    request.extensions_mut().insert(caller);
    let mut response = if held {
        Failure::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests").into_response()
    } else {
        let (method, had) = (request.method().clone(), request.headers().get(header::IF_NONE_MATCH).cloned());
        let response = answered(&ctx, request, next, anyone).await;
        let mut response = kept::conditional(&method, had, response).await;
        // What everyone may read may be kept, if it is asked again each time; secrets of apps and tokens may not.
        if anyone && method == Method::GET {
            response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
        }
        response
    };
    limits(response.headers_mut(), left.max(0), reset);
    finish(response)
}

/// From what is kept, where that is the same for everyone, else from its handler.
async fn answered(ctx: &Ctx, request: Request, next: Next, anyone: bool) -> Response {
    let Some(key) = kept::key(&request, anyone) else { return next.run(request).await };
    // Without a stamp the handler says what is wrong with the database.
    let Ok(stamp) = ctx.db.stamp().await else { return next.run(request).await };
    match kept::find(ctx, &key, &stamp, request.headers()).await {
        Some(response) => response,
        None => kept::keep(ctx, key, stamp, next.run(request).await).await,
    }
}

/// `X-RateLimit-*`; the reset is a moment in ISO 8601 with microseconds, as Mastodon sends it.
fn limits(headers: &mut HeaderMap, left: i64, reset: Time) {
    headers.insert("x-ratelimit-limit", HeaderValue::from(LIMIT));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(left));
    let reset = reset.timestamp().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
    if let Ok(value) = HeaderValue::from_str(&reset) {
        headers.insert("x-ratelimit-reset", value);
    }
}

/// CORS without credentials, on failures too.
fn finish(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut set = |name: header::HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE, OPTIONS");
    set(header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, Idempotency-Key, *");
    set(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        "Link, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id, Mastodon-Async-Refresh",
    );
    set(header::ACCESS_CONTROL_MAX_AGE, "86400");
    set(header::CACHE_CONTROL, "private, no-store");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::VARY, "Authorization, Origin, Accept-Encoding");
    if headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json") {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    }
    response
}

/// The address at the other end.
pub fn address_of(ctx: &Ctx, request: &Request) -> Option<IpAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>()?.0.ip();
    let forwarded = request.headers().get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok());
    Some(ctx.config.server.client_address(peer, forwarded))
}
