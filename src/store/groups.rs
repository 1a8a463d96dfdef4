//! Groups, memberships, audiences and readers.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel::upsert::excluded;

use super::actors::{CardRow, card, card_columns};
use super::schema::{actors, audiences, follows, groups, hosts, readers};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::actors::{Actor, ActorCard, ActorState};
use crate::domain::audiences::{Audience, Scope};
use crate::domain::groups::*;
use crate::domain::posts::GroupCard;
use crate::store::among::one_of;
use crate::store::fixed::{Lit, lit};
use crate::store::query::RunQueryDsl;

/// A group in a list, with the viewer's place in it.
#[derive(Clone, Debug)]
pub struct GroupLine {
    /// The group's actor.
    pub actor: ActorCard,
    /// "About", clean HTML.
    pub summary_html: String,
    /// The group.
    pub group: Group,
    /// Last post in it.
    pub last_post_at: Option<Time>,
    /// The viewer's membership: state, role, muted.
    pub mine: Option<(FollowState, GroupRole, bool)>,
    /// New posts since the viewer last read it; at most 99.
    pub unread: i64,
}

impl GroupLine {
    /// "About", as it is kept here: clean.
    pub fn summary(&self) -> SafeHtml {
        SafeHtml::trusted(self.summary_html.clone())
    }
}

/// A member in a list.
#[derive(Clone, Debug)]
pub struct MemberLine {
    /// Who.
    pub actor: ActorCard,
    /// Their membership.
    pub follow: Follow,
    /// Their function, if they have an account here.
    pub job_title: String,
}

/// That an actor is a server (`Actor::is_server`), in SQL; `$actor` is its table or alias.
macro_rules! is_server {
    ($actor:literal) => {
        concat!($actor, ".uri LIKE '%://%/actor' AND ", $actor, ".uri NOT LIKE '%://%/%/actor'")
    };
}
pub(super) use is_server;

/// That an actor is not in a network group for the members of its server (`policy::stands_for_members`). `actors` and `follows`
/// must be in the query under their own names.
pub(super) fn no_server() -> Lit<Bool> {
    let sql = concat!(
        "NOT (",
        is_server!("actors"),
        " AND EXISTS (SELECT 1 FROM groups g WHERE g.actor_id = follows.target_id AND g.kind = 'network'))"
    );
    lit(sql, &[])
}

