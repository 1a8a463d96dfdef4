//! Browser sessions: who is looking, and how they like their pages.

use std::net::IpAddr;

use super::Ctx;
use super::secrets::{csrf, token_hash};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorState};
use crate::domain::people::Member;
use crate::store::sessions::{self as rows, AppLine, Loaded, NewSession, Preferences, SessionLine};
use crate::store::{self, Conn};

/// Who is looking, how they like their pages, and the secret their forms carry.
#[derive(Clone, Debug)]
pub struct Session {
    /// Our id.
    pub id: SessionId,
    /// Who is looking; anonymous for visitors and for accounts that do not take part.
    pub viewer: Viewer,
    /// The account.
    pub member: Option<Member>,
    /// The person.
    pub actor: Option<Actor>,
    /// Unread notices, at most 100.
    pub unread: i64,
    /// Chosen language.
    pub locale: Option<String>,
    /// auto, light or dark.
    pub theme: String,
    /// normal, large or larger.
    pub text_size: String,
    /// auto or high.
    pub contrast: String,
    /// What forms carry.
    pub csrf: String,
    /// On a shared computer: ends with the browser.
    pub shared: bool,
}

/// The device at the other end.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// `User-Agent` as sent.
    pub agent: String,
    /// Address, behind trusted proxies.
    pub address: Option<IpAddr>,
    /// The person said that others use this computer too.
    pub shared: bool,
}

/// A session that was made: what the cookie holds, and for how many seconds (`None`: until the browser closes).
#[derive(Clone, Debug)]
pub struct Begun {
    /// The cookie's value.
    pub token: String,
    /// Seconds, as `Max-Age`.
    pub max_age: Option<i64>,
}

/// A session is noted as used at most this often.
const TOUCH_EVERY: i64 = 5 * Time::MINUTE;
/// How long a session on a shared computer lasts if the browser is left open.
const SHARED_FOR: i64 = 4 * Time::HOUR;

/// The session with this token, if it still holds. One query; a write at most every five minutes.
pub async fn load(ctx: &Ctx, token: &str) -> Result<Option<Session>> {
    let now = ctx.now();
    let Some(loaded) = rows::find(&mut ctx.db.read().await?, &token_hash(token), now).await? else {
        return Ok(None);
    };
    if now.since(loaded.last_seen_at) >= TOUCH_EVERY {
        let (id, member) = (loaded.id, loaded.member.as_ref().map(|m| m.actor_id));
        let until = lifetime(ctx, loaded.shared);
        ctx.db
            .write(move |conn| {
                Box::pin(async move {
                    rows::touch(conn, id, now, now.plus(until)).await?;
                    if let Some(member) = member {
                        store::people::set_last_seen(conn, member, now).await?;
                    }
                    Ok(())
                })
            })
            .await?;
    }
    Ok(Some(assemble(loaded, token)))
}

fn assemble(loaded: Loaded, token: &str) -> Session {
    let Loaded { id, shared, preferences, member, actor, unread, .. } = loaded;
    let (member, actor) = match (member, actor) {
        (Some(member), Some(actor)) if actor.state == ActorState::Active => (Some(member), Some(actor)),
        _ => (None, None),
    };
    let viewer = match &member {
        Some(m) => Viewer::Member { id: m.actor_id, role: m.role, guest: m.is_guest },
        None => Viewer::Anonymous,
    };
    let choice = |session: Option<String>, member: Option<&String>, usual: &str| {
        session.or_else(|| member.cloned()).unwrap_or_else(|| usual.to_owned())
    };
    Session {
        id,
        viewer,
        unread: if member.is_some() { unread } else { 0 },
        locale: preferences.locale.or_else(|| member.as_ref().and_then(|m| m.locale.clone())),
        theme: choice(preferences.theme, member.as_ref().map(|m| &m.theme), "auto"),
        text_size: choice(preferences.text_size, member.as_ref().map(|m| &m.text_size), "normal"),
        contrast: choice(preferences.contrast, member.as_ref().map(|m| &m.contrast), "auto"),
        csrf: csrf(token),
        shared,
        member,
        actor,
    }
}

fn lifetime(ctx: &Ctx, shared: bool) -> i64 {
    if shared { SHARED_FOR } else { i64::from(ctx.config.limits.session_days) * Time::DAY }
}

/// Begins a session within a transaction: for a member who has shown who they are, or for a visitor's choices.
pub(super) async fn begin(
    conn: &mut Conn,
    ctx: &Ctx,
    member: Option<ActorId>,
    device: &Device,
    preferences: Preferences,
) -> Result<Begun> {
    let token = ctx.rng.token();
    let now = ctx.now();
    let lasts = lifetime(ctx, device.shared);
    let new = NewSession {
        id: SessionId(ctx.ids.next()),
        token_hash: token_hash(&token),
        member_id: member,
        device: device_name(&device.agent),
        shared: device.shared,
        preferences,
        created_at: now,
        expires_at: now.plus(lasts),
    };
    rows::insert(conn, &new).await?;
    if let Some(member) = member {
        store::people::set_last_seen(conn, member, now).await?;
    }
    Ok(Begun { token, max_age: (!device.shared).then_some(lasts / Time::SECOND) })
}

