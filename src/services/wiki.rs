//! The knowledge base of a group: pages that its members write together, with every version kept. Who saves says which
//! version they began with; when it is no longer the newest, nothing is written and both are shown.

use super::groups::{self, GroupView};
use super::{Ctx, posts};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::ActorCard;
use crate::domain::wiki::{WikiPage, WikiVersion};
use crate::policy::{self, InGroup};
use crate::store::wiki::NewVersion;
use crate::store::{self, Conn};

/// Most pages of one group.
const MOST_PAGES: i64 = 500;
/// Versions on one page of the history.
pub const VERSIONS: i64 = 50;
/// The longest title and note, in characters.
const LONGEST: (usize, usize) = (200, 200);

/// What someone wrote.
#[derive(Clone, Debug, Default)]
pub struct WikiForm {
    /// Title.
    pub title: String,
    /// Markdown.
    pub source: String,
    /// What they changed.
    pub note: String,
}

/// A page with all around it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The page.
    pub page: WikiPage,
    /// Its group.
    pub group: GroupView,
    /// Who wrote what is shown.
    pub author: Option<ActorCard>,
    /// The viewer may write.
    pub may_edit: bool,
}

/// What became of a change.
#[derive(Clone, Debug)]
pub enum Saved {
    /// It is shown.
    Done,
    /// Somebody was earlier: the version the viewer began with, and the one that is there now.
    Conflict(Box<WikiVersion>, Box<WikiPage>),
}

/// Whether the viewer may write pages of a group.
pub fn may_edit(view: &GroupView) -> bool {
    view.host.is_none() && view.may_post
}

/// The pages of a group, by title.
///
/// # Errors
/// `NotFound` for who may not read the group.
pub async fn list(ctx: &Ctx, viewer: &Viewer, acct: &str) -> Result<(GroupView, Vec<WikiPage>)> {
    let view = groups::view_by_handle(ctx, viewer, acct).await?;
    if !view.may_read {
        return Err(Error::NotFound);
    }
    let mut conn = ctx.db.read().await?;
    let pages = store::wiki::of_group(&mut conn, view.group.actor_id, &policy::sight(viewer), MOST_PAGES).await?;
    Ok((view, pages))
}

/// A page.
///
/// # Errors
/// `NotFound`.
pub async fn get(ctx: &Ctx, viewer: &Viewer, id: WikiId) -> Result<Shown> {
    let page = store::wiki::get(&mut ctx.db.read().await?, id, &policy::sight(viewer)).await?;
    let group = groups::view(ctx, viewer, page.group_id).await?;
    let author = store::actors::cards(&mut ctx.db.read().await?, &[page.updated_by]).await?.pop();
    Ok(Shown { may_edit: may_edit(&group), page, group, author })
}

fn checked(ctx: &Ctx, form: &WikiForm) -> Result<WikiForm> {
    let mut fields = Vec::new();
    let form = WikiForm {
        title: form.title.split_whitespace().collect::<Vec<_>>().join(" "),
        source: form.source.replace("\r\n", "\n").trim().to_owned(),
        note: form.note.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST.1).collect(),
    };
    match form.title.chars().count() {
        0 => fields.push(FieldError { field: "title", code: "error-title-empty" }),
        n if n > LONGEST.0 => fields.push(FieldError { field: "title", code: "error-title-long" }),
        _ => {}
    }
    match form.source.chars().count() {
        0 => fields.push(FieldError { field: "body", code: "error-wiki-empty" }),
        n if n > ctx.config.limits.max_post_chars => {
            fields.push(FieldError { field: "body", code: "error-text-long" });
        }
        _ => {}
    }
    if fields.is_empty() { Ok(form) } else { Err(Error::Invalid { fields }) }
}

/// That the viewer may write pages of a group: as far as they may write posts in it. Where new pages go.
async fn writes(conn: &mut Conn, ctx: &Ctx, viewer: &Viewer, group: ActorId) -> Result<AudienceId> {
    let (group, actor, follow) = super::follows::group_facts(conn, ctx, viewer, group).await?;
    if !actor.is_local() {
        return Err(Error::forbidden("error-group-elsewhere"));
    }
    policy::check_post(InGroup { group: &group, local: true, follow: follow.as_ref(), now: ctx.now() }, true)?;
    Ok(group.audience_id)
}

/// Begins a page.
///
/// # Errors
/// `Invalid` per field; `Forbidden` for who may not write there, or when there are too many.
pub async fn create(ctx: &Ctx, viewer: &Viewer, group: ActorId, form: &WikiForm) -> Result<WikiId> {
    let me = viewer.member_id()?;
    let form = checked(ctx, form)?;
    let html = posts::render_preview(ctx, viewer, &form.source).await?;
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let audience_id = writes(conn, &c, &viewer, group).await?;
                if store::wiki::count_of(conn, group).await? >= MOST_PAGES {
                    return Err(Error::forbidden("error-wiki-many"));
                }
                let (id, now) = (WikiId(c.ids.next()), c.now());
                let page = WikiPage {
                    id,
                    group_id: group,
                    audience_id,
                    title: form.title.clone(),
                    source: form.source.clone(),
                    html,
                    version: 1,
                    updated_by: me,
                    created_at: now,
                    updated_at: now,
                };
                store::wiki::insert(conn, &page).await?;
                store::wiki::insert_version(conn, &version_of(&page, form.note)).await?;
                Ok(id)
            })
        })
        .await
}

