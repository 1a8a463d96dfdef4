//! What real servers sent each other (`tests/fixtures/peers`), received by an instance that stands where it was sent to.
//!
//! An instance has other addresses for its people, groups and posts than the software that these were sent to. Where a
//! message names one of these, and where it names the host of a sender, which here is a scripted peer that serves the captured
//! documents, the address is put in its place in the text; nothing else is changed. It is then signed anew, by a key that
//! stands in the captured document of its sender, under the same key id. That the signatures themselves hold is
//! seen in `sign::captured`; those that were sent to a path that we have too are taken as they are in `as_sent`.

use std::sync::Mutex;

use kring::base::*;
use kring::domain::Viewer;
use kring::domain::actors::{Actor, ActorKind};
use kring::domain::groups::{FollowState, GroupKind};
use kring::domain::posts::{Post, PostKind, PostState, ReactionKind};
use kring::federation::sign::cavage;
use kring::services::ctx::Resolved;
use kring::services::posts::{self, PostForm};
use kring::services::{follows, groups};
use kring::store;
use serde_json::{Value, json};
use url::Url;

use super::peer::*;
use super::support::*;
use crate::fixtures::exchanges;
use crate::support::Kind;

on_each_database! {
    captured_messages_of_gotosocial_to_a_follower_are_received => alice_to_bob;
    captured_messages_of_gotosocial_to_an_author_are_received => bob_to_alice;
    captured_messages_of_lemmy_are_received => lemmy_to_bob;
    captured_messages_of_nodebb_are_received => nodebb_to_bob;
    captured_messages_to_groups_and_others_are_received => to_others;
}

