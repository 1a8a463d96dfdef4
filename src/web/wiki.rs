//! The knowledge base of a group: its pages, writing them, what changed, and going back.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::{CheckedForm, Fields, Nothing, Query, again};
use super::groups::Head;
use super::posts::ConfirmPage;
use super::visit::{PageResult, Visit};
use super::{page, see};
use crate::base::*;
use crate::domain::wiki::{WikiPage, WikiVersion};
use crate::services::posts::render_preview;
use crate::services::wiki::{self, Saved, Shown, WikiForm};
use crate::services::{Ctx, groups};
use crate::text::{self, Run};
use crate::urls::{actor_path, wiki_path};

/// `/groups/NAME/pages` and `/pages/ID`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/groups/{acct}/pages", get(list))
        .route("/groups/{acct}/pages/new", get(new).post(create))
        .route("/pages/{id}", get(show))
        .route("/pages/{id}/edit", get(edit).post(save))
        .route("/pages/{id}/history", get(history))
        .route("/pages/{id}/compare", get(compare))
        .route("/pages/{id}/versions/{number}", get(version))
        .route("/pages/{id}/restore", post(restore))
        .route("/pages/{id}/delete", get(ask_delete).post(delete))
}

/// A page in the list.
struct Line {
    path: String,
    title: String,
    excerpt: String,
    at: Time,
}

impl Line {
    fn of(page: WikiPage) -> Self {
        let excerpt = text::excerpt(&page.html, 140);
        Self { path: wiki_path(page.id), title: page.title, excerpt, at: page.updated_at }
    }
}

#[derive(askama::Template)]
#[template(path = "wiki/list.html")]
struct ListPage {
    c: Chrome,
    h: Head,
    lines: Vec<Line>,
    may_edit: bool,
}

#[derive(Debug, Default, Deserialize)]
struct Done {
    done: Option<String>,
}

async fn list(State(ctx): State<Ctx>, visit: Visit, Path(acct): Path<String>, Query(asked): Query<Done>) -> PageResult {
    let (view, pages) = wiki::list(&ctx, &visit.viewer, &acct).await?;
    let h = Head::of(&ctx, &view);
    let title = format!("{}: {}", h.title, visit.t("wiki-title"));
    let c = visit.chrome(&ctx, Place::Groups, title).flash(asked.done.as_deref());
    page(&ListPage { may_edit: wiki::may_edit(&view), lines: pages.into_iter().map(Line::of).collect(), h, c })
}

#[derive(askama::Template)]
#[template(path = "wiki/show.html")]
struct ShowPage {
    c: Chrome,
    h: Head,
    path: String,
    shown: Shown,
    /// Path and name of who wrote it last.
    author: Option<(String, String)>,
}

async fn show(State(ctx): State<Ctx>, visit: Visit, Path(id): Path<String>, Query(asked): Query<Done>) -> PageResult {
    let shown = wiki::get(&ctx, &visit.viewer, id.parse()?).await?;
    let c = visit.chrome(&ctx, Place::Groups, shown.page.title.clone()).flash(asked.done.as_deref());
    let author = shown.author.as_ref().map(|card| (actor_path(card.kind, &card.acct()), card.display_name.clone()));
    let h = Head::of(&ctx, &shown.group);
    page(&ShowPage { c, h, path: wiki_path(shown.page.id), author, shown })
}

/// What the form holds, as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    title: String,
    body: String,
    note: String,
    /// The version that was begun with.
    base: i64,
    preview: Option<String>,
}

impl Typed {
    fn form(&self) -> WikiForm {
        WikiForm { title: self.title.clone(), source: self.body.clone(), note: self.note.clone() }
    }
}

/// Somebody was earlier: what they changed, and how the reader's text differs from what is there now.
struct Clash {
    theirs: Vec<Vec<Run>>,
    mine: Vec<Vec<Run>>,
}

#[derive(askama::Template)]
#[template(path = "wiki/form.html")]
struct FormPage {
    c: Chrome,
    h: Head,
    fields: Fields,
    typed: Typed,
    action: String,
    back: String,
    /// The page is there already.
    exists: bool,
    preview: Option<SafeHtml>,
    clash: Option<Clash>,
    /// Under what the browser keeps what is typed.
    draft: String,
}

async fn new(State(ctx): State<Ctx>, visit: Visit, Path(acct): Path<String>) -> PageResult {
    let view = writable(&ctx, &visit, &acct).await?;
    page(&form_new(&ctx, &visit, &view, Typed::default()))
}

async fn writable(ctx: &Ctx, visit: &Visit, acct: &str) -> Result<groups::GroupView> {
    visit.member()?;
    let view = groups::view_by_handle(ctx, &visit.viewer, acct).await?;
    if wiki::may_edit(&view) { Ok(view) } else { Err(Error::forbidden("error-wiki-members")) }
}

