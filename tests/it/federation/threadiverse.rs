//! Peers that read groups as Lemmy does (INTEROP G.2).

use kring::domain::groups::{FollowState, GroupKind};
use kring::domain::moderation::ModAction;
use kring::domain::posts::{PostKind, PostState, ReactionKind};
use kring::services::posts::{self, PostForm};
use serde_json::{Value, json};

use super::peer::*;
use super::support::*;
use crate::support::Kind;

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

on_each_database! {
    g2_a_community_elsewhere_is_followed_and_posted_to => theirs;
    g2_d63_d64_d68_d76_a_group_here_is_followed_by_a_community_server => ours;
}

on_sqlite! {
    d69_strangers_do_not_moderate => strangers;
    d91_public_and_closed_do_not_mix => mixing;
    a_post_shown_by_a_group_is_fetched => shown;
    a_ban_may_take_along_what_was_written => banned;
    a_group_that_is_deleted_is_gone_elsewhere => deleted;
}

/// A community elsewhere that Ada follows.
pub async fn community(
    kind: Kind,
    more: Value,
) -> (Kring, kring::domain::Viewer, Peer, String, kring::domain::actors::Actor) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let peer = Peer::start("lemming", "lemmy").await;
    let base = peer.url("/users/gardens");
    let mut about = json!({"followers": format!("{base}/followers"), "attributedTo": format!("{base}/moderators"),
        "featured": format!("{base}/featured"), "postingRestrictedToMods": false});
    for (name, value) in more.as_object().unwrap() {
        about[name] = value.clone();
    }
    let group_uri = peer.actor("Group", "gardens", about);
    let moderators = json!({"@context": "https://www.w3.org/ns/activitystreams", "id": format!("{base}/moderators"),
        "type": "OrderedCollection", "orderedItems": [peer.url("/users/max")]});
    peer.serve(&moderators);
    let group = a.resolve("gardens", &peer.host).await;
    assert_eq!(group.uri, group_uri);
    kring::services::follows::request(a.ctx(), &ada, group.id, "").await.unwrap();
    let follow = peer.until_received("Follow", |v| v["type"] == "Follow").await;
    assert_eq!(follow["object"].as_str(), Some(group_uri.as_str()));
    // Mitra's answer: the bare id.
    let accept = activity("Accept", &peer.url("/a/1"), &group_uri, follow["id"].clone());
    assert_eq!(peer.send(&group_uri, &a.url("/inbox"), &accept).await, 202);
    a.until_state(&ada, &group, Some(FollowState::Accepted)).await;
    (a, ada, peer, group_uri, group)
}

pub fn announce(peer: &Peer, n: u32, group: &str, inner: &Value) -> Value {
    let mut announce = activity("Announce", &peer.url(&format!("/announce/{n}")), group, inner.clone());
    announce["to"] = json!([PUBLIC]);
    announce["cc"] = json!([format!("{group}/followers")]);
    announce
}

fn page(peer: &Peer, n: u32, author: &str, group: &str) -> Value {
    json!({"@context": ["https://join-lemmy.org/context.json", "https://www.w3.org/ns/activitystreams"],
        "id": peer.url(&format!("/post/{n}")), "type": "Page", "attributedTo": author, "name": format!("Post {n}"),
        "to": [group, PUBLIC], "cc": [], "audience": group, "content": "<p>Roses</p>", "mediaType": "text/html",
        "attachment": [{"type": "Link", "href": "https://roses.example/"}], "tag": [],
        "published": "2026-11-20T10:00:00.123456Z", "language": {"identifier": "en", "name": "English"}})
}