/// Where each is received, its file, and what becomes of it. Who stands at a place asserts that it had all of them.
const TABLE: &[(&str, &str, &str)] = &[
    ("alice to bob", "gotosocial-0.20.0rc1-send-accept-follow", "Bob follows Alice"),
    (
        "alice to bob",
        "gotosocial-0.20.0rc1-send-create-note",
        "her post is at his home, and he is told that it names him",
    ),
    ("alice to bob", "gotosocial-0.20.0rc1-send-update-note", "it has its new words"),
    ("alice to bob", "gotosocial-0.20.0rc1-send-create-note-3", "another is at his home"),
    ("alice to bob", "gotosocial-0.20.0rc1-send-delete-2", "that is gone"),
    ("alice to bob", "gotosocial-0.20.0rc1-send-update-person", "she has her new name"),
    ("alice to bob", "gotosocial-0.20.0rc1-send-accept-follow-2", "Bob, who had left, follows again"),
    ("bob to alice", "gotosocial-0.20.0rc1-send-follow", "it is accepted"),
    ("bob to alice", "gotosocial-0.20.0rc1-send-create-note-2", "an answer under her post, of which she is told"),
    ("bob to alice", "gotosocial-0.20.0rc1-send-like", "counted"),
    ("bob to alice", "gotosocial-0.20.0rc1-send-announce", "counted"),
    ("bob to alice", "gotosocial-0.20.0rc1-send-undo-like", "not counted any more"),
    ("bob to alice", "gotosocial-0.20.0rc1-send-undo-announce", "not counted any more"),
    ("bob to alice", "gotosocial-0.20.0rc1-send-delete", "the answer is gone"),
    ("bob to alice", "gotosocial-0.20.0rc1-send-undo-follow", "he is no follower"),
    ("bob to alice", "gotosocial-0.20.0rc1-send-follow-2", "it is accepted"),
    ("lemmy to bob", "lemmy-0.19.20-send-accept-follow", "Bob is in the group"),
    ("lemmy to bob", "lemmy-0.19.20-send-announce-create-page", "a post in the group"),
    ("lemmy to bob", "lemmy-0.19.20-send-announce-page", "the same post"),
    ("lemmy to bob", "lemmy-0.19.20-send-announce-like", "counted"),
    ("lemmy to bob", "lemmy-0.19.20-send-announce-create-note", "a comment under it"),
    ("lemmy to bob", "lemmy-0.19.20-send-announce-dislike", "not counted: there are no votes down"),
    ("lemmy to bob", "lemmy-0.19.20-send-announce-update-page", "the post has its new words"),
    ("lemmy to bob", "lemmy-0.19.20-send-announce-page-2", "and keeps them"),
    ("lemmy to bob", "lemmy-0.19.20-send-announce-create-note-2", "what Bob wrote waits no longer, in his own words"),
    ("lemmy to bob", "lemmy-0.19.20-send-announce-note", "the same post"),
    ("lemmy to bob", "lemmy-0.19.20-send-announce-like-2", "Bob's own thanks come back, and are counted once"),
    ("lemmy to bob", "lemmy-0.19.20-send-announce-add", "pinned"),
    ("lemmy to bob", "lemmy-0.19.20-send-announce-lock", "locked"),
    ("lemmy to bob", "lemmy-0.19.20-send-announce-delete", "the comment is gone"),
    ("lemmy to bob", "lemmy-0.19.20-send-announce-create-page-2", "a second post"),
    ("lemmy to bob", "lemmy-0.19.20-send-announce-page-3", "the same post"),
    ("lemmy to bob", "lemmy-0.19.20-send-announce-delete-2", "it is gone"),
    ("lemmy to bob", "lemmy-0.19.20-send-announce-create-page-3", "a third post"),
    ("lemmy to bob", "lemmy-0.19.20-send-announce-delete-3", "it is gone"),
    ("nodebb to bob", "nodebb-4.9.2-send-accept-follow", "Bob is in the category"),
    ("nodebb to bob", "nodebb-4.9.2-send-announce-create-note", "a post in it"),
    ("nodebb to bob", "nodebb-4.9.2-send-announce-note", "the same post"),
    ("nodebb to bob", "nodebb-4.9.2-send-announce-create-note-2", "a comment under it"),
    ("nodebb to bob", "nodebb-4.9.2-send-announce-create-note-3", "what Bob wrote waits no longer"),
    ("nodebb to bob", "nodebb-4.9.2-send-announce-note-2", "the same post"),
    ("nodebb to bob", "nodebb-4.9.2-send-announce-like-note", "Bob's own thanks come back, and are counted once"),
    ("nodebb to bob", "nodebb-4.9.2-send-announce-update-note", "the post has its new words"),
    ("nodebb to bob", "nodebb-4.9.2-send-update-note", "and keeps them"),
    ("to others", "gotosocial-0.20.0rc1-send-follow-3", "a group accepts it"),
    ("to others", "gotosocial-0.20.0rc1-send-like-2", "a post in the group is thanked for"),
    ("to others", "gotosocial-0.20.0rc1-send-undo-follow-2", "a group has a member less"),
    ("to others", "gotosocial-0.20.0rc1-send-undo-follow-3", "and again"),
    ("to others", "gotosocial-0.20.0rc1-send-like-3", "a post of a person is thanked for"),
];

/// After the last of them.
const THEN: &str = "2026-11-22T16:20:00Z";

#[test]
fn every_captured_message_has_its_place() {
    let mut sent: Vec<String> = messages().into_iter().map(|(name, _)| name).collect();
    let mut placed: Vec<&str> = TABLE.iter().map(|(_, file, _)| *file).collect();
    sent.sort();
    placed.sort();
    assert_eq!(sent, placed);
}

pub fn messages() -> Vec<(String, Value)> {
    let name = |path: &str| path.rsplit('/').next().unwrap().trim_end_matches(".json").to_owned();
    let all = exchanges().into_iter().filter(|(_, e)| e["kind"] == "activity delivered to an inbox");
    all.map(|(path, exchange)| (name(&path), exchange)).collect()
}

pub fn header(exchange: &Value, name: &str) -> String {
    let pairs = exchange["request_headers"].as_array().unwrap();
    let found = pairs.iter().find(|pair| pair[0].as_str().unwrap().eq_ignore_ascii_case(name));
    found.map(|pair| pair[1].as_str().unwrap().to_owned()).unwrap_or_default()
}

