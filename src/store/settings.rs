//! Settings that people change from the pages: name, language, logo, colour.

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::db_fn;
use super::schema::settings;
use crate::store::query::RunQueryDsl;

db_fn! {
    /// Every setting.
    pub async fn all(conn) -> Vec<(String, String)> {
        settings::table.select((settings::key, settings::value)).load(conn).await
    }

    /// One setting.
    pub async fn get(conn, key: &str) -> Option<String> {
        settings::table.find(key).select(settings::value).first(conn).await.optional()
    }

    /// Sets one that was not set before.
    pub async fn set_once(conn, key: &str, value: &str) -> usize {
        diesel::insert_into(settings::table)
            .values((settings::key.eq(key), settings::value.eq(value)))
            .on_conflict(settings::key)
            .do_nothing()
            .execute(conn)
            .await
    }

    /// Forgets those whose key is like this.
    pub async fn forget(conn, like: &str) -> usize {
        diesel::delete(settings::table.filter(settings::key.like(like))).execute(conn).await
    }

    /// Sets one.
    pub async fn set(conn, key: &str, value: &str) -> usize {
        diesel::insert_into(settings::table)
            .values((settings::key.eq(key), settings::value.eq(value)))
            .on_conflict(settings::key)
            .do_update()
            .set(settings::value.eq(excluded(settings::value)))
            .execute(conn)
            .await
    }
}
