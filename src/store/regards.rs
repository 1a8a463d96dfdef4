//! What members note about others for themselves: notes, whom they show on their profile, whom not to suggest.

use diesel::dsl::{not, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::db_fn;
use super::schema::{account_notes, actors, dismissed_suggestions, endorsements, follows, groups, host_blocks, hosts};
use crate::base::*;
use crate::domain::actors::{ActorKind, ActorState};
use crate::domain::groups::GroupKind;
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

db_fn! {
    /// Notes something about someone; nothing takes the note away.
    pub async fn set_note(conn, member: ActorId, target: ActorId, note: &str) -> usize {
        if note.is_empty() {
            let theirs = account_notes::member_id.eq(member).and(account_notes::target_id.eq(target));
            return diesel::delete(account_notes::table.filter(theirs)).execute(conn).await;
        }
        diesel::insert_into(account_notes::table)
            .values((account_notes::member_id.eq(member), account_notes::target_id.eq(target), account_notes::note.eq(note)))
            .on_conflict((account_notes::member_id, account_notes::target_id))
            .do_update()
            .set(account_notes::note.eq(note))
            .execute(conn)
            .await
    }

    /// Notes about some people.
    pub async fn notes(conn, member: ActorId, who: &[ActorId]) -> Vec<(ActorId, String)> {
        account_notes::table
            .filter(account_notes::member_id.eq(member).and(account_notes::target_id.eq_any(one_of(who))))
            .select((account_notes::target_id, account_notes::note))
            .load(conn)
            .await
    }

    /// Shows someone on a member's profile.
    pub async fn endorse(conn, id: i64, member: ActorId, target: ActorId) -> usize {
        diesel::insert_into(endorsements::table)
            .values((endorsements::id.eq(id), endorsements::member_id.eq(member), endorsements::target_id.eq(target)))
            .on_conflict((endorsements::member_id, endorsements::target_id))
            .do_nothing()
            .execute(conn)
            .await
    }

    /// Shows them no longer.
    pub async fn unendorse(conn, member: ActorId, target: ActorId) -> usize {
        diesel::delete(
            endorsements::table.filter(endorsements::member_id.eq(member).and(endorsements::target_id.eq(target))),
        )
        .execute(conn)
        .await
    }

    /// Whom a member shows on their profile, last first, with the cursor of each.
    pub async fn endorsed(conn, member: ActorId, page: Page) -> Vec<(i64, ActorId)> {
        let (older, newer) = page.bounds();
        endorsements::table
            .filter(endorsements::member_id.eq(member))
            .filter(endorsements::id.lt(older).and(endorsements::id.gt(newer)))
            .order(endorsements::id.desc())
            .limit(page.limit)
            .select((endorsements::id, endorsements::target_id))
            .load(conn)
            .await
    }

    /// Which of some people a member shows.
    pub async fn endorsed_among(conn, member: ActorId, who: &[ActorId]) -> Vec<ActorId> {
        endorsements::table
            .filter(endorsements::member_id.eq(member).and(endorsements::target_id.eq_any(one_of(who))))
            .select(endorsements::target_id)
            .load(conn)
            .await
    }

    /// Does not suggest someone to a member again.
    pub async fn dismiss(conn, member: ActorId, target: ActorId) -> usize {
        diesel::insert_into(dismissed_suggestions::table)
            .values((dismissed_suggestions::member_id.eq(member), dismissed_suggestions::target_id.eq(target)))
            .on_conflict_do_nothing()
            .execute(conn)
            .await
    }

    /// Open groups here that a member is not in and did not turn down, the largest first.
    pub async fn suggestions(conn, member: ActorId, limit: i64) -> Vec<ActorId> {
        let known = follows::table.filter(follows::follower_id.eq(member)).select(follows::target_id);
        let turned_down = dismissed_suggestions::table
            .filter(dismissed_suggestions::member_id.eq(member))
            .select(dismissed_suggestions::target_id);
        actors::table
            .inner_join(groups::table.on(groups::actor_id.eq(actors::id)))
            .filter(actors::kind.eq(ActorKind::Group).and(actors::state.eq(ActorState::Active)))
            .filter(actors::host_id.eq(HostId::LOCAL).and(actors::discoverable.eq(true)))
            .filter(groups::kind.ne(GroupKind::Private).and(groups::hidden.eq(false)))
            .filter(groups::archived_at.is_null())
            .filter(not(actors::id.eq_any(known)).and(not(actors::id.eq_any(turned_down))))
            .order((groups::members_count.desc(), actors::id))
            .limit(limit)
            .select(actors::id)
            .load(conn)
            .await
    }

    /// Whom a member follows who also follow another: for "people you know who follow them".
    pub async fn in_common(conn, member: ActorId, target: ActorId, limit: i64) -> Vec<ActorId> {
        let known = sql::<Bool>(
            "EXISTS (SELECT 1 FROM follows m WHERE m.target_id = follows.follower_id AND m.state = 'accepted' \
             AND m.follower_id = ",
        );
        follows::table
            .filter(follows::target_id.eq(target).and(follows::state.eq("accepted")))
            .filter(known.bind::<BigInt, _>(member.0).sql(")"))
            .limit(limit)
            .select(follows::follower_id)
            .load(conn)
            .await
    }

    /// Shuts out a whole server for one member. The host must be known.
    pub async fn block_host(conn, member: ActorId, host: HostId) -> usize {
        diesel::insert_into(host_blocks::table)
            .values((host_blocks::member_id.eq(member), host_blocks::host_id.eq(host)))
            .on_conflict_do_nothing()
            .execute(conn)
            .await
    }

    /// Which servers some members shut out.
    pub async fn hosts_out(conn, members: &[ActorId]) -> Vec<(ActorId, HostId)> {
        host_blocks::table
            .filter(host_blocks::member_id.eq_any(one_of(members)))
            .select((host_blocks::member_id, host_blocks::host_id))
            .load(conn)
            .await
    }

    /// Shuts it out no longer.
    pub async fn unblock_host(conn, member: ActorId, name: &str) -> usize {
        let host = hosts::table.filter(hosts::name.eq(name)).select(hosts::id);
        diesel::delete(host_blocks::table.filter(host_blocks::member_id.eq(member).and(host_blocks::host_id.eq_any(host))))
            .execute(conn)
            .await
    }

    /// Servers a member shut out, with the cursor of each.
    pub async fn blocked_hosts(conn, member: ActorId, page: Page) -> Vec<(HostId, String)> {
        let (older, newer) = page.bounds();
        host_blocks::table
            .inner_join(hosts::table.on(hosts::id.eq(host_blocks::host_id)))
            .filter(host_blocks::member_id.eq(member))
            .filter(hosts::id.lt(HostId(older)).and(hosts::id.gt(HostId(newer))))
            .order(hosts::id.desc())
            .limit(page.limit)
            .select((hosts::id, hosts::name))
            .load(conn)
            .await
    }

    /// Which of some actors live on servers that a member shut out.
    pub async fn on_blocked_hosts(conn, member: ActorId, who: &[ActorId]) -> Vec<ActorId> {
        actors::table
            .inner_join(host_blocks::table.on(host_blocks::host_id.eq(actors::host_id)))
            .filter(host_blocks::member_id.eq(member).and(actors::id.eq_any(one_of(who))))
            .select(actors::id)
            .load(conn)
            .await
    }
}
