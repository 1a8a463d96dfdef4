//! Lists that members keep of people and groups they follow.

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::posts::PostView;
use crate::policy;
use crate::services::Ctx;
use crate::store;
use crate::store::lists::List;
use crate::store::marks::Mark;

/// Lists of one member, and accounts of one request.
const MOST: (usize, usize) = (50, 500);

/// What an app says of a list; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ListChange {
    /// What its owner calls it.
    pub title: Option<String>,
    /// `followed`, `list` or `none`.
    pub replies: Option<String>,
    /// Who is in it does not show on home.
    pub exclusive: Option<bool>,
}

/// The viewer's own lists; with `actor` those they are on.
pub async fn list(ctx: &Ctx, viewer: &Viewer, actor: Option<ActorId>) -> Result<Vec<List>> {
    store::lists::list_of(&mut ctx.db.read().await?, viewer.member_id()?, actor).await
}

/// One of the viewer's own lists.
pub async fn get(ctx: &Ctx, viewer: &Viewer, id: i64) -> Result<List> {
    list(ctx, viewer, None).await?.into_iter().find(|list| list.id == id).ok_or(Error::NotFound)
}

/// Makes a list (`id` is `None`) or changes one.
///
/// # Errors
/// `Invalid` without a title, `NotFound` for others' lists.
pub async fn save(ctx: &Ctx, viewer: &Viewer, id: Option<i64>, change: ListChange) -> Result<List> {
    let me = viewer.member_id()?;
    let mut list = match id {
        Some(id) => get(ctx, viewer, id).await?,
        None if list(ctx, viewer, None).await?.len() >= MOST.0 => {
            return Err(Error::invalid("title", "error-too-many"));
        }
        None => List { id: ctx.ids.next(), title: String::new(), replies: "list".to_owned(), exclusive: false },
    };
    list.title = change.title.unwrap_or(list.title).trim().to_owned();
    list.replies = change.replies.unwrap_or(list.replies);
    list.exclusive = change.exclusive.unwrap_or(list.exclusive);
    if list.title.is_empty() || list.title.chars().count() > 200 {
        return Err(Error::invalid("title", "error-filter-title"));
    }
    if !matches!(list.replies.as_str(), "followed" | "list" | "none") {
        return Err(Error::invalid("replies_policy", "error-list-replies"));
    }
    let kept = list.clone();
    ctx.db.write(move |conn| Box::pin(async move { store::lists::save(conn, me, &kept).await })).await?;
    Ok(list)
}

/// Removes a list.
pub async fn delete(ctx: &Ctx, viewer: &Viewer, id: i64) -> Result<()> {
    get(ctx, viewer, id).await?;
    ctx.db.write(move |conn| Box::pin(async move { store::lists::delete(conn, id).await })).await?;
    Ok(())
}

/// Puts people or groups on a list. Only whom one follows: nothing of others is kept here for lists alone.
///
/// # Errors
/// `NotFound` when one of them is not followed.
pub async fn add(ctx: &Ctx, viewer: &Viewer, id: i64, mut who: Vec<ActorId>) -> Result<()> {
    let me = viewer.member_id()?;
    get(ctx, viewer, id).await?;
    who.truncate(MOST.1);
    let followed = store::lists::followed_of(&mut ctx.db.read().await?, me, &who).await?;
    if who.iter().any(|one| *one != me && !followed.contains(one)) {
        return Err(Error::NotFound);
    }
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                for one in who {
                    store::lists::add(conn, c.ids.next(), id, one).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Takes people off a list.
pub async fn remove(ctx: &Ctx, viewer: &Viewer, id: i64, who: Vec<ActorId>) -> Result<()> {
    get(ctx, viewer, id).await?;
    ctx.db.write(move |conn| Box::pin(async move { store::lists::remove(conn, id, &who).await })).await?;
    Ok(())
}

/// Who is on a list, with the cursor of each.
pub async fn accounts(ctx: &Ctx, viewer: &Viewer, id: i64, page: Page) -> Result<Vec<(i64, ActorId)>> {
    get(ctx, viewer, id).await?;
    store::lists::accounts(&mut ctx.db.read().await?, id, page).await
}

/// What those on a list show, as far as the viewer may see it.
pub async fn timeline(ctx: &Ctx, viewer: &Viewer, id: i64, page: Page) -> Result<Paged<Mark>> {
    let list = get(ctx, viewer, id).await?;
    let sight = policy::sight(viewer);
    let rows = store::lists::entries(&mut ctx.db.read().await?, id, &list.replies, &sight, page).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|n| n >= page.limit);
    let next = if full { rows.last().map(|row| row.0.0) } else { None };
    Ok(Paged { items: super::api::marks_behind(ctx, viewer, rows).await?, next })
}

/// Whether a post belongs to one of the viewer's lists.
pub async fn holds(ctx: &Ctx, viewer: &Viewer, id: i64, view: &PostView) -> Result<bool> {
    if get(ctx, viewer, id).await.is_err() {
        return Ok(false);
    }
    let mut who = vec![view.post.author_id];
    who.extend(view.post.group_id);
    store::lists::has_any(&mut ctx.db.read().await?, id, &who).await
}
