//! The inbox: what is refused, and how.

use kring::base::*;
use kring::domain::groups::GroupKind;
use kring::federation::sign::{KeyPair, cavage};
use serde_json::json;
use url::Url;

use super::peer::*;
use super::support::*;
use crate::support::Kind;

on_sqlite! {
    d13_d46_signed_activities_are_taken_in_every_dress => dresses;
    d20_d21_d22_weak_old_and_altered_signatures_are_refused => signatures;
    d25_d26_keys_of_odd_shapes => keys;
    d27_a_new_key_is_fetched_once => rotation;
    d31_d32_farewells => farewells;
    d34_the_public_name_is_verified_whatever_a_proxy_says => proxied;
    d42_large_and_deep_bodies_are_refused => sizes;
    blocked_hosts_are_turned_away => blocked;
    the_peers_mode_lets_only_peers_in => peers_mode;
}

async fn group_and_peer(
    kind: Kind,
    software: &str,
) -> (Kring, kring::domain::Viewer, kring::domain::actors::Actor, Peer) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    (a, ada, group, Peer::start("gamma", software).await)
}

fn now() -> Time {
    Clock::system().now()
}

async fn dresses(kind: Kind) {
    let (a, _, group, peer) = group_and_peer(kind, "mastodon").await;
    let mia = peer.person("mia");
    let follow = activity("Follow", &peer.url("/f/1"), &mia, json!(group.uri));
    let (url, body) = (Url::parse(&a.url("/inbox")).unwrap(), follow.to_string().into_bytes());
    for mime in [
        "application/activity+json; charset=utf-8",
        "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"",
        "application/ld+json",
    ] {
        let signed =
            cavage::sign(&peer.key, &format!("{mia}#main-key"), "POST", &url, Some(&body), now(), false).unwrap();
        assert_eq!(peer.post(&url, signed.into_iter().collect(), body.clone(), mime).await, 202, "{mime}");
    }
    let signed = cavage::sign(&peer.key, &format!("{mia}#main-key"), "POST", &url, Some(&body), now(), false).unwrap();
    assert_eq!(peer.post(&url, signed.into_iter().collect(), body.clone(), "application/json").await, 415);
    assert_eq!(peer.send_rfc9421(&mia, &a.url("/groups/local_history/inbox"), &follow).await, 202);
    peer.until_received("Accept", |v| v["type"] == "Accept").await;
    let post = peer.seen().into_iter().find(|s| s.method == "POST").unwrap();
    let signature = post.header("signature");
    assert!(signature.contains("headers=\"(request-target) host date digest\""), "{signature}");
    assert!(signature.contains(&format!("keyId=\"{}#main-key\"", group.uri)) && signature.contains("rsa-sha256"));
    assert!(post.header("digest").starts_with("SHA-256="));
    // Every document that was fetched for this was asked for with the server's signature.
    let fetched: Vec<_> = peer.seen().into_iter().filter(|s| s.path.starts_with("/users/")).collect();
    assert!(
        fetched.iter().filter(|s| s.method == "GET").all(|s| s.header("signature").contains(&a.url("/actor#main-key")))
    );
}

async fn signatures(kind: Kind) {
    let (a, _, group, peer) = group_and_peer(kind, "mastodon").await;
    let mia = peer.person("mia");
    let follow = activity("Follow", &peer.url("/f/1"), &mia, json!(group.uri));
    let bytes = follow.to_string().into_bytes();
    let inbox = a.url("/inbox");
    let url = Url::parse(&inbox).unwrap();
    assert_eq!(peer.send_bytes(&mia, &inbox, bytes.clone(), now().plus(-2 * Time::HOUR)).await, 401);
    assert_eq!(peer.post(&url, Default::default(), bytes.clone(), "application/activity+json").await, 401);
    let sign = |body: &[u8]| {
        cavage::sign(&peer.key, &format!("{mia}#main-key"), "POST", &url, Some(body), now(), false).unwrap()
    };
    let mut altered = bytes.clone();
    *altered.last_mut().unwrap() = b' ';
    altered.push(b'}');
    assert_eq!(peer.post(&url, sign(&bytes).into_iter().collect(), altered, "application/activity+json").await, 401);
    let undigested = sign(&bytes).into_iter().filter(|(name, _)| name != "digest").collect();
    assert_eq!(peer.post(&url, undigested, bytes.clone(), "application/activity+json").await, 401);
    // Signed for another inbox, and by somebody else's key.
    let elsewhere = Url::parse(&a.url("/people/ada/inbox")).unwrap();
    let moved =
        cavage::sign(&peer.key, &format!("{mia}#main-key"), "POST", &elsewhere, Some(&bytes), now(), false).unwrap();
    assert_eq!(peer.post(&url, moved.into_iter().collect(), bytes.clone(), "application/activity+json").await, 401);
    let stranger = KeyPair::generate_rsa().unwrap();
    let forged = cavage::sign(&stranger, &format!("{mia}#main-key"), "POST", &url, Some(&bytes), now(), false).unwrap();
    assert_eq!(peer.post(&url, forged.into_iter().collect(), bytes.clone(), "application/activity+json").await, 401);
    let two: http::HeaderMap = sign(&bytes).into_iter().collect();
    let mut doubled = two.clone();
    doubled.append("signature", two["signature"].clone());
    assert_eq!(peer.post(&url, doubled, bytes.clone(), "application/activity+json").await, 400);
    assert_eq!(peer.send_bytes(&mia, &inbox, bytes, now().plus(50 * Time::MINUTE)).await, 202);
}

