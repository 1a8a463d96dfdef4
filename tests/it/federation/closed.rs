//! Private, network and organisation groups among instances: everyone who may reads everything, nobody else anything.

use kring::base::*;
use kring::domain::Viewer;
use kring::domain::actors::Actor;
use kring::domain::groups::{FollowState, GroupKind};
use kring::domain::media::MediaPurpose;
use kring::domain::posts::{Post, PostKind, PostState, ReactionKind};
use kring::services::posts::{self, PostForm};
use kring::services::{follows, groups, media};
use serde_json::json;

use super::peer::*;
use super::support::*;
use crate::support::{Kind, PNG};

on_each_database! {
    g3_d91_d92_d93_d97_a_private_group_on_three_servers => private;
    a_network_group_reaches_peers_alone => network;
    an_agreement_that_ends_closes_network_groups => ended;
    g3_what_is_written_while_the_host_is_down_arrives_afterwards => down;
    a_group_that_closes_is_closed_everywhere => narrowed;
}

on_sqlite! {
    an_organisation_group_never_leaves => organisation;
    d96_a_microblog_cannot_join_a_private_group => microblog;
    d96_where_a_group_lets_them_microblogs_hear_that_something_was_written => barely;
    a_group_without_outside_members_takes_none => insiders;
    an_invited_person_elsewhere_comes_in_at_once => invited;
    the_first_of_an_unknown_server_is_let_in_after_a_warning => first_of;
}

/// Lets someone from elsewhere in, who asked.
pub(super) async fn admit(
    home: &Kring,
    moderator: &Viewer,
    group: &Actor,
    there: &Kring,
    who: &Viewer,
    as_known: &Actor,
) {
    follows::request(there.ctx(), who, as_known.id, "").await.unwrap();
    let uri = there.ctx().urls.actor(kring::domain::actors::ActorKind::Person, &there.name_of(who).await);
    let follower = until("the request", async || {
        let mut conn = home.ctx().db.read().await.unwrap();
        let actor = kring::store::actors::find_by_uri(&mut conn, &uri).await.unwrap()?;
        let follow = kring::store::groups::find_follow(&mut conn, actor.id, group.id).await.unwrap()?;
        (follow.state == FollowState::Requested).then_some(actor.id)
    })
    .await;
    follows::accept(home.ctx(), moderator, group.id, follower).await.unwrap();
    there.until_state(who, as_known, Some(FollowState::Accepted)).await;
}

struct Three {
    a: Kring,
    b: Kring,
    c: Kring,
    d: Peer,
    ada: Viewer,
    bob: Viewer,
    cas: Viewer,
    eve: String,
    group: Actor,
    at_b: Actor,
    at_c: Actor,
}

impl Three {
    /// A private group at `a` with a member at each of three servers; `d` is a stranger.
    async fn new(kind: Kind) -> Self {
        Self::at(&Clock::system(), kind).await
    }

    async fn at(clock: &Clock, kind: Kind) -> Self {
        let (a, b) = (Kring::at(clock, "alpha", kind).await, Kring::at(clock, "beta", kind).await);
        let c = Kring::at(clock, "gamma", kind).await;
        let d = Peer::start("delta", "kring").await;
        // None of them is known to strangers.
        let (ada, bob, cas) = (a.quiet_person("Ada").await, b.quiet_person("Bob").await, c.quiet_person("Cas").await);
        let group = a.group(&ada, "Care team", GroupKind::Private).await;
        let (at_b, at_c) = (b.resolve("care_team", &a.host).await, c.resolve("care_team", &a.host).await);
        admit(&a, &ada, &group, &b, &bob, &at_b).await;
        admit(&a, &ada, &group, &c, &cas, &at_c).await;
        let eve = d.person("eve");
        Self { a, b, c, d, ada, bob, cas, eve, group, at_b, at_c }
    }

