//! Meeting someone at a partner: offered to its server, chosen there, called off from either side.

use kring::base::Error;
use kring::domain::Viewer;
use kring::domain::knowledge::{Relation, Told};
use kring::domain::meetings::{Meeting, MeetingState};
use kring::services::{expertise, meetings};
use serde_json::{Value, json};

use super::peer::*;
use super::support::*;
use crate::support::Kind;

on_each_database! {
    someone_at_a_partner_is_met => flow;
}

on_sqlite! {
    wishes_of_strangers_and_answers_nobody_asked_for_are_nothing => forged;
}

async fn wants(kring: &Kring, name: &str, relation: Relation, word: &str) -> Viewer {
    let who = kring.person(name).await;
    expertise::add(kring.ctx(), &who, relation, word, "", Told::Peers).await.unwrap();
    meetings::choose(kring.ctx(), &who, Some(true)).await.unwrap();
    who
}

async fn now(kring: &Kring, who: &Viewer) -> Option<Meeting> {
    meetings::mine(kring.ctx(), who).await.unwrap().now.pop()
}

async fn until_meeting(kring: &Kring, who: &Viewer, state: MeetingState) -> Meeting {
    let what = format!("a meeting that is {state} at {}", kring.host);
    until(&what, async || now(kring, who).await.filter(|meeting| meeting.state == state)).await
}

async fn flow(kind: Kind) {
    let (a, b) = (Kring::start("alpha", kind).await, Kring::start("beta", kind).await);
    a.agrees(&b.host, "people").await;
    b.agrees(&a.host, "people").await;
    let ada = wants(&a, "Ada", Relation::Learns, "Turks").await;
    let bea = wants(&b, "Bea", Relation::Teaches, "Turks").await;
    let bo = wants(&b, "Bo", Relation::Teaches, "Excel").await;
    // One who did not choose partners is told to none.
    let alone = a.person("Anna").await;
    meetings::choose(a.ctx(), &alone, Some(false)).await.unwrap();
    let month = meetings::month(a.ctx());
    // Of two servers the one asks whose name comes first.
    meetings::round(b.ctx(), month, 1).await.unwrap();
    b.until_quiet().await;
    assert!(now(&b, &bea).await.is_none());
    meetings::round(a.ctx(), month, 1).await.unwrap();
    meetings::round(a.ctx(), month, 1).await.unwrap();
    let hers = until_meeting(&a, &ada, MeetingState::Proposed).await;
    let there = until_meeting(&b, &bea, MeetingState::Proposed).await;
    assert_eq!(hers.other.as_ref().unwrap().acct(), format!("bea@{}", b.host));
    assert_eq!(there.other.as_ref().unwrap().acct(), format!("ada@{}", a.host));
    assert_eq!(
        (hers.begins_at.map(|at| at.seconds()), hers.reason.label("nl")),
        (there.begins_at.map(|at| at.seconds()), Some("Turks"))
    );
    assert!(hers.begins_at.is_some());
    a.until_quiet().await;
    assert!(now(&a, &alone).await.is_none() && now(&b, &bo).await.is_none());
    // They may write to each other, and both hear of it.
    let bea_here = a.resolve("bea", &b.host).await;
    let standing = kring::services::contacts::standing(a.ctx(), &ada, &bea_here).await.unwrap();
    assert_eq!(standing, kring::services::contacts::Standing::Write);
    let listed = kring::services::notices::list(
        b.ctx(),
        &bea,
        &[kring::domain::notices::NoticeKind::Meeting],
        kring::base::Page::before(None, 9),
    );
    assert_eq!(listed.await.unwrap().items.len(), 1);
    // Called off by who was chosen, and the next month by who asked.
    meetings::cancel(b.ctx(), &bea, there.id).await.unwrap();
    until_meeting(&a, &ada, MeetingState::Off).await;
    meetings::choose(b.ctx(), &bo, None).await.unwrap();
    b.app.execute("DELETE FROM meetings").await;
    a.app.execute("DELETE FROM meetings").await;
    meetings::round(a.ctx(), month, 2).await.unwrap();
    let hers = until_meeting(&a, &ada, MeetingState::Proposed).await;
    meetings::cancel(a.ctx(), &ada, hers.id).await.unwrap();
    until_meeting(&b, &bea, MeetingState::Off).await;
    // Who wants it no more is not proposed by an answer that comes later, nor offered to a server they shut out.
    a.app.execute("DELETE FROM meetings").await;
    b.app.execute("DELETE FROM meetings").await;
    kring::services::regards::set_host_blocked(a.ctx(), &ada, &b.host, true).await.unwrap();
    meetings::round(a.ctx(), month, 2).await.unwrap();
    assert_eq!(a.app.count("SELECT count(*) AS n FROM meetings").await, 0);
    kring::services::regards::set_host_blocked(a.ctx(), &ada, &b.host, false).await.unwrap();
    // Nobody there any more: after the first days she meets somebody here.
    meetings::choose(b.ctx(), &bea, None).await.unwrap();
    a.app.execute("DELETE FROM meetings").await;
    meetings::round(a.ctx(), month, 3).await.unwrap();
    a.until_quiet().await;
    b.until_quiet().await;
    a.app.execute("UPDATE meetings SET created_at = created_at - 86400000000").await;
    meetings::round(a.ctx(), month, 4).await.unwrap();
    assert_eq!(until_meeting(&a, &ada, MeetingState::Proposed).await.other.unwrap().display_name, "Anna");
}

