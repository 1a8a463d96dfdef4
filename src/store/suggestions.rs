//! Groups that people like someone are in.

use diesel::dsl::not;
use diesel::prelude::*;

use super::db_fn;
use super::schema::{actors, dismissed_suggestions, follows, groups};
use crate::base::*;
use crate::domain::actors::ActorState;
use crate::domain::groups::{FollowState, GroupKind};
use crate::store::query::RunQueryDsl;

db_fn! {
    /// In which groups some people are, of those that every member may see and that `me` is not in and did not turn down.
    pub async fn groups_of(conn, people: &[ActorId], me: ActorId, limit: i64) -> Vec<(ActorId, ActorId)> {
        let mine = diesel::alias!(follows as mine);
        let known = mine
            .filter(mine.field(follows::follower_id).eq(me))
            .select(mine.field(follows::target_id));
        let turned_down = dismissed_suggestions::table
            .filter(dismissed_suggestions::member_id.eq(me))
            .select(dismissed_suggestions::target_id);
        follows::table
            .inner_join(groups::table.on(groups::actor_id.eq(follows::target_id)))
            .inner_join(actors::table.on(actors::id.eq(follows::target_id)))
            .filter(follows::follower_id.eq_any(people).and(follows::state.eq(FollowState::Accepted)))
            .filter(groups::kind.ne(GroupKind::Private).and(groups::archived_at.is_null()))
            .filter(actors::state.eq(ActorState::Active))
            .filter(not(follows::target_id.eq_any(known)).and(not(follows::target_id.eq_any(turned_down))))
            .limit(limit)
            .select((follows::target_id, follows::follower_id))
            .load(conn)
            .await
    }

    /// Which of some actors a member turned down.
    pub async fn turned_down(conn, member: ActorId, whom: &[ActorId]) -> Vec<ActorId> {
        dismissed_suggestions::table
            .filter(dismissed_suggestions::member_id.eq(member).and(dismissed_suggestions::target_id.eq_any(whom)))
            .select(dismissed_suggestions::target_id)
            .load(conn)
            .await
    }
}
