//! Filters: each member's own; apps act on what the server marks.

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::filters::{Filter, FilterAction, FilterContext, FilterTerm};
use crate::live::Change;
use crate::policy;
use crate::services::Ctx;
use crate::store;

/// Filters of one member, and words and posts of one filter.
const MOST: (usize, usize) = (100, 200);

/// A word of a filter, as an app sends it.
#[derive(Clone, Debug, Default)]
pub struct KeywordChange {
    /// Which, to change it; none for a new one.
    pub id: Option<i64>,
    /// The word.
    pub keyword: Option<String>,
    /// Only as whole words.
    pub whole_word: Option<bool>,
    /// Remove it.
    pub destroy: bool,
}

/// What an app says of a filter; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct FilterChange {
    /// What its owner calls it.
    pub title: Option<String>,
    /// Where it counts.
    pub contexts: Option<Vec<FilterContext>>,
    /// What apps do.
    pub action: Option<FilterAction>,
    /// Until when; `Some(None)` for always.
    pub expires_at: Option<Option<Time>>,
    /// Its words.
    pub keywords: Vec<KeywordChange>,
}

/// The viewer's filters, also those whose time is over.
pub async fn list(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<Filter>> {
    store::filters::list(&mut ctx.db.read().await?, viewer.member_id()?).await
}

/// One filter.
pub async fn get(ctx: &Ctx, viewer: &Viewer, id: i64) -> Result<Filter> {
    list(ctx, viewer).await?.into_iter().find(|filter| filter.id == id).ok_or(Error::NotFound)
}

/// The filter that has a word or post, and that.
pub async fn get_term(ctx: &Ctx, viewer: &Viewer, id: i64) -> Result<(Filter, FilterTerm)> {
    for filter in list(ctx, viewer).await? {
        if let Some(term) = filter.terms.iter().find(|term| term.id == id).cloned() {
            return Ok((filter, term));
        }
    }
    Err(Error::NotFound)
}

/// Makes a filter (`id` is `None`) or changes one.
///
/// # Errors
/// `Invalid` without a title or a context, `NotFound` for what is not the viewer's.
pub async fn save(ctx: &Ctx, viewer: &Viewer, id: Option<i64>, change: FilterChange) -> Result<Filter> {
    let me = viewer.member_id()?;
    let mut all = list(ctx, viewer).await?;
    let mut filter = match id {
        Some(id) => all.into_iter().find(|filter| filter.id == id).ok_or(Error::NotFound)?,
        None if all.len() >= MOST.0 => return Err(Error::invalid("title", "error-too-many")),
        None => {
            all.clear();
            let (id, action) = (ctx.ids.next(), FilterAction::Warn);
            Filter { id, title: String::new(), contexts: Vec::new(), action, expires_at: None, terms: Vec::new() }
        }
    };
    filter.title = change.title.unwrap_or(filter.title).trim().to_owned();
    filter.contexts = change.contexts.unwrap_or(filter.contexts);
    filter.action = change.action.unwrap_or(filter.action);
    filter.expires_at = change.expires_at.unwrap_or(filter.expires_at);
    check(&filter)?;
    let gone = apply(ctx, &mut filter, change.keywords)?;
    let kept = filter.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                store::filters::save(conn, me, &kept).await?;
                for term in &kept.terms {
                    store::filters::save_term(conn, kept.id, term).await?;
                }
                for term in gone {
                    store::filters::delete_term(conn, term).await?;
                }
                Ok(())
            })
        })
        .await?;
    changed(ctx, me);
    Ok(filter)
}

fn check(filter: &Filter) -> Result<()> {
    if filter.title.is_empty() || filter.title.chars().count() > 200 {
        return Err(Error::invalid("title", "error-filter-title"));
    }
    if filter.contexts.is_empty() {
        return Err(Error::invalid("context", "error-filter-context"));
    }
    Ok(())
}

/// Applies changes of words; returns the ids of those removed.
fn apply(ctx: &Ctx, filter: &mut Filter, changes: Vec<KeywordChange>) -> Result<Vec<i64>> {
    let mut gone = Vec::new();
    for change in changes {
        let known = match change.id {
            Some(id) => Some(filter.terms.iter().position(|term| term.id == id).ok_or(Error::NotFound)?),
            None => None,
        };
        match known {
            Some(at) if change.destroy => gone.push(filter.terms.remove(at).id),
            Some(at) => {
                let term = &mut filter.terms[at];
                term.keyword = Some(word(change.keyword.or_else(|| term.keyword.clone()))?);
                term.whole_word = change.whole_word.unwrap_or(term.whole_word);
            }
            None if change.destroy => {}
            None => {
                let (keyword, whole_word) = (Some(word(change.keyword)?), change.whole_word.unwrap_or(true));
                filter.terms.push(FilterTerm { id: ctx.ids.next(), keyword, whole_word, post: None });
            }
        }
    }
    if filter.terms.len() > MOST.1 {
        return Err(Error::invalid("keywords", "error-too-many"));
    }
    Ok(gone)
}

fn word(text: Option<String>) -> Result<String> {
    let text = text.unwrap_or_default().trim().to_owned();
    if text.is_empty() || text.chars().count() > 200 {
        return Err(Error::invalid("keyword", "error-filter-keyword"));
    }
    Ok(text)
}

/// Adds a post to a filter; returns what was added.
pub async fn add_post(ctx: &Ctx, viewer: &Viewer, id: i64, post: PostId) -> Result<FilterTerm> {
    let me = viewer.member_id()?;
    let filter = get(ctx, viewer, id).await?;
    if let Some(known) = filter.terms.iter().find(|term| term.post == Some(post)) {
        return Ok(known.clone());
    }
    if filter.terms.len() >= MOST.1 {
        return Err(Error::invalid("status_id", "error-too-many"));
    }
    let sight = policy::sight(viewer);
    let term = FilterTerm { id: ctx.ids.next(), keyword: None, whole_word: false, post: Some(post) };
    let kept = term.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                store::posts::find_visible(conn, post, &sight).await?.ok_or(Error::NotFound)?;
                store::filters::save_term(conn, id, &kept).await
            })
        })
        .await?;
    changed(ctx, me);
    Ok(term)
}

/// Removes a word or post from its filter; with `emptied` the filter goes too when nothing is left in it.
pub async fn remove_term(ctx: &Ctx, viewer: &Viewer, id: i64, emptied: bool) -> Result<()> {
    let me = viewer.member_id()?;
    let (filter, _) = get_term(ctx, viewer, id).await?;
    let whole = emptied && filter.terms.len() == 1;
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                match whole {
                    true => store::filters::delete(conn, me, filter.id).await,
                    false => store::filters::delete_term(conn, id).await,
                }
            })
        })
        .await?;
    changed(ctx, me);
    Ok(())
}

/// Removes a filter.
pub async fn delete(ctx: &Ctx, viewer: &Viewer, id: i64) -> Result<()> {
    let me = viewer.member_id()?;
    let gone = ctx.db.write(move |conn| Box::pin(async move { store::filters::delete(conn, me, id).await })).await?;
    if gone == 0 {
        return Err(Error::NotFound);
    }
    changed(ctx, me);
    Ok(())
}

/// The member's other apps read the filters again.
fn changed(ctx: &Ctx, member: ActorId) {
    ctx.hub.publish(Change::Filters { member });
}
