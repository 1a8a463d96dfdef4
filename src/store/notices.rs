//! Notices for members.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::columns::Column;
use super::fixed::Fixed;
use super::schema::notifications;
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::Sight;
use crate::domain::notices::{Notice, NoticeKind};
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

/// A notice to be, for one or many.
#[derive(Clone, Debug)]
pub struct NewNotice {
    /// What happened.
    pub kind: NoticeKind,
    /// Who did it.
    pub actor_id: Option<ActorId>,
    /// About which post.
    pub post_id: Option<PostId>,
    /// About which group.
    pub group_id: Option<ActorId>,
    /// More words.
    pub detail: String,
    /// Notices with one key are shown together.
    pub group_key: String,
    /// When.
    pub created_at: Time,
}

/// For whom a notice is.
#[derive(Clone, Copy, Debug)]
pub struct NoticeTo {
    /// The notice's id for them, made by `Ids`.
    pub id: NotificationId,
    /// Who.
    pub member: ActorId,
    /// It waits as a request: their policy says so.
    pub filtered: bool,
}

type Row =
    (NotificationId, NoticeKind, Option<ActorId>, Option<PostId>, Option<ActorId>, String, String, Time, Option<Time>);

/// What is told, and to whom.
pub type Told = (Vec<NoticeTo>, NewNotice);

/// Adds notices for members, each unless one like it (kind, actor, post, key) waits for them unread already; of each notice who
/// got it, and its id for them. One statement, however many they are.
pub async fn insert(conn: &mut Conn, told: &[Told]) -> Result<Vec<Vec<(ActorId, NotificationId)>>> {
    if let [(who, new)] = told {
        return Ok(vec![insert_one(conn, who, new).await?]);
    }
    let (mut rows, mut alike) = (Vec::new(), HashSet::new());
    for (who, new) in told {
        for to in who {
            // What goes in by this statement it does not find.
            if alike.insert((to.member, new.kind, new.actor_id, new.post_id, &new.group_key)) {
                rows.push((to, new));
            }
        }
    }
    let mut columns = to_columns(rows.iter().map(|(to, _)| *to));
    columns.extend([
        ("kind", Column::texts(rows.iter().map(|(_, new)| new.kind.as_str()))),
        ("actor_id", Column::ints(rows.iter().map(|(_, new)| new.actor_id.map(|actor| actor.0)))),
        ("post_id", Column::ints(rows.iter().map(|(_, new)| new.post_id.map(|post| post.0)))),
        ("group_id", Column::ints(rows.iter().map(|(_, new)| new.group_id.map(|group| group.0)))),
        ("detail", Column::texts(rows.iter().map(|(_, new)| new.detail.as_str()))),
        ("group_key", Column::texts(rows.iter().map(|(_, new)| new.group_key.as_str()))),
        ("created_at", Column::ints(rows.iter().map(|(_, new)| new.created_at.micros()))),
    ]);
    let mut query = Fixed::new(
        "INSERT INTO notifications (id, member_id, filtered, kind, actor_id, post_id, group_id, detail, group_key, created_at) \
         SELECT told.id, told.member_id, told.filtered, told.kind, told.actor_id, told.post_id, told.group_id, told.detail, \
         told.group_key, told.created_at FROM ",
    );
    query.push_rows(conn, "told", &columns);
    // Found by its key, not by the index of what is unread: of some members that is thousands. Counted, for PostgreSQL would go
    // through all notices at once for `NOT EXISTS`.
    query.push(
        " WHERE 0 = (SELECT COUNT(*) FROM notifications n WHERE n.member_id = told.member_id \
         AND n.group_key = told.group_key AND COALESCE(n.read_at, 0) = 0 AND n.kind = told.kind \
         AND COALESCE(n.actor_id, 0) = COALESCE(told.actor_id, 0) \
         AND COALESCE(n.post_id, 0) = COALESCE(told.post_id, 0)) RETURNING member_id, id",
        &[],
    );
    let kept: HashSet<(ActorId, NotificationId)> = add(conn, query).await?.into_iter().collect();
    let of = |(who, _): &Told| who.iter().map(|to| (to.member, to.id)).filter(|row| kept.contains(row)).collect();
    Ok(told.iter().map(of).collect())
}

