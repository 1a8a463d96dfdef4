//! Agreements between servers over the wire, and rules about servers.

use kring::domain::Viewer;
use kring::domain::groups::GroupKind;
use kring::domain::peers::{Host, HostState, PeerScope, PeerState, Peering, Terms};
use kring::domain::posts::{PostKind, PostState};
use kring::services::peers::{self, Rule};
use kring::store;
use serde_json::json;

use super::peer::*;
use super::support::*;
use crate::support::{Browser, Kind, PNG};

on_each_database! {
    an_offer_is_narrowed_accepted_and_ended => agreement;
}

on_sqlite! {
    two_offers_at_once_are_an_agreement => crossing;
    an_offer_is_refused_and_made_again => refused;
    rules_travel_as_mastodons_lists => lists;
    what_a_quiet_server_writes_waits => quiet;
    pictures_of_people_elsewhere_come_through_us => pictures;
}

fn terms(scope: &[PeerScope], purpose: &str) -> Terms {
    Terms {
        scope: scope.to_vec(),
        purpose: purpose.to_owned(),
        contact: "kring@alpha.example".to_owned(),
        retention: "A year".to_owned(),
    }
}

async fn host_at(kring: &Kring, name: &str) -> Option<(Host, Option<Peering>)> {
    let mut conn = kring.ctx().db.read().await.unwrap();
    let host = store::federation::find_host(&mut conn, name).await.unwrap()?;
    let peering = store::peers::find(&mut conn, host.id).await.unwrap();
    Some((host, peering))
}

/// Waits until a server stands like this with another.
async fn until_peer(kring: &Kring, name: &str, state: PeerState) -> (Host, Peering) {
    until(&format!("{state} of {name} at {}", kring.host), async || {
        let (host, peering) = host_at(kring, name).await?;
        (host.peer_state == state).then_some((host, peering?))
    })
    .await
}

/// Someone who runs a server, and their browser.
async fn administrator(kring: &Kring) -> Browser {
    let boss = kring.app.admin("Boss").await;
    kring.app.browser(&boss).await
}

async fn agreement(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let (ada, bob) = (a.person("Ada").await, b.person("Bob").await);
    let group = a.group(&ada, "Partners", GroupKind::Network).await;
    let wished = [PeerScope::Network, PeerScope::People];
    let state = peers::offer(a.ctx(), &Viewer::System, &b.host, terms(&wished, "Reading together")).await.unwrap();
    assert_eq!(state, PeerState::Offered);
    // It is read in plain words at the other side, which shares less.
    let (at_b, asked) = until_peer(&b, &a.host, PeerState::Asked).await;
    assert_eq!((asked.purpose.as_str(), asked.retention.as_str()), ("Reading together", "A year"));
    let boss = administrator(&b).await;
    boss.get("/admin/peers").await.ok().shows(&a.host).shows("Zij stellen dit voor");
    let path = format!("/admin/peers/{}", at_b.id);
    boss.get(&path).await.ok().shows("Reading together").shows("kring@alpha.example").shows("Netwerkgroepen");
    boss.post(&format!("{path}/accept"), &[("contact", "zuid@beta.example"), ("retention", "Two years")])
        .await
        .status(422)
        .shows("Kies iets om te delen");
    let narrowed = [("scope", "network"), ("contact", "zuid@beta.example"), ("retention", "Two years")];
    boss.post(&format!("{path}/accept"), &narrowed).await.ok().shows("Deze afspraak geldt");
    let (at_a, agreed) = until_peer(&a, &b.host, PeerState::Accepted).await;
    assert_eq!((agreed.scopes(), agreed.answer_contact.as_str()), (vec![PeerScope::Network], "zuid@beta.example"));
    assert!(at_a.shares(PeerScope::Network) && !at_a.shares(PeerScope::People));
    // Now network groups travel.
    let there = b.resolve("partners", &a.host).await;
    b.join(&bob, &there).await;
    let post = a.post(&ada, &group, PostKind::Message, "", "For partners").await;
    b.until_published(&post.uri).await;
    // The one that accepted ends it, and says why.
    boss.post(&format!("{path}/end"), &[("reason", "Budget")]).await.ok().shows("Budget");
    let (host, ended) = until_peer(&a, &b.host, PeerState::Ended).await;
    assert_eq!(ended.reason, "Budget");
    assert!(!host.is_peer());
    let later = a.post(&ada, &group, PostKind::Message, "", "Among ourselves").await;
    a.until_quiet().await;
    a_while().await;
    assert!(b.find(&later.uri).await.is_none());
}