db_fn! {
    /// Adds an audience.
    pub async fn insert_audience(conn, new: &Audience) -> usize {
        diesel::insert_into(audiences::table)
            .values((audiences::id.eq(new.id), audiences::scope.eq(new.scope), audiences::owner_id.eq(new.owner_id)))
            .execute(conn)
            .await
    }

    /// An audience.
    pub async fn get_audience(conn, id: AudienceId) -> Audience {
        audiences::table.find(id).select(Audience::as_select()).first(conn).await
    }

    /// Narrows an audience, or anything else the service has weighed.
    pub async fn set_scope(conn, id: AudienceId, scope: Scope) -> usize {
        diesel::update(audiences::table.find(id)).set(audiences::scope.eq(scope)).execute(conn).await
    }

    /// Adds a reader; once is enough.
    pub async fn add_reader(conn, audience: AudienceId, actor: ActorId, host: HostId) -> usize {
        diesel::insert_into(readers::table)
            .values((readers::audience_id.eq(audience), readers::actor_id.eq(actor), readers::host_id.eq(host)))
            .on_conflict((readers::audience_id, readers::actor_id))
            .do_nothing()
            .execute(conn)
            .await
    }

    /// Takes a reader away from every audience of an owner: old posts close too.
    pub async fn remove_reader(conn, owner: ActorId, actor: ActorId) -> usize {
        let theirs = audiences::table.filter(audiences::owner_id.eq(owner)).select(audiences::id);
        diesel::delete(readers::table.filter(readers::actor_id.eq(actor).and(readers::audience_id.eq_any(theirs))))
            .execute(conn)
            .await
    }

    /// Whether someone is a reader of an audience.
    pub async fn is_reader(conn, audience: AudienceId, actor: ActorId) -> bool {
        diesel::select(diesel::dsl::exists(readers::table.find((audience, actor)))).get_result(conn).await
    }

    /// Adds the group side of a group, or renews it for a remote one.
    pub async fn upsert(conn, new: &Group) -> usize {
        diesel::insert_into(groups::table)
            .values((
                (
                    groups::actor_id.eq(new.actor_id), groups::kind.eq(new.kind), groups::hidden.eq(new.hidden),
                    groups::posting.eq(new.posting), groups::approval.eq(new.approval),
                    groups::outside_members.eq(new.outside_members), groups::audience_id.eq(new.audience_id),
                    groups::bare_notices.eq(new.bare_notices), groups::spine.eq(new.spine),
                ),
                (
                    groups::topics.eq(&new.topics), groups::branch_id.eq(new.branch_id),
                    groups::rules_source.eq(&new.rules_source), groups::rules_html.eq(&new.rules_html),
                    groups::card_source.eq(&new.card_source), groups::card_html.eq(&new.card_html),
                    groups::members_count.eq(new.members_count), groups::created_by.eq(new.created_by),
                    groups::archived_at.eq(new.archived_at),
                ),
            ))
            .on_conflict(groups::actor_id)
            .do_update()
            .set((
                groups::kind.eq(excluded(groups::kind)), groups::hidden.eq(excluded(groups::hidden)),
                groups::posting.eq(excluded(groups::posting)), groups::approval.eq(excluded(groups::approval)),
                groups::outside_members.eq(excluded(groups::outside_members)),
                groups::bare_notices.eq(excluded(groups::bare_notices)),
                groups::audience_id.eq(excluded(groups::audience_id)), groups::spine.eq(excluded(groups::spine)),
                groups::topics.eq(excluded(groups::topics)), groups::branch_id.eq(excluded(groups::branch_id)),
                groups::rules_source.eq(excluded(groups::rules_source)), groups::rules_html.eq(excluded(groups::rules_html)),
                groups::card_source.eq(excluded(groups::card_source)), groups::card_html.eq(excluded(groups::card_html)),
                groups::archived_at.eq(excluded(groups::archived_at)),
            ))
            .execute(conn)
            .await
    }

    /// The group side of an actor.
    pub async fn find(conn, id: ActorId) -> Option<Group> {
        groups::table.find(id).select(Group::as_select()).first(conn).await.optional()
    }

    /// Several groups, in no order.
    pub async fn list(conn, ids: &[ActorId]) -> Vec<Group> {
        groups::table.filter(groups::actor_id.eq_any(one_of(ids))).select(Group::as_select()).load(conn).await
    }

    /// A group with its actor and the membership of one actor, in one query.
    pub async fn find_with(conn, id: ActorId, me: Option<ActorId>) -> Option<(Group, Actor, Option<Follow>)> {
        let me = me.unwrap_or(ActorId(-1));
        groups::table
            .inner_join(actors::table.on(actors::id.eq(groups::actor_id)))
            .left_join(follows::table.on(follows::target_id.eq(groups::actor_id).and(follows::follower_id.eq(me))))
            .filter(groups::actor_id.eq(id))
            .select((Group::as_select(), Actor::as_select(), Option::<Follow>::as_select()))
            .first(conn)
            .await
            .optional()
    }

    async fn with_actors(conn, ids: &[ActorId]) -> Vec<(Group, Actor)> {
        groups::table
            .inner_join(actors::table.on(actors::id.eq(groups::actor_id)))
            .filter(groups::actor_id.eq_any(one_of(ids)))
            .select((Group::as_select(), Actor::as_select()))
            .load(conn)
            .await
    }

    /// A group by name and host (empty for ours), as [`find_with`].
    pub async fn find_by_handle(
        conn, name: &str, host: &str, me: Option<ActorId>,
    ) -> Option<(Group, Actor, Option<Follow>)> {
        let me = me.unwrap_or(ActorId(-1));
        groups::table
            .inner_join(actors::table.on(actors::id.eq(groups::actor_id)))
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .left_join(follows::table.on(follows::target_id.eq(groups::actor_id).and(follows::follower_id.eq(me))))
            .filter(actors::name_key.eq(name.to_lowercase()).and(hosts::name.eq(host.to_lowercase())))
            .select((Group::as_select(), Actor::as_select(), Option::<Follow>::as_select()))
            .first(conn)
            .await
            .optional()
    }

    /// Counts a member in or out.
    pub async fn add_members_count(conn, id: ActorId, by: i64) -> usize {
        diesel::update(groups::table.find(id)).set(groups::members_count.eq(groups::members_count + by)).execute(conn).await
    }

    /// Sets the count a peer tells of its group.
    pub async fn set_members_count(conn, id: ActorId, count: i64) -> usize {
        diesel::update(groups::table.find(id)).set(groups::members_count.eq(count)).execute(conn).await
    }

    async fn card_rows(conn, ids: &[ActorId]) -> Vec<(CardRow, i16, GroupKind)> {
        groups::table
            .inner_join(actors::table.on(actors::id.eq(groups::actor_id)))
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .filter(groups::actor_id.eq_any(one_of(ids)))
            .select((card_columns!(), groups::spine, groups::kind))
            .load(conn)
            .await
    }

    /// A follow or membership.
    pub async fn find_follow(conn, follower: ActorId, target: ActorId) -> Option<Follow> {
        follows::table
            .filter(follows::follower_id.eq(follower).and(follows::target_id.eq(target)))
            .select(Follow::as_select())
            .first(conn)
            .await
            .optional()
    }

    /// Which of several follow someone, or are members of a group.
    pub async fn followers_among(conn, who: &[ActorId], target: ActorId) -> Vec<ActorId> {
        follows::table
            .filter(follows::follower_id.eq_any(one_of(who)).and(follows::target_id.eq(target)))
            .filter(follows::state.eq(FollowState::Accepted))
            .select(follows::follower_id)
            .load(conn)
            .await
    }

    /// Whom of several someone follows.
    pub async fn followed_among(conn, follower: ActorId, whom: &[ActorId]) -> Vec<ActorId> {
        follows::table
            .filter(follows::follower_id.eq(follower).and(follows::target_id.eq_any(one_of(whom))))
            .filter(follows::state.eq(FollowState::Accepted))
            .select(follows::target_id)
            .load(conn)
            .await
    }

    /// A follow by its ActivityPub id.
    pub async fn find_follow_by_uri(conn, uri: &str) -> Option<Follow> {
        follows::table.filter(follows::uri.eq(uri)).select(Follow::as_select()).first(conn).await.optional()
    }

    /// Adds a follow, or replaces state, role and uri of the one there is.
    pub async fn upsert_follow(conn, new: &Follow) -> Follow {
        diesel::insert_into(follows::table)
            .values((
                follows::id.eq(new.id), follows::follower_id.eq(new.follower_id), follows::target_id.eq(new.target_id),
                follows::state.eq(new.state), follows::role.eq(new.role), follows::may_post.eq(new.may_post),
                follows::uri.eq(&new.uri), follows::notify.eq(new.notify), follows::muted.eq(new.muted),
                follows::reason.eq(&new.reason), follows::until_at.eq(new.until_at), follows::seen_seq.eq(new.seen_seq),
                follows::created_at.eq(new.created_at),
            ))
            .on_conflict((follows::follower_id, follows::target_id))
            .do_update()
            .set((
                follows::state.eq(excluded(follows::state)), follows::role.eq(excluded(follows::role)),
                follows::may_post.eq(excluded(follows::may_post)), follows::uri.eq(excluded(follows::uri)),
                follows::reason.eq(excluded(follows::reason)), follows::until_at.eq(excluded(follows::until_at)),
                follows::notify.eq(excluded(follows::notify)), follows::muted.eq(excluded(follows::muted)),
            ))
            .returning(Follow::as_returning())
            .get_result(conn)
            .await
    }

    /// Ends a follow.
    pub async fn delete_follow(conn, follower: ActorId, target: ActorId) -> usize {
        diesel::delete(follows::table.filter(follows::follower_id.eq(follower).and(follows::target_id.eq(target))))
            .execute(conn)
            .await
    }

    /// Notes up to where a member has read a group.
    pub async fn set_seen(conn, follower: ActorId, target: ActorId, seq: i64) -> usize {
        diesel::update(follows::table)
            .filter(follows::follower_id.eq(follower).and(follows::target_id.eq(target)).and(follows::seen_seq.lt(seq)))
            .set(follows::seen_seq.eq(seq))
            .execute(conn)
            .await
    }

    async fn member_rows(
        conn, target: ActorId, states: &[FollowState], roles: &[GroupRole], after: i64, limit: i64,
    ) -> Vec<(Follow, CardRow, Option<String>)> {
        use super::schema::members;
        follows::table
            .inner_join(actors::table.on(actors::id.eq(follows::follower_id)))
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .left_join(members::table.on(members::actor_id.eq(follows::follower_id)))
            .filter(follows::target_id.eq(target).and(follows::state.eq_any(one_of(states))).and(follows::role.eq_any(one_of(roles))))
            .filter(no_server())
            .filter(follows::id.gt(FollowId(after)))
            .order(follows::id)
            .limit(limit)
            .select((Follow::as_select(), card_columns!(), members::job_title.nullable()))
            .load(conn)
            .await
    }

    /// Follows of one actor, oldest first, after `after`: people and groups they follow.
    pub async fn follows_of(conn, follower: ActorId, after: i64, limit: i64) -> Vec<Follow> {
        follows::table
            .filter(follows::follower_id.eq(follower).and(follows::id.gt(FollowId(after))))
            .order(follows::id)
            .limit(limit)
            .select(Follow::as_select())
            .load(conn)
            .await
    }

    async fn mine_rows(conn, me: ActorId) -> Vec<(Group, CardRow, String, Option<Time>, Follow, i64)> {
        let unread = lit::<diesel::sql_types::BigInt>(
            "(SELECT COUNT(*) FROM (SELECT 1 FROM posts p WHERE p.group_id = groups.actor_id AND p.parent_id IS NULL \
             AND p.received_seq > follows.seen_seq AND p.author_id <> follows.follower_id AND p.state = 'published' \
             LIMIT 99) AS fresh)",
            &[],
        );
        follows::table
            .inner_join(groups::table.on(groups::actor_id.eq(follows::target_id)))
            .inner_join(actors::table.on(actors::id.eq(groups::actor_id)))
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .filter(follows::follower_id.eq(me).and(actors::state.eq(ActorState::Active)))
            .filter(follows::state.ne(FollowState::Banned))
            .order((actors::display_name, actors::id))
            .limit(200)
            .select((
                Group::as_select(), card_columns!(), actors::summary_html, actors::last_post_at, Follow::as_select(), unread,
            ))
            .load(conn)
            .await
    }

    /// Every group but the hidden ones, by name; the service leaves out what the viewer may not know.
    async fn all_rows(
        conn, me: ActorId, kinds: &[GroupKind], among: Option<&[ActorId]>, needle: &str, after: (&str, i64), limit: i64,
    ) -> Vec<(Group, CardRow, String, Option<Time>, Option<Follow>)> {
        // Who was kept out may not learn of a closed group that way.
        let inside = [FollowState::Accepted, FollowState::Invited];
        let mut query = groups::table
            .inner_join(actors::table.on(actors::id.eq(groups::actor_id)))
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .left_join(follows::table.on(follows::target_id.eq(groups::actor_id).and(follows::follower_id.eq(me))))
            .filter(actors::state.eq(ActorState::Active))
            .filter(groups::kind.eq_any(one_of(kinds)).or(follows::state.eq_any(one_of(inside)).assume_not_null()))
            .filter(groups::hidden.eq(false).or(follows::state.eq_any(one_of(inside)).assume_not_null()))
            .filter(actors::display_name.gt(after.0).or(actors::display_name.eq(after.0).and(actors::id.gt(ActorId(after.1)))))
            .order((actors::display_name, actors::id))
            .limit(limit)
            .select((
                Group::as_select(), card_columns!(), actors::summary_html, actors::last_post_at,
                Option::<Follow>::as_select(),
            ))
            .into_boxed();
        if let Some(among) = among {
            query = query.filter(groups::actor_id.eq_any(one_of(among)));
        }
        if !needle.is_empty() {
            let like = format!("%{}%", super::actors::escape_like(needle));
            query = query.filter(actors::search_text.like(like).escape('\\'));
        }
        query.load(conn).await
    }

    /// Inboxes of remote followers of an actor (for delivery): actor id, host name, inbox, shared inbox.
    pub async fn remote_followers(conn, target: ActorId) -> Vec<(ActorId, String, String, Option<String>)> {
        follows::table
            .inner_join(actors::table.on(actors::id.eq(follows::follower_id)))
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .filter(follows::target_id.eq(target).and(follows::state.eq(FollowState::Accepted)))
            .filter(actors::host_id.ne(HostId::LOCAL).and(hosts::state.ne("blocked")))
            .select((actors::id, hosts::name, actors::inbox, actors::shared_inbox))
            .load(conn)
            .await
    }

    /// Remote readers of an audience (for delivery), as [`remote_followers`].
    pub async fn remote_readers(conn, audience: AudienceId) -> Vec<(ActorId, String, String, Option<String>)> {
        readers::table
            .inner_join(actors::table.on(actors::id.eq(readers::actor_id)))
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .filter(readers::audience_id.eq(audience))
            .filter(actors::host_id.ne(HostId::LOCAL).and(hosts::state.ne("blocked")))
            .select((actors::id, hosts::name, actors::inbox, actors::shared_inbox))
            .load(conn)
            .await
    }
}

