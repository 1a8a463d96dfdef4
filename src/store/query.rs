//! Asking a database. Each query is handed over as what it is to the database alone, a text with values: so that rustc makes
//! the long way to the connection and back once for each database, and not for each of a thousand queries.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSqlRow;
use diesel::pg::Pg;
use diesel::query_builder::{AsQuery, AstPass, Query, QueryBuilder as _, QueryFragment, QueryId};
use diesel::query_dsl::CompatibleType;
use diesel::query_dsl::methods::LimitDsl;
use diesel::result::Error as DieselError;
use diesel::sql_types::Untyped;
use diesel::sqlite::Sqlite;
use diesel_async::pooled_connection::deadpool::Object;
use diesel_async::{AsyncConnectionCore, AsyncPgConnection};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, TryStreamExt as _};

use super::conn::Sq;

/// A query of which only its text and values are known any more.
pub(super) struct Erased<'q, DB: Backend>(Box<dyn QueryFragment<DB> + Send + 'q>);

impl<DB: Backend<QueryBuilder: Default>> QueryFragment<DB> for Erased<'_, DB> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    /// Diesel prepares every change anew, as it cannot know how many texts there are of it. Ours are few but where several
    /// rows are added at once: so many rows, so many texts.
    fn is_safe_to_cache_prepared(&self, backend: &DB) -> QueryResult<bool> {
        if self.0.is_safe_to_cache_prepared(backend)? {
            return Ok(true);
        }
        let mut text = DB::QueryBuilder::default();
        self.0.to_sql(&mut text, backend)?;
        let text = text.finish();
        Ok(text.starts_with("UPDATE ") || (text.starts_with("INSERT ") && !text.contains("), (")))
    }
}

impl<DB: Backend> QueryId for Erased<'_, DB> {
    type QueryId = ();
    /// Prepared statements are found by their text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend> Query for Erased<'_, DB> {
    type SqlType = Untyped;
}

/// A query in SQL whose text is the same each time, so that it may be prepared once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept<Q>(pub Q);

impl<DB: Backend, Q: QueryFragment<DB>> QueryFragment<DB> for Kept<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q> QueryId for Kept<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Kept<Q> {
    type SqlType = Q::SqlType;
}

/// A statement that either database takes.
pub(super) trait Statement: QueryFragment<Pg> + QueryFragment<Sqlite> + Send {}

impl<Q: QueryFragment<Pg> + QueryFragment<Sqlite> + Send> Statement for Q {}

type Rows<'a, C> = BoxFuture<'a, QueryResult<Vec<<C as AsyncConnectionCore>::Row<'a, 'a>>>>;

/// A connection to one of the two databases.
pub(super) trait Link: AsyncConnectionCore<Backend: Backend<QueryBuilder: Default> + 'static> + Send {
    /// What comes back for a query.
    fn rows<'a>(&'a mut self, query: Erased<'a, Self::Backend>) -> Rows<'a, Self>;
}

macro_rules! link {
    ($($conn:ty),*) => {$(
        impl Link for $conn {
            fn rows<'a>(&'a mut self, query: Erased<'a, Self::Backend>) -> Rows<'a, Self> {
                async move { AsyncConnectionCore::load(self, query).await?.try_collect().await }.boxed()
            }
        }
    )*};
}

link!(AsyncPgConnection, Sq, Object<AsyncPgConnection>, Object<Sq>);

/// What SQL type the columns of a query have for `U`.
type SqlOf<Q, U, DB> = <<Q as AsQuery>::SqlType as CompatibleType<U, DB>>::SqlType;

/// `diesel_async::RunQueryDsl`, with the same methods.
pub(super) trait RunQueryDsl<C: Link>: Sized {
    /// How many rows a statement changed.
    fn execute<'a>(self, conn: &'a mut C) -> BoxFuture<'a, QueryResult<usize>>
    where
        Self: QueryFragment<C::Backend> + Send + 'a,
    {
        let query = Erased(Box::new(self));
        conn.execute_returning_count(query).boxed()
    }

    /// All rows.
    fn load<'a, U>(self, conn: &'a mut C) -> BoxFuture<'a, QueryResult<Vec<U>>>
    where
        Self: AsQuery<Query: QueryFragment<C::Backend> + Send + 'a>,
        Self::SqlType: CompatibleType<U, C::Backend>,
        U: FromSqlRow<SqlOf<Self, U, C::Backend>, C::Backend> + 'a,
    {
        let rows = conn.rows(Erased(Box::new(self.as_query())));
        all::<C, U, SqlOf<Self, U, C::Backend>>(rows)
    }

    /// All rows of a statement that returns some.
    fn get_results<'a, U>(self, conn: &'a mut C) -> BoxFuture<'a, QueryResult<Vec<U>>>
    where
        Self: AsQuery<Query: QueryFragment<C::Backend> + Send + 'a>,
        Self::SqlType: CompatibleType<U, C::Backend>,
        U: FromSqlRow<SqlOf<Self, U, C::Backend>, C::Backend> + 'a,
    {
        self.load(conn)
    }

    /// The first row of what comes back; `NotFound` when there is none.
    fn get_result<'a, U>(self, conn: &'a mut C) -> BoxFuture<'a, QueryResult<U>>
    where
        Self: AsQuery<Query: QueryFragment<C::Backend> + Send + 'a>,
        Self::SqlType: CompatibleType<U, C::Backend>,
        U: FromSqlRow<SqlOf<Self, U, C::Backend>, C::Backend> + 'a,
    {
        let rows = conn.rows(Erased(Box::new(self.as_query())));
        one::<C, U, SqlOf<Self, U, C::Backend>>(rows)
    }

    /// The first row; `NotFound` when there is none.
    fn first<'a, U>(self, conn: &'a mut C) -> BoxFuture<'a, QueryResult<U>>
    where
        Self: LimitDsl,
        Self::Output: AsQuery<Query: QueryFragment<C::Backend> + Send + 'a>,
        <Self::Output as AsQuery>::SqlType: CompatibleType<U, C::Backend>,
        U: FromSqlRow<SqlOf<Self::Output, U, C::Backend>, C::Backend> + 'a,
    {
        RunQueryDsl::<C>::get_result(self.limit(1), conn)
    }
}

impl<Q, C: Link> RunQueryDsl<C> for Q {}

fn read<C, U, ST>(row: &C::Row<'_, '_>) -> QueryResult<U>
where
    C: Link,
    U: FromSqlRow<ST, C::Backend>,
{
    U::build_from_row(row).map_err(DieselError::DeserializationError)
}

fn all<'a, C, U, ST>(rows: Rows<'a, C>) -> BoxFuture<'a, QueryResult<Vec<U>>>
where
    C: Link + 'a,
    U: FromSqlRow<ST, C::Backend> + 'a,
{
    rows.map(|rows| rows?.iter().map(read::<C, U, ST>).collect()).boxed()
}

fn one<'a, C, U, ST>(rows: Rows<'a, C>) -> BoxFuture<'a, QueryResult<U>>
where
    C: Link + 'a,
    U: FromSqlRow<ST, C::Backend> + 'a,
{
    rows.map(|rows| rows?.into_iter().next().map(|row| read::<C, U, ST>(&row)).unwrap_or(Err(DieselError::NotFound)))
        .boxed()
}
