//! Room: the index of search (tantivy): how words are cut, what a document is, how a question is answered. It is given
//! audience ids and knows nobody.
//! May import: base, config, domain, urls, policy, text, i18n.

mod collect;
mod expand;
mod find;
mod scan;
mod synonyms;
mod volume;
mod words;

pub use collect::{Counts, Hit};
pub use find::{Answer, Filters, Question, Readable};
pub use synonyms::{STARTER, Synonyms};
pub use volume::{Document, Shelf, Volume, Writer, language_tag};
pub use words::{Asked, asked, marks};

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

use crate::base::Error;

/// Ids that are looked up once for each document a question matches.
pub type Ids = HashSet<i64, RandomState>;
/// Something by number, likewise.
type Numbers<T> = HashMap<i64, T, RandomState>;

/// An error of the engine is our own fault.
fn engine(error: impl std::fmt::Display) -> Error {
    Error::internal(std::io::Error::other(error.to_string()))
}
