//! Becoming a member without an invitation: by asking, or at once, as the instance is set. An address is confirmed
//! first, so that the page need not tell whether it has an account.

use super::ctx::emit;
use super::letters::{self, Letter, Registration as Form};
use super::people::{self, NewMember, email_key};
use super::secrets::token_hash;
use super::sessions::{self, Begun, Device};
use super::throttle::{Quota, address_key};
use super::{Ctx, newcomers};
use crate::base::*;
use crate::config::Registration;
use crate::domain::Viewer;
use crate::domain::events::Event;
use crate::domain::people::TokenPurpose;
use crate::store::{self, Conn};

pub use super::letters::Registration as RegistrationForm;

/// What came of registering or confirming.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A mail is on its way.
    LookAtMail,
    /// The account is there, and this is a session of it.
    SignedIn(Begun),
    /// The account waits for approval.
    Waits,
    /// A member's new address holds now.
    AddressChanged,
}

/// How people become members here now.
pub fn mode(ctx: &Ctx) -> Registration {
    ctx.instance().registration.as_deref().and_then(Registration::parse).unwrap_or(ctx.config.instance.registration)
}

/// Asks to become a member. When this instance sends mail the answer is always the same; else the account is made at
/// once, and a taken address shows.
///
/// # Errors
/// `NotFound` when one needs an invitation; `Invalid` per field; `RateLimited`.
pub async fn register(ctx: &Ctx, form: Form, device: Device) -> Result<Outcome> {
    if mode(ctx) == Registration::Invite {
        return Err(Error::NotFound);
    }
    let quota = Quota { burst: 20, every: 2 * Time::MINUTE };
    ctx.throttle.take(&[(format!("r:{}", address_key(device.address)), quota)], ctx.now())?;
    let checked = people::check(ctx, new_member(ctx, &form)).await?;
    if ctx.mailer.enabled() {
        letters::post_now(ctx, Letter::Register { form }).await?;
        return Ok(Outcome::LookAtMail);
    }
    let c = ctx.clone();
    let outcome = ctx.db.write(move |conn| Box::pin(async move { join(conn, &c, checked, &device).await })).await?;
    ctx.wake.now();
    Ok(outcome)
}

fn new_member(ctx: &Ctx, form: &Form) -> NewMember {
    NewMember {
        name: form.name.clone(),
        email: Some(form.email.clone()),
        locale: Some(form.locale.clone()),
        request_note: form.note.chars().take(2000).collect(),
        pending: mode(ctx) != Registration::Open,
        ..NewMember::named(form.display_name.clone())
    }
}

async fn join(conn: &mut Conn, ctx: &Ctx, checked: people::Checked, device: &Device) -> Result<Outcome> {
    let pending = checked.pending();
    let id = people::insert(conn, ctx, checked).await?;
    if pending {
        emit(conn, &ctx.ids, ctx.now(), &Event::AccountRequested { actor: id }).await?;
        return Ok(Outcome::Waits);
    }
    newcomers::begin(conn, ctx, id, None).await?;
    sessions::begin(conn, ctx, Some(id), device, Default::default()).await.map(Outcome::SignedIn)
}

/// Uses a link that confirms an address: makes the account asked for, or changes a member's address.
///
/// # Errors
/// `Gone` when the link was used, ended or never was; `Invalid` when name or address were taken meanwhile.
pub async fn confirm(ctx: &Ctx, token: &str, device: Device) -> Result<Outcome> {
    let (hash, now) = (token_hash(token), ctx.now());
    let token = store::sign_in::find_by_link(&mut ctx.db.read().await?, &hash, now).await?;
    let token = token.filter(|t| t.purpose == TokenPurpose::ConfirmEmail).ok_or(Error::Gone)?;
    let checked = match token.member_id {
        Some(_) => None,
        None if mode(ctx) == Registration::Invite => return Err(Error::Gone),
        None => {
            let form: Form = serde_json::from_str(&token.data).map_err(Error::internal)?;
            Some(people::check(ctx, new_member(ctx, &form)).await?)
        }
    };
    let c = ctx.clone();
    let outcome = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                if store::sign_in::consume(conn, token.id, now).await? == 0 {
                    return Err(Error::Gone);
                }
                match (token.member_id, checked) {
                    (Some(member), _) => change_address(conn, member, &token.data).await,
                    (None, Some(checked)) => join(conn, &c, checked, &device).await,
                    (None, None) => Err(Error::Gone),
                }
            })
        })
        .await?;
    ctx.wake.now();
    Ok(outcome)
}

async fn change_address(conn: &mut Conn, member: ActorId, email: &str) -> Result<Outcome> {
    let key = email_key(email).ok_or_else(|| Error::invalid("email", "error-email-invalid"))?;
    match store::people::set_email(conn, member, email.trim(), &key).await {
        Err(Error::Conflict { .. }) => Err(Error::invalid("email", "error-email-taken")),
        other => other.map(|_| Outcome::AddressChanged),
    }
}

/// Has a link sent to a new address of the viewer; the address holds once it is used. Without mail it holds at once.
///
/// # Errors
/// `Invalid` for `email`, `RateLimited`.
pub async fn request_new_address(ctx: &Ctx, viewer: &Viewer, email: &str) -> Result<Outcome> {
    let member = viewer.member_id()?;
    if email_key(email).is_none() {
        return Err(Error::invalid("email", "error-email-invalid"));
    }
    let quota = Quota { burst: 5, every: 10 * Time::MINUTE };
    ctx.throttle.take(&[(format!("e:{member}"), quota)], ctx.now())?;
    let email = email.trim().to_owned();
    if ctx.mailer.enabled() {
        letters::post_now(ctx, Letter::NewAddress { member, email }).await?;
        return Ok(Outcome::LookAtMail);
    }
    ctx.db.write(move |conn| Box::pin(async move { change_address(conn, member, &email).await })).await
}
