//! Push messages to apps (RFC 8030): who subscribed, and the job that tells them of a notice.

mod crypt;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::groups::FollowState;
use crate::domain::notices::{Notice, NoticeKind};
use crate::i18n::{Arg, Locale, t, t_args};
use crate::net::Post;
use crate::policy;
use crate::services::seal::Seal;
use crate::services::{Ctx, outgoing};
use crate::store::jobs::NewJob;
use crate::store::push::Subscription;
use crate::store::{self, Conn};

pub use crypt::{Encrypted, Receiver, Vapid};

/// The setting that holds the sealed VAPID key.
const SETTING: &str = "vapid_key";
/// How long a push service keeps a message for a device that is off.
const KEEP_FOR: &str = "172800";
/// How long a proof of who sends may be used; a day at most (RFC 8292 §2).
const PROOF_FOR: i64 = 12 * Time::HOUR;

/// What push messages need: the key that says who sends, and the seal of secrets.
pub struct Keys {
    /// Says who sends.
    pub vapid: Vapid,
    /// Opens what is sealed.
    pub seal: Seal,
}

/// The keys, made at first need; the private one is kept sealed.
pub async fn keys(ctx: &Ctx) -> Result<Arc<Keys>> {
    ctx.push.get_or_try_init(|| load_or_make(ctx)).await.cloned()
}

async fn load_or_make(ctx: &Ctx) -> Result<Arc<Keys>> {
    let seal = Seal::open(&ctx.config.secrets.key_file, &ctx.rng).await?;
    let known = store::settings::get(&mut ctx.db.read().await?, SETTING).await?;
    let sealed = match known {
        Some(sealed) => sealed,
        None => {
            let new = seal.seal(SETTING, &Vapid::generate()?)?;
            // Another process may be first: what is kept counts.
            ctx.db
                .write(move |conn| Box::pin(async move { store::settings::set_once(conn, SETTING, &new).await }))
                .await?;
            let kept = store::settings::get(&mut ctx.db.read().await?, SETTING).await?;
            kept.ok_or_else(|| Error::internal("the key of push messages vanished"))?
        }
    };
    let vapid = Vapid::from_pkcs8(&seal.open_sealed(SETTING, &sealed)?)?;
    Ok(Arc::new(Keys { vapid, seal }))
}

/// What an app asks for.
#[derive(Clone, Debug, Default)]
pub struct NewSubscription {
    /// Where messages go.
    pub endpoint: String,
    /// Its public key.
    pub p256dh: String,
    /// Its secret.
    pub auth: String,
    /// Reads RFC 8291.
    pub standard: bool,
    /// From whom.
    pub policy: String,
    /// Types of notices.
    pub alerts: Vec<String>,
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    // Apps pad or not, and some write plain base64.
    let text = text.trim();
    let bare = text.trim_end_matches('=');
    URL_SAFE_NO_PAD.decode(bare).ok().or_else(|| URL_SAFE.decode(text).ok()).or_else(|| STANDARD.decode(text).ok())
}

fn check_policy(policy: &str) -> Result<()> {
    match policy {
        "all" | "followed" | "follower" | "none" => Ok(()),
        _ => Err(Error::invalid("policy", "error-push-policy")),
    }
}

/// Subscribes the app of a token; what it asked before is replaced.
///
/// # Errors
/// `Invalid` for an address or keys that cannot be used.
pub async fn subscribe(
    ctx: &Ctx,
    viewer: &Viewer,
    token_id: i64,
    token: &str,
    new: NewSubscription,
) -> Result<Subscription> {
    let member_id = viewer.member_id()?;
    let url = url::Url::parse(&new.endpoint).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
    if url.is_none() || new.endpoint.len() > 2000 {
        return Err(Error::invalid("endpoint", "error-push-endpoint"));
    }
    let (key, auth) = (decoded(&new.p256dh).unwrap_or_default(), decoded(&new.auth).unwrap_or_default());
    if key.len() != 65 || key.first() != Some(&4) || auth.len() != 16 {
        return Err(Error::invalid("keys", "error-push-keys"));
    }
    check_policy(&new.policy)?;
    let id = ctx.ids.next();
    let subscription = Subscription {
        id,
        token_id,
        member_id,
        endpoint: new.endpoint,
        p256dh: URL_SAFE_NO_PAD.encode(key),
        auth: URL_SAFE_NO_PAD.encode(auth),
        standard: new.standard,
        policy: new.policy,
        alerts: new.alerts.join(" "),
        token_sealed: keys(ctx).await?.seal.seal(&format!("push-{id}"), token.as_bytes())?,
    };
    let kept = subscription.clone();
    ctx.db.write(move |conn| Box::pin(async move { store::push::replace(conn, &kept).await })).await?;
    Ok(subscription)
}

