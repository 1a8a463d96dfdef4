//! Connections: one enum over two databases, and a macro that compiles each query once for each.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use deadpool::managed::QueueMode;
use diesel::SqliteConnection;
use diesel::connection::{Instrumentation, InstrumentationEvent};
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager as Manager, ManagerConfig};
use diesel_async::sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper};
use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::base::{Error, Result};

/// SQLite behind diesel's async face.
pub type Sq = SyncConnectionWrapper<SqliteConnection, Place>;

/// Where SQLite works on a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On a thread for blocking work: two switches of thread for each call, and nobody waits for a long one.
    Away,
    /// Where the caller is: for the writer, which has a thread of its own, and for short reads.
    Here,
}

impl SpawnBlocking for Place {
    fn spawn_blocking<'a, R>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn std::error::Error + Send + Sync + 'static>>>
    where
        R: Send + 'static,
    {
        match self {
            Self::Here => std::future::ready(Ok(task())).boxed(),
            Self::Away => {
                let done = match COUNTED.try_with(Arc::clone) {
                    Ok(count) => tokio::task::spawn_blocking(move || COUNTED.sync_scope(count, task)),
                    Err(_) => tokio::task::spawn_blocking(task),
                };
                async { Ok(done.await?) }.boxed()
            }
        }
    }

    fn get_runtime() -> Self {
        Self::Away
    }
}

tokio::task_local! {
    /// Set while work runs whose reads are all short.
    static SHORT_READS: ();
    /// Counts the queries of the work that it is set for.
    static COUNTED: Arc<AtomicU64>;
}

/// What `work` comes to, and how many queries it asked in its own task: what runs beside it is not counted.
pub async fn counting_queries<F: Future>(work: F) -> (u64, F::Output) {
    let count = Arc::new(AtomicU64::new(0));
    let result = COUNTED.scope(count.clone(), work).await;
    (count.load(Ordering::Relaxed), result)
}

/// Runs work that reads by key and index alone, many times: on SQLite its reads are done where it runs. Switching threads
/// costs more than such a read.
pub async fn with_short_reads<F: Future>(work: F) -> F::Output {
    SHORT_READS.scope((), work).await
}

/// A connection to whichever database this instance uses.
#[expect(clippy::large_enum_variant, reason = "few of them exist, and they are not moved about")]
pub enum Conn {
    /// PostgreSQL.
    Pg(Object<AsyncPgConnection>),
    /// SQLite.
    Sqlite(Object<Sq>),
}

/// The database of this instance. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    kind: Kind,
    queries: Arc<Queries>,
    url: Arc<str>,
    pub(super) gate: Arc<super::stamp::Gate>,
}

#[derive(Clone)]
enum Kind {
    Pg(Pool<AsyncPgConnection>),
    Sqlite { writer: mpsc::Sender<Work>, readers: Pool<Sq>, short_readers: Pool<Sq>, lone: Pool<Sq> },
}

/// A write transaction on its way to SQLite's one writer.
type Work = Box<dyn for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Done> + Send>;

/// What came of it: whether its savepoint is kept, and how to answer once the commit is known.
struct Done {
    keep: bool,
    answer: Box<dyn FnOnce(Result<(), String>) + Send>,
}

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// `synchronous=FULL`: what was acknowledged survives a power cut.
const WRITER_PRAGMAS: &str = "PRAGMA busy_timeout=10000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; \
     PRAGMA foreign_keys=ON; PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=2000;";
/// Readers look at the file where the system keeps it in memory for all of them (`mmap_size`), not at copies of their own.
const READER_PRAGMAS: &str = "PRAGMA busy_timeout=10000; PRAGMA query_only=ON; PRAGMA cache_size=-500; \
     PRAGMA mmap_size=1073741824; PRAGMA temp_store=MEMORY;";
// Of free connections the one that was used last is taken (`QueueMode::Lifo`): each prepares its own statements and keeps
// its own pages, so a quiet server warms two or three of them and not all.
const READERS: usize = 4;
const SHORT_READERS: usize = 32;
/// How many transactions, and for how long, may share one commit.
const GROUP_COMMIT: (usize, Duration) = (256, Duration::from_millis(4));
/// Several processes may start on one database at once; only one migrates.
const MIGRATION_LOCK: i64 = 727_001;

