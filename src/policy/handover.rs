use super::{Entrance, InGroup, may_read_group, takes_outsiders};
use crate::base::{Error, Result};
use crate::domain::Viewer;
use crate::domain::groups::{Group, GroupKind, GroupRole};

/// Whether someone may hand a group over to another organisation, take that back, and say which group it was before.
pub fn check_hand_over(viewer: &Viewer, at: InGroup<'_>) -> Result<()> {
    if !at.local {
        return Err(Error::forbidden("error-group-elsewhere"));
    }
    let owner = at.follow.is_some_and(|f| f.is_member() && f.role == GroupRole::Owner);
    let admin = viewer.role().is_admin() && may_read_group(viewer, at);
    if owner || admin { Ok(()) } else { Err(Error::forbidden("error-owner-only")) }
}

/// Why a group cannot be handed over as it is: its new home could not even ask after it.
pub fn hand_over_hindrance(group: &Group) -> Option<&'static str> {
    match group.kind {
        GroupKind::Organisation => Some("error-handover-organisation"),
        GroupKind::Private if group.hidden || !group.outside_members => Some("error-handover-inside"),
        _ => None,
    }
}

/// Whether a group may go on as one elsewhere: what is closed at a partner alone (`peer`), and never as what more people read.
pub fn check_successor(group: &Group, to: GroupKind, peer: bool) -> Result<()> {
    if group.kind.is_narrower_than(to) {
        return Err(Error::invalid("to", "error-handover-open"));
    }
    if group.kind != GroupKind::Public && !peer {
        return Err(Error::invalid("to", "error-handover-peer"));
    }
    Ok(())
}

/// How someone comes in who was in the group that goes on as this one: at once, where the group takes people from where they
/// are at all. Nobody is asked again whom the old group had let in.
pub fn check_come_along(at: InGroup<'_>, is_local: bool, is_guest: bool, is_peer: bool) -> Result<Entrance> {
    if at.follow.is_some_and(|f| f.is_banned(at.now)) {
        return Err(Error::forbidden("error-banned"));
    }
    if at.group.archived_at.is_some() {
        return Err(Error::forbidden("error-group-archived"));
    }
    let fits = match at.group.kind {
        GroupKind::Network | GroupKind::Organisation if is_local => !is_guest,
        _ => is_local || takes_outsiders(at.group, is_peer),
    };
    if fits { Ok(Entrance::Open) } else { Err(Error::NotFound) }
}
