//! A Mastodon-like follower of a public group (INTEROP G.1).

use kring::base::*;
use kring::domain::groups::{FollowState, GroupKind};
use kring::domain::posts::{PostKind, PostState};
use kring::services::posts::{self, PostForm};
use kring::store;
use serde_json::{Value, json};

use super::peer::*;
use super::support::*;
use crate::support::{Kind, PNG};

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

on_each_database! {
    g1_d65_d66_d67_d68_a_microblog_follows_a_public_group => story;
    little_pictures_are_shown => emoji;
}

on_sqlite! {
    d52_d53_d54_repeated_and_late_activities => repeats;
    d55_d57_d74_follows_repeated_and_undone_by_id => follows;
    d70_d72_d81_a_mention_of_the_group_is_a_post_in_it => mention;
    d84_d85_votes_are_counted_and_shown_to_nobody => votes;
    d85_counts_of_a_poll_elsewhere_are_no_edit => counts;
    d60_older_news_is_ignored => older;
    shares_and_personal_posts => personal;
    who_moves_elsewhere_is_followed_there => moved;
}

struct Scene {
    a: Kring,
    ada: kring::domain::Viewer,
    group: kring::domain::actors::Actor,
    peer: Peer,
    mia: String,
}

impl Scene {
    /// A group here and a follower at a microblog.
    async fn new(kind: Kind) -> Self {
        let a = Kring::start("alpha", kind).await;
        let ada = a.person("Ada").await;
        let group = a.group(&ada, "Local history", GroupKind::Public).await;
        let peer = Peer::start("gamma", "mastodon").await;
        let mia = peer.person("mia");
        let scene = Self { a, ada, group, peer, mia };
        let follow = activity("Follow", &scene.peer.url("/f/1"), &scene.mia, json!(scene.group.uri));
        assert_eq!(scene.send(&follow).await, 202);
        let accept = scene.peer.until_received("Accept", |v| v["type"] == "Accept").await;
        assert_eq!(accept["object"]["id"].as_str(), Some(scene.peer.url("/f/1").as_str()));
        assert_eq!(accept["object"]["actor"].as_str(), Some(scene.mia.as_str()));
        assert_eq!(accept["to"], json!([scene.mia]));
        scene
    }

    async fn send(&self, activity: &Value) -> u16 {
        self.peer.send(&self.mia, &self.a.url("/inbox"), activity).await
    }

    async fn follow_state(&self) -> Option<FollowState> {
        let mut conn = self.a.ctx().db.read().await.unwrap();
        let mia = store::actors::find_by_uri(&mut conn, &self.mia).await.unwrap().unwrap();
        store::groups::find_follow(&mut conn, mia.id, self.group.id).await.unwrap().map(|f| f.state)
    }

    fn of_type(&self, kind: &str) -> Vec<Value> {
        self.peer.received().into_iter().filter(|v| v["type"] == kind).collect()
    }
}

