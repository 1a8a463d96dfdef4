//! Threads as other servers read them: ids alone, oldest first, page by page.

use diesel::prelude::*;

use crate::base::*;
use crate::domain::Sight;
use crate::domain::posts::PostState;
use crate::store::db_fn;
use crate::store::query::RunQueryDsl;
use crate::store::schema::*;
use crate::store::sight::sees_posts;

db_fn! {
    /// Visible posts of a thread, the root first: at most `limit` after `after`.
    pub async fn in_thread(conn, root: PostId, sight: &Sight, after: i64, limit: i64) -> Vec<(PostId, String)> {
        posts::table
            .filter(posts::root_id.eq(root).and(posts::id.gt(PostId(after))).and(posts::state.eq(PostState::Published)))
            .filter(sees_posts(sight))
            .order(posts::id)
            .limit(limit)
            .select((posts::id, posts::uri))
            .load(conn)
            .await
    }

    /// How many there are.
    pub async fn count_in_thread(conn, root: PostId, sight: &Sight) -> i64 {
        posts::table
            .filter(posts::root_id.eq(root).and(posts::state.eq(PostState::Published)))
            .filter(sees_posts(sight))
            .count()
            .get_result(conn)
            .await
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

    /// Visible answers to a post, those to answers left out: at most `limit` after `after`.
    pub async fn answers_to(conn, post: PostId, sight: &Sight, after: i64, limit: i64) -> Vec<(PostId, String)> {
        posts::table
            .filter(posts::parent_id.eq(post).and(posts::id.gt(PostId(after))).and(posts::state.eq(PostState::Published)))
            .filter(sees_posts(sight))
            .order(posts::id)
            .limit(limit)
            .select((posts::id, posts::uri))
            .load(conn)
            .await
    }

    /// How many there are.
    pub async fn count_answers_to(conn, post: PostId, sight: &Sight) -> i64 {
        posts::table
            .filter(posts::parent_id.eq(post).and(posts::state.eq(PostState::Published)))
            .filter(sees_posts(sight))
            .count()
            .get_result(conn)
            .await
    }
}
