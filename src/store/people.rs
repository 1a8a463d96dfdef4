//! Members: the account side of people here, and the directory of people.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::actors::{CardRow, card, card_columns, escape_like};
use super::schema::{actors, branches, groups, hosts, members};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::actors::{Actor, ActorCard, ActorKind, ActorState};
use crate::domain::groups::{FollowState, GroupRole};
use crate::domain::knowledge::Told;
use crate::domain::people::{DirectFrom, Member, PersonKind, Role};
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

/// The account of a new person; their actor is inserted first.
#[derive(Clone, Debug)]
pub struct NewMember {
    /// The actor.
    pub actor_id: ActorId,
    /// Address, as typed.
    pub email: Option<String>,
    /// Address in the form that is compared.
    pub email_key: Option<String>,
    /// argon2id, PHC string.
    pub password_hash: Option<String>,
    /// Role.
    pub role: Role,
    /// Label.
    pub person_kind: PersonKind,
    /// Only in the groups they were invited to.
    pub is_guest: bool,
    /// Function.
    pub job_title: String,
    /// Branch.
    pub branch_id: Option<BranchId>,
    /// Language.
    pub locale: Option<String>,
    /// Who invited them.
    pub invited_by: Option<ActorId>,
    /// What they wrote when asking.
    pub request_note: String,
    /// Now.
    pub created_at: Time,
}

/// What a person tells of themselves beside name and "about".
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// Function.
    pub job_title: String,
    /// How the name is said.
    pub pronunciation: String,
    /// Branch.
    pub branch_id: Option<BranchId>,
    /// Languages, comma separated.
    pub languages: String,
    /// How they like to be reached.
    pub contact: String,
}

/// Which people a list shows.
#[derive(Clone, Debug, Default)]
pub struct PeopleFilter {
    /// Of this branch.
    pub branch: Option<BranchId>,
    /// With this label.
    pub kind: Option<PersonKind>,
    /// Whose folded name, title or about holds this.
    pub needle: String,
    /// Of this server; here when `None`.
    pub host: Option<HostId>,
    /// Whom the viewer's kind of reader is told about; their branch counts only when told to one of these.
    pub branch_told: &'static [Told],
    /// Only people who share a group with this one: what a guest may know.
    pub near: Option<ActorId>,
    /// In these states; active when empty.
    pub states: Vec<ActorState>,
    /// Only these.
    pub among: Option<Vec<ActorId>>,
}

/// A person in a list.
#[derive(Clone, Debug)]
pub struct PersonLine {
    /// Who.
    pub actor: ActorCard,
    /// "About".
    pub about: SafeHtml,
    /// Their account, if they have one here.
    pub account: Option<Account>,
}

/// What lists show of an account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Role.
    pub role: Role,
    /// Label.
    pub kind: PersonKind,
    /// Guest.
    pub is_guest: bool,
    /// Function.
    pub job_title: String,
    /// Name of the branch.
    pub branch: Option<String>,
    /// Address; for administrators only.
    pub email: Option<String>,
    /// What they wrote when asking to join.
    pub request_note: String,
    /// Last time they did something here.
    pub last_seen_at: Option<Time>,
    /// Account made.
    pub created_at: Time,
}

type AccountRow = (Role, PersonKind, bool, String, Option<String>, String, Option<Time>, Time);
type LineRow = (CardRow, String, Option<AccountRow>, Option<String>);