/// The subscription of a token.
pub async fn get(ctx: &Ctx, token: i64) -> Result<Subscription> {
    store::push::of_token(&mut ctx.db.read().await?, token).await?.ok_or(Error::NotFound)
}

/// Changes what a subscription is told of.
pub async fn change(ctx: &Ctx, token: i64, policy: Option<String>, alerts: Vec<String>) -> Result<Subscription> {
    let mut known = get(ctx, token).await?;
    known.policy = policy.unwrap_or(known.policy);
    check_policy(&known.policy)?;
    known.alerts = alerts.join(" ");
    let (policy, alerts) = (known.policy.clone(), known.alerts.clone());
    ctx.db
        .write(move |conn| Box::pin(async move { store::push::set_alerts(conn, token, &policy, &alerts).await }))
        .await?;
    Ok(known)
}

/// Ends the subscription of a token.
pub async fn unsubscribe(ctx: &Ctx, token: i64) -> Result<()> {
    ctx.db.write(move |conn| Box::pin(async move { store::push::delete_of_token(conn, token).await })).await?;
    Ok(())
}

/// What a job tells whom.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Told {
    subscription: i64,
    notice: i64,
}

/// Enqueues the telling of notices, one job for each subscription: one that fails holds up no other. Within the
/// transaction that makes the notices.
pub async fn announce(conn: &mut Conn, ctx: &Ctx, notices: &[(ActorId, NotificationId)]) -> Result<()> {
    let members: Vec<ActorId> = notices.iter().map(|(member, _)| *member).collect();
    for (member, subscription) in store::push::of_members(conn, &members).await? {
        let Some((_, notice)) = notices.iter().find(|(told, _)| *told == member) else { continue };
        let payload = serde_json::to_string(&Told { subscription, notice: notice.0 }).map_err(Error::internal)?;
        let (id, run_at) = (ctx.ids.next(), ctx.now());
        let job = NewJob { id, kind: "push", payload: &payload, dedup_key: None, lane: None, run_at };
        store::jobs::enqueue(conn, job).await?;
    }
    Ok(())
}

/// The handler of `push` jobs.
///
/// # Errors
/// `RemoteFailed` when it should be tried again.
pub async fn deliver(ctx: &Ctx, payload: &str) -> Result<()> {
    let told: Told = serde_json::from_str(payload).map_err(Error::internal)?;
    let mut conn = ctx.db.read().await?;
    let Some(to) = store::push::find(&mut conn, told.subscription).await? else { return Ok(()) };
    let (member, _) = store::people::get(&mut conn, to.member_id).await?;
    let viewer = Viewer::Member { id: to.member_id, role: member.role, guest: member.is_guest };
    let sight = policy::sight(&viewer);
    let notice = store::notices::get(&mut conn, to.member_id, &sight, NotificationId(told.notice)).await;
    let notice = match notice {
        Ok(notice) => notice,
        // Read and thrown away meanwhile.
        Err(Error::NotFound) => return Ok(()),
        Err(error) => return Err(error),
    };
    let wanted = notice.kind.client_type().is_some_and(|name| to.alerts.split(' ').any(|alert| alert == name));
    if !wanted || !from_wanted(&mut conn, &to, &notice).await? {
        return Ok(());
    }
    drop(conn);
    let locale = member.locale.as_deref().and_then(Locale::parse);
    let locale = locale.or_else(|| Locale::parse(&ctx.instance().locale)).unwrap_or_else(|| Locale::negotiate("nl"));
    send(ctx, &to, &notice, locale).await
}

async fn from_wanted(conn: &mut Conn, to: &Subscription, notice: &Notice) -> Result<bool> {
    let Some(actor) = notice.actor.as_ref() else { return Ok(to.policy != "none") };
    let (from, target) = match to.policy.as_str() {
        "all" => return Ok(true),
        "followed" => (to.member_id, actor.id),
        "follower" => (actor.id, to.member_id),
        _ => return Ok(false),
    };
    let follow = store::groups::find_follow(conn, from, target).await?;
    Ok(follow.is_some_and(|follow| follow.state == FollowState::Accepted))
}