async fn theirs(kind: Kind) {
    let (a, ada, peer, group_uri, group) = community(kind, json!({})).await;
    let lou = peer.person("lou");
    let page = page(&peer, 1, &lou, &group_uri);
    let inbox = a.url("/inbox");
    let send = async |v: Value| assert_eq!(peer.send(&group_uri, &inbox, &v).await, 202);
    // Announced twice, as Lemmy does: one post.
    send(announce(&peer, 1, &group_uri, &create(&page))).await;
    send(announce(&peer, 2, &group_uri, &page)).await;
    let uri = page["id"].as_str().unwrap();
    let post = a.until_published(uri).await;
    assert_eq!((post.title.as_str(), post.kind), ("Post 1", PostKind::Link));
    assert_eq!(post.link_url.as_deref(), Some("https://roses.example/"));
    assert_eq!((post.language.as_deref(), post.group_id), (Some("en"), Some(group.id)));
    // Votes: up counts, down does not, undone is gone.
    let like = activity("Like", &peer.url("/like/1"), &lou, json!(uri));
    send(announce(&peer, 3, &group_uri, &like)).await;
    a.until_post(uri, |p| p.reactions_count == 1).await;
    send(announce(&peer, 4, &group_uri, &activity("Dislike", &peer.url("/dislike/1"), &lou, json!(uri)))).await;
    send(announce(&peer, 5, &group_uri, &activity("Undo", &peer.url("/undo/1"), &lou, like))).await;
    a.until_post(uri, |p| p.reactions_count == 0).await;
    // Ada's comment goes to the community, addressed as Lemmy reads it.
    let comment = a.comment(&ada, post.id, "Which roses?").await;
    let got = peer.until_received("Create", |v| v["type"] == "Create").await;
    let note = &got["object"];
    assert_eq!(note["to"], json!([group_uri, PUBLIC]));
    assert_eq!(note["audience"].as_str(), Some(group_uri.as_str()));
    assert!(note["inReplyTo"].is_string() && note["attributedTo"].is_string() && note["content"].is_string());
    assert!(note["tag"].as_array().unwrap().iter().any(|t| t["href"] == group_uri.as_str()));
    assert!(got["proof"]["proofValue"].is_string());
    a.until_quiet().await;
    assert_eq!(peer.received().iter().filter(|v| v["type"] == "Create").count(), 1);
    // It waits until the community has passed it on.
    assert_eq!(a.find(&comment.uri).await.unwrap().state, PostState::Waiting);
    send(announce(&peer, 6, &group_uri, &got)).await;
    a.until_published(&comment.uri).await;
    // Ada likes it: to the community.
    posts::react(a.ctx(), &ada, post.id, ReactionKind::Thanks, true).await.unwrap();
    let like = peer.until_received("Like", |v| v["type"] == "Like").await;
    assert_eq!((like["object"].as_str(), like["audience"].as_str()), (Some(uri), Some(group_uri.as_str())));
    // Pinned, locked, removed by who may.
    let pin = json!({"id": peer.url("/add/1"), "type": "Add", "actor": lou, "object": uri, "target": format!("{group_uri}/featured")});
    send(announce(&peer, 7, &group_uri, &pin)).await;
    a.until_post(uri, |p| p.pinned_at.is_some()).await;
    send(announce(&peer, 8, &group_uri, &activity("Lock", &peer.url("/lock/1"), &lou, json!(uri)))).await;
    a.until_post(uri, |p| p.locked).await;
    let mut delete = activity("Delete", &peer.url("/delete/1"), &peer.url("/users/admin"), json!(uri));
    delete["summary"] = json!("spam");
    peer.person("admin");
    send(announce(&peer, 9, &group_uri, &delete)).await;
    let removed = a.until_post(uri, |p| p.state == PostState::Removed).await;
    assert_eq!(removed.removed_reason, "spam");
    send(announce(&peer, 10, &group_uri, &activity("Undo", &peer.url("/undo/2"), &peer.url("/users/admin"), delete)))
        .await;
    a.until_published(uri).await;
}

