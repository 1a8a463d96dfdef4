//! Whether anything at all was written since: one cheap question, whichever process wrote, shared by all who ask at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::sql_types::{BigInt, Text};
use tokio::sync::Mutex;

use super::fixed::Fixed;
use super::{Conn, Db};
use crate::base::{Error, Result};
use crate::store::query::RunQueryDsl;

/// Asks one after the other; who comes while one asks waits for the next answer, together with all others who wait.
#[derive(Debug, Default)]
pub(super) struct Gate {
    begun: AtomicU64,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    number: u64,
    stamp: Option<Arc<str>>,
    /// SQLite counts what others commit per connection, so it is always the same one.
    conn: Option<Conn>,
    conns: u64,
}

impl std::fmt::Debug for Last {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Last").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Db {
    /// A text that is another one whenever anything was committed since, here or by another process.
    /// What is read after it is at least as new.
    pub async fn stamp(&self) -> Result<Arc<str>> {
        // The first question that begins from now on will do.
        let wanted = AtomicU64::load(&self.gate.begun, Ordering::SeqCst) + 1;
        let mut last = self.gate.last.lock().await;
        if let Some(stamp) = last.stamp.as_ref().filter(|_| last.number >= wanted) {
            return Ok(stamp.clone());
        }
        let number = self.gate.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let stamp: Arc<str> = self.ask(&mut last).await?.into();
        (last.number, last.stamp) = (number, Some(stamp.clone()));
        Ok(stamp)
    }

    async fn ask(&self, last: &mut Last) -> Result<String> {
        let mut conn = match last.conn.take() {
            Some(conn) => conn,
            None => {
                last.conns += 1;
                self.lone().await?
            }
        };
        let found = match &mut conn {
            // Two equal snapshots see the same.
            Conn::Pg(c) => Fixed::<Text>::new("SELECT CAST(pg_current_snapshot() AS TEXT)").get_result(c).await,
            Conn::Sqlite(c) => {
                let version = Fixed::<BigInt>::new("PRAGMA data_version").get_result::<i64>(c).await;
                version.map(|version| format!("{}:{version}", last.conns))
            }
        };
        // A connection that failed is not asked again.
        let found: String = found.map_err(Error::from)?;
        last.conn = Some(conn);
        Ok(found)
    }
}
