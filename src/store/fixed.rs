//! Fixed SQL that may be prepared once: diesel's own literals are parsed and planned anew each time.
//!
//! A `?` in the text stands for a value, in order.

use std::any::TypeId;
use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, TypedExpressionType, ValidGrouping, is_aggregate,
};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, SingleValue, Text};

use super::Conn;
use super::among::{Listed, json};
use super::columns::{self, Column};

/// A value in fixed SQL.
#[derive(Clone, Debug)]
pub(super) enum Bind {
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
    /// Numbers with commas between them.
    List(String),
}

fn walk<'b, DB>(sql: &'b str, binds: &'b [Bind], mut out: AstPass<'_, 'b, DB>) -> QueryResult<()>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<Text> + 'static,
    i64: ToSql<BigInt, DB>,
    String: ToSql<Text, DB>,
{
    let mut binds = binds.iter();
    for (place, piece) in sql.split('?').enumerate() {
        if place > 0 {
            match binds.next() {
                Some(Bind::Int(number)) => out.push_bind_param::<BigInt, i64>(number)?,
                Some(Bind::Text(text)) => out.push_bind_param::<Text, String>(text)?,
                Some(Bind::List(list)) => {
                    // By `= ANY` PostgreSQL looks along an index for each; of `IN (SELECT …)` it does not know how few they are.
                    let [before, after] = match is_sqlite::<DB>() {
                        true => [" IN (SELECT value FROM json_each('[' || ", " || ']'))"],
                        false => [" = ANY(CAST(string_to_array(", ", ',') AS BIGINT[]))"],
                    };
                    out.push_sql(before);
                    out.push_bind_param::<Text, String>(list)?;
                    out.push_sql(after);
                }
                None => return Err(diesel::result::Error::QueryBuilderError("a value is missing".into())),
            }
        }
        out.push_sql(piece);
    }
    Ok(())
}

fn joined(parts: impl Iterator<Item = impl Into<String>>) -> String {
    parts.map(Into::into).collect::<Vec<String>>().join(", ")
}

fn is_sqlite<DB: 'static>() -> bool {
    TypeId::of::<DB>() == TypeId::of::<diesel::sqlite::Sqlite>()
}

/// A condition or column of fixed SQL inside a query of diesel's.
#[derive(Clone, Debug)]
pub(super) struct Lit<ST> {
    sql: &'static str,
    binds: Vec<Bind>,
    of: PhantomData<fn() -> ST>,
}

/// Fixed SQL with numbers. A plus in front of a column hides it from SQLite's indexes; PostgreSQL, which knows better what
/// to go through first, is not told.
pub(super) fn lit<ST>(sql: &'static str, binds: &[i64]) -> Lit<ST> {
    Lit { sql, binds: binds.iter().copied().map(Bind::Int).collect(), of: PhantomData }
}

impl<ST: TypedExpressionType + SingleValue> Expression for Lit<ST> {
    type SqlType = ST;
}

impl<ST, DB> QueryFragment<DB> for Lit<ST>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<Text> + 'static,
    i64: ToSql<BigInt, DB>,
    String: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let sql = if is_sqlite::<DB>() { self.sql } else { self.sql.trim_start_matches('+') };
        walk(sql, &self.binds, out)
    }
}

impl<ST> QueryId for Lit<ST> {
    type QueryId = ();
    // Queries are then known by their text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST, QS> SelectableExpression<QS> for Lit<ST> where Self: Expression {}
impl<ST, QS> AppearsOnTable<QS> for Lit<ST> where Self: Expression {}
impl<ST, GB> ValidGrouping<GB> for Lit<ST> {
    type IsAggregate = is_aggregate::Never;
}

/// A whole query of fixed SQL whose rows are `ST`, put together piece by piece.
#[derive(Clone, Debug)]
pub(super) struct Fixed<ST> {
    sql: String,
    binds: Vec<Bind>,
    of: PhantomData<fn() -> ST>,
}

impl<ST> Fixed<ST> {
    /// Begins with this text.
    pub fn new(sql: &str) -> Self {
        Self { sql: sql.to_owned(), binds: Vec::new(), of: PhantomData }
    }

    /// More text, with numbers.
    pub fn push(&mut self, sql: &str, binds: &[i64]) {
        self.sql.push_str(sql);
        self.binds.extend(binds.iter().copied().map(Bind::Int));
    }

    /// More text, with another text.
    pub fn push_text(&mut self, sql: &str, text: &str) {
        self.sql.push_str(sql);
        self.binds.push(Bind::Text(text.to_owned()));
    }

    /// Rows as a table of that name, handed over column by column: one value for each (on SQLite one for all), so that the
    /// statement is the same however many rows there are.
    pub fn push_rows(&mut self, conn: &Conn, table: &str, columns: &[(&str, Column)]) {
        let names = columns.iter().map(|(name, _)| *name);
        if matches!(conn, Conn::Sqlite(_)) {
            let columns: Vec<_> = columns.iter().map(|(_, column)| column).collect();
            let names = names.enumerate().map(|(place, name)| format!("value ->> {place} AS {name}"));
            self.sql.push_str(&format!("(SELECT {} FROM json_each(?)) AS {table}", joined(names)));
            self.binds.push(Bind::Text(columns::json(&columns)));
        } else {
            let arrays = columns.iter().map(|(_, column)| format!("CAST(? AS {}[])", column.kind()));
            self.sql.push_str(&format!("unnest({}) AS {table}({})", joined(arrays), joined(names)));
            self.binds.extend(columns.iter().map(|(_, column)| Bind::Text(column.array())));
        }
    }

    /// That what stands before is one of these numbers.
    pub fn push_among(&mut self, ids: &[impl Listed]) {
        self.sql.push('?');
        let list = json(ids);
        self.binds.push(Bind::List(list.trim_matches(['[', ']']).to_owned()));
    }
}

impl<ST> Query for Fixed<ST> {
    type SqlType = ST;
}

impl<ST> QueryId for Fixed<ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST, DB> QueryFragment<DB> for Fixed<ST>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<Text> + 'static,
    i64: ToSql<BigInt, DB>,
    String: ToSql<Text, DB>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        walk(&self.sql, &self.binds, out)
    }
}
