//! A real instance on a loopback port.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use kring::app::App;
use kring::config::Config;
use kring::services::Ctx;
use kring::store::{Conn, Db};

use super::database::{Database, Kind, databases};

/// A running instance, with its own database and folder, on a free port.
pub struct TestApp {
    app: App,
    address: SocketAddr,
    /// Its database and folder. Dropped last.
    pub database: Database,
}

/// Runs a test on every database, one after the other.
pub fn both(test: impl AsyncFn(TestApp)) {
    for kind in databases() {
        run(async {
            test(TestApp::start(kind).await).await;
        });
    }
}

/// Runs a test on SQLite only: for what has nothing to do with the database.
pub fn on_sqlite(test: impl AsyncFn(TestApp)) {
    run(async { test(TestApp::start(Kind::Sqlite).await).await });
}

/// Runs a future on a runtime of its own. Migrations need more than one thread.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let result = runtime.block_on(future);
    runtime.shutdown_timeout(Duration::from_secs(5));
    result
}

/// Waits until `what` holds, looking often; fails after thirty seconds.
pub async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < Duration::from_secs(30), "not in thirty seconds: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl TestApp {
    /// An instance with a name and a language, after its first run, on a fresh database.
    pub async fn start(kind: Kind) -> Self {
        Self::named("linde.localhost", kind, |_| {}).await
    }

    /// An instance under another domain, with what `change` makes of its configuration.
    pub async fn named(domain: &str, kind: Kind, change: impl FnOnce(&mut Config)) -> Self {
        Self::at(kring::base::Clock::system(), domain, kind, change).await
    }

    /// The same by another clock.
    pub async fn at(clock: kring::base::Clock, domain: &str, kind: Kind, change: impl FnOnce(&mut Config)) -> Self {
        let database = Database::fresh(kind).await;
        // Bound before the configuration is made: the port is part of every address.
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("its address");
        let mut config =
            Config::default_for(domain, address.port(), database.dir.path()).expect("a configuration for tests");
        config.database.url = kring::config::ServiceUrl::new(&database.url);
        config.instance.name = Some("Bibliotheek De Linde".to_owned());
        // What runs here is the tests, not the program.
        config.other_program = Some(env!("CARGO_BIN_EXE_kring").into());
        change(&mut config);
        listener.set_nonblocking(true).expect("a listener");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        let app = App::start_on(listener, config, clock).await.expect("an instance");
        Self { app, address, database }
    }

    /// What services take.
    pub fn ctx(&self) -> &Ctx {
        &self.app.ctx
    }

    /// Its door to other servers.
    pub fn federation(&self) -> &kring::federation::Federation {
        &self.app.federation
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://linde.localhost:PORT`
    pub fn origin(&self) -> String {
        self.ctx().urls.origin().to_owned()
    }

    /// Waits until every job was done or tried, and what they add.
    pub async fn settle(&self) {
        eventually("no job waits", async || {
            let now = self.ctx().now().micros();
            let open = format!(
                "SELECT count(*) AS n FROM jobs WHERE failed_at IS NULL AND (tries = 0 OR lease_until > {now})"
            );
            self.count(&open).await == 0
        })
        .await;
    }

    /// Waits until everything so far can be found.
    pub async fn searchable(&self) {
        self.settle().await;
        let patience = Duration::from_secs(60);
        kring::services::search::catch_up(self.ctx(), patience).await.expect("an index that keeps up");
    }

    /// The answer to `SELECT … AS n`.
    pub async fn count(&self, sql: &str) -> i64 {
        count(&self.ctx().db, sql).await
    }

    /// Runs a statement past every service.
    pub async fn execute(&self, sql: &str) {
        use diesel_async::RunQueryDsl as _;
        let sql = sql.to_owned();
        let work = self.ctx().db.write(move |conn| {
            Box::pin(async move {
                let query = diesel::sql_query(sql);
                match conn {
                    Conn::Pg(conn) => query.execute(conn).await?,
                    Conn::Sqlite(conn) => query.execute(conn).await?,
                };
                Ok(())
            })
        });
        work.await.expect("a statement");
    }

    /// The app on what an earlier one left.
    pub async fn again(config: &Config) -> App {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        App::start_on(listener, config.clone(), kring::base::Clock::system()).await.expect("an instance")
    }

    /// How many queries a request takes that `work` makes over HTTP: the least of some runs, for what runs in the background
    /// only adds to it. Work that calls a service is counted by `store::counting_queries`, which counts nothing else.
    pub async fn queries<T>(&self, work: impl AsyncFn() -> T) -> (u64, T) {
        let mut least = None;
        // Other tests write to the same PostgreSQL, by whose snapshot it is seen whether anything was written.
        for _ in 0..20 {
            let before = self.ctx().db.queries();
            let result = work().await;
            let taken = self.ctx().db.queries() - before;
            if least.as_ref().is_none_or(|(queries, _)| taken < *queries) {
                least = Some((taken, result));
            }
        }
        least.expect("it ran")
    }

    /// Takes it down. Its port stays taken, so that nobody else answers there.
    pub async fn go_down(self) -> Down {
        let (config, clock, address) = ((*self.ctx().config).clone(), self.ctx().clock.clone(), self.address);
        let database = self.stop().await;
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option");
        socket.bind(address).expect("the same port");
        Down { config, clock, socket, database }
    }

    /// Ends it: what runs is finished. The database stays, until this is dropped.
    pub async fn stop(self) -> Database {
        self.app.stop().await;
        self.database
    }
}

/// An instance that does not run.
pub struct Down {
    config: Config,
    clock: kring::base::Clock,
    socket: tokio::net::TcpSocket,
    database: Database,
}

impl Down {
    /// Starts it again where it was.
    pub async fn come_up(self) -> TestApp {
        let listener = self.socket.listen(1024).expect("a listener");
        let address = listener.local_addr().expect("its address");
        let app = App::start_on(listener, self.config, self.clock).await.expect("an instance");
        TestApp { app, address, database: self.database }
    }
}

/// The answer to `SELECT … AS n`, on either database.
pub async fn count(db: &Db, sql: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    use diesel_async::RunQueryDsl as _;
    let query = diesel::sql_query(sql);
    let row: Row = match &mut db.read().await.expect("a connection") {
        Conn::Pg(conn) => query.get_result(conn).await.expect("a count"),
        Conn::Sqlite(conn) => query.get_result(conn).await.expect("a count"),
    };
    row.n
}
