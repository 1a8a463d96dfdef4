//! Goes through the documents that the words of a question are in, a stretch of a segment at a time. The rarest word leads:
//! of the others only what it left is looked up. Ours and not the engine's own unions, as those score everything that any
//! form of any word is in, however little of it the other words leave.

use std::rc::Rc;
use std::sync::{Arc, Mutex};

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::{BlockSegmentPostings, TermInfo};
use tantivy::query::Bm25Weight;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, InvertedIndexReader, Searcher, SegmentReader};

use super::volume::Fields;
use super::{Result, engine};

/// Documents in a stretch: what is kept of them stays in the cache of a core.
const STRETCH: u32 = 1 << 12;
const CELLS: usize = STRETCH as usize / 64;
/// Documents that the engine packs together.
const BLOCK: usize = 128;
/// What further forms of a word add to the best of them.
const TIE: f32 = 0.1;

/// The words of each segment, field by field: the engine looks them up and makes a few things anew each time it is asked.
pub(super) struct Dictionaries(Vec<[(Field, Arc<InvertedIndexReader>); 3]>);

impl Dictionaries {
    pub fn open(searcher: &Searcher, fields: &Fields) -> Result<Self> {
        let of_segment = |segment: &SegmentReader| {
            let of = |field| segment.inverted_index(field).map(|words| (field, words)).map_err(engine);
            Ok([of(fields.head)?, of(fields.body)?, of(fields.tails)?])
        };
        searcher.segment_readers().iter().map(of_segment).collect::<Result<_>>().map(Self)
    }

    /// Those of a field, by segment.
    pub fn of(&self, field: Field) -> impl Iterator<Item = &InvertedIndexReader> {
        self.0.iter().filter_map(move |all| find(all, field))
    }

    fn at(&self, place: usize, field: Field) -> Option<&InvertedIndexReader> {
        find(self.0.get(place)?, field)
    }
}

fn find(all: &[(Field, Arc<InvertedIndexReader>)], field: Field) -> Option<&InvertedIndexReader> {
    all.iter().find(|(of, _)| *of == field).map(|(_, words)| &**words)
}

/// A term that a word may be met as.
#[derive(Clone)]
pub(super) struct Form {
    pub field: Field,
    /// What it is worth.
    pub weight: Bm25Weight,
    /// Where it is, by segment.
    pub infos: Rc<[Option<TermInfo>]>,
}

/// Several words that mean one together, each in some forms.
#[derive(Clone)]
pub(super) struct Together {
    pub parts: Vec<Vec<Form>>,
    pub worth: f32,
}

/// A word of a question, in all its forms.
#[derive(Clone, Default)]
pub(super) struct Word {
    pub forms: Vec<Form>,
    pub others: Vec<Together>,
}

impl Word {
    fn count(&self) -> u64 {
        let of = |forms: &[Form]| {
            forms.iter().flat_map(|form| form.infos.iter().flatten()).map(|i| u64::from(i.doc_freq)).sum::<u64>()
        };
        let others = self.others.iter().map(|other| other.parts.iter().map(|part| of(part)).min().unwrap_or(0));
        of(&self.forms) + others.sum::<u64>()
    }
}

/// Which documents of a stretch.
type Cells = [u64; CELLS];

fn each(cells: &Cells, mut of: impl FnMut(usize)) {
    for (place, cell) in cells.iter().enumerate() {
        let mut left = *cell;
        while left != 0 {
            of(place * 64 + left.trailing_zeros() as usize);
            left &= left - 1;
        }
    }
}

fn has(cells: &Cells, at: usize) -> bool {
    cells[at / 64] >> (at % 64) & 1 == 1
}

fn narrow(cells: &mut Cells, by: &Cells) {
    cells.iter_mut().zip(by).for_each(|(cell, by)| *cell &= by);
}

/// What was found of a word in a stretch. Scores count where the cell is set.
struct Tally {
    cells: Cells,
    best: Vec<f32>,
    sum: Vec<f32>,
}

impl Default for Tally {
    fn default() -> Self {
        Self { cells: [0; CELLS], best: vec![0.0; STRETCH as usize], sum: vec![0.0; STRETCH as usize] }
    }
}

