//! Reading tips: a work, for whom and why; and lists of tips. A tip is a post, so that it is read, answered, found and
//! passed on like any other.

use std::time::Duration;

use super::posts::{self, PostForm, Published};
use super::throttle::Quota;
use super::{Ctx, outgoing};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::audiences::Scope;
use crate::domain::extras::{Extra, OnList, TipList, Work, isbn13};
use crate::domain::posts::{PostKind, PostView};
use crate::net::Get;
use crate::{policy, store};

/// Most lists of one person.
const MOST_LISTS: i64 = 100;
/// Lists on one page.
const LISTS: i64 = 200;
/// How long a source of works may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often one member may look up.
const LOOKING_UP: Quota = Quota { burst: 20, every: 5 * Time::SECOND };

/// A tip as written.
#[derive(Clone, Debug, Default)]
pub struct TipForm {
    /// The work; its ISBN as typed.
    pub work: Work,
    /// Why.
    pub why: String,
    /// Title of the post, in the language of the writer.
    pub title: String,
    /// The whole text, in the language of the writer.
    pub source: String,
    /// Into which group; none for one's own page.
    pub group: Option<ActorId>,
    /// Who reads it without a group.
    pub scope: Option<Scope>,
}

/// Looks over the work of a tip.
///
/// # Errors
/// `Invalid` for `isbn`, `work` and longer texts.
pub fn checked(work: &Work) -> Result<Work> {
    let one = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let isbn = match work.isbn.trim() {
        "" => String::new(),
        typed => isbn13(typed).ok_or_else(|| Error::invalid("isbn", "error-isbn"))?,
    };
    let work = Work { isbn, title: one(&work.title), maker: one(&work.maker), whom: one(&work.whom) };
    if work.title.is_empty() {
        return Err(Error::invalid("work", "error-tip-work"));
    }
    for (field, text) in [("work", &work.title), ("maker", &work.maker), ("whom", &work.whom)] {
        if text.chars().count() > Work::LONGEST {
            return Err(Error::invalid(field, "error-text-long"));
        }
    }
    Ok(work)
}

/// Writes a tip.
///
/// # Errors
/// `Invalid` for `why`, as [`checked`], and as [`posts::publish`].
pub async fn publish(ctx: &Ctx, viewer: &Viewer, form: TipForm) -> Result<Published> {
    let work = checked(&form.work)?;
    if form.why.trim().is_empty() {
        return Err(Error::invalid("why", "error-tip-why"));
    }
    let post = PostForm {
        title: form.title,
        group: form.group,
        scope: form.scope.unwrap_or(Scope::Organisation),
        extra: Some(Extra::Tip(work)),
        ..PostForm::new(PostKind::Message, form.source)
    };
    posts::publish(ctx, viewer, post).await
}

/// A work as a source tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundWork {
    /// Its title.
    pub title: String,
    /// Who made it.
    pub maker: String,
}

/// Whether works are looked up by ISBN.
pub fn looks_up(ctx: &Ctx) -> bool {
    !ctx.config.books.url.is_empty()
}

/// Asks the configured source about a work. None when it does not know it, or does not answer.
///
/// # Errors
/// `Invalid` for `isbn`; `NotFound` when nothing is configured; `RateLimited`.
pub async fn look_up(ctx: &Ctx, viewer: &Viewer, isbn: &str) -> Result<Option<FoundWork>> {
    let me = viewer.member_id()?;
    let isbn = isbn13(isbn).ok_or_else(|| Error::invalid("isbn", "error-isbn"))?;
    let books = &ctx.config.books;
    if books.url.is_empty() {
        return Err(Error::NotFound);
    }
    ctx.throttle.take(&[(format!("isbn-{me}"), LOOKING_UP)], ctx.now())?;
    let filled = |text: &str| text.replace("{isbn}", &isbn);
    let url = url::Url::parse(&filled(&books.url)).map_err(|_| Error::NotFound)?;
    let client = outgoing::client(ctx).await?;
    let answer = async { client.get(Get { max_bytes: 256 * 1024, ..Get::json(&url) }).await?.success() };
    let answer = match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            tracing::debug!(%error, "the source of works did not answer");
            return Ok(None);
        }
        Err(_) => return Ok(None),
    };
    let Ok(document) = serde_json::from_slice::<serde_json::Value>(&answer.body) else { return Ok(None) };
    let text = |pointer: &str| {
        let found = document.pointer(&filled(pointer)).and_then(serde_json::Value::as_str).unwrap_or_default();
        found.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(Work::LONGEST).collect::<String>()
    };
    let found = FoundWork { title: text(&books.title), maker: text(&books.maker) };
    Ok((!found.title.is_empty()).then_some(found))
}

