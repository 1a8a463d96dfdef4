//! From a word of a question to the terms that answer it: itself, its stems, what it begins, the compounds it ends, what
//! means the same, and when nothing of that exists, what is spelled almost like it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::rc::Rc;

use tantivy::postings::TermInfo;
use tantivy::query::{Bm25Weight, FuzzyTermQuery};
use tantivy::schema::Field;
use tantivy::{InvertedIndexReader, Searcher, Term};

use super::scan::{Dictionaries, Form, Together, Word};
use super::volume::Fields;
use super::words::{Asked, stems};
use super::{Result, Synonyms, engine};

/// A title counts for more than the text.
const HEAD: f32 = 2.2;
const STEM: f32 = 0.85;
const TAIL: f32 = 0.4;
const PREFIX: f32 = 0.45;
const SYNONYM: f32 = 0.6;
const ALMOST: f32 = 0.55;
const SPLIT: f32 = 0.6;
/// Terms that one word may become by its beginning, and by its spelling.
const BEGUN: usize = 16;
const SPELLED: usize = 6;
/// Terms looked at to find them.
const LOOKED_AT: usize = 400;
/// A word that stands in this many documents is asked for as it is, at first: what only begins or ends like it is worth
/// less, and would cost several times as much to go through.
const PLENTY: u64 = 500;

/// Makes terms of words, and remembers how common each word is, all its forms together: a rare form of a common word is
/// worth no more than the word.
pub(super) struct Expander<'a> {
    pub searcher: &'a Searcher,
    pub dictionaries: &'a Dictionaries,
    pub fields: &'a Fields,
    pub synonyms: &'a Synonyms,
    /// Only names and titles: for suggestions.
    pub heads_only: bool,
    /// Words of which there is plenty are asked for in every form, too.
    pub thorough: bool,
    /// Words by their place, unless they were spared the forms that only begin or end like them.
    known: Vec<Option<Unweighed>>,
    common: HashMap<Term, u64>,
    /// Where terms are that were asked for already.
    places: RefCell<HashMap<Term, Places, foldhash::fast::RandomState>>,
}

/// Where a term is, by segment.
type Places = Rc<[Option<TermInfo>]>;
/// Terms, each with its worth.
type Terms = Vec<(Term, f32)>;

/// A word before its terms are weighed: its forms, and what else it may be met as.
type Unweighed = (Terms, Vec<(Vec<Terms>, f32)>);

