//! Activities that come twice, late or in another order leave the same behind.

use kring::domain::groups::GroupKind;
use kring::domain::posts::{PostKind, PostState};
use kring::services::follows;
use serde_json::{Value, json};

use super::peer::*;
use super::support::*;
use super::threadiverse::{announce, community};
use crate::sign::Dice;
use crate::support::Kind;

on_each_database! {
    d52_to_d60_any_order_of_what_one_person_does_ends_the_same => person;
    d52_to_d60_any_order_of_what_a_group_passes_on_ends_the_same => group;
}

/// Rounds with an order of their own.
const ROUNDS: usize = 12;

/// All of them once, some twice, in any order.
fn shuffled(all: &[Value], dice: &mut Dice) -> Vec<Value> {
    let mut order: Vec<Value> = all.to_vec();
    for _ in 0..all.len() {
        order.push(all[dice.roll(all.len())].clone());
    }
    for at in (1..order.len()).rev() {
        order.swap(at, dice.roll(at + 1));
    }
    order
}

fn at(minutes: i64) -> String {
    kring::base::Clock::system().now().plus((minutes - 60) * kring::base::Time::MINUTE).to_rfc3339_seconds()
}

fn update(peer: &Peer, id: &str, note: &Value, text: &str, minutes: i64) -> Value {
    let mut changed = note.clone();
    changed["content"] = json!(format!("<p>{text}</p>"));
    changed["updated"] = json!(at(minutes));
    activity("Update", &peer.url(id), note["attributedTo"].as_str().unwrap(), changed)
}

/// A microblog's member writes, changes, likes, shares and takes back.
async fn person(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let club = a.group(&ada, "Local history", GroupKind::Public).await;
    let post = a.post(&ada, &club, PostKind::Message, "", "Hello").await;
    let peer = Peer::start("gamma", "mastodon").await;
    let mia = peer.person("mia");
    let seen = a.resolve("mia", &peer.host).await;
    follows::request(a.ctx(), &ada, seen.id, "").await.unwrap();
    let follow = peer.until_received("Follow", |v| v["type"] == "Follow").await;
    assert_eq!(peer.send(&mia, &a.url("/inbox"), &activity("Accept", &peer.url("/accept"), &mia, follow)).await, 202);
    a.until_quiet().await;
    let mut dice = Dice(7);
    for round in 0..ROUNDS {
        let id = |what: &str| format!("/{what}/{round}");
        let written = note(&peer.url(&id("note")), &mia, "<p>First</p>", json!({"published": at(0)}));
        let gone = note(&peer.url(&id("gone")), &mia, "<p>Gone</p>", json!({"published": at(0)}));
        let like = activity("Like", &peer.url(&id("like")), &mia, json!(post.uri));
        let share = activity("Announce", &peer.url(&id("share")), &mia, json!(post.uri));
        let all = [
            create(&written),
            update(&peer, &id("update-a"), &written, "Second", 5),
            update(&peer, &id("update-b"), &written, "Third", 10),
            create(&gone),
            update(&peer, &id("update-c"), &gone, "Still here", 20),
            activity("Delete", &peer.url(&id("delete")), &mia, json!({"id": gone["id"], "type": "Tombstone"})),
            activity("Undo", &peer.url(&id("unlike")), &mia, like.clone()),
            like,
            // As some do: the bare id.
            activity("Undo", &peer.url(&id("unshare")), &mia, json!(share["id"])),
            share,
        ];
        for one in shuffled(&all, &mut dice) {
            assert_eq!(peer.send(&mia, &a.url("/inbox"), &one).await, 202);
        }
        let kept = a.until_post(written["id"].as_str().unwrap(), |p| p.html.contains("Third")).await;
        a.until_quiet().await;
        assert_eq!((kept.state, kept.html.as_str()), (PostState::Published, "<p>Third</p>"), "round {round}");
        let gone = a.find(gone["id"].as_str().unwrap()).await.unwrap();
        assert_eq!(gone.state, PostState::Deleted, "round {round}");
        let post = a.find(&post.uri).await.unwrap();
        assert_eq!((post.reactions_count, post.shares_count), (0, 0), "round {round}");
    }
}

/// A community passes on what its members do; each thing in an Announce of its own, which comes twice under two ids.
async fn group(kind: Kind) {
    let (a, _, peer, group_uri, _) = community(kind, json!({})).await;
    let lou = peer.person("lou");
    let mut dice = Dice(11);
    let mut number = 100;
    for round in 0..ROUNDS {
        let id = |what: &str| format!("/{what}/{round}");
        let public = json!(["https://www.w3.org/ns/activitystreams#Public", group_uri]);
        let more = json!({"to": public, "audience": group_uri, "published": at(0), "name": "Title"});
        let written = note(&peer.url(&id("note")), &lou, "<p>First</p>", more.clone());
        let gone = note(&peer.url(&id("gone")), &lou, "<p>Gone</p>", more);
        let first = [create(&written), create(&gone)];
        let like = activity("Like", &peer.url(&id("like")), &lou, written["id"].clone());
        let rest = [
            update(&peer, &id("update-a"), &written, "Second", 5),
            update(&peer, &id("update-b"), &written, "Third", 10),
            activity("Delete", &peer.url(&id("delete")), &lou, gone["id"].clone()),
            activity("Undo", &peer.url(&id("unlike")), &lou, like.clone()),
            like,
        ];
        // What is liked is there: votes on posts never seen are left alone.
        let mut order = shuffled(&first, &mut dice);
        order.extend(shuffled(&[&rest[..], &first[..]].concat(), &mut dice));
        for inner in order {
            number += 1;
            assert_eq!(
                peer.send(&group_uri, &a.url("/inbox"), &announce(&peer, number, &group_uri, &inner)).await,
                202
            );
        }
        let kept = a.until_post(written["id"].as_str().unwrap(), |p| p.html.contains("Third")).await;
        a.until_quiet().await;
        assert_eq!((kept.html.as_str(), kept.state), ("<p>Third</p>", PostState::Published), "round {round}");
        assert_eq!(a.find(&kept.uri).await.unwrap().reactions_count, 0, "round {round}");
        assert_eq!(a.find(gone["id"].as_str().unwrap()).await.unwrap().state, PostState::Deleted, "round {round}");
    }
}
