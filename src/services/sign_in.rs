//! Signing in: by a link or code from a mail, or with a password. Whether an account exists is not told by the answer,
//! nor by the time it takes.

use super::letters::{self, Letter};
use super::secrets::{code_hash, fingerprint, same, token_hash};
use super::sessions::{self, Begun, Device};
use super::throttle::{Quota, address_key};
use super::{Ctx, passwords};
use crate::base::*;
use crate::domain::actors::{Actor, ActorState};
use crate::domain::people::{Member, TokenPurpose};
use crate::i18n::Locale;
use crate::store::sign_in::{self as rows, Token};
use crate::store::{self, Conn};

/// Wrong codes after which one must ask for a new mail.
const CODE_TRIES: i32 = 5;
/// Digits of a code.
const CODE_DIGITS: usize = 6;

/// A link and a code that sign someone in once.
#[derive(Clone, Debug)]
pub struct OneTime {
    /// The link.
    pub url: String,
    /// The code to type over.
    pub code: String,
    /// Until when.
    pub expires_at: Time,
}

/// What a link would do: shown before the click that uses it.
#[derive(Clone, Debug)]
pub struct LinkView {
    /// What for.
    pub purpose: TokenPurpose,
    /// Whose name to greet; empty when there is no account yet.
    pub display_name: String,
}

fn login_key(login: &str) -> String {
    login.trim().trim_start_matches('@').to_lowercase()
}

/// Tries at passwords: few per account and device, more per account, many per address.
fn password_tries(key: &str, device: &Device) -> [(String, Quota); 3] {
    [
        (format!("p:{key}:{}", fingerprint(&device.agent)), Quota { burst: 6, every: Time::MINUTE }),
        (format!("p:{key}"), Quota { burst: 30, every: 5 * Time::MINUTE }),
        (format!("pa:{}", address_key(device.address)), Quota { burst: 120, every: 5 * Time::SECOND }),
    ]
}

/// Takes one try at the password of someone who is signed in already.
pub(super) fn take_password_try(ctx: &Ctx, key: &str) -> Result<()> {
    ctx.throttle.take(&[(format!("own:{key}"), Quota { burst: 6, every: Time::MINUTE })], ctx.now())
}

/// Has a link and a code sent to the account with this address or name, if there is one. The answer is the same either
/// way, and so is the work: one job, which looks for the account later.
///
/// # Errors
/// `Invalid` for `login` when empty, `RateLimited`, `Unavailable` when this instance sends no mail.
pub async fn request_mail(ctx: &Ctx, login: &str, device: &Device, locale: Locale) -> Result<()> {
    let key = login_key(login);
    if key.is_empty() {
        return Err(Error::invalid("login", "error-login-empty"));
    }
    if !ctx.mailer.enabled() {
        return Err(Error::Unavailable("this instance sends no mail".to_owned()));
    }
    let tries = [
        (format!("m:{key}"), Quota { burst: 4, every: 10 * Time::MINUTE }),
        (format!("ma:{}", address_key(device.address)), Quota { burst: 60, every: 15 * Time::SECOND }),
    ];
    ctx.throttle.take(&tries, ctx.now())?;
    let letter = Letter::SignIn { login: key, locale: locale.tag().to_owned() };
    letters::post_now(ctx, letter).await
}

/// Makes a link and code for a member, within a transaction.
pub(super) async fn issue(conn: &mut Conn, ctx: &Ctx, member: ActorId, lasts: i64) -> Result<OneTime> {
    let (link, code) = (ctx.rng.token(), ctx.rng.digits(CODE_DIGITS));
    let id = ctx.ids.next();
    let expires_at = ctx.now().plus(lasts);
    let token = Token {
        id,
        purpose: TokenPurpose::SignIn,
        member_id: Some(member),
        link_hash: token_hash(&link),
        code_hash: Some(code_hash(id, &code)),
        data: String::new(),
        tries: 0,
        created_at: ctx.now(),
        expires_at,
        used_at: None,
    };
    rows::insert(conn, &token).await?;
    Ok(OneTime { url: ctx.urls.sign_in_link(&link), code, expires_at })
}

/// A link and code that sign a member in once, for the command line, the desk and the demo; `lasts` in microseconds.
///
/// # Errors
/// `NotFound` when there is no such member.
pub async fn one_time_link(ctx: &Ctx, member: ActorId, lasts: i64) -> Result<OneTime> {
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                store::people::get(conn, member).await?;
                issue(conn, &c, member, lasts).await
            })
        })
        .await
}

/// How long links and codes from a mail hold, microseconds.
pub(super) fn link_lifetime(ctx: &Ctx) -> i64 {
    i64::from(ctx.config.limits.sign_in_minutes) * Time::MINUTE
}

/// Signs in with a password.
///
/// # Errors
/// `Invalid` for `password` when account and password do not go together, `Forbidden` when they do but the account
/// waits or was suspended, `RateLimited`.
pub async fn with_password(ctx: &Ctx, login: &str, password: &str, device: Device) -> Result<Begun> {
    let key = login_key(login);
    let tries = password_tries(&key, &device);
    ctx.throttle.take(&tries, ctx.now())?;
    let found = store::people::find_by_login(&mut ctx.db.read().await?, &key).await?;
    let hash = found.as_ref().and_then(|(member, _)| member.password_hash.as_deref());
    let fits = passwords::verify(password, hash).await?;
    match found {
        Some((member, actor)) if fits => {
            check_takes_part(&actor)?;
            ctx.throttle.forget(&tries[0].0);
            sessions::create(ctx, member.actor_id, device).await
        }
        _ => Err(Error::invalid("password", "error-sign-in")),
    }
}

