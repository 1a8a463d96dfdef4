//! A peer that lies (INTEROP G.4).

use kring::domain::groups::{FollowState, GroupKind};
use kring::domain::posts::{PostKind, PostState};
use serde_json::{Value, json};

use super::peer::*;
use super::support::*;
use crate::support::Kind;

on_sqlite! {
    d33_what_others_embed_is_asked_of_its_own_server => embedded;
    d37_d38_d39_documents_that_are_not_what_they_say => documents;
    d40_d44_others_things_stay_as_they_are => others;
    a_server_speaks_for_its_own_people_alone => strangers;
    what_its_own_server_has_is_passed_on => forwarded;
    forged_profiles_inside_an_announce_change_nothing => profiles;
    one_activity_makes_us_ask_for_so_much_and_no_more => much;
}

async fn scene(kind: Kind) -> (Kring, kring::domain::Viewer, kring::domain::actors::Actor, Peer, Peer) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    (a, ada, group, Peer::start("good", "mastodon").await, Peer::start("evil", "mastodon").await)
}

async fn embedded(kind: Kind) {
    let (a, _, group, good, evil) = scene(kind).await;
    let (mia, eve) = (good.person("mia"), evil.person("eve"));
    let cc = json!({"cc": [group.uri], "tag": [{"type": "Mention", "href": group.uri}]});
    let truth = note(&good.url("/notes/1"), &mia, "<p>the truth</p>", cc.clone());
    good.serve(&truth);
    // Forwarded by somebody else, with another text: the copy is not looked at.
    let lie = note(&good.url("/notes/1"), &mia, "<p>a lie</p>", cc.clone());
    assert_eq!(evil.send(&eve, &a.url("/inbox"), &create(&lie)).await, 202);
    let post = a.until_published(truth["id"].as_str().unwrap()).await;
    assert!(post.html.contains("the truth") && !post.html.contains("a lie"));
    // What its server does not have does not exist.
    let invented = note(&good.url("/notes/2"), &mia, "<p>never said</p>", cc);
    assert_eq!(evil.send(&eve, &a.url("/inbox"), &create(&invented)).await, 202);
    a.until_quiet().await;
    assert!(a.find(invented["id"].as_str().unwrap()).await.is_none());
    // Embedded in one's own activity it is no better.
    let mut own = create(&invented);
    own["actor"] = json!(eve);
    own["id"] = json!(evil.url("/c/1"));
    assert_eq!(evil.send(&eve, &a.url("/inbox"), &own).await, 202);
    a.until_quiet().await;
    assert!(a.find(invented["id"].as_str().unwrap()).await.is_none());
}

async fn documents(kind: Kind) {
    let (a, _, _, good, evil) = scene(kind).await;
    let mia = good.person("mia");
    let remote = a.ctx().remote().unwrap();
    let id = good.url("/notes/1");
    let body = note(&id, &mia, "text", json!({})).to_string();
    for mime in
        ["image/png", "application/json", "text/plain", "application/octet-stream", "text/html", "application/ld+json"]
    {
        good.put("/notes/1", 200, mime, &body);
        assert!(remote.resolve_url(&format!("{id}?{}", mime.len())).await.is_err(), "{mime}");
    }
    // Another host's id, an author of another host, an id of ours.
    evil.put("/x", 200, "application/activity+json", &body);
    assert!(remote.resolve_url(&evil.url("/x")).await.is_err());
    let foreign = note(&evil.url("/notes/9"), &mia, "text", json!({}));
    evil.serve(&foreign);
    assert!(remote.resolve_url(&evil.url("/notes/9")).await.is_err());
    let ours = note(&a.url("/posts/1"), &a.url("/people/ada"), "text", json!({}));
    evil.put("/y", 200, "application/activity+json", &ours.to_string());
    assert!(remote.resolve_url(&evil.url("/y")).await.is_err());
    // Another spelling at the same host is asked once more under its own name.
    good.put("/notes/1", 200, "application/activity+json", &body);
    good.put("/pages/1", 200, "application/activity+json", &body);
    assert!(remote.resolve_url(&good.url("/pages/1")).await.is_ok());
    assert!(a.find(&id).await.is_some());
}

