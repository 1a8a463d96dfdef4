//! From whom a member takes notices, and those that wait as a request.

use diesel::dsl::{count_star, max, min};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::db_fn;
use super::fixed::lit;
use super::moderation::unreached_by;
use super::schema::{audiences, members, muted_threads, notice_permissions, notice_policies, notifications, posts};
use crate::base::*;
use crate::domain::audiences::Scope;
use crate::domain::notices::{NoticePolicy, Verdict};
use crate::domain::people::Role;
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

type Row = (String, String, String, String, String);
type RecipientRow = (ActorId, Role, bool, Option<Row>, bool, bool, Option<(AudienceId, Scope)>);

/// A member who may be told something.
#[derive(Clone, Copy, Debug)]
pub struct Recipient {
    /// Who.
    pub id: ActorId,
    /// Their part here.
    pub role: Role,
    /// They are a guest.
    pub guest: bool,
    /// From whom they take notices.
    pub policy: NoticePolicy,
    /// One of their devices wants to be told.
    pub has_push: bool,
    /// Nothing from who did it reaches them, or they want to hear no more of the thread.
    pub shut: bool,
}

db_fn! {
    async fn rows(conn, who: &[ActorId], actor: ActorId, post: PostId) -> Vec<RecipientRow> {
        let push = "EXISTS (SELECT 1 FROM push_subscriptions p WHERE p.member_id = members.actor_id)";
        let muted = "EXISTS (SELECT 1 FROM muted_threads t \
                     WHERE t.member_id = members.actor_id AND t.root_id = posts.root_id)";
        members::table
            .left_join(notice_policies::table.on(notice_policies::member_id.eq(members::actor_id)))
            .left_join(posts::table.on(posts::id.eq(post)))
            .left_join(audiences::table.on(audiences::id.eq(posts::audience_id)))
            .filter(members::actor_id.eq_any(one_of(who)))
            .select((
                members::actor_id, members::role, members::is_guest,
                (
                    notice_policies::not_following, notice_policies::not_followers, notice_policies::new_accounts,
                    notice_policies::private_mentions, notice_policies::limited_accounts,
                ).nullable(),
                lit::<Bool>(push, &[]),
                unreached_by(actor).or(lit::<Bool>(muted, &[])),
                (audiences::id, audiences::scope).nullable(),
            ))
            .load(conn)
            .await
    }

    /// Sets a member's policy.
    pub async fn save(conn, member: ActorId, policy: &NoticePolicy) -> usize {
        let values = (
            notice_policies::not_following.eq(policy.not_following.as_str()),
            notice_policies::not_followers.eq(policy.not_followers.as_str()),
            notice_policies::new_accounts.eq(policy.new_accounts.as_str()),
            notice_policies::private_mentions.eq(policy.private_mentions.as_str()),
            notice_policies::limited_accounts.eq(policy.limited_accounts.as_str()),
        );
        diesel::insert_into(notice_policies::table)
            .values((notice_policies::member_id.eq(member), values))
            .on_conflict(notice_policies::member_id)
            .do_update()
            .set(values)
            .execute(conn)
            .await
    }

    /// Which of several members take notices from someone whatever their policy says.
    pub async fn permitting(conn, members: &[ActorId], actor: ActorId) -> Vec<ActorId> {
        notice_permissions::table
            .filter(notice_permissions::member_id.eq_any(one_of(members)).and(notice_permissions::actor_id.eq(actor)))
            .select(notice_permissions::member_id)
            .load(conn)
            .await
    }

    /// Takes notices from someone whatever the policy says, those that wait too.
    pub async fn permit(conn, member: ActorId, actor: ActorId) -> usize {
        diesel::insert_into(notice_permissions::table)
            .values((notice_permissions::member_id.eq(member), notice_permissions::actor_id.eq(actor)))
            .on_conflict_do_nothing()
            .execute(conn)
            .await?;
        diesel::update(notifications::table)
            .filter(notifications::member_id.eq(member).and(notifications::actor_id.eq(actor)))
            .filter(notifications::filtered.eq(true))
            .set(notifications::filtered.eq(false))
            .execute(conn)
            .await
    }

    /// Throws away the notices of someone that wait.
    pub async fn dismiss(conn, member: ActorId, actor: ActorId) -> usize {
        diesel::delete(
            notifications::table
                .filter(notifications::member_id.eq(member).and(notifications::actor_id.eq(actor)))
                .filter(notifications::filtered.eq(true)),
        )
        .execute(conn)
        .await
    }

    /// Whose notices wait: how many, the first and last of them, and the last post they are about. Last first.
    pub async fn requests(conn, member: ActorId)
        -> Vec<(Option<ActorId>, i64, Option<i64>, Option<i64>, Option<i64>)>
    {
        notifications::table
            .filter(notifications::member_id.eq(member).and(notifications::filtered.eq(true)))
            .filter(notifications::actor_id.is_not_null())
            .group_by(notifications::actor_id)
            .order(max(notifications::id).desc())
            .limit(100)
            .select((
                notifications::actor_id, count_star(), min(notifications::id), max(notifications::id),
                max(notifications::post_id),
            ))
            .load(conn)
            .await
    }

    /// Hides or shows the notices of a thread.
    pub async fn set_thread_muted(conn, member: ActorId, root: PostId, on: bool) -> usize {
        if !on {
            let theirs = muted_threads::member_id.eq(member).and(muted_threads::root_id.eq(root));
            return diesel::delete(muted_threads::table.filter(theirs)).execute(conn).await;
        }
        diesel::insert_into(muted_threads::table)
            .values((muted_threads::member_id.eq(member), muted_threads::root_id.eq(root)))
            .on_conflict_do_nothing()
            .execute(conn)
            .await
    }
}

/// Those of some people who have an account here, to be told what `actor` did with a post; and who reads that post. One question,
/// because it is asked often.
pub async fn recipients(
    conn: &mut super::Conn,
    who: &[ActorId],
    actor: Option<ActorId>,
    post: Option<PostId>,
) -> Result<(Vec<Recipient>, Option<(AudienceId, Scope)>)> {
    let rows = rows(conn, who, actor.unwrap_or(ActorId(-1)), post.unwrap_or(PostId(-1))).await?;
    let readers = rows.iter().find_map(|row| row.6);
    let recipient = |(id, role, guest, row, has_push, shut, _): RecipientRow| Recipient {
        id,
        role,
        guest,
        policy: row.map(policy).unwrap_or_default(),
        has_push,
        shut,
    };
    Ok((rows.into_iter().map(recipient).collect(), readers))
}

fn policy(row: Row) -> NoticePolicy {
    let verdict = |word: &str| Verdict::parse(word).unwrap_or(Verdict::Accept);
    NoticePolicy {
        not_following: verdict(&row.0),
        not_followers: verdict(&row.1),
        new_accounts: verdict(&row.2),
        private_mentions: verdict(&row.3),
        limited_accounts: verdict(&row.4),
    }
}

/// A member's policy; that of someone who set none takes everything.
pub async fn get(conn: &mut super::Conn, member: ActorId) -> Result<NoticePolicy> {
    let (found, _) = recipients(conn, &[member], None, None).await?;
    Ok(found.into_iter().next().map_or_else(NoticePolicy::default, |found| found.policy))
}
