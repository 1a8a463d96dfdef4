//! Contact across organisations: asked with a reason, answered in private, and only then messages.

use kring::base::Error;
use kring::domain::Viewer;
use kring::domain::knowledge::{Contact, ReferralState, Relation, Told};
use kring::domain::people::DirectFrom;
use kring::domain::posts::{Post, PostKind};
use kring::policy::{self, Writer};
use kring::services::posts::{self, PostForm};
use kring::services::{contacts, expertise};
use serde_json::{Value, json};

use super::peer::*;
use super::support::*;
use crate::support::Kind;

on_each_database! {
    messages_go_through_after_a_yes => flow;
}

on_sqlite! {
    both_asking_is_a_yes => crossing;
    answers_of_others_and_other_offers_are_nothing => forged;
}

#[test]
fn partners_ask_first_and_who_got_a_yes_is_heard() {
    for taken in DirectFrom::ALL {
        assert!(policy::may_begin(*taken, Writer::Partner { agreed: true }));
        assert!(!policy::may_begin(*taken, Writer::Partner { agreed: false }));
    }
    assert!(policy::may_begin(DirectFrom::Organisation, Writer::Here));
    assert!(!policy::may_begin(DirectFrom::Organisation, Writer::Elsewhere));
    assert!(!policy::may_begin(DirectFrom::Nobody, Writer::Here));
}

async fn partners(kind: Kind) -> (Kring, Kring) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    a.agrees(&b.host, "people").await;
    b.agrees(&a.host, "people").await;
    (a, b)
}

/// A member who tells partners something.
async fn found(kring: &Kring, name: &str) -> Viewer {
    let who = kring.person(name).await;
    expertise::add(kring.ctx(), &who, Relation::Knows, "Turks", "", Told::Peers).await.unwrap();
    who
}

async fn of(kring: &Kring, who: &Viewer) -> Vec<Contact> {
    contacts::mine(kring.ctx(), who).await.unwrap()
}

async fn until_contact(kring: &Kring, who: &Viewer, state: ReferralState) -> Contact {
    until(&format!("a contact that is {state} at {}", kring.host), async || {
        of(kring, who).await.into_iter().find(|contact| contact.state == state)
    })
    .await
}

async fn write(kring: &Kring, who: &Viewer, to: &str, host: &str, text: &str) -> Result<Post, Error> {
    let to = kring.resolve(to, host).await;
    let form = PostForm { recipients: vec![to.id], ..PostForm::new(PostKind::Direct, text) };
    let id = posts::publish(kring.ctx(), who, form).await?.id;
    kring::store::posts::get(&mut kring.ctx().db.read().await?, id).await
}

