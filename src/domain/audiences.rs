//! Who may see a thing: a scope and, for the narrowest, a list of readers.

use crate::base::{ActorId, AudienceId};

/// How far a thing may be seen. The order is the rule: a viewer sees scopes up to their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everyone, listed everywhere.
    Public,
    /// Everyone who has the address.
    Unlisted,
    /// Members here and at trusted peers.
    Network,
    /// Members here.
    Organisation,
    /// The readers of the audience and nobody else.
    Readers,
}

impl Scope {
    /// The number in the database.
    pub fn number(self) -> i16 {
        match self {
            Scope::Public => 0,
            Scope::Unlisted => 1,
            Scope::Network => 2,
            Scope::Organisation => 3,
            Scope::Readers => 4,
        }
    }

    /// Reads the number; anything unknown is the narrowest.
    pub fn from_number(number: i16) -> Self {
        match number {
            0 => Scope::Public,
            1 => Scope::Unlisted,
            2 => Scope::Network,
            3 => Scope::Organisation,
            _ => Scope::Readers,
        }
    }

    /// Public or unlisted: may be addressed to `as:Public`.
    pub fn is_open(self) -> bool {
        self <= Scope::Unlisted
    }
}

/// An audience: a scope, and whose list of readers it is.
#[derive(Clone, Copy, Debug)]
pub struct Audience {
    /// Our id.
    pub id: AudienceId,
    /// How far.
    pub scope: Scope,
    /// The group or author it belongs to.
    pub owner_id: ActorId,
}
