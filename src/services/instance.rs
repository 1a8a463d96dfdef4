//! The organisation itself: the first run, and what people set from the pages.

use super::people::{self, NewMember};
use super::secrets::token_hash;
use super::sessions::{self, Begun, Device};
use super::{Ctx, branches};
use crate::base::*;
use crate::config::Registration;
use crate::domain::Viewer;
use crate::domain::actors::ActorState;
use crate::domain::people::{PersonKind, Role, TokenPurpose};
use crate::i18n::Locale;
use crate::policy;
use crate::store::sign_in::Token;
use crate::store::{self, Conn};

/// How long the link to the first-run page holds.
const FIRST_RUN_FOR: i64 = Time::HOUR;

/// What the first-run page asks.
#[derive(Clone, Debug, Default)]
pub struct FirstRun {
    /// Name of the organisation.
    pub organisation: String,
    /// Language.
    pub locale: String,
    /// First branch; may be empty.
    pub branch: String,
    /// Shown name of the owner.
    pub display_name: String,
    /// Name in addresses; made from the shown one when empty.
    pub name: String,
    /// Address to sign in with.
    pub email: String,
    /// Password; may be empty when mail works.
    pub password: String,
}

/// What an administrator can set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Name of the organisation.
    pub name: String,
    /// One sentence about it.
    pub description: String,
    /// Language of pages for people who chose none.
    pub locale: String,
    /// Accent colour, hue in degrees, as typed; empty for the usual one.
    pub accent_hue: String,
    /// House rules, Markdown.
    pub rules: String,
    /// Address or telephone number for questions.
    pub contact: String,
    /// invite, request, open; empty: as configured.
    pub registration: String,
    /// New groups wait for approval.
    pub groups_need_approval: bool,
    /// First posts of newcomers wait for a moderator.
    pub hold_newcomers: bool,
    /// Pages that closed groups link to are asked for a card as well.
    pub previews_closed: bool,
}

/// Figures for the administrator's first page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// People who take part.
    pub members: i64,
    /// People who wait for approval.
    pub pending: i64,
    /// People who were suspended.
    pub suspended: i64,
    /// People who were here in the last seven days.
    pub seen_this_week: i64,
    /// Jobs that wait or run.
    pub jobs_open: i64,
    /// Jobs that were given up; at most 100 are counted.
    pub jobs_failed: i64,
}

/// Whether nobody has an account yet.
pub async fn needs_first_run(ctx: &Ctx) -> Result<bool> {
    store::people::is_empty(&mut ctx.db.read().await?).await
}

/// A link that opens the first-run page once, within the hour; the one before stops working. `None` when there are
/// accounts already. To be shown on the terminal, never in a log.
pub async fn first_run_link(ctx: &Ctx) -> Result<Option<String>> {
    if !needs_first_run(ctx).await? {
        return Ok(None);
    }
    let link = ctx.rng.token();
    let token = Token {
        id: ctx.ids.next(),
        purpose: TokenPurpose::FirstRun,
        member_id: None,
        link_hash: token_hash(&link),
        code_hash: None,
        data: String::new(),
        tries: 0,
        created_at: ctx.now(),
        expires_at: ctx.now().plus(FIRST_RUN_FOR),
        used_at: None,
    };
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                store::sign_in::revoke(conn, TokenPurpose::FirstRun, None).await?;
                store::sign_in::insert(conn, &token).await
            })
        })
        .await?;
    Ok(Some(ctx.urls.first_run_link(&link)))
}

/// Whether a link to the first-run page may still be used.
///
/// # Errors
/// `Gone` when not.
pub async fn check_first_run(ctx: &Ctx, token: &str) -> Result<()> {
    first_run_token(&mut ctx.db.read().await?, ctx, &token_hash(token)).await.map(|_| ())
}

async fn first_run_token(conn: &mut Conn, ctx: &Ctx, hash: &str) -> Result<Token> {
    let token = store::sign_in::find_by_link(conn, hash, ctx.now()).await?;
    let token = token.filter(|t| t.purpose == TokenPurpose::FirstRun).ok_or(Error::Gone)?;
    if store::people::is_empty(conn).await? { Ok(token) } else { Err(Error::Gone) }
}