impl<'a> Expander<'a> {
    pub fn new(
        (searcher, dictionaries, fields): (&'a Searcher, &'a Dictionaries, &'a Fields),
        synonyms: &'a Synonyms,
        heads_only: bool,
    ) -> Self {
        let (known, common, places) = Default::default();
        Self { searcher, dictionaries, fields, synonyms, heads_only, thorough: false, known, common, places }
    }

    /// Whether a word was asked for in less than every form.
    pub fn spared(&self) -> bool {
        self.known.iter().any(Option::is_none)
    }

    /// The words of a question as they are looked for.
    pub fn words(&mut self, asked: &Asked) -> Result<Vec<Word>> {
        let phrases = called_otherwise(asked, self.synonyms);
        self.known.resize(asked.words.len(), None);
        let mut words = Vec::with_capacity(asked.words.len());
        for place in 0..asked.words.len() {
            words.push(match &self.known[place] {
                Some(known) => known.clone(),
                None => self.word(asked, place, &phrases)?,
            });
        }
        let mut averages = HashMap::new();
        for field in [self.fields.head, self.fields.body, self.fields.tails] {
            let tokens: u64 = self.dictionaries.of(field).map(InvertedIndexReader::total_num_tokens).sum();
            averages.insert(field, tokens as f32 / self.documents().max(1) as f32);
        }
        let weighed = |terms: Terms| terms.into_iter().map(|term| self.weighed(term, &averages)).collect();
        let together = |(parts, worth): (Vec<Terms>, f32)| {
            Ok(Together { parts: parts.into_iter().map(weighed).collect::<Result<_>>()?, worth })
        };
        let word = |(forms, others): Unweighed| {
            Ok(Word { forms: weighed(forms)?, others: others.into_iter().map(together).collect::<Result<_>>()? })
        };
        words.into_iter().map(word).collect()
    }

    fn documents(&self) -> u64 {
        self.searcher.segment_readers().iter().map(|segment| u64::from(segment.max_doc())).sum()
    }

    fn weighed(&self, (term, worth): (Term, f32), averages: &HashMap<Field, f32>) -> Result<Form> {
        let field = term.field();
        let infos = self.places_of(&term)?;
        let count = self.common.get(&term).copied().unwrap_or_else(|| counted(&infos));
        let average = averages.get(&field).copied().unwrap_or(1.0);
        let weight = Bm25Weight::for_one_term_without_explain(count, self.documents(), average).boost_by(worth);
        Ok(Form { field, weight, infos })
    }

    fn word(&mut self, asked: &Asked, place: usize, phrases: &[Phrase]) -> Result<Unweighed> {
        let word = &asked.words[place];
        let last = place + 1 == asked.words.len();
        let mut forms = Terms::new();
        let mut others = Vec::new();
        self.itself(word, 1.0, &mut forms);
        let most = self.most_of(&forms)?;
        let plenty = most >= PLENTY && !self.thorough;
        for pair in [place.checked_sub(1).map(|before| (before, place)), Some((place, place + 1))].into_iter().flatten()
        {
            if let (Some(one), Some(other)) = (asked.words.get(pair.0), asked.words.get(pair.1)) {
                self.itself(&format!("{one}{other}"), 1.1, &mut forms);
            }
        }
        let mut known = most > 0;
        let mut begun = Vec::new();
        if !plenty {
            let ends = self.ended_by(word);
            // Where compounds end in it, it is a word, and no mistake.
            known = known || self.most_of(&ends)? > 0;
            forms.extend(ends);
            if word.len() >= if last { 2 } else { 4 } {
                begun = self.begun_with(word)?;
            }
        }
        // What answers a phrase answers each of its words.
        let of_phrase = phrases.iter().filter(|(words, _)| words.contains(&place)).flat_map(|(_, others)| others);
        for phrase in self.synonyms.of(word).iter().chain(of_phrase) {
            match phrase.as_slice() {
                [one] => self.itself(one, SYNONYM, &mut forms),
                several => others.push(self.all_of(several, SYNONYM)),
            }
        }
        if let Some(parts) = asked.parts.get(place).filter(|parts| parts.len() > 1) {
            others.push(self.all_of(parts, 0.9));
        } else if word.len() >= 8
            && most < PLENTY
            && let Some((left, right)) = self.cut(word)?
        {
            others.push(self.all_of(&[left, right], SPLIT));
        }
        if !known && begun.is_empty() && word.chars().count() >= 4 {
            for (near, worth) in self.spelled_like(word)? {
                self.itself(&near, worth, &mut forms);
            }
        }
        for one in begun {
            self.exactly(&one, PREFIX, &mut forms);
        }
        let word = (self.best_of(forms)?, others);
        if !plenty {
            self.known[place] = Some(word.clone());
        }
        Ok(word)
    }

    /// Compounds that end in a word or its stems.
    fn ended_by(&self, word: &str) -> Terms {
        let ends = std::iter::once(word.to_owned()).chain(stems(word, None));
        ends.filter(|end| end.len() >= 4 && !self.heads_only)
            .map(|end| (Term::from_field_text(self.fields.tails, &end), TAIL))
            .collect()
    }

    /// A word and its stems, in titles and texts.
    fn itself(&self, word: &str, worth: f32, forms: &mut Terms) {
        self.exactly(word, worth, forms);
        for stem in stems(word, None) {
            self.exactly(&stem, worth * STEM, forms);
        }
    }

    fn exactly(&self, word: &str, worth: f32, forms: &mut Terms) {
        forms.push((Term::from_field_text(self.fields.head, word), worth * HEAD));
        if !self.heads_only {
            forms.push((Term::from_field_text(self.fields.body, word), worth));
        }
    }

    /// In how many documents the most frequent of some forms is.
    fn most_of(&self, forms: &[(Term, f32)]) -> Result<u64> {
        forms.iter().try_fold(0, |most, (term, _)| Ok(most.max(self.count_of(term)?)))
    }

    /// All of several words, each in any form.
    fn all_of(&self, words: &[String], worth: f32) -> (Vec<Terms>, f32) {
        let each = words.iter().map(|word| {
            let mut forms = Terms::new();
            self.itself(word, 1.0, &mut forms);
            forms
        });
        // The parts together are worth about as much as the one word they make.
        (each.collect(), worth / words.len().max(1) as f32)
    }

    /// What there is of some forms, each once.
    fn best_of(&mut self, forms: Terms) -> Result<Terms> {
        let mut best: BTreeMap<Term, f32> = BTreeMap::new();
        for (term, worth) in forms {
            let slot = best.entry(term).or_insert(worth);
            *slot = slot.max(worth);
        }
        let mut present = Vec::new();
        let mut common = 0;
        for (term, worth) in best {
            let count = self.count_of(&term)?;
            if count > 0 {
                if worth >= 0.8 {
                    common = common.max(count);
                }
                present.push((term, worth, count));
            }
        }
        for (term, _, count) in &present {
            self.common.insert(term.clone(), common.max(*count));
        }
        Ok(present.into_iter().map(|(term, worth, _)| (term, worth)).collect())
    }

    /// Words of the index that begin with this one, the most frequent.
    fn begun_with(&self, word: &str) -> Result<Vec<String>> {
        let mut found: HashMap<Vec<u8>, u64, foldhash::fast::RandomState> = HashMap::default();
        for field in self.searched() {
            for inverted in self.dictionaries.of(field) {
                let mut stream = inverted.terms().range().gt(word).into_stream().map_err(engine)?;
                for _ in 0..LOOKED_AT {
                    if !stream.advance() || !stream.key().starts_with(word.as_bytes()) {
                        break;
                    }
                    let count = u64::from(stream.value().doc_freq);
                    match found.get_mut(stream.key()) {
                        Some(known) => *known += count,
                        None => drop(found.insert(stream.key().to_vec(), count)),
                    }
                }
            }
        }
        let mut found: Vec<(Vec<u8>, u64)> = found.into_iter().collect();
        found.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        found.truncate(BEGUN);
        Ok(found.into_iter().map(|(word, _)| String::from_utf8_lossy(&word).into_owned()).collect())
    }

    /// Words spelled almost like this one: one letter other in a short word, two in a long one.
    fn spelled_like(&self, word: &str) -> Result<Vec<(String, f32)>> {
        let length = word.chars().count();
        let mut found: HashMap<String, (f32, u64)> = HashMap::new();
        for distance in 1..=(if length >= 8 { 2 } else { 1 }) {
            // Made once: it is about the word alone, whatever field it is looked for in.
            let query = FuzzyTermQuery::new(Term::from_field_text(self.fields.head, word), distance, true);
            let automaton = query.automaton().map_err(engine)?;
            for field in self.searched() {
                for inverted in self.dictionaries.of(field) {
                    let mut stream = inverted.terms().search(&automaton).into_stream().map_err(engine)?;
                    while stream.advance() {
                        let near = String::from_utf8_lossy(stream.key()).into_owned();
                        let first = near.chars().next() == word.chars().next();
                        // People mistype the first letter least.
                        let worth = ALMOST / f32::from(distance) * if first { 1.0 } else { 0.6 };
                        found.entry(near).or_insert((worth, 0)).1 += u64::from(stream.value().doc_freq);
                    }
                }
            }
            if !found.is_empty() {
                break;
            }
        }
        let all = found.into_iter().map(|(word, (worth, count))| (word, worth, count));
        Ok(most(all, SPELLED).into_iter().map(|(word, worth, _)| (word, worth)).collect())
    }

    /// A compound as two words of the index: `taalcafe` -> taal, cafe. A linking s or e between them is left out.
    fn cut(&self, word: &str) -> Result<Option<(String, String)>> {
        let mut best: Option<(u64, String, String)> = None;
        for (at, _) in word.char_indices().filter(|(at, _)| *at >= 4 && word.len() - at >= 4) {
            let (left, right) = word.split_at(at);
            let bare = left.strip_suffix(['s', 'e']).filter(|bare| bare.len() >= 4);
            let right_count = self.count(right)?;
            if right_count == 0 {
                continue;
            }
            for left in std::iter::once(left).chain(bare) {
                let rank = self.count(left)?.min(right_count);
                if rank > 0 && best.as_ref().is_none_or(|(most, _, _)| rank > *most) {
                    best = Some((rank, left.to_owned(), right.to_owned()));
                }
            }
        }
        Ok(best.map(|(_, left, right)| (left, right)))
    }

    fn count(&self, word: &str) -> Result<u64> {
        let mut count = 0;
        for field in self.searched() {
            count += self.count_of(&Term::from_field_text(field, word))?;
        }
        Ok(count)
    }

    fn count_of(&self, term: &Term) -> Result<u64> {
        Ok(counted(&self.places_of(term)?))
    }

    fn places_of(&self, term: &Term) -> Result<Places> {
        if let Some(known) = self.places.borrow().get(term) {
            return Ok(known.clone());
        }
        let in_segment = |words: &InvertedIndexReader| words.get_term_info(term).map_err(engine);
        let places: Places = self.dictionaries.of(term.field()).map(in_segment).collect::<Result<_>>()?;
        self.places.borrow_mut().insert(term.clone(), places.clone());
        Ok(places)
    }

    fn searched(&self) -> Vec<Field> {
        if self.heads_only { vec![self.fields.head] } else { vec![self.fields.head, self.fields.body] }
    }
}

/// Which words of a question, and what else they can be called together.
type Phrase = (Range<usize>, Vec<Vec<String>>);

fn called_otherwise(asked: &Asked, synonyms: &Synonyms) -> Vec<Phrase> {
    let at = |place: usize| {
        let found = synonyms.of_phrases(&asked.words[place..]);
        found.into_iter().map(move |(words, others)| (place..place + words, others))
    };
    (0..asked.words.len()).flat_map(at).collect()
}

/// The best by worth, then by how often they occur.
fn most(all: impl Iterator<Item = (String, f32, u64)>, at_most: usize) -> Vec<(String, f32, u64)> {
    let mut all: Vec<_> = all.collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.2.cmp(&a.2)).then(a.0.cmp(&b.0)));
    all.truncate(at_most);
    all
}

fn counted(places: &[Option<TermInfo>]) -> u64 {
    places.iter().flatten().map(|info| u64::from(info.doc_freq)).sum()
}
