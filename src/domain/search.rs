//! What search finds, and where the reader of the change feed is.

use serde::{Deserialize, Serialize};

use crate::base::text_enum;

text_enum! {
    /// What was found.
    pub enum FoundKind {
        /// Someone.
        Person = "people",
        /// A group.
        Group = "groups",
        /// Something told: a message, a story, a vote, a link.
        Post = "posts",
        /// A question.
        Question = "questions",
        /// A lesson learned.
        Lesson = "lessons",
        /// A comment.
        Comment = "comments",
        /// A file.
        File = "files",
        /// A page of a group's knowledge base.
        Page = "pages",
    }
}

impl FoundKind {
    /// Its place in [`FoundKind::ALL`]; kept in the index.
    pub fn number(self) -> u64 {
        Self::ALL.iter().position(|kind| *kind == self).map_or(0, |at| at as u64)
    }

    /// The kind at a place.
    pub fn from_number(number: u64) -> Option<Self> {
        usize::try_from(number).ok().and_then(|at| Self::ALL.get(at)).copied()
    }
}

/// A place in the change feed: everything up to it was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FeedPlace {
    /// The transaction (PostgreSQL; 0 on SQLite).
    pub xid: i64,
    /// The row.
    pub seq: i64,
}

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