async fn story(kind: Kind) {
    let s = Scene::new(kind).await;
    let other = Peer::start("delta", "mastodon").await;
    let tom = other.person("tom");
    let follow = activity("Follow", &other.url("/f/1"), &tom, json!(s.group.uri));
    assert_eq!(other.send(&tom, &s.a.url("/inbox"), &follow).await, 202);
    other.until_received("Accept", |v| v["type"] == "Accept").await;
    // A post: one Announce of its bare id, which leads to a public Note.
    let post = s.a.post(&s.ada, &s.group, PostKind::Message, "", "Old map").await;
    let announce = s.peer.until_received("Announce", |v| v["type"] == "Announce").await;
    assert_eq!(announce["object"].as_str(), Some(post.uri.as_str()));
    assert_eq!(announce["actor"].as_str(), Some(s.group.uri.as_str()));
    assert_eq!(announce["to"], json!([PUBLIC]));
    let (status, note) = s.peer.get(&s.mia, &post.uri).await;
    assert_eq!((status, note["type"].as_str()), (200, Some("Note")));
    assert!(note["to"].as_array().unwrap().contains(&json!(PUBLIC)));
    // A comment is told to nobody, but listed.
    let comment = s.a.comment(&s.ada, post.id, "A comment").await;
    s.a.until_quiet().await;
    assert_eq!(s.of_type("Announce").len(), 1);
    assert_eq!(s.of_type("Create").len(), 0);
    let (_, replies) = s.peer.get(&s.mia, &format!("{}/replies", post.uri)).await;
    assert_eq!(replies["first"]["items"], json!([comment.uri]));
    // An answer from there becomes a comment.
    let reply = note_reply(&s, &post.uri);
    s.peer.serve(&reply);
    assert_eq!(s.send(&create(&reply)).await, 202);
    let taken = s.a.until_published(reply["id"].as_str().unwrap()).await;
    assert_eq!((taken.parent_id, taken.kind), (Some(post.id), PostKind::Comment));
    // Its edit and its removal come signed by the author.
    posts::edit(s.a.ctx(), &s.ada, post.id, PostForm::new(PostKind::Message, "Older map")).await.unwrap();
    let update = s.peer.until_received("Update", |v| v["type"] == "Update").await;
    assert_eq!(update["actor"].as_str(), Some(s.a.url("/people/ada").as_str()));
    assert!(update["object"]["updated"].is_string() && update["object"]["content"].as_str().unwrap().contains("Older"));
    posts::delete(s.a.ctx(), &s.ada, post.id).await.unwrap();
    let delete = s.peer.until_received("Delete", |v| v["type"] == "Delete").await;
    assert_eq!(
        (delete["object"]["type"].as_str(), delete["object"]["id"].as_str()),
        (Some("Tombstone"), Some(post.uri.as_str()))
    );
    assert_eq!(s.peer.get(&s.mia, &post.uri).await.0, 410);
    // Whoever was shown it hears of both.
    for kind in ["Announce", "Update", "Delete"] {
        let of = |v: &Value| v["object"] == post.uri.as_str() || v["object"]["id"] == post.uri.as_str();
        let got = other.until_received(kind, |v| v["type"] == kind && of(v)).await;
        assert_eq!(got["actor"].as_str() == Some(s.a.url("/people/ada").as_str()), kind != "Announce", "{got}");
    }
    // A moderator's removal ends the showing.
    let second = s.a.post(&s.ada, &s.group, PostKind::Message, "", "Second").await;
    s.peer.until_received("the second Announce", |v| v["object"] == second.uri.as_str()).await;
    posts::remove(s.a.ctx(), &s.ada, second.id, "off topic").await.unwrap();
    let undo = s.peer.until_received("Undo", |v| v["type"] == "Undo").await;
    assert_eq!(undo["object"]["type"], "Announce");
    assert_eq!(undo["object"]["object"].as_str(), Some(second.uri.as_str()));
    assert_eq!(undo["actor"].as_str(), Some(s.group.uri.as_str()));
    s.a.until_quiet().await;
}

fn note_reply(s: &Scene, parent: &str) -> Value {
    let id = s.peer.url("/notes/1");
    let ada = s.a.url("/people/ada");
    let tag = json!([{"type": "Mention", "href": ada, "name": "@ada"}, {"type": "Mention", "href": s.group.uri, "name": "@local_history"}]);
    note(
        &id,
        &s.mia,
        "<p>Nice</p>",
        json!({"inReplyTo": parent, "cc": [format!("{}/followers", s.mia), ada, s.group.uri], "tag": tag}),
    )
}