async fn flow(kind: Kind) {
    let (a, b) = partners(kind).await;
    let ada = a.app.person("Ada").await;
    let bea = b.app.person("Bea").await;
    expertise::add(b.ctx(), &bea.viewer, Relation::Knows, "Turks", "", Told::Peers).await.unwrap();
    let quiet = b.person("Bo").await;
    let to = format!("bea@{}", b.host);
    // Not before one asked.
    let refused = write(&a, &ada.viewer, "bea", &b.host, "Zomaar").await;
    assert!(
        matches!(&refused, Err(Error::Invalid { fields }) if fields[0].code == "error-recipient-ask"),
        "{refused:?}"
    );
    let browser = a.app.browser(&ada).await;
    browser.get(&format!("/people/{to}")).await.ok().shows("/contacts/new?to=bea").hides("/messages/new?to=");
    browser.get(&format!("/contacts/new?to={to}")).await.ok().shows("Vraag Bea of je mag schrijven").hides("⟦");
    browser.get("/contacts/new?to=nobody@elsewhere.example").await.ok().shows("niet bij een partner");
    browser.post("/contacts", &[("to", &to), ("reason", " ")]).await.status(422).shows("href=\"#reason\"");
    let asked = [("to", to.as_str()), ("reason", "Een moeder wil <b>leren</b> lezen")];
    browser.post("/contacts", &asked).await.ok().shows("Je vraag is verstuurd").shows("Door jou gevraagd");
    browser.post("/contacts", &asked).await.status(422).shows("Je hebt dit al gevraagd");
    let waits = until_contact(&b, &bea.viewer, ReferralState::Waiting).await;
    assert_eq!((waits.reason.as_str(), waits.ours), ("Een moeder wil <b>leren</b> lezen", false));
    // What follows from it is told after it.
    b.until_quiet().await;
    let hers = b.app.browser(&bea).await;
    hers.get("/notices").await.ok().shows("vraagt of er contact mag zijn").shows("href=\"/contacts\"");
    hers.get("/contacts").await.ok().shows("&#60;b&#62;leren").shows("Aan jou gevraagd");
    // A no stays where it is; nothing is sent, and nothing goes through.
    let path = format!("/contacts/{}", waits.id);
    hers.post(&path, &[("answer", "no")]).await.ok().shows("Geen contact");
    b.until_quiet().await;
    assert_eq!(of(&a, &ada.viewer).await[0].state, ReferralState::Waiting);
    assert!(write(&a, &ada.viewer, "bea", &b.host, "Toch maar").await.is_err());
    // Who else would answer it?
    let other = b.app.person("Bram").await;
    b.app.browser(&other).await.post(&path, &[("answer", "yes")]).await.status(404);
    hers.post(&path, &[("answer", "yes")]).await.ok().shows("Jullie mogen elkaar nu schrijven");
    until_contact(&a, &ada.viewer, ReferralState::Accepted).await;
    a.until_quiet().await;
    browser.get("/notices").await.ok().shows("vindt het goed dat je schrijft");
    browser.get("/contacts").await.ok().shows("/messages/new?to=bea");
    let first = write(&a, &ada.viewer, "bea", &b.host, "Dag Bea").await.unwrap();
    let there = b.until_published(&first.uri).await;
    assert!(b.view(&bea.viewer, there.id).await.is_ok());
    let back = write(&b, &bea.viewer, "ada", &a.host, "Dag Ada").await.unwrap();
    let here = a.until_published(&back.uri).await;
    assert!(a.view(&ada.viewer, here.id).await.is_ok());
    // She ends it: what comes after that is not for her.
    hers.post(&path, &[("answer", "no")]).await.ok();
    let late = write(&a, &ada.viewer, "bea", &b.host, "Nog iets").await.unwrap();
    a.until_quiet().await;
    a_while().await;
    if let Some(post) = b.find(&late.uri).await {
        assert!(b.view(&bea.viewer, post.id).await.is_err());
    }
    // Who tells partners nothing hears of no question.
    contacts::ask(a.ctx(), &ada.viewer, &format!("bo@{}", b.host), "Ken jij iemand?").await.unwrap();
    a.until_quiet().await;
    b.until_quiet().await;
    a_while().await;
    assert!(of(&b, &quiet).await.is_empty());
}

async fn crossing(kind: Kind) {
    let (a, b) = partners(kind).await;
    let (ada, bea) = (found(&a, "Ada").await, found(&b, "Bea").await);
    a.resolve("bea", &b.host).await;
    b.resolve("ada", &a.host).await;
    let (to_bea, to_ada) = (format!("bea@{}", b.host), format!("ada@{}", a.host));
    let (one, other) = tokio::join!(
        contacts::ask(a.ctx(), &ada, &to_bea, "Samen lezen"),
        contacts::ask(b.ctx(), &bea, &to_ada, "Samen voorlezen")
    );
    one.unwrap();
    other.unwrap();
    until_contact(&a, &ada, ReferralState::Accepted).await;
    until_contact(&b, &bea, ReferralState::Accepted).await;
    assert!(contacts::ask(a.ctx(), &ada, &to_bea, "Nog eens").await.is_err());
}

fn offer(peer: &Peer, id: &str, actor: &str, to: &str, more: Value) -> Value {
    let relationship = json!({
        "type": "Relationship", "subject": actor, "relationship": "https://joinkring.org/ns#contact", "object": to
    });
    let mut offer = activity("Offer", &peer.url(id), actor, relationship);
    offer["content"] = json!("Hallo");
    for (member, value) in more.as_object().unwrap() {
        offer[member] = value.clone();
    }
    offer
}

