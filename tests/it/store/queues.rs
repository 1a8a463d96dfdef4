//! Claims of received activities and of lanes, by several processes at once.

use std::collections::BTreeMap;

use kring::base::{ActivityId, ActorId, Clock, HostId, Ids, Result, Rng, SafeHtml, Time};
use kring::domain::actors::ActorKind;
use kring::store::Db;
use kring::store::actors::{self, NewActor};
use kring::store::deliveries::{self, NewDelivery, Settled};
use kring::store::federation::{self as rows, NewActivity, StoredActivity};

use crate::support::{Database, databases, run};

fn received(ids: &Ids, sender: &str, number: usize, now: Time) -> NewActivity {
    NewActivity {
        id: ActivityId(ids.next()),
        uri: format!("{sender}/activities/{number}"),
        kind: "Create".to_owned(),
        actor_id: None,
        actor_uri: sender.to_owned(),
        audience_id: None,
        incoming: true,
        body: "{}".to_owned(),
        received_at: now,
    }
}

async fn claim(db: &Db, now: Time, after: &str, senders: i64) -> (Vec<StoredActivity>, String) {
    let after = after.to_owned();
    let until = now.plus(Time::MINUTE);
    db.write(move |conn| Box::pin(async move { rows::claim_incoming(conn, now, until, &after, senders).await }))
        .await
        .unwrap()
}

/// An actor of this instance.
async fn somebody(db: &Db, ids: &Ids, now: Time) -> ActorId {
    store_actor(db, ids, now, "ada").await.unwrap()
}

async fn store_actor(db: &Db, ids: &Ids, now: Time, name: &str) -> Result<ActorId> {
    let uri = format!("https://alpha.example/people/{name}");
    let new = NewActor {
        id: ActorId(ids.next()),
        host_id: HostId::LOCAL,
        kind: ActorKind::Person,
        name: name.to_owned(),
        display_name: "Ada".to_owned(),
        summary_source: String::new(),
        summary_html: SafeHtml::default(),
        url: uri.clone(),
        inbox: format!("{uri}/inbox"),
        shared_inbox: None,
        outbox: None,
        followers_uri: None,
        featured_uri: None,
        moderators_uri: None,
        icon_url: None,
        header_url: None,
        locked: false,
        discoverable: false,
        search_text: "ada".to_owned(),
        created_at: now,
        fetched_at: None,
        uri,
    };
    db.write(move |conn| Box::pin(async move { actors::upsert(conn, &new).await })).await.map(|actor| actor.id)
}

fn senders_of(claimed: &[StoredActivity]) -> Vec<&str> {
    let mut all: Vec<&str> = claimed.iter().map(|a| a.actor_uri.as_str()).collect();
    all.dedup();
    all.sort_unstable();
    all.dedup();
    all
}

#[test]
fn a_sender_is_worked_for_by_one_process_in_order() {
    for kind in databases() {
        run(async {
            let database = Database::fresh(kind).await;
            let (one, two) = (Db::open(&database.url).await.unwrap(), Db::open(&database.url).await.unwrap());
            let (ids, now) = (Ids::new(Clock::system(), &Rng), Clock::system().now());
            let names = ["https://a.example/sam", "https://b.example/sam", "https://c.example/sam"];
            let all: Vec<NewActivity> = (0..300).map(|n| received(&ids, names[n % 3], n, now)).collect();
            let twice: Vec<NewActivity> =
                all.iter().cloned().chain([received(&ids, names[0], 0, now), all[1].clone()]).collect();
            let fresh = one.write(move |conn| Box::pin(async move { rows::insert_activities(conn, &twice).await }));
            let fresh = fresh.await.unwrap();
            assert_eq!((fresh.iter().filter(|f| **f).count(), &fresh[300..]), (300, &[false; 2][..]), "{kind:?}");
            let (first, last) = claim(&one, now, "", 2).await;
            assert_eq!(senders_of(&first), names[..2]);
            // They are in work: the other process gets the third, and nobody gets more of the first two.
            let (second, _) = claim(&two, now, "", 5).await;
            assert_eq!(senders_of(&second), names[2..]);
            assert!(claim(&one, now, &last, 5).await.0.is_empty());
            let mut done: BTreeMap<String, Vec<ActivityId>> = BTreeMap::new();
            let mut claimed = [first, second].concat();
            while !claimed.is_empty() {
                for activity in &claimed {
                    done.entry(activity.actor_uri.clone()).or_default().push(activity.id);
                }
                let ids: Vec<ActivityId> = claimed.iter().map(|activity| activity.id).collect();
                let finish = two.write(move |conn| Box::pin(async move { rows::finish_activities(conn, &ids).await }));
                finish.await.unwrap();
                claimed = claim(&two, now, "", 5).await.0;
            }
            for (sender, ids) in done {
                assert_eq!(ids.len(), 100, "{kind:?} {sender}");
                assert!(ids.is_sorted(), "{kind:?} {sender}");
            }
        });
    }
}