/// For whom, as rows.
fn to_columns<'a>(to: impl Iterator<Item = &'a NoticeTo> + Clone) -> Vec<(&'static str, Column)> {
    vec![
        ("id", Column::ints(to.clone().map(|to| to.id.0))),
        ("member_id", Column::ints(to.clone().map(|to| to.member.0))),
        ("filtered", Column::flags(to.map(|to| to.filtered))),
    ]
}

/// As [`insert`], of one notice: what is the same for all is read from no row.
async fn insert_one(conn: &mut Conn, told: &[NoticeTo], new: &NewNotice) -> Result<Vec<(ActorId, NotificationId)>> {
    let number = |id: Option<i64>| id.unwrap_or(0);
    let mut query = Fixed::new(
        "INSERT INTO notifications (id, member_id, filtered, kind, actor_id, post_id, group_id, detail, group_key, created_at) \
         SELECT told.id, told.member_id, told.filtered, ",
    );
    query.push_text("?, ", new.kind.as_str());
    query.push("NULLIF(?, 0), ", &[number(new.actor_id.map(|a| a.0))]);
    query.push("NULLIF(?, 0), ", &[number(new.post_id.map(|p| p.0))]);
    query.push("NULLIF(?, 0), ", &[number(new.group_id.map(|g| g.0))]);
    query.push_text("?, ", &new.detail);
    query.push_text("?, ", &new.group_key);
    query.push("? FROM ", &[new.created_at.micros()]);
    query.push_rows(conn, "told", &to_columns(told.iter()));
    // Found by its key, not by the index of what is unread: of some members that is thousands.
    query.push_text(
        // Counted, for PostgreSQL would go through all notices at once for `NOT EXISTS`.
        " WHERE 0 = (SELECT COUNT(*) FROM notifications n WHERE n.member_id = told.member_id AND n.group_key = ? \
         AND COALESCE(n.read_at, 0) = 0",
        &new.group_key,
    );
    query.push_text(" AND n.kind = ?", new.kind.as_str());
    query.push(" AND COALESCE(n.actor_id, 0) = ?", &[number(new.actor_id.map(|a| a.0))]);
    query.push(" AND COALESCE(n.post_id, 0) = ?) RETURNING member_id, id", &[number(new.post_id.map(|p| p.0))]);
    add(conn, query).await
}

db_fn! {
    async fn add(conn, query: Fixed<(BigInt, BigInt)>) -> Vec<(ActorId, NotificationId)> {
        query.load(conn).await
    }

    /// Unread notices; at most 100 are counted.
    pub async fn count_unread(conn, member: ActorId) -> i64 {
        notifications::table
            .filter(notifications::member_id.eq(member).and(notifications::read_at.is_null()))
            .filter(notifications::filtered.eq(false))
            .count()
            .get_result(conn)
            .await
    }

    /// Marks notices up to `upto` as read.
    pub async fn mark_read(conn, member: ActorId, upto: NotificationId, now: Time) -> usize {
        diesel::update(notifications::table)
            .filter(notifications::member_id.eq(member).and(notifications::id.le(upto)).and(notifications::read_at.is_null()))
            .set(notifications::read_at.eq(now))
            .execute(conn)
            .await
    }

    /// Throws one away.
    pub async fn delete(conn, member: ActorId, id: NotificationId) -> usize {
        diesel::delete(notifications::table.filter(notifications::member_id.eq(member).and(notifications::id.eq(id))))
            .execute(conn)
            .await
    }

    /// Throws all away.
    pub async fn clear(conn, member: ActorId) -> usize {
        diesel::delete(notifications::table.filter(notifications::member_id.eq(member))).execute(conn).await
    }

    async fn rows(conn, member: ActorId, kinds: &[NoticeKind], about: Option<Option<PostId>>, page: Page) -> Vec<Row> {
        let (older, newer) = page.bounds();
        let mut query = notifications::table
            .filter(notifications::member_id.eq(member).and(notifications::kind.eq_any(one_of(kinds))))
            .filter(notifications::filtered.eq(false))
            .filter(notifications::id.lt(NotificationId(older)).and(notifications::id.gt(NotificationId(newer))))
            .limit(page.limit)
            .select((
                notifications::id, notifications::kind, notifications::actor_id, notifications::post_id,
                notifications::group_id, notifications::detail, notifications::group_key, notifications::created_at,
                notifications::read_at,
            ))
            .into_boxed();
        match about {
            Some(Some(post)) => query = query.filter(notifications::post_id.eq(post)),
            Some(None) => query = query.filter(notifications::post_id.is_null()),
            None => {}
        }
        if page.ascending() {
            query.order(notifications::id.asc()).load(conn).await.map(|mut rows: Vec<_>| { rows.reverse(); rows })
        } else {
            query.order(notifications::id.desc()).load(conn).await
        }
    }

    /// How many of some kinds there are, by kind and post.
    pub async fn counts(conn, member: ActorId, kinds: &[NoticeKind]) -> Vec<(NoticeKind, Option<PostId>, i64)> {
        notifications::table
            .filter(notifications::member_id.eq(member).and(notifications::kind.eq_any(one_of(kinds))))
            .filter(notifications::filtered.eq(false))
            .group_by((notifications::kind, notifications::post_id))
            .select((notifications::kind, notifications::post_id, diesel::dsl::count_star()))
            .load(conn)
            .await
    }

    async fn row(conn, member: ActorId, id: NotificationId) -> Vec<Row> {
        notifications::table
            .filter(notifications::member_id.eq(member).and(notifications::id.eq(id)))
            .select((
                notifications::id, notifications::kind, notifications::actor_id, notifications::post_id,
                notifications::group_id, notifications::detail, notifications::group_key, notifications::created_at,
                notifications::read_at,
            ))
            .load(conn)
            .await
    }
}