async fn crossing(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let one = terms(&[PeerScope::Network, PeerScope::Rooms], "One");
    peers::offer(a.ctx(), &Viewer::System, &b.host, one).await.unwrap();
    peers::offer(b.ctx(), &Viewer::System, &a.host, terms(&[PeerScope::Network], "Other")).await.unwrap();
    for (here, there) in [(&a, &b), (&b, &a)] {
        let (host, _) = until_peer(here, &there.host, PeerState::Accepted).await;
        assert_eq!(host.peer_scope.as_deref(), Some("network"));
    }
    // The one that offered takes it back.
    let (host, _) = host_at(&a, &b.host).await.unwrap();
    peers::end(a.ctx(), &Viewer::System, host.id, "").await.unwrap();
    until_peer(&b, &a.host, PeerState::Ended).await;
}

async fn refused(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    let wished = terms(&[PeerScope::Network], "Reading together");
    peers::offer(a.ctx(), &Viewer::System, &b.host, wished.clone()).await.unwrap();
    let (host, _) = until_peer(&b, &a.host, PeerState::Asked).await;
    peers::end(b.ctx(), &Viewer::System, host.id, "Not now").await.unwrap();
    let (_, ended) = until_peer(&a, &b.host, PeerState::Ended).await;
    assert_eq!(ended.reason, "Not now");
    // Offered again, `peer add` at the other side is the answer.
    peers::offer(a.ctx(), &Viewer::System, &b.host, wished.clone()).await.unwrap();
    until_peer(&b, &a.host, PeerState::Asked).await;
    let state = peers::offer(b.ctx(), &Viewer::System, &a.host, wished).await.unwrap();
    assert_eq!(state, PeerState::Accepted);
    until_peer(&a, &b.host, PeerState::Accepted).await;
    // A plain follow of the server, and terms from somebody who is no server, are no offers.
    let peer = Peer::start("delta", "kring").await;
    let eve = peer.person("eve");
    let mut follow = activity("Follow", &peer.url("/f/1"), &eve, json!(a.url("/actor")));
    follow["kring:peering"] = json!({"kring:scope": ["network"], "kring:purpose": "Curious"});
    assert_eq!(peer.send(&eve, &a.url("/inbox"), &follow).await, 202);
    a.until_quiet().await;
    assert_eq!(host_at(&a, &peer.host).await.unwrap().0.peer_state, PeerState::None);
    assert!(peers::offer(a.ctx(), &Viewer::System, "not a host", terms(&[PeerScope::Public], "x")).await.is_err());
}

async fn lists(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let boss = administrator(&a).await;
    let fields = [("host", "Spam.example"), ("state", "blocked"), ("reason", "Spam, and \"worse\"")];
    boss.post("/admin/hosts", &fields).await.ok().shows("spam.example");
    let fields = [("host", "loud.example"), ("state", "silenced"), ("reject_media", "1"), ("reason", "")];
    boss.post("/admin/hosts", &fields).await.ok();
    let csv = boss.get("/admin/hosts.csv").await.ok();
    let text = csv.html;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate");
    assert_eq!(lines[1], "loud.example,silence,TRUE,FALSE,,FALSE");
    assert_eq!(lines[2], "spam.example,suspend,FALSE,FALSE,\"Spam, and \"\"worse\"\"\",FALSE");
    // Read back, and in the shapes that others make.
    let rule = |host: &str, state, reject_media, reason: &str| Rule {
        host: host.into(),
        state,
        reject_media,
        reason: reason.into(),
    };
    let read = peers::read_csv(&text).unwrap();
    assert_eq!(read[0], rule("loud.example", HostState::Silenced, true, ""));
    assert_eq!(read[1], rule("spam.example", HostState::Blocked, false, "Spam, and \"worse\""));
    let bare = peers::read_csv("one.example\r\ntwo.example\n").unwrap();
    assert_eq!(
        bare,
        [rule("one.example", HostState::Blocked, false, ""), rule("two.example", HostState::Blocked, false, "")]
    );
    let odd = "domain,public_comment,severity\nexa***.org,hidden,suspend\nthree.example,\"two\nlines\",noop\n";
    assert_eq!(peers::read_csv(odd).unwrap(), [rule("three.example", HostState::Known, false, "two\nlines")]);
    assert!(peers::read_csv("\n").is_err());
}