/// What was asked of a database since it was opened.
#[derive(Debug, Default)]
struct Queries {
    count: AtomicU64,
    /// Whether their texts are kept as well: for who looks into how they are answered.
    keeping: AtomicBool,
    texts: Mutex<BTreeMap<String, u64>>,
}

struct CountQueries(Arc<Queries>);

impl Instrumentation for CountQueries {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            self.0.count.fetch_add(1, Ordering::Relaxed);
            if self.0.keeping.load(Ordering::Relaxed)
                && let Ok(mut texts) = self.0.texts.lock()
            {
                let whole = query.to_string();
                let text = whole.split(" -- binds").next().unwrap_or(&whole).trim();
                *texts.entry(text.to_owned()).or_default() += 1;
            }
            // Outside such work there is nothing to count.
            let _ = COUNTED.try_with(|count| count.fetch_add(1, Ordering::Relaxed));
        }
    }
}

impl Db {
    /// Opens `sqlite:PATH` (made if missing) or `postgres://…` and brings it to the present schema.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be reached or migrated; the text says why.
    pub async fn open(url: &str) -> Result<Db> {
        let queries = Arc::<Queries>::default();
        let kind = if is_postgres(url) {
            open_postgres(url, &queries).await?
        } else {
            let path = url.strip_prefix("sqlite:").ok_or_else(|| {
                Error::Unavailable("database.url must be sqlite:PATH or postgres://USER@HOST/NAME".to_owned())
            })?;
            open_sqlite(path, &queries).await?
        };
        Ok(Db { kind, queries, url: url.into(), gate: Arc::default() })
    }

    /// Whether this is PostgreSQL, shared perhaps with other processes.
    pub fn is_postgres(&self) -> bool {
        matches!(self.kind, Kind::Pg(_))
    }

    /// The address it was opened with.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Queries run since opening; tests and benches assert on differences.
    pub fn queries(&self) -> u64 {
        self.queries.count.load(Ordering::Relaxed)
    }

    /// Keeps the text of each query from now on, until [`Db::kept_queries`] takes them.
    pub fn keep_queries(&self) {
        self.queries.keeping.store(true, Ordering::Relaxed);
    }

    /// The texts that were kept, without values, and how often each was asked.
    pub fn kept_queries(&self) -> BTreeMap<String, u64> {
        self.queries.keeping.store(false, Ordering::Relaxed);
        self.queries.texts.lock().map_or_else(|_| BTreeMap::new(), |mut texts| std::mem::take(&mut *texts))
    }

    /// A connection for reading. On SQLite it refuses to write.
    pub async fn read(&self) -> Result<Conn> {
        match &self.kind {
            Kind::Pg(pool) => pool.get().await.map(Conn::Pg).map_err(unavailable),
            Kind::Sqlite { readers, short_readers, .. } => {
                let short = SHORT_READS.try_with(|()| ()).is_ok();
                let pool = if short { short_readers } else { readers };
                pool.get().await.map(Conn::Sqlite).map_err(unavailable)
            }
        }
    }

    /// A connection apart from the others, for who keeps it.
    pub(super) async fn lone(&self) -> Result<Conn> {
        match &self.kind {
            Kind::Pg(pool) => pool.get().await.map(Conn::Pg).map_err(unavailable),
            Kind::Sqlite { lone, .. } => lone.get().await.map(Conn::Sqlite).map_err(unavailable),
        }
    }

    /// Runs `work` as one transaction; what it returns is handed back only after a durable commit.
    ///
    /// An error from `work` undoes it all. The caller may go away: the transaction is finished without them.
    /// Do no network, file or text work inside: on SQLite there is one writer.
    pub async fn write<R, F>(&self, work: F) -> Result<R>
    where
        R: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<R>> + Send + 'static,
    {
        self.queue(work, run_postgres).await
    }

    /// As [`Db::write`], of a single statement: around that PostgreSQL needs nothing to begin and to end, which would be two more
    /// ways there and back.
    pub async fn write_one<R, F>(&self, work: F) -> Result<R>
    where
        R: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<R>> + Send + 'static,
    {
        self.queue(work, run_one_on_postgres).await
    }

