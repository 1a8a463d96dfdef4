//! From whom a member takes notices, and those that wait as a request.

use diesel::dsl::{count_star, max, min};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, SmallInt, Text};

use super::columns::Column;
use super::fixed::Fixed;
use super::moderation::UNREACHED;
use super::schema::{muted_threads, notice_permissions, notice_policies, notifications};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::audiences::Scope;
use crate::domain::notices::{NoticePolicy, Verdict};
use crate::domain::people::Role;
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

type Row = (
    i64,
    ActorId,
    Role,
    bool,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    bool,
    bool,
    Option<AudienceId>,
    Option<Scope>,
);
type Word = Nullable<Text>;
type Columns =
    (BigInt, BigInt, Text, Bool, Word, Word, Word, Word, Word, Bool, Bool, Nullable<BigInt>, Nullable<SmallInt>);

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
    async fn rows(conn, query: Fixed<Columns>) -> Vec<Row> {
        query.load(conn).await
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

/// Who may be to be told what somebody did with a post.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Some people.
    pub who: Vec<ActorId>,
    /// Who did it.
    pub actor: Option<ActorId>,
    /// To which post.
    pub post: Option<PostId>,
}

/// Those of some people who have an account here, and who reads the post.
pub type Recipients = (Vec<Recipient>, Option<(AudienceId, Scope)>);

/// The recipients of each of several. One question, because it is asked often.
pub async fn recipients(conn: &mut Conn, asked: &[Asked]) -> Result<Vec<Recipients>> {
    let lines =
        || (0..).zip(asked).flat_map(|(number, asked)| asked.who.iter().map(move |member| (number, asked, member)));
    let columns = [
        ("number", Column::ints(lines().map(|(number, ..)| number))),
        ("member_id", Column::ints(lines().map(|(_, _, member)| member.0))),
        ("actor_id", Column::ints(lines().map(|(_, asked, _)| asked.actor.map(|actor| actor.0)))),
        ("post_id", Column::ints(lines().map(|(_, asked, _)| asked.post.map(|post| post.0)))),
    ];
    let mut query = Fixed::new(
        "SELECT asked.number, members.actor_id, members.role, members.is_guest, policy.not_following, policy.not_followers, \
         policy.new_accounts, policy.private_mentions, policy.limited_accounts, \
         EXISTS (SELECT 1 FROM push_subscriptions p WHERE p.member_id = members.actor_id), ",
    );
    query.push(&UNREACHED.replace('?', "asked.actor_id"), &[]);
    query.push(
        " OR EXISTS (SELECT 1 FROM muted_threads t WHERE t.member_id = members.actor_id AND t.root_id = posts.root_id), \
         audiences.id, audiences.scope FROM ",
        &[],
    );
    query.push_rows(conn, "asked", &columns);
    query.push(
        " JOIN members ON members.actor_id = asked.member_id \
         LEFT JOIN notice_policies policy ON policy.member_id = members.actor_id \
         LEFT JOIN posts ON posts.id = asked.post_id LEFT JOIN audiences ON audiences.id = posts.audience_id",
        &[],
    );
    let mut found: Vec<Recipients> = asked.iter().map(|_| (Vec::new(), None)).collect();
    for row in rows(conn, query).await? {
        let of = usize::try_from(row.0).ok().and_then(|number| found.get_mut(number)).ok_or(Error::NotFound)?;
        of.1 = row.11.zip(row.12);
        of.0.push(recipient(row));
    }
    Ok(found)
}

fn recipient(row: Row) -> Recipient {
    let (_, id, role, guest, following, followers, new, private, limited, has_push, shut, ..) = row;
    let verdict = |word: Option<String>| word.and_then(|word| Verdict::parse(&word)).unwrap_or(Verdict::Accept);
    let policy = NoticePolicy {
        not_following: verdict(following),
        not_followers: verdict(followers),
        new_accounts: verdict(new),
        private_mentions: verdict(private),
        limited_accounts: verdict(limited),
    };
    Recipient { id, role, guest, policy, has_push, shut }
}

/// A member's policy; that of someone who set none takes everything.
pub async fn get(conn: &mut Conn, member: ActorId) -> Result<NoticePolicy> {
    let found = recipients(conn, &[Asked { who: vec![member], actor: None, post: None }]).await?;
    Ok(found.into_iter().flat_map(|(found, _)| found).next().map_or_else(NoticePolicy::default, |found| found.policy))
}