/// Tips that the viewer may read, newest first, before one: all, on a list, or about a work.
pub async fn list(
    ctx: &Ctx,
    viewer: &Viewer,
    on: Option<TipListId>,
    isbn: Option<&str>,
    before: Option<PostId>,
    limit: i64,
) -> Result<Vec<PostView>> {
    viewer.member_id()?;
    let sight = policy::sight(viewer);
    let mut conn = ctx.db.read().await?;
    let before = before.unwrap_or(PostId(i64::MAX));
    let ids = store::extras::tips(&mut conn, on, isbn, &sight, before, limit).await?;
    let mut views = store::posts::views(&mut conn, &ids, &sight).await?;
    views.sort_by_key(|view| std::cmp::Reverse(view.post.id));
    Ok(views)
}

/// Lists of the viewer, and those that colleagues share.
pub async fn lists(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<TipList>> {
    let me = viewer.member_id()?;
    store::extras::lists(&mut ctx.db.read().await?, me, viewer.is_full_member(), LISTS).await
}

/// A list that the viewer may see.
///
/// # Errors
/// `NotFound`.
pub async fn get_list(ctx: &Ctx, viewer: &Viewer, id: TipListId) -> Result<TipList> {
    let me = viewer.member_id()?;
    let list = store::extras::get_list(&mut ctx.db.read().await?, id).await?;
    let seen = list.owner_id == me || (list.shared && viewer.is_full_member());
    if seen { Ok(list) } else { Err(Error::NotFound) }
}

fn list_text(title: &str, about: &str) -> Result<(String, String)> {
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    let about: String = about.trim().chars().take(500).collect();
    match title.chars().count() {
        0 => Err(Error::invalid("title", "error-list-title")),
        n if n > Work::LONGEST => Err(Error::invalid("title", "error-title-long")),
        _ => Ok((title, about)),
    }
}

/// Begins a list.
///
/// # Errors
/// `Invalid` for `title`; `Forbidden` for too many.
pub async fn create_list(ctx: &Ctx, viewer: &Viewer, title: &str, about: &str, shared: bool) -> Result<TipListId> {
    let me = viewer.member_id()?;
    let (title, about) = list_text(title, about)?;
    let id = TipListId(ctx.ids.next());
    let list = TipList { id, owner_id: me, title, about, shared, created_at: ctx.now() };
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                if store::extras::count_lists(conn, me).await? >= MOST_LISTS {
                    return Err(Error::forbidden("error-tip-lists-many"));
                }
                store::extras::insert_list(conn, &list).await
            })
        })
        .await?;
    Ok(id)
}

/// Changes one's own list.
///
/// # Errors
/// `NotFound`, `Invalid` for `title`.
pub async fn change_list(
    ctx: &Ctx,
    viewer: &Viewer,
    id: TipListId,
    title: &str,
    about: &str,
    shared: bool,
) -> Result<()> {
    let me = viewer.member_id()?;
    let (title, about) = list_text(title, about)?;
    let list = TipList { id, owner_id: me, title, about, shared, created_at: ctx.now() };
    let done = ctx.db.write(move |conn| Box::pin(async move { store::extras::update_list(conn, &list).await })).await?;
    if done == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// Takes one's own list away.
pub async fn delete_list(ctx: &Ctx, viewer: &Viewer, id: TipListId) -> Result<()> {
    let me = viewer.member_id()?;
    let done =
        ctx.db.write(move |conn| Box::pin(async move { store::extras::delete_list(conn, id, me).await })).await?;
    if done == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// A tip with the viewer's lists, and on which of them it stands.
///
/// # Errors
/// `NotFound` for what is no tip that the viewer may read.
pub async fn lists_of(ctx: &Ctx, viewer: &Viewer, post: PostId) -> Result<(PostView, Vec<(TipList, bool)>)> {
    let me = viewer.member_id()?;
    let view = posts::view(ctx, viewer, post).await?;
    let mut conn = ctx.db.read().await?;
    if !matches!(store::extras::of_one(&mut conn, post).await?, Some(Extra::Tip(_))) {
        return Err(Error::NotFound);
    }
    let on = store::extras::lists_with(&mut conn, me, post).await?;
    let mine = store::extras::lists(&mut conn, me, false, LISTS).await?;
    Ok((view, mine.into_iter().map(|list| (on.contains(&list.id), list)).map(|(on, list)| (list, on)).collect()))
}

/// Puts a tip on some of the viewer's lists, and takes it off the others.
///
/// # Errors
/// As [`lists_of`].
pub async fn set_lists(ctx: &Ctx, viewer: &Viewer, post: PostId, wanted: &[TipListId]) -> Result<()> {
    let (_, lists) = lists_of(ctx, viewer, post).await?;
    let (now, wanted) = (ctx.now(), wanted.to_vec());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                for (list, on) in lists {
                    let wants = wanted.contains(&list.id);
                    if wants != on {
                        store::extras::set_on_list(conn, OnList { list: list.id, post }, wants, now).await?;
                    }
                }
                Ok(())
            })
        })
        .await
}