pub fn key_id(exchange: &Value) -> String {
    let signature = header(exchange, "signature");
    signature.split("keyId=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

/// Puts a key in the place of every captured one.
fn with_key(value: &mut Value, pem: &str) {
    match value {
        Value::Object(members) => {
            if let Some(key) = members.get_mut("publicKeyPem") {
                *key = json!(pem);
            }
            members.values_mut().for_each(|member| with_key(member, pem));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| with_key(item, pem)),
        _ => {}
    }
}

/// An instance at a place, and scripted peers with the captured documents of the servers that sent to it.
struct Stage {
    place: &'static str,
    a: Kring,
    clock: Clock,
    peers: Vec<(&'static str, Peer)>,
    /// What stands in captured texts, and what is put there.
    names: Mutex<Vec<(String, String)>>,
    delivered: Mutex<Vec<String>>,
    messages: Vec<(String, Value)>,
}

impl Stage {
    async fn new(kind: Kind, place: &'static str, here: &str, senders: &[(&'static str, &str)]) -> Self {
        let clock = Clock::fixed(Time::parse_rfc3339(THEN).unwrap());
        let a = Kring::at(&clock, "alpha", kind).await;
        let mut stage = Self {
            place,
            peers: Vec::new(),
            names: Mutex::new(vec![(format!("https://{here}"), a.url("")), (here.to_owned(), a.host.clone())]),
            delivered: Mutex::default(),
            messages: messages(),
            clock,
            a,
        };
        for (host, software) in senders {
            let peer = Peer::start(host.split('.').next().unwrap(), software).await;
            stage.named(&format!("https://{host}"), &peer.url(""));
            stage.named(host, &peer.host);
            stage.peers.push((host, peer));
        }
        for (_, exchange) in exchanges() {
            let fetched = exchange["kind"] == "document fetched" && exchange["status"] == 200;
            let host = exchange["host"].as_str().unwrap();
            let target = exchange["target"].as_str().unwrap();
            if fetched && exchange["response_body"]["type"].is_string() && stage.peers.iter().any(|(h, _)| *h == host) {
                stage.serve(host, target, &exchange["response_body"]);
            }
        }
        stage
    }

    fn named(&self, theirs: &str, ours: &str) {
        self.names.lock().unwrap().push((theirs.to_owned(), ours.to_owned()));
    }

    /// A captured text with our addresses in it. The longest name comes first: others are parts of it.
    fn here(&self, text: &str) -> String {
        let mut names = self.names.lock().unwrap().clone();
        names.sort_by_key(|(theirs, _)| std::cmp::Reverse(theirs.len()));
        names.iter().fold(text.to_owned(), |text, (theirs, ours)| text.replace(theirs.as_str(), ours))
    }

    fn peer(&self, host: &str) -> &Peer {
        &self.peers.iter().find(|(h, _)| *h == host).unwrap_or_else(|| panic!("no {host}")).1
    }

    /// Serves a captured document, as its server has it from now on.
    fn serve(&self, host: &str, path: &str, captured: &Value) {
        let peer = self.peer(host);
        let mut document: Value = serde_json::from_str(&self.here(&captured.to_string())).unwrap();
        with_key(&mut document, &peer.key.public_pem().unwrap());
        let status = if document["type"] == "Tombstone" { 410 } else { 200 };
        peer.put(path, status, "application/activity+json", &document.to_string());
    }

    fn message(&self, file: &str) -> &Value {
        &self.messages.iter().find(|(name, _)| name == file).unwrap_or_else(|| panic!("no {file}")).1
    }

    /// Delivers a captured message.
    async fn deliver(&self, file: &str) {
        let message = self.message(file);
        let body = self.here(message["request_body_raw"].as_str().unwrap());
        self.delivered.lock().unwrap().push(file.to_owned());
        self.send(file, message, body).await;
        self.a.until_quiet().await;
    }

    /// What it sends is signed as that message was, and has the same kind of content.
    async fn send(&self, file: &str, like: &Value, body: String) {
        let sender = Url::parse(like["sender"].as_str().unwrap()).unwrap();
        let peer = self.peer(sender.host_str().unwrap());
        let inbox = match like["target"].as_str().unwrap().trim_end_matches('/') {
            "/inbox" => self.a.url("/inbox"),
            target => self.here(&format!("https://{}{target}", like["host"].as_str().unwrap())),
        };
        let mut body: Value = serde_json::from_str(&body).unwrap();
        // Some write a key into what they send.
        with_key(&mut body, &peer.key.public_pem().unwrap());
        let (url, key, body) = (Url::parse(&inbox).unwrap(), self.here(&key_id(like)), body.to_string().into_bytes());
        let signed = cavage::sign(&peer.key, &key, "POST", &url, Some(&body), self.clock.now(), false).unwrap();
        let status = peer.post(&url, signed.into_iter().collect(), body, &header(like, "content-type")).await;
        assert_eq!(status, 202, "{file}");
    }

    async fn actor(&self, uri: &str) -> Actor {
        let found = self.a.ctx().remote().unwrap().resolve_url(&self.here(uri)).await;
        let Ok(Resolved::Actor(actor)) = found else { panic!("{uri}: {:?}", found.err()) };
        *actor
    }

    async fn published(&self, uri: &str) -> Post {
        self.a.until_published(&self.here(uri)).await
    }

    /// Somebody here follows, and the captured answer comes to that.
    async fn follows(&self, who: &Viewer, host: &str, whom: &Actor, captured: &str, answer: &str) {
        let before = self.peer(host).received().len();
        follows::request(self.a.ctx(), who, whom.id, "").await.unwrap();
        let follow = until("a Follow", async || {
            self.peer(host).received().into_iter().skip(before).find(|v| v["type"] == "Follow")
        })
        .await;
        assert_eq!(follow["object"].as_str(), Some(whom.uri.as_str()));
        self.named(captured, follow["id"].as_str().unwrap());
        self.deliver(answer).await;
        self.a.until_state(who, whom, Some(FollowState::Accepted)).await;
    }

    /// The state of a follow of somebody there.
    async fn follower(&self, uri: &str, whom: ActorId) -> Option<FollowState> {
        let mut conn = self.a.ctx().db.read().await.unwrap();
        let actor = store::actors::find_by_uri(&mut conn, &self.here(uri)).await.unwrap()?;
        store::groups::find_follow(&mut conn, actor.id, whom).await.unwrap().map(|follow| follow.state)
    }

    /// It is on the page and in the app of somebody here, in these words.
    async fn shows(&self, who: &Viewer, post: &Post, words: &str) {
        let view = self.a.view(who, post.id).await.unwrap();
        assert!(view.post.html.contains(words), "{}", view.post.html);
        let status = self.a.phone(who).await.get(&format!("/api/v1/statuses/{}", post.id)).await.ok().json();
        assert!(status["content"].as_str().unwrap().contains(words), "{status}");
    }

    async fn is_gone(&self, who: &Viewer, uri: &str) {
        let uri = self.here(uri);
        let post = self.a.until_post(&uri, |p| matches!(p.state, PostState::Deleted | PostState::Removed)).await;
        self.a.phone(who).await.get(&format!("/api/v1/statuses/{}", post.id)).await.status(404);
    }

    async fn count(&self, uri: &str) -> (i64, i64) {
        let post = self.a.find(&self.here(uri)).await.unwrap();
        (post.reactions_count, post.shares_count)
    }

    async fn posts(&self) -> i64 {
        self.a.app.count("SELECT count(*) AS n FROM posts").await
    }

    fn has_all(&self) {
        let mut delivered = self.delivered.lock().unwrap().clone();
        let mut wanted: Vec<&str> =
            TABLE.iter().filter(|(place, ..)| *place == self.place).map(|(_, file, _)| *file).collect();
        delivered.sort();
        wanted.sort();
        assert_eq!(delivered, wanted);
    }
}

const ALICE: &str = "https://gts1.test/users/alice";
const BOB: &str = "https://gts2.test/users/bob";

/// Bob, at the place where what was sent to him arrives.
async fn bob(kind: Kind, place: &'static str, senders: &[(&'static str, &str)]) -> (Stage, Viewer) {
    let s = Stage::new(kind, place, "gts2.test", senders).await;
    let bob = s.a.person("Bob").await;
    for address in [BOB, "https://gts2.test/@bob"] {
        s.named(address, &s.a.url("/people/bob"));
    }
    (s, bob)
}

