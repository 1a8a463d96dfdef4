//! The host of a closed group is its only door: who joins later reads there what was written, with the files, although its
//! author's server is away; and nobody else does.

use kring::domain::Viewer;
use kring::domain::actors::Actor;
use kring::domain::groups::{FollowState, GroupKind};
use kring::domain::media::MediaPurpose;
use kring::domain::posts::{Post, PostKind, PostState};
use kring::services::posts::{self, PostForm};
use kring::services::{backfill, follows, media};
use serde_json::Value;
use url::Url;

use super::closed::admit;
use super::peer::*;
use super::support::*;
use crate::support::{Kind, PNG};

on_each_database! {
    g3_a_newcomer_reads_history_and_files_while_the_authors_server_is_away => newcomer;
    g3_what_the_host_made_up_is_not_believed => made_up;
}

fn at_outbox(group: &Actor, name: &str, value: &str) -> String {
    Url::parse_with_params(&format!("{}/outbox", group.uri), [(name, value)]).unwrap().into()
}

struct Written {
    post: Post,
    comment: Post,
    gone: Post,
    answer: Post,
}

/// What Bob and Ada wrote in a group at `a` before `b` went away: a post with a picture, changed afterwards, with an answer by
/// each; and one that he deleted.
async fn write(a: &Kring, ada: &Viewer, b: &Kring, bob: &Viewer, at_b: &Actor) -> Written {
    let bytes = bytes::Bytes::from_static(PNG);
    let file = media::upload(b.ctx(), bob, bytes, "image/png", "x.png", "A chart", MediaPurpose::Post).await.unwrap();
    let form = PostForm { group: Some(at_b.id), media: vec![file.id], ..PostForm::new(PostKind::Message, "From B") };
    let post = b.publish(bob, form).await;
    b.until_published(&post.uri).await;
    let comment = b.comment(bob, post.id, "One more thing").await;
    let gone = b.post(bob, at_b, PostKind::Message, "", "A mistake").await;
    let better = PostForm { media: vec![file.id], ..PostForm::new(PostKind::Message, "From B, and better") };
    posts::edit(b.ctx(), bob, post.id, better).await.unwrap();
    let at_a = a.until_post(&post.uri, |post| post.html.contains("better")).await;
    a.until_published(&comment.uri).await;
    a.until_published(&gone.uri).await;
    let answer = a.comment(ada, at_a.id, "Thank you").await;
    posts::delete(b.ctx(), bob, gone.id).await.unwrap();
    a.until_post(&gone.uri, |post| post.state == PostState::Deleted).await;
    let kept = format!("SELECT count(*) AS n FROM media WHERE post_id = {} AND key IS NOT NULL", at_a.id);
    until("a copy", async || (a.app.count(&kept).await == 1).then_some(())).await;
    b.until_published(&answer.uri).await;
    Written { post, comment, gone, answer }
}

async fn newcomer(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let (c, stranger) = (Kring::start("gamma", kind).await, Peer::start("delta", "kring").await);
    let (ada, bob, cas) = (a.quiet_person("Ada").await, b.person("Bob").await, c.quiet_person("Cas").await);
    let bea = b.person("Bea").await;
    let group = a.group(&ada, "Care team", GroupKind::Private).await;
    let at_b = b.resolve("care_team", &a.host).await;
    admit(&a, &ada, &group, &b, &bob, &at_b).await;
    admit(&a, &ada, &group, &b, &bea, &at_b).await;
    let written = write(&a, &ada, &b, &bob, &at_b).await;
    let by_bea = b.post(&bea, &at_b, PostKind::Message, "", "From somebody else").await;
    a.until_published(&by_bea.uri).await;
    // C has met Bob, and so has his keys; Bea it has not.
    c.resolve("bob", &b.host).await;
    b.until_quiet().await;
    let away = b.app.go_down().await;

    let at_c = c.resolve("care_team", &a.host).await;
    admit(&a, &ada, &group, &c, &cas, &at_c).await;
    backfill::group(c.ctx(), &cas, &at_c).await;
    c.until_quiet().await;
    let here = c.until_post(&written.post.uri, |post| post.html.contains("better")).await;
    backfill::thread(c.ctx(), &cas, &here).await;
    c.until_quiet().await;
    for answer in [&written.comment, &written.answer] {
        assert_eq!(c.until_published(&answer.uri).await.root_id, here.id, "{kind:?}");
    }
    let view = c.view(&cas, here.id).await.unwrap();
    let picture = media::open(c.ctx(), &cas, view.media[0].id, false).await.unwrap();
    assert_eq!((picture.mime.as_str(), picture.public), ("image/png", false), "{kind:?}");
    assert!(c.find(&written.gone.uri).await.is_none(), "{kind:?}: what was deleted is told by nobody");
    // Who was never met cannot be believed before their server speaks.
    assert!(c.find(&by_bea.uri).await.is_none(), "{kind:?}");

    nobody_else(&a, &ada, &group, &stranger, &c, &cas, &at_c, &written).await;
    drop(away);
}