async fn repeats(kind: Kind) {
    let s = Scene::new(kind).await;
    let reader = Peer::start("reader", "lemmy").await;
    let lou = reader.person("lou");
    let follow = activity("Follow", &reader.url("/f/1"), &lou, json!(s.group.uri));
    assert_eq!(reader.send(&lou, &s.a.url("/inbox"), &follow).await, 202);
    reader.until_received("Accept", |v| v["type"] == "Accept").await;
    let post = s.a.post(&s.ada, &s.group, PostKind::Message, "", "Old map").await;
    let reply = note_reply(&s, &post.uri);
    let uri = reply["id"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        assert_eq!(s.send(&create(&reply)).await, 202);
    }
    s.a.until_published(&uri).await;
    let like = activity("Like", &s.peer.url("/l/1"), &s.mia, json!(post.uri));
    let again = activity("Like", &s.peer.url("/l/2"), &s.mia, json!(post.uri));
    for like in [&like, &like, &again] {
        assert_eq!(s.send(like).await, 202);
    }
    let boost = |n: u8| activity("Announce", &s.peer.url(&format!("/b/{n}")), &s.mia, json!(post.uri));
    for n in [1, 1, 2] {
        assert_eq!(s.send(&boost(n)).await, 202);
    }
    let post =
        s.a.until_post(&post.uri, |p| p.replies_count == 1 && p.reactions_count == 1 && p.shares_count == 1).await;
    s.a.until_quiet().await;
    let after = s.a.find(&post.uri).await.unwrap();
    assert_eq!((after.replies_count, after.reactions_count, after.shares_count), (1, 1, 1));
    let passed_on = |kind: &str| reader.received().iter().filter(|v| v["object"]["type"] == kind).count();
    assert_eq!((passed_on("Create"), passed_on("Like")), (2, 1), "the post, the answer, and a reaction that was new");
    // Undone by the bare id.
    assert_eq!(s.send(&activity("Undo", &s.peer.url("/u/1"), &s.mia, json!(s.peer.url("/l/1")))).await, 202);
    assert_eq!(s.send(&activity("Undo", &s.peer.url("/u/2"), &s.mia, json!(s.peer.url("/b/1")))).await, 202);
    s.a.until_post(&post.uri, |p| p.reactions_count == 0 && p.shares_count == 0).await;
    reader.until_received("the end of the reaction", |v| v["object"]["type"] == "Undo").await;
    // Deleted before it came: it stays away.
    let late = note(&s.peer.url("/notes/late"), &s.mia, "late", json!({"inReplyTo": post.uri, "cc": [s.group.uri]}));
    let tombstone = json!({"type": "Tombstone", "id": late["id"]});
    assert_eq!(s.send(&activity("Delete", &s.peer.url("/d/1"), &s.mia, tombstone)).await, 202);
    assert_eq!(s.send(&create(&late)).await, 202);
    s.a.until_quiet().await;
    assert_eq!(s.a.find(late["id"].as_str().unwrap()).await.unwrap().state, PostState::Deleted);
}

async fn follows(kind: Kind) {
    let s = Scene::new(kind).await;
    let again = activity("Follow", &s.peer.url("/f/2"), &s.mia, json!(s.group.uri));
    assert_eq!(s.send(&again).await, 202);
    s.peer.until_received("Accept of the second", |v| v["object"]["id"] == s.peer.url("/f/2").as_str()).await;
    // Somebody else cannot undo it; she can, by its bare id.
    let tom = s.peer.person("tom");
    let undo = activity("Undo", &s.peer.url("/u/1"), &tom, json!(s.peer.url("/f/2")));
    assert_eq!(s.peer.send(&tom, &s.a.url("/inbox"), &undo).await, 202);
    s.a.until_quiet().await;
    assert_eq!(s.follow_state().await, Some(FollowState::Accepted));
    let undo = activity("Undo", &s.peer.url("/u/2"), &s.mia, json!(s.peer.url("/f/2")));
    assert_eq!(s.send(&undo).await, 202);
    until("the follow is gone", async || s.follow_state().await.is_none().then_some(())).await;
    // Join and Leave are the same in other words (D74).
    assert_eq!(s.send(&activity("Join", &s.peer.url("/j/1"), &s.mia, json!(s.group.uri))).await, 202);
    until("she is back", async || (s.follow_state().await == Some(FollowState::Accepted)).then_some(())).await;
    assert_eq!(s.send(&activity("Leave", &s.peer.url("/j/2"), &s.mia, json!(s.group.uri))).await, 202);
    until("she left", async || s.follow_state().await.is_none().then_some(())).await;
}

async fn mention(kind: Kind) {
    let s = Scene::new(kind).await;
    let tag = json!([{"type": "Mention", "href": s.group.uri}]);
    let more = json!({"cc": [format!("{}/followers", s.mia), s.group.uri, format!("{}/followers", s.group.uri)], "tag": tag,
        "attachment": [{"type": "Document", "mediaType": "image/png", "url": s.peer.url("/m.png"), "name": "A mill", "width": 8, "height": 6}]});
    let note = note(&s.peer.url("/notes/2"), &s.mia, "<p>Look at <b>this</b><script>x()</script></p>", more);
    assert_eq!(s.send(&create(&note)).await, 202);
    let post = s.a.until_published(note["id"].as_str().unwrap()).await;
    assert_eq!((post.group_id, post.kind), (Some(s.group.id), PostKind::Message));
    assert!(post.html.contains("this") && !post.html.contains("script"));
    let view = s.a.view(&s.ada, post.id).await.unwrap();
    assert_eq!((view.media.len(), view.media[0].description.as_str()), (1, "A mill"));
    // Its followers see it, shown by the group.
    s.peer.until_received("Announce", |v| v["type"] == "Announce" && v["object"] == note["id"]).await;
    // A post that names nobody here is nobody's business.
    let other = super::peer::note(&s.peer.url("/notes/3"), &s.mia, "hello world", json!({}));
    assert_eq!(s.send(&create(&other)).await, 202);
    s.a.until_quiet().await;
    assert!(s.a.find(other["id"].as_str().unwrap()).await.is_none());
}