#[test]
fn senders_take_turns_and_a_lease_runs_out() {
    for kind in databases() {
        run(async {
            let database = Database::fresh(kind).await;
            let db = Db::open(&database.url).await.unwrap();
            let (ids, now) = (Ids::new(Clock::system(), &Rng), Clock::system().now());
            let names: Vec<String> = (0..5).map(|n| format!("https://{n}.example/sam")).collect();
            let all: Vec<NewActivity> = (0..10).map(|n| received(&ids, &names[n % 5], n, now)).collect();
            db.write(move |conn| Box::pin(async move { rows::insert_activities(conn, &all).await })).await.unwrap();
            let (first, last) = claim(&db, now, "", 2).await;
            let (second, last) = (claim(&db, now, &last, 2).await.0, last);
            assert_eq!([senders_of(&first), senders_of(&second)].concat(), names[..4]);
            // From the fourth on: the fifth, and none of those in work.
            let (third, _) = claim(&db, now, &last, 3).await;
            assert_eq!(senders_of(&third), names[4..]);
            // Whoever had them is gone: later somebody else has them, all of them once.
            let later = now.plus(2 * Time::MINUTE);
            assert_eq!(claim(&db, later, "", 9).await.0.len(), 10);
            // They who come back keep nothing of it.
            let (ids, until) = (first.iter().map(|a| a.id).collect::<Vec<_>>(), now.plus(Time::MINUTE));
            let kept = db.write(move |conn| Box::pin(async move { rows::keep_claim(conn, &ids, until, later).await }));
            assert_eq!(kept.await.unwrap(), 0);
            assert!(claim(&db, later, "", 9).await.0.is_empty());
        });
    }
}

#[test]
fn lanes_are_settled_together_and_only_by_who_holds_them() {
    for kind in databases() {
        run(async {
            let database = Database::fresh(kind).await;
            let db = Db::open(&database.url).await.unwrap();
            let (ids, now) = (Ids::new(Clock::system(), &Rng), Clock::system().now());
            let activity = received(&ids, "https://a.example/sam", 1, now);
            let actor = somebody(&db, &ids, now).await;
            let new = |host: &str| NewDelivery {
                id: ids.next(),
                signer_id: actor,
                activity_id: activity.id,
                inbox: format!("https://{host}/inbox"),
                host: host.to_owned(),
                quick: false,
            };
            let first = vec![new("a.example"), new("b.example"), new("a.example"), new("c.example")];
            let (row, all) = (activity.clone(), first.clone());
            let write = db.write(move |conn| {
                Box::pin(async move {
                    rows::insert_activity(conn, &row).await?;
                    deliveries::enqueue_all(conn, &all, now).await
                })
            });
            write.await.unwrap();
            let claim = async |at: Time| {
                let until = at.plus(Time::MINUTE);
                let work = db.write(move |conn| {
                    Box::pin(async move { deliveries::claim(conn, at, until, "test", 10, 4).await })
                });
                work.await.unwrap()
            };
            let mut lanes = claim(now).await;
            lanes.sort_by(|a, b| a.host.cmp(&b.host));
            assert_eq!(
                lanes.iter().map(|l| l.host.as_str()).collect::<Vec<_>>(),
                ["a.example", "b.example", "c.example"]
            );
            assert!(claim(now).await.is_empty(), "each lane once");
            // Of a two are done; something comes for b meanwhile; c is taken over by somebody else.
            let late = vec![new("b.example")];
            let id = late[0].id;
            db.write(move |conn| Box::pin(async move { deliveries::enqueue_all(conn, &late, now).await }))
                .await
                .unwrap();
            let later = now.plus(2 * Time::MINUTE);
            let settled: Vec<Settled> = lanes
                .iter()
                .map(|lane| Settled {
                    key: lane.key.clone(),
                    fence: lane.fence - i64::from(lane.host == "c.example"),
                    done: first.iter().filter(|d| d.inbox == lane.inbox).map(|d| d.id).collect(),
                })
                .collect();
            let left = db.write(move |conn| Box::pin(async move { deliveries::settle(conn, &settled, now).await }));
            assert_eq!(left.await.unwrap(), 1, "{kind:?}: b has one more");
            let mut conn = db.read().await.unwrap();
            assert_eq!(deliveries::count(&mut conn).await.unwrap(), 2);
            let keys = [&lanes[2].key, &lanes[1].key, &lanes[0].key, &lanes[2].key].map(String::clone);
            let c = first.iter().find(|delivery| delivery.host == "c.example").unwrap().id;
            for keys in [&keys[..], &keys[..1]] {
                let waiting = deliveries::in_lanes(&mut conn, keys, 9).await.unwrap();
                let waiting: Vec<Vec<i64>> = waiting.iter().map(|lane| lane.iter().map(|d| d.id).collect()).collect();
                assert_eq!(waiting, [vec![c], vec![id], vec![], vec![c]][..keys.len()], "{kind:?}");
            }
            drop(conn);
            let mut again: Vec<String> = claim(later).await.into_iter().map(|lane| lane.host).collect();
            again.sort();
            assert_eq!(again, ["b.example", "c.example"]);
        });
    }
}

