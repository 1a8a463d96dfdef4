//! Who showed themselves outside closed groups, and who has another reason to know somebody; and counts of what everyone may
//! know of.

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::schema::{actors, audiences, follows, groups, hosts, members, posts, readers};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::actors::{Actor, ActorKind};
use crate::domain::audiences::Scope;
use crate::domain::groups::{FollowState, GroupKind, GroupRole};
use crate::domain::posts::PostState;
use crate::store::among::one_of;
use crate::store::fixed::Fixed;
use crate::store::query::RunQueryDsl;

db_fn! {
    /// Those of several actors whom everyone may know: who chose to be found, showed themselves to other servers, wrote
    /// something open (deleted since or not), or keeps order in a public group. Everyone knows who is no person.
    pub async fn open_among(conn, ids: &[ActorId]) -> Vec<ActorId> {
        let written = posts::table
            .inner_join(audiences::table.on(audiences::id.eq(posts::audience_id)))
            .filter(posts::author_id.eq(actors::id).and(audiences::scope.le(Scope::Unlisted)))
            .filter(posts::state.ne(PostState::Held));
        let keeps_order = follows::table
            .inner_join(groups::table.on(groups::actor_id.eq(follows::target_id)))
            .filter(follows::follower_id.eq(actors::id).and(follows::state.eq(FollowState::Accepted)))
            .filter(follows::role.ne(GroupRole::Member).and(groups::kind.eq(GroupKind::Public)));
        let chose = members::table.filter(members::actor_id.eq(actors::id).and(members::findable.eq(true)));
        actors::table
            .filter(actors::id.eq_any(one_of(ids)))
            .filter(
                actors::kind
                    .ne(ActorKind::Person)
                    .or(exists(chose))
                    .or(actors::known_at.is_not_null())
                    .or(exists(written))
                    .or(exists(keeps_order)),
            )
            .select(actors::id)
            .load(conn)
            .await
    }

    /// Those of several actors who are in a group or a conversation with somebody.
    pub async fn near(conn, one: ActorId, ids: &[ActorId]) -> Vec<ActorId> {
        let theirs = diesel::alias!(readers as theirs);
        readers::table
            .inner_join(theirs.on(theirs.field(readers::audience_id).eq(readers::audience_id)))
            .filter(readers::actor_id.eq(one).and(theirs.field(readers::actor_id).eq_any(one_of(ids))))
            .select(theirs.field(readers::actor_id))
            .distinct()
            .load(conn)
            .await
    }

    /// Whether somebody reads the same closed group or conversation as someone who lives on a server.
    async fn reads_with_host(conn, person: ActorId, host: HostId) -> bool {
        let theirs = diesel::alias!(readers as theirs);
        let both = readers::table
            .inner_join(theirs.on(theirs.field(readers::audience_id).eq(readers::audience_id)))
            .inner_join(audiences::table.on(audiences::id.eq(readers::audience_id)))
            .filter(readers::actor_id.eq(person).and(theirs.field(readers::host_id).eq(host)))
            .filter(audiences::scope.gt(Scope::Unlisted));
        diesel::select(exists(both)).get_result(conn).await
    }

    /// Whether somebody follows, or asked to follow, an actor of a server, or is followed from there.
    async fn follows_host(conn, person: ActorId, host: HostId) -> bool {
        let theirs = actors::table.filter(actors::host_id.eq(host)).select(actors::id);
        let followed = exists(follows::table.filter(follows::follower_id.eq(person).and(follows::target_id.eq_any(theirs))));
        let theirs = actors::table.filter(actors::host_id.eq(host)).select(actors::id);
        let following = exists(
            follows::table
                .filter(follows::target_id.eq(person).and(follows::follower_id.eq_any(theirs)))
                .filter(follows::state.eq(FollowState::Accepted)),
        );
        diesel::select(followed.or(following)).get_result(conn).await
    }

    /// Whether someone of a server was asked into a group that somebody is in.
    async fn invites_host(conn, person: ActorId, host: HostId) -> bool {
        let theirs = diesel::alias!(follows as theirs);
        let asked = follows::table
            .inner_join(theirs.on(theirs.field(follows::target_id).eq(follows::target_id)))
            .inner_join(actors::table.on(actors::id.eq(theirs.field(follows::follower_id))))
            .filter(follows::follower_id.eq(person).and(follows::state.eq(FollowState::Accepted)))
            .filter(theirs.field(follows::state).eq(FollowState::Invited).and(actors::host_id.eq(host)));
        diesel::select(exists(asked)).get_result(conn).await
    }

    /// Whether somebody asks into a group here in which someone of a server decides about that.
    async fn asks_host(conn, person: ActorId, host: HostId) -> bool {
        let theirs = diesel::alias!(follows as theirs);
        let decides = follows::table
            .inner_join(theirs.on(theirs.field(follows::target_id).eq(follows::target_id)))
            .inner_join(groups::table.on(groups::actor_id.eq(follows::target_id)))
            .inner_join(
                readers::table.on(readers::audience_id
                    .eq(groups::audience_id)
                    .and(readers::actor_id.eq(theirs.field(follows::follower_id)))),
            )
            .filter(follows::follower_id.eq(person).and(follows::state.eq(FollowState::Requested)))
            .filter(theirs.field(follows::state).eq(FollowState::Accepted).and(readers::host_id.eq(host)))
            .filter(theirs.field(follows::role).ne(GroupRole::Member));
        diesel::select(exists(decides)).get_result(conn).await
    }

    /// Servers that have to do with somebody, by name: where something they wrote is, where the groups and people are that they
    /// follow, and who follows them or reads with them.
    pub async fn hosts_met(conn, person: ActorId) -> Vec<String> {
        let targets = follows::table.filter(follows::follower_id.eq(person)).select(follows::target_id);
        let followers = follows::table.filter(follows::target_id.eq(person)).select(follows::follower_id);
        let near = actors::table
            .filter(actors::id.eq_any(targets).or(actors::id.eq_any(followers)))
            .select(actors::host_id);
        let own = readers::table.filter(readers::actor_id.eq(person)).select(readers::audience_id);
        let theirs = diesel::alias!(readers as theirs);
        let with = theirs
            .filter(theirs.field(readers::audience_id).eq_any(own))
            .select(theirs.field(readers::host_id));
        let audiences = posts::table.filter(posts::author_id.eq(person)).select(posts::audience_id);
        let groups = posts::table.filter(posts::author_id.eq(person)).select(posts::group_id);
        let there = actors::table.filter(actors::id.nullable().eq_any(groups)).select(actors::host_id);
        let reading = readers::table.filter(readers::audience_id.eq_any(audiences)).select(readers::host_id);
        hosts::table
            .filter(hosts::id.ne(HostId::LOCAL).and(hosts::id.eq_any(reading).or(hosts::id.eq_any(there))))
            .or_filter(hosts::id.ne(HostId::LOCAL).and(hosts::id.eq_any(near).or(hosts::id.eq_any(with))))
            .select(hosts::name)
            .load(conn)
            .await
    }

    /// Closed groups elsewhere that somebody is in, or asks into.
    pub async fn closed_groups_elsewhere(conn, person: ActorId, limit: i64) -> Vec<Actor> {
        follows::table
            .inner_join(actors::table.on(actors::id.eq(follows::target_id)))
            .inner_join(groups::table.on(groups::actor_id.eq(follows::target_id)))
            .filter(follows::state.eq(FollowState::Accepted).or(follows::state.eq(FollowState::Requested)))
            .filter(follows::follower_id.eq(person))
            .filter(actors::host_id.ne(HostId::LOCAL).and(not(groups::kind.eq(GroupKind::Public))))
            .order(follows::id.desc())
            .limit(limit)
            .select(Actor::as_select())
            .load(conn)
            .await
    }

    /// Notes that people showed themselves.
    pub async fn show(conn, ids: &[ActorId], now: Time) -> usize {
        diesel::update(actors::table.filter(actors::id.eq_any(one_of(ids)).and(actors::known_at.is_null())))
            .set(actors::known_at.eq(now))
            .execute(conn)
            .await
    }

    async fn locked(conn, query: Fixed<BigInt>) -> Vec<i64> {
        query.load(conn).await
    }

    async fn put(conn, query: Fixed<()>) -> usize {
        query.execute(conn).await
    }
}