/// Begins a session for a member who has shown who they are by other means: the command line, the demo, tests.
pub async fn create(ctx: &Ctx, member: ActorId, device: Device) -> Result<Begun> {
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move { begin(conn, &c, Some(member), &device, Preferences::default()).await })
        })
        .await
}

/// Ends the session: signing out.
pub async fn end(ctx: &Ctx, id: SessionId) -> Result<()> {
    ctx.db.write(move |conn| Box::pin(async move { rows::delete(conn, id).await.map(|_| ()) })).await
}

/// Ends one of the viewer's own sessions.
///
/// # Errors
/// `NotFound` when it is not theirs.
pub async fn revoke(ctx: &Ctx, viewer: &Viewer, id: SessionId) -> Result<()> {
    let me = viewer.member_id()?;
    let n = ctx.db.write(move |conn| Box::pin(async move { rows::delete_own(conn, me, id).await })).await?;
    if n == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// Ends every session of the viewer but `keep`.
pub async fn revoke_others(ctx: &Ctx, viewer: &Viewer, keep: Option<SessionId>) -> Result<()> {
    let me = viewer.member_id()?;
    ctx.db.write(move |conn| Box::pin(async move { rows::delete_others(conn, me, keep).await.map(|_| ()) })).await
}

/// Where the viewer is signed in, last used first.
pub async fn list(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<SessionLine>> {
    rows::list(&mut ctx.db.read().await?, viewer.member_id()?, ctx.now()).await
}

/// Apps that may act for the viewer.
pub async fn apps(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<AppLine>> {
    rows::apps(&mut ctx.db.read().await?, viewer.member_id()?).await
}

/// Ends what an app may do for the viewer.
///
/// # Errors
/// `NotFound` when it is not theirs.
pub async fn revoke_app(ctx: &Ctx, viewer: &Viewer, id: i64) -> Result<()> {
    let me = viewer.member_id()?;
    let n = ctx.db.write(move |conn| Box::pin(async move { rows::delete_app(conn, me, id).await })).await?;
    if n == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// Makes a bearer token for the client API that belongs to no app. Only its hash is kept.
pub async fn api_token(ctx: &Ctx, member: ActorId, scopes: &str) -> Result<String> {
    let token = ctx.rng.token();
    let (id, hash, scopes, now) = (ctx.ids.next(), token_hash(&token), scopes.to_owned(), ctx.now());
    ctx.db
        .write(move |conn| {
            Box::pin(async move { rows::insert_api_token(conn, id, &hash, member, &scopes, now).await.map(|_| ()) })
        })
        .await?;
    Ok(token)
}

/// Keeps choices of how pages look: with the account of a member, with the session of a visitor. A visitor without a
/// session gets one, to be set as a cookie. Values we do not know are left out.
pub async fn set_preferences(
    ctx: &Ctx,
    session: Option<&Session>,
    chosen: Preferences,
    device: Device,
) -> Result<Option<Begun>> {
    let chosen = known(chosen);
    let c = ctx.clone();
    let at = session.map(|s| (s.id, s.member.as_ref().map(|m| m.actor_id), merged(s, &chosen)));
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                match at {
                    Some((id, Some(member), _)) => {
                        let p = &chosen;
                        let (locale, theme) = (p.locale.as_deref(), p.theme.as_deref());
                        let (size, contrast) = (p.text_size.as_deref(), p.contrast.as_deref());
                        store::people::set_preferences(conn, member, locale, theme, size, contrast).await?;
                        // A choice of this browser from before signing in would hide the new one.
                        rows::set_preferences(conn, id, &Preferences::default()).await?;
                        Ok(None)
                    }
                    Some((id, None, all)) => {
                        rows::set_preferences(conn, id, &all).await?;
                        Ok(None)
                    }
                    None => begin(conn, &c, None, &device, chosen).await.map(Some),
                }
            })
        })
        .await
}

fn known(chosen: Preferences) -> Preferences {
    let one_of = |value: Option<String>, allowed: &[&str]| value.filter(|v| allowed.contains(&v.as_str()));
    Preferences {
        locale: chosen.locale.filter(|tag| crate::i18n::Locale::parse(tag).is_some()),
        theme: one_of(chosen.theme, &["auto", "light", "dark"]),
        text_size: one_of(chosen.text_size, &["normal", "large", "larger"]),
        contrast: one_of(chosen.contrast, &["auto", "high"]),
    }
}

fn merged(session: &Session, chosen: &Preferences) -> Preferences {
    let or = |new: &Option<String>, old: &str| Some(new.clone().unwrap_or_else(|| old.to_owned()));
    Preferences {
        locale: chosen.locale.clone().or_else(|| session.locale.clone()),
        theme: or(&chosen.theme, &session.theme),
        text_size: or(&chosen.text_size, &session.text_size),
        contrast: or(&chosen.contrast, &session.contrast),
    }
}

/// What a person recognises a device by, from its `User-Agent`: `Firefox · Windows`.
pub fn device_name(agent: &str) -> String {
    let first =
        |table: &[(&str, &'static str)]| table.iter().find(|(word, _)| agent.contains(word)).map(|(_, name)| *name);
    // The order matters: each of these also carries the names of those below it.
    let browser = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox", "Firefox"),
        ("FxiOS", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    ]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS", "Mac"),
        ("CrOS", "Chromebook"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} · {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => String::new(),
    }
}
