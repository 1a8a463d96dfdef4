//! One visit: who looks, how they like their pages, and how failures are shown to them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::chrome::{Chrome, Place};
use crate::base::{ActorId, Error, Result};
use crate::domain::Viewer;
use crate::i18n::Locale;
use crate::services::Ctx;
use crate::services::sessions::{self, Begun, Device, Session};

/// A page, or why not.
pub type PageResult = Result<Response, Failure>;

/// An error on its way to being shown as a page in the visitor's language.
#[derive(Debug)]
pub struct Failure(pub Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// Carries the error from a handler to [`layer`], which knows the visitor.
#[derive(Clone)]
struct Failed(Arc<Error>);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response =
            StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
        response.extensions_mut().insert(Failed(Arc::new(self.0)));
        response
    }
}

/// Who looks, from where, and how they like their pages. One query, made once for each request.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Who looks.
    pub viewer: Viewer,
    /// Their session.
    pub session: Option<Arc<Session>>,
    /// Language of the page.
    pub locale: Locale,
    /// The device at the other end.
    pub device: Device,
    /// Path and query of the page: what was asked for, or where the form that is sent stands.
    pub path: String,
    /// A form is sent.
    changes: bool,
}

impl Visit {
    /// The member who looks, or `SignInNeeded`.
    pub fn member(&self) -> Result<ActorId> {
        self.viewer.member_id()
    }

    /// What forms carry; empty for visitors without a session.
    pub fn csrf(&self) -> &str {
        self.session.as_ref().map_or("", |session| &session.csrf)
    }

    /// The frame of a page.
    pub fn chrome(&self, ctx: &Ctx, place: Place, title: impl Into<String>) -> Chrome {
        Chrome::new(ctx, self, place, title.into())
    }

    /// A text in the visitor's language.
    pub fn t(&self, key: &str) -> String {
        crate::i18n::t(self.locale, key)
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let visit = parts.extensions.get::<Arc<Visit>>();
        visit.map(|visit| (**visit).clone()).ok_or_else(|| Failure(Error::internal("no visit: the layer is missing")))
    }
}

/// The name of the session cookie tells the instance: cookies ignore ports.
pub fn cookie_name(ctx: &Ctx) -> String {
    let host: String = ctx.urls.host().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("kring_{host}")
}

/// The `Set-Cookie` of a session that begins.
pub fn session_cookie(ctx: &Ctx, begun: &Begun) -> Result<HeaderValue> {
    let secure = if ctx.urls.origin().starts_with("https:") { "; Secure" } else { "" };
    let age = begun.max_age.map(|age| format!("; Max-Age={age}")).unwrap_or_default();
    let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Lax{secure}{age}", cookie_name(ctx), begun.token);
    HeaderValue::from_str(&cookie).map_err(Error::internal)
}

/// A redirect that begins a session.
pub fn begin(ctx: &Ctx, begun: &Begun, to: &str) -> PageResult {
    let mut response = Redirect::to(to).into_response();
    response.headers_mut().append(header::SET_COOKIE, session_cookie(ctx, begun)?);
    Ok(response)
}

/// A redirect that ends the session in this browser.
pub fn end(ctx: &Ctx, to: &str) -> PageResult {
    let mut response = Redirect::to(to).into_response();
    let cookie = format!("{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0", cookie_name(ctx));
    response.headers_mut().append(header::SET_COOKIE, HeaderValue::from_str(&cookie).map_err(Error::internal)?);
    Ok(response)
}

fn token_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// The address at the other end.
pub fn client_address(ctx: &Ctx, headers: &HeaderMap, peer: Option<SocketAddr>) -> Option<IpAddr> {
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok());
    peer.map(|peer| ctx.config.server.client_address(peer.ip(), forwarded))
}

/// Whether a request that changes something comes from our own pages (`Sec-Fetch-Site`, else `Origin`).
fn from_our_pages(ctx: &Ctx, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok()) {
        return matches!(site, "same-origin" | "none");
    }
    match headers.get(header::ORIGIN).and_then(|v| v.to_str().ok()) {
        Some(origin) => {
            let host = headers.get(header::HOST).and_then(|v| v.to_str().ok()).unwrap_or_default();
            origin == ctx.urls.origin() || origin.split_once("://").is_some_and(|(_, at)| at == host)
        }
        None => true,
    }
}