/// A member's notices of some kinds, newest first. Posts the member may no longer see are left out of them.
pub async fn list(
    conn: &mut Conn,
    member: ActorId,
    sight: &Sight,
    kinds: &[NoticeKind],
    page: Page,
) -> Result<Paged<Notice>> {
    let rows = rows(conn, member, kinds, None, page).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|n| n >= page.limit);
    let next = if full { rows.last().map(|row| row.0.0) } else { None };
    Ok(Paged { items: assemble(conn, rows, sight).await?, next })
}

/// As [`list`], of those about one post, or about none.
pub async fn list_about(
    conn: &mut Conn,
    member: ActorId,
    sight: &Sight,
    kinds: &[NoticeKind],
    post: Option<PostId>,
    page: Page,
) -> Result<Vec<Notice>> {
    let rows = rows(conn, member, kinds, Some(post), page).await?;
    assemble(conn, rows, sight).await
}

/// One notice, or `NotFound`.
pub async fn get(conn: &mut Conn, member: ActorId, sight: &Sight, id: NotificationId) -> Result<Notice> {
    let rows = row(conn, member, id).await?;
    assemble(conn, rows, sight).await?.pop().ok_or(Error::NotFound)
}

async fn assemble(conn: &mut Conn, rows: Vec<Row>, sight: &Sight) -> Result<Vec<Notice>> {
    let mut actor_ids: Vec<ActorId> = rows.iter().flat_map(|row| [row.2, row.4]).flatten().collect();
    actor_ids.sort_unstable();
    actor_ids.dedup();
    let actors: HashMap<_, _> =
        super::actors::cards(conn, &actor_ids).await?.into_iter().map(|card| (card.id, card)).collect();
    let mut post_ids: Vec<PostId> = rows.iter().filter_map(|row| row.3).collect();
    post_ids.sort_unstable();
    post_ids.dedup();
    let posts: HashMap<_, _> =
        super::posts::views(conn, &post_ids, sight).await?.into_iter().map(|view| (view.post.id, view)).collect();
    let notice = |(id, kind, actor, post, group, detail, group_key, created_at, read_at): Row| Notice {
        id,
        kind,
        actor: actor.and_then(|id| actors.get(&id).cloned()),
        post: post.and_then(|id| posts.get(&id).cloned()),
        group: group.and_then(|id| actors.get(&id).cloned()),
        detail,
        group_key,
        created_at,
        read_at,
    };
    Ok(rows.into_iter().map(notice).collect())
}

db_fn! {
    /// Removes notices read before `before`.
    pub async fn purge_read(conn, before: Time) -> usize {
        diesel::delete(notifications::table.filter(notifications::read_at.lt(before))).execute(conn).await
    }
}
