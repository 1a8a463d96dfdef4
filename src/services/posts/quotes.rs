use crate::base::*;
use crate::domain::Viewer;
use crate::domain::posts::{PostKind, PostState};
use crate::policy;
use crate::services::Ctx;
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

/// Notes what a post quotes: an open post whose author did not shut the writer out.
pub(super) async fn note(conn: &mut Conn, viewer: &Viewer, post: PostId, quoted: PostId) -> Result<()> {
    let sight = policy::sight(viewer);
    let found = store::posts::find_visible(conn, quoted, &sight).await?.ok_or(Error::NotFound)?;
    let open = store::groups::get_audience(conn, found.audience_id).await?.scope.is_open();
    if !open || found.state != PostState::Published || found.kind == PostKind::Direct {
        return Err(Error::invalid("quoted_status_id", "error-not-quotable"));
    }
    if store::moderation::is_blocked(conn, found.author_id, viewer.member_id()?).await? {
        return Err(Error::invalid("quoted_status_id", "error-not-quotable"));
    }
    store::posts::insert_quote(conn, post, quoted).await?;
    Ok(())
}
