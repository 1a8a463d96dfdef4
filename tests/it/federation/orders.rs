//! Activities that come twice, late or in another order leave the same behind.

use kring::domain::actors::Actor;
use kring::domain::groups::{FollowState, GroupKind};
use kring::domain::posts::{PostKind, PostState};
use kring::services::follows;
use serde_json::{Value, json};

use super::peer::*;
use super::support::*;
use super::threadiverse::{announce, community};
use crate::sign::Dice;
use crate::support::Kind;

on_each_database! {
    d52_d54_d60_any_order_of_what_one_person_does_ends_the_same => person;
    d52_d53_d54_d60_any_order_of_what_a_group_passes_on_ends_the_same => group;
    d52_d55_d57_any_order_of_follows_and_leaving_ends_the_same => leaving;
    d52_a_follow_that_is_undone_before_it_could_be_worked_on_counts_for_nothing => parked;
    memberships_go_the_same_ways_in_any_order_of_what_happens => memberships;
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

/// Who asked and left, in whatever order that comes and however often, is no member.
async fn leaving(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let peer = Peer::start("gamma", "mastodon").await;
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let mut dice = Dice(13);
    for round in 0..ROUNDS {
        let lou = peer.person(&format!("lou{round}"));
        let follow = activity("Follow", &peer.url(&format!("/follow/{round}")), &lou, json!(group.uri));
        let undo = activity("Undo", &peer.url(&format!("/undo/{round}")), &lou, follow.clone());
        for one in shuffled(&[follow.clone(), undo], &mut dice) {
            assert_eq!(peer.send(&lou, &a.url("/inbox"), &one).await, 202);
            a.until_quiet().await;
        }
        assert_eq!(stands(&a, &group, &lou).await, None, "round {round}");
        // Whoever asks anew, by another id, is in.
        let again = activity("Follow", &peer.url(&format!("/again/{round}")), &lou, json!(group.uri));
        assert_eq!(peer.send(&lou, &a.url("/inbox"), &again).await, 202);
        a.until_quiet().await;
        assert_eq!(stands(&a, &group, &lou).await, Some(FollowState::Accepted), "round {round}");
    }
}

async fn parked(kind: Kind) {
    use kring::base::*;
    use kring::store::federation::{self as rows, NewActivity};
    let clock = Clock::fixed(Clock::system().now());
    let (a, peer) = (Kring::at(&clock, "alpha", kind).await, Peer::start("masto", "mastodon").await);
    let (ada, mia) = (a.person("Ada").await, peer.person("mia"));
    let group = a.group(&ada, "Local history", GroupKind::Public).await;
    let known = a.resolve("mia", &peer.host).await;
    let follow = activity("Follow", &peer.url("/f/1"), &mia, json!(group.uri));
    let waits = NewActivity {
        id: ActivityId(a.ctx().ids.next()),
        uri: peer.url("/f/1"),
        kind: "Follow".to_owned(),
        actor_id: Some(known.id),
        actor_uri: mia.clone(),
        audience_id: None,
        incoming: true,
        body: follow.to_string(),
        received_at: clock.now(),
    };
    // It came, something went wrong, and it waits for its next turn.
    let later = clock.now().plus(5 * Time::MINUTE);
    let write = a.ctx().db.write(move |conn| {
        Box::pin(async move {
            rows::insert_activity(conn, &waits).await?;
            rows::fail_activity(conn, waits.id, "a server was away", Some(later)).await
        })
    });
    write.await.unwrap();
    let undo = activity("Undo", &peer.url("/u/1"), &mia, follow);
    assert_eq!(peer.send(&mia, &a.url("/inbox"), &undo).await, 202);
    let undone = format!("SELECT count(*) AS n FROM activities WHERE uri = '{}#undone'", peer.url("/f/1"));
    until("the undoing", async || (a.app.count(&undone).await == 1).then_some(())).await;
    clock.advance(6 * Time::MINUTE);
    let left = "SELECT count(*) AS n FROM activities WHERE state = 'waiting'";
    until("its turn", async || (a.app.count(left).await == 0).then_some(())).await;
    assert_eq!(stands(&a, &group, &mia).await, None, "{kind:?}");
}

async fn stands(kring: &Kring, group: &Actor, who: &str) -> Option<FollowState> {
    let mut conn = kring.ctx().db.read().await.unwrap();
    let who = kring::store::actors::find_by_uri(&mut conn, who).await.unwrap()?;
    let follow = kring::store::groups::find_follow(&mut conn, who.id, group.id).await.unwrap()?;
    Some(follow.state)
}

/// What can happen between somebody and a group that takes members on request.
#[derive(Clone, Copy, Debug)]
enum Step {
    Ask,
    Leave,
    Accept,
    Refuse,
    Invite,
    Ban,
    Unban,
}

const STEPS: [Step; 7] = [Step::Ask, Step::Leave, Step::Accept, Step::Refuse, Step::Invite, Step::Ban, Step::Unban];

/// Where that leads: the whole of the rules.
fn after(state: Option<FollowState>, step: Step) -> Option<FollowState> {
    use FollowState::{Accepted, Banned, Invited, Requested};
    match (state, step) {
        (_, Step::Ban) => Some(Banned),
        (Some(Banned), Step::Unban) => None,
        (Some(Banned), Step::Invite) => Some(Invited),
        (Some(Banned), _) => Some(Banned),
        (None, Step::Ask) => Some(Requested),
        (Some(Invited), Step::Ask) | (Some(Requested), Step::Accept | Step::Invite) => Some(Accepted),
        (None, Step::Invite) => Some(Invited),
        (_, Step::Leave | Step::Refuse) => None,
        (state, Step::Ask | Step::Accept | Step::Invite | Step::Unban) => state,
    }
}

/// Members of a group here, one from elsewhere and one from here, go through anything at all; after each step they stand where the
/// rules say, read if and only if they are members, and are counted once.
async fn memberships(kind: Kind) {
    let a = Kring::start("alpha", kind).await;
    let ada = a.person("Ada").await;
    let peer = Peer::start("gamma", "kring").await;
    let (lou_uri, bea) = (peer.person("lou"), a.person("Bea").await);
    let lou = a.resolve("lou", &peer.host).await;
    let group = a.group(&ada, "Care team", GroupKind::Private).await;
    let mut dice = Dice(17);
    for (who, uri) in [(lou.id, lou_uri.clone()), (bea.member_id().unwrap(), a.url("/people/bea"))] {
        let local = who != lou.id;
        let mut state = None;
        for number in 0..150 {
            let step = STEPS[dice.roll(STEPS.len())];
            // Some of it comes twice.
            for again in 0..=dice.roll(2) {
                let follow_id = peer.url(&format!("/follow/{number}"));
                // A refusal of the step is an answer like any other; where it leads is looked at.
                let _ = match step {
                    Step::Ask if local => follows::request(a.ctx(), &bea, group.id, "").await.map(|_| ()),
                    Step::Ask => {
                        follows::received_request(a.ctx(), &lou, &group, &follow_id, false, false).await.map(|_| ())
                    }
                    Step::Leave if local => follows::leave(a.ctx(), &bea, group.id).await,
                    Step::Leave => follows::received_undo(a.ctx(), lou.id, group.id).await,
                    Step::Accept => follows::accept(a.ctx(), &ada, group.id, who).await,
                    Step::Refuse => follows::reject(a.ctx(), &ada, group.id, who, "").await,
                    Step::Invite => follows::invite(a.ctx(), &ada, group.id, who).await,
                    Step::Ban => follows::ban(a.ctx(), &ada, group.id, who, true, None, "").await,
                    Step::Unban => follows::ban(a.ctx(), &ada, group.id, who, false, None, "").await,
                };
                let before = state;
                state = after(state, step);
                let what = format!("{number}.{again}, local {local}: {before:?} and {step:?}");
                assert_eq!(stands(&a, &group, &uri).await, state, "{what}");
                let reads = format!("SELECT count(*) AS n FROM readers WHERE actor_id = {}", who.0);
                let member = i64::from(state == Some(FollowState::Accepted));
                assert_eq!(a.app.count(&reads).await, member, "{what}");
                let members = format!("SELECT members_count AS n FROM groups WHERE actor_id = {}", group.id.0);
                assert_eq!(a.app.count(&members).await, 1 + member, "{what}");
                let followers = format!("SELECT followers_count AS n FROM actors WHERE id = {}", group.id.0);
                assert_eq!(a.app.count(&followers).await, 1 + member, "{what}");
            }
        }
        follows::ban(a.ctx(), &ada, group.id, who, true, None, "").await.unwrap();
    }
}
