//! Goes through what a question found: leaves out what the reader may not find, counts the rest, keeps the best.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Arc, Mutex};

use tantivy::columnar::{Column, ColumnValues};
use tantivy::index::SegmentId;
use tantivy::{DocId, SegmentReader};

use super::find::{Filters, Readable};
use super::kind::FoundKind;
use super::volume::{Document, language_number};
use super::{HOUR, Numbers, Result, engine};

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
    /// All that was found: of people each part of what they tell.
    pub all: usize,
}

/// Ages in days, as the filter offers them.
pub(super) const AGES: [i64; 3] = [7, 31, 365];

pub(super) struct Gather {
    pub readable: Arc<Readable>,
    pub filters: Filters,
    /// Microseconds since 1970.
    pub now: i64,
    pub limit: usize,
    pub for_someone: bool,
    /// Whether more is counted than how much there is.
    pub counting: bool,
    pub opened: Opened,
}

pub(super) struct Gathering {
    readable: Arc<Readable>,
    filters: Filters,
    /// Hours since 1970.
    now: i64,
    limit: usize,
    for_someone: bool,
    counting: bool,
    columns: Arc<Columns>,
    pub found: Found,
}

/// What is looked at of everything that matches, in one number, as each column costs a read of memory far away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    kind: u64,
    /// As [`language_number`] has it.
    language: u64,
    /// Hours since 1970.
    hour: i64,
}

/// Bits of the kind, and of the language after it.
const KIND_BITS: u64 = 4;
const LANGUAGE_BITS: u64 = 16;
const _: () = assert!(FoundKind::ALL.len() <= 1 << KIND_BITS);

impl Facts {
    pub fn of(document: &Document) -> Self {
        let language = language_number(document.language.as_deref());
        Self { kind: document.kind.number(), language, hour: hour(document.at) }
    }

    pub fn packed(self) -> u64 {
        (self.hour as u64) << (KIND_BITS + LANGUAGE_BITS) | self.language << KIND_BITS | self.kind
    }

    fn unpacked(number: u64) -> Self {
        let low = |bits: u64, number: u64| number & ((1 << bits) - 1);
        Self {
            kind: low(KIND_BITS, number),
            language: low(LANGUAGE_BITS, number >> KIND_BITS),
            hour: (number >> (KIND_BITS + LANGUAGE_BITS)) as i64,
        }
    }
}

/// Microseconds since 1970 as whole hours; never before.
fn hour(at: i64) -> i64 {
    at.max(0) / HOUR
}

/// What is kept of each document of a segment beside its words.
pub(super) struct Columns {
    facts: Arc<dyn ColumnValues<u64>>,
    id: Arc<dyn ColumnValues<i64>>,
    field: Arc<dyn ColumnValues<i64>>,
    audience: Arc<dyn ColumnValues<i64>>,
    more_audiences: Column<i64>,
    author: Arc<dyn ColumnValues<i64>>,
    host: Arc<dyn ColumnValues<i64>>,
    group: Arc<dyn ColumnValues<i64>>,
}

impl Columns {
    fn open(segment: &SegmentReader) -> tantivy::Result<Self> {
        let fast = segment.fast_fields();
        Ok(Self {
            facts: fast.u64("facts")?.first_or_default_col(0),
            id: fast.i64("id")?.first_or_default_col(0),
            field: fast.i64("field")?.first_or_default_col(0),
            audience: fast.i64("audience")?.first_or_default_col(0),
            more_audiences: fast.i64("more_audiences")?,
            author: fast.i64("author")?.first_or_default_col(0),
            host: fast.i64("host")?.first_or_default_col(0),
            group: fast.i64("group")?.first_or_default_col(0),
        })
    }
}

/// Columns of segments that were opened: that takes as long as a small question, and segments never change.
#[derive(Clone, Default)]
pub(super) struct Opened(Arc<Mutex<HashMap<SegmentId, Arc<Columns>>>>);

