//! Branches of the organisation.

use super::Ctx;
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::people::Branch;
use crate::store::{self, Conn, branches as rows};
use crate::{policy, text};

/// Every branch, by name.
pub async fn list(ctx: &Ctx) -> Result<Vec<Branch>> {
    rows::all(&mut ctx.db.read().await?).await
}

/// A branch by its name in addresses.
pub async fn find(ctx: &Ctx, key: &str) -> Result<Branch> {
    rows::find_by_key(&mut ctx.db.read().await?, &key.to_lowercase()).await?.ok_or(Error::NotFound)
}

fn check(name: &str) -> Result<String> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    match name.chars().count() {
        0 => Err(Error::invalid("name", "error-branch-name-empty")),
        1..=80 => Ok(name),
        _ => Err(Error::invalid("name", "error-display-name-long")),
    }
}

/// Adds a branch within a transaction; its name in addresses is made from the shown one.
pub(super) async fn insert(conn: &mut Conn, ctx: &Ctx, name: &str, address: &str) -> Result<Branch> {
    let name = check(name)?;
    let base = Some(text::suggest_name(&name)).filter(|n| !n.is_empty()).unwrap_or_else(|| "vestiging".to_owned());
    let mut name_key = base.clone();
    let mut number = 1;
    while rows::find_by_key(conn, &name_key).await?.is_some() {
        number += 1;
        name_key = format!("{base}_{number}");
    }
    let address = address.trim().chars().take(200).collect();
    let branch = Branch { id: BranchId(ctx.ids.next()), name_key, name, address };
    rows::insert(conn, &branch, ctx.now()).await?;
    Ok(branch)
}

/// Adds a branch.
///
/// # Errors
/// `Forbidden`, `Invalid` for `name`.
pub async fn create(ctx: &Ctx, viewer: &Viewer, name: &str, address: &str) -> Result<Branch> {
    policy::check_admin(viewer)?;
    let (c, name, address) = (ctx.clone(), name.to_owned(), address.to_owned());
    ctx.db.write(move |conn| Box::pin(async move { insert(conn, &c, &name, &address).await })).await
}

/// Changes shown name and address.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Invalid` for `name`.
pub async fn update(ctx: &Ctx, viewer: &Viewer, id: BranchId, name: &str, address: &str) -> Result<()> {
    policy::check_admin(viewer)?;
    let (name, address) = (check(name)?, address.trim().chars().take(200).collect::<String>());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                store::branches::get(conn, id).await?;
                rows::update(conn, id, &name, &address).await.map(|_| ())
            })
        })
        .await
}

/// Removes a branch; people and groups of it belong to none then.
pub async fn delete(ctx: &Ctx, viewer: &Viewer, id: BranchId) -> Result<()> {
    policy::check_admin(viewer)?;
    let n = ctx.db.write(move |conn| Box::pin(async move { rows::delete(conn, id).await })).await?;
    if n == 0 { Err(Error::NotFound) } else { Ok(()) }
}