/// A group with its actor and someone's membership, or `NotFound`.
pub async fn get_with(conn: &mut Conn, id: ActorId, me: Option<ActorId>) -> Result<(Group, Actor, Option<Follow>)> {
    find_with(conn, id, me).await?.ok_or(Error::NotFound)
}

/// Groups with somebody's membership each, by the ids of both.
pub async fn find_with_all(
    conn: &mut Conn,
    pairs: &[(ActorId, ActorId)],
) -> Result<HashMap<(ActorId, ActorId), (Group, Actor, Option<Follow>)>> {
    if let [(group, who)] = pairs {
        return Ok(find_with(conn, *group, Some(*who))
            .await?
            .map(|found| ((*group, *who), found))
            .into_iter()
            .collect());
    }
    if pairs.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: BTreeSet<ActorId> = pairs.iter().map(|(group, _)| *group).collect();
    let groups = with_actors(conn, &ids.into_iter().collect::<Vec<_>>()).await?;
    let of: Vec<_> = pairs.iter().map(|(group, who)| (*who, *group)).collect();
    let follows = super::follows::between(conn, &of).await?;
    let found = |pair: &(ActorId, ActorId)| {
        let (group, actor) = groups.iter().find(|(group, _)| group.actor_id == pair.0)?;
        let follow = follows.iter().find(|follow| (follow.target_id, follow.follower_id) == *pair);
        Some((*pair, (group.clone(), actor.clone(), follow.cloned())))
    };
    Ok(pairs.iter().filter_map(found).collect())
}

