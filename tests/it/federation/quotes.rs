//! Quotes, and whether the author of what is quoted agrees (FEP-044f).

use kring::domain::Viewer;
use kring::domain::groups::GroupKind;
use kring::domain::moderation::BlockKind;
use kring::domain::posts::{Post, PostKind, PostState, QuoteState};
use kring::services::posts::PostForm;
use kring::services::{moderation, search};
use serde_json::{Value, json};

use super::peer::*;
use super::support::*;
use crate::support::Kind;

on_each_database! {
    d89_others_ask_to_quote_ours => theirs;
    d89_ours_ask_to_quote_others => ours;
}

on_sqlite! {
    d89_a_quote_without_a_stamp_is_pending => stamps;
}

async fn state_of(a: &Kring, who: &Viewer, post: &Post) -> Option<QuoteState> {
    a.view(who, post.id).await.unwrap().quote_state
}

async fn until_quote(a: &Kring, who: &Viewer, post: &Post, wanted: QuoteState) {
    until(&format!("a quote that is {wanted:?}"), async || {
        (state_of(a, who, post).await == Some(wanted)).then_some(())
    })
    .await;
}

fn quote_request(peer: &Peer, n: u32, note: &Value, quoted: &str) -> Value {
    let author = note["attributedTo"].as_str().unwrap();
    let mut request = activity("QuoteRequest", &peer.url(&format!("/quote/{n}")), author, json!(quoted));
    request["instrument"] = note.clone();
    request
}

async fn theirs(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let post = a.post(&ada, &group, PostKind::Message, "", "The mill burnt down in 1911.").await;
    let document = a.document_of(&post).await;
    let policy = &document["interactionPolicy"]["canQuote"]["automaticApproval"];
    assert_eq!(policy[0], "https://www.w3.org/ns/activitystreams#Public");
    let peer = Peer::start("gamma", "mastodon").await;
    let mia = peer.person("mia");
    let quoting = note(&peer.url("/note/1"), &mia, "<p>See this</p>", json!({"quote": post.uri}));
    peer.serve(&quoting);
    assert_eq!(peer.send(&mia, &a.url("/inbox"), &quote_request(&peer, 1, &quoting, &post.uri)).await, 202);
    let accept = peer.until_received("Accept", |v| v["type"] == "Accept").await;
    assert_eq!(accept["actor"].as_str(), Some(a.url("/people/ada").as_str()));
    assert_eq!(
        (accept["object"]["type"].as_str(), accept["object"]["id"].as_str()),
        (Some("QuoteRequest"), Some(peer.url("/quote/1").as_str()))
    );
    // The stamp is there for everyone, and names both.
    let stamp = accept["result"].as_str().unwrap();
    let (status, found) = a.get(stamp).await;
    assert_eq!((status, found["id"].as_str(), found["type"].as_str()), (200, Some(stamp), Some("QuoteAuthorization")));
    assert_eq!(found["attributedTo"].as_str(), Some(a.url("/people/ada").as_str()));
    assert_eq!(found["interactingObject"].as_str(), Some(peer.url("/note/1").as_str()));
    assert_eq!(found["interactionTarget"].as_str(), Some(post.uri.as_str()));
    let here = a.until_published(&peer.url("/note/1")).await;
    until_quote(&a, &ada, &here, QuoteState::Accepted).await;
    assert_eq!(a.view(&ada, post.id).await.unwrap().quotes_count, 1);
    until("a notice", async || {
        (a.app.count("SELECT count(*) AS n FROM notifications WHERE kind = 'quote'").await == 1).then_some(())
    })
    .await;
    // The stamp outlives a change of the post that quotes.
    let mut changed = quoting.clone();
    changed["content"] = json!("<p>See this, again</p>");
    changed["updated"] = json!(kring::base::Clock::system().now().to_rfc3339_seconds());
    let update = activity("Update", &peer.url("/update/1"), &mia, changed);
    assert_eq!(peer.send(&mia, &a.url("/inbox"), &update).await, 202);
    a.until_post(&peer.url("/note/1"), |p| p.html.contains("again")).await;
    assert_eq!(a.get(stamp).await.0, 200);
    // Whom Ada shut out may not.
    let max = peer.person("max");
    let shut_out = a.resolve("max", &peer.host).await;
    moderation::set_block(a.ctx(), &ada, shut_out.id, BlockKind::Block, true, None).await.unwrap();
    let quoting = note(&peer.url("/note/2"), &max, "<p>See this</p>", json!({"quote": post.uri}));
    assert_eq!(peer.send(&max, &a.url("/inbox"), &quote_request(&peer, 2, &quoting, &post.uri)).await, 202);
    let reject = peer.until_received("Reject", |v| v["type"] == "Reject").await;
    assert!(reject["result"].is_null());
    // What is taken away is vouched for no longer.
    kring::services::posts::delete(a.ctx(), &ada, post.id).await.unwrap();
    assert_eq!(a.get(stamp).await.0, 404);
}