impl Tally {
    fn add(&mut self, at: usize, score: f32) {
        let (cell, bit) = (&mut self.cells[at / 64], 1 << (at % 64));
        if *cell & bit == 0 {
            *cell |= bit;
            (self.best[at], self.sum[at]) = (score, score);
        } else {
            self.best[at] = self.best[at].max(score);
            self.sum[at] += score;
        }
    }

    fn score(&self, at: usize) -> f32 {
        self.best[at] + TIE * (self.sum[at] - self.best[at])
    }
}

/// Where a form is in a segment, read forwards.
struct Cursor {
    block: BlockSegmentPostings,
    /// Place in the block; what is there is `TERMINATED` at the end.
    at: usize,
    weight: Bm25Weight,
    norms: FieldNormReader,
    /// Documents of the segment for each that the form is in.
    thinness: u32,
}

impl Cursor {
    fn go_to(&mut self, doc: DocId) -> DocId {
        if self.block.doc(self.at) < doc {
            self.at = self.block.seek(doc);
        }
        self.block.doc(self.at)
    }

    fn score(&self, doc: DocId) -> f32 {
        self.weight.score(self.norms.fieldnorm_id(doc), self.block.freq(self.at))
    }

    /// Adds all of a stretch, or what is `within`.
    fn tell(&mut self, start: DocId, end: DocId, within: Option<(&Cells, u32)>, tally: &mut Tally) {
        match within {
            // Few are wanted of many.
            Some((cells, wanted)) if wanted < STRETCH / self.thinness / 4 => each(cells, |at| {
                let doc = start + at as u32;
                if self.go_to(doc) == doc {
                    tally.add(at, self.score(doc));
                }
            }),
            _ => {
                let mut doc = self.go_to(start);
                while doc < end {
                    let at = (doc - start) as usize;
                    if within.is_none_or(|(cells, _)| has(cells, at)) {
                        tally.add(at, self.score(doc));
                    }
                    self.at += 1;
                    if self.at == BLOCK {
                        self.block.advance();
                        self.at = 0;
                    }
                    doc = self.block.doc(self.at);
                }
            }
        }
    }
}

/// A word in a segment.
struct Scan {
    forms: Vec<Cursor>,
    others: Vec<(Vec<Vec<Cursor>>, f32)>,
    count: u64,
}

impl Scan {
    fn tell(&mut self, start: DocId, end: DocId, within: Option<&Cells>, tally: &mut Tally, spare: &mut [Tally; 2]) {
        let counted = |cells: &Cells| cells.iter().map(|cell| cell.count_ones()).sum();
        let limited = within.map(|cells| (cells, counted(cells)));
        self.forms.iter_mut().for_each(|form| form.tell(start, end, limited, tally));
        for (parts, worth) in &mut self.others {
            let [whole, part] = &mut *spare;
            let mut parts = parts.iter_mut();
            for form in parts.next().into_iter().flatten() {
                form.tell(start, end, limited, whole);
            }
            each(&whole.cells, |at| whole.sum[at] = whole.best[at]);
            for forms in parts {
                let left = whole.cells;
                let limited = Some((&left, counted(&left)));
                forms.iter_mut().for_each(|form| form.tell(start, end, limited, part));
                narrow(&mut whole.cells, &part.cells);
                each(&whole.cells, |at| whole.sum[at] += part.best[at]);
                part.cells = [0; CELLS];
            }
            each(&whole.cells, |at| tally.add(at, *worth * whole.sum[at]));
            whole.cells = [0; CELLS];
        }
    }
}

/// How many of the words something has to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Having {
    All,
    AtLeast(usize),
}

/// What is opened of a segment to look for words in it.
struct InSegment<'a> {
    segment: &'a SegmentReader,
    place: usize,
    dictionaries: &'a Dictionaries,
    norms: [(Field, FieldNormReader); 2],
}

