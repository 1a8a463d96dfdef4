//! Reading ActivityStreams: INTEROP A.8, A.9 (1), B.1–B.3, E.1, H; checklist 48, 49.

mod captured;
mod limits;
mod lookalike;
mod mutations;

use kring::federation::wire::Doc;
use serde_json::Value;

use crate::fixtures::fixture;

/// A file of `tests/fixtures/lookalike`, by name without ending.
pub fn lookalike(name: &str) -> Value {
    let bytes = std::fs::read(fixture(&format!("lookalike/{name}.json"))).unwrap();
    kring::federation::wire::read(&bytes).unwrap()
}

/// Every file of `tests/fixtures/lookalike`, in order.
pub fn lookalikes() -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = std::fs::read_dir(fixture("lookalike"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect();
    found.sort();
    found
}

/// Reads everything that can be read of a document and of what stands inside it; must never panic.
pub fn read_all(doc: Doc<'_>) -> usize {
    let names =
        ["to", "cc", "actor", "object", "attributedTo", "content", "name", "summary", "published", "totalItems", "url"];
    let mut seen = doc.types().len() + usize::from(doc.kind().is_some()) + usize::from(doc.id().is_some());
    for name in names {
        seen += doc.ids(name).len() + doc.strings(name).len() + doc.text_map(name).len();
        seen += [doc.one_id(name), doc.text(name), doc.language(name), doc.web_url(name)].iter().flatten().count();
        seen += usize::from(doc.is_public(name)) + usize::from(doc.time(name).is_some());
        seen += usize::from(doc.bool(name).is_some()) + usize::from(doc.u64(name).is_some());
        seen += usize::from(doc.f64(name).is_some()) + usize::from(doc.embedded(name).is_some());
    }
    let tags = doc.tags();
    seen += tags.mentions.len() + tags.hashtags.len() + tags.emoji.len() + tags.links.len();
    seen += doc.attachments().len() + doc.profile_fields().len() + doc.url_links().len() + doc.keys().len();
    seen += doc.places().len() + usize::from(doc.poll().is_some()) + usize::from(doc.collection().is_some());
    seen += [doc.url(), doc.icon_url(), doc.image_url(), doc.quoted_id(), doc.shared_inbox()].iter().flatten().count();
    let inner: Vec<Doc<'_>> = match doc.0 {
        Value::Object(members) => members.values().map(Doc).collect(),
        Value::Array(items) => items.iter().map(Doc).collect(),
        _ => Vec::new(),
    };
    seen + inner.into_iter().map(read_all).sum::<usize>()
}
