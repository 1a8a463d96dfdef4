//! Who knows about something at partners: by consent, signed, bounded, and stored nowhere.

use std::time::{Duration, Instant};

use kring::domain::Viewer;
use kring::domain::knowledge::{PeopleQuestion, Relation, Told};
use kring::services::lookups::{self, PATIENCE, There};
use kring::services::{expertise, regards};
use serde_json::{Value, json};

use super::peer::*;
use super::support::*;
use crate::support::Kind;

on_each_database! {
    partners_find_people_as_far_as_these_tell_them => consent;
}

on_sqlite! {
    only_a_server_with_an_agreement_is_answered => refused;
    hostile_answers_are_harmless => hostile;
    who_asks_too_often_waits => bounded;
}

async fn tells(kring: &Kring, who: &Viewer, words: &[(&str, Told)]) {
    for (word, told) in words {
        expertise::add(kring.ctx(), who, Relation::Teaches, word, "graag", *told).await.unwrap();
    }
}

async fn ask(kring: &Kring, who: &Viewer, words: &str) -> There {
    lookups::ask(kring.ctx(), who, words, &[]).await.unwrap()
}

/// The first question takes longer: keys are made, and the other server is looked up.
async fn warm(kring: &Kring, who: &Viewer) {
    until(&format!("answers at {}", kring.host), async || {
        ask(kring, who, "eerste vraag").await.silent.is_empty().then_some(())
    })
    .await;
}

fn names(there: &There) -> Vec<&str> {
    there.people.iter().map(|found| found.person.display_name.as_str()).collect()
}

async fn consent(kind: Kind) {
    let a = Kring::organisation("alpha", "Bibliotheek Alfa", kind).await;
    let b = Kring::organisation("beta", "Zorg Beta", kind).await;
    let c = Kring::organisation("gamma", "Club Gamma", kind).await;
    a.agrees(&b.host, "network,people").await;
    b.agrees(&a.host, "network,people").await;
    // The third has an agreement too, but about other things, whatever it thinks itself.
    b.agrees(&c.host, "network").await;
    c.agrees(&b.host, "network,people").await;
    let (ada, bea, cas) = (a.app.person("Ada").await, b.person("Bea").await, c.person("Cas").await);
    let all =
        [("Voorlezen", Told::Me), ("DigiD", Told::Organisation), ("Turks", Told::Peers), ("Taalcafé", Told::Everyone)];
    tells(&b, &bea, &all).await;
    warm(&a, &ada.viewer).await;
    for (words, found) in [("wie kan voorlezen", false), ("DigiD", false), ("Turkse taal", true), ("taal café", true)]
    {
        let there = ask(&a, &ada.viewer, words).await;
        assert_eq!(names(&there), if found { vec!["Bea"] } else { vec![] }, "{words}");
        assert_eq!((there.silent.len(), there.answered.len()), (0, 1), "{words}: {there:?}");
        let elsewhere = ask(&c, &cas, words).await;
        assert_eq!((names(&elsewhere).len(), elsewhere.silent.len()), (0, 1), "{words}: {elsewhere:?}");
    }
    // Each is shown what was told to partners, and no more.
    let there = ask(&a, &ada.viewer, "DigiD Turks voorlezen").await;
    let told: Vec<&str> = there.people[0].person.told.iter().map(|told| told.label_nl.as_str()).collect();
    assert_eq!((told, there.people[0].organisation.as_str()), (vec!["Turks"], "Zorg Beta"));
    assert!(there.people[0].person.branch.is_empty() && there.people[0].person.languages.is_empty());
    // Only in that way, and nothing is kept.
    assert!(lookups::ask(a.ctx(), &ada.viewer, "Turks", &[Relation::Learns]).await.unwrap().people.is_empty());
    assert_eq!(a.app.count("SELECT count(*) AS n FROM actors WHERE name = 'bea'").await, 0);
    assert_eq!(a.app.count("SELECT count(*) AS n FROM expertise").await, 0);
    // Guests have no part in it.
    let guest = a.app.guest("Gast").await;
    assert!(lookups::partners(a.ctx(), &guest.viewer).await.unwrap().is_empty());
    assert!(ask(&a, &guest.viewer, "Turks").await.people.is_empty());
    // She sees who found her and with what, but not what was not found.
    let seen = lookups::mine(b.ctx(), &bea).await.unwrap();
    let mut words: Vec<(&str, &str)> =
        seen.iter().map(|one| (one.organisation.as_str(), one.term.label_nl.as_str())).collect();
    words.sort_unstable();
    assert_eq!(words, [("Bibliotheek Alfa", "Taalcafé"), ("Bibliotheek Alfa", "Turks")]);
    // The pages.
    let browser = a.app.browser(&ada).await;
    let page = browser.get("/search?q=Turks").await.ok().shows("Vraag het ook bij Zorg Beta");
    page.hides("Bea").shows("/knowledge/who?q=Turks");
    let page = browser.get("/knowledge/who?q=Turks").await.ok().shows("Bea").shows("Zorg Beta").shows("graag");
    page.shows("/contacts/new?to=bea%40beta%2Elocalhost").hides("⟦");
    // Who shuts the other server out is not found by it any more.
    block_host(&b, &bea, &a.host).await;
    assert!(ask(&a, &ada.viewer, "turks").await.people.is_empty());
    // An agreement that ended covers nothing.
    let id =
        kring::store::federation::find_host(&mut a.ctx().db.read().await.unwrap(), &b.host).await.unwrap().unwrap().id;
    kring::services::peers::end(a.ctx(), &Viewer::System, id, "").await.unwrap();
    assert!(lookups::partners(a.ctx(), &ada.viewer).await.unwrap().is_empty());
}

