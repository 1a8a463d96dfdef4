//! Threads as other servers read them: ids alone, oldest first, page by page.

use diesel::prelude::*;

use crate::base::*;
use crate::domain::Sight;
use crate::domain::posts::PostState;
use crate::store::db_fn;
use crate::store::query::RunQueryDsl;
use crate::store::schema::*;
use crate::store::sight::sees_posts;

/// Which posts of a thread.
#[derive(Clone, Copy, Debug)]
pub enum Under {
    /// All of it, by its first post.
    Root(PostId),
    /// The answers to one post, those to answers left out.
    Parent(PostId),
}

/// Visible posts there; the rest of a query on them.
macro_rules! under {
    ($under:expr, $sight:expr) => {{
        let shown = posts::table.filter(posts::state.eq(PostState::Published)).filter(sees_posts($sight)).into_boxed();
        match $under {
            Under::Root(root) => shown.filter(posts::root_id.eq(root)),
            Under::Parent(parent) => shown.filter(posts::parent_id.eq(parent)),
        }
    }};
}

db_fn! {
    /// Posts of a thread by id, the oldest first: at most `limit` after `after`.
    pub async fn under(conn, under: Under, sight: &Sight, after: i64, limit: i64) -> Vec<(PostId, String)> {
        under!(under, sight)
            .filter(posts::id.gt(PostId(after)))
            .order(posts::id)
            .limit(limit)
            .select((posts::id, posts::uri))
            .load(conn)
            .await
    }

    /// How many there are.
    pub async fn count_under(conn, under: Under, sight: &Sight) -> i64 {
        under!(under, sight).count().get_result(conn).await
    }

    /// What somebody wrote in a group and is shown there, the latest first.
    pub async fn of_author_in(conn, author: ActorId, group: ActorId, limit: i64) -> Vec<PostId> {
        posts::table
            .filter(posts::author_id.eq(author).and(posts::group_id.eq(group)).and(posts::state.eq(PostState::Published)))
            .order(posts::id.desc())
            .limit(limit)
            .select(posts::id)
            .load(conn)
            .await
    }
}
