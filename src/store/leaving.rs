//! What a person leaves behind, and takes along.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::db_fn;
use super::schema::{actors, follows, groups, media, posts};
use crate::base::*;
use crate::domain::actors::ActorState;
use crate::domain::groups::{FollowState, GroupRole};
use crate::domain::posts::{Post, PostState};
use crate::store::groups::is_server;
use crate::store::query::RunQueryDsl;

db_fn! {
    /// Groups here that one person owns and nobody else is in.
    pub async fn owned_alone(conn, owner: ActorId) -> Vec<ActorId> {
        groups::table
            .inner_join(follows::table.on(follows::target_id.eq(groups::actor_id)))
            .inner_join(actors::table.on(actors::id.eq(groups::actor_id)))
            .filter(follows::follower_id.eq(owner).and(follows::role.eq(GroupRole::Owner)))
            .filter(follows::state.eq(FollowState::Accepted).and(actors::state.eq(ActorState::Active)))
            .filter(actors::host_id.eq(HostId::LOCAL))
            .filter(
                sql::<Bool>(concat!(
                    "NOT EXISTS (SELECT 1 FROM follows o JOIN actors w ON w.id = o.follower_id \
                     WHERE o.target_id = groups.actor_id AND o.state = 'accepted' AND NOT (groups.kind = 'network' AND ",
                    is_server!("w"),
                    ") AND o.follower_id <> "
                ))
                .bind::<BigInt, _>(owner.0)
                .sql(")"),
            )
            .select(groups::actor_id)
            .load(conn)
            .await
    }

    /// Whom and what someone follows, asked to follow, or was invited to.
    pub async fn follows_from(conn, follower: ActorId) -> Vec<ActorId> {
        follows::table
            .filter(follows::follower_id.eq(follower))
            .order(follows::target_id)
            .select(follows::target_id)
            .load(conn)
            .await
    }

    /// Groups here that somebody is in, or wrote in.
    pub async fn groups_here(conn, who: ActorId) -> Vec<ActorId> {
        let wrote = posts::table.filter(posts::author_id.eq(who)).select(posts::group_id);
        let follows = follows::table.filter(follows::follower_id.eq(who)).select(follows::target_id);
        groups::table
            .inner_join(actors::table.on(actors::id.eq(groups::actor_id)))
            .filter(actors::host_id.eq(HostId::LOCAL).and(actors::state.eq(ActorState::Active)))
            .filter(groups::actor_id.nullable().eq_any(wrote).or(groups::actor_id.eq_any(follows)))
            .select(groups::actor_id)
            .load(conn)
            .await
    }

    /// Everything someone wrote that is not a tombstone.
    pub async fn post_ids(conn, author: ActorId) -> Vec<PostId> {
        posts::table
            .filter(posts::author_id.eq(author).and(posts::state.ne(PostState::Deleted)))
            .select(posts::id)
            .load(conn)
            .await
    }

    /// What someone wrote, oldest first, after an id.
    pub async fn posts_of(conn, author: ActorId, after: i64, limit: i64) -> Vec<Post> {
        posts::table
            .filter(posts::author_id.eq(author).and(posts::id.gt(PostId(after))))
            .filter(posts::state.ne(PostState::Deleted))
            .order(posts::id)
            .limit(limit)
            .select(Post::as_select())
            .load(conn)
            .await
    }

    /// Files someone put here: id, name, type, description.
    pub async fn files_of(conn, owner: ActorId) -> Vec<(MediaId, String, String, String)> {
        media::table
            .filter(media::owner_id.eq(owner))
            .order(media::id)
            .select((media::id, media::file_name, media::mime, media::description))
            .load(conn)
            .await
    }
}
