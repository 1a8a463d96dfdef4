//! Starting a group, changing it, closing it.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, CheckedParts, Fields, Nothing, Query};
use super::groups::{Head, joins_key, reads_key};
use super::members::{again, path_of};
use super::visit::{PageResult, Visit};
use super::{page, see};
use crate::base::*;
use crate::domain::groups::{GroupKind, Posting};
use crate::domain::people::Branch;
use crate::services::group_requests::{self, Started};
use crate::services::groups::GroupForm;
use crate::services::{Ctx, branches, groups, pictures};
use crate::urls;

/// Forms that make and change groups.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/groups/new", get(new).post(create))
        .route("/groups/{acct}/edit", get(edit).post(update))
        .route("/groups/{acct}/picture", post(picture))
        .route("/groups/{acct}/archive", post(archive))
        .route("/groups/{acct}/reopen", post(reopen))
        .route("/groups/{acct}/delete", get(ask_delete).post(delete))
}

/// What the form holds, as typed.
#[derive(Clone, Debug, Default, Deserialize)]
struct Typed {
    #[serde(default)]
    title: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    hidden: String,
    #[serde(default)]
    posting: String,
    #[serde(default)]
    approval: String,
    #[serde(default)]
    outside_members: String,
    #[serde(default)]
    bare_notices: String,
    #[serde(default)]
    rules: String,
    #[serde(default)]
    card: String,
    #[serde(default)]
    topics: String,
    #[serde(default)]
    branch: String,
    #[serde(default)]
    spine: String,
    #[serde(default)]
    confirmed: String,
}

impl Typed {
    fn form(&self) -> Result<GroupForm> {
        let kind = GroupKind::parse(&self.kind);
        let form = GroupForm {
            title: self.title.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            kind: kind.unwrap_or(GroupKind::Private),
            hidden: !self.hidden.is_empty(),
            posting: Posting::parse(&self.posting).unwrap_or(Posting::Members),
            approval: !self.approval.is_empty(),
            outside_members: !self.outside_members.is_empty(),
            bare_notices: !self.bare_notices.is_empty(),
            rules: self.rules.clone(),
            card: self.card.clone(),
            topics: self.topics.clone(),
            branch_id: self.branch.parse().ok(),
            spine: self.spine.parse().unwrap_or(0),
        };
        if kind.is_some() {
            return Ok(form);
        }
        // Someone who missed two things hears of both at once.
        let mut fields = match form.check() {
            Err(Error::Invalid { fields }) => fields,
            Ok(()) | Err(_) => Vec::new(),
        };
        fields.push(FieldError { field: "kind", code: "error-group-kind" });
        Err(Error::Invalid { fields })
    }
}

#[derive(askama::Template)]
#[template(path = "groups/form.html")]
struct FormPage {
    c: Chrome,
    /// The group, when it is there already.
    h: Option<Head>,
    fields: Fields,
    form: Typed,
    branches: Vec<Branch>,
    /// A moderator looks at it first.
    waits: bool,
}

impl FormPage {
    fn is(&self, kind: &str) -> bool {
        self.form.kind == kind
    }

    fn posts(&self, who: &str) -> bool {
        self.form.posting == who || (self.form.posting.is_empty() && who == "members")
    }

    fn branch(&self, id: &BranchId) -> bool {
        self.form.branch == id.to_string()
    }

    fn colour(&self, spine: &str) -> bool {
        self.form.spine == spine
    }
}

/// Whether a moderator looks at a group before it begins.
fn waits(ctx: &Ctx, visit: &Visit) -> bool {
    ctx.instance().groups_need_approval && !visit.viewer.role().is_moderator()
}

async fn new(State(ctx): State<Ctx>, visit: Visit) -> PageResult {
    visit.member()?;
    if !visit.viewer.is_full_member() {
        return Err(Error::forbidden("error-guests-not").into());
    }
    let c = visit.chrome(&ctx, Place::Groups, visit.t("groups-start"));
    let branches = branches::list(&ctx).await?;
    page(&FormPage {
        c,
        h: None,
        fields: Fields::default(),
        form: Typed::default(),
        branches,
        waits: waits(&ctx, &visit),
    })
}

async fn create(State(ctx): State<Ctx>, visit: Visit, CheckedForm(typed): CheckedForm<Typed>) -> PageResult {
    let made = match typed.form() {
        Ok(form) => group_requests::start(&ctx, &visit.viewer, form).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(Started::Waits) => see("/groups?done=group-waits"),
        Ok(Started::Now(actor)) => see(&format!("{}?done=group-started", urls::actor_path(actor.kind, &actor.name))),
        Err(error) => {
            let fields = Fields::of(error)?;
            let c = visit.chrome(&ctx, Place::Groups, visit.t("groups-start"));
            again(&FormPage {
                c,
                h: None,
                fields,
                form: typed,
                branches: branches::list(&ctx).await?,
                waits: waits(&ctx, &visit),
            })
        }
    }
}

async fn edit(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    Query(asked): Query<Asked>,
) -> PageResult {
    let mut shown = edit_page(&ctx, &visit, &acct, Fields::default()).await?;
    shown.c = shown.c.flash(asked.done.as_deref());
    page(&shown)
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    done: Option<String>,
}

