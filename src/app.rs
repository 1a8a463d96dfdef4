//! Room: the roof: builds everything, wires jobs and doors together, one router.
//! May import: everything.

mod listen;
mod metrics;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::listen::{listen, serve};
use self::metrics::Metrics;
use crate::base::{Clock, Error, Result, Time};
use crate::config::Config;
use crate::domain::events::Event;
use crate::federation::{self, Federation};
use crate::jobs::{Done, Handler, Runner};
use crate::services::ctx::{FANOUT, Parts, stands_alone};
use crate::services::{
    Ctx, guests, letters, media, media_kept, meetings, moderation, newcomers, previews, push, scheduled, sign_in,
    terms, timelines,
};
use crate::store::jobs::NewJob;
use crate::store::{self, Db};

/// How long a request may take.
const REQUEST_TIME: Duration = Duration::from_secs(60);
/// How long requests and jobs get to finish when the server stops.
const STOP_TIME: Duration = Duration::from_secs(10);
/// What is done regularly: kind of job, and every how many microseconds.
const SCHEDULE: [(&str, i64); 12] = [
    ("close_polls", Time::MINUTE),
    ("publish_scheduled", Time::MINUTE),
    ("end_mutes", Time::MINUTE),
    ("read_files", Time::MINUTE),
    ("clean_media", Time::HOUR),
    ("clean_sign_in", Time::HOUR),
    ("expire_guests", Time::HOUR),
    ("meetings", Time::HOUR),
    ("newcomers", Time::HOUR),
    ("retention", Time::DAY),
    ("memberships", Time::DAY),
    ("directory", Time::DAY),
];

/// A running instance.
pub struct App {
    /// What its use cases need.
    pub ctx: Ctx,
    /// Its door to other servers.
    pub federation: Federation,
    /// Where it listens.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl App {
    /// Opens the database, starts the jobs and listens.
    ///
    /// # Errors
    /// `Unavailable` when the database or the address cannot be used.
    pub async fn start(config: Config, clock: Clock) -> Result<Self> {
        let listener = listen(config.server.listen, "server.listen").await?;
        Self::start_on(listener, config, clock).await
    }

    /// As [`App::start`], on a socket that listens already (tests take a free port that way).
    pub async fn start_on(listener: TcpListener, config: Config, clock: Clock) -> Result<Self> {
        let ctx = open(config, clock).await?;
        let address = listener.local_addr().map_err(Error::internal)?;
        let (stop, stopped) = watch::channel(false);
        let mut tasks = Vec::new();
        let federation = Federation::new(ctx.clone()).await?;
        federation.ensure_server_actors().await?;
        if federation.is_on() {
            ctx.set_remote(Arc::new(federation.clone()));
        }
        if !ctx.db.is_postgres() {
            end_claims(&ctx).await?;
        }
        let mut runner = runner(&ctx);
        runner.handlers.extend(federation.handlers());
        tasks.push(tokio::spawn(runner.run(stopped.clone())));
        tasks.push(tokio::spawn(federation.clone().run(stopped.clone())));
        tasks.push(tokio::spawn(schedule(ctx.clone(), stopped.clone())));
        tasks.push(tokio::spawn(crate::services::search::follow::run(ctx.clone(), stopped.clone())));
        tasks.push(tokio::spawn(crate::api::draw_ahead(ctx.clone(), stopped.clone())));
        if ctx.db.is_postgres() {
            tasks.push(tokio::spawn(crate::store::live::bridge(ctx.db.clone(), ctx.hub.clone(), stopped.clone())));
        }
        let mut doors = router(&ctx, &federation);
        if let Some(address) = ctx.config.server.metrics_listen {
            let metrics = Metrics::new(ctx.clone());
            doors = doors.layer(axum::middleware::from_fn_with_state(metrics.clone(), metrics::count));
            let listener = listen(address, "server.metrics_listen").await?;
            tasks.push(serve(listener, metrics.router(), stopped.clone()));
        }
        tasks.push(serve(listener, doors, stopped));
        Ok(Self { ctx, federation, address, stop, tasks })
    }