    async fn queue<R, F, P>(&self, work: F, on_postgres: fn(Object<AsyncPgConnection>, Work) -> P) -> Result<R>
    where
        R: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<R>> + Send + 'static,
        P: Future<Output = ()> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel::<Result<R>>();
        let count = COUNTED.try_with(Arc::clone).unwrap_or_default();
        let work: Work = Box::new(move |conn| {
            async move {
                let work = COUNTED.scope(count, AssertUnwindSafe(work(conn)).catch_unwind());
                let result = match work.await {
                    Ok(result) => result,
                    Err(_) => Err(Error::internal("a transaction panicked")),
                };
                let keep = result.is_ok();
                let answer = move |committed: Result<(), String>| {
                    let result = match (committed, result) {
                        (Err(cause), Ok(_)) => Err(Error::Unavailable(cause)),
                        (_, result) => result,
                    };
                    // The caller may have gone away; the transaction stands all the same.
                    let _ = sender.send(result);
                };
                Done { keep, answer: Box::new(answer) }
            }
            .boxed()
        });
        match &self.kind {
            Kind::Pg(pool) => {
                let conn = pool.get().await.map_err(unavailable)?;
                tokio::spawn(on_postgres(conn, work));
            }
            Kind::Sqlite { writer, .. } => {
                writer
                    .send(work)
                    .await
                    .map_err(|_| Error::Unavailable("the database writer has stopped".to_owned()))?;
            }
        }
        receiver.await.map_err(|_| Error::Unavailable("the database writer has stopped".to_owned()))?
    }
}

/// Whether an address names PostgreSQL.
pub fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres:") || url.starts_with("postgresql:")
}

fn unavailable(cause: impl std::fmt::Display) -> Error {
    Error::Unavailable(cause.to_string())
}

async fn run_postgres(conn: Object<AsyncPgConnection>, work: Work) {
    let mut conn = Conn::Pg(conn);
    if let Err(cause) = conn.batch("BEGIN").await {
        // The reply tells the caller; nothing was done.
        return drop_with(work, &mut conn, cause).await;
    }
    let done = work(&mut conn).await;
    let end = conn.batch(if done.keep { "COMMIT" } else { "ROLLBACK" }).await;
    (done.answer)(end.map_err(|e| e.to_string()));
}

async fn run_one_on_postgres(conn: Object<AsyncPgConnection>, work: Work) {
    let done = work(&mut Conn::Pg(conn)).await;
    (done.answer)(Ok(()));
}

/// A connection that cannot even begin: the sender inside `work` is dropped, which the caller sees as unavailable.
async fn drop_with(work: Work, conn: &mut Conn, cause: diesel::result::Error) {
    tracing::warn!(%cause, "a transaction could not begin");
    drop(work);
    // Ends a broken transaction state, if any, before the pool hands the connection out again.
    if let Err(cause) = conn.batch("ROLLBACK").await {
        tracing::debug!(%cause, "rollback after a failed begin");
    }
}

/// SQLite's one writer: queued transactions become savepoints of one commit, answered after it.
async fn run_writer(mut conn: Conn, mut queue: mpsc::Receiver<Work>) {
    while let Some(first) = queue.recv().await {
        if let Err(cause) = conn.batch("BEGIN IMMEDIATE").await {
            drop_with(first, &mut conn, cause).await;
            continue;
        }
        let started = Instant::now();
        let mut answers = Vec::new();
        let mut next = Some(first);
        while let Some(work) = next.take() {
            answers.push(run_savepoint(&mut conn, work).await);
            if answers.len() < GROUP_COMMIT.0 && started.elapsed() < GROUP_COMMIT.1 {
                next = queue.try_recv().ok();
            }
        }
        let end = conn.batch("COMMIT").await.map_err(|e| e.to_string());
        if end.is_err()
            && let Err(cause) = conn.batch("ROLLBACK").await
        {
            tracing::error!(%cause, "rollback after a failed commit");
        }
        for answer in answers {
            answer(end.clone());
        }
    }
}

