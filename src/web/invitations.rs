//! Invitations: making them, the sheet to print, and the page of whoever has one.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, Fields, Nothing, Query, again};
use super::sign_in::{device, enter, over};
use super::visit::{Failure, PageResult, Visit};
use super::{page, see};
use crate::base::{ActorId, Error};
use crate::domain::people::PersonKind;
use crate::services::Ctx;
use crate::services::invitations::{self as service, Acceptance, NewInvitation};
use crate::store::groups::GroupLine;
use crate::store::invitations::InvitationLine;

/// `/invitations`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/invitations", get(list).post(create))
        .route("/invitations/new", get(ask))
        .route("/invitations/{code}", get(show).post(accept))
        .route("/invitations/{code}/sheet", get(sheet))
        .route("/invitations/{code}/revoke", post(revoke))
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Asked {
    before: Option<i64>,
    all: Option<String>,
    group: Option<ActorId>,
    done: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "invitations/list.html")]
struct ListPage {
    c: Chrome,
    lines: Vec<InvitationLine>,
    everyone: bool,
    may_see_all: bool,
    may_invite: bool,
    next: Option<i64>,
}

async fn list(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let may_see_all = visit.viewer.role().is_moderator();
    let everyone = asked.all.is_some() && may_see_all;
    let lines = service::list(&ctx, &visit.viewer, everyone, asked.before).await?;
    let c = visit.chrome(&ctx, Place::People, visit.t("invitations-title")).flash(asked.done.as_deref());
    let next = lines.last().filter(|_| lines.len() == 50).map(|line| line.invitation.id.0);
    let may_invite = service::may_invite(&ctx, &visit.viewer).await?;
    page(&ListPage { c, lines, everyone, may_see_all, may_invite, next })
}

#[derive(Clone, Debug, Default, Deserialize)]
struct NewForm {
    #[serde(default)]
    group: Vec<ActorId>,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    max_uses: String,
    #[serde(default)]
    days: String,
    #[serde(default)]
    note: String,
}

#[derive(askama::Template)]
#[template(path = "invitations/new.html")]
struct NewPage {
    c: Chrome,
    fields: Fields,
    form: NewForm,
    groups: Vec<GroupLine>,
    kinds: Vec<PersonKind>,
}

impl NewPage {
    async fn new(ctx: &Ctx, visit: &Visit, form: NewForm, fields: Fields) -> Result<Self, Failure> {
        let groups = service::groups_to_offer(ctx, &visit.viewer).await?;
        let kinds = if visit.viewer.role().is_moderator() {
            vec![PersonKind::Volunteer, PersonKind::Staff, PersonKind::Partner, PersonKind::Guest]
        } else {
            vec![PersonKind::Guest]
        };
        let c = visit.chrome(ctx, Place::People, visit.t("invitation-new"));
        Ok(Self { c, fields, form, groups, kinds })
    }

    fn chosen(&self, group: &ActorId) -> bool {
        self.form.group.contains(group)
    }
}

async fn ask(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    visit.member()?;
    let kind = if visit.viewer.role().is_moderator() { PersonKind::Volunteer } else { PersonKind::Guest };
    let form = NewForm {
        group: asked.group.into_iter().collect(),
        kind: kind.to_string(),
        max_uses: "1".to_owned(),
        days: ctx.config.limits.invitation_days.to_string(),
        note: String::new(),
    };
    page(&NewPage::new(&ctx, &visit, form, Fields::default()).await?)
}