    /// Nobody but readers has it, at any door: unsigned or signed by a stranger, page or document.
    async fn nobody_else_has(&self, home: &Kring, post: &Post) {
        let id = home.find(&post.uri).await.unwrap().id;
        let mut urls = vec![
            home.url(&format!("/posts/{id}")),
            home.url(&format!("/posts/{id}/replies")),
            home.url(&format!("/contexts/{id}")),
            home.url(&format!("/activities/{id}")),
        ];
        let view = home.view(&Viewer::System, id).await.unwrap();
        urls.extend(
            view.media.iter().flat_map(|m| [home.ctx().urls.media(m.id, false), home.ctx().urls.media(m.id, true)]),
        );
        for part in ["outbox?page=1", "featured"] {
            urls.push(self.a.url(&format!("/groups/care_team/{part}")));
        }
        for url in urls {
            for (who, (status, body)) in [
                ("a stranger", get_as(&url, "application/activity+json").await),
                ("eve", self.d.get(&self.eve, &url).await),
            ] {
                assert_eq!(status, 404, "{who} got {url}: {body}");
            }
            assert_ne!(get_as(&url, "text/html").await.0, 200, "{url}");
        }
        let stranger = home.person(&format!("Stranger{}", id.0 & 0xffff)).await;
        assert!(home.view(&stranger, id).await.is_err());
    }
}

async fn private(kind: Kind) {
    let t = Three::new(kind).await;
    // A post from each side, one with a picture, is read on every server.
    let bytes = bytes::Bytes::from_static(PNG);
    let file =
        media::upload(t.b.ctx(), &t.bob, bytes, "image/png", "x.png", "A chart", MediaPurpose::Post).await.unwrap();
    let form = PostForm { group: Some(t.at_b.id), media: vec![file.id], ..PostForm::new(PostKind::Message, "From B") };
    let from_b = t.b.publish(&t.bob, form).await;
    let from_a = t.a.post(&t.ada, &t.group, PostKind::Message, "", "From A").await;
    let from_c = t.c.post(&t.cas, &t.at_c, PostKind::Question, "From C", "Who knows?").await;
    let all = [(&t.a, &t.ada), (&t.b, &t.bob), (&t.c, &t.cas)];
    for post in [&from_a, &from_b, &from_c] {
        for (kring, reader) in all {
            let here = kring.until_published(&post.uri).await;
            assert!(kring.view(reader, here.id).await.is_ok());
        }
    }
    let note = t.b.document_of(&from_b).await;
    assert_eq!(note["to"], json!([t.group.uri, format!("{}/followers", t.group.uri)]));
    assert_eq!(note["cc"], json!([]));
    assert!(!note.to_string().contains("#Public"));
    // The picture is as private as the post: C's member has it from B, with A's word that she is a member.
    let there = t.c.find(&from_b.uri).await.unwrap();
    let picture = t.c.view(&t.cas, there.id).await.unwrap().media[0].clone();
    let opened = media::open(t.c.ctx(), &t.cas, picture.id, false).await.unwrap();
    assert_eq!(opened.mime, "image/png");
    // The group's host keeps a copy, though nobody there looked at it.
    let at_a = t.a.find(&from_b.uri).await.unwrap();
    let kept = format!("SELECT count(*) AS n FROM media WHERE post_id = {} AND key IS NOT NULL", at_a.id);
    until("a copy", async || (t.a.app.count(&kept).await == 1).then_some(())).await;
    // Comments and reactions go round as well.
    let comment = t.c.comment(&t.cas, there.id, "Clear").await;
    posts::react(t.c.ctx(), &t.cas, there.id, ReactionKind::Thanks, true).await.unwrap();
    for (kring, _) in all {
        kring.until_published(&comment.uri).await;
        kring.until_post(&from_b.uri, |p| p.reactions_count == 1 && p.replies_count == 1).await;
    }
    for (home, post) in [(&t.a, &from_a), (&t.b, &from_b), (&t.c, &from_c), (&t.a, &from_b)] {
        t.nobody_else_has(home, post).await;
    }
    membership_is_answered(&t).await;
    removal(&t, &from_a, &from_b).await;
}

