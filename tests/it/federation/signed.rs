//! Whose key what goes out is signed with, and what may be kept of answers that depend on a signature.

use kring::domain::Viewer;
use kring::domain::groups::{FollowState, GroupKind};
use kring::domain::media::MediaPurpose;
use kring::domain::posts::PostKind;
use kring::services::posts::PostForm;
use kring::services::{follows, media};
use reqwest::Method;
use serde_json::json;

use super::peer::*;
use super::support::*;
use crate::support::{Kind, PNG};

on_sqlite! {
    d12_d15_what_goes_out_is_signed_with_a_key_of_who_says_it => keys;
    d30_what_depends_on_the_signer_is_kept_by_nobody_else => kept;
}

/// The key that a request says it was signed with.
fn key_of(seen: &Seen) -> String {
    let signature = seen.header("signature");
    let found = signature.split("keyId=\"").nth(1).and_then(|rest| rest.split('"').next());
    found.unwrap_or_else(|| panic!("no key for {} {}", seen.method, seen.path)).to_owned()
}

async fn keys(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let peer = Peer::start("gamma", "mastodon").await;
    let mia = peer.person("mia");
    let inbox = a.url("/inbox");
    for (n, whom) in [group.uri.clone(), a.url("/people/ada")].into_iter().enumerate() {
        let follow = activity("Follow", &peer.url(&format!("/f/{n}")), &mia, json!(whom));
        assert_eq!(peer.send(&mia, &inbox, &follow).await, 202);
        peer.until_received("Accept", |v| v["type"] == "Accept" && v["object"]["object"] == whom.as_str()).await;
    }
    // People, groups and the server say something; a post and its answer are asked for.
    a.post(&ada, &group, PostKind::Message, "", "Old map").await;
    a.publish(&ada, PostForm::new(PostKind::Message, "Hello")).await;
    let answers = peer.url("/notes/1/replies");
    let first = note(&peer.url("/notes/1"), &mia, "first", json!({"replies": answers}));
    let second = note(&peer.url("/notes/2"), &mia, "second", json!({"inReplyTo": first["id"]}));
    peer.serve(&first);
    peer.serve(&second);
    peer.serve(&json!({"@context": "https://www.w3.org/ns/activitystreams", "id": answers, "type": "Collection",
        "totalItems": 1, "items": [second["id"]]}));
    let found = a.ctx().remote().unwrap().resolve_url(first["id"].as_str().unwrap()).await.unwrap();
    let kring::services::ctx::Resolved::Post(found) = found else { panic!("no post") };
    kring::services::backfill::thread(a.ctx(), &ada, &found).await;
    a.until_published(second["id"].as_str().unwrap()).await;
    peer.until_received("the group's", |v| v["type"] == "Announce").await;
    peer.until_received("Ada's", |v| v["type"] == "Create").await;
    a.until_quiet().await;
    let (mut asked, mut said) = (Vec::new(), Vec::new());
    for seen in peer.seen() {
        // Discovery is open to all, and comes before anybody's key is known.
        if seen.path.starts_with("/.well-known/") || seen.path.starts_with("/nodeinfo/") {
            continue;
        }
        let key = key_of(&seen);
        let (actor, fragment) = key.split_once('#').unwrap_or_else(|| panic!("{key}"));
        assert!(!fragment.is_empty(), "{key}");
        let (status, document) = a.get(actor).await;
        assert_eq!((status, document["id"].as_str()), (200, Some(actor)), "{key}");
        assert_eq!(document["publicKey"]["id"].as_str(), Some(key.as_str()));
        if seen.method == "GET" {
            assert_eq!(actor, a.url("/actor"), "{} is asked for in the server's name", seen.path);
            asked.push(seen.path);
        } else {
            assert_eq!(seen.json()["actor"].as_str(), Some(actor), "{}", seen.json());
            said.push(actor.to_owned());
        }
    }
    for path in ["/users/mia", "/notes/1", "/notes/1/replies", "/notes/2"] {
        assert!(asked.iter().any(|p| p == path), "{path} was asked for: {asked:?}");
    }
    for actor in [&group.uri, &a.url("/people/ada")] {
        assert!(said.contains(actor), "{actor} said something: {said:?}");
    }
}

async fn kept(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Care team", GroupKind::Private).await;
    let peer = Peer::start("beta", "kring").await;
    let bob = peer.person("bob");
    let follow = activity("Follow", &peer.url("/f/1"), &bob, json!(group.uri));
    assert_eq!(peer.send(&bob, &a.url("/inbox"), &follow).await, 202);
    let follower = until("the request", async || {
        let mut conn = a.ctx().db.read().await.unwrap();
        let actor = kring::store::actors::find_by_uri(&mut conn, &bob).await.unwrap()?;
        let follow = kring::store::groups::find_follow(&mut conn, actor.id, group.id).await.unwrap()?;
        (follow.state == FollowState::Requested).then_some(actor.id)
    })
    .await;
    follows::accept(a.ctx(), &ada, group.id, follower).await.unwrap();
    let post = written(&a, &ada, &group).await;
    let view = a.view(&ada, post.id).await.unwrap();
    let urls = [
        post.uri.clone(),
        format!("{}/replies", post.uri),
        a.url(&format!("/contexts/{}", post.id)),
        format!("{}/outbox?page=1", group.uri),
        a.ctx().urls.media(view.media[0].id, false),
    ];
    let visitor = a.app.visitor();
    let origin = a.app.origin();
    for url in urls {
        let path = url.strip_prefix(&origin).unwrap();
        let mut signed: http::HeaderMap = peer.signed(&bob, &url).into_iter().collect();
        signed.insert("accept", "application/activity+json".parse().unwrap());
        let mut bare = http::HeaderMap::new();
        bare.insert("accept", "application/activity+json".parse().unwrap());
        for (who, headers, status) in [("a member", signed, 200), ("nobody", bare, 404)] {
            let page = visitor.send(Method::GET, path, headers, Vec::new()).await;
            assert_eq!(page.status, status, "{who} at {path}");
            let cache = page.headers["cache-control"].to_str().unwrap();
            assert!(cache.contains("private") && !cache.contains("public"), "{path}: {cache}");
            let varies = page.headers.get_all("vary").iter().any(|v| v.to_str().unwrap().contains("Signature"));
            assert!(varies || cache.contains("no-store"), "{who} at {path}: {:?}", page.headers);
        }
    }
    // What everyone may read may be kept, under the same name for who signs and who does not.
    let open = a.group(&ada, "Square", GroupKind::Public).await;
    let open = a.post(&ada, &open, PostKind::Message, "", "Hello").await;
    let page = visitor.get_as(open.uri.strip_prefix(&origin).unwrap(), "application/activity+json").await.ok();
    assert!(page.headers["vary"].to_str().unwrap().contains("Signature"));
    assert!(page.headers["cache-control"].to_str().unwrap().contains("public"));
}

async fn written(a: &Kring, ada: &Viewer, group: &kring::domain::actors::Actor) -> kring::domain::posts::Post {
    let bytes = bytes::Bytes::from_static(PNG);
    let file = media::upload(a.ctx(), ada, bytes, "image/png", "x.png", "A chart", MediaPurpose::Post).await.unwrap();
    let form = PostForm { group: Some(group.id), media: vec![file.id], ..PostForm::new(PostKind::Message, "Inside") };
    a.publish(ada, form).await
}
