//! Who someone was elsewhere before, and where someone went.

use diesel::prelude::*;

use super::db_fn;
use super::schema::{actors, aliases, follows, groups};
use crate::base::*;
use crate::domain::actors::{ActorKind, ActorState};
use crate::domain::groups::{Follow, FollowState};
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

db_fn! {
    /// Notes that a member or group was someone elsewhere before.
    pub async fn insert(conn, actor: ActorId, former: ActorId) -> usize {
        diesel::insert_into(aliases::table)
            .values((aliases::actor_id.eq(actor), aliases::former_id.eq(former)))
            .on_conflict_do_nothing()
            .execute(conn)
            .await
    }

    /// Forgets that.
    pub async fn delete(conn, actor: ActorId, former: ActorId) -> usize {
        diesel::delete(aliases::table.find((actor, former))).execute(conn).await
    }

    /// Forgets all that somebody was.
    pub async fn delete_of(conn, actor: ActorId) -> usize {
        diesel::delete(aliases::table.filter(aliases::actor_id.eq(actor))).execute(conn).await
    }

    /// Who a member or group was before: ids here and ActivityPub ids.
    pub async fn of(conn, actor: ActorId) -> Vec<(ActorId, String)> {
        aliases::table
            .inner_join(actors::table.on(actors::id.eq(aliases::former_id)))
            .filter(aliases::actor_id.eq(actor))
            .order(aliases::former_id)
            .select((actors::id, actors::uri))
            .load(conn)
            .await
    }

    /// Of several, who was somebody before.
    pub async fn with_former(conn, actors: &[ActorId]) -> Vec<ActorId> {
        aliases::table.filter(aliases::actor_id.eq_any(one_of(actors))).select(aliases::actor_id).distinct().load(conn).await
    }

    /// Notes where someone went (an ActivityPub id), or that they stay.
    pub async fn set_moved(conn, actor: ActorId, to: Option<&str>, now: Time) -> usize {
        diesel::update(actors::table.find(actor))
            .set((actors::moved_to.eq(to), actors::updated_at.eq(now)))
            .execute(conn)
            .await
    }

    /// Members here who went on under an ActivityPub id, of several; with that.
    pub async fn gone_to(conn, uris: &[String]) -> Vec<(ActorId, Option<String>)> {
        actors::table
            .filter(actors::moved_to.eq_any(one_of(uris)).and(actors::host_id.eq(HostId::LOCAL)))
            .order(actors::id)
            .select((actors::id, actors::moved_to))
            .load(conn)
            .await
    }

    /// Whom we know of that went on under an ActivityPub id, here and elsewhere.
    pub async fn before(conn, uri: &str) -> Vec<ActorId> {
        actors::table
            .filter(actors::moved_to.eq(uri).and(actors::state.eq(ActorState::Active)))
            .order(actors::id)
            .select(actors::id)
            .load(conn)
            .await
    }

    /// Groups that someone is in and that went on under an ActivityPub id.
    pub async fn seats_before(conn, member: ActorId, uri: &str) -> Vec<ActorId> {
        follows::table
            .inner_join(actors::table.on(actors::id.eq(follows::target_id)))
            .filter(follows::follower_id.eq(member).and(follows::state.eq(FollowState::Accepted)))
            .filter(actors::moved_to.eq(uri).and(actors::kind.eq(ActorKind::Group)))
            .select(actors::id)
            .load(conn)
            .await
    }

    /// Memberships in groups of ours.
    pub async fn seats(conn, member: ActorId) -> Vec<Follow> {
        follows::table
            .inner_join(groups::table.on(groups::actor_id.eq(follows::target_id)))
            .inner_join(actors::table.on(actors::id.eq(follows::target_id)))
            .filter(follows::follower_id.eq(member).and(follows::state.eq(FollowState::Accepted)))
            .filter(actors::host_id.eq(HostId::LOCAL).and(actors::state.eq(ActorState::Active)))
            .select(Follow::as_select())
            .load(conn)
            .await
    }
}
