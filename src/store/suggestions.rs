//! Groups that people like someone are in.

use diesel::dsl::{exists, not};
use diesel::prelude::*;

use super::db_fn;
use super::schema::{actors, blocks, dismissed_suggestions, expertise, follows, groups};
use crate::base::*;
use crate::domain::actors::ActorState;
use crate::domain::groups::{FollowState, GroupKind};
use crate::domain::knowledge::Told;
use crate::domain::moderation::BlockKind;
use crate::store::among::one_of;
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
            .filter(follows::follower_id.eq_any(one_of(people)).and(follows::state.eq(FollowState::Accepted)))
            .filter(groups::kind.ne(GroupKind::Private).and(groups::archived_at.is_null()))
            .filter(actors::state.eq(ActorState::Active))
            .filter(not(follows::target_id.eq_any(known)).and(not(follows::target_id.eq_any(turned_down))))
            .limit(limit)
            .select((follows::target_id, follows::follower_id))
            .load(conn)
            .await
    }

    /// Whether someone still tells something about a word to one of these, and nothing came between the two.
    pub async fn person_holds(conn, me: ActorId, who: ActorId, about: TermId, told: &[Told]) -> bool {
        let between = blocks::table.filter(
            blocks::member_id.eq(me).and(blocks::target_id.eq(who))
                .or(blocks::member_id.eq(who).and(blocks::target_id.eq(me)).and(blocks::kind.eq(BlockKind::Block))),
        );
        let turned_down = dismissed_suggestions::table
            .filter(dismissed_suggestions::member_id.eq(me).and(dismissed_suggestions::target_id.eq(who)));
        let tells = expertise::table
            .filter(expertise::member_id.eq(who).and(expertise::term_id.eq(about)))
            .filter(expertise::visibility.eq_any(one_of(told)))
            .filter(not(exists(between)).and(not(exists(turned_down))));
        diesel::select(exists(tells)).get_result(conn).await
    }

    /// Whether every member may still see a group that one did not turn down.
    pub async fn group_holds(conn, me: ActorId, group: ActorId) -> bool {
        let turned_down = dismissed_suggestions::table
            .filter(dismissed_suggestions::member_id.eq(me).and(dismissed_suggestions::target_id.eq(group)));
        let open = groups::table
            .filter(groups::actor_id.eq(group).and(groups::kind.ne(GroupKind::Private)).and(groups::archived_at.is_null()))
            .filter(not(exists(turned_down)));
        diesel::select(exists(open)).get_result(conn).await
    }

    /// Whether a member is in a group still.
    pub async fn is_in(conn, me: ActorId, group: ActorId) -> bool {
        let seat = follows::table
            .filter(follows::follower_id.eq(me).and(follows::target_id.eq(group)))
            .filter(follows::state.eq(FollowState::Accepted));
        diesel::select(exists(seat)).get_result(conn).await
    }

    /// Which of some actors a member turned down.
    pub async fn turned_down(conn, member: ActorId, whom: &[ActorId]) -> Vec<ActorId> {
        dismissed_suggestions::table
            .filter(dismissed_suggestions::member_id.eq(member).and(dismissed_suggestions::target_id.eq_any(one_of(whom))))
            .select(dismissed_suggestions::target_id)
            .load(conn)
            .await
    }
}
