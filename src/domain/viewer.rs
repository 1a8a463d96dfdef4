//! Who is looking, and what that lets them see.

use crate::base::{ActorId, HostId};
use crate::domain::audiences::Scope;
use crate::domain::people::Role;

/// Who is looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// Nobody we know.
    Anonymous,
    /// A member of this instance.
    Member {
        /// Who.
        id: ActorId,
        /// Role on the instance.
        role: Role,
        /// Only in the groups they were invited to.
        guest: bool,
    },
    /// Another server, by a valid signature.
    Peer {
        /// Which server.
        host: HostId,
        /// The actor that signed.
        signer: ActorId,
    },
    /// Kring itself: jobs and the command line.
    System,
}

impl Viewer {
    /// The actor that looks, if any.
    pub fn actor_id(&self) -> Option<ActorId> {
        match self {
            Viewer::Member { id, .. } | Viewer::Peer { signer: id, .. } => Some(*id),
            Viewer::Anonymous | Viewer::System => None,
        }
    }

    /// The member that looks, or `SignInNeeded`.
    pub fn member_id(&self) -> crate::base::Result<ActorId> {
        match self {
            Viewer::Member { id, .. } => Ok(*id),
            _ => Err(crate::base::Error::SignInNeeded),
        }
    }

    /// Role on the instance; `Member` for strangers.
    pub fn role(&self) -> Role {
        match self {
            Viewer::Member { role, .. } => *role,
            Viewer::System => Role::Owner,
            _ => Role::Member,
        }
    }

    /// A member who is not a guest.
    pub fn is_full_member(&self) -> bool {
        matches!(self, Viewer::Member { guest: false, .. })
    }
}

/// What a viewer may see, in the form every query takes: made by `policy`, turned into SQL by `store`.
///
/// Visible is `scope <= max`, or being a reader, or (for peers) having a reader on one's host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// The widest-to-narrowest limit: scopes up to this are seen.
    pub max: Scope,
    /// The actor whose readerships count.
    pub me: Option<ActorId>,
    /// The server whose readers count.
    pub host: Option<HostId>,
}
