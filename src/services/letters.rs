//! Mail about one's account. Each letter is a job, so that a page never waits for a mail server, and so that asking for
//! a letter takes as long whether or not somebody gets it. Links are made when the letter is sent: a job holds none.

use serde::{Deserialize, Serialize};

use super::secrets::token_hash;
use super::{Ctx, sign_in};
use crate::base::*;
use crate::domain::actors::{Actor, ActorState};
use crate::domain::people::{Member, TokenPurpose};
use crate::i18n::{Arg, Locale, t, t_args};
use crate::mail::Mail;
use crate::store::sign_in::Token;
use crate::store::{self, Conn};

/// Kind of the jobs that [`run`] handles.
pub const JOB: &str = "letter";
/// How long a link that confirms an address holds.
const CONFIRM_FOR: i64 = 2 * Time::DAY;

/// A letter to write.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "snake_case")]
pub enum Letter {
    /// A link and code to sign in, if there is such an account.
    SignIn {
        /// Address or name, in the form that is compared.
        login: String,
        /// Language of the page where it was asked for.
        locale: String,
    },
    /// Someone wants to become a member: is the address theirs?
    Register {
        /// What they filled in.
        form: Registration,
    },
    /// A member gave a new address: is it theirs?
    NewAddress {
        /// Who.
        member: ActorId,
        /// The address.
        email: String,
    },
    /// Someone who asked was let in.
    Approved {
        /// Who.
        member: ActorId,
    },
    /// Someone who asked was not let in; their account is gone.
    Refused {
        /// Their address.
        email: String,
        /// Their name.
        display_name: String,
        /// Their language.
        locale: String,
    },
}

/// What someone who wants to become a member filled in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Registration {
    /// Shown name.
    pub display_name: String,
    /// Name in addresses; may be empty.
    pub name: String,
    /// Address.
    pub email: String,
    /// Why they want to join.
    pub note: String,
    /// Language.
    pub locale: String,
}

/// Puts a letter in the queue, within a transaction.
pub(super) async fn post(conn: &mut Conn, ctx: &Ctx, letter: &Letter) -> Result<()> {
    let payload = serde_json::to_string(letter).map_err(Error::internal)?;
    let (id, run_at) = (ctx.ids.next(), ctx.now());
    let job = store::jobs::NewJob { id, kind: JOB, payload: &payload, dedup_key: None, lane: None, run_at };
    store::jobs::enqueue(conn, job).await.map(|_| ())
}

/// Puts a letter in the queue.
pub(super) async fn post_now(ctx: &Ctx, letter: Letter) -> Result<()> {
    let c = ctx.clone();
    ctx.db.write(move |conn| Box::pin(async move { post(conn, &c, &letter).await })).await?;
    ctx.wake.now();
    Ok(())
}

/// The job: writes a letter and sends it.
pub async fn run(ctx: &Ctx, payload: &str) -> Result<()> {
    match serde_json::from_str(payload).map_err(Error::internal)? {
        Letter::SignIn { login, locale } => sign_in_letter(ctx, &login, &locale).await,
        Letter::Register { form } => register_letter(ctx, form).await,
        Letter::NewAddress { member, email } => new_address_letter(ctx, member, &email).await,
        Letter::Approved { member } => approved_letter(ctx, member).await,
        Letter::Refused { email, display_name, locale } => {
            let locale = locale_of(ctx, Some(&locale));
            let text = letter_text(ctx, locale, &display_name, &[t(locale, "mail-refused-body")]);
            send(ctx, &email, &display_name, t(locale, "mail-refused-subject"), text).await
        }
    }
}

fn locale_of(ctx: &Ctx, tag: Option<&str>) -> Locale {
    tag.and_then(Locale::parse).or_else(|| Locale::parse(&ctx.instance().locale)).unwrap_or_default()
}

/// The name of this place, for subjects and greetings.
fn place(ctx: &Ctx) -> String {
    let name = ctx.instance().name.clone();
    if name.is_empty() { ctx.urls.host().to_owned() } else { name }
}

/// A greeting, the paragraphs, and who it comes from.
fn letter_text(ctx: &Ctx, locale: Locale, name: &str, paragraphs: &[String]) -> String {
    let greeting = if name.is_empty() {
        t(locale, "mail-greeting")
    } else {
        t_args(locale, "mail-greeting-name", &[("name", name.into())])
    };
    let sender = format!("{}\n{}", place(ctx), ctx.urls.origin());
    let mut parts = vec![greeting];
    parts.extend(paragraphs.iter().cloned());
    parts.push(sender);
    parts.join("\n\n") + "\n"
}