/// A post of Mia's that is known here.
async fn known(a: &Kring, ada: &Viewer, peer: &Peer, n: u32) -> Post {
    let mia = peer.url("/users/mia");
    let theirs = note(&peer.url(&format!("/note/{n}")), &mia, "<p>Bees in town</p>", json!({}));
    peer.serve(&theirs);
    search::follow_address(a.ctx(), ada, &peer.url(&format!("/note/{n}"))).await.unwrap();
    a.until_published(&peer.url(&format!("/note/{n}"))).await
}

fn stamp(peer: &Peer, n: u32, quoting: &str, quoted: &str) -> Value {
    json!({"@context": "https://www.w3.org/ns/activitystreams", "id": peer.url(&format!("/stamp/{n}")),
        "type": "QuoteAuthorization", "attributedTo": peer.url("/users/mia"),
        "interactingObject": quoting, "interactionTarget": quoted})
}

async fn ours(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let peer = Peer::start("gamma", "mastodon").await;
    let mia = peer.person("mia");
    let theirs = known(&a, &ada, &peer, 1).await;
    let form =
        || PostForm { group: Some(group.id), quote: Some(theirs.id), ..PostForm::new(PostKind::Message, "Look") };
    let post = a.publish(&ada, form()).await;
    assert_eq!(state_of(&a, &ada, &post).await, Some(QuoteState::Pending));
    let request = peer.until_received("QuoteRequest", |v| v["type"] == "QuoteRequest").await;
    assert_eq!(
        (request["object"].as_str(), request["actor"].as_str()),
        (Some(theirs.uri.as_str()), Some(a.url("/people/ada").as_str()))
    );
    let instrument = &request["instrument"];
    assert_eq!(
        (instrument["id"].as_str(), instrument["quote"].as_str()),
        (Some(post.uri.as_str()), Some(theirs.uri.as_str()))
    );
    assert!(instrument["content"].as_str().unwrap().contains("<p class=\"quote-inline\">RE: "), "{instrument}");
    assert!(instrument["quoteAuthorization"].is_null());
    // A stamp for another post, and one of somebody else's, change nothing.
    let accept = |n: u32, actor: &str, result: &str| {
        let mut accept = activity("Accept", &peer.url(&format!("/accept/{n}")), actor, request.clone());
        accept["result"] = json!(result);
        accept
    };
    peer.serve(&stamp(&peer, 1, &peer.url("/note/9"), &theirs.uri));
    let max = peer.person("max");
    let send = async |actor: &str, v: Value| assert_eq!(peer.send(actor, &a.url("/inbox"), &v).await, 202);
    send(&mia, accept(1, &mia, &peer.url("/stamp/1"))).await;
    peer.serve(&stamp(&peer, 2, &post.uri, &theirs.uri));
    send(&max, accept(2, &max, &peer.url("/stamp/2"))).await;
    a.until_quiet().await;
    assert_eq!(state_of(&a, &ada, &post).await, Some(QuoteState::Pending));
    send(&mia, accept(3, &mia, &peer.url("/stamp/2"))).await;
    until_quote(&a, &ada, &post, QuoteState::Accepted).await;
    let shown = a.get(&post.uri).await.1;
    assert_eq!(shown["quoteAuthorization"].as_str(), Some(peer.url("/stamp/2").as_str()));
    // And when she says no.
    let second = a.publish(&ada, form()).await;
    let id = format!("{}#quote-request", second.uri);
    let request = peer.until_received("second QuoteRequest", |v| v["id"] == id.as_str()).await;
    send(&mia, activity("Reject", &peer.url("/reject/1"), &mia, json!(request["id"]))).await;
    until_quote(&a, &ada, &second, QuoteState::Refused).await;
}

