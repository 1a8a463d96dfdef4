//! Copying a whole instance from one database to another, and proving that both hold the same.

use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection as _, QueryableByName, SqliteConnection};
use serde_json::Value;

use super::{Conn, Db};
use crate::base::{Error, Result};
use crate::store::query::RunQueryDsl;

/// Rows read, and copied, in one statement.
const BATCH: usize = 1000;

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = Text)]
    body: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// One table as copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its name.
    pub table: String,
    /// Its rows, the same on both sides.
    pub rows: u64,
}

/// Hears (table, its place from 1, tables in all).
pub type Progress = Arc<dyn Fn(&str, usize, usize) + Send + Sync>;

/// Copies every table of `from` into the empty instance `to`, in one transaction, and compares counts and checksums.
/// `from` is only read, as it is at one moment.
///
/// # Errors
/// `Unavailable` when `to` holds anything; `Internal` when a table differs afterwards: nothing is kept then.
pub async fn copy(from: &Db, to: &Db, progress: Progress) -> Result<Vec<Copied>> {
    let mut source = from.read().await?;
    let mut look = to.read().await?;
    for table in ["actors", "settings", "posts"] {
        if count(&mut look, table).await? > 0 {
            return Err(Error::Unavailable(format!("the target holds data already ({table}); give an empty database")));
        }
    }
    drop(look);
    source.batch(if from.is_postgres() { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" } else { "BEGIN" }).await?;
    to.write(move |target| {
        Box::pin(async move {
            let copied = copy_all(&mut source, target, &progress).await;
            source.batch("ROLLBACK").await?;
            copied
        })
    })
    .await
}

/// Writes what an SQLite instance holds at this moment to a new file, while it runs.
pub async fn snapshot(db: &Db, path: &Path) -> Result<()> {
    let from =
        db.url().strip_prefix("sqlite:").ok_or_else(|| Error::internal("a snapshot is made of SQLite"))?.to_owned();
    let path = path.to_string_lossy().replace('\'', "''");
    let work = tokio::task::spawn_blocking(move || {
        let mut conn = SqliteConnection::establish(&from).map_err(Error::internal)?;
        conn.batch_execute(&format!("PRAGMA busy_timeout=10000; VACUUM INTO '{path}'")).map_err(Error::internal)
    });
    work.await.map_err(Error::internal)?
}

async fn copy_all(source: &mut Conn, target: &mut Conn, progress: &Progress) -> Result<Vec<Copied>> {
    // Rows of one table may refer to others of it that come later.
    if let Conn::Sqlite(_) = target {
        target.batch("PRAGMA defer_foreign_keys=ON").await?;
    }
    let tables = tables(source).await?;
    target.batch("DELETE FROM hosts").await?;
    let mut copied = Vec::new();
    for (place, table) in tables.iter().enumerate() {
        progress(table, place + 1, tables.len());
        let columns = columns(source, table).await?;
        let mut here = Sum::default();
        let mut reader = Reader::new(source, table, &columns).await?;
        while let Some(rows) = reader.next(source).await? {
            for row in &rows {
                here.add(row)?;
            }
            insert(target, table, &columns, &format!("[{}]", rows.join(","))).await?;
        }
        let mut there = Sum::default();
        let mut reader = Reader::new(target, table, &columns).await?;
        while let Some(rows) = reader.next(target).await? {
            for row in &rows {
                there.add(row)?;
            }
        }
        if here != there {
            let (here, there) = (here.rows, there.rows);
            return Err(Error::internal(format!("{table} differs after copying: {here} rows here, {there} there")));
        }
        copied.push(Copied { table: table.clone(), rows: here.rows });
    }
    begin_feed(target).await?;
    Ok(copied)
}

/// The change feed begins anew: its places mean nothing in another database, and an index that may still lie there is of
/// another instance.
async fn begin_feed(target: &mut Conn) -> Result<()> {
    target.batch("DELETE FROM changes; DELETE FROM settings WHERE key = 'changes_pruned'").await?;
    super::search::add_change(target, "rebuild").await?;
    Ok(())
}

/// Our tables: those that others refer to come first. `looks` says only what caches have to forget: a new database has none.
async fn tables(source: &mut Conn) -> Result<Vec<String>> {
    let sql = match source {
        Conn::Sqlite(_) => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
             AND name NOT IN ('__diesel_schema_migrations', 'changes', 'looks') ORDER BY rowid"
        }
        // As the migrations made them.
        Conn::Pg(_) => {
            "SELECT CAST(c.relname AS TEXT) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname NOT IN ('__diesel_schema_migrations', 'changes', 'looks') ORDER BY c.oid"
        }
    };
    Ok(load::<Name>(source, sql).await?.into_iter().map(|row| row.name).collect())
}

async fn columns(conn: &mut Conn, table: &str) -> Result<Vec<String>> {
    let sql = match conn {
        Conn::Sqlite(_) => format!("SELECT name FROM pragma_table_info('{table}')"),
        Conn::Pg(_) => format!(
            "SELECT CAST(column_name AS TEXT) AS name FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY ordinal_position"
        ),
    };
    Ok(load::<Name>(conn, &sql).await?.into_iter().map(|row| row.name).collect())
}

async fn load<T>(conn: &mut Conn, sql: &str) -> Result<Vec<T>>
where
    T: QueryableByName<diesel::pg::Pg> + QueryableByName<diesel::sqlite::Sqlite> + Send + 'static,
{
    let query = diesel::sql_query(sql);
    let rows = match conn {
        Conn::Pg(c) => query.load(c).await,
        Conn::Sqlite(c) => query.load(c).await,
    };
    rows.map_err(Error::from)
}

async fn count(conn: &mut Conn, table: &str) -> Result<i64> {
    let rows: Vec<Count> = load(conn, &format!("SELECT COUNT(*) AS count FROM {table}")).await?;
    Ok(rows.into_iter().next().map_or(0, |row| row.count))
}

/// Reads a table in parts, each row as a JSON object.
struct Reader {
    sql: String,
    after: i64,
    done: bool,
}

impl Reader {
    async fn new(conn: &mut Conn, table: &str, columns: &[String]) -> Result<Self> {
        let sql = match conn {
            Conn::Pg(_) => {
                let declare = format!(
                    "DECLARE kring_copy NO SCROLL CURSOR FOR \
                     SELECT CAST(0 AS BIGINT) AS place, CAST(row_to_json(t) AS TEXT) AS body FROM {table} t"
                );
                conn.batch(&declare).await?;
                format!("FETCH {BATCH} FROM kring_copy")
            }
            Conn::Sqlite(_) => {
                let pairs: Vec<String> = columns.iter().map(|c| format!("'{c}', \"{c}\"")).collect();
                format!("SELECT rowid AS place, json_object({}) AS body FROM {table} WHERE rowid > ", pairs.join(", "))
            }
        };
        Ok(Self { sql, after: i64::MIN, done: false })
    }

    async fn next(&mut self, conn: &mut Conn) -> Result<Option<Vec<String>>> {
        if self.done {
            return Ok(None);
        }
        let rows: Vec<Row> = match conn {
            Conn::Pg(_) => load(conn, &self.sql).await?,
            Conn::Sqlite(_) => load(conn, &format!("{}{} ORDER BY rowid LIMIT {BATCH}", self.sql, self.after)).await?,
        };
        self.done = rows.len() < BATCH;
        if let (true, Conn::Pg(_)) = (self.done, &conn) {
            conn.batch("CLOSE kring_copy").await?;
        }
        self.after = rows.last().map_or(self.after, |row| row.place);
        Ok(Some(rows.into_iter().map(|row| row.body).collect()))
    }
}

async fn insert(conn: &mut Conn, table: &str, columns: &[String], rows: &str) -> Result<()> {
    let names = columns.iter().map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join(", ");
    match conn {
        Conn::Pg(conn) => {
            let sql = format!(
                "INSERT INTO {table} ({names}) \
                 SELECT {names} FROM json_populate_recordset(NULL::{table}, CAST($1 AS JSON))"
            );
            diesel::sql_query(sql).bind::<Text, _>(rows).execute(conn).await?;
        }
        Conn::Sqlite(conn) => {
            let values = columns.iter().map(|c| format!("value ->> '{c}'")).collect::<Vec<_>>().join(", ");
            let sql = format!("INSERT INTO {table} ({names}) SELECT {values} FROM json_each(?)");
            diesel::sql_query(sql).bind::<Text, _>(rows.to_owned()).execute(conn).await?;
        }
    }
    Ok(())
}

/// A checksum over all rows that depends neither on their order nor on how a database writes them: keys sorted, truth as
/// 0 and 1, numbers by value.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    rows: u64,
    lanes: [u64; 4],
}

impl Sum {
    fn add(&mut self, row: &str) -> Result<()> {
        let value: Value = serde_json::from_str(row).map_err(Error::internal)?;
        let Value::Object(object) = value else { return Err(Error::internal("a row is no object")) };
        let mut pairs: Vec<String> = object.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect();
        pairs.sort_unstable();
        let hash = digest(&SHA256, pairs.join("\u{1f}").as_bytes());
        for (lane, bytes) in self.lanes.iter_mut().zip(hash.as_ref().chunks_exact(8)) {
            let number = bytes.try_into().map(u64::from_be_bytes).map_err(Error::internal)?;
            *lane = lane.wrapping_add(number);
        }
        self.rows += 1;
        Ok(())
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Bool(truth) => i32::from(*truth).to_string(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.to_string(),
            None => number.as_f64().unwrap_or_default().to_string(),
        },
        other => other.to_string(),
    }
}
