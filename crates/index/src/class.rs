//! What many documents have in common: who may find them first of all, in which group they are, of what kind and in which
//! language. Each segment numbers its classes, so that one small number says all that of a document. Personal posts have
//! an audience each: there may be as many classes as those.

use tantivy::columnar::StrColumn;

use super::volume::{Document, language_number};
use super::{FoundKind, Result, engine};

/// One class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class {
    pub kind: FoundKind,
    /// As [`language_number`] has it.
    pub language: u16,
    /// 0 for none.
    pub group: i64,
    pub audience: i64,
}

impl Class {
    pub fn of(document: &Document) -> Self {
        Self {
            kind: document.kind,
            language: u16::try_from(language_number(document.language.as_deref())).unwrap_or(0),
            group: document.group,
            audience: document.audiences.first().copied().unwrap_or(0),
        }
    }

    /// As it stands in the index.
    pub fn written(self) -> String {
        format!("{} {} {} {}", self.kind.number(), self.language, self.group, self.audience)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let mut next = || parts.next();
        Some(Self {
            kind: FoundKind::from_number(next()?.parse().ok()?)?,
            language: next()?.parse().ok()?,
            group: next()?.parse().ok()?,
            audience: next()?.parse().ok()?,
        })
    }

    /// Those of a segment, by their numbers.
    pub fn all(column: &StrColumn) -> Result<Vec<Self>> {
        let mut all = Vec::with_capacity(column.num_terms());
        let mut stream = column.dictionary().stream().map_err(engine)?;
        while stream.advance() {
            let text = std::str::from_utf8(stream.key()).map_err(engine)?;
            all.push(Self::read(text).ok_or_else(|| engine(format!("a class of documents: {text:?}")))?);
        }
        Ok(all)
    }
}