fn version_of(page: &WikiPage, note: String) -> NewVersion {
    NewVersion {
        page_id: page.id,
        number: page.version,
        title: page.title.clone(),
        source: page.source.clone(),
        note,
        author_id: page.updated_by,
        created_at: page.updated_at,
    }
}

/// Writes the next version, where `base` is the one the viewer began with. What changes nothing makes no version.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid` per field.
pub async fn save(ctx: &Ctx, viewer: &Viewer, id: WikiId, base: i64, form: &WikiForm) -> Result<Saved> {
    let me = viewer.member_id()?;
    let form = checked(ctx, form)?;
    let html = posts::render_preview(ctx, viewer, &form.source).await?;
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let mut page = store::wiki::get(conn, id, &policy::sight(&viewer)).await?;
                writes(conn, &c, &viewer, page.group_id).await?;
                let same = page.title == form.title && page.source == form.source;
                if same {
                    return Ok(Saved::Done);
                }
                if page.version != base {
                    // A number that never was is as good as the first.
                    let begun = store::wiki::versions(conn, id, &[base.clamp(1, page.version)], i64::MAX, 1).await?;
                    let begun = begun.into_iter().next().ok_or(Error::NotFound)?;
                    return Ok(Saved::Conflict(Box::new(begun), Box::new(page)));
                }
                page.title = form.title;
                page.source = form.source;
                page.html = html;
                page.version += 1;
                page.updated_by = me;
                page.updated_at = c.now();
                if store::wiki::update(conn, &page, base).await? == 0 {
                    return Err(Error::Conflict { reason: "error-wiki-changed" });
                }
                store::wiki::insert_version(conn, &version_of(&page, form.note)).await?;
                Ok(Saved::Done)
            })
        })
        .await
}

/// A page with its versions, the newest first, before a number.
pub async fn history(ctx: &Ctx, viewer: &Viewer, id: WikiId, before: Option<i64>) -> Result<(Shown, Vec<WikiVersion>)> {
    let shown = get(ctx, viewer, id).await?;
    let mut conn = ctx.db.read().await?;
    let versions = store::wiki::versions(&mut conn, id, &[], before.unwrap_or(i64::MAX), VERSIONS).await?;
    Ok((shown, versions))
}

/// A page with two of its versions, the earlier first.
///
/// # Errors
/// `NotFound` when there are no such versions.
pub async fn compare(
    ctx: &Ctx,
    viewer: &Viewer,
    id: WikiId,
    numbers: (i64, i64),
) -> Result<(Shown, WikiVersion, WikiVersion)> {
    let shown = get(ctx, viewer, id).await?;
    let wanted = [numbers.0.min(numbers.1), numbers.0.max(numbers.1)];
    let mut found = store::wiki::versions(&mut ctx.db.read().await?, id, &wanted, i64::MAX, 2).await?;
    match (found.pop(), found.pop()) {
        (Some(old), Some(new)) => Ok((shown, old, new)),
        (Some(only), None) if wanted[0] == wanted[1] => Ok((shown, only.clone(), only)),
        _ => Err(Error::NotFound),
    }
}

/// One version of a page, and how it looks.
pub async fn version(ctx: &Ctx, viewer: &Viewer, id: WikiId, number: i64) -> Result<(Shown, WikiVersion, SafeHtml)> {
    let shown = get(ctx, viewer, id).await?;
    let found = store::wiki::versions(&mut ctx.db.read().await?, id, &[number], i64::MAX, 1).await?;
    let found = found.into_iter().next().ok_or(Error::NotFound)?;
    let html = if number == shown.page.version {
        shown.page.html.clone()
    } else {
        posts::render_text(ctx, &found.source).await?
    };
    Ok((shown, found, html))
}

/// Makes an earlier version the newest one: as a new version, so that nothing is lost.
///
/// # Errors
/// As [`save`].
pub async fn restore(ctx: &Ctx, viewer: &Viewer, id: WikiId, number: i64, base: i64, note: &str) -> Result<Saved> {
    let (_, earlier, _) = version(ctx, viewer, id, number).await?;
    let form = WikiForm { title: earlier.title, source: earlier.source, note: note.to_owned() };
    save(ctx, viewer, id, base, &form).await
}

/// Takes a page away: for who keeps order in the group.
///
/// # Errors
/// `NotFound`, `Forbidden`.
pub async fn delete(ctx: &Ctx, viewer: &Viewer, id: WikiId) -> Result<()> {
    viewer.member_id()?;
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let page = store::wiki::get(conn, id, &policy::sight(&viewer)).await?;
                super::follows::moderated(conn, &c, &viewer, page.group_id).await?;
                store::wiki::delete(conn, id, c.now()).await.map(|_| ())
            })
        })
        .await
}
