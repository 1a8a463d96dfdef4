//! What someone keeps for themselves: conversations, markers, loose files.

use std::collections::HashMap;

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::posts::PostView;
use crate::policy;
use crate::services::Ctx;
use crate::store;

/// A conversation as clients show it.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// The first message; its id is the conversation's.
    pub root: PostId,
    /// The others in it.
    pub with: Vec<ActorId>,
    /// The newest message.
    pub last: PostView,
    /// Something in it was not read.
    pub unread: bool,
}

/// The viewer's conversations, newest first.
pub async fn conversations(ctx: &Ctx, viewer: &Viewer, page: Page) -> Result<Vec<Conversation>> {
    let me = viewer.member_id()?;
    let sight = policy::sight(viewer);
    let mut conn = ctx.db.read().await?;
    let roots = store::posts::conversations(&mut conn, me, page).await?.items;
    let root_ids: Vec<PostId> = roots.iter().map(|view| view.post.id).collect();
    let audiences: Vec<AudienceId> = roots.iter().map(|view| view.post.audience_id).collect();
    let readers = store::api::readers_of(&mut conn, &audiences).await?;
    let newest: HashMap<i64, PostId> = store::api::newest_of(&mut conn, &root_ids).await?.into_iter().collect();
    let ids: Vec<PostId> = newest.values().copied().collect();
    let unread: Vec<PostId> = store::api::unread_direct(&mut conn, me).await?.into_iter().flatten().collect();
    let mut views: HashMap<PostId, PostView> =
        store::posts::views(&mut conn, &ids, &sight).await?.into_iter().map(|view| (view.post.id, view)).collect();
    let one = |root: PostView| {
        let id = root.post.id;
        let with = readers.iter().filter(|(a, who)| *a == root.post.audience_id && *who != me).map(|(_, who)| *who);
        let with = with.collect();
        let last = newest.get(&id.0).and_then(|newest| views.remove(newest)).unwrap_or(root);
        Conversation { root: id, with, unread: unread.contains(&last.post.id), last }
    };
    Ok(roots.into_iter().map(one).collect())
}

/// A place up to which a timeline was read: timeline, id, version, when.
pub type Marker = (String, i64, i64, Time);

/// Where the viewer is in their timelines.
pub async fn markers(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<Marker>> {
    store::api::markers(&mut ctx.db.read().await?, viewer.member_id()?).await
}

/// Keeps where the viewer is in some timelines.
pub async fn set_markers(ctx: &Ctx, viewer: &Viewer, places: Vec<(String, i64)>) -> Result<()> {
    let me = viewer.member_id()?;
    let now = ctx.now();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                for (timeline, id) in &places {
                    store::api::set_marker(conn, me, timeline, *id, now).await?;
                    if timeline == "notifications" {
                        store::notices::mark_read(conn, me, NotificationId(*id), now).await?;
                    }
                }
                Ok(())
            })
        })
        .await
}

/// A file by its id, whoever asks: the caller knows its secret.
pub async fn file(ctx: &Ctx, id: MediaId) -> Result<crate::domain::media::Media> {
    store::media::find(&mut ctx.db.read().await?, id).await?.ok_or(Error::NotFound)
}

/// Throws away an own file that no post has taken.
///
/// # Errors
/// `NotFound` when it is not the viewer's, `Invalid` when a post has it.
pub async fn forget_file(ctx: &Ctx, viewer: &Viewer, id: MediaId) -> Result<()> {
    let file = crate::services::media::own(ctx, viewer, id).await?;
    if file.post_id.is_some() {
        return Err(Error::invalid("id", "error-file-in-use"));
    }
    ctx.db.write(move |conn| Box::pin(async move { store::media::delete(conn, id).await })).await?;
    for key in [file.key, file.thumb_key].into_iter().flatten() {
        ctx.media.delete(&key).await?;
    }
    Ok(())
}

/// One conversation, by its first message.
pub async fn conversation(ctx: &Ctx, viewer: &Viewer, root: PostId) -> Result<Conversation> {
    let page = Page { cursor: Cursor::Before(root.0 + 1), limit: 1 };
    let found = conversations(ctx, viewer, page).await?.pop();
    found.filter(|c| c.root == root).ok_or(Error::NotFound)
}

/// Marks the notices about one conversation as read.
pub async fn read_conversation(ctx: &Ctx, viewer: &Viewer, root: PostId) -> Result<()> {
    let me = viewer.member_id()?;
    let now = ctx.now();
    ctx.db.write(move |conn| Box::pin(async move { store::api::mark_thread_read(conn, me, root, now).await })).await?;
    Ok(())
}
