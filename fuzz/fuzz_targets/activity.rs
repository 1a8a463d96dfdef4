//! An activity as it arrives: reading it never panics, and what it is called does not depend on how it is read.
#![no_main]

use kring::federation::sign::jcs;
use kring::federation::wire::{Doc, Envelope, IdRules, read};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fn read_all(doc: Doc<'_>) {
    for name in ["to", "cc", "actor", "object", "attributedTo", "content", "name", "summary", "published", "url"] {
        let _ = (doc.ids(name), doc.strings(name), doc.text_map(name), doc.one_id(name), doc.text(name));
        let _ = (doc.language(name), doc.web_url(name), doc.is_public(name), doc.time(name), doc.embedded(name));
        let _ = (doc.bool(name), doc.u64(name), doc.f64(name));
    }
    let _ = (doc.types(), doc.kind(), doc.id(), doc.tags(), doc.attachments(), doc.profile_fields(), doc.url_links());
    let _ = (doc.keys(), doc.places(), doc.poll(), doc.collection(), doc.url(), doc.icon_url(), doc.image_url());
    let _ = (doc.quoted_id(), doc.shared_inbox());
    match doc.0 {
        Value::Object(members) => members.values().for_each(|value| read_all(Doc(value))),
        Value::Array(items) => items.iter().for_each(|value| read_all(Doc(value))),
        _ => {}
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = read(bytes) else { return };
    let first = Envelope::read(&value, IdRules::default());
    read_all(Doc(&value));
    let again = read(&serde_json::to_vec(&value).unwrap()).unwrap();
    assert_eq!(first, Envelope::read(&again, IdRules::default()));
    assert_eq!(jcs::canonical(&value), jcs::canonical(&again));
});