/// Makes the owner's account, the first branch and the settings, uses up the link, and begins a session.
///
/// # Errors
/// `Gone` for a link that may not be used; `Invalid` per field.
pub async fn complete_first_run(ctx: &Ctx, token: &str, form: FirstRun, device: Device) -> Result<Begun> {
    check_first_run(ctx, token).await?;
    let mut fields = Vec::new();
    let organisation = form.organisation.trim().to_owned();
    if organisation.is_empty() || organisation.chars().count() > 80 {
        fields.push(FieldError { field: "organisation", code: "error-organisation-name" });
    }
    let password_missing = form.password.is_empty() && !ctx.mailer.enabled();
    let locale = Locale::parse(&form.locale).unwrap_or_default().tag();
    let new = NewMember {
        name: form.name,
        email: Some(form.email),
        password: Some(form.password).filter(|p| !p.is_empty()),
        locale: Some(locale.to_owned()),
        role: Role::Owner,
        person_kind: PersonKind::Staff,
        ..NewMember::named(form.display_name)
    };
    let checked = people::check(ctx, new).await;
    if let Err(Error::Invalid { fields: more }) = &checked {
        fields.extend(more.iter().cloned());
    }
    // In the order of the form.
    if password_missing {
        fields.push(FieldError { field: "password", code: "error-password-needed" });
    }
    if !fields.is_empty() {
        return Err(Error::Invalid { fields });
    }
    let checked = checked?;
    let (c, hash, branch) = (ctx.clone(), token_hash(token), form.branch);
    let begun = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let token = first_run_token(conn, &c, &hash).await?;
                store::sign_in::consume(conn, token.id, c.now()).await?;
                let mut checked = checked;
                if !branch.trim().is_empty() {
                    checked.set_branch(branches::insert(conn, &c, &branch, "").await?.id);
                }
                let owner = people::insert(conn, &c, checked).await?;
                store::settings::set(conn, "name", &organisation).await?;
                store::settings::set(conn, "locale", locale).await?;
                sessions::begin(conn, &c, Some(owner), &device, Default::default()).await
            })
        })
        .await?;
    ctx.reload_instance().await?;
    Ok(begun)
}

/// What is set now, for the form.
pub fn settings(ctx: &Ctx) -> Settings {
    let now = ctx.instance();
    Settings {
        name: now.name.clone(),
        description: now.description.clone(),
        locale: now.locale.clone(),
        accent_hue: now.accent_hue.map(|hue| hue.to_string()).unwrap_or_default(),
        rules: now.rules.clone(),
        contact: now.contact.clone(),
        registration: now.registration.clone().unwrap_or_default(),
        groups_need_approval: now.groups_need_approval,
        hold_newcomers: now.hold_newcomers,
        previews_closed: now.previews_closed,
    }
}

/// Sets them. A colour on which white text cannot be read well is refused.
///
/// # Errors
/// `Forbidden`; `Invalid` per field.
pub async fn update_settings(ctx: &Ctx, viewer: &Viewer, new: Settings) -> Result<()> {
    policy::check_admin(viewer)?;
    let mut fields = Vec::new();
    let name = new.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 80 {
        fields.push(FieldError { field: "name", code: "error-organisation-name" });
    }
    let hue = new.accent_hue.trim();
    let fits = |hue: u16| hue < 360 && crate::domain::colour::accent_contrast(hue) >= 4.5;
    if !hue.is_empty() && !hue.parse().is_ok_and(fits) {
        fields.push(FieldError { field: "accent_hue", code: "error-hue" });
    }
    if !new.registration.is_empty() && Registration::parse(&new.registration).is_none() {
        fields.push(FieldError { field: "registration", code: "error-choice" });
    }
    let Some(locale) = Locale::parse(&new.locale) else {
        fields.push(FieldError { field: "locale", code: "error-choice" });
        return Err(Error::Invalid { fields });
    };
    if new.rules.chars().count() > 10_000 || new.description.chars().count() > 500 {
        fields.push(FieldError { field: "rules", code: "error-text-long" });
    }
    if !fields.is_empty() {
        return Err(Error::Invalid { fields });
    }
    let flag = |on: bool| if on { "true" } else { "false" }.to_owned();
    let values = [
        ("name", name),
        ("description", new.description.trim().to_owned()),
        ("locale", locale.tag().to_owned()),
        ("accent_hue", hue.to_owned()),
        ("rules", new.rules),
        ("contact", new.contact.trim().to_owned()),
        ("registration", new.registration),
        ("groups_need_approval", flag(new.groups_need_approval)),
        ("hold_newcomers", flag(new.hold_newcomers)),
        ("previews_closed", flag(new.previews_closed)),
    ];
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                for (key, value) in &values {
                    store::settings::set(conn, key, value).await?;
                }
                Ok(())
            })
        })
        .await?;
    ctx.reload_instance().await
}

/// Figures for the administrator's first page.
pub async fn figures(ctx: &Ctx, viewer: &Viewer) -> Result<Figures> {
    policy::check_instance_moderator(viewer)?;
    let mut conn = ctx.db.read().await?;
    let week = ctx.now().plus(-7 * Time::DAY);
    let failed = store::jobs::list_failed(&mut conn, 100).await?.len();
    Ok(Figures {
        members: store::people::count(&mut conn, ActorState::Active).await?,
        pending: store::people::count(&mut conn, ActorState::Pending).await?,
        suspended: store::people::count(&mut conn, ActorState::Suspended).await?,
        seen_this_week: store::people::count_seen_since(&mut conn, week).await?,
        jobs_open: store::jobs::count_waiting(&mut conn).await?,
        jobs_failed: i64::try_from(failed).unwrap_or(i64::MAX),
    })
}
