//! The page on which someone lets an app act for them.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::api::fail::{Failure, Reply};
use crate::api::params::Params;
use crate::base::Error;
use crate::i18n::{Arg, Locale, t, t_args};
use crate::services::oauth::{self, OUT_OF_BAND};
use crate::services::secrets::same;
use crate::services::sessions::Session;
use crate::services::{Ctx, visitor};
use crate::store::oauth::App;

/// `/oauth/authorize`, with and without a slash at the end. No `Cross-Origin-Opener-Policy`: web clients open this in
/// a window that reports to its opener.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/oauth/authorize", get(show).post(decide))
        .route("/oauth/authorize/", get(show).post(decide))
        .route("/oauth/authorize/native", get(native))
}

#[derive(Template)]
#[template(path = "consent.html")]
struct Page {
    lang: &'static str,
    instance: String,
    heading: String,
    intro: String,
    problem: Option<String>,
    code: Option<String>,
    rights: Vec<String>,
    csrf: String,
    fields: Vec<(&'static str, String)>,
    words: Words,
}

struct Words {
    code_what: String,
    as_who: String,
    allow: String,
    deny: String,
    later: String,
}

/// What an app asks, checked against what it registered.
struct Asked {
    app: App,
    redirect_uri: String,
    scopes: String,
    state: Option<String>,
    challenge: Option<String>,
}

/// Why an app is not answered: on a page where it cannot be trusted with an answer, else at its own address.
enum Refused {
    Here(&'static str),
    There { uri: String, state: Option<String>, code: &'static str },
}

async fn asked(ctx: &Ctx, params: &Params) -> Result<Result<Asked, Refused>, Failure> {
    let Some(app) = oauth::app(ctx, &params.text("client_id").unwrap_or_default()).await? else {
        return Ok(Err(Refused::Here("oauth-unknown-app")));
    };
    let uri = match params.filled("redirect_uri") {
        Some(uri) => uri,
        None => app.redirect_uris.lines().next().unwrap_or_default().to_owned(),
    };
    if !oauth::may_redirect(&app, &uri) {
        return Ok(Err(Refused::Here("oauth-wrong-address")));
    }
    let state = params.filled("state");
    let there = |code| Refused::There { uri: uri.clone(), state: state.clone(), code };
    if params.text("response_type").as_deref() != Some("code") {
        return Ok(Err(there("unsupported_response_type")));
    }
    let challenge = params.filled("code_challenge");
    let method = params.filled("code_challenge_method");
    if challenge.is_some() && method.as_deref() != Some("S256") {
        return Ok(Err(there("invalid_request")));
    }
    let Some(scopes) = oauth::bounded(&params.texts("scope").join(" "), &app.scopes) else {
        return Ok(Err(there("invalid_scope")));
    };
    Ok(Ok(Asked { app, redirect_uri: uri, scopes, state, challenge }))
}

async fn session(ctx: &Ctx, params: &Params) -> Result<Option<Session>, Failure> {
    let cookies = params.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    Ok(visitor::session(ctx, cookies).await?.filter(|session| session.viewer.actor_id().is_some()))
}

fn locale(ctx: &Ctx, params: &Params, session: Option<&Session>) -> Locale {
    let chosen = session.and_then(|s| s.locale.as_deref()).and_then(Locale::parse);
    let asked = params.text("lang").as_deref().and_then(Locale::parse);
    let accepted = params.headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).and_then(Locale::accepted);
    chosen
        .or(asked)
        .or(accepted)
        .or_else(|| Locale::parse(&ctx.instance().locale))
        .unwrap_or_else(|| Locale::negotiate(""))
}

fn empty(ctx: &Ctx, locale: Locale) -> Page {
    let instance = ctx.instance().name.clone();
    Page {
        lang: locale.tag(),
        instance: if instance.is_empty() { "Kring".to_owned() } else { instance },
        heading: t(locale, "oauth-title"),
        intro: String::new(),
        problem: None,
        code: None,
        rights: Vec::new(),
        csrf: String::new(),
        fields: Vec::new(),
        words: Words {
            code_what: t(locale, "oauth-code-what"),
            as_who: String::new(),
            allow: t(locale, "oauth-allow"),
            deny: t(locale, "oauth-deny"),
            later: t(locale, "oauth-later"),
        },
    }
}

fn render(page: &Page, status: StatusCode) -> Reply {
    let html = page.render().map_err(|error| Failure::from(Error::internal(error)))?;
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    // No `form-action`: browsers hold it against the redirect to the app's own address, too.
    let policy = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// To the app's own address, whatever its scheme; nothing of it is changed but what is added to its query.
fn send(uri: &str, pairs: &[(&str, &str)]) -> Reply {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        query.append_pair(name, value);
    }
    let (base, fragment) = uri.split_once('#').map_or((uri, None), |(base, fragment)| (base, Some(fragment)));
    let joint = if base.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|f| format!("#{f}")).unwrap_or_default();
    let to = format!("{base}{joint}{}{fragment}", query.finish());
    let mut response = StatusCode::FOUND.into_response();
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_str(&to).map_err(Error::internal)?);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn refuse(ctx: &Ctx, locale: Locale, refused: Refused) -> Reply {
    match refused {
        Refused::There { uri, state, code } if uri != OUT_OF_BAND => {
            let mut pairs = vec![("error", code)];
            pairs.extend(state.as_deref().map(|state| ("state", state)));
            send(&uri, &pairs)
        }
        Refused::There { .. } => {
            let page = Page { problem: Some(t(locale, "oauth-bad-request")), ..empty(ctx, locale) };
            render(&page, StatusCode::BAD_REQUEST)
        }
        Refused::Here(key) => {
            render(&Page { problem: Some(t(locale, key)), ..empty(ctx, locale) }, StatusCode::BAD_REQUEST)
        }
    }
}

async fn show(State(ctx): State<Ctx>, params: Params) -> Reply {
    let found = session(&ctx, &params).await?;
    let locale = locale(&ctx, &params, found.as_ref());
    let asked = match asked(&ctx, &params).await? {
        Ok(asked) => asked,
        Err(refused) => return refuse(&ctx, locale, refused),
    };
    let Some(session) = found else { return Ok(to_sign_in(&params)) };
    let mut page = consent(&ctx, locale, &session, &asked);
    page.csrf.clone_from(&session.csrf);
    render(&page, StatusCode::OK)
}

/// Signing in comes first, and leads back here.
fn to_sign_in(params: &Params) -> Response {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in params.query.iter().filter(|(name, _)| name != "force_login") {
        query.append_pair(name, value);
    }
    let back = format!("/oauth/authorize?{}", query.finish());
    let back = percent_encoding::utf8_percent_encode(&back, percent_encoding::NON_ALPHANUMERIC);
    Redirect::to(&format!("/sign-in?to={back}")).into_response()
}

fn consent(ctx: &Ctx, locale: Locale, session: &Session, asked: &Asked) -> Page {
    let mut page = empty(ctx, locale);
    let text = |value: &str| Arg::Text(value.to_owned());
    page.heading = t_args(locale, "oauth-ask", &[("app", text(&asked.app.name))]);
    page.intro = t_args(locale, "oauth-intro", &[("app", text(&asked.app.name)), ("instance", text(&page.instance))]);
    let has = |root: &str| asked.scopes.split(' ').any(|s| s == root || s.split(':').next() == Some(root));
    for (there, key) in [
        (has("read"), "oauth-may-read"),
        (has("write"), "oauth-may-write"),
        (has("follow") || oauth::allows(&asked.scopes, "write:follows"), "oauth-may-follow"),
        (has("push"), "oauth-may-push"),
        (has("profile") && !has("read"), "oauth-may-profile"),
    ] {
        if there {
            page.rights.push(t(locale, key));
        }
    }
    let name = session.actor.as_ref().map(|actor| actor.display_name.as_str()).unwrap_or_default();
    page.words.as_who = t_args(locale, "oauth-as", &[("name", text(name))]);
    let mut field = |name: &'static str, value: Option<&str>| {
        if let Some(value) = value {
            page.fields.push((name, value.to_owned()));
        }
    };
    field("client_id", Some(&asked.app.client_id));
    field("redirect_uri", Some(&asked.redirect_uri));
    field("response_type", Some("code"));
    field("scope", Some(&asked.scopes));
    field("state", asked.state.as_deref());
    field("code_challenge", asked.challenge.as_deref());
    field("code_challenge_method", asked.challenge.as_ref().map(|_| "S256"));
    page
}