async fn stamps(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let (peer, other) = (Peer::start("gamma", "mastodon").await, Peer::start("other", "mastodon").await);
    let mia = peer.person("mia");
    let quoted = known(&a, &ada, &peer, 1).await;
    let lou = other.person("lou");
    let mention = json!([{"type": "Mention", "href": a.url("/people/ada"), "name": "@ada"}]);
    let send = async |n: u32, more: Value| -> Post {
        let mut quoting = note(&other.url(&format!("/note/{n}")), &lou, "<p>So it is</p>", more);
        if quoting["tag"].as_array().unwrap().is_empty() {
            quoting["tag"] = mention.clone();
        }
        quoting["cc"] = json!([a.url("/people/ada")]);
        assert_eq!(other.send(&lou, &a.url("/inbox"), &create(&quoting)).await, 202);
        a.until_published(quoting["id"].as_str().unwrap()).await
    };
    // Without a stamp, with one that is not Mia's, and by the older names.
    let none = send(1, json!({"quote": quoted.uri})).await;
    assert_eq!(state_of(&a, &ada, &none).await, Some(QuoteState::Pending));
    let mut forged = stamp(&peer, 1, &other.url("/note/2"), &quoted.uri);
    forged["id"] = json!(other.url("/stamp/1"));
    other.serve(&forged);
    let false_stamp = send(2, json!({"quote": quoted.uri, "quoteAuthorization": other.url("/stamp/1")})).await;
    assert_eq!(state_of(&a, &ada, &false_stamp).await, Some(QuoteState::Pending));
    let older = send(3, json!({"quoteUri": quoted.uri})).await;
    assert_eq!(state_of(&a, &ada, &older).await, Some(QuoteState::Pending));
    let link = json!({"type": "Link", "href": quoted.uri, "mediaType": "application/activity+json", "name": "RE"});
    let linked = send(4, json!({"tag": [link, mention[0]]})).await;
    assert_eq!(state_of(&a, &ada, &linked).await, Some(QuoteState::Pending));
    // A quoted post that is not here is fetched; nothing is quoted of what is closed.
    let far = note(&peer.url("/note/5"), &mia, "<p>Far</p>", json!({"quote": peer.url("/note/6")}));
    peer.serve(&far);
    peer.serve(&stamp(&peer, 5, &other.url("/note/5"), &peer.url("/note/5")));
    let more = json!({"quote": peer.url("/note/5"), "quoteAuthorization": peer.url("/stamp/5")});
    let fetched = send(5, more).await;
    assert_eq!(state_of(&a, &ada, &fetched).await, Some(QuoteState::Accepted));
    assert!(a.find(&peer.url("/note/6")).await.is_none(), "one level");
    // Mia takes it back; Lou cannot.
    let gone = json!({"id": peer.url("/stamp/5"), "type": "QuoteAuthorization"});
    let forged = activity("Delete", &other.url("/delete/1"), &lou, gone.clone());
    other.send(&lou, &a.url("/inbox"), &forged).await;
    a.until_quiet().await;
    assert_eq!(state_of(&a, &ada, &fetched).await, Some(QuoteState::Accepted));
    assert_eq!(peer.send(&mia, &a.url("/inbox"), &activity("Delete", &peer.url("/delete/2"), &mia, gone)).await, 202);
    until_quote(&a, &ada, &fetched, QuoteState::Refused).await;
    assert_eq!(fetched.state, PostState::Published);
}
