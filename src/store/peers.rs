//! What was agreed with other servers, and what administrators decided about them.

use diesel::prelude::*;

use super::schema::{actors, groups, hosts, peerings};
use super::{Conn, db_fn, paged};
use crate::base::*;
use crate::domain::actors::{Actor, ActorState};
use crate::domain::groups::{Group, GroupKind};
use crate::domain::peers::*;
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

db_fn! {
    /// The agreement with a host, or the offer.
    pub async fn find(conn, host: HostId) -> Option<Peering> {
        peerings::table.find(host).select(Peering::as_select()).first(conn).await.optional()
    }

    /// Every agreement and offer with its host, the latest first.
    pub async fn all(conn) -> Vec<(Host, Option<Peering>)> {
        hosts::table
            .left_join(peerings::table.on(peerings::host_id.eq(hosts::id)))
            .filter(hosts::peer_state.ne(PeerState::None))
            .order(hosts::name)
            .select((Host::as_select(), Option::<Peering>::as_select()))
            .load(conn)
            .await
    }

    /// Hosts with which an agreement holds.
    pub async fn partners(conn) -> Vec<Host> {
        hosts::table
            .filter(hosts::peer_state.eq(PeerState::Accepted).and(hosts::state.ne(HostState::Blocked)))
            .order(hosts::id)
            .select(Host::as_select())
            .load(conn)
            .await
    }

    /// Groups here of these kinds that partners are told of, the newest first.
    pub async fn told(conn, kinds: &[GroupKind], page: Page) -> Vec<(Group, Actor)> {
        let told = groups::table
            .inner_join(actors::table.on(actors::id.eq(groups::actor_id)))
            .filter(actors::host_id.eq(HostId::LOCAL).and(actors::state.eq(ActorState::Active)))
            .filter(groups::kind.eq_any(one_of(kinds)).and(groups::archived_at.is_null()))
            .select((Group::as_select(), Actor::as_select()));
        paged!(told, page, groups::actor_id, conn)
    }

    /// How many there are.
    pub async fn count_told(conn, kinds: &[GroupKind]) -> i64 {
        groups::table
            .inner_join(actors::table.on(actors::id.eq(groups::actor_id)))
            .filter(actors::host_id.eq(HostId::LOCAL).and(actors::state.eq(ActorState::Active)))
            .filter(groups::kind.eq_any(one_of(kinds)).and(groups::archived_at.is_null()))
            .count()
            .get_result(conn)
            .await
    }

    async fn remove(conn, host: HostId) -> usize {
        diesel::delete(peerings::table.find(host)).execute(conn).await
    }

    async fn insert(conn, new: &Peering) -> usize {
        diesel::insert_into(peerings::table)
            .values((
                peerings::host_id.eq(new.host_id), peerings::follow_uri.eq(&new.follow_uri), peerings::ours.eq(new.ours),
                peerings::scope.eq(&new.scope), peerings::purpose.eq(&new.purpose), peerings::contact.eq(&new.contact),
                peerings::retention.eq(&new.retention), peerings::answer_contact.eq(&new.answer_contact),
                peerings::answer_retention.eq(&new.answer_retention), peerings::reason.eq(&new.reason),
                peerings::offered_at.eq(new.offered_at), peerings::answered_at.eq(new.answered_at),
                peerings::ended_at.eq(new.ended_at),
            ))
            .execute(conn)
            .await
    }

    /// Hosts about which something was decided, by name.
    pub async fn ruled(conn) -> Vec<Host> {
        hosts::table
            .filter(hosts::state.ne(HostState::Known).or(hosts::reject_media.eq(true)))
            .order(hosts::name)
            .select(Host::as_select())
            .load(conn)
            .await
    }

    /// Sets what was decided about a host.
    pub async fn set_rule(conn, host: HostId, state: HostState, reject_media: bool, reason: &str, now: Time) -> usize {
        diesel::update(hosts::table.find(host))
            .set((
                hosts::state.eq(state), hosts::reject_media.eq(reject_media), hosts::reason.eq(reason),
                hosts::decided_at.eq(now.micros()),
            ))
            .execute(conn)
            .await
    }
}

/// Writes an agreement or offer down, in place of the one there was.
pub async fn put(conn: &mut Conn, new: &Peering) -> Result<()> {
    remove(conn, new.host_id).await?;
    insert(conn, new).await?;
    Ok(())
}
