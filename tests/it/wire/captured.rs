//! Every document that real servers sent each other is read.

use std::collections::BTreeSet;

use kring::base::Time;
use kring::federation::sign::PublicKey;
use kring::federation::wire::{Doc, Envelope, IdRules, KeyMaterial, Kind, read};
use serde_json::Value;

use super::read_all;
use crate::fixtures::exchanges;

fn delivered() -> Vec<(String, Value)> {
    let sent = exchanges().into_iter().filter(|(_, e)| e["kind"] == "activity delivered to an inbox");
    let bodies = sent.map(|(path, e)| (path, read(e["request_body_raw"].as_str().unwrap().as_bytes()).unwrap()));
    bodies.collect()
}

/// ActivityPub documents that were answered with 200 or 410.
fn fetched() -> Vec<(String, Value)> {
    let answers = exchanges().into_iter().filter(|(_, e)| e["kind"] == "document fetched");
    let bodies = answers.map(|(path, mut e)| (path, e["response_body"].take()));
    bodies.filter(|(path, body)| path.contains("-object-") && body.is_object()).collect()
}

#[test]
fn d49_every_captured_activity_has_its_envelope() {
    let all = delivered();
    assert_eq!(all.len(), 49);
    let mut pairs = BTreeSet::new();
    for (path, activity) in &all {
        let envelope = Envelope::read(activity, IdRules::default()).unwrap_or_else(|e| panic!("{path}: {e}"));
        let kind = envelope.kind.unwrap_or_else(|| panic!("{path}: {}", envelope.types));
        assert!(kind.is_activity(), "{path}");
        assert!(envelope.id.is_some() && envelope.object().is_some(), "{path}");
        let inner = Doc(activity).embedded("object").and_then(Doc::kind);
        pairs.insert(format!("{kind} {}", inner.map_or("id", Kind::as_str)));
        if let Some(inner) = inner.filter(|kind| kind.is_activity()) {
            let object = Doc(activity).embedded("object").unwrap();
            let inner_envelope = Envelope::read(object.0, IdRules::default()).unwrap();
            assert_eq!(inner_envelope.kind, Some(inner), "{path}");
        }
    }
    let expected = [
        "Accept Follow",
        "Announce Add",
        "Announce Create",
        "Announce Delete",
        "Announce Dislike",
        "Announce Like",
        "Announce Lock",
        "Announce Note",
        "Announce Page",
        "Announce Update",
        "Announce id",
        "Create Note",
        "Delete id",
        "Follow id",
        "Like id",
        "Undo Announce",
        "Undo Follow",
        "Undo Like",
        "Update Note",
        "Update Person",
    ];
    assert_eq!(pairs.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn d48_every_captured_activity_for_all_is_public() {
    for (path, activity) in delivered() {
        let doc = Doc(&activity);
        if matches!(doc.kind(), Some(Kind::Announce | Kind::Create)) {
            assert!(doc.is_public("to") || doc.is_public("cc"), "{path}");
        }
        if matches!(doc.kind(), Some(Kind::Follow | Kind::Accept)) {
            assert!(!doc.is_public("to") && !doc.is_public("cc"), "{path}");
        }
    }
}

#[test]
fn d49_every_captured_document_has_kind_and_id() {
    let all = fetched();
    assert!(all.len() > 60, "{}", all.len());
    for (path, document) in &all {
        let doc = Doc(document);
        let kind =
            if path.contains("mainkey-stub") { None } else { Some(doc.kind().unwrap_or_else(|| panic!("{path}"))) };
        // The outbox of NodeBB tells no id.
        let anonymous = path.contains("nodebb") && path.contains("outbox");
        assert!(anonymous || doc.id().is_some_and(|id| IdRules::default().any(id).is_some()), "{path}");
        assert!(read_all(doc) > 3, "{path}");
        match kind {
            Some(kind) if kind.is_actor() => check_actor(path, doc),
            Some(kind) if kind.is_content() => check_content(path, doc),
            Some(kind) if kind.is_collection() => assert!(doc.collection().is_some(), "{path}"),
            _ => {}
        }
    }
}

fn check_actor(path: &str, doc: Doc<'_>) {
    assert!(doc.one_id("inbox").is_some() && doc.text("preferredUsername").is_some(), "{path}");
    let keys = doc.keys();
    assert_eq!(keys.len(), 1, "{path}");
    assert_eq!(keys[0].owner, doc.id(), "{path}");
    let KeyMaterial::Pem(pem) = keys[0].material else { panic!("{path}") };
    assert!(PublicKey::from_pem(pem).is_some(), "{path}");
}

fn check_content(path: &str, doc: Doc<'_>) {
    assert!(doc.one_id("attributedTo").is_some(), "{path}");
    assert!(doc.text("content").is_some() || doc.text("name").is_some(), "{path}");
    assert!(doc.time("published").unwrap() > Time::parse_rfc3339("2026-11-01T00:00:00Z").unwrap(), "{path}");
    assert!(doc.url().is_some() || doc.id().is_some(), "{path}");
}

#[test]
fn d25_the_key_stub_of_gotosocial_is_read() {
    let stubs: Vec<_> = fetched().into_iter().filter(|(path, _)| path.contains("mainkey-stub")).collect();
    assert_eq!(stubs.len(), 3);
    for (path, stub) in stubs {
        let keys = Doc(&stub).keys();
        assert_eq!(keys.len(), 1, "{path}");
        assert!(keys[0].id.ends_with("/main-key") && matches!(keys[0].material, KeyMaterial::Pem(_)), "{path}");
        assert!(keys[0].owner.unwrap().starts_with("https://gts"), "{path}");
    }
}

#[test]
fn captured_collections_lead_on() {
    for (path, document) in fetched() {
        let doc = Doc(&document);
        let Some(collection) = doc.collection() else { continue };
        if path.contains("lemmy") && path.contains("moderators") {
            assert_eq!(collection.items[0].id(), Some("https://lemmy.test/u/lemadmin"), "{path}");
        }
        if path.contains("nodebb") && path.contains("outbox") {
            assert_eq!((collection.total, collection.items.len()), (Some(0), 0), "{path}");
        }
        assert!(collection.next.is_none() || collection.next != doc.id(), "{path}: no page leads to itself");
    }
}