/// Whether a server has a reason to know somebody here who did not show themselves: they read something together, follow each
/// other, or are asked in; or someone there decides whether they come in.
pub async fn host_has_reason(conn: &mut Conn, person: ActorId, host: HostId) -> Result<bool> {
    Ok(follows_host(conn, person, host).await?
        || reads_with_host(conn, person, host).await?
        || invites_host(conn, person, host).await?
        || asks_host(conn, person, host).await?)
}

/// Who wrote in a group or is in it; twice its id.
const COUNTED: &str = "id IN (SELECT author_id FROM posts WHERE root_id IN (SELECT t.id FROM posts t WHERE t.group_id = ? \
                       AND t.parent_id IS NULL)) OR id IN (SELECT follower_id FROM follows WHERE target_id = ?)";

/// Counts anew what people in a group wrote and whom they follow: it is another kind of group now, and what everyone may know
/// of is another part of it.
pub async fn recount(conn: &mut Conn, group: ActorId) -> Result<()> {
    const OPEN: &str = "FROM posts JOIN audiences ON audiences.id = posts.audience_id WHERE posts.author_id = actors.id \
                        AND posts.state = 'published' AND posts.kind <> 'direct' AND audiences.scope <= 1";
    let mut query = Fixed::new(&format!(
        "UPDATE actors SET posts_count = (SELECT count(*) {OPEN}), last_post_at = (SELECT max(posts.published_at) {OPEN}), \
         following_count = (SELECT count(*) FROM follows LEFT JOIN groups ON groups.actor_id = follows.target_id WHERE \
         follows.follower_id = actors.id AND follows.state = 'accepted' AND (groups.kind IS NULL OR groups.kind = 'public')) "
    ));
    query.push(&format!("WHERE kind <> 'group' AND ({COUNTED})"), &[group.0, group.0]);
    put(conn, query).await?;
    Ok(())
}

/// Takes those whom [`recount`] will count in the order of their ids, as all do who count: before anything else is written.
pub async fn lock_counted(conn: &mut Conn, group: ActorId) -> Result<()> {
    if let Conn::Sqlite(_) = conn {
        return Ok(());
    }
    let mut query = Fixed::new("SELECT id FROM actors");
    query.push(&format!(" WHERE id = ? OR {COUNTED} ORDER BY id FOR NO KEY UPDATE"), &[group.0, group.0, group.0]);
    locked(conn, query).await.map(|_| ())
}
