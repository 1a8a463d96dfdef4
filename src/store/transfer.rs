//! Copying a whole instance from SQLite to PostgreSQL, and proving that both hold the same.

use aws_lc_rs::digest::{Context, SHA256};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::{Conn, Db};
use crate::base::{Error, Result};

/// Rows copied in one statement.
const BATCH: usize = 500;

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Row {
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
    pub rows: usize,
}

/// Copies every table of `from` (SQLite) into the empty instance `to` (PostgreSQL), and compares counts and checksums.
/// `from` is only read. `progress` hears (table, its place from 1, tables in all).
///
/// # Errors
/// `Conflict` when `to` holds anything; `Internal` when a table differs afterwards: nothing is kept then.
pub async fn copy(from: &Db, to: &Db, mut progress: impl FnMut(&str, usize, usize)) -> Result<Vec<Copied>> {
    if from.is_postgres() || !to.is_postgres() {
        return Err(Error::Unavailable("copying goes from SQLite to PostgreSQL".to_owned()));
    }
    let mut source = from.read().await?;
    let mut target = to.read().await?;
    for table in ["actors", "settings", "posts"] {
        if count(&mut target, table).await? > 0 {
            return Err(Error::Unavailable(format!("the target holds data already ({table}); give an empty database")));
        }
    }
    source.batch("BEGIN").await?;
    target.batch("BEGIN").await?;
    let outcome = copy_all(&mut source, &mut target, &mut progress).await;
    source.batch("ROLLBACK").await?;
    target.batch(if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    outcome
}

async fn copy_all(
    source: &mut Conn,
    target: &mut Conn,
    progress: &mut impl FnMut(&str, usize, usize),
) -> Result<Vec<Copied>> {
    let tables = tables(source).await?;
    target.batch("DELETE FROM hosts").await?;
    let mut copied = Vec::new();
    for (place, table) in tables.iter().enumerate() {
        progress(table, place + 1, tables.len());
        let rows = read(source, table).await?;
        for batch in rows.chunks(BATCH) {
            let all = format!("[{}]", batch.join(","));
            insert(target, table, &all).await?;
        }
        let there = read(target, table).await?;
        if rows.len() != there.len() || checksum(&rows)? != checksum(&there)? {
            let (here, there) = (rows.len(), there.len());
            return Err(Error::internal(format!("{table} differs after copying: {here} rows here, {there} there")));
        }
        copied.push(Copied { table: table.clone(), rows: rows.len() });
    }
    Ok(copied)
}

/// Our tables in the order the migrations made them: those that others refer to come first.
async fn tables(source: &mut Conn) -> Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
               AND name <> '__diesel_schema_migrations' ORDER BY rowid";
    Ok(load::<Name>(source, sql).await?.into_iter().map(|row| row.name).collect())
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

/// Every row as a JSON object, in one order on both sides.
async fn read(conn: &mut Conn, table: &str) -> Result<Vec<String>> {
    let sql = match conn {
        Conn::Pg(_) => format!("SELECT CAST(row_to_json(t) AS TEXT) AS body FROM {table} t"),
        Conn::Sqlite(_) => {
            let columns: Vec<Name> = load(conn, &format!("SELECT name FROM pragma_table_info('{table}')")).await?;
            let pairs: Vec<String> = columns.iter().map(|c| format!("'{0}', \"{0}\"", c.name)).collect();
            format!("SELECT json_object({}) AS body FROM {table} ORDER BY rowid", pairs.join(", "))
        }
    };
    Ok(load::<Row>(conn, &sql).await?.into_iter().map(|row| row.body).collect())
}

async fn insert(conn: &mut Conn, table: &str, rows: &str) -> Result<()> {
    let Conn::Pg(conn) = conn else { return Err(Error::internal("the target is PostgreSQL")) };
    let sql = format!("INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, CAST($1 AS JSON))");
    diesel::sql_query(sql).bind::<Text, _>(rows).execute(conn).await?;
    Ok(())
}

/// A checksum over all rows that does not depend on how a database writes them: keys sorted, truth as 0 and 1, numbers
/// by value, rows sorted.
fn checksum(rows: &[String]) -> Result<Vec<u8>> {
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        let value: Value = serde_json::from_str(row).map_err(Error::internal)?;
        let Value::Object(object) = value else { return Err(Error::internal("a row is no object")) };
        let mut pairs: Vec<String> = object.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect();
        pairs.sort_unstable();
        lines.push(pairs.join("\u{1f}"));
    }
    lines.sort_unstable();
    let mut sum = Context::new(&SHA256);
    for line in lines {
        sum.update(line.as_bytes());
        sum.update(b"\n");
    }
    Ok(sum.finish().as_ref().to_vec())
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
