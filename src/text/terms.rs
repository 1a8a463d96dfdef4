use std::collections::BTreeSet;

use super::fold;

/// Words of a text that are looked at.
const MAX_WORDS: usize = 400;
/// Words that may make one term.
const MAX_RUN: usize = 4;

/// The form in which terms are compared: "taal café", "Taal-café" and "TaalCafé" are one.
pub fn term_key(text: &str) -> String {
    fold(text).chars().filter(|c| c.is_alphanumeric() || matches!(c, '+' | '#')).collect()
}

/// Keys of the terms that may be in a text: each word and each run of a few words, as they stand and without the endings
/// of Dutch and English plurals.
pub fn term_keys(text: &str) -> Vec<String> {
    let folded = fold(text);
    let split = |c: char| !(c.is_alphanumeric() || matches!(c, '+' | '#'));
    let words: Vec<&str> = folded.split(split).filter(|word| !word.is_empty()).take(MAX_WORDS).collect();
    let mut keys = BTreeSet::new();
    for start in 0..words.len() {
        for end in start + 1..=words.len().min(start + MAX_RUN) {
            let key = words[start..end].concat();
            if key.chars().count() < 2 {
                continue;
            }
            for ending in ["en", "s", "e"] {
                if let Some(stem) = key.strip_suffix(ending).filter(|stem| stem.chars().count() > 3) {
                    keys.insert(stem.to_owned());
                }
            }
            keys.insert(key);
        }
    }
    keys.into_iter().collect()
}