/// The group's host is away for an hour. Members elsewhere go on writing; when it is back everybody has everything, once, and a
/// stranger has nothing.
async fn down(kind: Kind) {
    let clock = Clock::fixed(Clock::system().now());
    let mut t = Three::at(&clock, kind).await;
    let before = t.a.post(&t.ada, &t.group, PostKind::Message, "", "Before").await;
    let at_b = t.b.until_published(&before.uri).await;
    let host = t.a.host.clone();
    let away = t.a.app.go_down().await;

    let first = t.b.post(&t.bob, &t.at_b, PostKind::Message, "", "First").await;
    let comment = t.b.comment(&t.bob, at_b.id, "While you were away").await;
    let second = t.b.post(&t.bob, &t.at_b, PostKind::Message, "", "Second").await;
    posts::edit(t.b.ctx(), &t.bob, first.id, PostForm::new(PostKind::Message, "First, and better")).await.unwrap();
    posts::delete(t.b.ctx(), &t.bob, second.id).await.unwrap();
    let from_c = t.c.post(&t.cas, &t.at_c, PostKind::Question, "From C", "Who knows?").await;
    for kring in [&t.b, &t.c] {
        kring.app.settle().await;
    }
    for minutes in [0, 1, 4, 15, 40] {
        clock.advance(minutes * Time::MINUTE);
        for kring in [&t.b, &t.c] {
            until("every lane was tried, and waits", async || {
                let now = clock.now().micros();
                let due = format!("SELECT count(*) AS n FROM lanes WHERE next_at <= {now}");
                (kring.app.count(&due).await == 0).then_some(())
            })
            .await;
            let mut conn = kring.ctx().db.read().await.unwrap();
            assert!(kring::store::deliveries::count(&mut conn).await.unwrap() > 0, "nothing is given up");
        }
    }
    // The host is the only door: nobody else has it from its author.
    assert!(t.c.find(&first.uri).await.is_none() && t.b.find(&from_c.uri).await.is_none());

    t.a = Kring { app: away.come_up().await, host };
    // Whoever hears from it tries again at once.
    let back = t.a.post(&t.ada, &t.group, PostKind::Message, "", "We are back").await;
    for kring in [&t.a, &t.b, &t.c] {
        for post in [&before, &comment, &from_c, &back] {
            until(&format!("{} at {}", post.uri, kring.host), async || {
                // What fails once more is tried again: the clock must go on for that.
                clock.advance(Time::SECOND / 5);
                kring.find(&post.uri).await.filter(|post| post.state == PostState::Published)
            })
            .await;
        }
        kring.until_post(&first.uri, |post| post.html.contains("better")).await;
    }
    for kring in [&t.a, &t.b, &t.c] {
        kring.until_quiet().await;
        assert!(kring.find(&second.uri).await.is_none_or(|post| post.state != PostState::Published));
        assert_eq!(kring.app.count("SELECT count(*) AS n FROM posts WHERE state = 'published'").await, 5);
        t.nobody_else_has(kring, &first).await;
    }
}

/// `is_follower`: yes and no for hosts with a member, nothing for others.
async fn membership_is_answered(t: &Three) {
    let cas = t.c.url("/people/cas");
    let mut url = url::Url::parse(&format!("{}/followers", t.group.uri)).unwrap();
    url.query_pairs_mut().append_pair("is_follower", &cas);
    assert_eq!(t.d.get(&t.eve, url.as_str()).await.0, 404);
    assert_eq!(get_as(url.as_str(), "application/activity+json").await.0, 404);
    let public = t.a.group(&t.ada, "Square", GroupKind::Public).await;
    assert_eq!(t.d.get(&t.eve, &format!("{}/followers?is_follower={cas}", public.uri)).await.0, 400);
}

/// The last member of a server is put out: nothing goes there any more, and nothing is served to it.
async fn removal(t: &Three, from_a: &Post, from_b: &Post) {
    let mut conn = t.a.ctx().db.read().await.unwrap();
    let cas = kring::store::actors::find_by_uri(&mut conn, &t.c.url("/people/cas")).await.unwrap().unwrap();
    drop(conn);
    follows::reject(t.a.ctx(), &t.ada, t.group.id, cas.id, "moved away").await.unwrap();
    t.c.until_state(&t.cas, &t.at_c, None).await;
    let here = t.c.find(&from_a.uri).await.unwrap();
    assert!(t.c.view(&t.cas, here.id).await.is_err(), "she reads it no longer");
    let later = t.a.post(&t.ada, &t.group, PostKind::Message, "", "Without C").await;
    t.b.until_published(&later.uri).await;
    t.a.until_quiet().await;
    a_while().await;
    assert!(t.c.find(&later.uri).await.is_none());
    // Her server asks A and B for what it once had.
    let remote = t.c.ctx().remote().unwrap();
    assert!(remote.fetch_media(&later.uri, Some(t.cas.member_id().unwrap()), None).await.is_err());
    assert!(remote.fetch_media(&from_a.uri, Some(t.cas.member_id().unwrap()), None).await.is_err());
    let post =
        posts::publish(t.c.ctx(), &t.cas, PostForm { group: Some(t.at_c.id), ..PostForm::new(PostKind::Message, "x") })
            .await;
    assert!(post.is_err(), "nor does she write");
    assert!(t.b.find(&from_b.uri).await.is_some());
}

