//! FEP-8b32 proofs in closed groups: a third server believes what the group passes on without asking the author's server,
//! and asks when the proof is missing or wrong. Four servers: the group's, a member's, the author's (scripted, so that it
//! sees what it is asked) and a stranger's, who knows every address.

use kring::domain::Viewer;
use kring::domain::actors::Actor;
use kring::domain::groups::{FollowState, GroupKind};
use kring::domain::media::MediaPurpose;
use kring::domain::posts::PostKind;
use kring::federation::sign::{KeyPair, proof};
use kring::services::posts::PostForm;
use kring::services::{follows, media};
use serde_json::{Value, json};

use super::peer::*;
use super::support::*;
use crate::support::{Kind, PNG};

on_each_database! {
    g3_d12_proofs_spare_asking_and_without_one_the_author_is_asked_in_a_members_name => proven;
    g3_d92_d93_d95_a_removed_member_and_a_stranger_get_404_for_everything => refused;
}

struct Four {
    a: Kring,
    b: Peer,
    c: Kring,
    d: Peer,
    ada: Viewer,
    cas: Viewer,
    bob: String,
    eve: String,
    proofs: KeyPair,
    group: Actor,
}

impl Four {
    /// A private group at `a` with members at `b` (a scripted server that makes proofs) and `c`; `d` has none.
    async fn new(kind: Kind) -> Self {
        let (a, c) = (Kring::start("alpha", kind).await, Kring::start("gamma", kind).await);
        let (b, d) = (Peer::start("beta", "kring").await, Peer::start("delta", "kring").await);
        let (ada, cas) = (a.person("Ada").await, c.person("Cas").await);
        let group = a.group(&ada, "Care team", GroupKind::Private).await;
        let proofs = KeyPair::generate_ed25519().unwrap();
        let id = b.url("/users/bob");
        let method = json!([{"id": format!("{id}#ed25519-key"), "type": "Multikey", "controller": id,
            "publicKeyMultibase": proofs.public_multibase().unwrap()}]);
        let bob = b.actor("Person", "bob", json!({"assertionMethod": method}));
        let eve = d.person("eve");
        let four = Self { a, b, c, d, ada, cas, bob, eve, proofs, group };
        let follow = activity("Follow", &four.b.url("/f/1"), &four.bob, json!(four.group.uri));
        assert_eq!(four.b.send(&four.bob, &four.a.url("/inbox"), &follow).await, 202);
        four.let_in(&four.bob).await;
        four.b.until_received("Accept", |v| v["type"] == "Accept").await;
        let there = four.c.resolve("care_team", &four.a.host).await;
        follows::request(four.c.ctx(), &four.cas, there.id, "").await.unwrap();
        four.let_in(&four.c.url("/people/cas")).await;
        four.c.until_state(&four.cas, &there, Some(FollowState::Accepted)).await;
        four
    }

    async fn let_in(&self, uri: &str) {
        let id = until("the request", async || {
            let mut conn = self.a.ctx().db.read().await.unwrap();
            let actor = kring::store::actors::find_by_uri(&mut conn, uri).await.unwrap()?;
            let follow = kring::store::groups::find_follow(&mut conn, actor.id, self.group.id).await.unwrap()?;
            (follow.state == FollowState::Requested).then_some(actor.id)
        })
        .await;
        follows::accept(self.a.ctx(), &self.ada, self.group.id, id).await.unwrap();
    }

    /// A Create of Bob's in the group, without proof.
    fn create(&self, n: u32, text: &str) -> Value {
        let readers = json!([self.group.uri, format!("{}/followers", self.group.uri)]);
        let more = json!({"to": readers, "cc": [], "audience": self.group.uri});
        create(&note(&self.b.url(&format!("/notes/{n}")), &self.bob, &format!("<p>{text}</p>"), more))
    }

    fn prove(&self, mut activity: Value) -> Value {
        activity["@context"] =
            json!(["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2"]);
        let now = self.a.ctx().now();
        proof::sign(activity, &self.proofs, &format!("{}#ed25519-key", self.bob), now).unwrap()
    }

    async fn send(&self, create: &Value) {
        assert_eq!(self.b.send(&self.bob, &self.a.url("/inbox"), create).await, 202);
    }

    /// How often the author's server was asked for a post, and by whom.
    fn asked(&self, n: u32) -> Vec<String> {
        let path = format!("/notes/{n}");
        self.b.seen().iter().filter(|s| s.method == "GET" && s.path == path).map(|s| s.header("signature")).collect()
    }
}