impl Opened {
    /// Forgets segments that were merged into others: their files take room as long as anybody holds them.
    pub(super) fn keep(&self, segments: &[SegmentReader]) {
        if let Ok(mut known) = self.0.lock()
            && known.len() > segments.len()
        {
            known.retain(|id, _| segments.iter().any(|segment| segment.segment_id() == *id));
        }
    }

    fn of(&self, segment: &SegmentReader) -> tantivy::Result<Arc<Columns>> {
        let id = segment.segment_id();
        if let Ok(known) = self.0.lock()
            && let Some(columns) = known.get(&id)
        {
            return Ok(columns.clone());
        }
        let columns = Arc::new(Columns::open(segment)?);
        if let Ok(mut known) = self.0.lock() {
            known.insert(id, columns.clone());
        }
        Ok(columns)
    }
}

/// What one segment, or all, gave.
#[derive(Default)]
pub(super) struct Found {
    best: BinaryHeap<Reverse<Hit>>,
    /// People have several documents: each counts once, with the best of them.
    people: HashMap<i64, Hit, foldhash::fast::RandomState>,
    all: usize,
    kinds: [usize; FoundKind::ALL.len()],
    groups: Numbers<usize>,
    ages: [usize; AGES.len()],
    languages: Numbers<usize>,
}

impl Gather {
    pub fn of_segment(&self, segment: &SegmentReader) -> Result<Gathering> {
        Ok(Gathering {
            readable: self.readable.clone(),
            filters: self.filters.clone(),
            now: hour(self.now),
            limit: self.limit,
            for_someone: self.for_someone,
            counting: self.counting,
            columns: self.opened.of(segment).map_err(engine)?,
            found: Found::default(),
        })
    }

    /// The best of all segments, and how much there is.
    pub fn merge(&self, segments: Vec<Found>) -> (Vec<Hit>, Counts) {
        let mut all = Found::default();
        for segment in segments {
            for Reverse(hit) in segment.best {
                all.keep(hit, self.limit);
            }
            for (_, hit) in segment.people {
                all.person(hit);
            }
            all.all += segment.all;
            add(&mut all.kinds, &segment.kinds);
            add(&mut all.ages, &segment.ages);
            for (group, count) in segment.groups {
                *all.groups.entry(group).or_default() += count;
            }
            for (language, count) in segment.languages {
                *all.languages.entry(language).or_default() += count;
            }
        }
        if self.counting {
            all.kinds[place(FoundKind::Person)] = all.people.len();
        }
        if self.filters.kind.is_none_or(|kind| kind == FoundKind::Person) {
            for hit in std::mem::take(&mut all.people).into_values() {
                all.keep(hit, self.limit);
            }
        }
        let counts = all.counts();
        let mut hits: Vec<Hit> = all.best.into_iter().map(|Reverse(hit)| hit).collect();
        hits.sort_by(|a, b| b.cmp(a));
        (hits, counts)
    }
}

fn place(kind: FoundKind) -> usize {
    usize::try_from(kind.number()).unwrap_or(0)
}

fn add(to: &mut [usize], counts: &[usize]) {
    to.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
}

impl Found {
    fn is_too_low(&self, score: f32, limit: usize) -> bool {
        self.best.len() >= limit && self.best.peek().is_some_and(|worst| score < worst.0.score)
    }

    fn keep(&mut self, hit: Hit, limit: usize) {
        if self.best.len() < limit {
            self.best.push(Reverse(hit));
        } else if let Some(mut worst) = self.best.peek_mut().filter(|worst| hit > worst.0) {
            *worst = Reverse(hit);
        }
    }

