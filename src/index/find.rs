//! A question, who asks it, and its answer.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tantivy::query::{Bm25StatisticsProvider, BooleanQuery, ConstScoreQuery, EnableScoring, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Searcher, Term};

use super::collect::{Counts, Gather, Hit};
use super::expand::Expander;
use super::volume::{Volume, language_number};
use super::words::Asked;
use super::{Ids, Synonyms, engine};
use crate::base::{ActorId, Result, Time};
use crate::domain::search::FoundKind;

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
    pub group: Option<ActorId>,
    /// At most this many days old.
    pub days: Option<i64>,
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
    /// Now.
    pub now: Time,
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

/// How common a word is, whatever form of it was found.
struct Statistics<'a> {
    searcher: &'a Searcher,
    common: &'a HashMap<Term, u64>,
}

impl Bm25StatisticsProvider for Statistics<'_> {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        self.searcher.total_num_tokens(field)
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        self.searcher.total_num_docs()
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        match self.common.get(term) {
            Some(count) => Ok(*count),
            None => Bm25StatisticsProvider::doc_freq(self.searcher, term),
        }
    }
}

impl Volume {
    /// Answers a question.
    pub fn find(&self, question: &Question) -> Result<Answer> {
        let asked = &question.asked;
        if asked.words.is_empty() || question.limit == 0 {
            return Ok(Answer::default());
        }
        let searcher = self.reader.searcher();
        let mut expander = Expander {
            searcher: &searcher,
            fields: &self.fields,
            synonyms: &question.synonyms,
            heads_only: question.typing,
            thorough: false,
            spared: false,
            common: HashMap::new(),
            counted: Default::default(),
        };
        let (mut words, mut answer) = self.all_words(&mut expander, question)?;
        if expander.spared && answer.found(question) < question.limit {
            expander.thorough = true;
            (words, answer) = self.all_words(&mut expander, question)?;
        }
        if words.len() > 1 && (answer.found(question) < ENOUGH || asked.for_someone) && !question.typing {
            let enough = if words.len() == 2 { 1 } else { words.len().div_ceil(2) };
            let some = BooleanQuery::union_with_minimum_required_clauses(words, enough);
            answer = joined(answer, self.run(&expander, &some, question)?, question.limit);
        }
        if asked.for_someone {
            people_first(&mut answer.hits);
        }
        Ok(answer)
    }

    /// Asks for what has all words. Also returns a query for each of them.
    fn all_words(&self, expander: &mut Expander<'_>, question: &Question) -> Result<(Vec<Box<dyn Query>>, Answer)> {
        let words = expander.words(&question.asked)?;
        let all = BooleanQuery::intersection(words.iter().map(|query| query.box_clone()).collect());
        let answer = self.run(expander, &all, question)?;
        Ok((words, answer))
    }

    fn run(&self, expander: &Expander<'_>, query: &dyn Query, question: &Question) -> Result<Answer> {
        let searcher = expander.searcher;
        let statistics = Statistics { searcher, common: &expander.common };
        let gather = Gather {
            readable: question.readable.clone(),
            filters: question.filters.clone(),
            now: question.now,
            limit: question.limit,
            for_someone: question.asked.for_someone,
            counting: question.counting,
            opened: self.opened.clone(),
        };
        let of_kind;
        let query = match question.filters.kind {
            // What is counted of the other kinds has to be looked at; else theirs are passed over.
            Some(kind) if !question.counting => {
                let term = Term::from_field_u64(self.fields.kind, kind.number());
                let only = TermQuery::new(term, IndexRecordOption::Basic);
                of_kind = BooleanQuery::intersection(vec![
                    query.box_clone(),
                    Box::new(ConstScoreQuery::new(Box::new(only), 0.0)),
                ]);
                &of_kind
            }
            _ => query,
        };
        let scoring = EnableScoring::enabled_from_statistics_provider(&statistics, searcher);
        let weight = query.weight(scoring).map_err(engine)?;
        self.opened.keep(searcher.segment_readers());
        let mut parts = Vec::new();
        for (place, reader) in searcher.segment_readers().iter().enumerate() {
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            parts.push(
                tantivy::collector::Collector::collect_segment(&gather, &*weight, place, reader).map_err(engine)?,
            );
        }
        let (hits, counts) = tantivy::collector::Collector::merge_fruits(&gather, parts).map_err(engine)?;
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
