//! Posts that change or go, by their author.

use super::quotes;
use super::texts::read_text;
use super::write::{PostForm, check, readable_mentions, take_media, unshow};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::events::Event;
use crate::domain::posts::*;
use crate::live::Change;
use crate::policy;
use crate::services::Ctx;
use crate::services::ctx::emit;
use crate::store::{self, Conn};

/// Changes the text of one's own post; the version before is kept.
///
/// # Errors
/// `NotFound`, `Forbidden` for others' posts, `Gone` for deleted ones, `Invalid` per field.
pub async fn edit(ctx: &Ctx, viewer: &Viewer, id: PostId, mut form: PostForm) -> Result<()> {
    let me = viewer.member_id()?;
    let quoted = store::posts::quote_of(&mut ctx.db.read().await?, id).await?.map(|quote| quote.0);
    let source = quotes::with_address(ctx, &form.source, quoted).await?;
    let text = read_text(ctx, viewer, &form.title, &source, form.language.take()).await?;
    let (c, sight) = (ctx.clone(), policy::sight(viewer));
    let group = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let mut post = store::posts::find_visible(conn, id, &sight).await?.ok_or(Error::NotFound)?;
                policy::check_edit(me, &post)?;
                form.kind = post.kind;
                form.parent = post.parent_id;
                if post.kind == PostKind::Poll {
                    // The options stay: people have voted for them.
                    form.kind = PostKind::Message;
                }
                check(&c, &form)?;
                let before = post.edited_at.unwrap_or(post.published_at);
                store::posts::insert_revision(conn, c.ids.next(), &post, before).await?;
                post.title = form.title.trim().to_owned();
                post.source = form.source.clone();
                post.html = text.html.as_str().to_owned();
                post.language = text.language.clone().or(post.language);
                post.warning = form.warning.trim().to_owned();
                post.sensitive = form.sensitive || !post.warning.is_empty();
                if post.kind == PostKind::Link {
                    post.link_url = form.link_url.clone();
                }
                post.edited_at = Some(c.now());
                store::posts::update_text(conn, &post, &text.search).await?;
                replace_media(conn, me, id, &form.media).await?;
                let told = readable_mentions(conn, &post, &text.mentioned).await?;
                store::posts::clear_names(conn, id).await?;
                store::posts::add_mentions(conn, id, &told.iter().map(|a| a.id).collect::<Vec<_>>()).await?;
                store::posts::add_tags(conn, id, &text.hashtags).await?;
                emit(conn, &c.ids, c.now(), &Event::PostEdited { post: id }).await?;
                Ok(post.group_id)
            })
        })
        .await?;
    ctx.wake.now();
    ctx.hub.publish(Change::Edited { post: id, group });
    Ok(())
}

async fn replace_media(conn: &mut Conn, me: ActorId, id: PostId, wanted: &[MediaId]) -> Result<()> {
    for file in store::media::of_posts(conn, &[id]).await? {
        if !wanted.contains(&file.id) {
            store::media::detach(conn, file.id).await?;
        }
    }
    take_media(conn, me, id, wanted).await
}

/// Deletes one's own post: a tombstone stays where others may refer to it.
pub async fn delete(ctx: &Ctx, viewer: &Viewer, id: PostId) -> Result<()> {
    let me = viewer.member_id()?;
    let (c, sight) = (ctx.clone(), policy::sight(viewer));
    let group = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let post = store::posts::find_visible(conn, id, &sight).await?.ok_or(Error::NotFound)?;
                if post.author_id != me {
                    return Err(Error::forbidden("error-not-yours"));
                }
                bury(conn, &c, &post).await?;
                emit(conn, &c.ids, c.now(), &Event::PostDeleted { post: id }).await?;
                Ok(post.group_id)
            })
        })
        .await?;
    ctx.wake.now();
    ctx.hub.publish(Change::Deleted { post: id, group });
    Ok(())
}

/// The tombstone itself. Within the caller's transaction.
pub(super) async fn bury(conn: &mut Conn, ctx: &Ctx, post: &Post) -> Result<()> {
    if post.state == PostState::Deleted {
        return Ok(());
    }
    unshow(conn, ctx, post).await?;
    store::posts::bury(conn, post.id, ctx.now()).await?;
    for file in store::media::of_posts(conn, &[post.id]).await? {
        store::media::detach(conn, file.id).await?;
    }
    Ok(())
}