async fn others(kind: Kind) {
    let (a, ada, group, good, evil) = scene(kind).await;
    let (mia, eve) = (good.person("mia"), evil.person("eve"));
    let post = a.post(&ada, &group, PostKind::Message, "", "Ours").await;
    let hers = note(&good.url("/notes/1"), &mia, "<p>hers</p>", json!({"inReplyTo": post.uri, "cc": [group.uri]}));
    assert_eq!(good.send(&mia, &a.url("/inbox"), &create(&hers)).await, 202);
    a.until_published(hers["id"].as_str().unwrap()).await;
    let ada_uri = a.url("/people/ada");
    let on_us = note(&a.url("/posts/424242"), &ada_uri, "forged", json!({}));
    let mut update = hers.clone();
    update["content"] = json!("<p>changed by eve</p>");
    update["updated"] = json!("2026-11-22T23:00:00Z");
    let attacks: Vec<Value> = vec![
        activity("Delete", &evil.url("/1"), &eve, json!(post.uri)),
        activity("Delete", &evil.url("/2"), &eve, hers["id"].clone()),
        activity("Update", &evil.url("/3"), &eve, update),
        activity("Create", &evil.url("/4"), &eve, on_us.clone()),
        activity("Undo", &evil.url("/5"), &eve, json!({"type": "Follow", "actor": ada_uri, "object": group.uri})),
        activity("Accept", &evil.url("/6"), &eve, json!({"type": "Follow", "actor": ada_uri, "object": mia})),
        activity("Lock", &evil.url("/7"), &eve, json!(post.uri)),
        activity("Block", &evil.url("/8"), &eve, json!(ada_uri)),
        {
            let mut add = activity("Add", &evil.url("/9"), &eve, json!(eve));
            add["target"] = json!(format!("{}/moderators", group.uri));
            add
        },
        {
            let mut block = activity("Block", &evil.url("/10"), &eve, json!(ada_uri));
            block["target"] = json!(group.uri);
            block
        },
        activity(
            "Announce",
            &evil.url("/11"),
            &eve,
            activity("Delete", &a.url("/activities/1"), &ada_uri, json!(post.uri)),
        ),
    ];
    for attack in &attacks {
        assert_eq!(evil.send(&eve, &a.url("/inbox"), attack).await, 202, "{attack}");
    }
    // And in the name of one of ours: refused at the door.
    let forged = activity("Delete", &a.url("/activities/1"), &ada_uri, json!(post.uri));
    assert_eq!(evil.send(&eve, &a.url("/inbox"), &forged).await, 401);
    a.until_quiet().await;
    assert_eq!(a.find(&post.uri).await.unwrap().state, PostState::Published);
    assert!(!a.find(&post.uri).await.unwrap().locked);
    assert!(a.find(hers["id"].as_str().unwrap()).await.unwrap().html.contains("hers"));
    assert!(a.find(on_us["id"].as_str().unwrap()).await.is_none());
    a.until_state(&ada, &group, Some(FollowState::Accepted)).await;
    let (_, moderators) = a.get(&format!("{}/moderators", group.uri)).await;
    assert_eq!(moderators["orderedItems"], json!([ada_uri]));
}

async fn profiles(kind: Kind) {
    let (a, ada, _, good, evil) = scene(kind).await;
    let mia = good.person("mia");
    let group_uri = evil.actor("Group", "trap", json!({}));
    let trap = a.resolve("trap", &evil.host).await;
    kring::services::follows::request(a.ctx(), &ada, trap.id, "").await.unwrap();
    let follow = evil.until_received("Follow", |v| v["type"] == "Follow").await;
    assert_eq!(
        evil.send(&group_uri, &a.url("/inbox"), &activity("Accept", &evil.url("/a"), &group_uri, follow)).await,
        202
    );
    a.until_state(&ada, &trap, Some(FollowState::Accepted)).await;
    a.resolve("mia", &good.host).await;
    let forged = json!({"@context": "https://www.w3.org/ns/activitystreams", "id": mia, "type": "Person",
        "preferredUsername": "mia", "name": "Hacked", "inbox": evil.url("/steal"), "outbox": format!("{mia}/outbox"),
        "publicKey": {"id": format!("{mia}#main-key"), "owner": mia, "publicKeyPem": evil.key.public_pem().unwrap()}});
    let inner = activity("Update", &good.url("/up/1"), &mia, forged);
    let announce = activity("Announce", &evil.url("/announce/1"), &group_uri, inner);
    assert_eq!(evil.send(&group_uri, &a.url("/inbox"), &announce).await, 202);
    a.until_quiet().await;
    let known = a.resolve("mia", &good.host).await;
    assert_eq!((known.display_name.as_str(), known.inbox.starts_with(&mia)), ("mia", true));
}