/// A stranger, nobody in particular, and who was a member before: none of them has it from the door.
#[allow(clippy::too_many_arguments)]
async fn nobody_else(
    a: &Kring,
    ada: &Viewer,
    group: &Actor,
    stranger: &Peer,
    c: &Kring,
    cas: &Viewer,
    at_c: &Actor,
    written: &Written,
) {
    let at_a = a.find(&written.post.uri).await.unwrap();
    let file = a.view(ada, at_a.id).await.unwrap().media[0].remote_url.clone().unwrap();
    let file = Url::parse_with_params(&format!("{}/file", group.uri), [("object", &written.post.uri), ("url", &file)])
        .unwrap();
    let urls = [
        at_outbox(group, "context", &written.post.uri),
        at_outbox(group, "object", &written.post.uri),
        file.to_string(),
    ];
    let eve = stranger.person("eve");
    for url in &urls {
        assert_eq!(stranger.get(&eve, url).await.0, 404, "{url}");
        assert_eq!(get_as(url, "application/activity+json").await.0, 404, "{url}");
    }
    let mut conn = a.ctx().db.read().await.unwrap();
    let member = kring::store::actors::find_by_uri(&mut conn, &c.url("/people/cas")).await.unwrap().unwrap();
    drop(conn);
    follows::reject(a.ctx(), ada, group.id, member.id, "moved away").await.unwrap();
    c.until_state(cas, at_c, None).await;
    let remote = c.ctx().remote().unwrap();
    for url in &urls {
        assert!(remote.fetch_media(url, cas.actor_id(), None).await.is_err(), "{url}");
    }
    // What is in no group, or in another one, is not behind this door for its members either.
    admit(a, ada, group, c, cas, at_c).await;
    let other = a.group(ada, "Board", GroupKind::Private).await;
    let elsewhere = a.post(ada, &other, PostKind::Message, "", "Wages").await;
    let mine = c.ctx().remote().unwrap();
    for (name, uri) in [("object", &elsewhere.uri), ("context", &elsewhere.uri), ("object", &group.uri)] {
        let url = at_outbox(group, name, uri);
        assert!(mine.fetch_media(&url, cas.actor_id(), None).await.is_err(), "{url}");
    }
    for url in &urls {
        assert!(mine.fetch_media(url, cas.actor_id(), None).await.is_ok(), "a member again, at {url}");
    }
    follows::reject(a.ctx(), ada, group.id, member.id, "moved away").await.unwrap();
    c.until_state(cas, at_c, None::<FollowState>).await;
}

/// A host of a group (scripted) that changes a member's words, signs them with its own key, or calls them another's: the author's
/// server is asked, and what that says counts.
async fn made_up(kind: Kind) {
    use kring::federation::sign::{KeyPair, proof};
    use serde_json::json;
    let (c, a) = (Kring::start("gamma", kind).await, Peer::start("alpha", "kring").await);
    let (cas, b) = (c.person("Cas").await, Peer::start("beta", "kring").await);
    let base = a.url("/users/care");
    let group = a.actor("Group", "care", json!({"manuallyApprovesFollowers": true, "kring:groupKind": "private"}));
    let proofs = KeyPair::generate_ed25519().unwrap();
    let bob = b.url("/users/bob");
    let method = json!([{"id": format!("{bob}#ed25519-key"), "type": "Multikey", "controller": bob,
        "publicKeyMultibase": proofs.public_multibase().unwrap()}]);
    b.actor("Person", "bob", json!({"assertionMethod": method}));
    let mia = b.person("mia");
    let at_c = c.resolve("care", &a.host).await;
    follows::request(c.ctx(), &cas, at_c.id, "").await.unwrap();
    let follow = a.until_received("the request", |v| v["type"] == "Follow").await;
    let accept = activity("Accept", &a.url("/accept/1"), &group, follow);
    assert_eq!(a.send(&group, &c.url("/inbox"), &accept).await, 202);
    c.until_state(&cas, &at_c, Some(FollowState::Accepted)).await;

    let written = |n: u32, author: &str, text: &str| {
        let more = json!({"to": [group, format!("{group}/followers")], "cc": [], "audience": group});
        create(&note(&b.url(&format!("/notes/{n}")), author, &format!("<p>{text}</p>"), more))
    };
    let now = c.ctx().now();
    let prove = |mut activity: Value, keys: &KeyPair| {
        activity["@context"] =
            json!(["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2"]);
        proof::sign(activity, keys, &format!("{bob}#ed25519-key"), now).unwrap()
    };
    let honest = prove(written(1, &bob, "As he wrote it"), &proofs);
    let mut changed = prove(written(2, &bob, "As he wrote it"), &proofs);
    b.serve(&changed["object"].clone());
    changed["object"]["content"] = json!("<p>As the host has it</p>");
    let own_key = prove(written(3, &bob, "By another key"), &KeyPair::generate_ed25519().unwrap());
    // Bob's proof around words that are said to be Mia's.
    let mut anothers = written(4, &bob, "In another's name");
    anothers["object"]["attributedTo"] = json!(mia);
    let anothers = prove(anothers, &proofs);
    let bare = written(5, &bob, "Without a proof");
    let items: Vec<Value> = [&bare, &anothers, &own_key, &changed, &honest]
        .iter()
        .enumerate()
        .map(|(n, create)| super::threadiverse::announce(&a, 10 + n as u32, &group, create))
        .collect();
    a.serve(&json!({"id": format!("{base}/outbox"), "type": "OrderedCollection", "orderedItems": items}));
    backfill::group(c.ctx(), &cas, &at_c).await;
    c.until_quiet().await;
    let text = async |n: u32| c.find(&b.url(&format!("/notes/{n}"))).await.map(|post| post.html);
    assert_eq!(text(1).await.as_deref(), Some("<p>As he wrote it</p>"), "{kind:?}");
    assert_eq!(text(2).await.as_deref(), Some("<p>As he wrote it</p>"), "{kind:?}");
    for n in [3, 4, 5] {
        assert_eq!(text(n).await, None, "{kind:?} {n}");
    }
    let asked = |n: u32| b.seen().iter().filter(|s| s.method == "GET" && s.path == format!("/notes/{n}")).count();
    assert_eq!(asked(1), 0, "{kind:?}: nobody is asked what is proven");
    assert!((2..=5).all(|n| asked(n) > 0), "{kind:?}");
}
