//! Questions that only the client API asks: many accounts at once, relationships, lists with a cursor.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::fixed::lit;
use super::schema::*;
use super::sight::sees_posts;
use super::{Conn, db_fn, paged};
use crate::base::*;
use crate::domain::Sight;
use crate::domain::actors::{Actor, ActorKind, ActorState};
use crate::domain::audiences::Scope;
use crate::domain::groups::{Follow, FollowState, GroupKind};
use crate::domain::peers::{HostState, PeerState};
use crate::domain::people::Role;
use crate::domain::posts::{EntryKind, PostState, ReactionKind};
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

/// An actor with what an `Account` of the client API tells.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// The actor.
    pub actor: Actor,
    /// Host name of a remote actor.
    pub host: Option<String>,
    /// Header picture at a peer.
    pub header_url: Option<String>,
    /// Kind of group, whether joining goes by request, whether it is hidden.
    pub group: Option<(GroupKind, bool, bool)>,
    /// Role, for members here.
    pub role: Option<Role>,
}

type Row = (Actor, String, Option<String>, Option<GroupKind>, Option<bool>, Option<bool>, Option<Role>);

fn account((actor, host, header_url, kind, approval, hidden, role): Row) -> AccountRow {
    let host = (!actor.is_local()).then_some(host);
    let group = kind.map(|kind| (kind, approval.unwrap_or(false), hidden.unwrap_or(false)));
    AccountRow { actor, host, header_url, group, role }
}

/// One showing of a post, before the post is loaded.
pub type EntryRow = (EntryId, ActorId, PostId, EntryKind);

/// What of a source's showings is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct SourceFilter<'a> {
    /// No comments.
    pub no_replies: bool,
    /// No shares and no posts of members.
    pub no_boosts: bool,
    /// With files only.
    pub media: bool,
    /// With this hashtag only; empty for all.
    pub tag: &'a str,
}

