use crate::base::*;
use crate::domain::Viewer;
use crate::domain::events::Event;
use crate::domain::posts::{Post, PostKind, PostState, QuoteState};
use crate::policy;
use crate::services::Ctx;
use crate::services::ctx::emit;
use crate::store::{self, Conn};

/// The text with the address of the quoted post under it, so that who cannot show quotes can follow it.
pub(super) async fn with_address(ctx: &Ctx, source: &str, quoted: Option<PostId>) -> Result<String> {
    let Some(quoted) = quoted else { return Ok(source.to_owned()) };
    let found = store::posts::find(&mut ctx.db.read().await?, quoted).await?;
    Ok(match found {
        Some(post) => format!("{source}\n\nRE: {}", if post.url.is_empty() { post.uri } else { post.url }),
        None => source.to_owned(),
    })
}

/// Notes what a post quotes: an open post whose author did not shut the writer out. Whoever wrote it elsewhere is asked.
pub(super) async fn note(conn: &mut Conn, ctx: &Ctx, viewer: &Viewer, post: PostId, quoted: PostId) -> Result<()> {
    let me = viewer.member_id()?;
    let sight = policy::sight(viewer);
    let found = store::posts::find_visible(conn, quoted, &sight).await?.ok_or(Error::NotFound)?;
    if !may_quote(conn, &found, me).await? {
        return Err(Error::invalid("quoted_status_id", "error-not-quotable"));
    }
    let here = store::actors::get(conn, found.author_id).await?.is_local();
    let stamp = (here && found.author_id != me).then(|| ctx.urls.quote_stamp(post));
    let state = if here { QuoteState::Accepted } else { QuoteState::Pending };
    store::posts::set_quote(conn, post, quoted, state, stamp.as_deref()).await?;
    Ok(())
}

/// Whether someone may quote a post: everyone an open one, unless its author shut them out.
pub async fn may_quote(conn: &mut Conn, post: &Post, who: ActorId) -> Result<bool> {
    let open = store::groups::get_audience(conn, post.audience_id).await?.scope.is_open();
    let quotable = open && post.state == PostState::Published && post.kind != PostKind::Direct;
    Ok(quotable && !store::moderation::is_blocked(conn, post.author_id, who).await?)
}

/// Who wrote a post elsewhere answers whether one of ours may quote it. The new state goes to all who have the post.
pub async fn answered(ctx: &Ctx, post: PostId, quoted: PostId, state: QuoteState, stamp: Option<String>) -> Result<()> {
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                store::posts::set_quote(conn, post, quoted, state, stamp.as_deref()).await?;
                emit(conn, &c.ids, c.now(), &Event::PostEdited { post }).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}
