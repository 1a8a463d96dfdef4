//! The organisation: name, logo, colour, rules, how one becomes a member; and its branches.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::super::chrome::{Chrome, Place};
use super::super::forms::{CheckedForm, CheckedParts, Fields, Nothing, Query, again};
use super::super::visit::{Failure, PageResult, Visit};
use super::super::{page, see};
use super::Asked;
use crate::base::{BranchId, Error};
use crate::config::Registration;
use crate::domain::colour;
use crate::domain::people::Branch;
use crate::i18n::{self, Locale};
use crate::policy;
use crate::services::instance::{self, Settings};
use crate::services::{Ctx, branches, pictures, registration};

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/admin/organisation", get(show).post(save))
        .route("/admin/logo", post(logo))
        .route("/admin/branches", get(list).post(create))
        .route("/admin/branches/{id}", post(update))
        .route("/admin/branches/{id}/delete", get(ask_delete).post(delete))
}

/// Hues to choose from, with the key of each name; the first is the usual one.
const HUES: [(&str, &str); 9] = [
    ("", "hue-usual"),
    ("25", "hue-red"),
    ("50", "hue-orange"),
    ("90", "hue-ochre"),
    ("130", "hue-olive"),
    ("195", "hue-sea"),
    ("245", "hue-blue"),
    ("295", "hue-purple"),
    ("350", "hue-pink"),
];

#[derive(Clone, Debug, Default, Deserialize)]
struct SettingsForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    locale: String,
    #[serde(default)]
    accent_hue: String,
    #[serde(default)]
    rules: String,
    #[serde(default)]
    contact: String,
    #[serde(default)]
    registration: String,
    groups_need_approval: Option<String>,
    hold_newcomers: Option<String>,
    previews_closed: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "admin/organisation.html")]
struct OrganisationPage {
    c: Chrome,
    fields: Fields,
    form: Settings,
    languages: Vec<(&'static str, &'static str)>,
    hues: Vec<(String, String)>,
    contrast: Option<String>,
    registrations: &'static [Registration],
    has_logo: bool,
}

impl OrganisationPage {
    fn new(ctx: &Ctx, visit: &Visit, form: Option<Settings>, fields: Fields) -> Result<Self, Failure> {
        visit.member()?;
        policy::check_admin(&visit.viewer)?;
        let mut form = form.unwrap_or_else(|| instance::settings(ctx));
        if form.registration.is_empty() {
            form.registration = registration::mode(ctx).to_string();
        }
        let mut hues: Vec<(String, String)> = HUES.iter().map(|(hue, key)| ((*hue).to_owned(), visit.t(key))).collect();
        if !hues.iter().any(|(hue, _)| *hue == form.accent_hue) {
            hues.push((form.accent_hue.clone(), format!("{}°", form.accent_hue)));
        }
        let contrast = form.accent_hue.parse().ok().map(|hue| {
            let tenths = format!("{:.1}", colour::accent_contrast(hue));
            let shown = tenths.replace('.', &i18n::t(visit.locale, "number-decimal"));
            i18n::t_args(visit.locale, "organisation-contrast", &[("what", shown.into())])
        });
        Ok(Self {
            c: visit.chrome(ctx, Place::None, visit.t("admin-organisation")),
            fields,
            form,
            languages: Locale::all().iter().map(|locale| (locale.tag(), locale.name())).collect(),
            hues,
            contrast,
            registrations: Registration::ALL,
            has_logo: ctx.instance().logo.is_some(),
        })
    }
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let mut shown = OrganisationPage::new(&ctx, &visit, None, Fields::default())?;
    shown.c = shown.c.flash(asked.done.as_deref());
    page(&shown)
}

async fn save(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<SettingsForm>) -> PageResult {
    visit.member()?;
    let new = Settings {
        name: form.name,
        description: form.description,
        locale: form.locale,
        accent_hue: form.accent_hue,
        rules: form.rules,
        contact: form.contact,
        registration: form.registration,
        groups_need_approval: form.groups_need_approval.is_some(),
        hold_newcomers: form.hold_newcomers.is_some(),
        previews_closed: form.previews_closed.is_some(),
    };
    match instance::update_settings(&ctx, &visit.viewer, new.clone()).await {
        Ok(()) => see("/admin/organisation?done=saved"),
        Err(error) => again(&OrganisationPage::new(&ctx, &visit, Some(new), Fields::of(error)?)?),
    }
}

async fn logo(State(ctx): State<Ctx>, visit: Visit, mut form: CheckedParts) -> PageResult {
    visit.member()?;
    let set = match form.files.pop() {
        Some(part) => pictures::set_logo(&ctx, &visit.viewer, part.bytes).await,
        None if form.has("remove") => pictures::remove_logo(&ctx, &visit.viewer).await,
        None => Err(Error::invalid("file", "error-file-none")),
    };
    match set {
        Ok(()) => see("/admin/organisation?done=picture"),
        Err(error) => again(&OrganisationPage::new(&ctx, &visit, None, Fields::of(error)?)?),
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
struct BranchForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    address: String,
}

#[derive(askama::Template)]
#[template(path = "admin/branches.html")]
struct BranchesPage {
    c: Chrome,
    fields: Fields,
    form: BranchForm,
    branches: Vec<Branch>,
}

impl BranchesPage {
    async fn new(ctx: &Ctx, visit: &Visit, form: BranchForm, fields: Fields) -> Result<Self, Failure> {
        visit.member()?;
        policy::check_admin(&visit.viewer)?;
        let c = visit.chrome(ctx, Place::None, visit.t("admin-branches"));
        Ok(Self { c, fields, form, branches: branches::list(ctx).await? })
    }
}

async fn list(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let mut shown = BranchesPage::new(&ctx, &visit, BranchForm::default(), Fields::default()).await?;
    shown.c = shown.c.flash(asked.done.as_deref());
    page(&shown)
}

async fn create(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<BranchForm>) -> PageResult {
    visit.member()?;
    match branches::create(&ctx, &visit.viewer, &form.name, &form.address).await {
        Ok(_) => see("/admin/branches?done=saved"),
        Err(error) => again(&BranchesPage::new(&ctx, &visit, form, Fields::of(error)?).await?),
    }
}

async fn update(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<BranchId>,
    CheckedForm(form): CheckedForm<BranchForm>,
) -> PageResult {
    visit.member()?;
    match branches::update(&ctx, &visit.viewer, id, &form.name, &form.address).await {
        Ok(()) => see("/admin/branches?done=saved"),
        Err(error) => again(&BranchesPage::new(&ctx, &visit, BranchForm::default(), Fields::of(error)?).await?),
    }
}

#[derive(askama::Template)]
#[template(path = "admin/branch_delete.html")]
struct DeletePage {
    c: Chrome,
    branch: Branch,
}

async fn ask_delete(State(ctx): State<Ctx>, visit: Visit, Path(id): Path<BranchId>) -> PageResult {
    visit.member()?;
    policy::check_admin(&visit.viewer)?;
    let branch = branches::list(&ctx).await?.into_iter().find(|b| b.id == id).ok_or(Error::NotFound)?;
    page(&DeletePage { c: visit.chrome(&ctx, Place::None, visit.t("branch-delete-title")), branch })
}

async fn delete(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<BranchId>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    visit.member()?;
    branches::delete(&ctx, &visit.viewer, id).await?;
    see("/admin/branches?done=branch-deleted")
}