/// Who does not answer at once costs more, and must not delay those who do; nor wait for ever behind them.
#[test]
fn those_who_answer_quickly_have_it_first_for_a_while() {
    for kind in databases() {
        run(async {
            let database = Database::fresh(kind).await;
            let db = Db::open(&database.url).await.unwrap();
            let (ids, now) = (Ids::new(Clock::system(), &Rng), Clock::system().now());
            let activity = received(&ids, "https://a.example/sam", 1, now);
            let actor = somebody(&db, &ids, now).await;
            let put = async |all: &[(&str, bool)], at: Time| {
                let new = |(host, quick): &(&str, bool)| NewDelivery {
                    id: ids.next(),
                    signer_id: actor,
                    activity_id: activity.id,
                    inbox: format!("https://{host}/inbox"),
                    host: (*host).to_owned(),
                    quick: *quick,
                };
                let (row, all): (_, Vec<NewDelivery>) = (activity.clone(), all.iter().map(new).collect());
                let write = db.write(move |conn| {
                    Box::pin(async move {
                        rows::insert_activity(conn, &row).await?;
                        deliveries::enqueue_all(conn, &all, at).await
                    })
                });
                write.await.unwrap();
            };
            put(&[("new.example", false), ("quick.example", true)], now).await;
            put(&[("late.example", true)], now.plus(2 * Time::SECOND)).await;
            let mut order = Vec::new();
            for _ in 0..3 {
                let (at, until) = (now.plus(2 * Time::SECOND), now.plus(Time::MINUTE));
                let one = db
                    .write(move |conn| Box::pin(async move { deliveries::claim(conn, at, until, "test", 1, 4).await }));
                order.extend(one.await.unwrap().into_iter().map(|lane| lane.host));
            }
            assert_eq!(order, ["quick.example", "new.example", "late.example"], "{kind:?}");
        });
    }
}

/// Its address and its name are each there once: who stores it a moment later must not fail on either.
#[test]
fn an_actor_stored_by_several_at_once_is_one() {
    for kind in databases() {
        run(async {
            let database = Database::fresh(kind).await;
            let (one, two) = (Db::open(&database.url).await.unwrap(), Db::open(&database.url).await.unwrap());
            let (ids, now) = (Ids::new(Clock::system(), &Rng), Clock::system().now());
            for round in 0..200 {
                let name = format!("sam{round}");
                let storing = (0..8).map(|n| store_actor(if n % 2 == 0 { &one } else { &two }, &ids, now, &name));
                let stored = futures_util::future::join_all(storing).await;
                let first = *stored[0].as_ref().unwrap();
                assert!(stored.iter().all(|id| id.as_ref().is_ok_and(|id| *id == first)), "{kind:?} {stored:?}");
            }
        });
    }
}