async fn alice_to_bob(kind: Kind) {
    let (s, bob) = bob(kind, "alice to bob", &[("gts1.test", "gotosocial")]).await;
    let alice = s.actor(ALICE).await;
    let captured = format!("{BOB}/follow/01MW633R1BBJJ9W4JWHF9C9563");
    s.follows(&bob, "gts1.test", &alice, &captured, "gotosocial-0.20.0rc1-send-accept-follow").await;
    let first = format!("{ALICE}/statuses/01M81ZFAQC56VRPC6NSF80CZRG");
    s.deliver("gotosocial-0.20.0rc1-send-create-note").await;
    let post = s.published(&first).await;
    assert_eq!((post.kind, post.author_id), (PostKind::Message, alice.id));
    s.shows(&bob, &post, "Hello from alice").await;
    let phone = s.a.phone(&bob).await;
    let notices = phone.get("/api/v1/notifications").await.ok().json();
    assert_eq!((&notices[0]["type"], &notices[0]["status"]["id"]), (&json!("mention"), &json!(post.id.to_string())));
    let home = phone.get("/api/v1/timelines/home").await.ok().json();
    assert_eq!(home[0]["id"], post.id.to_string());
    s.deliver("gotosocial-0.20.0rc1-send-update-note").await;
    let edited = s.a.until_post(&post.uri, |p| p.edited_at.is_some()).await;
    s.shows(&bob, &edited, "Hello edited from alice").await;
    s.deliver("gotosocial-0.20.0rc1-send-create-note-3").await;
    let second = format!("{ALICE}/statuses/01M81ZFMNXHKP004AP8GCJPWEC");
    let post = s.published(&second).await;
    s.shows(&bob, &post, "to be deleted").await;
    s.deliver("gotosocial-0.20.0rc1-send-delete-2").await;
    s.is_gone(&bob, &second).await;
    let update = "gotosocial-0.20.0rc1-send-update-person";
    s.serve("gts1.test", "/users/alice", &s.message(update)["request_body"]["object"]);
    s.deliver(update).await;
    until("her new name", async || {
        let found = store::actors::get(&mut s.a.ctx().db.read().await.unwrap(), alice.id).await.unwrap();
        (found.display_name == "Alice the Librarian").then_some(())
    })
    .await;
    follows::leave(s.a.ctx(), &bob, alice.id).await.unwrap();
    s.peer("gts1.test").until_received("the end of it", |v| v["type"] == "Undo").await;
    let captured = format!("{BOB}/follow/01PYNYTKBN5GE6048PEQFMNV4K");
    s.follows(&bob, "gts1.test", &alice, &captured, "gotosocial-0.20.0rc1-send-accept-follow-2").await;
    s.has_all();
}

