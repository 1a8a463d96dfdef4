//! The runner of jobs.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kring::base::{Clock, Ids, Rng};
use kring::jobs::{Done, Handler, Runner, Wake};
use kring::store::{Db, jobs};
use tokio::sync::{Notify, watch};

use crate::support::{Database, count, databases, eventually, run};

async fn add(db: &Db, ids: &Ids, kind: &'static str, many: usize) {
    let (ids, now) = (ids.clone(), Clock::system().now());
    let write = db.write(move |conn| {
        Box::pin(async move {
            for _ in 0..many {
                let (id, lane) = (ids.next(), None);
                let payload = id.to_string();
                let job = jobs::NewJob { id, kind, payload: &payload, dedup_key: None, lane, run_at: now };
                jobs::enqueue(conn, job).await?;
            }
            Ok(())
        })
    });
    write.await.unwrap();
}

/// Many are claimed ahead where they are quick. When it turns out that the next are slow, no claim stays on what is not worked on:
/// another process may have time for it.
#[test]
fn what_nobody_is_at_work_on_is_given_back() {
    for kind in databases() {
        run(async {
            let database = Database::fresh(kind).await;
            let db = Db::open(&database.url).await.unwrap();
            let ids = Ids::new(Clock::system(), &Rng);
            add(&db, &ids, "quick", 300).await;
            add(&db, &ids, "slow", 100).await;
            let runs: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
            let go = Arc::new(Notify::new());
            let handler = |wait: bool| -> Handler {
                let (runs, go) = (runs.clone(), go.clone());
                Arc::new(move |payload| {
                    let (runs, go) = (runs.clone(), go.clone());
                    Box::pin(async move {
                        *runs.lock().unwrap().entry(payload).or_default() += 1;
                        if wait {
                            go.notified().await;
                        }
                        Ok(())
                    })
                })
            };
            let runner = Runner {
                db: db.clone(),
                clock: Clock::system(),
                rng: Rng,
                wake: Wake::default(),
                handlers: HashMap::from([("quick", handler(false)), ("slow", handler(true))]),
                done: Done::default(),
            };
            let (stop, stopped) = watch::channel(false);
            let running = tokio::spawn(runner.run(stopped));
            let held = "SELECT count(*) AS n FROM jobs WHERE lease_until > 0";
            let begun = || runs.lock().unwrap().len();
            eventually("all workers are busy, and only what they do is claimed", async || {
                begun() == 316 && count(&db, held).await == 16
            })
            .await;
            let untouched = "SELECT count(*) AS n FROM jobs WHERE kind = 'slow' AND tries = 0";
            assert_eq!(count(&db, untouched).await, 84, "{kind:?}");
            eventually("the others have their turn", async || {
                go.notify_waiters();
                count(&db, "SELECT count(*) AS n FROM jobs").await == 0
            })
            .await;
            stop.send(true).unwrap();
            tokio::time::timeout(Duration::from_secs(60), running).await.unwrap().unwrap();
            let runs = runs.lock().unwrap();
            assert_eq!((runs.len(), runs.values().max()), (400, Some(&1)), "{kind:?}: each once");
        });
    }
}
