use crate::domain::audiences::Scope;
use crate::domain::{Sight, Viewer};

/// What a viewer may see. The only place where a viewer becomes a limit on scopes.
pub fn sight(viewer: &Viewer) -> Sight {
    match *viewer {
        Viewer::Anonymous => Sight { max: Scope::Unlisted, me: None, host: None },
        Viewer::Member { id, guest: true, .. } => Sight { max: Scope::Unlisted, me: Some(id), host: None },
        Viewer::Member { id, .. } => Sight { max: Scope::Organisation, me: Some(id), host: None },
        Viewer::Peer { host, signer } => Sight { max: Scope::Unlisted, me: Some(signer), host: Some(host) },
        Viewer::System => Sight { max: Scope::Readers, me: None, host: None },
    }
}
