//! The runner of jobs.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kring::base::{Clock, Error, Ids, Rng};
use kring::jobs::{Done, Handler, Runner, Wake};
use kring::store::{Db, jobs};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::support::{Database, Kind, count, databases, eventually, run};

/// Workers of one process.
const WORKERS: usize = 48;

/// A runner with quick jobs, and slow ones that end when they are told to.
struct Place {
    db: Db,
    ids: Ids,
    /// How often each job was begun.
    runs: Arc<Mutex<BTreeMap<String, usize>>>,
    go: Arc<Semaphore>,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
    _database: Database,
}

impl Place {
    async fn start(kind: Kind, quick: usize, slow: usize) -> Self {
        let database = Database::fresh(kind).await;
        let db = Db::open(&database.url).await.unwrap();
        let (runs, go) = (Arc::<Mutex<BTreeMap<String, usize>>>::default(), Arc::new(Semaphore::new(0)));
        let handler = |waits: bool| -> Handler {
            let (runs, go) = (runs.clone(), go.clone());
            Arc::new(move |payload| {
                let (runs, go) = (runs.clone(), go.clone());
                Box::pin(async move {
                    *runs.lock().unwrap().entry(payload).or_default() += 1;
                    if waits {
                        go.acquire().await.unwrap().forget();
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
            handlers: HashMap::from([
                ("quick", handler(false)),
                ("slow", handler(true)),
                ("beside", handler(true)),
                ("broken", Arc::new(|_| Box::pin(async { Err(Error::NotFound) }))),
            ]),
            side_by_side: |kind, _| matches!(kind, "beside" | "broken"),
            done: Done::default(),
        };
        let (stop, stopped) = watch::channel(false);
        let ids = Ids::new(Clock::system(), &Rng);
        let mut place =
            Self { db, ids, runs, go, stop, running: tokio::spawn(std::future::ready(())), _database: database };
        place.add("quick", quick, None).await;
        place.add("slow", slow, None).await;
        place.running = tokio::spawn(runner.run(stopped));
        place
    }

    async fn add(&self, kind: &'static str, many: usize, lane: Option<&'static str>) {
        let (ids, now) = (self.ids.clone(), Clock::system().now());
        let write = self.db.write(move |conn| {
            Box::pin(async move {
                for _ in 0..many {
                    let id = ids.next();
                    let payload = format!("{} {kind} {id}", lane.unwrap_or_default());
                    let job = jobs::NewJob { id, kind, payload: &payload, dedup_key: None, lane, run_at: now };
                    jobs::enqueue(conn, job).await?;
                }
                Ok(())
            })
        });
        write.await.unwrap();
    }

    fn begun(&self) -> usize {
        self.runs.lock().unwrap().len()
    }

    fn begun_of(&self, what: &str) -> usize {
        self.runs.lock().unwrap().keys().filter(|payload| payload.starts_with(what)).count()
    }

    async fn claimed(&self) -> usize {
        usize::try_from(count(&self.db, "SELECT count(*) AS n FROM jobs WHERE lease_until > 0").await).unwrap()
    }

    /// Waits until all workers do slow jobs, and no other is claimed.
    async fn until_all_are_slow(&self, quick: usize) {
        eventually("all workers are busy, and only what they do is claimed", async || {
            self.begun() == quick + WORKERS && self.claimed().await == WORKERS
        })
        .await;
    }

    async fn end(self) {
        self.stop.send(true).unwrap();
        tokio::time::timeout(Duration::from_secs(60), self.running).await.unwrap().unwrap();
        let runs = self.runs.lock().unwrap();
        assert_eq!(runs.values().max(), Some(&1), "each once");
    }
}

/// Many are claimed ahead where they are quick. When it turns out that the next are slow, no claim stays on what is not worked on:
/// another process may have time for it.
#[test]
fn what_nobody_is_at_work_on_is_given_back() {
    for kind in databases() {
        run(async {
            let place = Place::start(kind, 300, 100).await;
            place.until_all_are_slow(300).await;
            let untouched = "SELECT count(*) AS n FROM jobs WHERE kind = 'slow' AND tries = 0";
            assert_eq!(count(&place.db, untouched).await, 52, "{kind:?}");
            place.go.add_permits(100);
            eventually("the others have their turn", async || {
                count(&place.db, "SELECT count(*) AS n FROM jobs").await == 0
            })
            .await;
            assert_eq!(place.begun(), 400, "{kind:?}");
            place.end().await;
        });
    }
}

/// One slow job after another ends, and another begins: who is in a lane waits for a few of them at most.
#[test]
fn a_lane_does_not_wait_for_slow_jobs() {
    for kind in databases() {
        run(async {
            let place = Place::start(kind, 300, 200).await;
            place.until_all_are_slow(300).await;
            // As many end at once as make the runner claim ahead again.
            place.go.add_permits(WORKERS);
            eventually("the next", async || place.begun() >= 300 + 2 * WORKERS).await;
            place.add("quick", 1, Some("federate")).await;
            let before = place.begun();
            let in_lane = || place.begun_of("federate quick") > 0;
            while !in_lane() {
                assert!(place.begun() < before + 2 * WORKERS, "{kind:?}: the lane waits");
                place.go.add_permits(1);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            place.go.add_permits(200);
            place.end().await;
        });
    }
}

/// Jobs of a lane that concern nothing of each other are done at the same time; those before and behind them keep their order.
#[test]
fn what_is_next_to_each_other_in_a_lane_may_go_side_by_side() {
    for kind in databases() {
        run(async {
            let place = Place::start(kind, 0, 0).await;
            place.add("slow", 1, Some("one")).await;
            eventually("the first", async || place.begun() == 1).await;
            for (kind, many) in [("beside", 3), ("quick", 1), ("beside", 2), ("broken", 2), ("quick", 1)] {
                place.add(kind, many, Some("one")).await;
            }
            let begun = || (place.begun_of("one beside"), place.begun_of("one quick"));
            place.go.add_permits(1);
            eventually("three together", async || begun() == (3, 0)).await;
            place.go.add_permits(2);
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(begun(), (3, 0), "{kind:?}: all three before the next");
            place.go.add_permits(1);
            eventually("the next two", async || begun() == (5, 1)).await;
            place.go.add_permits(2);
            let failed = "SELECT count(*) AS n FROM jobs WHERE error <> '' AND tries = 1";
            eventually("both that fail", async || count(&place.db, failed).await == 2).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(begun(), (5, 1), "{kind:?}: what is behind them waits");
            assert_eq!(count(&place.db, "SELECT count(*) AS n FROM jobs WHERE lease_until > 0").await, 0, "{kind:?}");
            place.end().await;
        });
    }
}