async fn keys(kind: Kind) {
    let (a, _, group, peer) = group_and_peer(kind, "gotosocial").await;
    let pem = peer.key.public_pem().unwrap();
    let follow = |actor: &str, n: u8| activity("Follow", &peer.url(&format!("/f/{n}")), actor, json!(group.uri));
    // As a list, and in a document of its own behind a path, as GoToSocial has it.
    let listed = peer.url("/users/listed");
    peer.actor(
        "Person",
        "listed",
        json!({"publicKey": [{"id": format!("{listed}#main-key"), "owner": listed, "publicKeyPem": pem}]}),
    );
    assert_eq!(peer.send(&listed, &a.url("/inbox"), &follow(&listed, 1)).await, 202);
    let stub = peer.url("/users/stub");
    let key_id = format!("{stub}/main-key");
    peer.actor("Person", "stub", json!({"publicKey": {"id": key_id, "owner": stub, "publicKeyPem": pem}}));
    let context = "https://www.w3.org/ns/activitystreams";
    let document = json!({"@context": context, "id": stub, "type": "Person", "preferredUsername": "stub",
        "publicKey": {"id": key_id, "owner": stub, "publicKeyPem": pem}});
    peer.put("/users/stub/main-key", 200, "application/activity+json", &document.to_string());
    let url = Url::parse(&a.url("/inbox")).unwrap();
    let body = follow(&stub, 2).to_string().into_bytes();
    let signed = cavage::sign(&peer.key, &key_id, "POST", &url, Some(&body), now(), false).unwrap();
    assert_eq!(peer.post(&url, signed.into_iter().collect(), body, "application/activity+json").await, 202);
    // A key that names another owner proves nothing.
    let liar = peer.url("/users/liar");
    peer.actor(
        "Person",
        "liar",
        json!({"publicKey": {"id": format!("{liar}#main-key"), "owner": stub, "publicKeyPem": pem}}),
    );
    assert_eq!(peer.send(&liar, &a.url("/inbox"), &follow(&liar, 3)).await, 401);
}

async fn rotation(kind: Kind) {
    let (a, _, group, mut peer) = group_and_peer(kind, "mastodon").await;
    let mia = peer.person("mia");
    let follow = activity("Follow", &peer.url("/f/1"), &mia, json!(group.uri));
    assert_eq!(peer.send(&mia, &a.url("/inbox"), &follow).await, 202);
    peer.key = std::sync::Arc::new(KeyPair::generate_rsa().unwrap());
    peer.person("mia");
    let fetches = |p: &Peer| p.seen().iter().filter(|s| s.path == "/users/mia").count();
    let before = fetches(&peer);
    let undo = activity("Undo", &peer.url("/u/1"), &mia, follow);
    let like = |n: usize| activity("Like", &peer.url(&format!("/l/{n}")), &mia, json!(group.uri));
    let at_once = [undo.clone(), like(1), like(2), like(3)];
    let inbox = a.url("/inbox");
    let sent = futures_util::future::join_all(at_once.iter().map(|activity| peer.send(&mia, &inbox, activity))).await;
    assert_eq!(sent, [202; 4]);
    assert_eq!(fetches(&peer), before + 1);
    assert_eq!(peer.send(&mia, &a.url("/inbox"), &undo).await, 202);
    assert_eq!(fetches(&peer), before + 1);
}

async fn farewells(kind: Kind) {
    let (a, _, group, peer) = group_and_peer(kind, "mastodon").await;
    let nobody = peer.url("/users/nobody");
    for n in 0..20 {
        let delete = activity("Delete", &peer.url(&format!("/d/{n}")), &nobody, json!(nobody));
        assert_eq!(peer.send(&nobody, &a.url("/inbox"), &delete).await, 202);
    }
    assert!(peer.seen().is_empty(), "nothing is fetched for an unknown actor's farewell");
    for (name, gone) in [("mia", true), ("tom", false)] {
        let actor = peer.person(name);
        let follow = activity("Follow", &peer.url(&format!("/f/{name}")), &actor, json!(group.uri));
        assert_eq!(peer.send(&actor, &a.url("/inbox"), &follow).await, 202);
        peer.until_received("Accept", |v| v["object"]["actor"] == actor.as_str()).await;
        let path = format!("/users/{name}");
        peer.put(&path, if gone { 410 } else { 404 }, "application/activity+json", "{}");
        // Signed with a key we do not hold: the farewell must be asked about.
        let mut other = peer.clone();
        other.key = std::sync::Arc::new(KeyPair::generate_rsa().unwrap());
        let delete = activity("Delete", &peer.url(&format!("/d/{name}")), &actor, json!(actor));
        let status = other.send(&actor, &a.url("/inbox"), &delete).await;
        assert_eq!(status, if gone { 202 } else { 401 }, "{name}");
        let mut conn = a.ctx().db.read().await.unwrap();
        let stored = kring::store::actors::find_by_uri(&mut conn, &actor).await.unwrap().unwrap();
        assert_eq!(stored.state == kring::domain::actors::ActorState::Deleted, gone, "{name}");
    }
}

