//! Memberships in closed groups elsewhere: what their host says of them, and what follows from it here.

use crate::base::*;
use crate::services::{Ctx, follows};
use crate::store::{self, memberships::Abroad};

/// After this long without a word from its host, what a closed group elsewhere holds is hidden here.
pub const PATIENCE: i64 = 14 * Time::DAY;

/// What the host of a group says of someone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// A member.
    Yes,
    /// No member.
    No,
    /// Nothing: it could not be asked.
    Silence,
}

/// Does what follows from the word of a group's host: a member stays and reads, one who is none goes out, and after two
/// weeks of silence the group's things are hidden until its host speaks again.
pub async fn settle(ctx: &Ctx, membership: &Abroad, word: Word) -> Result<()> {
    let (member, group, now) = (membership.member, membership.group, ctx.now());
    match word {
        Word::No => follows::received_absence(ctx, member, group).await,
        Word::Yes => {
            ctx.db
                .write(move |conn| {
                    Box::pin(async move {
                        // It may have ended while its host was asked.
                        let held = store::groups::find_follow(conn, member, group).await?;
                        if held.is_some_and(|follow| follow.is_member()) {
                            store::memberships::confirm(conn, member, group, now).await?;
                            store::memberships::show_again(conn, member, group).await?;
                        }
                        Ok(())
                    })
                })
                .await
        }
        Word::Silence if now.since(membership.silent_since()) > PATIENCE => {
            tracing::info!(%member, %group, "a group elsewhere is hidden: its host is silent");
            ctx.db
                .write(move |conn| {
                    Box::pin(async move { store::groups::remove_reader(conn, group, member).await.map(|_| ()) })
                })
                .await
        }
        Word::Silence => Ok(()),
    }
}
