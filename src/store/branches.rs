//! Branches of the organisation.

use diesel::prelude::*;

use super::schema::branches;
use super::{Conn, db_fn};
use crate::base::*;
use crate::domain::people::Branch;
use crate::store::query::RunQueryDsl;

db_fn! {
    /// Every branch, by name.
    pub async fn all(conn) -> Vec<Branch> {
        branches::table.order(branches::name).select(Branch::as_select()).load(conn).await
    }

    /// A branch by its name in addresses.
    pub async fn find_by_key(conn, key: &str) -> Option<Branch> {
        branches::table.filter(branches::name_key.eq(key)).select(Branch::as_select()).first(conn).await.optional()
    }

    /// A branch.
    pub async fn find(conn, id: BranchId) -> Option<Branch> {
        branches::table.find(id).select(Branch::as_select()).first(conn).await.optional()
    }

    /// Adds one. `Conflict` when the name in addresses is taken.
    pub async fn insert(conn, new: &Branch, now: Time) -> usize {
        diesel::insert_into(branches::table)
            .values((
                branches::id.eq(new.id), branches::name_key.eq(&new.name_key), branches::name.eq(&new.name),
                branches::address.eq(&new.address), branches::created_at.eq(now),
            ))
            .execute(conn)
            .await
    }

    /// Changes shown name and address; the name in addresses stays.
    pub async fn update(conn, id: BranchId, name: &str, address: &str) -> usize {
        diesel::update(branches::table.find(id))
            .set((branches::name.eq(name), branches::address.eq(address)))
            .execute(conn)
            .await
    }

    /// Removes one; people and groups of it belong to none then.
    pub async fn delete(conn, id: BranchId) -> usize {
        diesel::delete(branches::table.find(id)).execute(conn).await
    }
}

/// A branch, or `NotFound`.
pub async fn get(conn: &mut Conn, id: BranchId) -> Result<Branch> {
    find(conn, id).await?.ok_or(Error::NotFound)
}
