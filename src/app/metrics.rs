//! What monitoring reads at `server.metrics_listen`, in the text form of OpenMetrics.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::base::{Error, Result};
use crate::services::Ctx;
use crate::store;

/// Seconds; a page takes a few thousandths.
const BUCKETS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0, 10.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    door: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Door {
    door: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Queue {
    queue: &'static str,
}

/// Counters of this process. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    ctx: Ctx,
    registry: Registry,
    answers: Family<Answer, Counter>,
    seconds: Family<Door, Histogram>,
    waiting: Family<Queue, Gauge>,
    queries: Counter<u64, AtomicU64>,
    memory: Gauge,
}

impl Metrics {
    /// Counters that stand at nothing.
    pub fn new(ctx: Ctx) -> Self {
        let mut registry = Registry::with_prefix("kring");
        let answers = Family::default();
        let seconds = Family::<Door, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let waiting = Family::default();
        let queries = Counter::default();
        let memory = Gauge::default();
        registry.register("http_answers", "Requests answered, by door and status", answers.clone());
        registry.register_with_unit("http_time", "Until the answer began", Unit::Seconds, seconds.clone());
        registry.register("waiting", "What waits to be done, in all processes", waiting.clone());
        registry.register("database_queries", "Queries run by this process", queries.clone());
        registry.register_with_unit("memory", "Memory of this process (RssAnon)", Unit::Bytes, memory.clone());
        Self(Arc::new(Inner { ctx, registry, answers, seconds, waiting, queries, memory }))
    }

    /// One page, `/metrics`.
    pub fn router(self) -> Router {
        Router::new().route("/metrics", get(page)).with_state(self)
    }

    async fn text(&self) -> Result<String> {
        let inner = &self.0;
        let mut conn = inner.ctx.db.read().await?;
        let queues = [
            ("jobs", store::jobs::count_waiting(&mut conn).await?),
            ("inbox", store::federation::count_waiting(&mut conn).await?),
            ("deliveries", store::deliveries::count(&mut conn).await?),
        ];
        drop(conn);
        for (queue, waiting) in queues {
            inner.waiting.get_or_create(&Queue { queue }).set(waiting);
        }
        let told = inner.queries.get();
        inner.queries.inc_by(inner.ctx.db.queries().saturating_sub(told));
        inner.memory.set(rss_anon());
        let mut out = String::new();
        text::encode(&mut out, &inner.registry).map_err(Error::internal)?;
        Ok(out)
    }
}

async fn page(State(metrics): State<Metrics>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    match metrics.text().await {
        Ok(text) => (kind, text).into_response(),
        Err(error) => {
            tracing::warn!(%error, "no metrics");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// Counts and times every request.
pub async fn count(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let door = door(request.uri().path());
    let begun = Instant::now();
    let response = next.run(request).await;
    metrics.0.seconds.get_or_create(&Door { door }).observe(begun.elapsed().as_secs_f64());
    metrics.0.answers.get_or_create(&Answer { door, status: response.status().as_u16() }).inc();
    response
}

/// A page and the document of the same thing share an address, and count as `web`.
fn door(path: &str) -> &'static str {
    if path.starts_with("/api/") || path.starts_with("/oauth/") {
        return "api";
    }
    let for_servers = path.ends_with("/inbox") || path.starts_with("/.well-known/") || path.starts_with("/nodeinfo/");
    if for_servers { "federation" } else { "web" }
}

/// Bytes of anonymous memory: mapped files of the database and the index are not ours. 0 where the system does not tell.
fn rss_anon() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
    let kilobytes: i64 = line.trim().trim_end_matches("kB").trim().parse().unwrap_or(0);
    kilobytes.saturating_mul(1024)
}