async fn sizes(kind: Kind) {
    let (a, _, _, peer) = group_and_peer(kind, "mastodon").await;
    let mia = peer.person("mia");
    let big = format!("{{\"type\":\"Create\",\"actor\":\"{mia}\",\"x\":\"{}\"}}", "x".repeat(1024 * 1024));
    assert_eq!(peer.send_bytes(&mia, &a.url("/inbox"), big.into_bytes(), now()).await, 413);
    let deep =
        format!("{{\"type\":\"Create\",\"actor\":\"{mia}\",\"x\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(peer.send_bytes(&mia, &a.url("/inbox"), deep.into_bytes(), now()).await, 400);
    for bad in ["", "[]", "null", "{\"type\":\"Create\"}", "{\"actor\":\"x\"}"] {
        assert_eq!(peer.send_bytes(&mia, &a.url("/inbox"), bad.into(), now()).await, 400, "{bad}");
    }
}

async fn blocked(kind: Kind) {
    let (a, _, group, peer) = group_and_peer(kind, "mastodon").await;
    let mia = peer.person("mia");
    let host = a.app.federation().set_peer(&peer.host, kring::domain::peers::PeerState::None).await.unwrap();
    a.ctx()
        .db
        .write(move |conn| {
            Box::pin(async move {
                let state = kring::domain::peers::HostState::Blocked;
                kring::store::federation::set_host_state(conn, host.id, state).await
            })
        })
        .await
        .unwrap();
    let follow = activity("Follow", &peer.url("/f/1"), &mia, json!(group.uri));
    assert_eq!(peer.send(&mia, &a.url("/inbox"), &follow).await, 403);
    assert_eq!(peer.get(&mia, &group.uri).await.0, 403);
    assert!(peer.seen().is_empty());
}

async fn peers_mode(kind: Kind) {
    let change = |config: &mut kring::config::Config| config.federation.mode = kring::config::FederationMode::Peers;
    let a = Kring::with("alpha", kind, change).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let peer = Peer::start("gamma", "kring").await;
    let mia = peer.person("mia");
    let follow = activity("Follow", &peer.url("/f/1"), &mia, json!(group.uri));
    assert_eq!(peer.send(&mia, &a.url("/inbox"), &follow).await, 403);
    a.app.federation().set_peer(&peer.host, kring::domain::peers::PeerState::Accepted).await.unwrap();
    assert_eq!(peer.send(&mia, &a.url("/inbox"), &follow).await, 202);
    peer.until_received("Accept", |v| v["type"] == "Accept").await;
}

/// A proxy asks under an inner name, and in the clear; what was signed is the name that the world knows.
async fn proxied(kind: Kind) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (a, _, group, peer) = group_and_peer(kind, "mastodon").await;
    let mia = peer.person("mia");
    let follow = activity("Follow", &peer.url("/f/1"), &mia, json!(group.uri));
    let (url, body) = (Url::parse(&a.url("/inbox")).unwrap(), follow.to_string());
    let key = format!("{mia}#main-key");
    let answer = async |signed_for: &Url, named: &str| {
        let signed = cavage::sign(&peer.key, &key, "POST", signed_for, Some(body.as_bytes()), now(), false).unwrap();
        let mut text = format!("POST /inbox HTTP/1.1\r\nHost: {named}\r\nX-Forwarded-Host: {named}\r\n");
        for (name, value) in signed.iter().filter(|(name, _)| name.as_str() != "host") {
            text.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
        text.push_str(&format!(
            "Content-Type: application/activity+json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        ));
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", url.port().unwrap())).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut read = String::new();
        stream.read_to_string(&mut read).await.unwrap();
        read.split(' ').nth(1).unwrap().to_owned()
    };
    let inner = Url::parse("http://10.0.0.7:8080/inbox").unwrap();
    assert_eq!(answer(&inner, "10.0.0.7:8080").await, "401", "signed for another name");
    assert_eq!(answer(&url, "10.0.0.7:8080").await, "202");
    peer.until_received("Accept", |v| v["type"] == "Accept").await;
}
