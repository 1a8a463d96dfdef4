use crate::base::{ActorId, Error, Result};
use crate::domain::Viewer;
use crate::domain::people::{DirectFrom, PersonKind, Role};

/// Whether `viewer` may invite someone. Moderators of the instance may invite anyone; others only guests, into groups
/// they keep order in (`moderates`: how many of the groups chosen; `groups`: how many were chosen).
pub fn check_invite(viewer: &Viewer, kind: PersonKind, groups: usize, moderates: usize) -> Result<()> {
    if viewer.role().is_moderator() {
        return Ok(());
    }
    if !viewer.is_full_member() {
        return Err(Error::forbidden("error-invite-moderators"));
    }
    let own = groups > 0 && groups == moderates;
    if own && kind == PersonKind::Guest { Ok(()) } else { Err(Error::forbidden("error-invite-guests-only")) }
}

/// Whether `viewer` may suspend, approve or otherwise run the account of `target`: never one's own, nor of someone above.
pub fn check_manage_account(viewer: &Viewer, target: ActorId, target_role: Role) -> Result<()> {
    if viewer.actor_id() == Some(target) {
        return Err(Error::forbidden("error-not-yourself"));
    }
    let enough = match viewer.role() {
        Role::Owner => true,
        Role::Admin => target_role != Role::Owner,
        Role::Moderator => target_role == Role::Member,
        Role::Member => false,
    };
    if enough { Ok(()) } else { Err(Error::forbidden("error-moderator-only")) }
}

/// Whether `viewer` helps someone who begins here: their buddy does, and those who keep order on the instance.
pub fn may_help_newcomer(viewer: &Viewer, buddy: Option<ActorId>) -> bool {
    let is_buddy = viewer.is_full_member() && buddy.is_some() && viewer.actor_id() == buddy;
    is_buddy || viewer.role().is_moderator()
}

/// Whether `viewer` may open the list of people here: members, and guests the part of it they share a group with.
pub fn check_directory(viewer: &Viewer) -> Result<()> {
    match viewer {
        Viewer::Member { .. } | Viewer::System => Ok(()),
        Viewer::Anonymous | Viewer::Peer { .. } => Err(Error::SignInNeeded),
    }
}

/// Whether `viewer` may know of everyone here, and of `target` in any case: members of the organisation know each other.
/// About anyone else it is asked whom they have to do with: `services::known`.
pub fn knows_all(viewer: &Viewer, target: ActorId) -> bool {
    viewer.is_full_member() || matches!(viewer, Viewer::System) || viewer.actor_id() == Some(target)
}

/// Where someone who begins a conversation with a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// Here.
    Here,
    /// At an organisation with an agreement about people; `agreed`: the member said yes to them, or follows them.
    Partner {
        /// They may write.
        agreed: bool,
    },
    /// On any other server.
    Elsewhere,
}

/// Whether someone may begin a conversation with a member who takes messages from `taken`. A partner's people ask first;
/// who got a yes is heard, whatever the member chose for others.
pub fn may_begin(taken: DirectFrom, writer: Writer) -> bool {
    match (taken, writer) {
        (_, Writer::Partner { agreed }) => agreed,
        (DirectFrom::Everyone, Writer::Here | Writer::Elsewhere) | (DirectFrom::Organisation, Writer::Here) => true,
        (DirectFrom::Organisation | DirectFrom::Nobody, _) => false,
    }
}