fn form_new(ctx: &Ctx, visit: &Visit, view: &groups::GroupView, typed: Typed) -> FormPage {
    let h = Head::of(ctx, view);
    let c = visit.chrome(ctx, Place::Groups, visit.t("wiki-new"));
    let back = format!("{}/pages", h.path);
    let draft = c.draft_key(format!("wiki-{}", h.id));
    let (fields, action) = (Fields::default(), format!("{back}/new"));
    FormPage { c, h, fields, typed, action, back, exists: false, preview: None, clash: None, draft }
}

async fn create(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    CheckedForm(typed): CheckedForm<Typed>,
) -> PageResult {
    let view = writable(&ctx, &visit, &acct).await?;
    if typed.preview.is_some() {
        let preview = render_preview(&ctx, &visit.viewer, &typed.body).await?;
        return page(&FormPage { preview: Some(preview), ..form_new(&ctx, &visit, &view, typed) });
    }
    match wiki::create(&ctx, &visit.viewer, view.group.actor_id, &typed.form()).await {
        Ok(id) => see(&format!("{}?done=wiki-saved", wiki_path(id))),
        Err(error) => again(&FormPage { fields: Fields::of(error)?, ..form_new(&ctx, &visit, &view, typed) }),
    }
}

fn form_of(ctx: &Ctx, visit: &Visit, shown: &Shown, typed: Typed) -> FormPage {
    let c = visit.chrome(ctx, Place::Groups, visit.t("wiki-edit"));
    let back = wiki_path(shown.page.id);
    // Words that were kept beside an earlier version must not come back over a newer one.
    let draft = c.draft_key(format!("wiki-{}-{}", shown.page.id, typed.base));
    let (h, action) = (Head::of(ctx, &shown.group), format!("{back}/edit"));
    FormPage { c, h, fields: Fields::default(), typed, action, back, exists: true, preview: None, clash: None, draft }
}

async fn editable(ctx: &Ctx, visit: &Visit, id: &str) -> Result<Shown> {
    visit.member()?;
    let shown = wiki::get(ctx, &visit.viewer, id.parse()?).await?;
    if shown.may_edit { Ok(shown) } else { Err(Error::forbidden("error-wiki-members")) }
}

async fn edit(State(ctx): State<Ctx>, visit: Visit, Path(id): Path<String>) -> PageResult {
    let shown = editable(&ctx, &visit, &id).await?;
    let now = &shown.page;
    let typed = Typed { title: now.title.clone(), body: now.source.clone(), base: now.version, ..Typed::default() };
    page(&form_of(&ctx, &visit, &shown, typed))
}

async fn save(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(typed): CheckedForm<Typed>,
) -> PageResult {
    let shown = editable(&ctx, &visit, &id).await?;
    if typed.preview.is_some() {
        let preview = render_preview(&ctx, &visit.viewer, &typed.body).await?;
        return page(&FormPage { preview: Some(preview), ..form_of(&ctx, &visit, &shown, typed) });
    }
    match wiki::save(&ctx, &visit.viewer, shown.page.id, typed.base, &typed.form()).await {
        Ok(Saved::Done) => see(&format!("{}?done=wiki-saved", wiki_path(shown.page.id))),
        Ok(Saved::Conflict(begun, now)) => conflict(&ctx, &visit, &shown, typed, &begun, &now),
        Err(error) => again(&FormPage { fields: Fields::of(error)?, ..form_of(&ctx, &visit, &shown, typed) }),
    }
}

/// The form again, with what was typed: saved once more it counts as begun with what is there now.
fn conflict(
    ctx: &Ctx,
    visit: &Visit,
    shown: &Shown,
    mut typed: Typed,
    begun: &WikiVersion,
    now: &WikiPage,
) -> PageResult {
    let before = whole(&begun.title, &begun.source);
    let current = whole(&now.title, &now.source);
    let typed_now = whole(&typed.title, &typed.body.replace("\r\n", "\n"));
    let clash = Clash { theirs: changes(&before, &current), mine: changes(&current, &typed_now) };
    typed.base = now.version;
    let mut response = page(&FormPage { clash: Some(clash), ..form_of(ctx, visit, shown, typed) })?.into_response();
    *response.status_mut() = StatusCode::CONFLICT;
    Ok(response)
}

fn whole(title: &str, source: &str) -> String {
    format!("{title}\n{source}")
}

fn changes(before: &str, after: &str) -> Vec<Vec<Run>> {
    text::lines_of(text::word_diff(before, after))
}

/// A version in the history.
struct VersionLine {
    number: i64,
    author: (String, String),
    note: String,
    at: Time,
}

