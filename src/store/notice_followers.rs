//! Who follows a closed group from other software, and hears only that something was written: they are no members.

use diesel::prelude::*;

use super::db_fn;
use super::schema::{actors, hosts, notice_followers};
use crate::base::*;
use crate::domain::actors::ActorState;
use crate::domain::peers::HostState;
use crate::store::query::RunQueryDsl;

db_fn! {
    /// Notes one, by the ActivityPub id of their Follow.
    pub async fn put(conn, group: ActorId, follower: ActorId, uri: &str) -> usize {
        diesel::insert_into(notice_followers::table)
            .values((
                notice_followers::group_id.eq(group), notice_followers::actor_id.eq(follower), notice_followers::uri.eq(uri),
            ))
            .on_conflict((notice_followers::group_id, notice_followers::actor_id))
            .do_update()
            .set(notice_followers::uri.eq(uri))
            .execute(conn)
            .await
    }

    /// Forgets one.
    pub async fn remove(conn, group: ActorId, follower: ActorId) -> usize {
        diesel::delete(notice_followers::table.find((group, follower))).execute(conn).await
    }

    /// Forgets somebody who is gone.
    pub async fn remove_all(conn, follower: ActorId) -> usize {
        diesel::delete(notice_followers::table.filter(notice_followers::actor_id.eq(follower))).execute(conn).await
    }

    /// Which group somebody follows by a Follow.
    pub async fn find_by_uri(conn, follower: ActorId, uri: &str) -> Option<ActorId> {
        notice_followers::table
            .filter(notice_followers::actor_id.eq(follower).and(notice_followers::uri.eq(uri)))
            .select(notice_followers::group_id)
            .first(conn)
            .await
            .optional()
    }

    /// Those of a group, with the ids of their Follows.
    pub async fn of(conn, group: ActorId) -> Vec<(ActorId, String)> {
        notice_followers::table
            .filter(notice_followers::group_id.eq(group))
            .order(notice_followers::actor_id)
            .select((notice_followers::actor_id, notice_followers::uri))
            .load(conn)
            .await
    }

    /// Where they live: actor, host name, inbox and shared inbox.
    pub async fn inboxes(conn, group: ActorId) -> Vec<(ActorId, String, String, Option<String>)> {
        notice_followers::table
            .inner_join(actors::table.on(actors::id.eq(notice_followers::actor_id)))
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .filter(notice_followers::group_id.eq(group).and(hosts::state.ne(HostState::Blocked)))
            .filter(actors::state.eq(ActorState::Active))
            .select((actors::id, hosts::name, actors::inbox, actors::shared_inbox))
            .load(conn)
            .await
    }
}
