//! How text becomes terms, the same for documents and questions: folded words, the parts of words in camel case or with
//! a hyphen, stems (Dutch and English), and the ends of compounds.

use std::collections::HashSet;

use frostem::{Algorithm, Stemmer};

use super::fold::fold;

/// Longer words are no words.
const LONGEST: usize = 40;
/// An end of a compound has at least this many letters, and leaves as many before it.
const END: usize = 4;
const BEFORE_END: usize = 3;

thread_local! {
    static STEMMERS: (Stemmer, Stemmer) = (Stemmer::new(Algorithm::Dutch), Stemmer::new(Algorithm::English));
}

/// Words that say nothing about what is looked for.
const STOP: &[&str] = &[
    "de", "het", "een", "en", "of", "in", "op", "aan", "van", "voor", "met", "bij", "naar", "om", "te", "tot", "uit",
    "over", "als", "dat", "die", "dit", "deze", "er", "is", "zijn", "was", "ben", "bent", "wordt", "worden", "heeft",
    "hebben", "heb", "hebt", "kan", "kun", "kunnen", "kunt", "mag", "mogen", "moet", "moeten", "wil", "wilt", "ik",
    "je", "jij", "jou", "u", "hij", "zij", "ze", "we", "wij", "jullie", "mij", "me", "mijn", "ons", "onze", "haar",
    "hem", "hun", "niet", "geen", "ook", "nog", "maar", "dan", "wel", "al", "wie", "wat", "waar", "hoe", "wanneer",
    "waarom", "welke", "welk", "weet", "weten", "iemand", "iets", "zoek", "zoeken", "kent", "ken", "doe", "doet",
    "doen", "gaat", "gaan", "the", "a", "an", "and", "or", "of", "to", "in", "on", "at", "for", "with", "from", "by",
    "about", "as", "is", "are", "be", "do", "does", "can", "could", "who", "what", "where", "how", "when", "why",
    "which", "i", "you", "he", "she", "they", "my", "your", "our", "me", "someone", "somebody", "anyone", "anybody",
    "that", "this", "there", "knows", "know", "have", "has", "us", "it", "looking", "find", "s", "t", "n", "spreekt",
    "spreken", "speaks", "speak", "verstand", "helpen", "helpt", "help", "eens", "graag",
];

/// Whether a folded word says nothing about what is looked for.
pub(super) fn is_stop(word: &str) -> bool {
    STOP.contains(&word)
}

/// One word of a text: whole, and its parts when it is made of several; all folded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub whole: String,
    pub parts: Vec<String>,
}

/// The words of a text in order. `VoorleesExpress`, `3D-printer`, `Sint-Jan` and `micro:bit` are one word with two parts.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut out = Vec::new();
    let letters = |c: char| c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}');
    for run in text.split(|c: char| !(letters(c) || matches!(c, '-' | '‐' | '‑' | '\'' | '’' | ':'))) {
        let mut parts = Vec::new();
        for piece in run.split(|c: char| !letters(c)).filter(|piece| !piece.is_empty()) {
            cut_camel(piece, &mut parts);
        }
        let parts: Vec<String> =
            parts.into_iter().map(fold).filter(|part| !part.is_empty() && part.len() <= LONGEST).collect();
        match parts.len() {
            0 => {}
            1 => out.push(Word { whole: parts.concat(), parts: Vec::new() }),
            _ if parts.iter().map(String::len).sum::<usize>() > LONGEST => {
                out.extend(parts.into_iter().map(|whole| Word { whole, parts: Vec::new() }));
            }
            _ => out.push(Word { whole: parts.concat(), parts }),
        }
    }
    out
}

/// `VoorleesExpress` -> Voorlees, Express; `BoekStart` too, `DigiD` and `ICT` not.
fn cut_camel<'a>(piece: &'a str, parts: &mut Vec<&'a str>) {
    let chars: Vec<(usize, char)> = piece.char_indices().collect();
    let mut start = 0;
    for (i, pair) in chars.windows(2).enumerate() {
        let [(_, before), (at, here)] = *pair else { continue };
        let rest_is_word = chars.get(i + 2).is_some_and(|(_, next)| next.is_lowercase());
        if before.is_lowercase() && here.is_uppercase() && rest_is_word && at - start >= 3 {
            parts.push(&piece[start..at]);
            start = at;
        }
    }
    parts.push(&piece[start..]);
}