    /// Stops taking requests and lets what runs finish, for a while.
    pub async fn stop(self) {
        // Nobody listening means everything has stopped already.
        let _ = self.stop.send(true);
        for task in self.tasks {
            let abort = task.abort_handle();
            if tokio::time::timeout(STOP_TIME, task).await.is_err() {
                abort.abort();
            }
        }
    }
}

/// Opens the instance without serving it: for the command line.
pub async fn open(config: Config, clock: Clock) -> Result<Ctx> {
    crate::i18n::Locale::of_instance(&config.instance.language).map_err(Error::Unavailable)?;
    let db = Db::open(config.database.url.as_str()).await?;
    let ctx = Ctx::new(Parts { db, config: Arc::new(config), clock }).await?;
    terms::ensure_starter(&ctx).await?;
    Ok(ctx)
}

/// What a killed process had in hand is taken up at once: nobody else works on an SQLite file.
async fn end_claims(ctx: &Ctx) -> Result<()> {
    let work = ctx.db.write(|conn| {
        Box::pin(async move {
            store::jobs::end_claims(conn).await?;
            store::federation::end_claims(conn).await?;
            store::deliveries::end_claims(conn).await
        })
    });
    work.await.map(|_| ())
}

/// Every door under one roof.
fn router(ctx: &Ctx, federation: &Federation) -> Router {
    let upload = usize::try_from(ctx.config.limits.max_upload_mb).unwrap_or(usize::MAX).saturating_mul(4_000_000);
    Router::new()
        .route("/healthz", get(|| async { "OK" }))
        .route("/readyz", get(ready).with_state(ctx.clone()))
        .merge(crate::web::router(ctx.clone()))
        .merge(crate::api::router(ctx.clone()))
        .merge(federation::router(federation.clone()))
        .layer(axum::middleware::from_fn_with_state(federation.clone(), federation::negotiation))
        .layer(axum::middleware::from_fn_with_state(federation.clone(), federation::guessing))
        .layer(axum::middleware::from_fn(short_reads))
        .layer(DefaultBodyLimit::max(upload))
        .layer(compression())
        .layer(tower_http::timeout::TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, REQUEST_TIME))
        .layer(tower_http::catch_panic::CatchPanicLayer::new())
}

/// What a request reads it reads by key and index, a page at a time: on SQLite that takes less than a change of threads.
async fn short_reads(request: axum::extract::Request, next: axum::middleware::Next) -> axum::response::Response {
    store::with_short_reads(next.run(request)).await
}

/// Lightly: harder takes three times as long, and makes a page a tenth smaller.
fn compression() -> tower_http::compression::CompressionLayer<impl tower_http::compression::Predicate> {
    let layer = tower_http::compression::CompressionLayer::new().quality(tower_http::CompressionLevel::Fastest);
    layer.compress_when(compressible())
}

/// Text, but not streams of events (they would be held back) nor pictures.
fn compressible() -> impl tower_http::compression::Predicate {
    use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate as _};
    DefaultPredicate::new().and(NotForContentType::SSE).and(NotForContentType::const_new("font/woff2"))
}

/// Whether the database answers.
async fn ready(axum::extract::State(ctx): axum::extract::State<Ctx>) -> (StatusCode, &'static str) {
    let answer = async { store::settings::get(&mut ctx.db.read().await?, "name").await };
    match answer.await {
        Ok(_) => (StatusCode::OK, "OK"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer")
        }
    }
}

