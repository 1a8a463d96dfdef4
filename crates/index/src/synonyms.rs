//! Words that mean the same, from a file that an administrator can change. Applied to questions, never to documents: a
//! change needs no new index.

use std::collections::HashMap;

use super::words;

/// What is used while there is no file: a starter for public libraries, Dutch and English.
pub const STARTER: &str = include_str!("synonyms.txt");

/// The longest phrase that is looked for, in words.
const LONGEST: usize = 4;
/// Other names of one thing that are looked for.
const MOST: usize = 12;

/// Groups of words that mean the same.
#[derive(Clone, Debug, Default)]
pub struct Synonyms {
    groups: Vec<Vec<Vec<String>>>,
    of: HashMap<String, Vec<usize>>,
    /// Phrases of several words by the forms of their first: the words, and their group.
    phrases: HashMap<String, Vec<(Vec<String>, usize)>>,
}

impl Synonyms {
    /// Reads a file: on each line words that mean the same, with commas between; `#` begins a remark. A line with `=>`
    /// works in one direction: what is left of it finds what is right of it.
    pub fn read(text: &str) -> Self {
        let mut all = Self::default();
        for line in text.lines().map(|line| line.split('#').next().unwrap_or_default()) {
            let phrases = |side: &str| -> Vec<Vec<String>> {
                let cut = side.split(',').map(|phrase| words::words(phrase).into_iter().map(|w| w.whole).collect());
                cut.filter(|phrase: &Vec<String>| !phrase.is_empty()).collect()
            };
            let (from, to) = match line.split_once("=>") {
                Some((from, to)) => (phrases(from), phrases(to)),
                None => (phrases(line), phrases(line)),
            };
            if to.is_empty() || from.is_empty() {
                continue;
            }
            let place = all.groups.len();
            for phrase in from.iter().filter(|phrase| (2..=LONGEST).contains(&phrase.len())) {
                for first in forms(&phrase[0]) {
                    all.phrases.entry(first).or_default().push((phrase.clone(), place));
                }
            }
            for word in from.iter().filter(|phrase| phrase.len() == 1).flatten() {
                for form in forms(word) {
                    let places = all.of.entry(form).or_default();
                    if !places.contains(&place) {
                        places.push(place);
                    }
                }
            }
            all.groups.push(to);
        }
        all
    }

    /// What else a folded word can be called; each a phrase of one or more words.
    pub fn of(&self, word: &str) -> Vec<Vec<String>> {
        let places = forms(word).filter_map(|form| self.of.get(&form)).flatten().copied();
        self.others(places, |phrase| phrase.len() == 1 && phrase[0] == word)
    }

    /// What else several folded words can be called that begin at some place of a question: for each phrase of two words and
    /// more how many words it takes, and the others.
    pub fn of_phrases(&self, asked: &[String]) -> Vec<(usize, Vec<Vec<String>>)> {
        let Some(first) = asked.first() else { return Vec::new() };
        let mut found: HashMap<usize, Vec<usize>> = HashMap::new();
        let known = forms(first).filter_map(|form| self.phrases.get(&form)).flatten();
        for (phrase, place) in known {
            let is_asked =
                asked.len() >= phrase.len() && phrase.iter().zip(asked).all(|(one, other)| is_same(one, other));
            let places = found.entry(phrase.len()).or_default();
            if is_asked && !places.contains(place) {
                places.push(*place);
            }
        }
        let others = |(words, places): (usize, Vec<usize>)| {
            let others = self.others(places.into_iter(), |phrase| {
                phrase.len() == words && phrase.iter().zip(asked).all(|(one, other)| is_same(one, other))
            });
            (words, others)
        };
        found.into_iter().map(others).filter(|(_, others)| !others.is_empty()).collect()
    }

    /// The phrases of some groups, each once, but for what was asked itself.
    fn others(&self, places: impl Iterator<Item = usize>, is_itself: impl Fn(&[String]) -> bool) -> Vec<Vec<String>> {
        let mut found: Vec<Vec<String>> = Vec::new();
        for phrase in places.filter_map(|place| self.groups.get(place)).flatten() {
            if !found.contains(phrase) && !is_itself(phrase) {
                found.push(phrase.clone());
            }
        }
        found.truncate(MOST);
        found
    }
}

/// A word and its stems.
fn forms(word: &str) -> impl Iterator<Item = String> {
    std::iter::once(word.to_owned()).chain(words::stems(word, None))
}

/// Whether two words are forms of one.
fn is_same(one: &str, other: &str) -> bool {
    one == other || forms(one).any(|form| forms(other).any(|known| known == form))
}
