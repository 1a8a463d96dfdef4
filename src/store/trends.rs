//! What open posts were about lately.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::db_fn;
use super::fixed::Fixed;
use super::schema::{audiences, post_tags, posts};
use crate::base::*;
use crate::domain::audiences::Scope;
use crate::domain::posts::PostState;
use crate::store::query::RunQueryDsl;

db_fn! {
    /// Hashtags of open posts with an id above `since`, newest first, with the post and who wrote it.
    pub async fn tagged(conn, since: i64, limit: i64) -> Vec<(String, PostId, ActorId)> {
        post_tags::table
            .inner_join(posts::table.on(posts::id.eq(post_tags::post_id)))
            .inner_join(audiences::table.on(audiences::id.eq(posts::audience_id)))
            .filter(post_tags::post_id.gt(PostId(since)).and(posts::state.eq(PostState::Published)))
            .filter(audiences::scope.eq(Scope::Public))
            .order(post_tags::post_id.desc())
            .limit(limit)
            .select((post_tags::tag, posts::id, posts::author_id))
            .load(conn)
            .await
    }

    /// Pages that open posts with an id above `since` are about, newest first, with the post and who wrote it.
    pub async fn linked(conn, since: i64, limit: i64) -> Vec<(String, PostId, ActorId)> {
        // SQLite joins in the order of CROSS JOIN: left to itself it begins with the posts, of which there are far more.
        let mut query: Fixed<(Text, BigInt, BigInt)> = Fixed::new(
            "SELECT l.url, p.id, p.author_id FROM link_previews l CROSS JOIN posts p CROSS JOIN audiences a \
             WHERE p.id = l.post_id AND a.id = p.audience_id AND p.state = 'published' AND l.title <> ''",
        );
        query.push(" AND l.post_id > ? AND a.scope = ?", &[since, i64::from(Scope::Public.number())]);
        query.push(" ORDER BY l.post_id DESC LIMIT ?", &[limit]);
        query.load(conn).await
    }

    /// Open top-level posts with an id above `since`, newest first, with their comments, reactions and shares.
    pub async fn talked_of(conn, since: i64, limit: i64) -> Vec<(PostId, i64, i64, i64)> {
        posts::table
            .inner_join(audiences::table.on(audiences::id.eq(posts::audience_id)))
            .filter(posts::id.gt(PostId(since)).and(posts::parent_id.is_null()))
            .filter(posts::state.eq(PostState::Published).and(audiences::scope.eq(Scope::Public)))
            .order(posts::id.desc())
            .limit(limit)
            .select((posts::id, posts::replies_count, posts::reactions_count, posts::shares_count))
            .load(conn)
            .await
    }
}
