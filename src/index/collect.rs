//! Goes through what a question found: leaves out what the reader may not find, counts the rest, keeps the best.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, ColumnValues};
use tantivy::{DocId, Score, SegmentReader};

use super::find::{Filters, Readable};
use crate::base::Time;
use crate::domain::search::FoundKind;

/// One thing found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// What.
    pub kind: FoundKind,
    /// Its id.
    pub id: i64,
    /// Which part of it matched best.
    pub field: i64,
    /// How well.
    pub score: f32,
}

impl Eq for Hit {}

impl Ord for Hit {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(self.id.cmp(&other.id))
    }
}

impl PartialOrd for Hit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// How much was found that the reader may find. Each count leaves its own filter out, and heeds the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// By kind.
    pub kinds: HashMap<u64, usize>,
    /// By group.
    pub groups: HashMap<i64, usize>,
    /// By age: a week, a month, a year.
    pub ages: [usize; 3],
    /// By language.
    pub languages: HashMap<u64, usize>,
}

/// Ages in days, as the filter offers them.
pub(super) const AGES: [i64; 3] = [7, 31, 365];

pub(super) struct Gather {
    pub readable: Arc<Readable>,
    pub filters: Filters,
    pub now: Time,
    pub limit: usize,
    pub for_someone: bool,
}

pub(super) struct Gathering {
    readable: Arc<Readable>,
    filters: Filters,
    now: i64,
    limit: usize,
    for_someone: bool,
    kind: Arc<dyn ColumnValues<u64>>,
    id: Arc<dyn ColumnValues<i64>>,
    field: Arc<dyn ColumnValues<i64>>,
    audience: Column<i64>,
    author: Arc<dyn ColumnValues<i64>>,
    host: Arc<dyn ColumnValues<i64>>,
    group: Arc<dyn ColumnValues<i64>>,
    at: Arc<dyn ColumnValues<i64>>,
    language: Arc<dyn ColumnValues<u64>>,
    found: Found,
}

/// What one segment, or all, gave.
#[derive(Default)]
pub(super) struct Found {
    best: BinaryHeap<Reverse<Hit>>,
    /// People have several documents: each counts once, with the best of them.
    people: HashMap<i64, Hit>,
    counts: Counts,
}

impl Collector for Gather {
    type Fruit = (Vec<Hit>, Counts);
    type Child = Gathering;

    fn for_segment(&self, _: u32, segment: &SegmentReader) -> tantivy::Result<Gathering> {
        let fast = segment.fast_fields();
        Ok(Gathering {
            readable: self.readable.clone(),
            filters: self.filters.clone(),
            now: self.now.micros(),
            limit: self.limit,
            for_someone: self.for_someone,
            kind: fast.u64("kind")?.first_or_default_col(0),
            id: fast.i64("id")?.first_or_default_col(0),
            field: fast.i64("field")?.first_or_default_col(0),
            audience: fast.i64("audience")?,
            author: fast.i64("author")?.first_or_default_col(0),
            host: fast.i64("host")?.first_or_default_col(0),
            group: fast.i64("group")?.first_or_default_col(0),
            at: fast.i64("at")?.first_or_default_col(0),
            language: fast.u64("language")?.first_or_default_col(0),
            found: Found::default(),
        })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn merge_fruits(&self, segments: Vec<Found>) -> tantivy::Result<Self::Fruit> {
        let mut all = Found::default();
        for segment in segments {
            for Reverse(hit) in segment.best {
                all.keep(hit, self.limit);
            }
            for (_, hit) in segment.people {
                all.person(hit);
            }
            for (kind, count) in segment.counts.kinds {
                *all.counts.kinds.entry(kind).or_default() += count;
            }
            for (group, count) in segment.counts.groups {
                *all.counts.groups.entry(group).or_default() += count;
            }
            for (language, count) in segment.counts.languages {
                *all.counts.languages.entry(language).or_default() += count;
            }
            for (age, count) in segment.counts.ages.into_iter().enumerate() {
                all.counts.ages[age] += count;
            }
        }
        let people: HashSet<i64> = all.people.keys().copied().collect();
        if !people.is_empty() {
            all.counts.kinds.insert(FoundKind::Person.number(), people.len());
        }
        if self.filters.kind.is_none_or(|kind| kind == FoundKind::Person) {
            for hit in std::mem::take(&mut all.people).into_values() {
                all.keep(hit, self.limit);
            }
        }
        let mut hits: Vec<Hit> = all.best.into_iter().map(|Reverse(hit)| hit).collect();
        hits.sort_by(|a, b| b.cmp(a));
        Ok((hits, all.counts))
    }
}

impl Found {
    fn keep(&mut self, hit: Hit, limit: usize) {
        self.best.push(Reverse(hit));
        if self.best.len() > limit {
            self.best.pop();
        }
    }

