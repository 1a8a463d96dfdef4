//! What is found, and where the reader of the change feed is.

use serde::{Deserialize, Serialize};

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FoundKind {
    /// Someone.
    Person,
    /// A group.
    Group,
    /// Something told: a message, a story, a vote, a link.
    Post,
    /// A question.
    Question,
    /// A lesson learned.
    Lesson,
    /// A comment.
    Comment,
    /// A file.
    File,
    /// A page of a group's knowledge base.
    Page,
}

impl FoundKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: &'static [FoundKind] =
        &[Self::Person, Self::Group, Self::Post, Self::Question, Self::Lesson, Self::Comment, Self::File, Self::Page];

    /// The word that stands for it in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "people",
            Self::Group => "groups",
            Self::Post => "posts",
            Self::Question => "questions",
            Self::Lesson => "lessons",
            Self::Comment => "comments",
            Self::File => "files",
            Self::Page => "pages",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// Its place in [`FoundKind::ALL`]; kept in the index.
    pub fn number(self) -> u64 {
        self as u64
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
