//! From whom a member takes notices, and those that wait as a request.

use diesel::dsl::{count_star, max, min};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::db_fn;
use super::schema::{muted_threads, notice_permissions, notice_policies, notifications, posts};
use crate::base::*;
use crate::domain::notices::{NoticePolicy, Verdict};

type Row = (String, String, String, String, String);

db_fn! {
    async fn row(conn, member: ActorId) -> Option<Row> {
        notice_policies::table
            .find(member)
            .select((
                notice_policies::not_following, notice_policies::not_followers, notice_policies::new_accounts,
                notice_policies::private_mentions, notice_policies::limited_accounts,
            ))
            .first(conn)
            .await
            .optional()
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

    /// Whether notices from someone are taken whatever the policy says.
    pub async fn is_permitted(conn, member: ActorId, actor: ActorId) -> bool {
        let theirs = notice_permissions::member_id.eq(member).and(notice_permissions::actor_id.eq(actor));
        diesel::select(diesel::dsl::exists(notice_permissions::table.filter(theirs))).get_result(conn).await
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

    /// Whether a member wants no notices of the thread of a post.
    pub async fn is_thread_muted(conn, member: ActorId, post: PostId) -> bool {
        let threads = posts::table.filter(posts::id.eq(post)).select(posts::root_id);
        let theirs = muted_threads::table
            .filter(muted_threads::member_id.eq(member))
            .filter(muted_threads::root_id.eq_any(threads));
        diesel::select(diesel::dsl::exists(theirs)).get_result(conn).await
    }
}

/// A member's policy; that of someone who set none takes everything.
pub async fn get(conn: &mut super::Conn, member: ActorId) -> Result<NoticePolicy> {
    let Some(row) = row(conn, member).await? else { return Ok(NoticePolicy::default()) };
    let verdict = |word: &str| Verdict::parse(word).unwrap_or(Verdict::Accept);
    Ok(NoticePolicy {
        not_following: verdict(&row.0),
        not_followers: verdict(&row.1),
        new_accounts: verdict(&row.2),
        private_mentions: verdict(&row.3),
        limited_accounts: verdict(&row.4),
    })
}