async fn emoji(kind: Kind) {
    let s = Scene::new(kind).await;
    s.peer.put_bytes("/blob.png", "image/png", PNG);
    let icon = json!({"type": "Image", "mediaType": "image/png", "url": s.peer.url("/blob.png")});
    let blob = json!({"type": "Emoji", "id": null, "name": ":blob:", "icon": icon});
    let hostile =
        json!({"type": "Emoji", "name": ":\"onerror=x:", "icon": {"type": "Image", "url": s.peer.url("/x.png")}});
    let cc = [format!("{}/followers", s.mia), s.group.uri.clone()];
    let tag = json!([{"type": "Mention", "href": s.group.uri}, blob, hostile]);
    let text =
        "<p>Dank :blob: en <a href=\"https://x.example/:blob:\">dit</a> <code>:blob:</code> :ander: :\"onerror=x:</p>";
    let note = note(&s.peer.url("/notes/2"), &s.mia, text, json!({"cc": cc, "tag": tag}));
    assert_eq!(s.send(&create(&note)).await, 202);
    let post = s.a.until_published(note["id"].as_str().unwrap()).await;
    assert_eq!(post.html.matches("<img").count(), 1, "{}", post.html);
    assert!(post.html.starts_with("<p>Dank <img class=\"emoji\" src=\"/emoji/"), "{}", post.html);
    assert!(
        post.html.contains("x.example/:blob:") && post.html.contains("<code>:blob:</code> :ander:"),
        "{}",
        post.html
    );
    // Apps put the picture where the name stands, and ask us for it.
    let (_, shown) = get_as(&s.a.url(&format!("/api/v1/statuses/{}", post.id)), "application/json").await;
    assert!(shown["content"].as_str().unwrap().starts_with("<p>Dank :blob: en "), "{shown}");
    assert_eq!(shown["emojis"][0]["shortcode"], "blob");
    let address = shown["emojis"][0]["url"].as_str().unwrap();
    let visitor = s.a.app.visitor();
    for _ in 0..2 {
        let picture = visitor.get(address.strip_prefix(&s.a.url("")).unwrap()).await.ok();
        assert_eq!(picture.headers["content-type"], "image/png");
    }
    assert_eq!(s.peer.seen().iter().filter(|seen| seen.path == "/blob.png").count(), 1, "once");
    visitor.get("/emoji/1").await.status(404);
    // The same text again is no change; names are shown without them.
    let same = activity("Update", &s.peer.url("/u/1"), &s.mia, note.clone());
    assert_eq!(s.send(&same).await, 202);
    s.a.until_quiet().await;
    assert!(s.a.find(&post.uri).await.unwrap().edited_at.is_none());
    s.peer.actor("Person", "bo", json!({"name": "Bo :blob: Bos", "tag": [blob]}));
    assert_eq!(s.a.resolve("bo", &s.peer.host).await.display_name, "Bo Bos");
}

async fn votes(kind: Kind) {
    let s = Scene::new(kind).await;
    let options = vec!["Tea".to_owned(), "Coffee".to_owned()];
    let closes_at = Some(s.a.ctx().now().plus(Time::DAY));
    let poll = Some(posts::NewPoll { options, multiple: true, hidden: false, closes_at });
    let form = PostForm { group: Some(s.group.id), poll, ..PostForm::new(PostKind::Poll, "Which?") };
    let poll = s.a.publish(&s.ada, form).await;
    s.peer.until_received("Announce", |v| v["object"] == poll.uri.as_str()).await;
    let vote = |n: u8, name: &str| {
        json!({"id": s.peer.url(&format!("/v/{n}")), "type": "Note", "name": name, "attributedTo": s.mia,
            "inReplyTo": poll.uri, "to": [s.a.url("/people/ada")]})
    };
    // GoToSocial's way: both in one.
    let both = activity("Create", &s.peer.url("/c/1"), &s.mia, json!([vote(1, "Tea"), vote(2, "Coffee")]));
    assert_eq!(s.send(&both).await, 202);
    until("two votes", async || {
        let view = s.a.view(&s.ada, poll.id).await.unwrap();
        let poll = view.poll.unwrap();
        (poll.votes_count() == 2 && poll.voters_count == 1).then_some(())
    })
    .await;
    s.a.until_quiet().await;
    assert!(s.a.find(&s.peer.url("/v/1")).await.is_none(), "a vote is no post");
    let update =
        s.peer.until_received("the counts", |v| v["type"] == "Update" && v["object"]["type"] == "Question").await;
    assert!(update["object"].get("updated").is_none(), "counts are no edit");
    assert_eq!(update["object"]["anyOf"][0]["replies"]["totalItems"], 1);
}