impl InSegment<'_> {
    fn cursors(&self, forms: &[Form]) -> Result<Vec<Cursor>> {
        let mut out = Vec::with_capacity(forms.len());
        for form in forms {
            let Some(info) = &form.infos[self.place] else { continue };
            let Some(inverted) = self.dictionaries.at(self.place, form.field) else { continue };
            let block =
                inverted.read_block_postings_from_terminfo(info, IndexRecordOption::WithFreqs).map_err(engine)?;
            // The ends of compounds have no length of their own.
            let norms = self.norms.iter().find(|(field, _)| *field == form.field).map(|(_, norms)| norms.clone());
            let norms = norms.unwrap_or_else(|| FieldNormReader::constant(self.segment.max_doc(), 1));
            let thinness = (self.segment.max_doc() / info.doc_freq.max(1)).max(1);
            out.push(Cursor { block, at: 0, weight: form.weight.clone(), norms, thinness });
        }
        Ok(out)
    }

    fn scan(&self, word: &Word) -> Result<Scan> {
        let mut others = Vec::new();
        for together in &word.others {
            let parts: Vec<Vec<Cursor>> =
                together.parts.iter().map(|forms| self.cursors(forms)).collect::<Result<_>>()?;
            if parts.iter().all(|forms| !forms.is_empty()) {
                others.push((parts, together.worth));
            }
        }
        Ok(Scan { forms: self.cursors(&word.forms)?, others, count: word.count() })
    }
}

/// What is written on while a question is answered, made once.
#[derive(Default)]
pub(super) struct Slate {
    tallies: Vec<Tally>,
    spare: [Tally; 2],
    docs: Vec<DocId>,
    scores: Vec<f32>,
}

/// Slates that nobody writes on: as many as questions were answered at once.
#[derive(Default)]
pub(super) struct Slates(Mutex<Vec<Slate>>);

impl Slates {
    /// Gives one to `work`, and has it back after.
    pub fn lend<R>(&self, work: impl FnOnce(&mut Slate) -> R) -> R {
        let mut slate = self.0.lock().ok().and_then(|mut spare| spare.pop()).unwrap_or_default();
        let done = work(&mut slate);
        if let Ok(mut spare) = self.0.lock() {
            spare.push(slate);
        }
        done
    }
}

/// Gives `found` the documents of a segment that have the words, some at a time, with how well each fits: the words' scores
/// together. `place` is the segment's among those that the words were looked up in.
pub(super) fn scan(
    slate: &mut Slate,
    words: &[Word],
    having: Having,
    (place, segment): (usize, &SegmentReader),
    (fields, dictionaries): (&Fields, &Dictionaries),
    mut found: impl FnMut(&[DocId], &[f32]),
) -> Result<()> {
    let norms = |field| segment.get_fieldnorms_reader(field).map(|norms| (field, norms)).map_err(engine);
    let here = InSegment { segment, place, dictionaries, norms: [norms(fields.head)?, norms(fields.body)?] };
    let mut scans = words.iter().map(|word| here.scan(word)).collect::<Result<Vec<_>>>()?;
    let enough = match having {
        Having::All => scans.len(),
        Having::AtLeast(enough) => enough,
    };
    scans.retain(|scan| !scan.forms.is_empty() || !scan.others.is_empty());
    if scans.len() < enough || scans.is_empty() {
        return Ok(());
    }
    scans.sort_by_key(|scan| scan.count);
    // What has none of these has too few.
    let leading = scans.len() + 1 - enough.max(1);
    let Slate { tallies, spare, docs, scores } = slate;
    tallies.resize_with(tallies.len().max(scans.len()), Tally::default);
    let tallies = &mut tallies[..scans.len()];
    let alive = segment.alive_bitset();
    for start in (0..segment.max_doc()).step_by(STRETCH as usize) {
        let end = start + STRETCH;
        let mut wanted: Cells = [0; CELLS];
        for (nth, (scan, tally)) in scans.iter_mut().zip(&mut *tallies).enumerate() {
            tally.cells = [0; CELLS];
            let limited = nth >= leading;
            if limited && wanted.iter().all(|cell| *cell == 0) {
                break;
            }
            scan.tell(start, end, limited.then_some(&wanted), tally, spare);
            if having == Having::All && limited {
                narrow(&mut wanted, &tally.cells);
            } else {
                // Of one that is limited these are among them.
                wanted.iter_mut().zip(&tally.cells).for_each(|(cell, more)| *cell |= more);
            }
        }
        docs.clear();
        scores.clear();
        each(&wanted, |at| {
            let doc = start + at as u32;
            let with = tallies.iter().filter(|tally| has(&tally.cells, at));
            let (count, score) = with.fold((0, 0.0), |(count, sum), tally| (count + 1, sum + tally.score(at)));
            if count >= enough && alive.is_none_or(|alive| alive.is_alive(doc)) {
                docs.push(doc);
                scores.push(score);
            }
        });
        if !docs.is_empty() {
            found(docs, scores);
        }
    }
    Ok(())
}