/// The stems of a folded word, without the word itself: Dutch, then English.
pub(super) fn stems(word: &str, language: Option<&str>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    if word.len() < 3 || word.chars().any(|c| c.is_ascii_digit()) {
        return out;
    }
    STEMMERS.with(|(dutch, english)| {
        if language != Some("en") {
            out.push(dutch.stem(word).into_owned());
        }
        if language != Some("nl") {
            out.push(english.stem(word).into_owned());
        }
    });
    out.retain(|stem| stem != word && stem.len() >= 2);
    out.dedup();
    out
}

/// The ends of a long word and of its Dutch stem: `taalcafe` -> cafe, lcafe, … The stem may have lost letters in the
/// middle, too (`kunstgebit` -> kunstbit).
fn ends(word: &str, out: &mut HashSet<String>) {
    if word.chars().count() < END + BEFORE_END || word.chars().any(|c| c.is_ascii_digit()) {
        return;
    }
    let stem = STEMMERS.with(|(dutch, _)| dutch.stem(word).into_owned());
    for whole in [word, &stem] {
        for (place, (at, _)) in whole.char_indices().enumerate() {
            if place >= BEFORE_END && whole.len() - at >= END {
                out.insert(whole[at..].to_owned());
            }
        }
    }
}

/// The terms of a text, with a space between: for a field that is cut at spaces. `joined` adds each pair of neighbours
/// as one word, so that "taal café" is found by "taalcafé"; for titles and names. `tails` takes the ends of long words.
pub(super) fn terms(text: &str, language: Option<&str>, joined: bool, tails: &mut HashSet<String>) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut push = |term: &str| {
        out.push_str(term);
        out.push(' ');
    };
    let mut before: Option<String> = None;
    for word in words(text) {
        for one in std::iter::once(&word.whole).chain(&word.parts) {
            push(one);
            for stem in stems(one, language) {
                push(&stem);
            }
            ends(one, tails);
        }
        if joined {
            let short = word.whole.len() < 3 || is_stop(&word.whole);
            if let (Some(before), false) = (&before, short)
                && before.len() + word.whole.len() <= LONGEST
            {
                push(&format!("{before}{}", word.whole));
            }
            before = (!short).then_some(word.whole);
        }
    }
    out
}

/// A question as it was understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The words that count, folded, in order.
    pub words: Vec<String>,
    /// Their parts, where they are made of several.
    pub(super) parts: Vec<Vec<String>>,
    /// It asks for someone: "wie weet", "who can", "iemand die".
    pub for_someone: bool,
}

/// Reads a question. At most ten words count.
pub fn asked(text: &str) -> Asked {
    let all = words(text);
    let is = |word: &Word, among: &[&str]| among.contains(&word.whole.as_str());
    let for_someone = all.first().is_some_and(|word| is(word, &["wie", "who", "whom", "iemand", "someone", "anyone"]))
        || all.windows(2).any(|pair| {
            is(&pair[0], &["iemand", "someone", "somebody", "anyone", "anybody", "collega", "vrijwilliger"])
                && is(&pair[1], &["die", "who", "met", "voor", "with", "for"])
                || is(&pair[0], &["wie"]) && is(&pair[1], &["weet", "kan", "kent", "heeft", "spreekt", "helpt"])
        });
    let telling: Vec<&Word> = all.iter().filter(|word| !is_stop(&word.whole)).collect();
    // "Wie is wie" is made of nothing else.
    let kept = if telling.is_empty() { all.iter().collect() } else { telling };
    let kept: Vec<&Word> = kept.into_iter().take(10).collect();
    Asked {
        words: kept.iter().map(|word| word.whole.clone()).collect(),
        parts: kept.iter().map(|word| word.parts.clone()).collect(),
        for_someone,
    }
}

/// What to mark in a text that was found: the words and their stems, longest first.
pub fn marks(asked: &Asked, synonyms: &super::Synonyms) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in &asked.words {
        out.extend(stems(word, None).into_iter().filter(|stem| stem.len() >= 4));
        out.extend(synonyms.of(word).iter().flatten().cloned());
        out.push(word.clone());
    }
    let phrases = (0..asked.words.len()).flat_map(|place| synonyms.of_phrases(&asked.words[place..]));
    out.extend(phrases.flat_map(|(_, others)| others).flatten());
    out.extend(asked.parts.iter().flatten().filter(|part| part.len() >= 3).cloned());
    out.sort_by_key(|word| std::cmp::Reverse(word.len()));
    out.dedup();
    out
}