async fn block_host(kring: &Kring, who: &Viewer, host: &str) {
    regards::set_host_blocked(kring.ctx(), who, host, true).await.unwrap();
}

/// A server that answers who knows, with what is set.
async fn partner(name: &str) -> (Peer, String) {
    let peer = Peer::start(name, "kring").await;
    let endpoints = json!({"endpoints": {"sharedInbox": peer.url("/inbox"), "kring:people": peer.url("/who")}});
    let server = peer.actor("Application", &format!("{name}.localhost"), endpoints);
    (peer, server)
}

fn question(actor: &str, words: &str) -> Value {
    json!({
        "@context": "https://www.w3.org/ns/activitystreams", "type": "kring:PeopleQuestion", "actor": actor,
        "kring:words": words
    })
}

async fn refused(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    tells(&a, &ada, &[("Turks", Told::Everyone)]).await;
    let door = a.url("/actor/people");
    let (friend, server) = partner("delta").await;
    a.agrees(&friend.host, "people").await;
    let (status, answer) = friend.ask(&server, &door, &question(&server, "Turks")).await;
    assert_eq!((status, answer["totalItems"].as_u64()), (200, Some(1)), "{answer}");
    let person = &answer["items"][0];
    assert_eq!((person["id"].as_str(), person["type"].as_str()), (Some(a.url("/people/ada").as_str()), Some("Person")));
    assert_eq!(person["kring:expertise"][0]["nameMap"]["en"], "Turkish");
    // Where it is asked stands in the actor of the server.
    let (_, document) = a.get(&a.url("/actor")).await;
    assert_eq!(document["endpoints"]["kring:people"], door.as_str());
    // Not a member of that server, not a question of somebody else, no other words.
    let person = friend.person("eve");
    assert_eq!(friend.ask(&person, &door, &question(&person, "Turks")).await.0, 404);
    assert_eq!(friend.ask(&server, &door, &question(&person, "Turks")).await.0, 404);
    assert_eq!(friend.ask(&server, &door, &question(&server, "")).await.0, 400);
    assert_eq!(friend.ask(&server, &door, &json!({"type": "Note", "actor": server})).await.0, 400);
    let long = question(&server, &"Turks ".repeat(4000));
    assert_eq!(friend.ask(&server, &door, &long).await.0, 413);
    // Nor a server without an agreement about people, nor anyone without a signature.
    let (stranger, other) = partner("echo").await;
    assert_eq!(stranger.ask(&other, &door, &question(&other, "Turks")).await.0, 404);
    a.agrees(&stranger.host, "network").await;
    assert_eq!(stranger.ask(&other, &door, &question(&other, "Turks")).await.0, 404);
    let url = url::Url::parse(&door).unwrap();
    let body = question(&server, "Turks").to_string().into_bytes();
    assert_eq!(stranger.post(&url, Default::default(), body, "application/activity+json").await, 401);
    assert_eq!(lookups::mine(a.ctx(), &ada).await.unwrap().len(), 1, "only the one that was answered");
}