fn check_takes_part(actor: &Actor) -> Result<()> {
    match actor.state {
        ActorState::Active => Ok(()),
        ActorState::Pending => Err(Error::forbidden("error-account-pending")),
        ActorState::Suspended => Err(Error::forbidden("error-account-suspended")),
        ActorState::Deleted => Err(Error::NotFound),
    }
}

/// Signs in with a code from a mail or from the desk.
///
/// # Errors
/// `Invalid` for `code`; after five wrong ones also the right one is. `RateLimited`.
pub async fn with_code(ctx: &Ctx, login: &str, code: &str, device: Device) -> Result<Begun> {
    let key = login_key(login);
    let code: String = code.chars().filter(char::is_ascii_digit).collect();
    if key.is_empty() {
        return Err(Error::invalid("login", "error-login-empty"));
    }
    if code.len() != CODE_DIGITS {
        return Err(Error::invalid("code", "error-code-digits"));
    }
    // Per account whatever the device: a code has but a million values.
    let mine = format!("c:{key}");
    let tries = [
        (mine.clone(), Quota { burst: 10, every: 30 * Time::MINUTE }),
        (format!("ca:{}", address_key(device.address)), Quota { burst: 60, every: 10 * Time::SECOND }),
    ];
    ctx.throttle.take(&tries, ctx.now())?;
    let c = ctx.clone();
    let begun =
        ctx.db.write(move |conn| Box::pin(async move { try_code(conn, &c, &key, &code, &device).await })).await?;
    let begun = begun.ok_or_else(|| Error::invalid("code", "error-code-wrong"))?;
    ctx.throttle.forget(&mine);
    Ok(begun)
}

/// `None` for a wrong code: not an error, so that the count of tries is kept.
async fn try_code(conn: &mut Conn, ctx: &Ctx, key: &str, code: &str, device: &Device) -> Result<Option<Begun>> {
    let now = ctx.now();
    let Some((member, actor)) = store::people::find_by_login(conn, key).await? else { return Ok(None) };
    let tokens = rows::with_code(conn, member.actor_id, now, CODE_TRIES).await?;
    let fits = |token: &&Token| token.code_hash.as_deref().is_some_and(|hash| same(hash, &code_hash(token.id, code)));
    let Some(token) = tokens.iter().find(fits) else {
        rows::count_try(conn, member.actor_id, now).await?;
        return Ok(None);
    };
    check_takes_part(&actor)?;
    rows::consume(conn, token.id, now).await?;
    sessions::begin(conn, ctx, Some(member.actor_id), device, Default::default()).await.map(Some)
}

/// What a link would do. Looking does not use it up: programs that scan mail open every link.
///
/// # Errors
/// `Gone` when it was used, ended, or never was.
pub async fn look_at_link(ctx: &Ctx, token: &str) -> Result<LinkView> {
    let mut conn = ctx.db.read().await?;
    let token = rows::find_by_link(&mut conn, &token_hash(token), ctx.now()).await?.ok_or(Error::Gone)?;
    let display_name = match token.member_id {
        Some(id) => store::people::get(&mut conn, id).await?.1.display_name,
        None => String::new(),
    };
    Ok(LinkView { purpose: token.purpose, display_name })
}

/// Signs in with a link. A personal link of a guest stays good and begins its term anew; others are used up.
///
/// # Errors
/// `Gone` when it was used, ended or never was; `Forbidden` when the account waits or was suspended.
pub async fn with_link(ctx: &Ctx, token: &str, device: Device) -> Result<Begun> {
    let hash = token_hash(token);
    let c = ctx.clone();
    ctx.db.write(move |conn| Box::pin(async move { use_link(conn, &c, &hash, &device).await })).await
}

async fn use_link(conn: &mut Conn, ctx: &Ctx, hash: &str, device: &Device) -> Result<Begun> {
    let now = ctx.now();
    let token = rows::find_by_link(conn, hash, now).await?.ok_or(Error::Gone)?;
    let (TokenPurpose::SignIn | TokenPurpose::Guest, Some(member)) = (token.purpose, token.member_id) else {
        return Err(Error::Gone);
    };
    let (member, actor): (Member, Actor) = store::people::get(conn, member).await?;
    check_takes_part(&actor)?;
    if token.purpose == TokenPurpose::Guest {
        rows::extend(conn, token.id, now.plus(super::guests::lifetime(ctx))).await?;
    } else if rows::consume(conn, token.id, now).await? == 0 {
        return Err(Error::Gone);
    }
    sessions::begin(conn, ctx, Some(member.actor_id), device, Default::default()).await
}

/// Forgets what has ended: a daily job.
pub async fn clean(ctx: &Ctx) -> Result<()> {
    let now = ctx.now();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                rows::delete_expired(conn, now.plus(-Time::DAY)).await?;
                store::sessions::delete_expired(conn, now).await.map(|_| ())
            })
        })
        .await
}