db_fn! {
    /// Adds an account. `Conflict` when the address has one already.
    pub async fn insert(conn, new: &NewMember) -> usize {
        diesel::insert_into(members::table)
            .values((
                members::actor_id.eq(new.actor_id), members::email.eq(&new.email), members::email_key.eq(&new.email_key),
                members::password_hash.eq(&new.password_hash), members::role.eq(new.role),
                members::person_kind.eq(new.person_kind), members::is_guest.eq(new.is_guest),
                members::job_title.eq(&new.job_title), members::branch_id.eq(new.branch_id),
                members::locale.eq(&new.locale), members::invited_by.eq(new.invited_by),
                members::request_note.eq(&new.request_note), members::created_at.eq(new.created_at),
            ))
            .execute(conn)
            .await
    }

    /// A member with their actor.
    pub async fn find(conn, id: ActorId) -> Option<(Member, Actor)> {
        members::table
            .inner_join(actors::table.on(actors::id.eq(members::actor_id)))
            .filter(members::actor_id.eq(id))
            .select((Member::as_select(), Actor::as_select()))
            .first(conn)
            .await
            .optional()
    }

    /// A member by address or by name, both in the form that is compared.
    pub async fn find_by_login(conn, key: &str) -> Option<(Member, Actor)> {
        members::table
            .inner_join(actors::table.on(actors::id.eq(members::actor_id)))
            .filter(members::email_key.eq(key).or(actors::host_id.eq(HostId::LOCAL).and(actors::name_key.eq(key))))
            .select((Member::as_select(), Actor::as_select()))
            .first(conn)
            .await
            .optional()
    }

    /// Whether an address has an account.
    pub async fn email_taken(conn, key: &str) -> bool {
        diesel::select(diesel::dsl::exists(members::table.filter(members::email_key.eq(key)))).get_result(conn).await
    }

    /// Members with a role who take part.
    pub async fn with_roles(conn, roles: &[Role]) -> Vec<ActorId> {
        members::table
            .inner_join(actors::table.on(actors::id.eq(members::actor_id)))
            .filter(members::role.eq_any(one_of(roles)).and(actors::state.eq(ActorState::Active)))
            .order(members::actor_id)
            .select(members::actor_id)
            .load(conn)
            .await
    }

    /// People with an account here, by state.
    pub async fn count(conn, state: ActorState) -> i64 {
        members::table
            .inner_join(actors::table.on(actors::id.eq(members::actor_id)))
            .filter(actors::state.eq(state))
            .count()
            .get_result(conn)
            .await
    }

    /// People who did something here since a moment.
    pub async fn count_seen_since(conn, since: Time) -> i64 {
        members::table.filter(members::last_seen_at.ge(since.micros())).count().get_result(conn).await
    }

    /// Whether nobody has an account yet.
    pub async fn is_empty(conn) -> bool {
        diesel::select(diesel::dsl::not(diesel::dsl::exists(members::table.select(members::actor_id)))).get_result(conn).await
    }

    /// Sets the role.
    pub async fn set_role(conn, id: ActorId, role: Role) -> usize {
        diesel::update(members::table.find(id)).set(members::role.eq(role)).execute(conn).await
    }

    /// Sets the label, and whether they are a guest.
    pub async fn set_kind(conn, id: ActorId, kind: PersonKind, is_guest: bool) -> usize {
        diesel::update(members::table.find(id))
            .set((members::person_kind.eq(kind), members::is_guest.eq(is_guest)))
            .execute(conn)
            .await
    }

    /// Sets or takes away the password.
    pub async fn set_password(conn, id: ActorId, hash: Option<&str>) -> usize {
        diesel::update(members::table.find(id)).set(members::password_hash.eq(hash)).execute(conn).await
    }

    /// Sets the address. `Conflict` when it has an account already.
    pub async fn set_email(conn, id: ActorId, email: &str, key: &str) -> usize {
        diesel::update(members::table.find(id))
            .set((members::email.eq(email), members::email_key.eq(key)))
            .execute(conn)
            .await
    }

    /// Sets what the person tells of themselves.
    pub async fn set_details(conn, id: ActorId, details: &Details) -> usize {
        diesel::update(members::table.find(id))
            .set((
                members::job_title.eq(&details.job_title), members::pronunciation.eq(&details.pronunciation),
                members::branch_id.eq(details.branch_id), members::languages.eq(&details.languages),
                members::contact.eq(&details.contact),
            ))
            .execute(conn)
            .await
    }

    /// Sets what the person wants to hear and from whom.
    pub async fn set_contact_choices(conn, id: ActorId, findable: bool, direct_from: DirectFrom, notify_mail: bool) -> usize {
        diesel::update(members::table.find(id))
            .set((members::findable.eq(findable), members::direct_from.eq(direct_from), members::notify_mail.eq(notify_mail)))
            .execute(conn)
            .await
    }

    /// Sets how pages look for a member; `None` leaves a choice as it is.
    pub async fn set_preferences(
        conn, id: ActorId, locale: Option<&str>, theme: Option<&str>, text_size: Option<&str>, contrast: Option<&str>,
    ) -> usize {
        if let Some(locale) = locale {
            diesel::update(members::table.find(id)).set(members::locale.eq(locale)).execute(conn).await?;
        }
        if let Some(theme) = theme {
            diesel::update(members::table.find(id)).set(members::theme.eq(theme)).execute(conn).await?;
        }
        if let Some(size) = text_size {
            diesel::update(members::table.find(id)).set(members::text_size.eq(size)).execute(conn).await?;
        }
        if let Some(contrast) = contrast {
            diesel::update(members::table.find(id)).set(members::contrast.eq(contrast)).execute(conn).await?;
        }
        Ok(1)
    }

    /// Notes that they were here.
    pub async fn set_last_seen(conn, id: ActorId, now: Time) -> usize {
        diesel::update(members::table.find(id)).set(members::last_seen_at.eq(now)).execute(conn).await
    }

    /// Removes the account; sessions, home, notices and bookmarks go with it, the actor stays as a tombstone.
    pub async fn delete(conn, id: ActorId) -> usize {
        diesel::delete(members::table.find(id)).execute(conn).await
    }

    /// Removes someone who waits for approval altogether: they wrote nothing, and the name is free again.
    pub async fn forget_pending(conn, id: ActorId) -> usize {
        diesel::delete(actors::table.filter(actors::id.eq(id).and(actors::state.eq(ActorState::Pending)))).execute(conn).await
    }

    /// Empties what the actor told of themselves, and marks it as gone.
    pub async fn bury(conn, id: ActorId, now: Time) -> usize {
        diesel::update(actors::table.find(id))
            .set((
                actors::state.eq(ActorState::Deleted), actors::display_name.eq(actors::name), actors::summary_source.eq(""),
                actors::summary_html.eq(""), actors::search_text.eq(""), actors::icon_media_id.eq(None::<MediaId>),
                actors::icon_url.eq(None::<String>), actors::header_url.eq(None::<String>),
                actors::discoverable.eq(false), actors::updated_at.eq(now),
            ))
            .execute(conn)
            .await
    }

    /// Groups here that one person alone owns.
    async fn sole_rows(conn, owner: ActorId) -> Vec<CardRow> {
        use super::schema::follows;
        groups::table
            .inner_join(follows::table.on(follows::target_id.eq(groups::actor_id)))
            .inner_join(actors::table.on(actors::id.eq(groups::actor_id)))
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .filter(follows::follower_id.eq(owner).and(follows::role.eq(GroupRole::Owner)))
            .filter(follows::state.eq(FollowState::Accepted).and(actors::state.eq(ActorState::Active)))
            .filter(actors::host_id.eq(HostId::LOCAL))
            .filter(
                sql::<Bool>(
                    "NOT EXISTS (SELECT 1 FROM follows o WHERE o.target_id = groups.actor_id AND o.role = 'owner' \
                     AND o.state = 'accepted' AND o.follower_id <> ",
                )
                .bind::<BigInt, _>(owner.0)
                .sql(") AND groups.members_count > 1"),
            )
            .order(actors::display_name)
            .select(card_columns!())
            .load(conn)
            .await
    }

    async fn line_rows(conn, filter: &PeopleFilter, after: (&str, i64), limit: i64) -> Vec<LineRow> {
        let active = [ActorState::Active];
        let states: &[ActorState] = if filter.states.is_empty() { &active } else { &filter.states };
        let mut query = actors::table
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .left_join(members::table.on(members::actor_id.eq(actors::id)))
            .left_join(branches::table.on(members::branch_id.eq(branches::id.nullable())))
            .filter(actors::state.eq_any(one_of(states)))
            .filter(actors::display_name.gt(after.0).or(actors::display_name.eq(after.0).and(actors::id.gt(ActorId(after.1)))))
            .order((actors::display_name, actors::id))
            .limit(limit)
            .select((
                card_columns!(),
                actors::summary_html,
                (
                    members::role, members::person_kind, members::is_guest, members::job_title, members::email,
                    members::request_note, members::last_seen_at, members::created_at,
                )
                    .nullable(),
                branches::name.nullable(),
            ))
            .into_boxed();
        if let Some(branch) = filter.branch {
            let told: Vec<String> = filter.branch_told.iter().map(|told| format!("'{told}'")).collect();
            query = query.filter(members::branch_id.eq(branch)).filter(sql::<Bool>(&format!(
                "COALESCE((SELECT k.branch_to FROM knowledge_choices k WHERE k.member_id = actors.id), 'organisation') \
                 IN ({})",
                told.join(", ")
            )));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(members::person_kind.eq(kind));
        }
        if !filter.needle.is_empty() {
            query = query.filter(actors::search_text.like(format!("%{}%", escape_like(&filter.needle))).escape('\\'));
        }
        let host = filter.host.unwrap_or(HostId::LOCAL);
        query = match &filter.among {
            // Found by id, and not by going through everybody in the order of names.
            Some(among) => query
                .filter(actors::id.eq_any(one_of(among)))
                .filter(super::fixed::lit::<Bool>("+actors.kind = 'person' AND +actors.host_id = ?", &[host.0])),
            None => query.filter(actors::kind.eq(ActorKind::Person).and(actors::host_id.eq(host))),
        };
        if let Some(near) = filter.near {
            query = query.filter(
                sql::<Bool>(
                    "EXISTS (SELECT 1 FROM follows f JOIN follows g ON g.target_id = f.target_id \
                     JOIN groups ON groups.actor_id = f.target_id WHERE f.follower_id = actors.id \
                     AND f.state = 'accepted' AND g.state = 'accepted' AND g.follower_id = ",
                )
                .bind::<BigInt, _>(near.0)
                .sql(")"),
            );
        }
        query.load(conn).await
    }

    async fn account_rows(conn, ids: &[ActorId]) -> Vec<(ActorId, AccountRow, Option<String>)> {
        members::table
            .left_join(branches::table.on(members::branch_id.eq(branches::id.nullable())))
            .filter(members::actor_id.eq_any(one_of(ids)))
            .select((
                members::actor_id,
                (
                    members::role, members::person_kind, members::is_guest, members::job_title, members::email,
                    members::request_note, members::last_seen_at, members::created_at,
                ),
                branches::name.nullable(),
            ))
            .load(conn)
            .await
    }

    /// Whether two people are in one group.
    pub async fn share_a_group(conn, one: ActorId, other: ActorId) -> bool {
        use super::schema::follows;
        let theirs = diesel::alias!(follows as theirs);
        let shared = theirs
            .inner_join(groups::table.on(groups::actor_id.eq(theirs.field(follows::target_id))))
            .filter(theirs.field(follows::follower_id).eq(other))
            .filter(theirs.field(follows::state).eq(FollowState::Accepted))
            .select(theirs.field(follows::target_id));
        let mine = follows::table
            .filter(follows::follower_id.eq(one).and(follows::state.eq(FollowState::Accepted)))
            .filter(follows::target_id.eq_any(shared))
            .select(follows::id);
        diesel::select(diesel::dsl::exists(mine)).get_result(conn).await
    }

    /// Guests who take part and were not here since `before` (nor made after it).
    pub async fn idle_guests(conn, before: Time, limit: i64) -> Vec<ActorId> {
        members::table
            .inner_join(actors::table.on(actors::id.eq(members::actor_id)))
            .filter(members::is_guest.eq(true).and(actors::state.eq(ActorState::Active)))
            .filter(members::created_at.lt(before))
            .filter(members::last_seen_at.is_null().or(members::last_seen_at.lt(before.micros())))
            .limit(limit)
            .select(members::actor_id)
            .load(conn)
            .await
    }

    /// Every account with its actor, by name.
    pub async fn list_all(conn) -> Vec<(Member, Actor)> {
        members::table
            .inner_join(actors::table.on(actors::id.eq(members::actor_id)))
            .order(actors::name_key)
            .select((Member::as_select(), Actor::as_select()))
            .load(conn)
            .await
    }
}

