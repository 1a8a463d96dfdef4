//! What one tells of oneself, and the picture.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::super::chrome::{Chrome, Place};
use super::super::forms::{CheckedForm, CheckedParts, Fields, Nothing, Query, again};
use super::super::people::{languages_shown, languages_stored};
use super::super::views::Avatar;
use super::super::visit::{Failure, PageResult, Visit};
use super::super::{page, see};
use super::Asked;
use crate::base::Error;
use crate::domain::people::Branch;
use crate::services::people::Profile;
use crate::services::{Ctx, branches, people, pictures};
use crate::store::people::Details;

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/settings/profile", get(show).post(save))
        .route("/settings/avatar", post(avatar))
        .route("/settings/avatar/remove", post(remove_avatar))
}

#[derive(Clone, Debug, Default, Deserialize)]
struct ProfileForm {
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    pronunciation: String,
    #[serde(default)]
    job_title: String,
    #[serde(default)]
    branch: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    languages: String,
    #[serde(default)]
    contact: String,
}

#[derive(askama::Template)]
#[template(path = "settings/profile.html")]
struct ProfilePage {
    c: Chrome,
    fields: Fields,
    form: ProfileForm,
    branches: Vec<Branch>,
    avatar: Avatar,
    has_picture: bool,
    acct: String,
}

impl ProfilePage {
    async fn new(ctx: &Ctx, visit: &Visit, form: Option<ProfileForm>, fields: Fields) -> Result<Self, Failure> {
        let session = visit.session.as_deref().ok_or(Error::SignInNeeded)?;
        let (actor, member) = session.actor.as_ref().zip(session.member.as_ref()).ok_or(Error::SignInNeeded)?;
        let c = visit.chrome(ctx, Place::None, visit.t("settings-profile"));
        let form = form.unwrap_or_else(|| ProfileForm {
            display_name: actor.display_name.clone(),
            pronunciation: member.pronunciation.clone(),
            job_title: member.job_title.clone(),
            branch: member.branch_id.map(|id| id.to_string()).unwrap_or_default(),
            about: actor.summary_source.clone(),
            languages: languages_shown(&c, &member.languages),
            contact: member.contact.clone(),
        });
        Ok(Self {
            c,
            fields,
            form,
            branches: branches::list(ctx).await?,
            avatar: Avatar::of_actor(actor),
            has_picture: actor.icon_media_id.is_some(),
            acct: format!("@{}@{}", actor.name, ctx.urls.host()),
        })
    }

    fn in_branch(&self, branch: &Branch) -> bool {
        self.form.branch == branch.id.to_string()
    }
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let mut shown = ProfilePage::new(&ctx, &visit, None, Fields::default()).await?;
    shown.c = shown.c.flash(asked.done.as_deref());
    page(&shown)
}

async fn save(State(ctx): State<Ctx>, visit: Visit, CheckedForm(form): CheckedForm<ProfileForm>) -> PageResult {
    let profile = Profile {
        display_name: form.display_name.clone(),
        about: form.about.clone(),
        details: Details {
            job_title: form.job_title.clone(),
            pronunciation: form.pronunciation.clone(),
            branch_id: if form.branch.is_empty() { None } else { Some(form.branch.parse()?) },
            languages: languages_stored(&form.languages),
            contact: form.contact.clone(),
        },
    };
    match people::update_profile(&ctx, &visit.viewer, profile).await {
        Ok(()) => see("/settings/profile?done=saved"),
        Err(error) => again(&ProfilePage::new(&ctx, &visit, Some(form), Fields::of(error)?).await?),
    }
}

async fn avatar(State(ctx): State<Ctx>, visit: Visit, mut form: CheckedParts) -> PageResult {
    let file = form.files.pop().ok_or_else(|| Error::invalid("file", "error-file-none"));
    let set = match file {
        Ok(part) => pictures::set_avatar(&ctx, &visit.viewer, part.bytes).await,
        Err(error) => Err(error),
    };
    match set {
        Ok(()) => see("/settings/profile?done=picture"),
        Err(error) => again(&ProfilePage::new(&ctx, &visit, None, Fields::of(error)?).await?),
    }
}

async fn remove_avatar(State(ctx): State<Ctx>, visit: Visit, CheckedForm(_): CheckedForm<Nothing>) -> PageResult {
    pictures::remove_avatar(&ctx, &visit.viewer).await?;
    see("/settings/profile?done=picture-removed")
}
