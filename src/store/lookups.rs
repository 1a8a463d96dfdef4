//! Who may be asked about people elsewhere, what our own people tell partners, and that they were found.

use diesel::prelude::*;

use super::schema::{actors, branches, hosts, knowledge_choices, lookups, members, terms};
use super::terms::{TermRow, term, term_columns};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::actors::{ActorKind, ActorState};
use crate::domain::knowledge::{Lookup, Told};
use crate::domain::peers::{Host, PeerState};
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

/// What members tell of themselves beside their expertise, with who may see it.
pub type Beside = (ActorId, String, Option<String>, Option<(String, Told, Told, Told)>);

db_fn! {
    async fn agreed(conn) -> Vec<Host> {
        hosts::table
            .filter(hosts::peer_state.eq(PeerState::Accepted))
            .order(hosts::name)
            .select(Host::as_select())
            .load(conn)
            .await
    }

    /// The names that servers give themselves.
    async fn named(conn, of: &[HostId]) -> Vec<(HostId, String)> {
        if of.is_empty() {
            return Ok(Vec::new());
        }
        actors::table
            .filter(actors::host_id.eq_any(one_of(of)).and(actors::kind.eq(ActorKind::Application)))
            .filter(actors::state.eq(ActorState::Active))
            .select((actors::host_id, actors::display_name))
            .load(conn)
            .await
    }

    async fn languages_of(conn, of: &[ActorId]) -> Vec<(ActorId, String, Option<String>)> {
        members::table
            .left_join(branches::table.on(branches::id.nullable().eq(members::branch_id)))
            .filter(members::actor_id.eq_any(one_of(of)))
            .select((members::actor_id, members::languages, branches::name.nullable()))
            .load(conn)
            .await
    }

    async fn choices_of(conn, of: &[ActorId]) -> Vec<(ActorId, (String, Told, Told, Told))> {
        knowledge_choices::table
            .filter(knowledge_choices::member_id.eq_any(one_of(of)))
            .select((
                knowledge_choices::member_id,
                (
                    knowledge_choices::days, knowledge_choices::days_to, knowledge_choices::languages_to,
                    knowledge_choices::branch_to,
                ),
            ))
            .load(conn)
            .await
    }

    /// Notes that someone was found, by whom and with what; once more on the same day is counted.
    pub async fn note(conn, member: ActorId, host: HostId, found: TermId, now: Time) -> usize {
        diesel::insert_into(lookups::table)
            .values((
                lookups::member_id.eq(member), lookups::host_id.eq(host), lookups::term_id.eq(found),
                lookups::day.eq(day_of(now)), lookups::times.eq(1_i64), lookups::last_at.eq(now),
            ))
            .on_conflict((lookups::member_id, lookups::host_id, lookups::term_id, lookups::day))
            .do_update()
            .set((lookups::times.eq(lookups::times + 1_i64), lookups::last_at.eq(now)))
            .execute(conn)
            .await
    }

    async fn rows(conn, member: ActorId, limit: i64) -> Vec<(HostId, String, TermRow, i64, Time)> {
        lookups::table
            .inner_join(hosts::table.on(hosts::id.eq(lookups::host_id)))
            .inner_join(terms::table.on(terms::id.eq(lookups::term_id)))
            .filter(lookups::member_id.eq(member))
            .order((lookups::last_at.desc(), lookups::term_id))
            .limit(limit)
            .select((lookups::host_id, hosts::name, term_columns!(), lookups::times, lookups::last_at))
            .load(conn)
            .await
    }

    /// Forgets what is older.
    pub async fn forget(conn, before: Time) -> usize {
        diesel::delete(lookups::table.filter(lookups::day.lt(day_of(before)))).execute(conn).await
    }
}

fn day_of(at: Time) -> i64 {
    at.micros().div_euclid(Time::DAY)
}

/// Servers with which an agreement holds, each with the name of its organisation as far as we know it.
pub async fn partners(conn: &mut Conn) -> Result<Vec<(Host, String)>> {
    let hosts: Vec<Host> = agreed(conn).await?.into_iter().filter(Host::is_peer).collect();
    let ids: Vec<HostId> = hosts.iter().map(|host| host.id).collect();
    let mut names = named(conn, &ids).await?;
    let mut name_of = |host: &Host| {
        let at = names.iter().position(|(id, name)| *id == host.id && !name.trim().is_empty());
        at.map_or_else(|| host.name.clone(), |at| names.swap_remove(at).1)
    };
    Ok(hosts.into_iter().map(|host| (host.clone(), name_of(&host))).collect())
}

/// Languages, branch and days of some members, with whom they tell them; none where they chose nothing.
pub async fn beside(conn: &mut Conn, of: &[ActorId]) -> Result<Vec<Beside>> {
    let mut chosen = choices_of(conn, of).await?;
    let row = |(id, languages, branch): (ActorId, String, Option<String>)| {
        let at = chosen.iter().position(|(member, _)| *member == id);
        (id, languages, branch, at.map(|at| chosen.swap_remove(at).1))
    };
    Ok(languages_of(conn, of).await?.into_iter().map(row).collect())
}

/// When somebody at a partner found a member, the last first.
pub async fn of(conn: &mut Conn, member: ActorId, limit: i64) -> Result<Vec<Lookup>> {
    let found = rows(conn, member, limit).await?;
    let ids: Vec<HostId> = found.iter().map(|row| row.0).collect();
    let names = named(conn, &ids).await?;
    let lookup = |(host, name, row, times, last_at): (HostId, String, TermRow, i64, Time)| {
        let own = names.iter().find(|(id, name)| *id == host && !name.trim().is_empty());
        let organisation = own.map_or(name, |(_, name)| name.clone());
        Lookup { organisation, term: term(row), times, last_at }
    };
    Ok(found.into_iter().map(lookup).collect())
}