async fn network(kind: Kind) {
    let (a, b) = Kring::peers(["alpha", "beta"], kind).await;
    let c = Kring::start("gamma", kind).await;
    // None of them is known to strangers.
    let (ada, bob, cas) = (a.quiet_person("Ada").await, b.quiet_person("Bob").await, c.quiet_person("Cas").await);
    let group = a.group(&ada, "Partners", GroupKind::Network).await;
    let at_b = b.resolve("partners", &a.host).await;
    b.join(&bob, &at_b).await;
    let post = a.post(&ada, &group, PostKind::Message, "", "For partners").await;
    let here = b.until_published(&post.uri).await;
    // Every member of the peer reads it there, guests do not.
    let (bea, guest) = (
        b.person("Bea").await,
        Viewer::Member { id: ActorId(1), role: kring::domain::people::Role::Member, guest: true },
    );
    assert!(b.view(&bea, here.id).await.is_ok());
    assert!(b.view(&guest, here.id).await.is_err() && b.view(&Viewer::Anonymous, here.id).await.is_err());
    let answer = b.comment(&bob, here.id, "Thank you").await;
    a.until_published(&answer.uri).await;
    // A server that is no peer is refused, and reads nothing.
    let at_c = c.resolve("partners", &a.host).await;
    assert!(follows::request(c.ctx(), &cas, at_c.id, "").await.is_err(), "nobody there is shown it");
    c.until_state(&cas, &at_c, None).await;
    assert_eq!(get_as(&post.uri, "application/activity+json").await.0, 404);
    let remote = c.ctx().remote().unwrap();
    assert!(remote.resolve_url(&post.uri).await.is_err());
    assert!(c.find(&post.uri).await.is_none());
    // When the agreement ends, so does what goes there.
    a.app.federation().set_peer(&b.host, kring::domain::peers::PeerState::Ended).await.unwrap();
    let later = a.post(&ada, &group, PostKind::Message, "", "Among ourselves").await;
    a.until_quiet().await;
    a_while().await;
    assert!(b.find(&later.uri).await.is_none());
    assert!(b.ctx().remote().unwrap().resolve_url(&later.uri).await.is_err());
}

