//! `column IN (a list)`, with the list as one value: a statement that is the same however long the list is, and so is prepared
//! once for each connection. Diesel writes a list out for SQLite and prepares it anew each time, which for short reads takes
//! longer than the reading.

use std::fmt::Write as _;
use std::sync::OnceLock;

use diesel::expression::array_comparison::{AsInExpression, InExpression};
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, HasSqlType, SingleValue, SqlType, Text};
use diesel::sqlite::Sqlite;

use super::Conn;

/// A value that can be written into a list in JSON.
pub(super) trait Listed {
    /// Adds it, as JSON, to `list`.
    fn list(&self, list: &mut String);
}

impl Listed for i64 {
    fn list(&self, list: &mut String) {
        // Writing to a text cannot fail.
        let _ = write!(list, "{self}");
    }
}

impl Listed for str {
    fn list(&self, list: &mut String) {
        list.push_str(&serde_json::Value::from(self).to_string());
    }
}

impl Listed for String {
    fn list(&self, list: &mut String) {
        self.as_str().list(list);
    }
}

impl<T: Listed + ?Sized> Listed for &T {
    fn list(&self, list: &mut String) {
        (**self).list(list);
    }
}

impl<T: Listed> Listed for Option<T> {
    fn list(&self, list: &mut String) {
        match self {
            Some(value) => value.list(list),
            None => list.push_str("null"),
        }
    }
}

/// A list of values, for `eq_any` and `ne_all`.
#[derive(Debug)]
pub(super) struct OneOf<T> {
    values: Vec<T>,
}

/// The values of a list, as one.
pub(super) fn one_of<T>(values: impl IntoIterator<Item = T>) -> OneOf<T> {
    OneOf { values: values.into_iter().collect() }
}

/// A list whose values are of an SQL type.
#[derive(Debug)]
pub(super) struct Values<ST, T> {
    values: Vec<T>,
    json: OnceLock<String>,
    of: std::marker::PhantomData<fn() -> ST>,
}

impl<ST: SqlType + SingleValue, T> AsInExpression<ST> for OneOf<T>
where
    Values<ST, T>: InExpression<SqlType = ST>,
{
    type InExpression = Values<ST, T>;

    fn as_in_expression(self) -> Self::InExpression {
        Values { values: self.values, json: OnceLock::new(), of: std::marker::PhantomData }
    }
}

impl<ST: SqlType, T> InExpression for Values<ST, T> {
    type SqlType = ST;

    /// Of an empty list nothing is one; the databases know that.
    fn is_empty(&self) -> bool {
        false
    }

    fn is_array(&self) -> bool {
        false
    }
}

impl<ST: SqlType, T> Expression for Values<ST, T> {
    type SqlType = Array<ST>;
}

impl<ST: SqlType, T, QS> AppearsOnTable<QS> for Values<ST, T> {}
impl<ST: SqlType, T, QS> SelectableExpression<QS> for Values<ST, T> {}

impl<ST, T, GB> ValidGrouping<GB> for Values<ST, T> {
    type IsAggregate = is_aggregate::Never;
}

impl<ST, T> QueryId for Values<ST, T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST, T> QueryFragment<Pg> for Values<ST, T>
where
    ST: SingleValue,
    Pg: HasSqlType<ST> + HasSqlType<Array<ST>>,
    Vec<T>: ToSql<Array<ST>, Pg>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_bind_param::<Array<ST>, Vec<T>>(&self.values)
    }
}

impl<ST, T: Listed> QueryFragment<Sqlite> for Values<ST, T> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let [before, after] = around(true);
        pass.push_sql(before);
        pass.push_bind_param::<Text, String>(self.json.get_or_init(|| json(&self.values)))?;
        pass.push_sql(after);
        Ok(())
    }
}

/// A list as one value for SQL of our own, beside [`numbers`].
pub(super) fn json(values: &[impl Listed]) -> String {
    let mut list = String::with_capacity(2 + values.len() * 12);
    for value in values {
        list.push(if list.is_empty() { '[' } else { ',' });
        value.list(&mut list);
    }
    if list.is_empty() {
        list.push('[');
    }
    list.push(']');
    list
}

/// What makes of a list in JSON its values (on PostgreSQL numbers alone), for `IN (…)`: before the list, and after it.
fn around(sqlite: bool) -> [&'static str; 2] {
    if sqlite {
        ["SELECT value FROM json_each(", ")"]
    } else {
        ["SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(", " AS JSON))"]
    }
}

/// The numbers of a list given as `$1`, for `IN (…)`.
pub(super) fn numbers(conn: &Conn) -> String {
    around(matches!(conn, Conn::Sqlite(_))).join("$1")
}