fn wish(peer: &Peer, id: &str, actor: &str, subject: &str, to: &str) -> Value {
    let relationship = json!({
        "type": "Relationship", "subject": subject, "relationship": "https://joinkring.org/ns#meeting", "object": to
    });
    activity("Offer", &peer.url(id), actor, relationship)
}

async fn forged(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = wants(&a, "Ada", Relation::Learns, "Turks").await;
    let server = a.ctx().urls.server_actor();
    let peer = Peer::start("delta", "kring").await;
    let (eve, mia) = (peer.person("eve"), peer.person("mia"));
    let send = async |by: &str, activity: &Value| {
        assert_eq!(peer.send(by, &a.url("/inbox"), activity).await, 202);
        a.until_quiet().await;
    };
    send(&eve, &wish(&peer, "/w/1", &eve, &eve, &server)).await;
    assert!(now(&a, &ada).await.is_none(), "no agreement");
    a.agrees(&peer.host, "people").await;
    send(&eve, &wish(&peer, "/w/2", &eve, &mia, &server)).await;
    send(&eve, &wish(&peer, "/w/3", &eve, &eve, &a.url("/people/ada"))).await;
    assert!(now(&a, &ada).await.is_none(), "for somebody else, or to whom they like");
    send(&eve, &wish(&peer, "/w/4", &eve, &eve, &server)).await;
    let met = now(&a, &ada).await.expect("someone to meet");
    let yes = peer.until_received("the yes", |value| value["type"] == "Accept").await;
    assert_eq!(
        (yes["object"]["id"].as_str(), yes["to"][0].as_str()),
        (Some(peer.url("/w/4").as_str()), Some(eve.as_str()))
    );
    assert!(yes["startTime"].is_string());
    // Only the one who asked can call it off.
    let off = |id: &str, by: &str| {
        activity("Undo", &peer.url(id), by, json!({"type": "Offer", "id": peer.url("/w/4"), "actor": by}))
    };
    send(&mia, &off("/u/1", &mia)).await;
    assert_eq!(now(&a, &ada).await.unwrap().state, MeetingState::Proposed);
    send(&eve, &off("/u/2", &eve)).await;
    assert_eq!(now(&a, &ada).await.unwrap().state, MeetingState::Off);
    // One person asks once a month, whatever the ids.
    send(&eve, &wish(&peer, "/w/5", &eve, &eve, &server)).await;
    assert_eq!(a.app.count("SELECT count(*) AS n FROM meetings").await, 1);
    // A no to contact stays a no: no wish makes it a yes.
    a.app.execute("DELETE FROM meetings").await;
    a.app.execute("UPDATE contacts SET state = 'declined'").await;
    send(&eve, &wish(&peer, "/w/6", &eve, &eve, &server)).await;
    assert!(now(&a, &ada).await.is_none());
    // What was on its way for long is answered no more.
    let mut late = wish(&peer, "/w/7", &mia, &mia, &server);
    late["published"] = json!(a.ctx().now().plus(-20 * kring::base::Time::HOUR).to_rfc3339_seconds());
    send(&mia, &late).await;
    assert!(now(&a, &ada).await.is_none());
    // An answer that nobody waits for is called off where it came from, and makes no meeting.
    let anna = a.person("Anna").await;
    let name = a.name_of(&anna).await;
    let mut accept = activity(
        "Accept",
        &peer.url("/y/1"),
        &mia,
        wish(&peer, "/x", &a.url(&format!("/people/{name}")), &mia, &server),
    );
    accept["object"]["id"] = json!(a.url("/activities/1"));
    send(&mia, &accept).await;
    assert!(now(&a, &anna).await.is_none());
    peer.until_received("calling off", |value| value["type"] == "Undo").await;
    let missing = meetings::cancel(a.ctx(), &anna, met.id).await;
    assert!(matches!(missing, Err(Error::NotFound)));
}