/// The words of a notice: what happened, and the beginning of the post.
fn words(notice: &Notice, locale: Locale) -> (String, String) {
    let who = notice.actor.as_ref().or(notice.group.as_ref()).map(|card| card.display_name.clone()).unwrap_or_default();
    let group = notice.group.as_ref().map(|card| card.display_name.clone()).unwrap_or_default();
    let key = format!("notice-{}", notice.kind.as_str().replace('_', "-"));
    let what = match notice.kind {
        NoticeKind::Reaction if notice.detail != "thanks" => t(locale, "notice-reacted"),
        _ => t_args(locale, &key, &[("what", Arg::from(group.as_str()))]),
    };
    let alone = matches!(notice.kind, NoticeKind::Admitted | NoticeKind::Refused | NoticeKind::Poll);
    let title = if alone { what } else { format!("{who} {what}") };
    let body = notice.post.as_ref().filter(|view| !view.post.is_gone());
    // A warning stands before a text for a reason: it is not told on a locked screen.
    let body = body.map(|view| match view.post.warning.is_empty() {
        true => crate::text::excerpt(&view.html(), 140),
        false => view.post.warning.clone(),
    });
    (title, body.unwrap_or_default())
}

async fn send(ctx: &Ctx, to: &Subscription, notice: &Notice, locale: Locale) -> Result<()> {
    let keys = keys(ctx).await?;
    let (title, body) = words(notice, locale);
    let icon = notice.actor.as_ref().and_then(|card| card.icon_media_id).map(|id| ctx.urls.media(id, false));
    let token = keys.seal.open_sealed(&format!("push-{}", to.id), &to.token_sealed)?;
    let message = json!({
        "access_token": String::from_utf8_lossy(&token),
        "preferred_locale": locale.tag(),
        "notification_id": notice.id.to_string(),
        "notification_type": notice.kind.client_type(),
        "icon": icon.unwrap_or_else(|| ctx.urls.absolute("/api/kring/person.png")),
        "title": title,
        "body": body,
    });
    let (key, auth) = (decoded(&to.p256dh).unwrap_or_default(), decoded(&to.auth).unwrap_or_default());
    let receiver = Receiver { key: &key, auth: &auth };
    let sealed = match to.standard {
        true => crypt::encrypt(receiver, message.to_string().as_bytes(), &ctx.rng.bytes::<16>())?,
        false => crypt::encrypt_draft(receiver, message.to_string().as_bytes(), &ctx.rng.bytes::<16>())?,
    };
    let url = url::Url::parse(&to.endpoint).map_err(Error::internal)?;
    let headers = headers(ctx, &keys.vapid, to, &url, &sealed)?;
    let post = Post { url: &url, headers, body: sealed.body.into() };
    let outcome = outgoing::client(ctx).await?.post(post).await?;
    match outcome.status {
        200..=299 => Ok(()),
        404 | 410 => {
            let id = to.id;
            ctx.db.write(move |conn| Box::pin(async move { store::push::delete(conn, id).await })).await.map(|_| ())
        }
        429 | 500.. => Err(Error::Unavailable(format!("the push service answered {}", outcome.status))),
        // Another try would be answered the same.
        status => {
            tracing::warn!(status, host = url.host_str().unwrap_or_default(), "a push message was refused");
            Ok(())
        }
    }
}

fn headers(ctx: &Ctx, vapid: &Vapid, to: &Subscription, url: &url::Url, sealed: &Encrypted) -> Result<HeaderMap> {
    let contact = ctx.instance().contact.clone();
    let subject = if contact.contains('@') { format!("mailto:{contact}") } else { ctx.urls.origin().to_owned() };
    let proof = vapid.proof(&url.origin().ascii_serialization(), &subject, ctx.now().plus(PROOF_FOR))?;
    let public = vapid.public();
    let mut headers = HeaderMap::new();
    let mut put = |name: &'static str, value: &str| -> Result<()> {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).map_err(Error::internal)?);
        Ok(())
    };
    put("content-type", "application/octet-stream")?;
    put("ttl", KEEP_FOR)?;
    put("urgency", "normal")?;
    if to.standard {
        put("content-encoding", "aes128gcm")?;
        put("authorization", &format!("vapid t={proof}, k={public}"))?;
    } else {
        let (salt, key) = (URL_SAFE_NO_PAD.encode(&sealed.salt), URL_SAFE_NO_PAD.encode(&sealed.key));
        put("content-encoding", "aesgcm")?;
        put("encryption", &format!("salt={salt}"))?;
        put("crypto-key", &format!("dh={key};p256ecdsa={public}"))?;
        put("authorization", &format!("WebPush {proof}"))?;
    }
    Ok(headers)
}