/// Votes that its own server counted change what is shown, and nothing else.
async fn counts(kind: Kind) {
    let s = Scene::new(kind).await;
    let options = |tea: u32, coffee: u32| {
        json!([{"type": "Note", "name": "Tea", "replies": {"type": "Collection", "totalItems": tea}},
            {"type": "Note", "name": "Coffee", "replies": {"type": "Collection", "totalItems": coffee}}])
    };
    let more = json!({"type": "Question", "cc": [s.group.uri], "tag": [{"type": "Mention", "href": s.group.uri}],
        "oneOf": options(0, 1), "votersCount": 1, "endTime": s.a.ctx().now().plus(Time::DAY).to_rfc3339_seconds()});
    let mut question = note(&s.peer.url("/notes/1"), &s.mia, "<p>Which?</p>", more);
    assert_eq!(s.send(&create(&question)).await, 202);
    let post = s.a.until_published(question["id"].as_str().unwrap()).await;
    question["oneOf"] = options(2, 3);
    question["votersCount"] = json!(5);
    assert_eq!(s.send(&activity("Update", &s.peer.url("/up/1"), &s.mia, question)).await, 202);
    until("the counts", async || {
        let poll = s.a.view(&s.ada, post.id).await.unwrap().poll.unwrap();
        let votes: Vec<i64> = poll.options.iter().map(|option| option.votes_count).collect();
        (votes == [2, 3] && poll.voters_count == 5).then_some(())
    })
    .await;
    s.a.until_quiet().await;
    assert_eq!(s.a.find(&post.uri).await.unwrap().edited_at, None);
    assert_eq!(s.a.app.count("SELECT count(*) AS n FROM revisions").await, 0);
}

async fn older(kind: Kind) {
    let s = Scene::new(kind).await;
    let post = s.a.post(&s.ada, &s.group, PostKind::Message, "", "Old map").await;
    let mut reply = note_reply(&s, &post.uri);
    let uri = reply["id"].as_str().unwrap().to_owned();
    assert_eq!(s.send(&create(&reply)).await, 202);
    s.a.until_published(&uri).await;
    let now = Clock::system().now();
    for (n, (age, text)) in [(10, "newest"), (60, "older"), (5, "newer yet")].into_iter().enumerate() {
        reply["updated"] = json!(now.plus((600 - age) * Time::SECOND - 600 * Time::SECOND).to_rfc3339());
        reply["published"] = json!(now.plus(-Time::HOUR).to_rfc3339());
        reply["content"] = json!(format!("<p>{text}</p>"));
        let update = activity("Update", &s.peer.url(&format!("/up/{n}")), &s.mia, reply.clone());
        assert_eq!(s.send(&update).await, 202);
        s.a.until_quiet().await;
    }
    assert!(s.a.find(&uri).await.unwrap().html.contains("newer yet"));
    reply["updated"] = json!(now.plus(-30 * Time::SECOND).to_rfc3339());
    reply["content"] = json!("<p>out of date</p>");
    assert_eq!(s.send(&activity("Update", &s.peer.url("/up/9"), &s.mia, reply)).await, 202);
    s.a.until_quiet().await;
    assert!(s.a.find(&uri).await.unwrap().html.contains("newer yet"));
}

