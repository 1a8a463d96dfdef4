use std::sync::LazyLock;

use whatlang::{Detector, Lang};

/// Fewer letters than this say too little.
const MIN_LETTERS: usize = 16;

/// What is told apart, with the BCP-47 tag of each.
const LANGUAGES: &[(Lang, &str)] = &[
    (Lang::Nld, "nl"),
    (Lang::Eng, "en"),
    (Lang::Deu, "de"),
    (Lang::Fra, "fr"),
    (Lang::Tur, "tr"),
    (Lang::Ara, "ar"),
    (Lang::Ukr, "uk"),
    (Lang::Pol, "pl"),
    (Lang::Spa, "es"),
    (Lang::Ita, "it"),
    (Lang::Por, "pt"),
    (Lang::Rus, "ru"),
];

static DETECTOR: LazyLock<Detector> =
    LazyLock::new(|| Detector::with_allowlist(LANGUAGES.iter().map(|(lang, _)| *lang).collect()));

/// The language of a text as a BCP-47 tag, or `None` when it is short or could be several.
pub fn detect_language(text: &str) -> Option<&'static str> {
    // Addresses, mentions and hashtags belong to no language.
    let words: Vec<_> = text.split_whitespace().filter(|word| !word.contains(['@', '#', '/'])).collect();
    let text = words.join(" ");
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    if letters < MIN_LETTERS {
        return None;
    }
    let info = DETECTOR.detect(&text)?;
    // A long text is judged on its distance to the second guess alone, a short one must be clear.
    let enough = if letters >= 60 { 0.05 } else { 0.2 };
    if !info.is_reliable() && info.confidence() < enough {
        return None;
    }
    LANGUAGES.iter().find(|(lang, _)| *lang == info.lang()).map(|(_, tag)| *tag)
}