/// Whose server has no agreement any more reads and writes nothing, what was there before included; agreed again, as before.
async fn ended(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let (ada, peer) = (a.person("Ada").await, Peer::start("epsilon", "kring").await);
    a.agrees(&peer.host, "public,network").await;
    let group = a.group(&ada, "Partners", GroupKind::Network).await;
    let eve = peer.person("eve");
    let send = async |sent: serde_json::Value| {
        assert_eq!(peer.send(&eve, &a.url("/inbox"), &sent).await, 202);
        a.until_quiet().await;
    };
    send(activity("Follow", &peer.url("/f/1"), &eve, json!(group.uri))).await;
    peer.until_received("Accept", |v| v["type"] == "Accept").await;
    let post = a.post(&ada, &group, PostKind::Message, "", "For partners").await;
    let more = json!({"to": [group.uri], "cc": [], "audience": group.uri});
    let write = async |n: usize, under: Option<&str>| {
        let mut note = note(&peer.url(&format!("/n/{n}")), &eve, "<p>From me</p>", more.clone());
        note["inReplyTo"] = json!(under);
        send(create(&note)).await;
        a.find(&peer.url(&format!("/n/{n}"))).await.is_some()
    };
    let outbox = format!("{}/outbox?page=1", group.uri);
    let reads = async || (peer.get(&eve, &post.uri).await.0, peer.get(&eve, &outbox).await.0);
    assert_eq!((reads().await, write(1, None).await, write(2, Some(&post.uri)).await), ((200, 200), true, true));
    let member = {
        let mut conn = a.ctx().db.read().await.unwrap();
        kring::store::actors::find_by_uri(&mut conn, &eve).await.unwrap().unwrap().id
    };
    follows::set_role(a.ctx(), &ada, group.id, member, kring::domain::groups::GroupRole::Moderator).await.unwrap();
    for narrower in [None, Some("public")] {
        match narrower {
            None => {
                drop(a.app.federation().set_peer(&peer.host, kring::domain::peers::PeerState::Ended).await.unwrap())
            }
            Some(scope) => a.agrees(&peer.host, scope).await,
        }
        let n = narrower.map_or(10, |_| 20);
        assert_eq!(reads().await, (404, 404), "{kind:?} {narrower:?}");
        assert!(!write(n, None).await && !write(n + 1, Some(&post.uri)).await, "{kind:?} {narrower:?}");
        send(activity("Like", &peer.url(&format!("/l/{n}")), &eve, json!(post.uri))).await;
        let mut edit = note(&peer.url("/n/1"), &eve, "<p>Something else</p>", more.clone());
        edit["updated"] = json!(a.ctx().now().to_rfc3339());
        send(activity("Update", &peer.url(&format!("/u/{n}")), &eve, edit)).await;
        let kept = a.find(&peer.url("/n/1")).await.unwrap();
        assert!(kept.html.contains("From me"), "{kind:?} {narrower:?}: {}", kept.html);
        // As a moderator no more than as a member.
        send(activity("Lock", &peer.url(&format!("/k/{n}")), &eve, json!(post.uri))).await;
        // A member still, to ask again changes nothing.
        send(activity("Follow", &peer.url(&format!("/f/{n}")), &eve, json!(group.uri))).await;
        let now = a.find(&post.uri).await.unwrap();
        assert_eq!((now.reactions_count, now.locked, reads().await), (0, false, (404, 404)), "{kind:?} {narrower:?}");
        let ours = a.post(&ada, &group, PostKind::Message, "", "Among ourselves").await;
        a.until_quiet().await;
        a_while().await;
        let told = peer.received().iter().any(|sent| sent.to_string().contains(&ours.uri));
        assert!(!told, "{kind:?} {narrower:?}");
    }
    // Who was asked in meanwhile comes in when it is agreed again, and opens nothing before.
    let lou = peer.person("lou");
    let other = a.group(&ada, "Planning", GroupKind::Network).await;
    a.agrees(&peer.host, "network").await;
    assert_eq!((reads().await, write(30, None).await), ((200, 200), true), "{kind:?}");
    let lou_here = a.ctx().remote().unwrap().resolve_url(&lou).await.unwrap();
    let kring::services::ctx::Resolved::Actor(lou_here) = lou_here else { panic!("no actor") };
    follows::invite(a.ctx(), &ada, other.id, lou_here.id).await.unwrap();
    a.agrees(&peer.host, "public").await;
    let plans = format!("{}/outbox?page=1", other.uri);
    let follow = activity("Follow", &peer.url("/f/lou"), &lou, json!(other.uri));
    assert_eq!(peer.send(&lou, &a.url("/inbox"), &follow).await, 202);
    a.until_quiet().await;
    assert_eq!(peer.get(&lou, &plans).await.0, 404, "{kind:?}");
    // A group that closes further keeps nobody who could not read it.
    groups::update(a.ctx(), &ada, other.id, group_form("Planning", GroupKind::Private)).await.unwrap();
    let left = format!("SELECT count(*) AS n FROM follows WHERE target_id = {}", other.id);
    assert_eq!(a.app.count(&left).await, 1, "{kind:?}: Ada alone");
    a.agrees(&peer.host, "network").await;
    assert_eq!(reads().await, (200, 200), "{kind:?}");
    // A group that closes to those with an agreement closes to a member whose server has none.
    a.agrees(&peer.host, "public").await;
    let open = a.group(&ada, "Everybody", GroupKind::Public).await;
    send(activity("Follow", &peer.url("/f/30"), &eve, json!(open.uri))).await;
    let post = a.post(&ada, &open, PostKind::Message, "", "Before").await;
    groups::update(a.ctx(), &ada, open.id, group_form("Everybody", GroupKind::Network)).await.unwrap();
    assert_eq!(peer.get(&eve, &post.uri).await.0, 404, "{kind:?}");
}