async fn ours(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let (ada, bob) = (a.person("Ada").await, a.person("Bob").await);
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    kring::services::follows::request(a.ctx(), &bob, group.id, "").await.unwrap();
    let peer = Peer::start("lemming", "lemmy").await;
    let lou = peer.person("lou");
    let send = async |v: Value| assert_eq!(peer.send(&lou, &a.url("/inbox"), &v).await, 202);
    send(activity("Follow", &peer.url("/f/1"), &lou, json!(group.uri))).await;
    peer.until_received("Accept", |v| v["type"] == "Accept").await;
    // Everything arrives wrapped by the group, the inner activity its author's. Each is waited for: what is gone before
    // it went out is rightly never sent.
    let wrapped = async |inner: &str, actor: &str| {
        let actor = a.url(&format!("/people/{actor}"));
        let what = format!("Announce of {inner} by {actor}");
        let fits = |v: &Value| {
            v["type"] == "Announce" && v["object"]["type"] == inner && v["object"]["actor"] == actor.as_str()
        };
        let got = peer.until_received(&what, fits).await;
        assert_eq!(got["actor"].as_str(), Some(group.uri.as_str()));
    };
    let post = a.post(&ada, &group, PostKind::Message, "Mills", "Old map").await;
    wrapped("Create", "ada").await;
    let comment = a.comment(&bob, post.id, "A comment").await;
    wrapped("Create", "bob").await;
    posts::react(a.ctx(), &bob, post.id, ReactionKind::Agree, true).await.unwrap();
    wrapped("Like", "bob").await;
    posts::edit(a.ctx(), &bob, comment.id, PostForm::new(PostKind::Comment, "A better comment")).await.unwrap();
    wrapped("Update", "bob").await;
    posts::pin(a.ctx(), &ada, post.id, true).await.unwrap();
    wrapped("Add", "ada").await;
    posts::delete(a.ctx(), &bob, comment.id).await.unwrap();
    wrapped("Delete", "bob").await;
    // What a moderator takes away says why.
    let stray = a.post(&bob, &group, PostKind::Message, "Bikes", "For sale").await;
    peer.until_received("Bob's post", |v| v["object"]["object"]["id"] == stray.uri.as_str()).await;
    posts::remove(a.ctx(), &ada, stray.id, "off topic").await.unwrap();
    wrapped("Delete", "ada").await;
    let removed = |v: &Value| v["object"]["type"] == "Delete" && v["object"]["actor"] == a.url("/people/ada").as_str();
    let delete = peer.until_received("the removal", removed).await["object"].clone();
    assert_eq!((delete["object"].as_str(), delete["summary"].as_str()), (Some(stray.uri.as_str()), Some("off topic")));
    a.until_quiet().await;
    assert!(
        peer.received().iter().all(|v| !v["object"].is_string() || v["type"] != "Announce"),
        "no bare ids for Lemmy"
    );
    // Order is kept.
    let inner: Vec<String> =
        peer.received().iter().filter(|v| v["type"] == "Announce").map(|v| v["object"]["type"].to_string()).collect();
    let place = |kind: &str| inner.iter().position(|k| k.contains(kind)).unwrap();
    assert!(place("Create") < place("Update") && place("Update") < place("Delete"), "{inner:?}");
    // What comes from there is passed on as it came, member for member.
    let mut note = note(
        &peer.url("/comment/1"),
        &lou,
        "<p>From Lemmy</p>",
        json!({"inReplyTo": post.uri, "to": [group.uri, PUBLIC], "cc": [], "audience": group.uri, "odd:member": {"b": 1, "a": [1.5, null]}}),
    );
    note["source"] = json!({"content": "From Lemmy", "mediaType": "text/markdown"});
    let sent = create(&note);
    send(sent.clone()).await;
    let other = Peer::start("other", "lemmy").await;
    let sam = other.person("sam");
    a.until_published(note["id"].as_str().unwrap()).await;
    let got =
        peer.until_received("its own Create", |v| v["type"] == "Announce" && v["object"]["id"] == sent["id"]).await;
    assert_eq!(got["object"], sent);
    assert_eq!(got["object"].to_string(), sent.to_string(), "order of members too");
    let follow = activity("Follow", &other.url("/f/1"), &sam, json!(group.uri));
    assert_eq!(other.send(&sam, &a.url("/inbox"), &follow).await, 202);
    other.until_received("Accept", |v| v["type"] == "Accept").await;
    let like = activity("Like", &peer.url("/like/1"), &lou, json!(post.uri));
    send(like.clone()).await;
    let got = other.until_received("the Like", |v| v["type"] == "Announce" && v["object"]["id"] == like["id"]).await;
    assert_eq!(got["object"], like);
}