/// A member with their actor, or `NotFound`.
pub async fn get(conn: &mut Conn, id: ActorId) -> Result<(Member, Actor)> {
    find(conn, id).await?.ok_or(Error::NotFound)
}

/// Groups here with other members in them, whose only owner is this person.
pub async fn solely_owned(conn: &mut Conn, owner: ActorId) -> Result<Vec<ActorCard>> {
    Ok(sole_rows(conn, owner).await?.into_iter().map(card).collect())
}

/// What lists show of some accounts here, without what only administrators see.
pub async fn accounts(conn: &mut Conn, ids: &[ActorId]) -> Result<HashMap<ActorId, Account>> {
    let account = |(id, (role, kind, is_guest, job_title, ..), branch): (ActorId, AccountRow, Option<String>)| {
        let created_at = time_of(id.0);
        let (email, request_note, last_seen_at) = (None, String::new(), None);
        (id, Account { role, kind, is_guest, job_title, branch, email, request_note, last_seen_at, created_at })
    };
    Ok(account_rows(conn, ids).await?.into_iter().map(account).collect())
}

/// People by shown name, after `(name, id)`; at most `limit`.
pub async fn list(conn: &mut Conn, filter: &PeopleFilter, after: (&str, i64), limit: i64) -> Result<Vec<PersonLine>> {
    let line = |(row, summary_html, account, branch): LineRow| PersonLine {
        actor: card(row),
        about: SafeHtml::trusted(summary_html),
        account: account.map(|(role, kind, is_guest, job_title, email, request_note, last_seen_at, created_at)| {
            Account { role, kind, is_guest, job_title, branch, email, request_note, last_seen_at, created_at }
        }),
    };
    Ok(line_rows(conn, filter, after, limit).await?.into_iter().map(line).collect())
}