async fn organisation(kind: Kind) {
    let (a, b) = Kring::peers(["alpha", "beta"], kind).await;
    let ada = a.person("Ada").await;
    b.person("Bob").await;
    let group = a.group(&ada, "Staff", GroupKind::Organisation).await;
    assert!(matches!(b.ctx().remote().unwrap().resolve_handle("staff", &a.host).await, Err(Error::NotFound)));
    let post = a.post(&ada, &group, PostKind::Message, "", "Wages").await;
    a.until_quiet().await;
    let mut conn = a.ctx().db.read().await.unwrap();
    assert_eq!(kring::store::deliveries::count(&mut conn).await.unwrap(), 0);
    assert!(b.ctx().remote().unwrap().resolve_url(&post.uri).await.is_err());
    // Asked to join although it could not be found: no answer at all.
    let peer = Peer::start("delta", "kring").await;
    let eve = peer.person("eve");
    let follow = activity("Follow", &peer.url("/f/1"), &eve, json!(group.uri));
    assert_eq!(peer.send(&eve, &a.url("/inbox"), &follow).await, 202);
    a.until_quiet().await;
    a_while().await;
    assert!(peer.received().is_empty());
}

async fn microblog(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Care team", GroupKind::Private).await;
    let peer = Peer::start("masto", "mastodon").await;
    let mia = peer.person("mia");
    let follow = activity("Follow", &peer.url("/f/1"), &mia, json!(group.uri));
    assert_eq!(peer.send(&mia, &a.url("/inbox"), &follow).await, 202);
    let reject = peer.until_received("Reject", |v| v["type"] == "Reject").await;
    assert_eq!(reject["object"]["id"].as_str(), Some(peer.url("/f/1").as_str()));
    a.post(&ada, &group, PostKind::Message, "", "Private").await;
    a.until_quiet().await;
    assert_eq!(peer.received().len(), 1, "{:?}", peer.types());
}