async fn edit_page(ctx: &Ctx, visit: &Visit, acct: &str, fields: Fields) -> Result<FormPage> {
    visit.member()?;
    let view = groups::view_by_handle(ctx, &visit.viewer, acct).await?;
    if !view.may_manage {
        return Err(Error::forbidden("error-not-moderator"));
    }
    let on = |yes: bool| if yes { "on".to_owned() } else { String::new() };
    let group = &view.group;
    let form = Typed {
        title: view.actor.display_name.clone(),
        name: view.actor.name.clone(),
        description: view.actor.summary_source.clone(),
        kind: group.kind.as_str().to_owned(),
        hidden: on(group.hidden),
        posting: group.posting.as_str().to_owned(),
        approval: on(group.approval),
        outside_members: on(group.outside_members),
        bare_notices: on(group.bare_notices),
        rules: group.rules_source.clone(),
        card: group.card_source.clone(),
        topics: group.topics.clone(),
        branch: group.branch_id.map(|id| id.to_string()).unwrap_or_default(),
        spine: group.spine.to_string(),
        confirmed: String::new(),
    };
    let c = visit.chrome(ctx, Place::Groups, visit.t("group-edit"));
    let h = Some(Head::of(ctx, &view));
    Ok(FormPage { c, h, fields, form, branches: branches::list(ctx).await?, waits: false })
}

async fn picture(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    mut parts: CheckedParts,
) -> PageResult {
    let view = groups::view_by_handle(&ctx, &visit.viewer, &acct).await?;
    let remove = parts.has("remove");
    let file = parts.files.pop().map(|part| part.bytes);
    let set = match (remove, file) {
        (false, None) => Err(Error::invalid("file", "error-file-none")),
        (true, _) => pictures::set_group_picture(&ctx, &visit.viewer, view.group.actor_id, None).await,
        (false, file) => pictures::set_group_picture(&ctx, &visit.viewer, view.group.actor_id, file).await,
    };
    match set {
        Ok(()) => {
            let done = if remove { "picture-removed" } else { "picture" };
            see(&format!("{}/edit?done={done}#picture", path_of(&view)))
        }
        Err(error) => again(&edit_page(&ctx, &visit, &acct, Fields::of(error)?).await?),
    }
}

#[derive(askama::Template)]
#[template(path = "groups/kind.html")]
struct KindPage {
    c: Chrome,
    h: Head,
    form: Typed,
    reads: &'static str,
    joins: &'static str,
    known: &'static str,
    members: &'static str,
    wider: bool,
}

/// What becomes visible to whom when a group gets another kind.
fn warning(ctx: &Ctx, visit: &Visit, h: Head, from: GroupKind, form: &GroupForm, typed: Typed) -> KindPage {
    let kind = form.kind;
    let known = match kind {
        GroupKind::Public => "group-change-known-public",
        GroupKind::Network => "group-change-known-network",
        GroupKind::Private if form.hidden => "group-change-known-hidden",
        GroupKind::Organisation | GroupKind::Private => "group-change-known-organisation",
    };
    let members = if kind == GroupKind::Private { "group-change-members-own" } else { "group-change-members-all" };
    KindPage {
        c: visit.chrome(ctx, Place::Groups, visit.t("group-change-title")),
        h,
        form: typed,
        reads: reads_key(kind, form.hidden),
        joins: joins_key(kind, form.approval, form.hidden),
        known,
        members,
        wider: from.is_narrower_than(kind),
    }
}

async fn update(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    CheckedForm(typed): CheckedForm<Typed>,
) -> PageResult {
    let view = groups::view_by_handle(&ctx, &visit.viewer, &acct).await?;
    if !view.may_manage {
        return Err(Error::forbidden("error-not-moderator").into());
    }
    let h = Head::of(&ctx, &view);
    let done = match typed.form() {
        Ok(form) if form.kind != view.group.kind && typed.confirmed.is_empty() => {
            return page(&warning(&ctx, &visit, h, view.group.kind, &form, typed));
        }
        Ok(form) => groups::update(&ctx, &visit.viewer, view.group.actor_id, form).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => see(&format!("{}?done=saved", h.path)),
        Err(error) => {
            let fields = Fields::of(error)?;
            let c = visit.chrome(&ctx, Place::Groups, visit.t("group-edit"));
            again(&FormPage { c, h: Some(h), fields, form: typed, branches: branches::list(&ctx).await?, waits: false })
        }
    }
}

async fn archive(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    set_archived(&ctx, &visit, &acct, true).await
}

async fn reopen(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    set_archived(&ctx, &visit, &acct, false).await
}

async fn set_archived(ctx: &Ctx, visit: &Visit, acct: &str, archived: bool) -> PageResult {
    let view = groups::view_by_handle(ctx, &visit.viewer, acct).await?;
    groups::set_archived(ctx, &visit.viewer, view.group.actor_id, archived).await?;
    let done = if archived { "archived" } else { "reopened" };
    see(&format!("{}?done={done}", path_of(&view)))
}

#[derive(askama::Template)]
#[template(path = "groups/delete.html")]
struct DeletePage {
    c: Chrome,
    h: Head,
}

async fn ask_delete(State(ctx): State<Ctx>, visit: Visit, Path(acct): Path<String>) -> PageResult {
    visit.member()?;
    let view = groups::view_by_handle(&ctx, &visit.viewer, &acct).await?;
    let h = Head::of(&ctx, &view);
    if !h.owner && !visit.viewer.role().is_admin() {
        return Err(Error::forbidden("error-owner-only").into());
    }
    page(&DeletePage { c: visit.chrome(&ctx, Place::Groups, visit.t("group-delete")), h })
}

async fn delete(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    let view = groups::view_by_handle(&ctx, &visit.viewer, &acct).await?;
    groups::delete(&ctx, &visit.viewer, view.group.actor_id).await?;
    see("/groups?done=group-deleted")
}