async fn bob_to_alice(kind: Kind) {
    let s = Stage::new(kind, "bob to alice", "gts1.test", &[("gts2.test", "gotosocial")]).await;
    let alice = s.a.person("Alice").await;
    for address in [ALICE, "https://gts1.test/@alice"] {
        s.named(address, &s.a.url("/people/alice"));
    }
    let post = s.a.publish(&alice, PostForm::new(PostKind::Message, "Hello")).await;
    s.named(&format!("{ALICE}/statuses/01M81ZFAQC56VRPC6NSF80CZRG"), &post.uri);
    let me = alice.member_id().unwrap();
    let accepted = async |id: &str| {
        let id = s.here(id);
        s.peer("gts2.test")
            .until_received("Accept", |v| v["type"] == "Accept" && v["object"]["id"] == id.as_str())
            .await;
        assert_eq!(s.follower(BOB, me).await, Some(FollowState::Accepted));
    };
    s.deliver("gotosocial-0.20.0rc1-send-follow").await;
    accepted(&format!("{BOB}/follow/01MW633R1BBJJ9W4JWHF9C9563")).await;
    s.deliver("gotosocial-0.20.0rc1-send-create-note-2").await;
    let answer = format!("{BOB}/statuses/01M81ZFEPBK2EYXGPRN0VWQ5PC");
    let comment = s.published(&answer).await;
    assert_eq!((comment.kind, comment.parent_id), (PostKind::Comment, Some(post.id)));
    s.shows(&alice, &comment, "alice").await;
    let notices = s.a.phone(&alice).await.get("/api/v1/notifications").await.ok().json();
    assert!(notices.as_array().unwrap().iter().any(|n| n["status"]["id"] == comment.id.to_string()), "{notices}");
    s.deliver("gotosocial-0.20.0rc1-send-like").await;
    s.deliver("gotosocial-0.20.0rc1-send-announce").await;
    s.a.until_post(&post.uri, |p| (p.reactions_count, p.shares_count, p.replies_count) == (1, 1, 1)).await;
    s.deliver("gotosocial-0.20.0rc1-send-undo-like").await;
    s.deliver("gotosocial-0.20.0rc1-send-undo-announce").await;
    s.deliver("gotosocial-0.20.0rc1-send-delete").await;
    s.is_gone(&alice, &answer).await;
    s.a.until_post(&post.uri, |p| (p.reactions_count, p.shares_count, p.replies_count) == (0, 0, 0)).await;
    s.deliver("gotosocial-0.20.0rc1-send-undo-follow").await;
    until("he left", async || s.follower(BOB, me).await.is_none().then_some(())).await;
    s.deliver("gotosocial-0.20.0rc1-send-follow-2").await;
    accepted(&format!("{BOB}/follow/01PYNYTKBN5GE6048PEQFMNV4K")).await;
    s.has_all();
}