/// One note for each new post, by the group, with nothing in it; taken back with the post. Who follows so reads nothing and is no
/// member. It ends with the setting.
async fn barely(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let with_notices = groups::GroupForm { bare_notices: true, ..group_form("Care team", GroupKind::Private) };
    let group = groups::create(a.ctx(), &ada, with_notices.clone()).await.unwrap();
    let (peer, second) = (Peer::start("masto", "mastodon").await, Peer::start("pixel", "pixelfed").await);
    let (mia, max) = (peer.person("mia"), second.person("max"));
    for (server, who) in [(&peer, &mia), (&second, &max)] {
        let follow = activity("Follow", &server.url("/f/1"), who, json!(group.uri));
        assert_eq!(server.send(who, &a.url("/inbox"), &follow).await, 202);
        server.until_received("Accept", |v| v["type"] == "Accept").await;
    }
    let members = async || a.app.count("SELECT count(*) AS n FROM follows WHERE state = 'accepted'").await;
    assert_eq!(members().await, 1, "Ada alone");

    let post = a.post(&ada, &group, PostKind::Message, "A secret", "Nobody outside knows").await;
    a.comment(&ada, post.id, "Nor of this").await;
    let told = peer.until_received("a notice", |v| v["type"] == "Create").await;
    let bare = &told["object"];
    assert_eq!((&told["actor"], &bare["attributedTo"]), (&json!(group.uri), &json!(group.uri)));
    assert_eq!((&bare["to"], &bare["cc"]), (&json!([format!("{}/followers", group.uri)]), &json!([])));
    let words = bare["content"].as_str().unwrap();
    assert!(words.contains("Er staat iets nieuws in Care team.") && words.contains(&post.uri), "{words}");
    a.until_quiet().await;
    a_while().await;
    let all = serde_json::to_string(&peer.received()).unwrap();
    for hidden in ["secret", "Nobody", "Nor of", "/people/ada", "Ada", "#Public"] {
        assert!(!all.contains(hidden), "{hidden} in {all}");
    }
    assert_eq!(peer.types(), ["Accept Follow", "Create Note"], "one for the post, none for the comment");
    for url in [post.uri.clone(), format!("{}/outbox?page=1", group.uri), a.url(&format!("/contexts/{}", post.id))] {
        assert_eq!(peer.get(&mia, &url).await.0, 404, "{url}");
    }
    let asked = format!("{}/followers?is_follower={mia}", group.uri);
    assert_eq!(peer.get(&mia, &asked).await.0, 404);
    let mut reply = note(&peer.url("/n/1"), &mia, "<p>May I?</p>", json!({"to": [group.uri], "cc": []}));
    reply["inReplyTo"] = json!(post.uri);
    assert_eq!(peer.send(&mia, &a.url("/inbox"), &create(&reply)).await, 202);
    a.until_quiet().await;
    assert!(a.find(&peer.url("/n/1")).await.is_none(), "who only hears does not write");

    posts::delete(a.ctx(), &ada, post.id).await.unwrap();
    let gone = peer.until_received("its end", |v| v["type"] == "Delete").await;
    assert_eq!(gone["object"]["id"], bare["id"]);
    // One stops by the bare id of the Follow; the other hears when the group wants it no more.
    let undo = activity("Undo", &second.url("/u/1"), &max, json!(second.url("/f/1")));
    assert_eq!(second.send(&max, &a.url("/inbox"), &undo).await, 202);
    a.until_quiet().await;
    let before = second.received().len();
    a.post(&ada, &group, PostKind::Message, "", "Another").await;
    peer.until_received("the next", |v| v["type"] == "Create" && v["object"]["id"] != bare["id"]).await;
    groups::update(a.ctx(), &ada, group.id, group_form("Care team", GroupKind::Private)).await.unwrap();
    peer.until_received("the end", |v| v["type"] == "Reject").await;
    let silent = peer.received().len();
    a.post(&ada, &group, PostKind::Message, "", "Among ourselves").await;
    a.until_quiet().await;
    a_while().await;
    assert_eq!((peer.received().len(), second.received().len()), (silent, before));
    // Hidden, it lets nobody know that it is there.
    let hidden = groups::GroupForm { hidden: true, ..with_notices };
    groups::update(a.ctx(), &ada, group.id, hidden).await.unwrap();
    let again = activity("Follow", &peer.url("/f/2"), &mia, json!(group.uri));
    assert_eq!(peer.send(&mia, &a.url("/inbox"), &again).await, 202);
    a.until_quiet().await;
    a_while().await;
    assert!(peer.received()[silent..].iter().all(|v| v["type"] != "Accept"), "{:?}", peer.types());
}

async fn insiders(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let mut form = group_form("Board", GroupKind::Private);
    form.outside_members = false;
    let group = groups::create(a.ctx(), &ada, form).await.unwrap();
    let peer = Peer::start("delta", "kring").await;
    let eve = peer.person("eve");
    let follow = activity("Follow", &peer.url("/f/1"), &eve, json!(group.uri));
    assert_eq!(peer.send(&eve, &a.url("/inbox"), &follow).await, 202);
    a.until_quiet().await;
    a_while().await;
    assert!(peer.received().is_empty(), "not even a refusal tells that it is there");
}

async fn invited(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let (ada, bob) = (a.person("Ada").await, b.person("Bob").await);
    let mut form = group_form("Secret", GroupKind::Private);
    form.hidden = true;
    let group = groups::create(a.ctx(), &ada, form).await.unwrap();
    assert!(b.ctx().remote().unwrap().resolve_handle("secret", &a.host).await.is_err());
    let bob_at_a = a.resolve("bob", &b.host).await;
    follows::invite(a.ctx(), &ada, group.id, bob_at_a.id).await.unwrap();
    let at_b = until("the invitation", async || {
        let mut conn = b.ctx().db.read().await.unwrap();
        kring::store::actors::find_by_uri(&mut conn, &group.uri).await.unwrap()
    })
    .await;
    b.until_state(&bob, &at_b, Some(FollowState::Invited)).await;
    b.join(&bob, &at_b).await;
    let post = a.post(&ada, &group, PostKind::Message, "", "Welcome").await;
    b.until_published(&post.uri).await;
}

