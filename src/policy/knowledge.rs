use crate::base::ActorId;
use crate::domain::Viewer;
use crate::domain::knowledge::Told;

/// What is told to members of this organisation.
pub const TOLD_HERE: &[Told] = &[Told::Organisation, Told::Peers, Told::Everyone];
/// What is told to members of organisations with an agreement about people.
pub const TOLD_PARTNERS: &[Told] = &[Told::Peers, Told::Everyone];

/// What a viewer may see of what others tell of themselves: what is told to one of these. `named_peer` says whether the
/// viewer's server has an agreement about people with this one. One's own is always seen: [`sees_told`].
pub fn told_to(viewer: &Viewer, named_peer: bool) -> &'static [Told] {
    match viewer {
        Viewer::Member { guest: false, .. } => TOLD_HERE,
        Viewer::Peer { .. } if named_peer => TOLD_PARTNERS,
        // A guest of the organisation sees no more of its people than a stranger.
        Viewer::Member { guest: true, .. } | Viewer::Peer { .. } | Viewer::Anonymous => &[Told::Everyone],
        Viewer::System => Told::ALL,
    }
}

/// Whether a viewer may see something that `owner` tells to `told`.
pub fn sees_told(viewer: &Viewer, owner: ActorId, told: Told, named_peer: bool) -> bool {
    viewer.actor_id() == Some(owner) || told_to(viewer, named_peer).contains(&told)
}