/// What Bob writes in a group there goes there, and waits until it comes back as the captured one did.
async fn own(s: &Stage, bob: &Viewer, host: &str, group: &Actor, captured: &str) -> Post {
    let post = s.a.post(bob, group, PostKind::Message, "", "In my own words").await;
    let create = s.peer(host).until_received("it", |v| v["object"]["id"] == post.uri.as_str()).await;
    assert_eq!(s.a.find(&post.uri).await.unwrap().state, PostState::Waiting);
    s.named(&format!("{captured}/activity#Create"), create["id"].as_str().unwrap());
    s.named(captured, &post.uri);
    post
}

/// Bob's thanks go there; the captured ones are these.
async fn thanks(s: &Stage, bob: &Viewer, host: &str, post: &Post, captured: &str) {
    posts::react(s.a.ctx(), bob, post.id, ReactionKind::Thanks, true).await.unwrap();
    let like = s.peer(host).until_received("a Like", |v| v["type"] == "Like").await;
    s.named(captured, like["id"].as_str().unwrap());
}

async fn lemmy_to_bob(kind: Kind) {
    let (s, bob) = bob(kind, "lemmy to bob", &[("lemmy.test", "lemmy")]).await;
    let library = s.actor("https://lemmy.test/c/library").await;
    assert_eq!((library.kind, library.display_name.as_str()), (ActorKind::Group, "The Library"));
    let captured = format!("{BOB}/follow/01H803K337BK46F0ZEP2M8V96K");
    s.follows(&bob, "lemmy.test", &library, &captured, "lemmy-0.19.20-send-accept-follow").await;
    let page = "https://lemmy.test/post/4";
    s.deliver("lemmy-0.19.20-send-announce-create-page").await;
    let post = s.published(page).await;
    assert_eq!((post.title.as_str(), post.group_id), ("First Lemmy post", Some(library.id)));
    s.shows(&bob, &post, "Hello from <strong>lemmy</strong>").await;
    s.deliver("lemmy-0.19.20-send-announce-page").await;
    s.deliver("lemmy-0.19.20-send-announce-like").await;
    s.a.until_post(&post.uri, |p| p.reactions_count == 1).await;
    s.deliver("lemmy-0.19.20-send-announce-create-note").await;
    let comment = s.published("https://lemmy.test/comment/2").await;
    assert_eq!(comment.parent_id, Some(post.id));
    s.shows(&bob, &comment, "local comment").await;
    s.deliver("lemmy-0.19.20-send-announce-dislike").await;
    assert_eq!(s.count("https://lemmy.test/comment/2").await, (0, 0));
    let update = "lemmy-0.19.20-send-announce-update-page";
    s.serve("lemmy.test", "/post/4", &s.message(update)["request_body"]["object"]["object"]);
    s.deliver(update).await;
    let edited = s.a.until_post(&post.uri, |p| p.title == "First Lemmy post (edited)").await;
    s.shows(&bob, &edited, "edited body").await;
    s.deliver("lemmy-0.19.20-send-announce-page-2").await;
    assert_eq!(s.a.find(&post.uri).await.unwrap().html, edited.html);
    let own = own(&s, &bob, "lemmy.test", &library, &format!("{BOB}/statuses/01M820RA60TN468M9YJ27WS3TW")).await;
    assert_eq!(s.posts().await, 3);
    s.deliver("lemmy-0.19.20-send-announce-create-note-2").await;
    let passed_on = s.a.until_published(&own.uri).await;
    s.deliver("lemmy-0.19.20-send-announce-note").await;
    s.shows(&bob, &passed_on, "In my own words").await;
    assert_eq!(s.posts().await, 3);
    // A post that is not among the captured ones stands for the one he thanked for.
    s.named("https://lemmy.test/post/8", &post.uri);
    thanks(&s, &bob, "lemmy.test", &post, &format!("{BOB}/liked/01M820WB4TJAT2JPX475CJW51S")).await;
    s.deliver("lemmy-0.19.20-send-announce-like-2").await;
    assert_eq!(s.count(page).await, (2, 0));
    s.deliver("lemmy-0.19.20-send-announce-add").await;
    s.a.until_post(&post.uri, |p| p.pinned_at.is_some()).await;
    s.deliver("lemmy-0.19.20-send-announce-lock").await;
    s.a.until_post(&post.uri, |p| p.locked).await;
    s.deliver("lemmy-0.19.20-send-announce-delete").await;
    s.is_gone(&bob, "https://lemmy.test/comment/2").await;
    for (number, create, more, delete) in [
        (
            6,
            "lemmy-0.19.20-send-announce-create-page-2",
            Some("lemmy-0.19.20-send-announce-page-3"),
            "lemmy-0.19.20-send-announce-delete-2",
        ),
        (7, "lemmy-0.19.20-send-announce-create-page-3", None, "lemmy-0.19.20-send-announce-delete-3"),
    ] {
        let id = format!("https://lemmy.test/post/{number}");
        let before = s.posts().await;
        s.deliver(create).await;
        let post = s.published(&id).await;
        assert_eq!(post.group_id, Some(library.id));
        if let Some(more) = more {
            s.deliver(more).await;
        }
        assert_eq!(s.posts().await, before + 1);
        // As Lemmy answers for what is gone (the captured one is that of another post).
        s.serve("lemmy.test", &format!("/post/{number}"), &json!({"type": "Tombstone", "id": id}));
        s.deliver(delete).await;
        s.is_gone(&bob, &id).await;
    }
    s.has_all();
}