async fn narrowed(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let (ada, bob, bea) = (a.person("Ada").await, b.person("Bob").await, b.person("Bea").await);
    let group = a.group(&ada, "Garden", GroupKind::Public).await;
    let at_b = b.resolve("garden", &a.host).await;
    b.join(&bob, &at_b).await;
    let open = a.post(&ada, &group, PostKind::Message, "", "Open").await;
    let here = b.until_published(&open.uri).await;
    assert!(b.view(&bea, here.id).await.is_ok());
    groups::update(a.ctx(), &ada, group.id, group_form("Garden", GroupKind::Private)).await.unwrap();
    until("closed at the other server", async || b.view(&bea, here.id).await.is_err().then_some(())).await;
    assert!(b.view(&bob, here.id).await.is_ok());
    let closed = a.post(&ada, &group, PostKind::Message, "", "Closed").await;
    b.until_published(&closed.uri).await;
    // Opened again, what was closed stays so.
    groups::update(a.ctx(), &ada, group.id, group_form("Garden", GroupKind::Public)).await.unwrap();
    let again = a.post(&ada, &group, PostKind::Message, "", "Open again").await;
    let shown = b.until_published(&again.uri).await;
    assert!(b.view(&bea, shown.id).await.is_ok());
    let closed = b.find(&closed.uri).await.unwrap();
    assert!(b.view(&bea, closed.id).await.is_err());
    assert_eq!(a.get(&closed.uri).await.0, 404);
    assert_eq!(closed.state, PostState::Published);
}

/// The administrators of a server can read along with its members: who lets the first one in is told so.
async fn first_of(kind: Kind) {
    let (a, peer) = (Kring::start("alpha", kind).await, Peer::start("delta", "lemmy").await);
    let ada = a.app.person("Ada").await;
    let group = a.group(&ada.viewer, "Care team", GroupKind::Private).await;
    let open = a.group(&ada.viewer, "Local history", GroupKind::Public).await;
    let browser = a.app.browser(&ada).await;
    let (waiting, people) = ("/groups/care_team/moderation", "/groups/care_team/people");
    let warning = format!("Van {} is nog niemand lid", peer.host);
    let ask = async |name: &str| {
        let who = peer.person(name);
        let follow = activity("Follow", &peer.url(&format!("/f/{name}")), &who, json!(group.uri));
        assert_eq!(peer.send(&who, &a.url("/inbox"), &follow).await, 202);
        a.until_quiet().await;
        let mut conn = a.ctx().db.read().await.unwrap();
        kring::store::actors::find_by_uri(&mut conn, &who).await.unwrap().unwrap().id
    };
    let first = ask("eve").await;
    browser.get(waiting).await.ok().shows(&warning);
    follows::accept(a.ctx(), &ada.viewer, group.id, first).await.unwrap();
    ask("mia").await;
    browser.get(waiting).await.ok().shows("mia").hides(&warning);
    // Somebody is invited: first the warning, then all the same.
    let other = Peer::start("epsilon", "lemmy").await;
    other.person("lou");
    let lou = format!("@lou@{}", other.host);
    let invited = async || {
        let all = format!("SELECT count(*) AS n FROM follows WHERE state = 'invited' AND target_id = {}", group.id);
        a.app.count(&all).await
    };
    let again = browser.post(people, &[("name", &lou)]).await;
    assert!(again.html.contains("technisch meelezen") && invited().await == 0, "{}", again.html);
    browser.post(people, &[("name", &lou), ("sure", "@someone@else.example")]).await.shows("technisch meelezen");
    browser.post(people, &[("name", &lou), ("sure", &lou)]).await.ok().hides("technisch meelezen");
    assert_eq!(invited().await, 1);
    // What everybody reads needs no warning, nor does a server we have an agreement with.
    let third = Peer::start("zeta", "lemmy").await;
    third.person("lou");
    let lou = format!("@lou@{}", third.host);
    browser.post("/groups/local_history/people", &[("name", &lou)]).await.ok().hides("technisch meelezen");
    a.agrees(&third.host, "public").await;
    browser.post(people, &[("name", &lou)]).await.ok().hides("technisch meelezen");
    assert_eq!((invited().await, open.is_local()), (2, true));
}
