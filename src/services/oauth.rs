//! Apps that act for members: registering, consent, codes and tokens (RFC 6749, RFC 7636, RFC 7009; INTEROP C.6).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::ActorState;
use crate::services::Ctx;
use crate::services::secrets::{same, token_hash};
use crate::store;
use crate::store::oauth::{App, Code, Token};

/// Where a code is shown instead of sent.
pub const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";
/// How long a code may be used.
const CODE_FOR: i64 = 10 * Time::MINUTE;
/// A token is noted as used at most this often.
const TOUCH_EVERY: i64 = Time::HOUR;

/// Every scope there is. `read` and `write` stand for all below them; `follow` is the older name of a bundle.
pub const SCOPES: &[&str] = &[
    "read",
    "read:accounts",
    "read:blocks",
    "read:bookmarks",
    "read:favourites",
    "read:filters",
    "read:follows",
    "read:lists",
    "read:mutes",
    "read:notifications",
    "read:search",
    "read:statuses",
    "write",
    "write:accounts",
    "write:blocks",
    "write:bookmarks",
    "write:conversations",
    "write:favourites",
    "write:filters",
    "write:follows",
    "write:lists",
    "write:media",
    "write:mutes",
    "write:notifications",
    "write:reports",
    "write:statuses",
    "follow",
    "push",
    "profile",
];

/// What `follow` stands for.
const FOLLOW_BUNDLE: &[&str] =
    &["read:blocks", "read:follows", "read:mutes", "write:blocks", "write:follows", "write:mutes"];

/// Whether scopes (separated by spaces) allow one thing.
pub fn allows(granted: &str, wanted: &str) -> bool {
    granted.split_whitespace().any(|scope| {
        scope == wanted
            || wanted.split_once(':').is_some_and(|(root, _)| root == scope)
            || (scope == "follow" && FOLLOW_BUNDLE.contains(&wanted))
            || (wanted == "profile" && matches!(scope, "read" | "read:accounts"))
    })
}

/// The scopes asked for, if each is known and within `limit`; `read` when none are named.
pub fn bounded(asked: &str, limit: &str) -> Option<String> {
    let asked = if asked.trim().is_empty() { "read" } else { asked };
    let mut scopes: Vec<&str> = Vec::new();
    for scope in asked.split([' ', '+', ',']).filter(|s| !s.is_empty()) {
        if !SCOPES.contains(&scope) || !allows(limit, scope) {
            return None;
        }
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Some(scopes.join(" "))
}

/// What an app says of itself.
#[derive(Clone, Debug, Default)]
pub struct NewApp {
    /// Shown name.
    pub name: String,
    /// Where codes may be sent.
    pub redirect_uris: Vec<String>,
    /// What it may ask for; `read` when empty.
    pub scopes: String,
    /// Page about it.
    pub website: Option<String>,
}

/// Registers an app. Returns it with its secret, which is told only now.
///
/// # Errors
/// `Invalid` per field.
pub async fn register(ctx: &Ctx, new: NewApp) -> Result<(App, String)> {
    let name = new.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 200 {
        return Err(Error::invalid("client_name", "error-client-name"));
    }
    if new.redirect_uris.is_empty() || !new.redirect_uris.iter().all(|uri| redirect_is_fine(uri)) {
        return Err(Error::invalid("redirect_uris", "error-client-redirect"));
    }
    let every = SCOPES.join(" ");
    let scopes = bounded(&new.scopes, &every).ok_or(Error::invalid("scopes", "error-client-scopes"))?;
    let website = new.website.filter(|url| url::Url::parse(url).is_ok_and(|u| matches!(u.scheme(), "http" | "https")));
    let secret = ctx.rng.token();
    let app = App {
        id: ctx.ids.next(),
        client_id: ctx.rng.token(),
        secret_hash: token_hash(&secret),
        name,
        website,
        redirect_uris: new.redirect_uris.join("\n"),
        scopes,
        created_at: ctx.now(),
    };
    let stored = app.clone();
    ctx.db.write(move |conn| Box::pin(async move { store::oauth::insert_app(conn, &stored).await })).await?;
    Ok((app, secret))
}

/// Custom schemes are welcome, dotted ones too; those that a browser would run are not.
fn redirect_is_fine(uri: &str) -> bool {
    if uri == OUT_OF_BAND {
        return true;
    }
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase()).unwrap_or_default();
    let known = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'));
    known
        && uri.len() <= 2000
        && !uri.contains(char::is_whitespace)
        && !matches!(scheme.as_str(), "data" | "javascript" | "vbscript" | "file" | "blob")
}

/// An app by its client id.
pub async fn app(ctx: &Ctx, client_id: &str) -> Result<Option<App>> {
    store::oauth::find_app(&mut ctx.db.read().await?, client_id).await
}

/// The app a token belongs to.
pub async fn app_by_id(ctx: &Ctx, id: i64) -> Result<Option<App>> {
    store::oauth::find_app_by_id(&mut ctx.db.read().await?, id).await
}

/// An app that has shown its secret.
pub async fn app_with_secret(ctx: &Ctx, client_id: &str, secret: &str) -> Result<Option<App>> {
    let found = app(ctx, client_id).await?;
    Ok(found.filter(|app| same(&app.secret_hash, &token_hash(secret))))
}