async fn send(ctx: &Ctx, to: &str, name: &str, subject: String, text: String) -> Result<()> {
    let to_name = Some(name.to_owned()).filter(|n| !n.is_empty());
    let mail = Mail { to: to.to_owned(), to_name, subject, text, ..Mail::default() };
    match ctx.mailer.send(mail).await {
        // An address that cannot be one will not become one: trying again would only fill the log.
        Err(Error::Invalid { .. }) => {
            tracing::warn!("a letter could not be addressed");
            Ok(())
        }
        other => other.map(|_| ()),
    }
}

async fn sign_in_letter(ctx: &Ctx, login: &str, locale: &str) -> Result<()> {
    let found = store::people::find_by_login(&mut ctx.db.read().await?, login).await?;
    let Some((member, actor)) = found.filter(|(_, actor)| actor.state == ActorState::Active) else { return Ok(()) };
    let Some(email) = member.email.clone() else { return Ok(()) };
    let lasts = sign_in::link_lifetime(ctx);
    let one_time = sign_in::one_time_link(ctx, member.actor_id, lasts).await?;
    let locale = locale_of(ctx, Some(locale));
    let minutes = Arg::from(lasts / Time::MINUTE);
    let code = format!("{} {}", &one_time.code[..3], &one_time.code[3..]);
    let paragraphs = [
        t(locale, "mail-sign-in-link"),
        one_time.url,
        t(locale, "mail-sign-in-code"),
        code.clone(),
        t_args(locale, "mail-sign-in-ends", &[("minutes", minutes)]),
    ];
    let subject = t_args(locale, "mail-sign-in-subject", &[("place", place(ctx).into()), ("code", code.into())]);
    send(ctx, &email, &actor.display_name, subject, letter_text(ctx, locale, &actor.display_name, &paragraphs)).await
}

async fn register_letter(ctx: &Ctx, form: Registration) -> Result<()> {
    let locale = locale_of(ctx, Some(&form.locale));
    let key = super::people::email_key(&form.email).ok_or_else(|| Error::invalid("email", "error-email-invalid"))?;
    let known = store::people::find_by_login(&mut ctx.db.read().await?, &key).await?;
    let subject = t_args(locale, "mail-register-subject", &[("place", place(ctx).into())]);
    if let Some((_, actor)) = known {
        let paragraphs = [t(locale, "mail-register-known"), ctx.urls.absolute("/sign-in")];
        let text = letter_text(ctx, locale, &actor.display_name, &paragraphs);
        return send(ctx, &form.email, &actor.display_name, subject, text).await;
    }
    let data = serde_json::to_string(&form).map_err(Error::internal)?;
    let link = confirm_link(ctx, None, data).await?;
    let paragraphs = [t(locale, "mail-register-body"), link, t(locale, "mail-register-ignore")];
    let text = letter_text(ctx, locale, &form.display_name, &paragraphs);
    send(ctx, &form.email, &form.display_name, subject, text).await
}

async fn new_address_letter(ctx: &Ctx, member: ActorId, email: &str) -> Result<()> {
    let Some((account, actor)) = account(ctx, member).await? else { return Ok(()) };
    let locale = locale_of(ctx, account.locale.as_deref());
    let link = confirm_link(ctx, Some(member), email.to_owned()).await?;
    let paragraphs = [t(locale, "mail-address-body"), link, t(locale, "mail-register-ignore")];
    let text = letter_text(ctx, locale, &actor.display_name, &paragraphs);
    send(ctx, email, &actor.display_name, t(locale, "mail-address-subject"), text).await
}

async fn approved_letter(ctx: &Ctx, member: ActorId) -> Result<()> {
    let Some((account, actor)) = account(ctx, member).await? else { return Ok(()) };
    let Some(email) = account.email else { return Ok(()) };
    let locale = locale_of(ctx, account.locale.as_deref());
    let paragraphs = [t(locale, "mail-approved-body"), ctx.urls.absolute("/sign-in")];
    let subject = t_args(locale, "mail-approved-subject", &[("place", place(ctx).into())]);
    send(ctx, &email, &actor.display_name, subject, letter_text(ctx, locale, &actor.display_name, &paragraphs)).await
}

async fn account(ctx: &Ctx, member: ActorId) -> Result<Option<(Member, Actor)>> {
    store::people::find(&mut ctx.db.read().await?, member).await
}

async fn confirm_link(ctx: &Ctx, member_id: Option<ActorId>, data: String) -> Result<String> {
    let link = ctx.rng.token();
    let token = Token {
        id: ctx.ids.next(),
        purpose: TokenPurpose::ConfirmEmail,
        member_id,
        link_hash: token_hash(&link),
        code_hash: None,
        data,
        tries: 0,
        created_at: ctx.now(),
        expires_at: ctx.now().plus(CONFIRM_FOR),
        used_at: None,
    };
    ctx.db.write(move |conn| Box::pin(async move { store::sign_in::insert(conn, &token).await })).await?;
    Ok(ctx.urls.confirm_link(&link))
}