async fn strangers(kind: Kind) {
    let (a, _, peer, group_uri, _) = community(kind, json!({})).await;
    let lou = peer.person("lou");
    let (third, fourth) = (Peer::start("third", "lemmy").await, Peer::start("fourth", "lemmy").await);
    let (eve, max) = (third.person("eve"), fourth.person("max"));
    let moderators = json!({"@context": "https://www.w3.org/ns/activitystreams", "id": format!("{group_uri}/moderators"),
        "type": "OrderedCollection", "orderedItems": [max]});
    peer.serve(&moderators);
    let send = async |v: Value| assert_eq!(peer.send(&group_uri, &a.url("/inbox"), &v).await, 202);
    let pages: Vec<Value> = (1..=2).map(|n| page(&peer, n, &lou, &group_uri)).collect();
    for (n, page) in (1..).zip(&pages) {
        send(announce(&peer, n, &group_uri, &create(page))).await;
        a.until_published(page["id"].as_str().unwrap()).await;
    }
    let delete = |host: &Peer, actor: &str, page: &Value| {
        let mut delete = activity("Delete", &host.url("/delete/1"), actor, page["id"].clone());
        delete["summary"] = json!("spam");
        delete
    };
    send(announce(&peer, 11, &group_uri, &delete(&third, &eve, &pages[0]))).await;
    send(announce(&peer, 12, &group_uri, &delete(&fourth, &max, &pages[1]))).await;
    a.until_post(pages[1]["id"].as_str().unwrap(), |p| p.state == PostState::Removed).await;
    assert_eq!(a.find(pages[0]["id"].as_str().unwrap()).await.unwrap().state, PostState::Published);
    // Nor straight to us, whoever they say they are.
    assert_eq!(third.send(&eve, &a.url("/inbox"), &delete(&third, &eve, &pages[0])).await, 202);
    a.until_quiet().await;
    assert_eq!(a.find(pages[0]["id"].as_str().unwrap()).await.unwrap().state, PostState::Published);
}

async fn mixing(kind: Kind) {
    let (a, _, peer, group_uri, _) =
        community(kind, json!({"manuallyApprovesFollowers": true, "discoverable": false})).await;
    let lou = peer.person("lou");
    let open = page(&peer, 1, &lou, &group_uri);
    let mut closed = page(&peer, 2, &lou, &group_uri);
    closed["to"] = json!([group_uri, format!("{group_uri}/followers")]);
    for (n, page) in (1..).zip([&open, &closed]) {
        let mut announce = announce(&peer, n, &group_uri, &create(page));
        announce["to"] = json!([format!("{group_uri}/followers")]);
        announce["cc"] = json!([]);
        assert_eq!(peer.send(&group_uri, &a.url("/inbox"), &announce).await, 202);
    }
    let taken = a.until_published(closed["id"].as_str().unwrap()).await;
    a.until_quiet().await;
    assert!(a.find(open["id"].as_str().unwrap()).await.is_none());
    // Who is not in the group does not see it.
    let bob = a.person("Bob").await;
    assert!(a.view(&bob, taken.id).await.is_err());
}

async fn shown(kind: Kind) {
    let (a, _, peer, group_uri, group) = community(kind, json!({})).await;
    let author = Peer::start("blog", "mastodon").await;
    let sue = author.person("sue");
    let note = note(
        &author.url("/notes/1"),
        &sue,
        "<p>In the group</p>",
        json!({"tag": [{"type": "Mention", "href": group_uri}]}),
    );
    author.serve(&note);
    let announce = announce(&peer, 1, &group_uri, &note["id"]);
    assert_eq!(peer.send(&group_uri, &a.url("/inbox"), &announce).await, 202);
    let post = a.until_published(note["id"].as_str().unwrap()).await;
    assert_eq!(post.group_id, Some(group.id));
}

