//! Durable commits, one job for one worker, transactions that end whatever becomes of who asked for them.

use std::collections::BTreeSet;
use std::sync::Arc;

use diesel_async::RunQueryDsl as _;
use kring::base::{Clock, Error, Ids, Rng, Time};
use kring::store::{Conn, Db, jobs, settings};

use crate::support::{Database, Kind, count, databases, run};

#[test]
fn sqlite_is_synchronous_full() {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        synchronous: i32,
    }
    run(async {
        let database = Database::fresh(Kind::Sqlite).await;
        let db = Db::open(&database.url).await.unwrap();
        let level = db
            .write(|conn| {
                Box::pin(async move {
                    let Conn::Sqlite(conn) = conn else { panic!("not SQLite") };
                    let row: Row = diesel::sql_query("PRAGMA synchronous").get_result(conn).await?;
                    Ok(row.synchronous)
                })
            })
            .await
            .unwrap();
        assert_eq!(level, 2, "2 is FULL");
    });
}

#[test]
fn sqlite_readers_refuse_to_write() {
    run(async {
        let database = Database::fresh(Kind::Sqlite).await;
        let db = Db::open(&database.url).await.unwrap();
        let mut conn = db.read().await.unwrap();
        assert!(settings::set(&mut conn, "name", "De Linde").await.is_err());
    });
}

/// As `config.example.toml` tells of a PostgreSQL on the same machine.
#[test]
fn postgres_by_its_socket() {
    #[derive(diesel::QueryableByName)]
    struct Setting {
        #[diesel(sql_type = diesel::sql_types::Text)]
        setting: String,
    }
    run(async {
        if !databases().contains(&Kind::Postgres) {
            return;
        }
        let database = Database::fresh(Kind::Postgres).await;
        let mut conn = Db::open(&database.url).await.unwrap().read().await.unwrap();
        let Conn::Pg(conn) = &mut conn else { panic!("not PostgreSQL") };
        let asked = diesel::sql_query("SELECT setting FROM pg_settings WHERE name = 'unix_socket_directories'");
        let folders = asked.get_result::<Setting>(conn).await.unwrap().setting;
        let folder = folders.split(',').next().unwrap_or_default();
        assert!(folder.starts_with('/'), "the cluster for the tests has a socket in a folder of its own: {folder:?}");
        let at = url::Url::parse(&database.url).unwrap();
        let (user, port, name) = (at.username(), at.port().unwrap_or(5432), at.path());
        let db = Db::open(&format!("postgres://{user}@{}:{port}{name}", folder.replace('/', "%2F"))).await.unwrap();
        db.write(|conn| Box::pin(async move { settings::set(conn, "name", "De Linde").await })).await.unwrap();
        let all = settings::all(&mut db.read().await.unwrap()).await.unwrap();
        assert!(all.contains(&("name".to_owned(), "De Linde".to_owned())));
    });
}

#[test]
fn a_job_is_claimed_once() {
    for kind in databases() {
        run(async {
            let database = Database::fresh(kind).await;
            // Two pools on one database: as two processes would have.
            let pools = [Db::open(&database.url).await.unwrap(), Db::open(&database.url).await.unwrap()];
            let ids = Arc::new(Ids::new(Clock::system(), &Rng));
            let now = Clock::system().now();
            let source = ids.clone();
            pools[0]
                .write(move |conn| {
                    Box::pin(async move {
                        for number in 0..200 {
                            let (id, payload) = (source.next(), number.to_string());
                            let job = jobs::NewJob {
                                id,
                                kind: "fanout",
                                payload: &payload,
                                dedup_key: None,
                                lane: None,
                                run_at: now,
                            };
                            jobs::enqueue(conn, job).await?;
                        }
                        Ok(())
                    })
                })
                .await
                .unwrap();
            let claimers = (0..8).map(|number| {
                let db = pools[number % 2].clone();
                tokio::spawn(async move {
                    let mut mine = Vec::new();
                    loop {
                        let later = now.plus(Time::MINUTE);
                        let got = db
                            .write(move |conn| Box::pin(jobs::claim(conn, &[], now.plus(1), later, 7, 7)))
                            .await
                            .unwrap();
                        if got.is_empty() {
                            return mine;
                        }
                        mine.extend(got.into_iter().map(|job| job.id));
                    }
                })
            });
            let mut all = Vec::new();
            for claimer in claimers.collect::<Vec<_>>() {
                all.extend(claimer.await.unwrap());
            }
            let distinct: BTreeSet<i64> = all.iter().copied().collect();
            assert_eq!((all.len(), distinct.len()), (200, 200), "{kind:?}");
        });
    }
}

#[test]
fn an_error_undoes_the_whole_transaction() {
    for kind in databases() {
        run(async {
            let database = Database::fresh(kind).await;
            let db = Db::open(&database.url).await.unwrap();
            let result: Result<(), Error> = db
                .write(|conn| {
                    Box::pin(async move {
                        settings::set(conn, "half", "done").await?;
                        Err(Error::NotFound)
                    })
                })
                .await;
            assert!(matches!(result, Err(Error::NotFound)), "{kind:?}: {result:?}");
            assert_eq!(count(&db, "SELECT count(*) AS n FROM settings WHERE key = 'half'").await, 0, "{kind:?}");
        });
    }
}

#[test]
fn one_failure_in_a_shared_commit_leaves_the_others() {
    for kind in databases() {
        run(async {
            let database = Database::fresh(kind).await;
            let db = Db::open(&database.url).await.unwrap();
            let writers = (0..40).map(|number: i64| {
                let db = db.clone();
                tokio::spawn(async move {
                    db.write(move |conn| {
                        Box::pin(async move {
                            settings::set(conn, &format!("test-{number}"), "x").await?;
                            if number % 4 == 0 { Err(Error::Gone) } else { Ok(()) }
                        })
                    })
                    .await
                })
            });
            for writer in writers.collect::<Vec<_>>() {
                // Which of them failed shows in the rows.
                let _ = writer.await.unwrap();
            }
            assert_eq!(count(&db, "SELECT count(*) AS n FROM settings WHERE key LIKE 'test-%'").await, 30, "{kind:?}");
        });
    }
}

#[test]
fn who_goes_away_leaves_no_transaction_open() {
    for kind in databases() {
        run(async {
            let database = Database::fresh(kind).await;
            let db = Db::open(&database.url).await.unwrap();
            for number in 0..30 {
                let work = db.write(move |conn| {
                    Box::pin(async move {
                        settings::set(conn, "left", &number.to_string()).await?;
                        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                        Ok(())
                    })
                });
                // Given up in the middle.
                let _ = tokio::time::timeout(std::time::Duration::from_millis(number % 7), work).await;
            }
            let write = db.write(|conn| Box::pin(async move { settings::set(conn, "after", "all").await.map(|_| ()) }));
            tokio::time::timeout(std::time::Duration::from_secs(5), write).await.expect("a free writer").unwrap();
            assert_eq!(count(&db, "SELECT count(*) AS n FROM settings WHERE key = 'after'").await, 1, "{kind:?}");
        });
    }
}
