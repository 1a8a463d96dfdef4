//! Reading posts: each list starts from a source, under the viewer's sight.

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::posts::{Post, PostView, Revision};
use crate::policy;
use crate::services::Ctx;
use crate::store::{self, Conn};

/// How much of a thread one page holds.
pub const THREAD_PAGE: i64 = 200;

/// One post, as far as the viewer may see it; also tombstones (`post.state` tells).
pub async fn view(ctx: &Ctx, viewer: &Viewer, id: PostId) -> Result<PostView> {
    store::posts::view(&mut ctx.db.read().await?, id, &policy::sight(viewer)).await
}

/// Several posts, as far as the viewer may see them; in no order.
pub async fn views(ctx: &Ctx, viewer: &Viewer, ids: &[PostId]) -> Result<Vec<PostView>> {
    store::posts::views(&mut ctx.db.read().await?, ids, &policy::sight(viewer)).await
}

/// The thread a post is in: root first, then oldest first. `after` is the id of the last one seen.
pub async fn thread(ctx: &Ctx, viewer: &Viewer, root: PostId, after: i64) -> Result<Vec<PostView>> {
    store::posts::thread(&mut ctx.db.read().await?, root, &policy::sight(viewer), after, THREAD_PAGE).await
}

/// A group's stream; the viewer's sight decides, so nothing shows that may not be read.
pub(crate) async fn list_in_group(
    conn: &mut Conn,
    group: ActorId,
    sight: &crate::domain::Sight,
    page: Page,
) -> Result<Paged<PostView>> {
    store::posts::in_group(conn, group, sight, page).await
}

/// Pinned posts of a group.
pub async fn pinned(ctx: &Ctx, viewer: &Viewer, group: ActorId) -> Result<Vec<PostView>> {
    store::posts::pinned(&mut ctx.db.read().await?, group, &policy::sight(viewer)).await
}

/// Posts of a group that wait for its moderators.
pub async fn held(ctx: &Ctx, viewer: &Viewer, group: ActorId) -> Result<Vec<PostView>> {
    let me = viewer.member_id()?;
    let mut conn = ctx.db.read().await?;
    crate::services::follows::moderated(&mut conn, ctx, viewer, group).await?;
    store::posts::held(&mut conn, group, me).await
}

/// What someone wrote, as far as the viewer may see it.
pub async fn by_author(
    ctx: &Ctx,
    viewer: &Viewer,
    author: ActorId,
    comments: bool,
    page: Page,
) -> Result<Paged<PostView>> {
    store::posts::by_author(&mut ctx.db.read().await?, author, &policy::sight(viewer), comments, page).await
}

/// Posts with a hashtag.
pub async fn with_tag(ctx: &Ctx, viewer: &Viewer, tag: &str, page: Page) -> Result<Paged<PostView>> {
    let tag = tag.to_lowercase();
    store::posts::with_tag(&mut ctx.db.read().await?, &tag, &policy::sight(viewer), page).await
}

/// Earlier versions of a post, oldest first, with the post as it is now.
pub async fn history(ctx: &Ctx, viewer: &Viewer, id: PostId) -> Result<(Post, Vec<Revision>)> {
    let mut conn = ctx.db.read().await?;
    let post = store::posts::find_visible(&mut conn, id, &policy::sight(viewer)).await?.ok_or(Error::NotFound)?;
    if post.is_gone() {
        return Err(Error::Gone);
    }
    let revisions = store::posts::revisions(&mut conn, id).await?;
    Ok((post, revisions))
}

/// What the viewer keeps.
pub async fn bookmarked(ctx: &Ctx, viewer: &Viewer, page: Page) -> Result<Paged<PostView>> {
    let me = viewer.member_id()?;
    store::posts::bookmarked(&mut ctx.db.read().await?, me, &policy::sight(viewer), page).await
}

/// The viewer's conversations.
pub async fn conversations(ctx: &Ctx, viewer: &Viewer, page: Page) -> Result<Paged<PostView>> {
    store::posts::conversations(&mut ctx.db.read().await?, viewer.member_id()?, page).await
}

/// The draft kept for a place: `new:GROUP`, `comment:POST`, `edit:POST`, `direct:NAME`.
pub async fn draft(ctx: &Ctx, viewer: &Viewer, place: &str) -> Result<Option<String>> {
    store::posts::find_draft(&mut ctx.db.read().await?, viewer.member_id()?, place).await
}

/// Keeps a draft (JSON of the form); an empty one is thrown away.
pub async fn save_draft(ctx: &Ctx, viewer: &Viewer, place: &str, body: &str) -> Result<()> {
    let me = viewer.member_id()?;
    if place.len() > 100 || body.len() > 4 * ctx.config.limits.max_post_chars + 4000 {
        return Err(Error::invalid("body", "error-text-long"));
    }
    let (c, place, body) = (ctx.clone(), place.to_owned(), body.to_owned());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                if body.is_empty() {
                    store::posts::delete_draft(conn, me, &place).await?;
                } else {
                    store::posts::save_draft(conn, c.ids.next(), me, &place, &body, c.now()).await?;
                }
                Ok(())
            })
        })
        .await
}