async fn run_savepoint(conn: &mut Conn, work: Work) -> Box<dyn FnOnce(Result<(), String>) + Send> {
    if let Err(cause) = conn.batch("SAVEPOINT work").await {
        drop(work);
        return Box::new(move |_| tracing::error!(%cause, "savepoint"));
    }
    let done = work(conn).await;
    let end = conn.batch(if done.keep { "RELEASE work" } else { "ROLLBACK TO work; RELEASE work" }).await;
    match end {
        Ok(()) => done.answer,
        Err(cause) => Box::new(move |_| (done.answer)(Err(cause.to_string()))),
    }
}

async fn open_sqlite(path: &str, queries: &Arc<Queries>) -> Result<Kind> {
    if let Some(folder) = std::path::Path::new(path).parent().filter(|p| !p.as_os_str().is_empty()) {
        tokio::fs::create_dir_all(folder).await.map_err(unavailable)?;
    }
    let lock = lock_beside(path).await?;
    let writers = sqlite_pool(path, 1, Place::Here, WRITER_PRAGMAS, queries)?;
    let writer = writers.get().await.map_err(unavailable)?;
    let mut harness = AsyncMigrationHarness::new(writer);
    tokio::task::block_in_place(|| harness.run_pending_migrations(SQLITE_MIGRATIONS).map(|_| ()))
        .map_err(unavailable)?;
    let conn = Conn::Sqlite(harness.into_inner());
    drop(lock);
    let (sender, receiver) = mpsc::channel(1024);
    // A thread of its own: transactions run on it without switching threads for each query.
    let runtime = tokio::runtime::Handle::current();
    let writing = move || runtime.block_on(run_writer(conn, receiver));
    std::thread::Builder::new().name("database".to_owned()).spawn(writing).map_err(unavailable)?;
    let readers = sqlite_pool(path, READERS, Place::Away, READER_PRAGMAS, queries)?;
    let short_readers = sqlite_pool(path, SHORT_READERS, Place::Here, READER_PRAGMAS, queries)?;
    let lone = sqlite_pool(path, 1, Place::Away, READER_PRAGMAS, queries)?;
    Ok(Kind::Sqlite { writer: sender, readers, short_readers, lone })
}

/// Waits for the file `PATH.lock`: processes that open one database at once bring it to the present schema one by one.
async fn lock_beside(path: &str) -> Result<std::fs::File> {
    let path = format!("{path}.lock");
    let locked = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::create(path)?;
        file.lock()?;
        Ok::<_, std::io::Error>(file)
    });
    locked.await.map_err(unavailable)?.map_err(unavailable)
}

fn sqlite_pool(
    path: &str,
    size: usize,
    place: Place,
    pragmas: &'static str,
    queries: &Arc<Queries>,
) -> Result<Pool<Sq>> {
    let mut config = ManagerConfig::<Sq>::default();
    config.recycling_method = diesel_async::pooled_connection::RecyclingMethod::Fast;
    let queries = queries.clone();
    config.custom_setup = Box::new(move |url| {
        let (url, queries) = (url.to_owned(), queries.clone());
        Box::pin(async move {
            let open = move || <SqliteConnection as diesel::Connection>::establish(&url);
            let opened = tokio::task::spawn_blocking(open).await;
            let opened = opened.map_err(|e| diesel::ConnectionError::BadConnection(e.to_string()))??;
            let mut conn = Sq::with_runtime(opened, place);
            conn.batch_execute(pragmas).await.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
            conn.set_instrumentation(CountQueries(queries));
            Ok(conn)
        })
    });
    let pool = Pool::builder(Manager::new_with_config(path, config)).max_size(size).queue_mode(QueueMode::Lifo);
    pool.build().map_err(unavailable)
}