async fn create(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<NewForm>) -> PageResult {
    let new = NewInvitation {
        groups: form.group.clone(),
        person_kind: PersonKind::parse(&form.kind).ok_or(Error::invalid("kind", "error-choice"))?,
        // What is no number is refused as out of bounds, with the text that tells the bounds.
        max_uses: form.max_uses.trim().parse().unwrap_or(0),
        days: Some(form.days.trim().parse().unwrap_or(0)),
        note: form.note.clone(),
    };
    match service::create(&ctx, &visit.viewer, new).await {
        Ok(made) => see(&format!("/invitations/{}/sheet?done=invitation", made.code)),
        Err(error) => again(&NewPage::new(&ctx, &visit, form, Fields::of(error)?).await?),
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
struct AcceptForm {
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    shared: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "invitations/show.html")]
struct ShowPage {
    c: Chrome,
    fields: Fields,
    form: AcceptForm,
    line: InvitationLine,
    mine: bool,
    rules: bool,
}

impl ShowPage {
    fn new(ctx: &Ctx, visit: &Visit, line: InvitationLine, form: AcceptForm, fields: Fields) -> Self {
        let title = match line.groups.as_slice() {
            [only] => crate::i18n::t_args(
                visit.locale,
                "invitation-join",
                &[("what", only.actor.display_name.as_str().into())],
            ),
            _ => crate::i18n::t_args(visit.locale, "invitation-join", &[("what", ctx.instance().name.as_str().into())]),
        };
        let mine = visit.viewer.actor_id() == Some(line.invitation.inviter_id);
        let c = visit.chrome(ctx, Place::None, title);
        Self { c, fields, form, line, mine, rules: !ctx.instance().rules.is_empty() }
    }
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Path(code): Path<String>) -> PageResult {
    match service::open(&ctx, &code, &visit.device).await {
        Ok(line) => page(&ShowPage::new(&ctx, &visit, line, AcceptForm::default(), Fields::default())),
        Err(Error::Gone | Error::NotFound) => over(&ctx, &visit),
        Err(error) => Err(Failure(error)),
    }
}

async fn accept(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(code): Path<String>,
    CheckedForm(form): CheckedForm<AcceptForm>,
) -> PageResult {
    let done = if visit.member().is_ok() {
        service::accept_as(&ctx, &visit.viewer, &code, &visit.device).await.map(|()| None)
    } else {
        let filled = Acceptance {
            display_name: form.display_name.clone(),
            name: form.name.clone(),
            email: form.email.clone(),
            password: Some(form.password.clone()),
            locale: visit.locale.tag().to_owned(),
        };
        service::accept(&ctx, &code, filled, device(&visit, form.shared.is_some())).await.map(Some)
    };
    match done {
        Ok(Some(begun)) => enter(&ctx, &visit, &begun, "/home?done=welcome").await,
        Ok(None) => see("/groups?done=joined"),
        Err(Error::Gone | Error::NotFound) => over(&ctx, &visit),
        Err(error) => {
            let fields = Fields::of(error)?;
            let form = AcceptForm { password: String::new(), ..form };
            let line = service::open(&ctx, &code, &visit.device).await?;
            again(&ShowPage::new(&ctx, &visit, line, form, fields))
        }
    }
}

#[derive(askama::Template)]
#[template(path = "invitations/sheet.html")]
struct SheetPage {
    c: Chrome,
    line: InvitationLine,
    address: String,
    qr: QrCode,
    open: bool,
}

/// A QR code as the path of an SVG: one module is one unit.
#[derive(Clone, Debug)]
pub(super) struct QrCode {
    /// Modules on a side, the quiet zone included.
    pub side: usize,
    /// `d` of the path.
    pub path: String,
}

impl QrCode {
    /// Of an address.
    pub fn of(address: &str) -> Result<Self, Failure> {
        const QUIET: usize = 4;
        let code = qrcode::QrCode::new(address.as_bytes()).map_err(|error| Error::internal(error.to_string()))?;
        let width = code.width();
        let mut path = String::new();
        for (at, colour) in code.to_colors().into_iter().enumerate() {
            if colour == qrcode::Color::Dark {
                path.push_str(&format!("M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET));
            }
        }
        Ok(Self { side: width + 2 * QUIET, path })
    }
}

async fn sheet(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(code): Path<String>,
    Query(asked): Query<Asked>,
) -> PageResult {
    visit.member()?;
    let line = service::get(&ctx, &visit.viewer, &code).await?;
    let address = ctx.urls.invitation(&line.invitation.code);
    let c = visit.chrome(&ctx, Place::People, visit.t("invitation-sheet")).flash(asked.done.as_deref());
    let open = line.invitation.is_open(ctx.now());
    page(&SheetPage { c, qr: QrCode::of(&address)?, line, address, open })
}

async fn revoke(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(code): Path<String>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    service::revoke(&ctx, &visit.viewer, &code).await?;
    see("/invitations?done=invitation-revoked")
}
