//! The index of search (tantivy): how words are cut, what a document is, how a question is answered. It is given ids of
//! audiences and knows nobody. A crate of its own as it is compiled for speed, which the rest is not.

mod class;
mod collect;
mod expand;
mod find;
mod fold;
mod kind;
mod scan;
mod synonyms;
mod volume;
mod words;

pub use collect::{Counts, Hit};
pub use find::{Answer, Filters, Question, Readable};
pub use fold::fold;
pub use kind::{FeedPlace, FoundKind};
pub use synonyms::{STARTER, Synonyms};
pub use volume::{Document, Shelf, Volume, Writer, language_tag};
pub use words::{Asked, asked, marks};

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

/// Ids that are looked up once for each document a question matches.
pub type Ids = HashSet<i64, RandomState>;
/// Something by number, likewise.
type Numbers<T> = HashMap<i64, T, RandomState>;

/// Microseconds of an hour.
const HOUR: i64 = 3_600_000_000;

/// What the engine or the disk says when something cannot be done. Nothing that a question contains is at fault.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

/// The result of everything here.
pub type Result<T> = std::result::Result<T, Error>;

fn engine(error: impl std::fmt::Display) -> Error {
    Error(error.to_string())
}