async fn open_postgres(url: &str, queries: &Arc<Queries>) -> Result<Kind> {
    let mut config = ManagerConfig::<AsyncPgConnection>::default();
    config.recycling_method = diesel_async::pooled_connection::RecyclingMethod::Fast;
    let queries = queries.clone();
    config.custom_setup = Box::new(move |url| {
        let (url, queries) = (url.to_owned(), queries.clone());
        Box::pin(async move {
            let mut conn = establish_postgres(&url).await?;
            conn.set_instrumentation(CountQueries(queries));
            Ok(conn)
        })
    });
    let pool = Pool::builder(Manager::new_with_config(url, config)).max_size(12).queue_mode(QueueMode::Lifo);
    let pool = pool.build().map_err(unavailable)?;
    let mut conn = pool.get().await.map_err(unavailable)?;
    conn.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})")).await.map_err(unavailable)?;
    let mut harness = AsyncMigrationHarness::new(conn);
    let migrated = tokio::task::block_in_place(|| harness.run_pending_migrations(POSTGRES_MIGRATIONS).map(|_| ()))
        .map_err(unavailable);
    let mut conn = harness.into_inner();
    conn.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})")).await.map_err(unavailable)?;
    migrated?;
    Ok(Kind::Pg(pool))
}

/// TLS when the address asks for it (`sslmode=require`), by rustls; plain otherwise.
pub(super) async fn establish_postgres(url: &str) -> diesel::ConnectionResult<AsyncPgConnection> {
    let bad = |e: String| diesel::ConnectionError::BadConnection(e);
    let config: tokio_postgres::Config = url.parse().map_err(|e: tokio_postgres::Error| bad(e.to_string()))?;
    let roots = rustls_native_certs::load_native_certs().certs;
    let mut store = rustls::RootCertStore::empty();
    store.add_parsable_certificates(roots);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| bad(e.to_string()))?
        .with_root_certificates(store)
        .with_no_client_auth();
    let tls = tokio_postgres_rustls::MakeRustlsConnect::new(tls);
    let (client, connection) = config.connect(tls).await.map_err(|e| bad(e.to_string()))?;
    let mut conn = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
    // One plan for a query, whatever its values: what PostgreSQL guesses from them is worse than the index that each query is
    // written for (home took ten times as long), and planning each time anew takes longer than most queries do.
    // It is made when a query is first asked, perhaps of an empty table: an index is gone by nevertheless. Compiling pays for
    // questions that take long, and what has no index to go by seems to.
    conn.batch_execute("SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off")
        .await
        .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

impl Conn {
    /// Runs fixed SQL without parameters.
    pub(super) async fn batch(&mut self, sql: &str) -> diesel::QueryResult<()> {
        match self {
            Conn::Pg(c) => c.batch_execute(sql).await,
            Conn::Sqlite(c) => c.batch_execute(sql).await,
        }
    }
}

/// Rows by an id column within the bounds of a page, newest first.
macro_rules! paged {
    ($query:expr, $page:expr, $column:expr, $conn:expr) => {{
        let (older, newer) = $page.bounds();
        let query = $query.filter($column.lt(older).and($column.gt(newer))).limit($page.limit);
        if $page.ascending() {
            query.order($column.asc()).load($conn).await.map(|mut rows: Vec<_>| {
                rows.reverse();
                rows
            })
        } else {
            query.order($column.desc()).load($conn).await
        }
    }};
}

/// Compiles each body once per database; inside, `conn` is the concrete connection.
/// Bodies return `QueryResult`; the functions return `base::Result`.
macro_rules! db_fn {
    ($($(#[$m:meta])* $vis:vis async fn $name:ident($conn:ident $(, $a:ident : $t:ty)* $(,)?) -> $ret:ty $body:block)*) => {$(
        $(#[$m])*
        $vis async fn $name(conn: &mut $crate::store::Conn $(, $a: $t)*) -> $crate::base::Result<$ret> {
            let result: diesel::QueryResult<$ret> = match conn {
                $crate::store::Conn::Pg(c) => { let $conn: &mut diesel_async::AsyncPgConnection = c; async { $body }.await }
                $crate::store::Conn::Sqlite(c) => { let $conn: &mut $crate::store::Sq = c; async { $body }.await }
            };
            result.map_err($crate::base::Error::from)
        }
    )*};
}
pub(crate) use db_fn;
pub(super) use paged;

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind, Error as Diesel};
        match error {
            Diesel::NotFound => Error::NotFound,
            Diesel::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
                Error::Conflict { reason: "error-exists-already" }
            }
            Diesel::DatabaseError(DatabaseErrorKind::ClosedConnection, info) => {
                Error::Unavailable(info.message().to_owned())
            }
            other => Error::internal(other),
        }
    }
}