async fn forged(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = found(&a, "Ada").await;
    let uri = a.url("/people/ada");
    let peer = Peer::start("delta", "kring").await;
    let (eve, mia) = (peer.person("eve"), peer.person("mia"));
    let send = async |by: &str, activity: &Value| {
        assert_eq!(peer.send(by, &a.url("/inbox"), activity).await, 202);
        a.until_quiet().await;
    };
    // Without an agreement about people nobody is asked.
    a.agrees(&peer.host, "network").await;
    send(&eve, &offer(&peer, "/o/1", &eve, &uri, json!({}))).await;
    assert!(of(&a, &ada).await.is_empty());
    a.agrees(&peer.host, "people").await;
    // For somebody else, about something else, without words.
    send(
        &eve,
        &offer(
            &peer,
            "/o/2",
            &eve,
            &uri,
            json!({"object": {"type": "Relationship", "subject": mia,
        "relationship": "https://joinkring.org/ns#contact", "object": uri}}),
        ),
    )
    .await;
    send(
        &eve,
        &offer(
            &peer,
            "/o/3",
            &eve,
            &uri,
            json!({"object": {"type": "Relationship", "subject": eve,
        "relationship": "http://purl.org/vocab/relationship/spouseOf", "object": uri}}),
        ),
    )
    .await;
    send(&eve, &offer(&peer, "/o/4", &eve, &uri, json!({"object": {"type": "Note"}}))).await;
    send(&eve, &offer(&peer, "/o/5", &eve, &uri, json!({"content": " "}))).await;
    assert!(of(&a, &ada).await.is_empty());
    send(&eve, &offer(&peer, "/o/6", &eve, &uri, json!({"content": "x".repeat(9000)}))).await;
    send(&eve, &offer(&peer, "/o/6", &eve, &uri, json!({}))).await;
    send(&eve, &offer(&peer, "/o/7", &eve, &uri, json!({}))).await;
    let asked = of(&a, &ada).await;
    assert_eq!((asked.len(), asked[0].reason.chars().count()), (1, contacts::MAX_REASON));
    // A message of somebody who got no yes is not for her.
    let direct = |id: &str| {
        let addressed = json!({"to": [uri], "cc": [], "tag": [{"type": "Mention", "href": uri}]});
        note(&peer.url(id), &eve, "<p>Hallo</p>", addressed)
    };
    send(&eve, &create(&direct("/n/1"))).await;
    if let Some(post) = a.find(&peer.url("/n/1")).await {
        assert!(a.view(&ada, post.id).await.is_err());
    }
    contacts::answer(a.ctx(), &ada, asked[0].id, true).await.unwrap();
    let accept = peer.until_received("the yes", |value| value["type"] == "Accept").await;
    assert_eq!(
        (accept["object"]["id"].as_str(), accept["actor"].as_str()),
        (Some(peer.url("/o/6").as_str()), Some(uri.as_str()))
    );
    send(&eve, &create(&direct("/n/2"))).await;
    let post = a.until_published(&peer.url("/n/2")).await;
    assert!(a.view(&ada, post.id).await.is_ok());
    // A yes counts only from whom was asked.
    contacts::ask(a.ctx(), &ada, &format!("mia@{}", peer.host), "Mag ik?").await.unwrap();
    let sent = peer.until_received("the question", |value| value["type"] == "Offer").await;
    assert_eq!((sent["object"]["type"].as_str(), sent["content"].as_str()), (Some("Relationship"), Some("Mag ik?")));
    let id = sent["id"].as_str().unwrap();
    send(&eve, &activity("Accept", &peer.url("/a/1"), &eve, json!(id))).await;
    let state = async || of(&a, &ada).await.into_iter().find(|contact| contact.uri == id).unwrap().state;
    assert_eq!(state().await, ReferralState::Waiting);
    send(&mia, &activity("Accept", &peer.url("/a/2"), &mia, json!(id))).await;
    assert_eq!(state().await, ReferralState::Accepted);
}