/// Whether a code may be sent there: exact comparison, nothing is normalised.
pub fn may_redirect(app: &App, uri: &str) -> bool {
    app.redirect_uris.lines().any(|known| known == uri)
}

/// A member lets an app act for them. Returns the code.
pub async fn grant(
    ctx: &Ctx,
    viewer: &Viewer,
    app: &App,
    redirect_uri: &str,
    scopes: &str,
    challenge: Option<String>,
) -> Result<String> {
    let member_id = viewer.member_id()?;
    let code = ctx.rng.token();
    let now = ctx.now();
    let new = Code {
        code_hash: token_hash(&code),
        app_id: app.id,
        member_id,
        redirect_uri: redirect_uri.to_owned(),
        scopes: scopes.to_owned(),
        challenge,
        expires_at: now.plus(CODE_FOR),
    };
    ctx.db.write(move |conn| Box::pin(async move { store::oauth::insert_code(conn, &new, now).await })).await?;
    Ok(code)
}

/// A token as told to an app, once.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The bearer token.
    pub token: String,
    /// What it may do.
    pub scopes: String,
    /// When it was made.
    pub created_at: Time,
}

/// Turns a code into a token. `None` when the code, its address or its verifier is not right; the code is spent then too.
pub async fn exchange(
    ctx: &Ctx,
    app: &App,
    code: &str,
    redirect_uri: &str,
    verifier: Option<&str>,
) -> Result<Option<Issued>> {
    let (c, hash, app_id) = (ctx.clone(), token_hash(code), app.id);
    let (redirect_uri, verifier) = (redirect_uri.to_owned(), verifier.map(str::to_owned));
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let Some(code) = store::oauth::take_code(conn, &hash).await? else { return Ok(None) };
                let fits = code.app_id == app_id
                    && code.redirect_uri == redirect_uri
                    && code.expires_at > c.now()
                    && proves(code.challenge.as_deref(), verifier.as_deref());
                if !fits {
                    return Ok(None);
                }
                let issued = Issued { token: c.rng.token(), scopes: code.scopes, created_at: c.now() };
                let hash = token_hash(&issued.token);
                let (id, now) = (c.ids.next(), c.now());
                store::oauth::insert_token(conn, id, &hash, app_id, Some(code.member_id), &issued.scopes, now).await?;
                Ok(Some(issued))
            })
        })
        .await
}

/// RFC 7636, S256 only: a verifier is needed exactly when there was a challenge.
fn proves(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(challenge), Some(verifier)) => {
            same(challenge, &URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())))
        }
    }
}

/// A token of the app itself, for nobody.
pub async fn client_token(ctx: &Ctx, app: &App, scopes: &str) -> Result<Issued> {
    let issued = Issued { token: ctx.rng.token(), scopes: scopes.to_owned(), created_at: ctx.now() };
    let (id, hash, app_id) = (ctx.ids.next(), token_hash(&issued.token), app.id);
    let (scopes, now) = (issued.scopes.clone(), issued.created_at);
    ctx.db
        .write(move |conn| {
            Box::pin(async move { store::oauth::insert_token(conn, id, &hash, app_id, None, &scopes, now).await })
        })
        .await?;
    Ok(issued)
}

/// Ends a token of an app; one that is not there is ended already.
pub async fn revoke(ctx: &Ctx, app: &App, token: &str) -> Result<()> {
    let (hash, app_id) = (token_hash(token), app.id);
    ctx.db.write(move |conn| Box::pin(async move { store::oauth::delete_token(conn, &hash, app_id).await })).await?;
    Ok(())
}

/// Who shows this token. One query; a write at most once an hour, which nobody waits for.
///
/// # Errors
/// `NotAuthentic` when it is not (or no longer) valid.
pub async fn bearer(ctx: &Ctx, token: &str) -> Result<(Viewer, Token)> {
    let now = ctx.now();
    let found = store::oauth::find_token(&mut ctx.db.read().await?, &token_hash(token)).await?;
    let found = found.ok_or_else(|| Error::NotAuthentic("unknown token".to_owned()))?;
    let viewer = match (found.member_id, found.member, found.state) {
        (None, ..) => Viewer::Anonymous,
        (Some(id), Some((role, guest)), Some(ActorState::Active)) => Viewer::Member { id, role, guest },
        _ => return Err(Error::NotAuthentic("the account does not take part".to_owned())),
    };
    if found.last_used_at.is_none_or(|at| now.since(at) >= TOUCH_EVERY) {
        let (c, id) = (ctx.clone(), found.id);
        tokio::spawn(async move {
            let touched =
                c.db.write(move |conn| Box::pin(async move { store::oauth::touch_token(conn, id, now).await })).await;
            if let Err(error) = touched {
                tracing::debug!(%error, "the use of a token was not noted");
            }
        });
    }
    Ok((viewer, found))
}

/// Whether a token still stands: open streams ask now and then.
pub async fn stands(ctx: &Ctx, id: i64) -> Result<bool> {
    store::oauth::token_stands(&mut ctx.db.read().await?, id).await
}