/// Loads the session once, and shows failures as pages in the visitor's language.
pub async fn layer(State(ctx): State<Ctx>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let visit = match visit_of(&ctx, &parts).await {
        Ok(visit) => Arc::new(visit),
        Err(error) => return plain(&error),
    };
    let mut response = if visit.changes && !from_our_pages(&ctx, &parts.headers) {
        Failure(Error::forbidden("error-other-site")).into_response()
    } else {
        let mut request = Request::from_parts(parts, body);
        request.extensions_mut().insert(visit.clone());
        next.run(request).await
    };
    if let Some(failed) = response.extensions_mut().remove::<Failed>() {
        response = show(&ctx, &visit, &failed.0);
    }
    secure(&mut response);
    response
}

async fn visit_of(ctx: &Ctx, parts: &Parts) -> Result<Visit> {
    let headers = &parts.headers;
    let session = match token_of(headers, &cookie_name(ctx)) {
        Some(token) => sessions::load(ctx, &token).await?,
        None => None,
    };
    let chosen = session.as_ref().and_then(|s| s.locale.as_deref()).and_then(Locale::parse);
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).and_then(Locale::accepted);
    let changes = !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let usual = || Locale::parse(&ctx.instance().locale).unwrap_or_else(|| Locale::negotiate(""));
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    let agent = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    Ok(Visit {
        viewer: session.as_ref().map_or(Viewer::Anonymous, |s| s.viewer),
        locale: chosen.or(accepted).unwrap_or_else(usual),
        device: Device { agent, address: client_address(ctx, headers, peer), shared: false },
        path: page_of(parts, changes),
        changes,
        session: session.map(Arc::new),
    })
}

/// The page that is asked for; for a form, the page it stands on, as far as the browser says (`Referer`, to ourselves only).
fn page_of(parts: &Parts, changes: bool) -> String {
    let host = parts.headers.get(header::HOST).and_then(|v| v.to_str().ok());
    let from = parts.headers.get(header::REFERER).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<Uri>().ok());
    let from = from.filter(|uri| changes && host.is_some() && uri.authority().map(|a| a.as_str()) == host);
    let page = from.as_ref().unwrap_or(&parts.uri).path_and_query();
    page.map_or_else(String::new, |page| page.as_str().to_owned())
}

/// An address that leads nowhere.
pub async fn no_such_page() -> Failure {
    Failure(Error::NotFound)
}

#[derive(askama::Template)]
#[template(path = "error.html")]
struct ErrorPage {
    c: Chrome,
    heading: String,
    what: String,
    sign_in: bool,
}

fn show(ctx: &Ctx, visit: &Visit, error: &Error) -> Response {
    // Who is not signed in may find a closed page after signing in: they are sent there, and come back.
    if matches!(error, Error::SignInNeeded) {
        let back = percent_encoding::utf8_percent_encode(&visit.path, percent_encoding::NON_ALPHANUMERIC);
        let over = if visit.changes { "&done=session-over" } else { "" };
        return Redirect::to(&format!("/sign-in?to={back}{over}")).into_response();
    }
    let (name, reason) = match error {
        Error::NotFound => ("not-found", None),
        Error::Gone => ("gone", None),
        Error::Forbidden { reason } | Error::Conflict { reason } => ("forbidden", Some(*reason)),
        Error::Invalid { fields } => ("invalid", fields.first().map(|f| f.code)),
        Error::TooLarge { .. } => ("too-large", None),
        Error::RateLimited { .. } => ("rate-limited", None),
        Error::RemoteFailed { .. } => ("remote", None),
        Error::Unavailable(_) => ("unavailable", None),
        Error::NotAuthentic(_) | Error::SignInNeeded => ("forbidden", None),
        Error::Internal(_) => ("internal", None),
    };
    if error.status() >= 500 {
        tracing::error!(%error, path = visit.path, "page failed");
    }
    let heading = visit.t(&format!("error-page-{name}"));
    let what = visit.t(reason.unwrap_or(&format!("error-page-{name}-what")));
    let sign_in = visit.viewer == Viewer::Anonymous && error.status() == 404;
    let page = ErrorPage { c: visit.chrome(ctx, Place::None, heading.clone()), heading, what, sign_in };
    let mut response = match super::page(&page) {
        Ok(response) => response,
        Err(failure) => return plain(&failure.0),
    };
    *response.status_mut() = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// The last resort, when not even the visitor is known.
fn plain(error: &Error) -> Response {
    tracing::error!(%error, "request failed");
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, "Kring cannot answer now. Please try again in a minute.").into_response()
}

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; img-src 'self' blob: data:; \
    media-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'";

fn secure(response: &mut Response) {
    let headers = response.headers_mut();
    let mut set = |name: header::HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "same-origin");
    set(header::CACHE_CONTROL, "private, no-cache");
    // Files and documents are also read by who signs for them.
    set(header::VARY, "Accept, Cookie, Accept-Language, Signature");
}