async fn nodebb_to_bob(kind: Kind) {
    let (s, bob) = bob(kind, "nodebb to bob", &[("nodebb.test", "nodebb")]).await;
    let category = s.actor("https://nodebb.test/category/1").await;
    assert_eq!((category.kind, category.name.as_str()), (ActorKind::Group, "announcements"));
    let captured = format!("{BOB}/follow/01SZZ0VW5KMXE4RJA09RAFFNM2");
    s.follows(&bob, "nodebb.test", &category, &captured, "nodebb-4.9.2-send-accept-follow").await;
    let first = "https://nodebb.test/post/2";
    s.deliver("nodebb-4.9.2-send-announce-create-note").await;
    let post = s.published(first).await;
    assert_eq!((post.title.as_str(), post.group_id), ("Reading group on Monday", Some(category.id)));
    s.shows(&bob, &post, "Bring <strong>a book</strong>. &lt;p&gt;html&lt;/p&gt;").await;
    s.deliver("nodebb-4.9.2-send-announce-note").await;
    assert_eq!(s.posts().await, 1);
    s.deliver("nodebb-4.9.2-send-announce-create-note-2").await;
    let comment = s.published("https://nodebb.test/post/3").await;
    assert_eq!(comment.parent_id, Some(post.id));
    s.shows(&bob, &comment, "A local reply to the topic here").await;
    let own = own(&s, &bob, "nodebb.test", &category, &format!("{BOB}/statuses/01M820863C87JSYKJHTZ4TWER9")).await;
    s.deliver("nodebb-4.9.2-send-announce-create-note-3").await;
    let passed_on = s.a.until_published(&own.uri).await;
    s.deliver("nodebb-4.9.2-send-announce-note-2").await;
    s.shows(&bob, &passed_on, "In my own words").await;
    assert_eq!(s.posts().await, 3);
    thanks(&s, &bob, "nodebb.test", &post, &format!("{BOB}/liked/01M8208DY8G8PPTK3AFVDKT64R")).await;
    s.deliver("nodebb-4.9.2-send-announce-like-note").await;
    assert_eq!(s.count(first).await, (1, 0));
    let update = "nodebb-4.9.2-send-announce-update-note";
    s.serve("nodebb.test", "/post/2", &s.message(update)["request_body"]["object"]["object"]);
    s.deliver(update).await;
    s.deliver("nodebb-4.9.2-send-update-note").await;
    let edited = s.a.until_post(&post.uri, |p| p.edited_at.is_some()).await;
    s.shows(&bob, &edited, "edited text of the nodebb post").await;
    s.has_all();
}

