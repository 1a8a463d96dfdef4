//! Words that mean the same, from a file that an administrator can change. Applied to questions, never to documents: a
//! change needs no new index.

use std::collections::HashMap;

use super::words;

/// What is used while there is no file: a starter for public libraries, Dutch and English.
pub const STARTER: &str = include_str!("synonyms.txt");

/// Groups of words that mean the same.
#[derive(Clone, Debug, Default)]
pub struct Synonyms {
    groups: Vec<Vec<Vec<String>>>,
    of: HashMap<String, Vec<usize>>,
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
            // Only single words can be asked for one by one; phrases are found, not looked for.
            for word in from.iter().filter(|phrase| phrase.len() == 1).flatten() {
                let forms = std::iter::once(word.clone()).chain(words::stems(word, None));
                for form in forms {
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
        let mut found: Vec<Vec<String>> = Vec::new();
        let forms = std::iter::once(word.to_owned()).chain(words::stems(word, None));
        for place in forms.filter_map(|form| self.of.get(&form)).flatten() {
            for phrase in self.groups.get(*place).into_iter().flatten() {
                if !(found.contains(phrase) || phrase.len() == 1 && phrase[0] == word) {
                    found.push(phrase.clone());
                }
            }
        }
        found.truncate(12);
        found
    }
}
