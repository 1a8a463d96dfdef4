//! Live changes between processes that share one PostgreSQL: LISTEN and NOTIFY carry ids, nothing else.

use std::sync::Arc;
use std::time::Duration;

use diesel::sql_types::{Array, Text};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use super::query::{Kept, RunQueryDsl};
use futures_util::StreamExt as _;
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Db;
use super::conn::establish_postgres;
use crate::base::{Result, Rng};
use crate::live::{Change, Hub};

const CHANNEL: &str = "kring_live";
/// PostgreSQL takes at most 8000 bytes; longer messages are left out, as if a listener had lagged.
const MAX_BYTES: usize = 7900;
/// Changes told in one statement, and how long after one the next is told: when much happens, several go together. Each wakes
/// every process, this one too.
const TOGETHER: usize = 100;
const BETWEEN: Duration = Duration::from_millis(20);
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
struct Message {
    from: String,
    change: Change,
}

/// Tells other processes what changed here and this one what changed there, until `stop`.
pub async fn bridge(db: Db, hub: Hub, mut stop: watch::Receiver<bool>) {
    let me = Rng.code(12);
    while !*stop.borrow() {
        tokio::select! {
            outcome = run(&db, &hub, &me) => {
                if let Err(error) = outcome {
                    tracing::warn!(%error, "live changes between processes were interrupted");
                }
                tokio::time::sleep(PAUSE).await;
            }
            _ = stop.changed() => return,
        }
    }
}

async fn run(db: &Db, hub: &Hub, me: &str) -> Result<()> {
    let unavailable = |e: String| crate::base::Error::Unavailable(e);
    let mut ears = establish_postgres(db.url()).await.map_err(|e| unavailable(e.to_string()))?;
    ears.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
    let mut mouth = establish_postgres(db.url()).await.map_err(|e| unavailable(e.to_string()))?;
    let mut local = hub.listen_local();
    let mut heard = std::pin::pin!(ears.notifications_stream());
    let mut next = Instant::now();
    loop {
        let change = async {
            tokio::time::sleep_until(next).await;
            local.recv().await
        };
        tokio::select! {
            change = change => match change {
                Ok(change) => {
                    // All that waits goes in one statement.
                    let mut changes = vec![change];
                    while changes.len() < TOGETHER && let Ok(next) = local.try_recv() {
                        changes.push(next);
                    }
                    say(&mut mouth, me, &changes).await?;
                    if changes.len() < TOGETHER {
                        next = Instant::now() + BETWEEN;
                    }
                }
                // Lagging loses hints that pages would have reloaded for; nothing else.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(()),
            },
            note = heard.next() => match note {
                Some(note) => hear(hub, me, &note?.payload),
                None => return Err(unavailable("the connection for LISTEN ended".to_owned())),
            },
        }
    }
}

async fn say(conn: &mut AsyncPgConnection, me: &str, changes: &[Arc<Change>]) -> Result<()> {
    let text = |change: &Arc<Change>| serde_json::json!({ "from": me, "change": **change }).to_string();
    let texts: Vec<String> = changes.iter().map(text).filter(|text| text.len() <= MAX_BYTES).collect();
    let telling = diesel::sql_query(format!("SELECT pg_notify('{CHANNEL}', change) FROM unnest($1) AS change"));
    Kept(telling.bind::<Array<Text>, _>(texts)).execute(conn).await?;
    Ok(())
}

fn hear(hub: &Hub, me: &str, payload: &str) {
    match serde_json::from_str::<Message>(payload) {
        Ok(message) if message.from != me => hub.relay(message.change),
        Ok(_) => {}
        Err(error) => tracing::debug!(%error, "a live message could not be read"),
    }
}
