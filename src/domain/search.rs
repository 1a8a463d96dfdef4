//! What search finds, and where the reader of the change feed is.

pub use kring_index::{FeedPlace, FoundKind};

/// Stands for an audience of everyone, in documents of people and groups. Ids of audiences are positive.
pub const EVERYONE: i64 = -1;
/// Of the members here and at peers with whom people are shared.
pub const PEERS: i64 = -2;
/// Of the members here, guests left out.
pub const MEMBERS: i64 = -3;

/// Of those who know an actor otherwise: members of a closed group, guests who share a group with someone.
pub fn known_by(actor: i64) -> i64 {
    -actor
}
