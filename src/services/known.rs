//! Who may know that somebody is here. Who is only in closed groups is unknown to those without a reason to know them.

use std::collections::HashSet;

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorKind};
use crate::policy;
use crate::store::{self, Conn};

/// Whether the viewer may know somebody.
pub async fn knows(conn: &mut Conn, viewer: &Viewer, actor: &Actor) -> Result<bool> {
    if actor.kind != ActorKind::Person || policy::knows_all(viewer, actor.id) {
        return Ok(true);
    }
    if actor.known_at.is_some() || !store::known::open_among(conn, &[actor.id]).await?.is_empty() {
        return Ok(true);
    }
    match *viewer {
        Viewer::Member { id, .. } => Ok(!store::known::near(conn, id, &[actor.id]).await?.is_empty()),
        Viewer::Peer { host, .. } => knows_at(conn, host, actor).await,
        Viewer::Anonymous | Viewer::System => Ok(false),
    }
}

/// Whether a server may know somebody here: one with an agreement may know members, any other those it has to do with.
async fn knows_at(conn: &mut Conn, host: HostId, actor: &Actor) -> Result<bool> {
    if store::known::host_has_reason(conn, actor.id, host).await? {
        return Ok(true);
    }
    if !store::federation::get_host(conn, host).await?.is_peer() {
        return Ok(false);
    }
    Ok(store::people::find(conn, actor.id).await?.is_some_and(|(member, _)| !member.is_guest))
}

/// Those of several actors whom the viewer, who looks from here, may know.
pub async fn among(conn: &mut Conn, viewer: &Viewer, ids: &[ActorId]) -> Result<HashSet<ActorId>> {
    if ids.iter().all(|id| policy::knows_all(viewer, *id)) {
        return Ok(ids.iter().copied().collect());
    }
    let mut known: HashSet<ActorId> = store::known::open_among(conn, ids).await?.into_iter().collect();
    if let Viewer::Member { id, .. } = *viewer {
        known.insert(id);
        known.extend(store::known::near(conn, id, ids).await?);
    }
    Ok(known)
}