async fn decide(State(ctx): State<Ctx>, params: Params) -> Reply {
    let found = session(&ctx, &params).await?;
    let locale = locale(&ctx, &params, found.as_ref());
    let asked = match asked(&ctx, &params).await? {
        Ok(asked) => asked,
        Err(refused) => return refuse(&ctx, locale, refused),
    };
    let Some(session) = found else { return Ok(to_sign_in(&params)) };
    if !same(&params.text("csrf").unwrap_or_default(), &session.csrf) {
        return Err(Error::forbidden("error-form-old").into());
    }
    let state = asked.state.as_deref();
    if params.text("answer").as_deref() != Some("allow") {
        let refused = Refused::There { uri: asked.redirect_uri, state: asked.state, code: "access_denied" };
        return refuse(&ctx, locale, refused);
    }
    let (uri, scopes) = (asked.redirect_uri.as_str(), asked.scopes.as_str());
    let code = oauth::grant(&ctx, &session.viewer, &asked.app, uri, scopes, asked.challenge.clone()).await?;
    if uri == OUT_OF_BAND {
        return render(
            &Page { code: Some(code), heading: t(locale, "oauth-code"), ..empty(&ctx, locale) },
            StatusCode::OK,
        );
    }
    let mut pairs = vec![("code", code.as_str())];
    pairs.extend(state.map(|state| ("state", state)));
    send(uri, &pairs)
}

/// Shows a code that was put into the address, as Mastodon does.
async fn native(State(ctx): State<Ctx>, params: Params) -> Reply {
    let locale = locale(&ctx, &params, None);
    let page = Page { code: params.filled("code"), heading: t(locale, "oauth-code"), ..empty(&ctx, locale) };
    render(&page, StatusCode::OK)
}