/// The runner of this instance's jobs.
pub fn runner(ctx: &Ctx) -> Runner {
    let mut handlers: HashMap<&'static str, Handler> = HashMap::new();
    let c = ctx.clone();
    let fan_out: Handler = Arc::new(move |payload| {
        let ctx = c.clone();
        Box::pin(async move {
            let event: Event = serde_json::from_str(&payload).map_err(Error::internal)?;
            store::with_short_reads(timelines::fan_out(&ctx, &event)).await
        })
    });
    handlers.insert(FANOUT, fan_out);
    let c = ctx.clone();
    let letter: Handler = Arc::new(move |payload| {
        let ctx = c.clone();
        Box::pin(async move { letters::run(&ctx, &payload).await })
    });
    handlers.insert(letters::JOB, letter);
    let c = ctx.clone();
    let preview: Handler = Arc::new(move |payload| {
        let ctx = c.clone();
        Box::pin(async move { previews::run(&ctx, &payload).await })
    });
    handlers.insert(previews::JOB, preview);
    let c = ctx.clone();
    let tell: Handler = Arc::new(move |payload| {
        let ctx = c.clone();
        Box::pin(async move { push::deliver(&ctx, &payload).await })
    });
    handlers.insert("push", tell);
    let c = ctx.clone();
    let prepare: Handler = Arc::new(move |id| {
        let ctx = c.clone();
        Box::pin(async move { media::prepare(&ctx, &id).await })
    });
    handlers.insert(media::JOB, prepare);
    let c = ctx.clone();
    let keep: Handler = Arc::new(move |post| {
        let ctx = c.clone();
        Box::pin(async move { media_kept::run(&ctx, &post).await })
    });
    handlers.insert(media_kept::JOB, keep);
    add(&mut handlers, ctx, "close_polls", |ctx| async move { timelines::close_polls(&ctx).await });
    add(&mut handlers, ctx, "publish_scheduled", |ctx| async move { scheduled::publish_due(&ctx, ctx.now()).await });
    add(&mut handlers, ctx, "end_mutes", |ctx| async move { moderation::end_expired(&ctx).await });
    add(&mut handlers, ctx, "read_files", |ctx| async move { crate::services::search::files::read(&ctx).await });
    add(&mut handlers, ctx, "clean_media", |ctx| async move { media::clean(&ctx).await });
    add(&mut handlers, ctx, "clean_sign_in", |ctx| async move { sign_in::clean(&ctx).await });
    add(&mut handlers, ctx, "expire_guests", |ctx| async move { guests::expire(&ctx).await.map(|_| ()) });
    add(&mut handlers, ctx, "meetings", |ctx| async move { meetings::run(&ctx).await });
    add(&mut handlers, ctx, "newcomers", |ctx| async move { newcomers::run(&ctx).await });
    add(&mut handlers, ctx, "retention", |ctx| async move { crate::services::retention::run(&ctx).await });
    Runner {
        db: ctx.db.clone(),
        clock: ctx.clock.clone(),
        rng: ctx.rng.clone(),
        wake: ctx.wake.clone(),
        handlers,
        side_by_side: stands_alone,
        done: Done::default(),
    }
}

/// A handler of a job without payload.
fn add<F, Fut>(handlers: &mut HashMap<&'static str, Handler>, ctx: &Ctx, kind: &'static str, run: F)
where
    F: Fn(Ctx) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<()>> + Send + 'static,
{
    let ctx = ctx.clone();
    handlers.insert(kind, Arc::new(move |_| Box::pin(run(ctx.clone()))));
}

/// Enqueues what is done regularly; the key keeps several processes from doing it twice.
async fn schedule(ctx: Ctx, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = enqueue_due(&ctx).await {
            tracing::warn!(%error, "scheduling");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(30)) => {}
            _ = stop.changed() => return,
        }
    }
}

async fn enqueue_due(ctx: &Ctx) -> Result<()> {
    let now = ctx.now();
    let last = store::settings::get(&mut ctx.db.read().await?, "schedule").await?.unwrap_or_default();
    let before: HashMap<String, i64> = serde_json::from_str(&last).unwrap_or_default();
    let turn = |every: i64| now.micros().div_euclid(every);
    let due: Vec<(&str, i64)> =
        SCHEDULE.into_iter().filter(|(kind, every)| before.get(*kind) != Some(&turn(*every))).collect();
    if due.is_empty() {
        return Ok(());
    }
    let turns: HashMap<&str, i64> = SCHEDULE.into_iter().map(|(kind, every)| (kind, turn(every))).collect();
    let turns = serde_json::to_string(&turns).map_err(Error::internal)?;
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                store::settings::set(conn, "schedule", &turns).await?;
                for (kind, _) in due {
                    let id = c.ids.next();
                    let job = NewJob { id, kind, payload: "", dedup_key: Some(kind), lane: None, run_at: now };
                    store::jobs::enqueue(conn, job).await?;
                }
                Ok(())
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}