/// Lemmy's moderators choose with a ban whether what was written goes too; who may not ban removes nothing by it.
async fn banned(kind: Kind) {
    let (a, ada, peer, group_uri, group) = community(kind, json!({})).await;
    let (max, lou) = (peer.person("max"), peer.person("lou"));
    let public = json!([PUBLIC, group_uri]);
    let mut number = 10;
    let mut pass = async |inner: Value| {
        number += 1;
        assert_eq!(peer.send(&group_uri, &a.url("/inbox"), &announce(&peer, number, &group_uri, &inner)).await, 202);
        a.until_quiet().await;
    };
    let mut written = Vec::new();
    for (n, who) in [&lou, &lou, &max].into_iter().enumerate() {
        let more = json!({"to": public, "audience": group_uri, "name": "Title"});
        let one = note(&peer.url(&format!("/note/{n}")), who, "<p>Hello</p>", more);
        pass(create(&one)).await;
        written.push(one["id"].as_str().unwrap().to_owned());
    }
    let block = |n: u32, by: &str, who: &str, data: bool| {
        let mut block = activity("Block", &peer.url(&format!("/block/{n}")), by, json!(who));
        block["target"] = json!(group_uri);
        block["removeData"] = json!(data);
        block["summary"] = json!("spam");
        block
    };
    let states = async || {
        let mut all = Vec::new();
        for id in &written {
            all.push(a.find(id).await.unwrap().state);
        }
        all
    };
    use PostState::{Published, Removed};
    let other = Peer::start("other", "lemmy").await;
    let eve = other.person("eve");
    pass(block(1, &eve, &max, true)).await;
    pass(block(2, &max, &lou, false)).await;
    assert_eq!(states().await, [Published, Published, Published]);
    pass(block(3, &max, &lou, true)).await;
    assert_eq!(states().await, [Removed, Removed, Published]);
    assert_eq!(a.find(&written[0]).await.unwrap().removed_reason, "spam");
    let lines = kring::services::moderation::log_lines(a.ctx(), &ada, Some(group.id), None).await.unwrap();
    assert_eq!(lines.iter().filter(|line| line.line.action == ModAction::RemovePost).count(), 2);
}

/// A group that ends here ends at its members' servers, whoever reads the Delete; and the other way round.
async fn deleted(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let (ada, bob) = (a.person("Ada").await, b.person("Bob").await);
    let peer = Peer::start("gamma", "mastodon").await;
    let mia = peer.person("mia");
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let there = b.resolve("local_history", &a.host).await;
    b.join(&bob, &there).await;
    let follow = activity("Follow", &peer.url("/f/1"), &mia, json!(group.uri));
    assert_eq!(peer.send(&mia, &a.url("/inbox"), &follow).await, 202);
    peer.until_received("Accept", |v| v["type"] == "Accept").await;
    let post = a.post(&ada, &group, PostKind::Message, "", "Hello").await;
    let at_b = b.until_published(&post.uri).await;
    kring::services::groups::delete(a.ctx(), &ada, group.id).await.unwrap();
    peer.until_received("its Delete", |v| v["type"] == "Delete" && v["object"] == group.uri.as_str()).await;
    until("its end at beta", async || {
        let found = kring::services::groups::find(b.ctx(), &bob, "", ("", -1), 10).await.unwrap();
        found.is_empty().then_some(())
    })
    .await;
    assert!(kring::services::groups::view(b.ctx(), &bob, there.id).await.is_err());
    let answer = PostForm { parent: Some(at_b.id), ..PostForm::new(PostKind::Comment, "Still here?") };
    assert!(posts::publish(b.ctx(), &bob, answer).await.is_err(), "nobody writes there any more");
    assert_eq!(a.get(&group.uri).await.0, 410);
    let finger = format!("/.well-known/webfinger?resource=acct:local_history@{}", a.host);
    assert_eq!(get_as(&a.url(&finger), "*/*").await.0, 410);
}