#[derive(askama::Template)]
#[template(path = "wiki/history.html")]
struct HistoryPage {
    c: Chrome,
    h: Head,
    path: String,
    title: String,
    versions: Vec<VersionLine>,
    /// The newest two, to begin with.
    chosen: (i64, i64),
    older: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
struct Before {
    before: Option<i64>,
    done: Option<String>,
}

async fn history(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Before>,
) -> PageResult {
    let (shown, versions) = wiki::history(&ctx, &visit.viewer, id.parse()?, asked.before).await?;
    let title = format!("{}: {}", shown.page.title, visit.t("wiki-history"));
    let c = visit.chrome(&ctx, Place::Groups, title).flash(asked.done.as_deref());
    let full = i64::try_from(versions.len()).is_ok_and(|n| n == wiki::VERSIONS);
    let older = versions.last().map(|last| last.number).filter(|number| full && *number > 1);
    let newest = versions.first().map_or(1, |first| first.number);
    let line = |version: WikiVersion| VersionLine {
        number: version.number,
        author: (actor_path(version.author.kind, &version.author.acct()), version.author.display_name.clone()),
        note: version.note,
        at: version.created_at,
    };
    page(&HistoryPage {
        h: Head::of(&ctx, &shown.group),
        path: wiki_path(shown.page.id),
        title: shown.page.title,
        versions: versions.into_iter().map(line).collect(),
        chosen: ((newest - 1).max(1), newest),
        older,
        c,
    })
}

#[derive(askama::Template)]
#[template(path = "wiki/compare.html")]
struct ComparePage {
    c: Chrome,
    h: Head,
    path: String,
    title: String,
    old: WikiVersion,
    new: WikiVersion,
    lines: Vec<Vec<Run>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Compared {
    from: i64,
    to: i64,
}

async fn compare(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Compared>,
) -> PageResult {
    let (shown, old, new) = wiki::compare(&ctx, &visit.viewer, id.parse()?, (asked.from, asked.to)).await?;
    let title = format!("{}: {}", shown.page.title, visit.t("wiki-compare"));
    let c = visit.chrome(&ctx, Place::Groups, title);
    let lines = changes(&whole(&old.title, &old.source), &whole(&new.title, &new.source));
    let (h, path) = (Head::of(&ctx, &shown.group), wiki_path(shown.page.id));
    page(&ComparePage { c, h, path, title: shown.page.title, old, new, lines })
}

#[derive(askama::Template)]
#[template(path = "wiki/version.html")]
struct VersionPage {
    c: Chrome,
    h: Head,
    path: String,
    title: String,
    version: WikiVersion,
    html: SafeHtml,
    /// The newest version's number, where the viewer may write and this is an earlier one.
    restore: Option<i64>,
}

async fn version(State(ctx): State<Ctx>, visit: Visit, Path((id, number)): Path<(String, String)>) -> PageResult {
    let number = number.parse().map_err(|_| Error::NotFound)?;
    let (shown, version, html) = wiki::version(&ctx, &visit.viewer, id.parse()?, number).await?;
    let c = visit.chrome(&ctx, Place::Groups, format!("{}, {number}", shown.page.title));
    page(&VersionPage {
        h: Head::of(&ctx, &shown.group),
        path: wiki_path(shown.page.id),
        restore: (shown.may_edit && number != shown.page.version).then_some(shown.page.version),
        title: shown.page.title,
        version,
        html,
        c,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RestoreForm {
    number: i64,
    base: i64,
}

async fn restore(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(form): CheckedForm<RestoreForm>,
) -> PageResult {
    let id: WikiId = id.parse()?;
    let note = crate::i18n::t_args(visit.locale, "wiki-restored", &[("n", crate::i18n::Arg::from(form.number))]);
    match wiki::restore(&ctx, &visit.viewer, id, form.number, form.base, &note).await? {
        Saved::Done => see(&format!("{}?done=wiki-saved", wiki_path(id))),
        // Somebody wrote meanwhile: what they wrote is looked at first.
        Saved::Conflict(..) => see(&format!("{}/history?done=wiki-changed", wiki_path(id))),
    }
}

async fn ask_delete(State(ctx): State<Ctx>, visit: Visit, Path(id): Path<String>) -> PageResult {
    let shown = wiki::get(&ctx, &visit.viewer, id.parse()?).await?;
    if !shown.group.moderator {
        return Err(Error::forbidden("error-not-moderator").into());
    }
    let c = visit.chrome(&ctx, Place::Groups, visit.t("wiki-delete"));
    let path = wiki_path(shown.page.id);
    page(&ConfirmPage {
        heading: c.tx("wiki-delete-title", &shown.page.title),
        what: c.t("wiki-delete-what"),
        button: "wiki-delete",
        danger: true,
        reason: None,
        typed: String::new(),
        fields: Fields::default(),
        action: format!("{path}/delete"),
        back: path,
        c,
    })
}

async fn delete(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(id): Path<String>,
    CheckedForm(_): CheckedForm<Nothing>,
) -> PageResult {
    let shown = wiki::get(&ctx, &visit.viewer, id.parse()?).await?;
    wiki::delete(&ctx, &visit.viewer, shown.page.id).await?;
    see(&format!("{}/pages?done=wiki-deleted", Head::of(&ctx, &shown.group).path))
}
