//! The few things other use cases ask about members.

use diesel::prelude::*;

use super::db_fn;
use super::schema::{actors, members};
use crate::base::*;
use crate::domain::actors::ActorState;
use crate::domain::people::{DirectFrom, Role};
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

db_fn! {
    /// Whether an actor has an account here.
    pub async fn is_member(conn, id: ActorId) -> bool {
        diesel::select(diesel::dsl::exists(members::table.find(id))).get_result(conn).await
    }

    /// Which of several actors have an account here, and whether they are guests.
    pub async fn among(conn, who: &[ActorId]) -> Vec<(ActorId, Role, bool)> {
        members::table
            .filter(members::actor_id.eq_any(one_of(who)))
            .select((members::actor_id, members::role, members::is_guest))
            .load(conn)
            .await
    }

    /// Whether an actor is a guest here; `false` for those without an account.
    pub async fn is_guest(conn, id: ActorId) -> bool {
        members::table.find(id).select(members::is_guest).first(conn).await.optional().map(|guest| guest == Some(true))
    }

    /// From whom a member takes direct messages; none for those without an account.
    pub async fn direct_from(conn, member: ActorId) -> Option<DirectFrom> {
        members::table.find(member).select(members::direct_from).first(conn).await.optional()
    }

    /// Those who keep order on the instance.
    pub async fn list_moderators(conn) -> Vec<ActorId> {
        members::table
            .inner_join(actors::table.on(actors::id.eq(members::actor_id)))
            .filter(members::role.eq_any(one_of([Role::Owner, Role::Admin, Role::Moderator])))
            .filter(actors::state.eq(ActorState::Active))
            .select(members::actor_id)
            .load(conn)
            .await
    }

    /// Notes up to where a member saw home.
    pub async fn set_home_seen(conn, id: ActorId, seq: i64) -> usize {
        diesel::update(members::table.find(id))
            .filter(members::home_seen_seq.lt(seq))
            .set(members::home_seen_seq.eq(seq))
            .execute(conn)
            .await
    }
}
