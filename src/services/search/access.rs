//! What a viewer may find, as ids of audiences. It is asked anew for each question, so that counts never tell of what was
//! closed a moment ago.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::audiences::Scope;
use crate::domain::search::EVERYONE;
use crate::domain::search::{MEMBERS, known_by};
use crate::services::Ctx;
use crate::{policy, store};
use kring_index::{Ids, Readable};

/// How far back ids of new audiences are looked for: those of other processes may come a little later.
const LATE: i64 = (2 * Time::MINUTE / 1000) << 16;
/// How long it takes at most until a new audience is known.
const FRESH: i64 = Time::SECOND / 4;
/// All are read again after this.
const KEPT: i64 = 10 * Time::MINUTE;

/// Audiences open to everyone of a kind, remembered by this process.
#[derive(Debug, Default)]
pub struct Open(Mutex<HashMap<i16, Remembered>>);

#[derive(Clone, Debug)]
struct Remembered {
    /// Of the narrowings and widenings.
    version: (i64, i64),
    all_at: Time,
    at: Time,
    last: i64,
    ids: Arc<Ids>,
}

/// What `viewer` may find.
pub async fn readable(ctx: &Ctx, viewer: &Viewer) -> Result<Arc<Readable>> {
    let sight = policy::sight(viewer);
    let mut readable = Readable::default();
    match viewer {
        Viewer::System => return Ok(Arc::new(Readable { everything: true, ..readable })),
        // Servers ask for people by their own door.
        Viewer::Peer { .. } => return Ok(Arc::new(readable)),
        Viewer::Anonymous | Viewer::Member { .. } => {}
    }
    let mut conn = ctx.db.read().await?;
    readable.own.insert(EVERYONE);
    if viewer.is_full_member() {
        readable.own.insert(MEMBERS);
    }
    if let Some(me) = viewer.actor_id() {
        readable.own.insert(known_by(me.0));
        for (word, id) in store::search::about_reader(&mut conn, me).await? {
            match word.as_str() {
                "reads" => readable.own.insert(id),
                "in" => readable.own.insert(known_by(id)),
                "host" => readable.no_hosts.insert(id),
                _ => readable.no_authors.insert(id),
            };
        }
        if !viewer.is_full_member() {
            let near = store::search::near(&mut conn, me).await?;
            readable.own.extend(near.into_iter().map(known_by));
        }
    }
    readable.open = open(ctx, &mut conn, sight.max).await?;
    Ok(Arc::new(readable))
}

async fn open(ctx: &Ctx, conn: &mut store::Conn, max: Scope) -> Result<Arc<Ids>> {
    let now = ctx.now();
    let version = store::search::audience_version(conn).await?;
    let known = match ctx.finding.open.0.lock() {
        Ok(all) => all.get(&max.number()).cloned(),
        Err(_) => None,
    };
    let since = |at: Time| now.micros() - at.micros();
    let known = known.filter(|known| known.version == version && since(known.all_at) < KEPT);
    let remembered = match known {
        Some(known) if since(known.at) < FRESH => return Ok(known.ids),
        Some(mut known) => {
            let new = store::search::open_audiences(conn, max, known.last - LATE).await?;
            if new.iter().any(|id| !known.ids.contains(id)) {
                let ids = Arc::make_mut(&mut known.ids);
                ids.extend(&new);
            }
            known.last = new.into_iter().fold(known.last, i64::max);
            Remembered { at: now, ..known }
        }
        None => {
            let ids: Ids = store::search::open_audiences(conn, max, -1).await?.into_iter().collect();
            let last = ids.iter().copied().fold(0, i64::max);
            Remembered { version, all_at: now, at: now, last, ids: Arc::new(ids) }
        }
    };
    let ids = remembered.ids.clone();
    if let Ok(mut all) = ctx.finding.open.0.lock() {
        all.insert(max.number(), remembered);
    }
    Ok(ids)
}