async fn quiet(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let group = a.group(&ada, "Square", GroupKind::Public).await;
    let b = Kring::start("beta", kind).await;
    let bob = b.person("Bob").await;
    b.join(&bob, &b.resolve("square", &a.host).await).await;
    let peer = Peer::start("loud", "mastodon").await;
    let lou = peer.person("lou");
    let set = async |state, reject_media| {
        let rule = Rule { host: peer.host.clone(), state, reject_media, reason: String::new() };
        peers::set_rules(a.ctx(), &Viewer::System, vec![rule]).await.unwrap();
    };
    let write = async |n: u32| {
        let tag = json!([{"type": "Mention", "href": group.uri}]);
        let picture = json!([{"type": "Document", "mediaType": "image/png", "url": peer.url("/x.png"), "name": "A"}]);
        let note = note(
            &peer.url(&format!("/notes/{n}")),
            &lou,
            "<p>Hello</p>",
            json!({"tag": tag, "attachment": picture, "cc": [group.uri]}),
        );
        peer.serve(&note);
        assert_eq!(peer.send(&lou, &a.url("/inbox"), &create(&note)).await, 202);
        a.until_post(note["id"].as_str().unwrap(), |_| true).await
    };
    set(HostState::Silenced, true).await;
    let held = write(1).await;
    assert_eq!(held.state, PostState::Held);
    assert!(a.view(&Viewer::System, held.id).await.is_ok_and(|view| view.media.is_empty()), "nor its pictures");
    a.until_quiet().await;
    assert!(b.find(&held.uri).await.is_none(), "nobody elsewhere has what waits for a moderator");
    kring::services::posts::approve(a.ctx(), &ada, held.id).await.unwrap();
    b.until_published(&held.uri).await;
    set(HostState::Known, false).await;
    let shown = write(2).await;
    b.until_published(&shown.uri).await;
    assert_eq!(shown.state, PostState::Published);
    assert_eq!(a.view(&ada, shown.id).await.unwrap().media.len(), 1);
}

async fn pictures(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let boss = administrator(&a).await;
    let peer = Peer::start("delta", "mastodon").await;
    let icon = json!({"icon": {"type": "Image", "mediaType": "image/png", "url": peer.url("/icon.png")}});
    peer.actor("Person", "mia", icon);
    peer.put_bytes("/icon.png", "image/png", PNG);
    let mia = a.resolve("mia", &peer.host).await;
    let path = format!("/media/icons/{}", mia.id);
    let page = boss.get(&format!("/people/mia@{}", peer.host)).await.ok();
    page.shows(&path).hides(&peer.url("/icon.png"));
    let picture = boss.get(&path).await.ok();
    assert!(picture.headers["content-type"].to_str().unwrap().starts_with("image/"));
    assert_ne!(picture.html, String::from_utf8_lossy(PNG), "made anew");
    boss.get(&path).await.ok();
    let asked = || peer.seen().iter().filter(|s| s.path == "/icon.png").count();
    assert_eq!(asked(), 1, "once");
    // What is no picture is not passed on, and not asked for at every page.
    peer.actor("Person", "max", json!({"icon": {"type": "Image", "url": peer.url("/page.html")}}));
    peer.put("/page.html", 200, "image/png", "<script>alert(1)</script>");
    let max = a.resolve("max", &peer.host).await;
    for _ in 0..4 {
        let shown = boss.get(&format!("/media/icons/{}", max.id)).await;
        assert!(!shown.html.contains("<script"), "{}", shown.html);
        assert_eq!(shown.headers["content-type"], "image/svg+xml", "a shape stands in");
    }
    assert!(peer.seen().iter().filter(|s| s.path == "/page.html").count() <= 2);
}