db_fn! {
    async fn account_rows(conn, ids: &[ActorId]) -> Vec<Row> {
        actors::table
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .left_join(groups::table.on(groups::actor_id.eq(actors::id)))
            .left_join(members::table.on(members::actor_id.eq(actors::id)))
            .filter(actors::id.eq_any(one_of(ids)))
            .select((
                Actor::as_select(), hosts::name, actors::header_url, groups::kind.nullable(), groups::approval.nullable(),
                groups::hidden.nullable(), members::role.nullable(),
            ))
            .load(conn)
            .await
    }

    /// Authors of several posts.
    pub async fn authors_of(conn, ids: &[PostId]) -> Vec<(PostId, ActorId)> {
        posts::table.filter(posts::id.eq_any(one_of(ids))).select((posts::id, posts::author_id)).load(conn).await
    }

    /// Follows between one member and several actors, in both directions.
    pub async fn follows_between(conn, me: ActorId, others: &[ActorId]) -> Vec<Follow> {
        follows::table
            .filter(
                follows::follower_id.eq(me).and(follows::target_id.eq_any(one_of(others)))
                    .or(follows::target_id.eq(me).and(follows::follower_id.eq_any(one_of(others)))),
            )
            .select(Follow::as_select())
            .load(conn)
            .await
    }

    /// Who follows an actor, last first. The cursor is the follow's id.
    pub async fn followers(conn, target: ActorId, state: FollowState, page: Page) -> Vec<(FollowId, ActorId)> {
        let query = follows::table
            .inner_join(actors::table.on(actors::id.eq(follows::follower_id)))
            .filter(follows::target_id.eq(target).and(follows::state.eq(state)))
            .filter(actors::state.eq(ActorState::Active))
            .filter(super::groups::no_server())
            .select((follows::id, follows::follower_id));
        paged!(query, page, follows::id, conn)
    }

    /// Whom an actor follows, last first, hidden groups left out unless `me` is in them. The cursor is the follow's id.
    pub async fn following(conn, follower: ActorId, page: Page) -> Vec<(FollowId, ActorId)> {
        let query = follows::table
            .inner_join(actors::table.on(actors::id.eq(follows::target_id)))
            .left_join(groups::table.on(groups::actor_id.eq(actors::id)))
            .filter(follows::follower_id.eq(follower).and(follows::state.eq(FollowState::Accepted)))
            .filter(actors::state.eq(ActorState::Active))
            .filter(groups::kind.is_null().or(groups::kind.eq(GroupKind::Public)))
            .select((follows::id, follows::target_id));
        paged!(query, page, follows::id, conn)
    }

    /// Who asks to join groups that a member keeps order in: request, group, who asks. Last first.
    pub async fn join_requests(conn, moderator: ActorId, page: Page) -> Vec<(FollowId, ActorId, ActorId)> {
        let query = follows::table
            .filter(follows::state.eq(FollowState::Requested))
            .filter(
                lit::<Bool>(
                    "EXISTS (SELECT 1 FROM follows f WHERE f.target_id = follows.target_id AND f.state = 'accepted' \
                     AND f.role IN ('owner', 'moderator') AND f.follower_id = ?)",
                    &[moderator.0],
                ),
            )
            .select((follows::id, follows::target_id, follows::follower_id));
        paged!(query, page, follows::id, conn)
    }

    /// The showing by which a post came onto a member's home.
    pub async fn home_entry(conn, member: ActorId, post: PostId) -> Option<EntryRow> {
        home::table
            .inner_join(entries::table.on(entries::id.eq(home::entry_id)))
            .filter(home::member_id.eq(member).and(home::post_id.eq(post)))
            .select((entries::id, entries::source_id, entries::post_id, entries::how))
            .first(conn)
            .await
            .optional()
    }

    /// The showing of a post by a source.
    pub async fn entry_of(conn, source: ActorId, post: PostId) -> Option<EntryRow> {
        entries::table
            .filter(entries::source_id.eq(source).and(entries::post_id.eq(post)))
            .select((entries::id, entries::source_id, entries::post_id, entries::how))
            .first(conn)
            .await
            .optional()
    }

    /// Posts a member thanked for, last first, with the reaction's id as cursor.
    pub async fn thanked(conn, member: ActorId, sight: &Sight, page: Page) -> Vec<(i64, PostId)> {
        let query = reactions::table
            .inner_join(posts::table.on(posts::id.eq(reactions::post_id)))
            .filter(reactions::actor_id.eq(member).and(reactions::kind.eq(ReactionKind::Thanks)))
            .filter(posts::state.eq(PostState::Published))
            .filter(sees_posts(sight))
            .select((reactions::id, reactions::post_id));
        paged!(query, page, reactions::id, conn)
    }

    /// Who shared a post, last first. The cursor is the entry's id.
    pub async fn sharers(conn, post: PostId, page: Page) -> Vec<(EntryId, ActorId)> {
        let query = entries::table
            .filter(entries::post_id.eq(post).and(entries::how.eq(EntryKind::Share)))
            .select((entries::id, entries::source_id));
        paged!(query, page, entries::id, conn)
    }

    /// What hangs under one post of a thread, in order of writing: id and parent. At most `limit` of the thread.
    pub async fn thread_ids(conn, root: PostId, limit: i64) -> Vec<(PostId, Option<PostId>)> {
        posts::table
            .filter(posts::root_id.eq(root.0))
            .order(posts::id.asc())
            .limit(limit)
            .select((posts::id, posts::parent_id))
            .load(conn)
            .await
    }

    /// The newest message of several conversations: root and message.
    pub async fn newest_of(conn, roots: &[PostId]) -> Vec<(i64, PostId)> {
        if roots.is_empty() {
            return Ok(Vec::new());
        }
        let newest = posts::table
            .filter(posts::root_id.eq_any(one_of(roots.iter().map(|id| id.0))))
            .filter(posts::state.eq(PostState::Published))
            .group_by(posts::root_id)
            .select((posts::root_id, diesel::dsl::max(posts::id)))
            .load::<(i64, Option<i64>)>(conn)
            .await?;
        Ok(newest.into_iter().filter_map(|(root, id)| id.map(|id| (root, PostId(id)))).collect())
    }

    /// Readers of several audiences.
    pub async fn readers_of(conn, audiences: &[AudienceId]) -> Vec<(AudienceId, ActorId)> {
        if audiences.is_empty() {
            return Ok(Vec::new());
        }
        readers::table
            .filter(readers::audience_id.eq_any(one_of(audiences)))
            .select((readers::audience_id, readers::actor_id))
            .load(conn)
            .await
    }

    /// Posts with unread notices of a member, among conversations.
    pub async fn unread_direct(conn, member: ActorId) -> Vec<Option<PostId>> {
        notifications::table
            .filter(notifications::member_id.eq(member).and(notifications::read_at.is_null()))
            .filter(notifications::kind.eq("direct"))
            .select(notifications::post_id.nullable())
            .limit(200)
            .load(conn)
            .await
    }

    /// Marks notices about the messages of one thread as read.
    pub async fn mark_thread_read(conn, member: ActorId, root: PostId, now: Time) -> usize {
        let thread = posts::table.filter(posts::root_id.eq(root.0)).select(posts::id.nullable());
        diesel::update(notifications::table)
            .filter(notifications::member_id.eq(member).and(notifications::read_at.is_null()))
            .filter(notifications::post_id.eq_any(thread))
            .set(notifications::read_at.eq(now))
            .execute(conn)
            .await
    }

    /// Places up to which a member has read timelines.
    pub async fn markers(conn, member: ActorId) -> Vec<(String, i64, i64, Time)> {
        markers::table
            .filter(markers::member_id.eq(member))
            .select((markers::timeline, markers::last_read_id, markers::version, markers::updated_at))
            .load(conn)
            .await
    }

    /// Keeps the place up to which a timeline was read.
    pub async fn set_marker(conn, member: ActorId, timeline: &str, last_read: i64, now: Time) -> usize {
        diesel::insert_into(markers::table)
            .values((
                markers::member_id.eq(member), markers::timeline.eq(timeline), markers::last_read_id.eq(last_read),
                markers::version.eq(1), markers::updated_at.eq(now),
            ))
            .on_conflict((markers::member_id, markers::timeline))
            .do_update()
            .set((
                markers::last_read_id.eq(last_read), markers::version.eq(markers::version + 1), markers::updated_at.eq(now),
            ))
            .execute(conn)
            .await
    }

    /// Open posts of people here, with comments.
    pub async fn count_local_posts(conn) -> i64 {
        posts::table
            .inner_join(actors::table.on(actors::id.eq(posts::author_id)))
            .filter(actors::host_id.eq(HostId::LOCAL).and(posts::state.eq(PostState::Published)))
            .filter(posts::audience_id.eq_any(audiences::table.filter(audiences::scope.le(Scope::Unlisted)).select(audiences::id)))
            .count()
            .get_result(conn)
            .await
    }

    /// Names of other servers we have an agreement with. Which others we know could tell of somebody here whom they know.
    pub async fn peers(conn) -> Vec<String> {
        hosts::table
            .filter(hosts::peer_state.eq(PeerState::Accepted).and(hosts::state.ne(HostState::Blocked)))
            .order(hosts::name)
            .select(hosts::name)
            .load(conn)
            .await
    }

    /// Hashtags that begin with `start`, used on open posts, most used first, with how often.
    pub async fn tags_like(conn, start: &str, limit: i64) -> Vec<(String, i64)> {
        post_tags::table
            .inner_join(posts::table.on(posts::id.eq(post_tags::post_id)))
            .inner_join(audiences::table.on(audiences::id.eq(posts::audience_id)))
            .filter(post_tags::tag.like(format!("{}%", super::actors::escape_like(start))).escape('\\'))
            .filter(posts::state.eq(PostState::Published).and(audiences::scope.le(Scope::Unlisted)))
            .group_by(post_tags::tag)
            .order(diesel::dsl::count_star().desc())
            .limit(limit)
            .select((post_tags::tag, diesel::dsl::count_star()))
            .load(conn)
            .await
    }

    /// The one local actor who answers for the instance, for contact.
    pub async fn owner(conn) -> Option<ActorId> {
        members::table
            .inner_join(actors::table.on(actors::id.eq(members::actor_id)))
            .filter(members::role.eq(Role::Owner).and(actors::state.eq(ActorState::Active)))
            .filter(actors::kind.eq(ActorKind::Person))
            .order(members::created_at)
            .select(members::actor_id)
            .first(conn)
            .await
            .optional()
    }
}

/// Accounts, in no order.
pub async fn accounts(conn: &mut Conn, ids: &[ActorId]) -> Result<Vec<AccountRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(account_rows(conn, ids).await?.into_iter().map(account).collect())
}