    fn person(&mut self, hit: Hit) {
        let slot = self.people.entry(hit.id).or_insert(hit);
        if hit.score > slot.score {
            *slot = hit;
        }
    }
}

impl Gathering {
    fn may_find(&self, doc: DocId) -> bool {
        let readable = &self.readable;
        let by_audience = readable.everything || self.audience.values_for_doc(doc).any(|id| readable.has(id));
        by_audience
            && (readable.no_authors.is_empty() || !readable.no_authors.contains(&self.author.get_val(doc)))
            && (readable.no_hosts.is_empty() || !readable.no_hosts.contains(&self.host.get_val(doc)))
    }

    /// How much older things are worth: a half after about two years, never less.
    fn age_worth(&self, at: i64) -> f32 {
        let days = ((self.now - at).max(0) / Time::DAY) as f32;
        0.75 + 0.25 / (1.0 + days / 120.0)
    }
}

impl SegmentCollector for Gathering {
    type Fruit = Found;

    fn collect(&mut self, doc: DocId, score: Score) {
        if !self.may_find(doc) {
            return;
        }
        let Some(kind) = FoundKind::from_number(self.kind.get_val(doc)) else { return };
        let (at, group, language) = (self.at.get_val(doc), self.group.get_val(doc), self.language.get_val(doc));
        let filters = &self.filters;
        let is_person = kind == FoundKind::Person;
        let of_kind = filters.kind.is_none_or(|wanted| wanted == kind);
        let of_group = filters.group.is_none_or(|wanted| wanted.0 == group);
        let of_age = filters.days.is_none_or(|days| !is_person && self.now - at <= days * Time::DAY);
        let of_language = filters.language.is_none_or(|wanted| wanted == language);
        let counts = &mut self.found.counts;
        if of_group && of_age && of_language && !is_person {
            *counts.kinds.entry(kind.number()).or_default() += 1;
        }
        if !of_kind {
            return;
        }
        if of_age && of_language && group != 0 {
            *counts.groups.entry(group).or_default() += 1;
        }
        if of_group && of_age && language != 0 {
            *counts.languages.entry(language).or_default() += 1;
        }
        if of_group && of_language && !is_person {
            for (age, days) in AGES.into_iter().enumerate() {
                counts.ages[age] += usize::from(self.now - at <= days * Time::DAY);
            }
        }
        if !(of_group && of_age && of_language) {
            return;
        }
        let score = match kind {
            FoundKind::Person if self.for_someone => score * 1.6,
            FoundKind::Person | FoundKind::Group => score * 1.35,
            FoundKind::Comment => score * 0.8 * self.age_worth(at),
            _ => score * self.age_worth(at),
        };
        let hit = Hit { kind, id: self.id.get_val(doc), field: self.field.get_val(doc), score };
        if is_person { self.found.person(hit) } else { self.found.keep(hit, self.limit) }
    }

    fn harvest(self) -> Found {
        self.found
    }
}
