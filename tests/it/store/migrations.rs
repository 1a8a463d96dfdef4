//! Migrations go up and down on both databases, and `schema.rs` says what they make.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use kring::store::Db;

use crate::support::{Database, Kind, databases, run};

/// Table -> column -> (type as diesel calls it, may be null).
type Tables = BTreeMap<String, BTreeMap<String, (String, bool)>>;

/// What `src/store/schema.rs` says.
fn declared() -> Tables {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/schema.rs")).unwrap();
    let mut tables = Tables::new();
    let mut current = None;
    for line in text.lines().map(str::trim) {
        if let Some((name, type_name)) = line.trim_end_matches(',').split_once(" -> ") {
            let inner = type_name.strip_prefix("Nullable<").and_then(|t| t.strip_suffix('>'));
            let table: &String = current.as_ref().expect("a column inside a table");
            let column = (inner.unwrap_or(type_name).to_owned(), inner.is_some());
            tables.get_mut(table).unwrap().insert(name.trim_matches('"').to_owned(), column);
        } else if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with(") {") && !line.contains("::"))
        {
            current = Some(name.to_owned());
            tables.insert(name.to_owned(), BTreeMap::new());
        }
    }
    assert!(tables.len() > 20, "schema.rs was not read");
    tables
}

fn diesel_name(sql: &str) -> &'static str {
    match sql.to_ascii_lowercase().as_str() {
        "bigint" => "BigInt",
        "integer" | "int" => "Integer",
        "smallint" => "SmallInt",
        "text" | "character varying" => "Text",
        "boolean" => "Bool",
        "double" | "double precision" => "Double",
        "blob" | "bytea" => "Binary",
        "json" => "Json",
        other => panic!("no such column type is used here: {other}"),
    }
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    type_name: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
    #[diesel(sql_type = Bool)]
    rowid: bool,
}

const SQLITE_COLUMNS: &str = "SELECT m.name AS table_name, c.name AS column_name, c.type AS type_name, \
    c.\"notnull\" = 0 AS nullable, (c.pk > 0 AND upper(c.type) = 'INTEGER' \
    AND (SELECT count(*) FROM pragma_table_info(m.name) k WHERE k.pk > 0) = 1) AS rowid \
    FROM sqlite_master m, pragma_table_info(m.name) c \
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\'";
const POSTGRES_COLUMNS: &str = "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES' \
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'";

fn sqlite_connection(database: &Database) -> SqliteConnection {
    let mut conn = SqliteConnection::establish(database.url.strip_prefix("sqlite:").unwrap()).unwrap();
    // Those who just closed it may still be tidying up.
    conn.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
    conn
}

async fn postgres_client(database: &Database) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// What the database says.
async fn real(database: &Database, kind: Kind) -> Tables {
    let mut tables = Tables::new();
    match kind {
        Kind::Sqlite => {
            let columns: Vec<Column> =
                diesel::sql_query(SQLITE_COLUMNS).load(&mut sqlite_connection(database)).unwrap();
            for c in columns {
                // A key of SQLite has 64 bits, though it must be called INTEGER.
                let name = if c.rowid { "BigInt" } else { diesel_name(&c.type_name) };
                tables.entry(c.table_name).or_default().insert(c.column_name, (name.to_owned(), c.nullable));
            }
        }
        Kind::Postgres => {
            for row in postgres_client(database).await.query(POSTGRES_COLUMNS, &[]).await.unwrap() {
                let column = (diesel_name(row.get(2)).to_owned(), row.get(3));
                tables.entry(row.get(0)).or_default().insert(row.get(1), column);
            }
        }
    }
    tables
}

#[test]
fn schema_is_what_the_migrations_make() {
    for kind in databases() {
        run(async {
            let database = Database::fresh(kind).await;
            let (declared, real) = (declared(), real(&database, kind).await);
            let names = |tables: &Tables| tables.keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(names(&declared), names(&real), "{kind:?}: tables");
            for (table, columns) in &declared {
                assert_eq!(columns, &real[table], "{kind:?}: {table}");
            }
        });
    }
}

/// The scripts of one kind, oldest first, as (up, down).
fn scripts(kind: Kind) -> Vec<(String, String)> {
    let folder = if kind == Kind::Sqlite { "migrations/sqlite" } else { "migrations/postgres" };
    let entries = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
    let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap();
    folders.iter().map(|folder| (read(folder.join("up.sql")), read(folder.join("down.sql")))).collect()
}

async fn execute(database: &Database, kind: Kind, script: &str) {
    match kind {
        Kind::Sqlite => sqlite_connection(database).batch_execute(script).unwrap(),
        Kind::Postgres => postgres_client(database).await.batch_execute(script).await.unwrap(),
    }
}

#[test]
fn migrations_go_down_and_up_again() {
    for kind in databases() {
        run(async {
            let database = Database::fresh(kind).await;
            let before = real(&database, kind).await;
            for (_, down) in scripts(kind).iter().rev() {
                execute(&database, kind, down).await;
            }
            assert_eq!(real(&database, kind).await, Tables::new(), "{kind:?}: something is left");
            for (up, _) in &scripts(kind) {
                execute(&database, kind, up).await;
            }
            assert_eq!(real(&database, kind).await, before, "{kind:?}: not the same again");
        });
    }
}

#[test]
fn several_may_open_an_empty_database_at_once() {
    for kind in databases() {
        run(async {
            let database = Database::empty(kind).await;
            let opened = (0..4).map(|_| {
                let url = database.url.clone();
                tokio::spawn(async move { Db::open(&url).await.map(|_| ()) })
            });
            for open in opened.collect::<Vec<_>>() {
                open.await.unwrap().unwrap();
            }
            assert!(!real(&database, kind).await.is_empty());
        });
    }
}