async fn strangers(kind: Kind) {
    let (a, ada, group, good, evil) = scene(kind).await;
    let (mia, eve) = (good.person("mia"), evil.person("eve"));
    let cc = json!({"cc": [group.uri], "tag": [{"type": "Mention", "href": group.uri}]});
    let hers = note(&good.url("/notes/1"), &mia, "<p>hers</p>", cc.clone());
    good.serve(&hers);
    assert_eq!(good.send(&mia, &a.url("/inbox"), &create(&hers)).await, 202);
    a.until_published(hers["id"].as_str().unwrap()).await;
    // What evil hands out in the name of somebody at good.
    let forged = note(&good.url("/notes/2"), &mia, "<p>never said</p>", cc);
    let mut said = create(&forged);
    said["id"] = json!(evil.url("/lies/1"));
    let lies = [said, activity("Delete", &evil.url("/lies/2"), &mia, hers["id"].clone())];
    let trap = evil.actor("Group", "trap", json!({}));
    let known = a.resolve("trap", &evil.host).await;
    kring::services::follows::request(a.ctx(), &ada, known.id, "").await.unwrap();
    let follow = evil.until_received("Follow", |v| v["type"] == "Follow").await;
    let accept = activity("Accept", &evil.url("/a"), &trap, follow);
    assert_eq!(evil.send(&trap, &a.url("/inbox"), &accept).await, 202);
    a.until_state(&ada, &known, Some(FollowState::Accepted)).await;
    for (number, lie) in lies.iter().enumerate() {
        evil.serve(lie);
        let pointing = activity("Like", &evil.url(&format!("/likes/{number}")), &mia, lie["id"].clone());
        assert_eq!(evil.send(&eve, &a.url("/inbox"), &pointing).await, 202);
        let announce = activity("Announce", &evil.url(&format!("/announces/{number}")), &trap, lie["id"].clone());
        assert_eq!(evil.send(&trap, &a.url("/inbox"), &announce).await, 202);
    }
    a.until_quiet().await;
    let asked = evil.seen().iter().filter(|seen| seen.path.starts_with("/lies/")).count();
    assert!(asked >= lies.len(), "they were looked at: {asked}");
    assert_eq!(a.find(hers["id"].as_str().unwrap()).await.unwrap().state, PostState::Published);
    assert!(a.find(forged["id"].as_str().unwrap()).await.is_none());
}

async fn forwarded(kind: Kind) {
    let (a, ada, group, good, evil) = scene(kind).await;
    let (mia, eve) = (good.person("mia"), evil.person("eve"));
    let reader = Peer::start("reader", "lemmy").await;
    let lena = reader.person("lena");
    let follow = activity("Follow", &reader.url("/f"), &lena, json!(group.uri));
    assert_eq!(reader.send(&lena, &a.url("/inbox"), &follow).await, 202);
    reader.until_received("Accept", |v| v["type"] == "Accept").await;
    let post = a.post(&ada, &group, PostKind::Message, "", "Ours").await;
    // Somebody else brings a reaction; her own server has it.
    let like = activity("Like", &good.url("/likes/1"), &mia, json!(post.uri));
    good.serve(&like);
    assert_eq!(evil.send(&eve, &a.url("/inbox"), &like).await, 202);
    let passed = reader.until_received("the reaction", |v| v["object"]["type"] == "Like").await;
    assert_eq!(passed["object"]["id"], like["id"]);
    assert_eq!(a.find(&post.uri).await.unwrap().reactions_count, 1);
    // When it comes by itself it is not news.
    assert_eq!(good.send(&mia, &a.url("/inbox"), &like).await, 202);
    a.until_quiet().await;
    let received = reader.received();
    assert_eq!(received.iter().filter(|v| v["object"]["type"] == "Like").count(), 1);
}

/// A thread without end, each post by somebody else and asked for under a name that is not its own.
async fn much(kind: Kind) {
    let (a, _, group, _, evil) = scene(kind).await;
    let eve = evil.person("eve");
    let about = json!({"cc": [group.uri], "tag": [{"type": "Mention", "href": group.uri}]});
    let first = note(&evil.url("/notes/hello"), &eve, "<p>hello</p>", about.clone());
    assert_eq!(evil.send(&eve, &a.url("/inbox"), &create(&first)).await, 202);
    a.until_published(first["id"].as_str().unwrap()).await;
    let asked = || evil.seen().iter().filter(|seen| seen.method == "GET").count();
    let before = asked();
    for n in 1..40 {
        let mut above =
            note(&evil.url(&format!("/notes/{n}")), &evil.person(&format!("eve{n}")), "<p>more</p>", json!({}));
        above["inReplyTo"] = json!(evil.url(&format!("/pages/{}", n + 1)));
        evil.serve(&above);
        evil.put(&format!("/pages/{n}"), 200, "application/activity+json", &above.to_string());
    }
    let mut last = note(&evil.url("/notes/0"), &eve, "<p>an answer</p>", about);
    last["inReplyTo"] = json!(evil.url("/pages/1"));
    assert_eq!(evil.send(&eve, &a.url("/inbox"), &create(&last)).await, 202);
    a.until_quiet().await;
    assert!((30..=50).contains(&(asked() - before)), "{}", asked() - before);
    a.until_published(last["id"].as_str().unwrap()).await;
}