async fn hostile(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.app.person("Ada").await;
    let (peer, _) = partner("delta").await;
    a.agrees(&peer.host, "people").await;
    let json = "application/activity+json";
    let told = json!([{"kring:relation": "knows", "name": "Turks"}]);
    let person = |id: &str, name: &str| json!({"type": "Person", "id": id, "preferredUsername": "eve", "name": name, "kring:expertise": told});
    let collection = |items: Vec<Value>| json!({"type": "Collection", "items": items}).to_string();
    let here = peer.url("/users/eve");
    // Of many only as many as fit; not those of other servers, without a name, of other types; no markup is believed.
    let mut items = vec![
        person("https://elsewhere.example/users/eve", "Elsewhere"),
        person(&a.url("/people/ada"), "Ada"),
        person("javascript:alert(1)", "Script"),
        json!({"type": "Group", "id": here, "preferredUsername": "eve", "name": "Group", "kring:expertise": told}),
        json!({"type": "Person", "id": here, "preferredUsername": "../eve", "name": "Path", "kring:expertise": told}),
        json!({"type": "Person", "id": here, "preferredUsername": "eve", "name": "Nothing", "kring:expertise": []}),
        json!({"type": "Person", "id": here, "preferredUsername": "eve", "kring:expertise": [{"kring:relation": "owns", "name": "X"}]}),
        json!(null),
        json!("text"),
        person(&here, "<script>alert(1)</script>"),
        person(&here, "Twice"),
    ];
    peer.answer_posts("/who", 200, json, &collection(Vec::new()));
    warm(&a, &ada.viewer).await;
    peer.answer_posts("/who", 200, json, &collection(items.clone()));
    let there = ask(&a, &ada.viewer, "een").await;
    assert_eq!(names(&there), ["<script>alert(1)</script>"]);
    let browser = a.app.browser(&ada).await;
    browser.get("/knowledge/who?q=een").await.ok().shows("&#60;script&#62;").hides("<script>alert");
    items.extend((0..500).map(|n| person(&peer.url(&format!("/users/eve{n}")), "Many")));
    items.drain(..9);
    peer.answer_posts("/who", 200, json, &collection(items));
    let many = ask(&a, &ada.viewer, "twee").await;
    assert!((2..=PeopleQuestion::MOST).contains(&many.people.len()), "{}", many.people.len());
    // What is no answer is silence, and said so by name.
    let huge = collection(vec![person(&here, &"x".repeat(300_000))]);
    let deep = format!("{{\"type\":\"Collection\",\"items\":{}{}}}", "[".repeat(90), "]".repeat(90));
    let one = collection(vec![person(&here, "Eve")]);
    for (n, (status, mime, body)) in [
        (200, "text/html", "<p>Eve</p>"),
        (200, "application/json", one.as_str()),
        (200, json, huge.as_str()),
        (200, json, deep.as_str()),
        (200, json, "[]"),
        (200, json, "{\"type\":\"Note\"}"),
        (302, json, one.as_str()),
        (500, json, one.as_str()),
    ]
    .into_iter()
    .enumerate()
    {
        peer.answer_posts("/who", status, mime, body);
        let there = ask(&a, &ada.viewer, &format!("vraag {n}")).await;
        assert_eq!((there.people.len(), there.silent.len()), (0, 1), "{n}: {there:?}");
    }
    // A slow one is left out, and the others are not kept waiting for long.
    let b = Kring::organisation("beta", "Zorg Beta", kind).await;
    a.agrees(&b.host, "people").await;
    b.agrees(&a.host, "people").await;
    let bea = b.person("Bea").await;
    tells(&b, &bea, &[("Turks", Told::Peers)]).await;
    until("both answer", async || (ask(&a, &ada.viewer, "twee partners").await.answered.len() == 1).then_some(()))
        .await;
    let held = peer.hold();
    let begun = Instant::now();
    let page = browser.get("/knowledge/who?q=Turks").await.ok();
    assert!(begun.elapsed() < PATIENCE + Duration::from_secs(2), "{:?}", begun.elapsed());
    page.shows("Bea").shows(&format!("{}.localhost gaf nu geen antwoord", "delta"));
    drop(held);
}

async fn bounded(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.app.person("Ada").await;
    let (peer, server) = partner("delta").await;
    a.agrees(&peer.host, "people").await;
    peer.answer_posts("/who", 200, "application/activity+json", "{\"type\":\"Collection\",\"items\":[]}");
    warm(&a, &ada.viewer).await;
    let asked = || peer.seen().iter().filter(|seen| seen.path == "/who").count();
    let before = asked();
    // The same words are asked once.
    for _ in 0..3 {
        ask(&a, &ada.viewer, "Turks").await;
    }
    assert_eq!(asked() - before, 1);
    let mut waits = false;
    for n in 0..40 {
        waits |= ask(&a, &ada.viewer, &format!("woord {n}")).await.too_often;
    }
    assert!(waits);
    assert!(asked() < 30, "{}", asked());
    let mut refused = 0;
    for _ in 0..80 {
        let (status, _) = peer.ask(&server, &a.url("/actor/people"), &question(&server, "Turks")).await;
        refused += usize::from(status == 429);
    }
    assert!(refused > 0);
}
