//! Delivery: order, retries, forms of signature, parked hosts.

use kring::domain::groups::GroupKind;
use kring::domain::posts::PostKind;
use serde_json::json;

use super::peer::*;
use super::support::*;
use crate::support::Kind;

on_each_database! {
    d58_d59_a_host_in_trouble_gets_the_same_bytes_later_in_order => trouble;
}

on_sqlite! {
    d24_rfc9421_is_used_where_it_is_asked_for_and_remembered => forms;
    d51_one_slow_host_delays_nobody => slow;
    what_is_refused_for_good_is_dropped => dropped;
}

async fn followed(kind: Kind, peer: &Peer) -> (Kring, kring::domain::Viewer, kring::domain::actors::Actor, String) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let lou = follow(&a, &group, peer).await;
    (a, ada, group, lou)
}

async fn follow(a: &Kring, group: &kring::domain::actors::Actor, peer: &Peer) -> String {
    let lou = peer.person("lou");
    let follow = activity("Follow", &peer.url("/f/1"), &lou, json!(group.uri));
    assert_eq!(peer.send(&lou, &a.url("/inbox"), &follow).await, 202);
    peer.until_received("Accept", |v| v["type"] == "Accept").await;
    a.until_quiet().await;
    lou
}

async fn trouble(kind: Kind) {
    let peer = Peer::start("lemming", "lemmy").await;
    let (a, ada, group, lou) = followed(kind, &peer).await;
    peer.answer_next(503, &[]);
    let posts = async |n: i32| a.post(&ada, &group, PostKind::Message, "", &format!("Post {n}")).await;
    posts(1).await;
    until("the first try", async || {
        (peer.received().iter().filter(|v| v["type"] == "Announce").count() == 1).then_some(())
    })
    .await;
    posts(2).await;
    posts(3).await;
    a_while().await;
    assert_eq!(peer.received().iter().filter(|v| v["type"] == "Announce").count(), 1, "those behind it wait");
    // The host speaks again, from another process of ours it would be a minute: here the mark is set back by hand.
    let host = peer.host.clone();
    let now = a.ctx().now();
    let woken = a
        .ctx()
        .db
        .write(move |conn| Box::pin(async move { kring::store::deliveries::wake_host(conn, &host, now).await }));
    assert_eq!(woken.await.unwrap(), 1);
    let like = activity("Like", &peer.url("/l/1"), &lou, json!(group.uri));
    assert_eq!(peer.send(&lou, &a.url("/inbox"), &like).await, 202);
    a.until_quiet().await;
    let tries: Vec<Seen> =
        peer.seen().into_iter().filter(|s| s.method == "POST" && s.json()["type"] == "Announce").collect();
    assert_eq!(tries.len(), 4);
    assert_eq!(tries[0].body, tries[1].body, "the same bytes");
    assert_ne!((tries[0].header("date"), tries[0].header("signature")), (tries[1].header("date"), String::new()));
    let texts: Vec<String> =
        tries[1..].iter().map(|t| t.json()["object"]["object"]["source"]["content"].to_string()).collect();
    assert_eq!(texts, ["\"Post 1\"", "\"Post 2\"", "\"Post 3\""]);
}

async fn forms(kind: Kind) {
    let peer = Peer::start("lemming", "lemmy").await;
    let (a, ada, group, _) = followed(kind, &peer).await;
    peer.answer_next(
        401,
        &[("accept-signature", "sig1=(\"@method\" \"@target-uri\" \"content-digest\");created;keyid")],
    );
    a.post(&ada, &group, PostKind::Message, "", "One").await;
    a.until_quiet().await;
    a.post(&ada, &group, PostKind::Message, "", "Two").await;
    a.until_quiet().await;
    let tries: Vec<Seen> =
        peer.seen().into_iter().filter(|s| s.method == "POST" && s.json()["type"] == "Announce").collect();
    let forms: Vec<bool> = tries.iter().map(|t| t.headers.contains_key("signature-input")).collect();
    assert_eq!(forms, [false, true, true]);
    assert!(tries[1].header("content-digest").starts_with("sha-256=:"));
    assert!(!tries[1].headers.contains_key("digest"), "never both sets of headers");
    // When that stops working, back to the other.
    peer.answer_next(401, &[]);
    a.post(&ada, &group, PostKind::Message, "", "Three").await;
    a.until_quiet().await;
    let last = peer.seen().into_iter().rfind(|s| s.method == "POST").unwrap();
    assert!(!last.headers.contains_key("signature-input"));
}

async fn slow(kind: Kind) {
    let (bad, good) = (Peer::start("bad", "lemmy").await, Peer::start("good", "lemmy").await);
    let (a, ada, group, _) = followed(kind, &bad).await;
    follow(&a, &group, &good).await;
    for _ in 0..50 {
        bad.answer_next(503, &[("retry-after", "3600")]);
    }
    let started = std::time::Instant::now();
    for n in 0..5 {
        a.post(&ada, &group, PostKind::Message, "", &format!("Post {n}")).await;
    }
    until("all five at the healthy one", async || {
        (good.received().iter().filter(|v| v["type"] == "Announce").count() == 5).then_some(())
    })
    .await;
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    let mut conn = a.ctx().db.read().await.unwrap();
    let failing = kring::store::deliveries::failing(&mut conn, 10).await.unwrap();
    assert_eq!(failing.len(), 1);
    assert!(failing[0].next_at.since(a.ctx().now()) > 3000 * kring::base::Time::SECOND, "Retry-After is heeded");
}

async fn dropped(kind: Kind) {
    let peer = Peer::start("lemming", "lemmy").await;
    let (a, ada, group, _) = followed(kind, &peer).await;
    for status in [404, 410, 403, 422, 501] {
        peer.answer_next(status, &[]);
        a.post(&ada, &group, PostKind::Message, "", &format!("Post {status}")).await;
        a.until_quiet().await;
    }
    assert_eq!(peer.received().iter().filter(|v| v["type"] == "Announce").count(), 5, "each tried once");
}