async fn to_others(kind: Kind) {
    let senders = [("gts2.test", "gotosocial"), ("gts1.test", "gotosocial")];
    let s = Stage::new(kind, "to others", "nodebb.test", &senders).await;
    let carol = s.a.person("Carol").await;
    let me = s.a.url("/people/carol");
    let category = groups::create(s.a.ctx(), &carol, group_form("Announcements", GroupKind::Public)).await.unwrap();
    let post = s.a.post(&carol, &category, PostKind::Message, "", "Bring a book").await;
    s.named("https://nodebb.test/category/1", &category.uri);
    s.named("https://nodebb.test/post/2", &post.uri);
    s.named("https://nodebb.test/uid/1", &me);
    s.deliver("gotosocial-0.20.0rc1-send-follow-3").await;
    let id = s.here(&format!("{BOB}/follow/01SZZ0VW5KMXE4RJA09RAFFNM2"));
    let accept = |v: &Value| v["type"] == "Accept" && v["object"]["id"] == id.as_str();
    let accept = s.peer("gts2.test").until_received("Accept", accept).await;
    assert_eq!(accept["actor"].as_str(), Some(category.uri.as_str()));
    s.deliver("gotosocial-0.20.0rc1-send-like-2").await;
    s.a.until_post(&post.uri, |p| p.reactions_count == 1).await;
    // What was undone had been sent before, as it stands inside.
    let library = groups::create(s.a.ctx(), &carol, group_form("Library", GroupKind::Public)).await.unwrap();
    s.named("https://lemmy.test/c/library", &library.uri);
    for file in ["gotosocial-0.20.0rc1-send-undo-follow-2", "gotosocial-0.20.0rc1-send-undo-follow-3"] {
        let undo = s.message(file);
        let mut follow = undo["request_body"]["object"].clone();
        follow["@context"] = undo["request_body"]["@context"].clone();
        s.send(file, undo, s.here(&follow.to_string())).await;
        until("he is in it", async || s.follower(BOB, library.id).await.map(|_| ())).await;
        s.deliver(file).await;
        until("he left", async || s.follower(BOB, library.id).await.is_none().then_some(())).await;
    }
    let own = s.a.publish(&carol, PostForm::new(PostKind::Message, "My own")).await;
    s.named("https://takahe.test/@carol@takahe.test/posts/647363586459640712/", &own.uri);
    s.named("https://takahe.test/@carol@takahe.test/", &me);
    s.deliver("gotosocial-0.20.0rc1-send-like-3").await;
    s.a.until_post(&own.uri, |p| p.reactions_count == 1).await;
    s.has_all();
}