    fn counts(&self) -> Counts {
        let numbers = FoundKind::ALL.iter().map(|kind| kind.number()).zip(self.kinds);
        let languages =
            self.languages.iter().filter_map(|(language, count)| Some((u64::try_from(*language).ok()?, *count)));
        Counts {
            kinds: numbers.filter(|(_, count)| *count > 0).collect(),
            groups: self.groups.iter().map(|(group, count)| (*group, *count)).collect(),
            ages: self.ages,
            languages: languages.collect(),
            all: self.all,
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
    fn may_find(&self, doc: DocId, audience: i64) -> bool {
        let readable = &self.readable;
        let by_audience = readable.everything
            || readable.has(audience)
            || self.columns.more_audiences.values_for_doc(doc).any(|id| readable.has(id));
        by_audience
            && (readable.no_authors.is_empty() || !readable.no_authors.contains(&self.columns.author.get_val(doc)))
            && (readable.no_hosts.is_empty() || !readable.no_hosts.contains(&self.columns.host.get_val(doc)))
    }

    /// Whether it is of the part that is wanted. What the filters offer is counted on the way.
    fn is_wanted(&mut self, kind: FoundKind, facts: Facts, group: i64) -> bool {
        let filters = &self.filters;
        let is_person = kind == FoundKind::Person;
        let days = (self.now - facts.hour) / 24;
        let of_kind = filters.kind.is_none_or(|wanted| wanted == kind);
        let of_age = filters.days.is_none_or(|most| !is_person && days < most);
        let of_language = filters.language.is_none_or(|wanted| wanted == facts.language);
        let of_group = filters.group.is_none_or(|wanted| wanted == group);
        if !self.counting {
            return of_kind && of_age && of_language && of_group;
        }
        let found = &mut self.found;
        if of_group && of_age && of_language && !is_person {
            found.kinds[place(kind)] += 1;
        }
        if of_kind && of_age && of_language && group != 0 {
            *found.groups.entry(group).or_default() += 1;
        }
        if of_kind && of_group && of_age && facts.language != 0 {
            *found.languages.entry(facts.language as i64).or_default() += 1;
        }
        if of_kind && of_group && of_language && !is_person {
            for (count, most) in found.ages.iter_mut().zip(AGES) {
                *count += usize::from(days < most);
            }
        }
        of_kind && of_group && of_age && of_language
    }

    /// How much older things are worth: a half after about two years, never less.
    fn age_worth(&self, hour: i64) -> f32 {
        let days = ((self.now - hour).max(0) / 24) as f32;
        0.75 + 0.25 / (1.0 + days / 120.0)
    }

    /// Takes documents that match, each with its score.
    pub fn collect(&mut self, docs: &[DocId], scores: &[f32]) {
        let columns = self.columns.clone();
        // Many at a time: for one alone, finding the way to a column takes as long as reading it.
        let [mut audiences, mut groups] = [vec![0; docs.len()], vec![0; docs.len()]];
        let mut facts = vec![0; docs.len()];
        columns.audience.get_vals(docs, &mut audiences);
        columns.facts.get_vals(docs, &mut facts);
        if self.counting || self.filters.group.is_some() {
            columns.group.get_vals(docs, &mut groups);
        }
        for (place, doc) in docs.iter().enumerate() {
            let facts = Facts::unpacked(facts[place]);
            if self.may_find(*doc, audiences[place])
                && let Some(kind) = FoundKind::from_number(facts.kind)
                && self.is_wanted(kind, facts, groups[place])
            {
                self.take(*doc, kind, facts.hour, scores[place]);
            }
        }
    }

    fn take(&mut self, doc: DocId, kind: FoundKind, hour: i64, score: f32) {
        self.found.all += 1;
        let score = match kind {
            FoundKind::Person if self.for_someone => score * 1.6,
            FoundKind::Person | FoundKind::Group => score * 1.35,
            FoundKind::Comment => score * 0.8 * self.age_worth(hour),
            _ => score * self.age_worth(hour),
        };
        if kind != FoundKind::Person && self.found.is_too_low(score, self.limit) {
            return;
        }
        let hit = Hit { kind, id: self.columns.id.get_val(doc), field: self.columns.field.get_val(doc), score };
        if kind == FoundKind::Person { self.found.person(hit) } else { self.found.keep(hit, self.limit) }
    }
}