async fn personal(kind: Kind) {
    let s = Scene::new(kind).await;
    // She follows Ada too; Ada follows her.
    let ada_uri = s.a.url("/people/ada");
    assert_eq!(s.send(&activity("Follow", &s.peer.url("/f/9"), &s.mia, json!(ada_uri))).await, 202);
    s.peer.until_received("Accept", |v| v["object"]["object"] == ada_uri.as_str()).await;
    let mia = s.a.resolve("mia", &s.peer.host).await;
    kring::services::follows::request(s.a.ctx(), &s.ada, mia.id, "").await.unwrap();
    let follow = s.peer.until_received("Follow", |v| v["type"] == "Follow").await;
    assert_eq!(s.send(&activity("Accept", &s.peer.url("/a/1"), &s.mia, follow["id"].clone())).await, 202);
    s.a.until_state(&s.ada, &mia, Some(FollowState::Accepted)).await;
    // A public post, a direct message, and hers.
    let post = s.a.publish(&s.ada, PostForm::new(PostKind::Message, "Hello")).await;
    let create_ = s.peer.until_received("Create", |v| v["object"]["id"] == post.uri.as_str()).await;
    assert_eq!(create_["cc"], json!([format!("{ada_uri}/followers")]));
    let form = PostForm { recipients: vec![mia.id], ..PostForm::new(PostKind::Direct, "Psst") };
    let direct = s.a.publish(&s.ada, form).await;
    let create_ = s.peer.until_received("the message", |v| v["object"]["id"] == direct.uri.as_str()).await;
    assert_eq!((&create_["to"], &create_["object"]["tag"][0]["href"]), (&json!([s.mia]), &json!(s.mia)));
    let hers = note(&s.peer.url("/notes/7"), &s.mia, "Good morning", json!({}));
    assert_eq!(s.send(&create(&hers)).await, 202);
    s.a.until_published(hers["id"].as_str().unwrap()).await;
    let answer = note(
        &s.peer.url("/notes/8"),
        &s.mia,
        "Psst yourself",
        json!({"to": [ada_uri], "cc": [], "inReplyTo": direct.uri}),
    );
    assert_eq!(s.send(&create(&answer)).await, 202);
    let answer = s.a.until_published(answer["id"].as_str().unwrap()).await;
    assert_eq!((answer.kind, answer.root_id), (PostKind::Direct, direct.id));
    // One delivery for each activity, to the shared inbox.
    s.a.until_quiet().await;
    let posts: Vec<_> = s.peer.seen().into_iter().filter(|p| p.method == "POST").collect();
    let ids: std::collections::HashSet<String> = posts.iter().map(|p| p.json()["id"].to_string()).collect();
    assert_eq!((ids.len(), posts.iter().all(|p| p.path == "/inbox")), (posts.len(), true));
}

/// Someone elsewhere goes on at another address: who followed them here follows that.
async fn moved(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let (ada, bob) = (a.person("Ada").await, a.person("Bob").await);
    let (old, new) = (Peer::start("old", "mastodon").await, Peer::start("new", "mastodon").await);
    let from = old.person("lou");
    let inbox = a.url("/inbox");
    let lou = a.resolve("lou", &old.host).await;
    for who in [&ada, &bob] {
        kring::services::follows::request(a.ctx(), who, lou.id, "").await.unwrap();
    }
    let asked = |v: &Value, who: &str| v["type"] == "Follow" && v["actor"] == a.url(&format!("/people/{who}")).as_str();
    for who in ["ada", "bob"] {
        let follow = old.until_received("Follow", |v| asked(v, who)).await;
        let accept = activity("Accept", &old.url(&format!("/accept/{who}")), &from, follow);
        assert_eq!(old.send(&from, &inbox, &accept).await, 202);
    }
    a.until_state(&bob, &lou, Some(FollowState::Accepted)).await;
    a.until_state(&ada, &lou, Some(FollowState::Accepted)).await;
    // The new address says nothing of the old one: nobody is moved. Nor does anybody else move them.
    let to = new.actor("Person", "louise", json!({}));
    let mut gone = activity("Move", &old.url("/move/1"), &from, json!(from));
    gone["target"] = json!(to);
    assert_eq!(old.send(&from, &inbox, &gone).await, 202);
    let other = old.person("mel");
    let mut forged = activity("Move", &old.url("/move/2"), &other, json!(from));
    forged["target"] = json!(to);
    assert_eq!(old.send(&other, &inbox, &forged).await, 202);
    a.until_quiet().await;
    assert!(new.received().is_empty(), "{:?}", new.types());
    // Now it does.
    new.actor("Person", "louise", json!({"alsoKnownAs": [from]}));
    gone["id"] = json!(old.url("/move/3"));
    assert_eq!(old.send(&from, &inbox, &gone).await, 202);
    for who in ["ada", "bob"] {
        let follow = new.until_received("Follow", |v| asked(v, who)).await;
        assert_eq!(follow["object"].as_str(), Some(to.as_str()));
        old.until_received("Undo", |v| {
            v["type"] == "Undo" && v["object"]["actor"] == a.url(&format!("/people/{who}")).as_str()
        })
        .await;
    }
    a.until_state(&ada, &lou, None).await;
}
