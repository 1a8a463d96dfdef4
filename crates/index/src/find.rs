//! A question, who asks it, and its answer.

use std::collections::HashSet;
use std::sync::Arc;

use super::collect::{Counts, Gather, Hit};
use super::expand::Expander;
use super::scan::{Dictionaries, Having, Slate, Word, scan};
use super::volume::{Volume, language_number};
use super::words::Asked;
use super::{FoundKind, Ids, Result, Synonyms};

/// Fewer hits with all words than this, and things with some of the words are shown too.
const ENOUGH: usize = 8;

/// What somebody may find, as ids: part of the question itself.
#[derive(Clone, Debug, Default)]
pub struct Readable {
    /// Audiences that are open to them, shared by many.
    pub open: Arc<Ids>,
    /// Audiences they are readers of.
    pub own: Ids,
    /// No limit: the system itself.
    pub everything: bool,
    /// Authors left out.
    pub no_authors: Ids,
    /// Servers left out.
    pub no_hosts: Ids,
}

impl Readable {
    pub(super) fn has(&self, audience: i64) -> bool {
        self.open.contains(&audience) || self.own.contains(&audience)
    }
}

/// Which part of what was found is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// This kind.
    pub kind: Option<FoundKind>,
    /// In this group.
    pub group: Option<i64>,
    /// At most this many days old.
    pub days: Option<u64>,
    /// In this language.
    pub language: Option<u64>,
}

impl Filters {
    /// With a language by its tag.
    pub fn in_language(mut self, tag: Option<&str>) -> Self {
        self.language = tag.map(|tag| language_number(Some(tag))).filter(|number| *number != 0);
        self
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The words.
    pub asked: Asked,
    /// What means the same.
    pub synonyms: Arc<Synonyms>,
    /// Who may find what.
    pub readable: Arc<Readable>,
    /// What part of it.
    pub filters: Filters,
    /// At most this many hits.
    pub limit: usize,
    /// Only names and titles, and begun words: while typing.
    pub typing: bool,
    /// Whether it matters how much of everything there is, for the filters.
    pub counting: bool,
    /// Now, in microseconds since 1970.
    pub now: i64,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The best first.
    pub hits: Vec<Hit>,
    /// How much there is.
    pub counts: Counts,
}

impl Answer {
    /// How many things were found.
    fn found(&self, question: &Question) -> usize {
        if question.counting { self.counts.kinds.values().sum() } else { self.counts.all }
    }
}

impl Volume {
    /// Answers a question.
    pub fn find(&self, question: &Question) -> Result<Answer> {
        let asked = &question.asked;
        if asked.words.is_empty() || question.limit == 0 {
            return Ok(Answer::default());
        }
        self.slates.lend(|slate| self.answer(slate, question))
    }

    fn answer(&self, slate: &mut Slate, question: &Question) -> Result<Answer> {
        let asked = &question.asked;
        let searcher = self.reader.searcher();
        let dictionaries = Dictionaries::open(&searcher, &self.fields)?;
        let known = (&searcher, &dictionaries, &self.fields);
        let mut expander = Expander::new(known, &question.synonyms, question.typing);
        let words = expander.words(asked)?;
        let mut answer = self.run(slate, &expander, &words, Having::All, question)?;
        if expander.spared() && answer.found(question) < question.limit {
            expander.thorough = true;
            let words = expander.words(asked)?;
            answer = self.run(slate, &expander, &words, Having::All, question)?;
        }
        if words.len() > 1 && (answer.found(question) < ENOUGH || asked.for_someone) && !question.typing {
            let enough = if words.len() == 2 { 1 } else { words.len().div_ceil(2) };
            let some = self.run(slate, &expander, &words, Having::AtLeast(enough), question)?;
            answer = joined(answer, some, question.limit);
        }
        if asked.for_someone {
            people_first(&mut answer.hits);
        }
        Ok(answer)
    }

    fn run(
        &self,
        slate: &mut Slate,
        expander: &Expander<'_>,
        words: &[Word],
        having: Having,
        question: &Question,
    ) -> Result<Answer> {
        let gather = Gather {
            readable: question.readable.clone(),
            filters: question.filters.clone(),
            now: question.now,
            limit: question.limit,
            for_someone: question.asked.for_someone,
            counting: question.counting,
            opened: self.opened.clone(),
        };
        let segments = expander.searcher.segment_readers();
        self.opened.keep(segments);
        let mut parts = Vec::new();
        for (place, segment) in segments.iter().enumerate() {
            let mut gathering = gather.of_segment(segment)?;
            scan(slate, words, having, (place, segment), (&self.fields, expander.dictionaries), |docs, scores| {
                gathering.collect(docs, scores);
            })?;
            parts.push(gathering.finish());
        }
        let (hits, counts) = gather.merge(parts);
        Ok(Answer { hits, counts })
    }
}

/// What has all words first, then what has some.
fn joined(all: Answer, some: Answer, limit: usize) -> Answer {
    let mut hits = all.hits;
    let first: HashSet<(FoundKind, i64)> = hits.iter().map(|hit| (hit.kind, hit.id)).collect();
    hits.extend(some.hits.into_iter().filter(|hit| !first.contains(&(hit.kind, hit.id))));
    hits.truncate(limit);
    Answer { hits, counts: some.counts }
}

/// People above everything else, but those who hardly match.
fn people_first(hits: &mut [Hit]) {
    let best = hits.iter().filter(|hit| hit.kind == FoundKind::Person).map(|hit| hit.score).fold(0.0, f32::max);
    hits.sort_by_key(|hit| !(hit.kind == FoundKind::Person && hit.score >= best * 0.4));
}