/// Cards of several groups, in no order.
pub async fn cards(conn: &mut Conn, ids: &[ActorId]) -> Result<Vec<GroupCard>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = card_rows(conn, ids).await?;
    Ok(rows.into_iter().map(|(row, spine, kind)| GroupCard { actor: card(row), spine, kind }).collect())
}

/// People in a group with given states and roles, oldest first, after a follow id.
pub async fn members(
    conn: &mut Conn,
    group: ActorId,
    states: &[FollowState],
    roles: &[GroupRole],
    after: i64,
    limit: i64,
) -> Result<Vec<MemberLine>> {
    let rows = member_rows(conn, group, states, roles, after, limit).await?;
    let line = |(follow, row, title): (Follow, CardRow, Option<String>)| MemberLine {
        actor: card(row),
        follow,
        job_title: title.unwrap_or_default(),
    };
    Ok(rows.into_iter().map(line).collect())
}

/// The groups of a member by name (invitations and requests too), with unread counts.
pub async fn mine(conn: &mut Conn, me: ActorId) -> Result<Vec<GroupLine>> {
    let line = |(group, row, summary_html, last_post_at, follow, unread): (
        Group,
        CardRow,
        String,
        Option<Time>,
        Follow,
        i64,
    )| GroupLine {
        actor: card(row),
        summary_html,
        group,
        last_post_at,
        mine: Some((follow.state, follow.role, follow.muted)),
        unread: if follow.is_member() { unread } else { 0 },
    };
    Ok(mine_rows(conn, me).await?.into_iter().map(line).collect())
}

