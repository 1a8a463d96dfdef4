//! Invitations to become a member here.

use diesel::prelude::*;

use super::actors::{CardRow, card, card_columns};
use super::schema::{actors, hosts, invitation_groups, invitations};
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::actors::ActorCard;
use crate::domain::people::Invitation;
use crate::store::among::one_of;
use crate::store::query::RunQueryDsl;

/// An invitation with who invites and which groups it opens.
#[derive(Clone, Debug)]
pub struct InvitationLine {
    /// The invitation.
    pub invitation: Invitation,
    /// Who invites.
    pub inviter: ActorCard,
    /// The groups joined on acceptance.
    pub groups: Vec<crate::domain::posts::GroupCard>,
}

db_fn! {
    /// Adds one.
    pub async fn insert(conn, new: &Invitation) -> usize {
        diesel::insert_into(invitations::table)
            .values((
                invitations::id.eq(new.id), invitations::code.eq(&new.code), invitations::inviter_id.eq(new.inviter_id),
                invitations::person_kind.eq(new.person_kind), invitations::note.eq(&new.note),
                invitations::max_uses.eq(new.max_uses), invitations::uses.eq(new.uses),
                invitations::created_at.eq(new.created_at), invitations::expires_at.eq(new.expires_at),
            ))
            .execute(conn)
            .await
    }

    /// Adds a group to an invitation.
    pub async fn insert_group(conn, invitation: InvitationId, group: ActorId) -> usize {
        diesel::insert_into(invitation_groups::table)
            .values((invitation_groups::invitation_id.eq(invitation), invitation_groups::group_id.eq(group)))
            .on_conflict_do_nothing()
            .execute(conn)
            .await
    }

    /// One, by its code.
    pub async fn find_by_code(conn, code: &str) -> Option<Invitation> {
        invitations::table
            .filter(invitations::code.eq(code))
            .select(Invitation::as_select())
            .first(conn)
            .await
            .optional()
    }

    /// Groups of several invitations.
    async fn group_rows(conn, ids: &[InvitationId]) -> Vec<(InvitationId, ActorId)> {
        invitation_groups::table
            .filter(invitation_groups::invitation_id.eq_any(one_of(ids)))
            .select((invitation_groups::invitation_id, invitation_groups::group_id))
            .load(conn)
            .await
    }

    /// Counts a use; 0 when it was used up, ended or taken back meanwhile.
    pub async fn count_use(conn, id: InvitationId, now: Time) -> usize {
        diesel::update(invitations::table.find(id))
            .filter(invitations::uses.lt(invitations::max_uses).and(invitations::revoked_at.is_null()))
            .filter(invitations::expires_at.gt(now))
            .set(invitations::uses.eq(invitations::uses + 1))
            .execute(conn)
            .await
    }

    /// Takes one back.
    pub async fn revoke(conn, id: InvitationId, now: Time) -> usize {
        diesel::update(invitations::table.find(id)).set(invitations::revoked_at.eq(now)).execute(conn).await
    }

    /// Takes back all of one person.
    pub async fn revoke_of(conn, inviter: ActorId, now: Time) -> usize {
        diesel::update(invitations::table.filter(invitations::inviter_id.eq(inviter).and(invitations::revoked_at.is_null())))
            .set(invitations::revoked_at.eq(now))
            .execute(conn)
            .await
    }

    async fn rows(conn, inviter: Option<ActorId>, before: i64, limit: i64) -> Vec<(Invitation, CardRow)> {
        let mut query = invitations::table
            .inner_join(actors::table.on(actors::id.eq(invitations::inviter_id)))
            .inner_join(hosts::table.on(hosts::id.eq(actors::host_id)))
            .filter(invitations::id.lt(InvitationId(before)))
            .order(invitations::id.desc())
            .limit(limit)
            .select((Invitation::as_select(), card_columns!()))
            .into_boxed();
        if let Some(inviter) = inviter {
            query = query.filter(invitations::inviter_id.eq(inviter));
        }
        query.load(conn).await
    }
}

/// The groups an invitation opens.
pub async fn groups_of(conn: &mut Conn, id: InvitationId) -> Result<Vec<ActorId>> {
    Ok(group_rows(conn, &[id]).await?.into_iter().map(|(_, group)| group).collect())
}

/// Invitations of one person, or of everyone, newest first, before an id.
pub async fn list(conn: &mut Conn, inviter: Option<ActorId>, before: i64, limit: i64) -> Result<Vec<InvitationLine>> {
    let rows = rows(conn, inviter, before, limit).await?;
    assemble(conn, rows.into_iter().map(|(invitation, row)| (invitation, card(row))).collect()).await
}

/// One with who invites and its groups, by its code; `NotFound`.
pub async fn get(conn: &mut Conn, code: &str) -> Result<InvitationLine> {
    let invitation = find_by_code(conn, code).await?.ok_or(Error::NotFound)?;
    let inviter = super::actors::cards(conn, &[invitation.inviter_id]).await?.pop().ok_or(Error::NotFound)?;
    assemble(conn, vec![(invitation, inviter)]).await?.pop().ok_or(Error::NotFound)
}

async fn assemble(conn: &mut Conn, found: Vec<(Invitation, ActorCard)>) -> Result<Vec<InvitationLine>> {
    let ids: Vec<_> = found.iter().map(|(invitation, _)| invitation.id).collect();
    let pairs = group_rows(conn, &ids).await?;
    let mut group_ids: Vec<_> = pairs.iter().map(|(_, group)| *group).collect();
    group_ids.sort_unstable();
    group_ids.dedup();
    let cards = super::groups::cards(conn, &group_ids).await?;
    let line = |(invitation, inviter): (Invitation, ActorCard)| {
        let opens = |group: ActorId| pairs.contains(&(invitation.id, group));
        let groups = cards.iter().filter(|card| opens(card.actor.id)).cloned().collect();
        InvitationLine { invitation, inviter, groups }
    };
    Ok(found.into_iter().map(line).collect())
}
