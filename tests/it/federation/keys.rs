//! Keys of our own that change (checklist 28), and pages that lead to documents (INTEROP A.3).

use kring::config::FederationMode;
use kring::domain::Viewer;
use kring::domain::actors::Actor;
use kring::domain::groups::GroupKind;
use kring::domain::posts::PostKind;
use kring::federation::sign::{Incoming, PublicKey, parse, verify};
use kring::services::accounts;
use kring::services::ctx::Resolved;
use serde_json::json;

use super::peer::*;
use super::support::*;
use crate::support::Kind;

on_each_database! {
    d28_new_keys_are_told_with_the_old_one => renewed;
}

on_sqlite! {
    a_page_says_where_its_document_is => pages;
    no_keys_are_renewed_where_nothing_is_signed => off;
}

/// Whether a POST that arrived at a peer is signed with this key.
fn signed_with(seen: &Seen, host: &str, pem: &str) -> bool {
    let request = Incoming {
        method: "POST",
        path_and_query: &seen.path,
        host,
        scheme: "http",
        headers: &seen.headers,
        body: &seen.body,
    };
    let key = PublicKey::from_pem(pem).unwrap();
    verify(&parse(&request).unwrap(), &request, &key, kring::base::Clock::system().now()).is_ok()
}

async fn pem_of(kring: &Kring, actor: &Actor) -> String {
    kring.get(&actor.uri).await.1["publicKey"]["publicKeyPem"].as_str().unwrap().to_owned()
}

async fn renewed(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let (ada, bob) = (a.person("Ada").await, b.person("Bob").await);
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let peer = Peer::start("gamma", "mastodon").await;
    let mia = peer.person("mia");
    assert_eq!(
        peer.send(&mia, &a.url("/inbox"), &activity("Follow", &peer.url("/f/1"), &mia, json!(group.uri))).await,
        202
    );
    peer.until_received("Accept", |v| v["type"] == "Accept").await;
    let there = b.resolve("local_history", &a.host).await;
    b.join(&bob, &there).await;
    a.until_quiet().await;
    let old = pem_of(&a, &group).await;

    assert!(accounts::renew_keys(a.ctx(), &Viewer::System, "nobody").await.is_err());
    accounts::renew_keys(a.ctx(), &Viewer::System, "@Local_History").await.unwrap();
    let told = peer.until_received("Update", |v| v["type"] == "Update").await;
    let new = told["object"]["publicKey"]["publicKeyPem"].as_str().unwrap().to_owned();
    assert_ne!(old, new);
    assert_eq!(told["object"]["publicKey"]["id"], format!("{}#main-key", group.uri), "under the same id");
    let update = peer.seen().into_iter().find(|s| s.json()["type"] == "Update").unwrap();
    assert!(signed_with(&update, &peer.host, &old) && !signed_with(&update, &peer.host, &new));
    a.until_quiet().await;
    assert_eq!(pem_of(&a, &group).await, new);
    // What the group sends from now on is signed with the new one, and believed where the old one was known.
    let post = a.post(&ada, &group, PostKind::Message, "", "With a new key").await;
    peer.until_received("Announce", |v| v["type"] == "Announce").await;
    let announce = peer.seen().into_iter().find(|s| s.json()["type"] == "Announce").unwrap();
    assert!(signed_with(&announce, &peer.host, &new) && !signed_with(&announce, &peer.host, &old));
    b.until_published(&post.uri).await;
    // Once more, and for a person, who also signs what they do.
    let name = a.name_of(&ada).await;
    for who in ["local_history", name.as_str()] {
        accounts::renew_keys(a.ctx(), &Viewer::System, who).await.unwrap();
        a.until_quiet().await;
    }
    let later = a.post(&ada, &group, PostKind::Message, "", "With newer keys").await;
    b.until_published(&later.uri).await;
    // And the server's own, with which it reads elsewhere: who knows the old one fetches the new one.
    let server = a.ctx().urls.server_actor();
    let before = a.get(&server).await.1["publicKey"]["publicKeyPem"].as_str().unwrap().to_owned();
    accounts::renew_keys(a.ctx(), &Viewer::System, "alpha.localhost").await.unwrap();
    a.until_quiet().await;
    assert_ne!(a.get(&server).await.1["publicKey"]["publicKeyPem"].as_str().unwrap(), before);
    let eve = b.person("Eve").await;
    let name = b.name_of(&eve).await;
    a.resolve(&name, &b.host).await;
}

/// Where nothing is signed the command says so, instead of that there will be new keys.
async fn off(kind: Kind) {
    let a = Kring::with("alpha", kind, |config| config.federation.mode = FederationMode::Off).await;
    a.person("Ada").await;
    let refused = accounts::renew_keys(a.ctx(), &Viewer::System, "ada").await.unwrap_err();
    assert!(refused.to_string().contains("federation.mode is off"), "{refused}");
    assert_eq!(a.app.count("SELECT count(*) AS n FROM jobs WHERE payload LIKE '%keys_wanted%'").await, 0);
}

/// A server that gives pages whatever it is asked for.
async fn pages(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let peer = Peer::start("old", "wordpress").await;
    let mia = peer.person("mia");
    let remote = a.ctx().remote().unwrap();
    for (n, href) in [(1, peer.url("/notes/1")), (2, "/notes/2".to_owned())] {
        let note = note(&peer.url(&format!("/notes/{n}")), &mia, "<p>Found by its page</p>", json!({}));
        peer.serve(&note);
        let page =
            format!("<html><head><link rel='alternate' type='application/activity+json' href='{href}'></head></html>");
        peer.put(&format!("/blog/{n}"), 200, "text/html; charset=utf-8", &page);
        let Resolved::Post(post) = remote.resolve_url(&peer.url(&format!("/blog/{n}"))).await.unwrap() else {
            panic!("no post")
        };
        assert_eq!(post.uri, note["id"].as_str().unwrap());
    }
    // What it leads to must be what it says it is.
    let lie = note(&a.url("/posts/1"), &mia, "<p>x</p>", json!({}));
    peer.put("/notes/3", 200, "application/activity+json", &lie.to_string());
    for (n, href) in [(3, peer.url("/notes/3")), (4, a.url("/people/ada")), (5, "javascript:x".to_owned())] {
        let page = format!("<link rel=alternate type=application/activity+json href=\"{href}\">");
        peer.put(&format!("/blog/{n}"), 200, "text/html", &page);
        assert!(remote.resolve_url(&peer.url(&format!("/blog/{n}"))).await.is_err(), "{href}");
    }
    peer.put("/blog/6", 200, "text/html", "<p>nothing</p>");
    assert!(remote.resolve_url(&peer.url("/blog/6")).await.is_err());
}
