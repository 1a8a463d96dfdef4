//! Delivery: order, retries, forms of signature, parked hosts.

use kring::domain::actors::Actor;
use kring::domain::groups::GroupKind;
use kring::domain::peers::{HostState, PeerState};
use kring::domain::posts::PostKind;
use kring::services::ctx::Resolved;
use kring::services::groups::GroupForm;
use serde_json::json;

use super::peer::*;
use super::support::*;
use crate::support::Kind;

on_each_database! {
    what_comes_at_once_is_kept_once_and_done_in_order => at_once;
    what_many_do_at_once_is_counted_right => counted;
    all_follows_from_servers_never_seen_get_their_accept => follows;
    what_servers_say_of_many_actors_at_once_is_kept_of_each => described;
    d58_d59_a_host_in_trouble_gets_the_same_bytes_later_in_order => trouble;
    who_is_let_in_or_goes_while_much_is_written => busy;
    what_was_dealt_with_is_forgotten_after_a_while => forgotten;
}

on_sqlite! {
    d24_rfc9421_is_used_where_it_is_asked_for_and_remembered => forms;
    d51_one_slow_host_delays_nobody => slow;
    d51_servers_that_keep_silent_take_no_places => silent;
    an_administrator_sees_what_waits_and_tries_again_or_throws_away => lanes;
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

/// What is known of a group is used for several jobs; who joins has the next post all the same, and who went has it not.
async fn busy(kind: Kind) {
    let first = Peer::start("lemming", "lemmy").await;
    let (a, ada, group, _) = followed(kind, &first).await;
    let posts = async |text: String| a.post(&ada, &group, PostKind::Message, "", &text).await;
    for n in 0..4 {
        let peer = Peer::start(&format!("later{n}"), "lemmy").await;
        for k in 0..5 {
            posts(format!("Before {n} {k}")).await;
        }
        let lou = peer.person("lou");
        let follow = activity("Follow", &peer.url("/f/1"), &lou, json!(group.uri));
        assert_eq!(peer.send(&lou, &a.url("/inbox"), &follow).await, 202);
        until("the follow", async || {
            let all = "SELECT count(*) AS n FROM follows WHERE state = 'accepted'";
            (a.app.count(all).await == 3).then_some(())
        })
        .await;
        let post = posts(format!("After {n}")).await;
        let told = |uri: &str, v: &serde_json::Value| v["type"] == "Announce" && v.to_string().contains(uri);
        peer.until_received("what was posted after", |v| told(&post.uri, v)).await;
        let undo = activity("Undo", &peer.url("/u/1"), &lou, follow);
        assert_eq!(peer.send(&lou, &a.url("/inbox"), &undo).await, 202);
        until("the end of the follow", async || {
            let all = "SELECT count(*) AS n FROM follows WHERE state = 'accepted'";
            (a.app.count(all).await == 2).then_some(())
        })
        .await;
        let post = posts(format!("Gone {n}")).await;
        first.until_received("what was posted last", |v| told(&post.uri, v)).await;
        a.until_quiet().await;
        assert!(!peer.received().iter().any(|v| told(&post.uri, v)), "{kind:?}: {n}");
    }
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

/// More servers that take a delivery and do not answer than may be served at once.
async fn silent(kind: Kind) {
    let a = Kring::with("alpha", kind, |config| config.limits.deliveries_total = 2).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let mut holding = Vec::new();
    for name in ["one", "two", "three", "four"] {
        let peer = Peer::start(name, "lemmy").await;
        follow(&a, &group, &peer).await;
        holding.push(peer.hold());
    }
    let good = Peer::start("good", "lemmy").await;
    follow(&a, &group, &good).await;
    a.post(&ada, &group, PostKind::Message, "", "Hello").await;
    good.until_received("Announce", |v| v["type"] == "Announce").await;
    let failing = kring::store::deliveries::failing(&mut a.ctx().db.read().await.unwrap(), 10).await.unwrap();
    assert!(failing.is_empty(), "none of the silent ones was given up for it: {failing:?}");
    drop(holding);
    a.until_quiet().await;
}

async fn lanes(kind: Kind) {
    let peer = Peer::start("lemming", "lemmy").await;
    let (a, ada, group, _) = followed(kind, &peer).await;
    let boss = a.app.admin("Boss").await;
    let boss = a.app.browser(&boss).await;
    boss.get("/admin/deliveries").await.ok().hides(&peer.host);
    let failing = async || kring::store::deliveries::failing(&mut a.ctx().db.read().await.unwrap(), 10).await.unwrap();
    let announces = || peer.received().iter().filter(|v| v["type"] == "Announce").count();
    let trouble = async |text: &str| {
        peer.answer_next(503, &[]);
        a.post(&ada, &group, PostKind::Message, "", text).await;
        until("a lane in trouble", async || failing().await.into_iter().next()).await
    };
    let lane = trouble("One").await;
    assert_eq!((lane.host.as_str(), lane.failures, lane.waiting), (peer.host.as_str(), 1, 1));
    assert!(lane.error.contains("503"), "{}", lane.error);
    let html = boss.get("/admin/deliveries").await.ok().shows(&peer.host).shows("503");
    assert!(html.html.contains(&lane.key));
    boss.post("/admin/deliveries/retry", &[("lane", &lane.key)]).await.ok();
    until("the second try", async || (announces() == 2).then_some(())).await;
    until("nothing in trouble", async || failing().await.is_empty().then_some(())).await;
    let lane = trouble("Two").await;
    boss.post("/admin/deliveries/drop", &[("lane", &lane.key)]).await.ok().hides(&peer.host);
    assert_eq!(kring::store::deliveries::count(&mut a.ctx().db.read().await.unwrap()).await.unwrap(), 0);
    // What is sent afterwards is not in its way.
    a.post(&ada, &group, PostKind::Message, "", "Three").await;
    until("the next one", async || (announces() == 4).then_some(())).await;
    // Nobody else looks at this.
    let mia = a.app.person("Mia").await;
    let mia = a.app.browser(&mia).await;
    assert!(matches!(mia.get("/admin/deliveries").await.status, 403 | 404));
    assert!(matches!(mia.post("/admin/deliveries/drop", &[("lane", &lane.key)]).await.status, 403 | 404));
}

/// Each activity three times, everything at once: one post each, and the last word of each sender stands.
async fn at_once(kind: Kind) {
    let peer = Peer::start("lemming", "lemmy").await;
    let (a, _, group, _) = followed(kind, &peer).await;
    let inbox = a.url("/inbox");
    let people: Vec<String> = (0..6).map(|n| peer.person(&format!("sam{n}"))).collect();
    let more = json!({"to": [group.uri, "https://www.w3.org/ns/activitystreams#Public"], "audience": group.uri});
    let notes: Vec<_> = (0..24)
        .map(|n| note(&peer.url(&format!("/n/{n}")), &people[n % 6], &format!("<p>Note {n}</p>"), more.clone()))
        .collect();
    let mut sending = Vec::new();
    for note in notes.iter().chain(&notes).chain(&notes) {
        let (peer, inbox, note) = (peer.clone(), inbox.clone(), note.clone());
        sending.push(tokio::spawn(async move {
            peer.send(note["attributedTo"].as_str().unwrap(), &inbox, &create(&note)).await
        }));
    }
    for sent in sending {
        assert_eq!(sent.await.unwrap(), 202);
    }
    // Then each edits one and deletes another, without waiting for what came before.
    for (n, person) in people.iter().enumerate() {
        for turn in 1..=3 {
            let mut note = notes[n].clone();
            note["content"] = json!(format!("<p>Edit {turn}</p>"));
            note["updated"] = json!(kring::base::Clock::system().now().plus(turn * 1_000_000).to_rfc3339_seconds());
            let update = activity("Update", &peer.url(&format!("/u/{n}/{turn}")), person, note);
            assert_eq!(peer.send(person, &inbox, &update).await, 202);
        }
        let gone = activity("Delete", &peer.url(&format!("/d/{n}")), person, json!(notes[n + 6]["id"]));
        assert_eq!(peer.send(person, &inbox, &gone).await, 202);
    }
    a.until_quiet().await;
    for (n, note) in notes.iter().enumerate() {
        let post = a.find(note["id"].as_str().unwrap()).await.unwrap();
        match n {
            0..6 => assert!(post.html.contains("Edit 3"), "{n}: {}", post.html),
            6..12 => assert!(post.is_gone(), "{n}"),
            _ => assert!(post.html.contains(&format!("Note {n}")), "{n}"),
        }
    }
}

/// Posts into one group and reactions to one post, each by many and each twice; then half of the reactions are taken back.
async fn counted(kind: Kind) {
    let peer = Peer::start("lemming", "lemmy").await;
    let (a, ada, group, _) = followed(kind, &peer).await;
    let ours = [
        a.post(&ada, &group, PostKind::Message, "", "Who has it?").await,
        a.post(&ada, &group, PostKind::Message, "", "And this?").await,
        a.post(&ada, &group, PostKind::Message, "", "And that?").await,
    ];
    let inbox = a.url("/inbox");
    let people: Vec<String> = (0..20).map(|n| peer.person(&format!("sam{n}"))).collect();
    let send_all = async |all: Vec<serde_json::Value>| {
        let one = |activity: serde_json::Value| {
            let (peer, inbox) = (peer.clone(), inbox.clone());
            tokio::spawn(async move { peer.send(activity["actor"].as_str().unwrap(), &inbox, &activity).await })
        };
        for sent in all.into_iter().map(one).collect::<Vec<_>>() {
            assert_eq!(sent.await.unwrap(), 202);
        }
        a.until_quiet().await;
    };
    let more = json!({"to": [group.uri, "https://www.w3.org/ns/activitystreams#Public"], "audience": group.uri});
    let posts: Vec<_> = people
        .iter()
        .enumerate()
        .map(|(n, who)| create(&note(&peer.url(&format!("/n/{n}")), who, "<p>I have.</p>", more.clone())))
        .collect();
    let likes: Vec<_> = people
        .iter()
        .enumerate()
        .map(|(n, who)| activity("Like", &peer.url(&format!("/l/{n}")), who, json!(ours[n % 3].uri)))
        .collect();
    // The same again in other activities, and in between what may not be in the group.
    let again = |activity: &serde_json::Value| {
        let mut activity = activity.clone();
        activity["id"] = json!(format!("{}/again", activity["id"].as_str().unwrap()));
        activity
    };
    let twice: Vec<_> = posts.iter().chain(&likes).map(again).collect();
    let closed = json!({"to": [group.uri], "cc": [], "audience": group.uri});
    let refused = |(n, who): (usize, &String)| {
        create(&note(&peer.url(&format!("/r/{n}")), who, "<p>Among us.</p>", closed.clone()))
    };
    let refused: Vec<_> = people.iter().enumerate().map(refused).collect();
    let mut all = [posts.clone(), likes.clone(), twice, refused, posts, likes.clone()].concat();
    all.sort_by_cached_key(|activity| activity["actor"].to_string());
    send_all(all).await;
    assert_eq!(a.app.count("SELECT count(*) AS n FROM posts").await, 23, "{kind:?}");
    let counts = async || {
        let mut conn = a.ctx().db.read().await.unwrap();
        let group = kring::store::actors::get(&mut conn, group.id).await.unwrap();
        let mut liked = Vec::new();
        for post in &ours {
            liked.push(kring::store::posts::get(&mut conn, post.id).await.unwrap().reactions_count);
        }
        let me = ada.member_id().unwrap();
        (group.posts_count, liked, kring::store::notices::count_unread(&mut conn, me).await.unwrap())
    };
    let (posted, liked, told) = counts().await;
    assert_eq!((posted, liked), (23, vec![7, 7, 6]), "{kind:?}");
    assert!(told >= 20, "{kind:?}: of each reaction one is told: {told}");
    let undo = |(n, like): (usize, &serde_json::Value)| {
        activity("Undo", &peer.url(&format!("/u/{n}")), like["actor"].as_str().unwrap(), like.clone())
    };
    send_all(likes.iter().enumerate().step_by(2).map(undo).collect()).await;
    assert_eq!(counts().await, (23, vec![3, 4, 3], told), "{kind:?}");
}

/// People of servers never seen before, all at once: each asks twice to be let into a group that is open, and once into one where
/// that is decided; and people of a server that is blocked.
async fn follows(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let open = a.group(&ada, "Local history", GroupKind::Public).await;
    let form = GroupForm { approval: true, ..group_form("Book club", GroupKind::Public) };
    let careful = kring::services::groups::create(a.ctx(), &ada, form).await.unwrap();
    let banned = Peer::start("banned", "mastodon").await;
    let host = a.app.federation().set_peer(&banned.host, PeerState::None).await.unwrap().id;
    let block = a.ctx().db.write(move |conn| {
        Box::pin(async move { kring::store::federation::set_host_state(conn, host, HostState::Blocked).await })
    });
    block.await.unwrap();
    let (mut peers, mut sending) = (Vec::new(), Vec::new());
    let mut send = |peer: &Peer, who: &str, path: String, group: &Actor| {
        let follow = activity("Follow", &peer.url(&path), who, json!(group.uri));
        let (peer, inbox, who) = (peer.clone(), a.url("/inbox"), who.to_owned());
        sending.push(tokio::spawn(async move { (peer.send(&who, &inbox, &follow).await, peer.host) }));
    };
    for n in 0..8 {
        let peer = Peer::start(&format!("peer{n}"), "mastodon").await;
        for m in 0..5 {
            let person = peer.person(&format!("sam{m}"));
            send(&peer, &person, format!("/f/{m}"), &open);
            send(&peer, &person, format!("/f/{m}/again"), &open);
            send(&peer, &person, format!("/q/{m}"), &careful);
            let other = banned.person(&format!("bad{n}{m}"));
            send(&banned, &other, format!("/f/{n}{m}"), &open);
        }
        peers.push(peer);
    }
    for sent in sending {
        let (status, host) = sent.await.unwrap();
        assert_eq!(status, if host == banned.host { 403 } else { 202 }, "{kind:?} {host}");
    }
    for peer in &peers {
        until("ten Accepts", async || {
            (peer.received().iter().filter(|v| v["type"] == "Accept").count() == 10).then_some(())
        })
        .await;
        let asked = peer.seen().iter().filter(|seen| seen.path == "/.well-known/nodeinfo").count();
        assert_eq!(asked, 1, "{kind:?}: a server is asked once what it is");
    }
    a.until_quiet().await;
    let count = async |what: String| a.app.count(&format!("SELECT count(*) AS n FROM {what}")).await;
    assert_eq!(count("actors WHERE name LIKE 'bad%'".to_owned()).await, 0, "{kind:?}");
    for (group, accepted, requested) in [(&open, 41, 0), (&careful, 1, 40)] {
        for (state, expected) in [("accepted", accepted), ("requested", requested)] {
            let found = count(format!("follows WHERE target_id = {} AND state = '{state}'", group.id)).await;
            assert_eq!(found, expected, "{kind:?} {} {state}", group.name);
        }
        let audiences = format!("(SELECT id FROM audiences WHERE owner_id = {})", group.id);
        let readers = format!("(SELECT DISTINCT actor_id FROM readers WHERE audience_id IN {audiences}) AS r");
        assert_eq!(count(readers).await, accepted, "{kind:?} {}", group.name);
        let told = format!("groups WHERE actor_id = {} AND members_count = {accepted}", group.id);
        assert_eq!(count(told).await, 1, "{kind:?} {}", group.name);
        let told = format!("actors WHERE id = {} AND followers_count = {accepted}", group.id);
        assert_eq!(count(told).await, 1, "{kind:?} {}", group.name);
    }
    assert_eq!(count("actors WHERE name LIKE 'sam%' AND following_count = 1".to_owned()).await, 40, "{kind:?}");
    let keys = "actor_keys JOIN actors ON actors.id = actor_keys.actor_id WHERE actors.name LIKE 'sam%'";
    assert_eq!(count(keys.to_owned()).await, 40, "{kind:?}");
}

/// Many actors are described at once: some are new, some have other names and keys than before, one has the name of another.
async fn described(kind: Kind) {
    let (a, peer) = (Kring::start("alpha", kind).await, Peer::start("lemming", "mastodon").await);
    let ask = |uri: String| {
        let ctx = a.ctx().clone();
        tokio::spawn(async move { (ctx.remote().unwrap().resolve_url(&uri).await, uri) })
    };
    let known: Vec<String> = (0..20).map(|n| peer.person(&format!("sam{n}"))).collect();
    for asked in known.iter().cloned().map(ask).collect::<Vec<_>>() {
        let (found, uri) = asked.await.unwrap();
        assert!(matches!(found, Ok(Resolved::Actor(found)) if found.uri == uri), "{kind:?}");
    }
    let other_key = |n: usize| {
        let id = peer.url(&format!("/users/sam{n}"));
        let key = json!({"id": format!("{id}#second"), "owner": id, "publicKeyPem": peer.key.public_pem().unwrap()});
        peer.actor("Person", &format!("sam{n}"), json!({"name": format!("Sam {n}"), "publicKey": key}))
    };
    let all: Vec<String> = (0..40).map(other_key).collect();
    let double = peer.actor("Person", "double", json!({"preferredUsername": "sam1"}));
    let asked: Vec<_> = all[20..].iter().chain([&double]).cloned().map(ask).collect();
    let update = |(n, who): (usize, &String)| {
        let update = activity("Update", &peer.url(&format!("/u/{n}")), who, peer.document(&format!("/users/sam{n}")));
        let (peer, inbox, who) = (peer.clone(), a.url("/inbox"), who.clone());
        tokio::spawn(async move { peer.send(&who, &inbox, &update).await })
    };
    for sent in known.iter().enumerate().map(update).collect::<Vec<_>>() {
        assert_eq!(sent.await.unwrap(), 202, "{kind:?}");
    }
    for asked in asked {
        let (found, uri) = asked.await.unwrap();
        match found {
            Ok(Resolved::Actor(found)) => assert_eq!(found.uri, uri, "{kind:?}"),
            refused => assert!(refused.is_err() && uri == double, "{kind:?} {uri}: the name is somebody's"),
        }
    }
    a.until_quiet().await;
    let mut conn = a.ctx().db.read().await.unwrap();
    for (n, uri) in all.iter().enumerate() {
        let found = kring::store::actors::find_by_uri(&mut conn, uri).await.unwrap().unwrap();
        assert_eq!((found.name, found.display_name), (format!("sam{n}"), format!("Sam {n}")), "{kind:?}");
        let keys = kring::store::federation::keys_of(&mut conn, found.id).await.unwrap();
        let keys: Vec<String> = keys.into_iter().map(|key| key.key_uri).collect();
        assert_eq!(keys, [format!("{uri}#second")], "{kind:?}");
    }
    assert!(kring::store::actors::find_by_uri(&mut conn, &double).await.unwrap().is_none(), "{kind:?}");
}

/// What came in and what was answered goes after as long as the setting says; what has an address or waits stays.
async fn forgotten(kind: Kind) {
    let clock = kring::base::Clock::fixed(kring::base::Clock::system().now());
    let a = Kring::at(&clock, "alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let peer = Peer::start("gamma", "mastodon").await;
    let lou = follow(&a, &group, &peer).await;
    let post = a.post(&ada, &group, PostKind::Message, "", "Hello").await;
    let liked = activity("Like", &peer.url("/l/1"), &lou, json!(post.uri));
    assert_eq!(peer.send(&lou, &a.url("/inbox"), &liked).await, 202);
    a.until_quiet().await;
    a.app.settle().await;
    until("nothing is on its way", async || {
        (a.app.count("SELECT count(*) AS n FROM deliveries").await == 0).then_some(())
    })
    .await;
    let kept = async |what: &str| a.app.count(&format!("SELECT count(*) AS n FROM activities WHERE {what}")).await;
    assert!(kept("direction = 'in'").await >= 2 && kept("kind = 'Accept'").await == 1);
    kring::services::retention::run(a.ctx()).await.unwrap();
    assert!(kept("direction = 'in'").await >= 2, "it is not long ago");
    clock.advance(40 * kring::base::Time::DAY);
    kring::services::retention::run(a.ctx()).await.unwrap();
    assert_eq!((kept("direction = 'in'").await, kept("kind = 'Accept'").await), (0, 0));
    let create = a.url(&format!("/activities/{}", post.id));
    assert_eq!(a.get(&create).await.0, 200, "what has an address stays");
    assert_eq!(a.find(&post.uri).await.unwrap().reactions_count, 1);
}
