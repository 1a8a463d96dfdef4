//! A database per test, copied from one that was migrated once per run.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use kring::store::Db;
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    Sqlite,
    /// A database in the cluster of `KRING_TEST_POSTGRES`.
    Postgres,
}

/// The databases every test runs on.
///
/// PostgreSQL is never left out silently: without an address the test fails.
pub fn databases() -> Vec<Kind> {
    if std::env::var("KRING_TEST_SQLITE_ONLY").is_ok_and(|value| value == "1") {
        return vec![Kind::Sqlite];
    }
    assert!(
        std::env::var_os("KRING_TEST_POSTGRES").is_some(),
        "KRING_TEST_POSTGRES is not set: run ./test (or say KRING_TEST_SQLITE_ONLY=1 to leave PostgreSQL out)"
    );
    vec![Kind::Sqlite, Kind::Postgres]
}

/// A fresh, migrated database and a folder for everything else of an instance.
pub struct Database {
    /// What `database.url` takes.
    pub url: String,
    /// A folder that goes away with this.
    pub dir: TempDir,
    postgres: Option<String>,
}

impl Database {
    /// A copy of the migrated template.
    pub async fn fresh(kind: Kind) -> Self {
        let dir = TempDir::new().expect("a folder for the test");
        match kind {
            Kind::Sqlite => {
                let path = dir.path().join("kring.db");
                let template = sqlite_template().await;
                for end in ["", "-wal"] {
                    let from = PathBuf::from(format!("{}{end}", template.display()));
                    if from.exists() {
                        std::fs::copy(&from, format!("{}{end}", path.display())).expect("copy of the template");
                    }
                }
                Self { url: format!("sqlite:{}", path.display()), dir, postgres: None }
            }
            Kind::Postgres => {
                let name = postgres_copy(postgres_template().await).await;
                Self { url: postgres_url(&name), dir, postgres: Some(name) }
            }
        }
    }

    /// A database with nothing in it, not even tables.
    pub async fn empty(kind: Kind) -> Self {
        let dir = TempDir::new().expect("a folder for the test");
        match kind {
            Kind::Sqlite => {
                let url = format!("sqlite:{}", dir.path().join("kring.db").display());
                Self { url, dir, postgres: None }
            }
            Kind::Postgres => {
                let name = postgres_copy("template1").await;
                Self { url: postgres_url(&name), dir, postgres: Some(name) }
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(name) = self.postgres.take() {
            // Dropping needs a connection: the next test that makes a database clears these away.
            DONE_WITH.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        }
    }
}

static DONE_WITH: Mutex<Vec<String>> = Mutex::new(Vec::new());

async fn sqlite_template() -> &'static PathBuf {
    static TEMPLATE: OnceCell<(TempDir, PathBuf)> = OnceCell::const_new();
    let made = TEMPLATE
        .get_or_init(|| async {
            let dir = TempDir::new().expect("a folder for the template");
            let path = dir.path().join("template.db");
            let db = Db::open(&format!("sqlite:{}", path.display())).await.expect("a migrated SQLite template");
            drop(db);
            (dir, path)
        })
        .await;
    &made.1
}

fn postgres_address() -> String {
    std::env::var("KRING_TEST_POSTGRES").expect("KRING_TEST_POSTGRES, as set by ./test")
}

/// `postgres://USER@HOST:PORT/name` from the address with any database name.
fn postgres_url(name: &str) -> String {
    let address = postgres_address();
    let base = address.rsplit_once('/').expect("an address that ends in a database name").0;
    format!("{base}/{name}")
}

/// Runs statements, one by one, on the cluster's own database.
pub async fn postgres_admin(statements: &[String]) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(&postgres_address(), tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    for statement in statements {
        client.batch_execute(statement).await?;
    }
    drop(client);
    connection.await.expect("the connection's task")
}

fn new_name() -> String {
    static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    format!("kring_{}_{number}", std::process::id())
}

async fn postgres_template() -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            let name = new_name();
            postgres_admin(&[format!("CREATE DATABASE {name}")]).await.expect("a database for the template");
            let db = Db::open(&postgres_url(&name)).await.expect("a migrated PostgreSQL template");
            drop(db);
            // Copies are made only of a database that nobody is connected to.
            let leave = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
            postgres_admin(&[leave]).await.expect("nobody left in the template");
            name
        })
        .await
}

async fn postgres_copy(template: &str) -> String {
    let name = new_name();
    let old = std::mem::take(&mut *DONE_WITH.lock().unwrap_or_else(PoisonError::into_inner));
    let mut statements: Vec<String> =
        old.iter().map(|name| format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).collect();
    statements.push(format!("CREATE DATABASE {name} TEMPLATE {template}"));
    for attempt in 0.. {
        match postgres_admin(&statements).await {
            Ok(()) => break,
            // A backend that was told to end may take a moment to do so.
            Err(error) if attempt < 20 => {
                eprintln!("making {name}: {error}");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            Err(error) => panic!("making {name}: {error}"),
        }
    }
    name
}
