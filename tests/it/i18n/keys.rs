//! Every text that is used exists in every language, and every text that exists is used.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fluent_bundle::FluentResource;
use kring::i18n::Locale;

/// Keys that are put together while running: the part before the changing end.
const DYNAMIC: &[&str] = &[
    "account-state-",
    "board-",
    "date-month-",
    "day-",
    "facet-",
    "date-weekday-",
    "done-",
    "error-",
    "group-kind-",
    "host-state-",
    "log-action-",
    "language-",
    "notice-",
    "peer-scope-",
    "peer-state-",
    "offer-why-",
    "people-kind-",
    "person-kind-",
    "post-kind-",
    "newcomer-step-",
    "reaction-",
    "referral-",
    "registration-",
    "relation-",
    "role-",
    "step-",
    "told-",
    "why-",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn source(locale: Locale) -> String {
    fs::read_to_string(root().join("locales").join(format!("{}.ftl", locale.tag()))).unwrap()
}

/// The keys of a file in order, as Fluent sees them: at the start of a line, before `=`.
fn keys(locale: Locale) -> Vec<String> {
    let source = source(locale);
    let lines = source.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    lines.filter_map(|line| line.split_once('=')).map(|(key, _)| key.trim_end().to_owned()).collect()
}

/// Every Rust source and template of the product.
fn sources() -> Vec<(PathBuf, String)> {
    let mut folders = vec![root().join("src"), root().join("templates")];
    let mut out = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ["rs", "html", "txt"].iter().any(|known| ext == *known)) {
                let text = fs::read_to_string(&path).unwrap();
                out.push((path, text));
            }
        }
    }
    out
}

fn is_key(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// The literal keys that calls like `c.t("…")`, `t(locale, "…")` or `Error::forbidden("…")` name in `text`.
fn used(text: &str) -> Vec<&str> {
    let calls = ["t(", "tn(", "tx(", "t_args(", "forbidden(", "reason: ", "code: "];
    let mut out = Vec::new();
    for call in calls {
        for (at, _) in text.match_indices(call) {
            let inside_word = text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let rest = &text[at + call.len()..];
            let Some((before, rest)) = rest.split_once('"') else { continue };
            let plain = before.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.&:,".contains(c));
            let key = rest.split('"').next().unwrap_or_default();
            if !inside_word && plain && before.len() < 80 && is_key(key) {
                out.push(key);
            }
        }
    }
    for (at, call) in text.match_indices("Error::invalid(") {
        let mut literals = text[at + call.len()..].split('"');
        if let (Some(""), Some(_), Some(", "), Some(code)) =
            (literals.next().map(str::trim), literals.next(), literals.next(), literals.next())
        {
            out.push(code);
        }
    }
    out
}

#[test]
fn translation_files_parse_without_repetition() {
    for locale in Locale::all() {
        let resource = FluentResource::try_new(source(*locale));
        assert!(resource.is_ok(), "{}: {:?}", locale.tag(), resource.err().map(|(_, errors)| errors));
        let keys = keys(*locale);
        let unique: BTreeSet<_> = keys.iter().collect();
        let twice: Vec<_> = unique.iter().filter(|key| keys.iter().filter(|k| k == *key).count() > 1).collect();
        assert!(twice.is_empty(), "{}: twice: {twice:?}", locale.tag());
    }
}

#[test]
fn languages_have_the_same_keys() {
    let first: BTreeSet<_> = keys(Locale::default()).into_iter().collect();
    for locale in Locale::all() {
        let these: BTreeSet<_> = keys(*locale).into_iter().collect();
        let differ: Vec<_> = first.symmetric_difference(&these).collect();
        assert!(differ.is_empty(), "{} against {}: {differ:?}", locale.tag(), Locale::default().tag());
    }
}

#[test]
fn used_texts_exist() {
    let keys: BTreeSet<_> = keys(Locale::default()).into_iter().collect();
    let mut missing = Vec::new();
    for (path, text) in sources() {
        for key in used(&text).into_iter().filter(|key| !keys.contains(*key)) {
            missing.push(format!("{}: {key}", path.strip_prefix(root()).unwrap().display()));
        }
    }
    assert!(missing.is_empty(), "no such text:\n{}", missing.join("\n"));
}

#[test]
fn texts_are_used() {
    let sources = sources();
    let translations = source(Locale::default());
    let unused: Vec<_> = keys(Locale::default())
        .into_iter()
        .filter(|key| !DYNAMIC.iter().any(|prefix| key.starts_with(prefix)))
        .filter(|key| !sources.iter().any(|(_, text)| text.contains(&format!("\"{key}\""))))
        .filter(|key| !translations.contains(&format!("{{ {key} }}")))
        .collect();
    assert!(unused.is_empty(), "never used: {unused:#?}");
}

#[test]
fn the_reader_of_sources_finds_what_it_should() {
    let text = r#"
        c.t("a-b") {{ c.tn("c1", n) }} t(locale, "d") t_args(
            self.locale, "e", &[]) Error::forbidden("f") Error::invalid("name", "g") Conflict { reason: "h" }
        FieldError { field, code: "i" } insert("no") t(locale, &format!("no-{x}")) get("no").t(x) t("NO")"#;
    let mut found = used(text);
    found.sort_unstable();
    assert_eq!(found, ["a-b", "c1", "d", "e", "f", "g", "h", "i"]);
}