/// Groups of some kinds (and those the viewer is in) by name, with the viewer's place in them; hidden ones only if the
/// viewer is in; of these only when `among` says so. `needle` is a part of the folded name, description or topics; empty for all.
pub async fn directory(
    conn: &mut Conn,
    me: Option<ActorId>,
    kinds: &[GroupKind],
    among: Option<&[ActorId]>,
    needle: &str,
    after: (&str, i64),
    limit: i64,
) -> Result<Vec<GroupLine>> {
    let rows = all_rows(conn, me.unwrap_or(ActorId(-1)), kinds, among, needle, after, limit).await?;
    let line =
        |(group, row, summary_html, last_post_at, follow): (Group, CardRow, String, Option<Time>, Option<Follow>)| {
            GroupLine {
                actor: card(row),
                summary_html,
                group,
                last_post_at,
                mine: follow.map(|f| (f.state, f.role, f.muted)),
                unread: 0,
            }
        };
    Ok(rows.into_iter().map(line).collect())
}

db_fn! {
    /// The audience of an owner with a scope that names no readers, if it was made before.
    pub async fn find_open_audience(conn, owner: ActorId, scope: Scope) -> Option<AudienceId> {
        audiences::table
            .filter(audiences::owner_id.eq(owner).and(audiences::scope.eq(scope)))
            .select(audiences::id)
            .first(conn)
            .await
            .optional()
    }

    /// Who reads an audience.
    pub async fn reader_ids(conn, audience: AudienceId) -> Vec<ActorId> {
        readers::table.filter(readers::audience_id.eq(audience)).select(readers::actor_id).load(conn).await
    }
}

