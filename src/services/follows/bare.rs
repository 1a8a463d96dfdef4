//! Following a closed group from other software: whoever does hears that something was written, is no member and reads nothing.

use crate::base::*;
use crate::domain::events::Event;
use crate::domain::groups::FollowState;
use crate::i18n::{Arg, Locale, t, t_args};
use crate::services::Ctx;
use crate::services::ctx::emit;
use crate::store::{self, Conn};

/// Somebody elsewhere follows a closed group here that lets them.
///
/// # Errors
/// `Forbidden` where the group does not, or keeps them out.
pub async fn received_bare_follow(ctx: &Ctx, follower: ActorId, group: ActorId, uri: &str) -> Result<()> {
    let uri = uri.to_owned();
    let write = ctx.db.write(move |conn| {
        Box::pin(async move {
            let facts = store::groups::find(conn, group).await?.filter(|facts| facts.takes_bare_followers());
            let held = store::groups::find_follow(conn, follower, group).await?;
            if facts.is_none() || held.is_some_and(|follow| follow.state == FollowState::Banned) {
                return Err(Error::forbidden("error-server-cannot"));
            }
            store::notice_followers::put(conn, group, follower, &uri).await.map(|_| ())
        })
    });
    write.await
}

/// The group lets nobody follow like that any more. Within the caller's transaction.
pub async fn end_notices(conn: &mut Conn, ctx: &Ctx, group: ActorId) -> Result<()> {
    for (follower, uri) in store::notice_followers::of(conn, group).await? {
        store::notice_followers::remove(conn, group, follower).await?;
        emit(conn, &ctx.ids, ctx.now(), &Event::FollowRejected { follower, target: group, uri }).await?;
    }
    Ok(())
}

/// What they hear, and the words of the link, in the language of the instance.
pub fn notice(ctx: &Ctx, group: &str) -> (String, String) {
    let locale = Locale::of_instance(&ctx.instance().locale).unwrap_or_default();
    (t_args(locale, "bare-notice", &[("what", Arg::from(group))]), t(locale, "bare-notice-read"))
}
