//! Goes through what a question found: leaves out what the reader may not find, counts the rest, keeps the best.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Arc, Mutex};

use tantivy::columnar::{Column, ColumnValues};
use tantivy::index::SegmentId;
use tantivy::{DocId, SegmentReader};

use super::class::Class;
use super::find::{Filters, Readable};
use super::kind::FoundKind;
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
pub(super) const AGES: [u64; 3] = [7, 31, 365];

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
    now: u64,
    limit: usize,
    for_someone: bool,
    counting: bool,
    columns: Arc<Columns>,
    /// By the number of the class, as far as any was met.
    traits: Vec<Traits>,
    /// How many of each class may be found and are of the age that is wanted.
    counted: Vec<u32>,
    /// Classes and hours of the documents looked at.
    looked: [Vec<u64>; 2],
    found: Found,
}

/// Microseconds since 1970 as whole hours; never before.
pub(super) fn hour(at: i64) -> u64 {
    (at.max(0) / HOUR).cast_unsigned()
}

/// What is kept of each document of a segment beside its words.
pub(super) struct Columns {
    /// Which of `classes`. Of everything that matches this and the hour are looked at: each further column costs a read of
    /// memory far away.
    class: Arc<dyn ColumnValues<u64>>,
    classes: Vec<Class>,
    hour: Arc<dyn ColumnValues<u64>>,
    id: Arc<dyn ColumnValues<i64>>,
    field: Arc<dyn ColumnValues<i64>>,
    more_audiences: Column<i64>,
    author: Arc<dyn ColumnValues<i64>>,
    host: Arc<dyn ColumnValues<i64>>,
}

impl Columns {
    fn open(segment: &SegmentReader) -> Result<Self> {
        let fast = segment.fast_fields();
        let ids = |name| fast.i64(name).map(|column| column.first_or_default_col(0)).map_err(engine);
        let class = fast.str("class").map_err(engine)?.ok_or_else(|| engine("documents of no class"))?;
        Ok(Self {
            classes: Class::all(&class)?,
            // What had none would be nobody's to find.
            class: class.ords().clone().first_or_default_col(u64::MAX),
            hour: fast.u64("hour").map_err(engine)?.first_or_default_col(0),
            id: ids("id")?,
            field: ids("field")?,
            more_audiences: fast.i64("more_audiences").map_err(engine)?,
            author: ids("author")?,
            host: ids("host")?,
        })
    }
}

/// What is known of a class for one question.
#[derive(Clone, Copy, Default)]
struct Traits {
    known: bool,
    /// By its first audience.
    readable: bool,
    of_kind: bool,
    of_group: bool,
    of_language: bool,
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

    fn of(&self, segment: &SegmentReader) -> Result<Arc<Columns>> {
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
        let columns = self.opened.of(segment)?;
        Ok(Gathering {
            traits: vec![Traits::default(); columns.classes.len()],
            counted: vec![0; if self.counting { columns.classes.len() } else { 0 }],
            readable: self.readable.clone(),
            filters: self.filters.clone(),
            now: hour(self.now),
            limit: self.limit,
            for_someone: self.for_someone,
            counting: self.counting,
            columns,
            looked: Default::default(),
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
    fn traits_of(&mut self, number: usize, class: &Class) -> Traits {
        let traits = &mut self.traits[number];
        if !traits.known {
            let (filters, readable) = (&self.filters, &self.readable);
            *traits = Traits {
                known: true,
                readable: readable.everything || readable.has(class.audience),
                of_kind: filters.kind.is_none_or(|wanted| wanted == class.kind),
                of_group: filters.group.is_none_or(|wanted| wanted == class.group),
                of_language: filters.language.is_none_or(|wanted| wanted == u64::from(class.language)),
            };
        }
        *traits
    }

    fn may_find(&self, doc: DocId, by_class: bool) -> bool {
        let readable = &self.readable;
        (by_class || self.columns.more_audiences.values_for_doc(doc).any(|id| readable.has(id)))
            && (readable.no_authors.is_empty() || !readable.no_authors.contains(&self.columns.author.get_val(doc)))
            && (readable.no_hosts.is_empty() || !readable.no_hosts.contains(&self.columns.host.get_val(doc)))
    }

    /// How much older things are worth: a half after about two years, never less.
    fn age_worth(&self, hour: u64) -> f32 {
        let days = (self.now.saturating_sub(hour) / 24) as f32;
        0.75 + 0.25 / (1.0 + days / 120.0)
    }

    /// Takes documents that match, each with its score.
    pub fn collect(&mut self, docs: &[DocId], scores: &[f32]) {
        let columns = self.columns.clone();
        // Many at a time: for one alone, finding the way to a column takes as long as reading it.
        let [mut numbers, mut hours] = std::mem::take(&mut self.looked);
        numbers.resize(docs.len(), 0);
        hours.resize(docs.len(), 0);
        columns.class.get_vals(docs, &mut numbers);
        columns.hour.get_vals(docs, &mut hours);
        for (place, doc) in docs.iter().enumerate() {
            let number = numbers[place] as usize;
            let Some(class) = columns.classes.get(number) else { continue };
            let traits = self.traits_of(number, class);
            if !self.may_find(*doc, traits.readable) {
                continue;
            }
            let days = self.now.saturating_sub(hours[place]) / 24;
            let is_person = class.kind == FoundKind::Person;
            // People have no age.
            let of_age = self.filters.days.is_none_or(|most| !is_person && days < most);
            let of_rest = traits.of_kind && traits.of_group && traits.of_language;
            if self.counting {
                self.counted[number] += u32::from(of_age);
                if of_rest && !is_person {
                    let ages = self.found.ages.iter_mut().zip(AGES);
                    ages.for_each(|(count, most)| *count += usize::from(days < most));
                }
            }
            if of_age && of_rest {
                self.take(*doc, class.kind, hours[place], scores[place]);
            }
        }
        self.looked = [numbers, hours];
    }

    fn take(&mut self, doc: DocId, kind: FoundKind, hour: u64, score: f32) {
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

    /// What the segment gave: each count leaves its own filter out.
    pub fn finish(mut self) -> Found {
        let found = &mut self.found;
        for (number, count) in self.counted.iter().enumerate().filter(|(_, count)| **count > 0) {
            let (class, traits, count) = (&self.columns.classes[number], self.traits[number], *count as usize);
            if traits.of_group && traits.of_language && class.kind != FoundKind::Person {
                found.kinds[place(class.kind)] += count;
            }
            if traits.of_kind && traits.of_language && class.group != 0 {
                *found.groups.entry(class.group).or_default() += count;
            }
            if traits.of_kind && traits.of_group && class.language != 0 {
                *found.languages.entry(i64::from(class.language)).or_default() += count;
            }
        }
        self.found
    }
}