db_fn! {
    /// Every audience of an owner.
    pub async fn audiences_of(conn, owner: ActorId) -> Vec<Audience> {
        audiences::table.filter(audiences::owner_id.eq(owner)).select(Audience::as_select()).load(conn).await
    }

    /// Gives the readers of one audience to another; only those who live here with `local_only`.
    pub async fn copy_readers(conn, from: AudienceId, to: AudienceId, local_only: bool) -> usize {
        let mut all: Vec<(ActorId, HostId)> = readers::table
            .filter(readers::audience_id.eq(from))
            .select((readers::actor_id, readers::host_id))
            .load(conn)
            .await?;
        all.retain(|(_, host)| !local_only || *host == HostId::LOCAL);
        for (actor, host) in &all {
            diesel::insert_into(readers::table)
                .values((readers::audience_id.eq(to), readers::actor_id.eq(actor), readers::host_id.eq(host)))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
        }
        Ok(all.len())
    }
}

db_fn! {
    /// Accepted followers of a person with their hosts: the readers of a post for followers.
    pub async fn follower_hosts(conn, target: ActorId) -> Vec<(ActorId, HostId)> {
        follows::table
            .inner_join(actors::table.on(actors::id.eq(follows::follower_id)))
            .filter(follows::target_id.eq(target).and(follows::state.eq(FollowState::Accepted)))
            .select((actors::id, actors::host_id))
            .load(conn)
            .await
    }
}

db_fn! {
    /// Who reads each of some audiences, at most 400 in all.
    pub async fn readers_of(conn, audiences: &[AudienceId]) -> Vec<(AudienceId, ActorId)> {
        if audiences.is_empty() {
            return Ok(Vec::new());
        }
        readers::table
            .filter(readers::audience_id.eq_any(one_of(audiences)))
            .order((readers::audience_id, readers::actor_id))
            .limit(400)
            .select((readers::audience_id, readers::actor_id))
            .load(conn)
            .await
    }
}