async fn proven(kind: Kind) {
    let t = Four::new(kind).await;
    let first = t.prove(t.create(1, "Proven"));
    // Its own server does not even have it: nobody needs to ask.
    t.send(&first).await;
    let uri = t.b.url("/notes/1");
    t.a.until_published(&uri).await;
    let here = t.c.until_published(&uri).await;
    assert_eq!(here.html, "<p>Proven</p>");
    assert!(t.asked(1).is_empty(), "{:?}", t.asked(1));
    assert!(t.c.view(&t.cas, here.id).await.is_ok());
    // Without proof it is asked, in the name of a member.
    let second = t.create(2, "Unproven");
    t.b.serve(&second["object"]);
    t.send(&second).await;
    t.c.until_published(&t.b.url("/notes/2")).await;
    let asked = t.asked(2);
    assert_eq!(asked.len(), 1);
    assert!(asked[0].contains(&t.c.url("/people/cas#main-key")), "{asked:?}");
    // A proof of other words is none: what the author's own server says counts.
    let mut third = t.prove(t.create(3, "As it was"));
    t.b.serve(&third["object"].clone());
    third["object"]["content"] = json!("<p>As somebody made it</p>");
    t.send(&third).await;
    let here = t.c.until_published(&t.b.url("/notes/3")).await;
    assert_eq!(here.html, "<p>As it was</p>");
    assert_eq!(t.asked(3).len(), 1);
    // Nor is one with somebody else's key.
    let other = KeyPair::generate_ed25519().unwrap();
    let forged = t.create(4, "Forged");
    let forged = proof::sign(forged, &other, &format!("{}#ed25519-key", t.bob), t.a.ctx().now()).unwrap();
    t.send(&forged).await;
    t.a.until_published(&t.b.url("/notes/4")).await;
    until("the question", async || (!t.asked(4).is_empty()).then_some(())).await;
    t.c.until_quiet().await;
    assert!(t.c.find(&t.b.url("/notes/4")).await.is_none());
}

async fn refused(kind: Kind) {
    let t = Four::new(kind).await;
    let bytes = bytes::Bytes::from_static(PNG);
    let file = media::upload(t.a.ctx(), &t.ada, bytes, "image/png", "x.png", "A", MediaPurpose::Post).await.unwrap();
    let form = PostForm { group: Some(t.group.id), media: vec![file.id], ..PostForm::new(PostKind::Message, "Inside") };
    let post = t.a.publish(&t.ada, form).await;
    t.send(&t.prove(t.create(1, "From B"))).await;
    let passed_on = t.a.until_published(&t.b.url("/notes/1")).await;
    let at_c = t.c.until_published(&post.uri).await;
    let announced = t.b.until_received("the Announce", |v| v["object"]["object"]["id"] == post.uri.as_str()).await;
    let mut urls = vec![
        post.uri.clone(),
        t.a.url(&format!("/activities/{}", post.id)),
        announced["id"].as_str().unwrap().to_owned(),
        t.a.url(&format!("/posts/{}/replies", post.id)),
        t.a.url(&format!("/contexts/{}", post.id)),
        t.a.ctx().urls.media(file.id, false),
        t.a.ctx().urls.media(file.id, true),
        format!("{}/outbox?page=1", t.group.uri),
        format!("{}/followers?is_follower={}", t.group.uri, t.bob),
    ];
    let opened: Vec<_> = urls.iter().map(|url| (url.clone(), t.b.signed(&t.bob, url))).collect();
    for (url, headers) in &opened {
        assert_eq!(t.b.get_with(url, headers.clone()).await.0, 200, "a member reads {url}");
    }
    urls.push(t.a.url(&format!("/posts/{}", passed_on.id)));
    urls.push(t.c.url(&format!("/posts/{}", at_c.id)));
    for url in &urls {
        assert_eq!(t.d.get(&t.eve, url).await.0, 404, "a stranger at {url}");
        assert_eq!(get_as(url, "application/activity+json").await.0, 404, "nobody at {url}");
    }
    // Bob, the last of his server, is put out: his signatures hold, old and new, and open nothing.
    let bob =
        kring::store::actors::find_by_uri(&mut t.a.ctx().db.read().await.unwrap(), &t.bob).await.unwrap().unwrap();
    follows::reject(t.a.ctx(), &t.ada, t.group.id, bob.id, "moved away").await.unwrap();
    t.b.until_received("Reject", |v| v["type"] == "Reject").await;
    for (url, headers) in opened {
        assert_eq!(t.b.get_with(&url, headers).await.0, 404, "replayed at {url}");
        assert_eq!(t.b.get(&t.bob, &url).await.0, 404, "signed anew at {url}");
    }
    let before = t.b.received().len();
    t.send(&t.prove(t.create(2, "Too late"))).await;
    let later = t.a.post(&t.ada, &t.group, PostKind::Message, "", "Without B").await;
    t.c.until_published(&later.uri).await;
    t.a.until_quiet().await;
    assert!(t.a.find(&t.b.url("/notes/2")).await.is_none());
    assert_eq!(t.b.received().len(), before, "{:?}", t.b.types());
}
