//! Profiles that change and actors that go.

use super::super::state::Federation;
use super::super::wire::{Doc, same_origin};
use super::Item;
use crate::base::*;
use crate::domain::actors::{Actor, ActorState};
use crate::services::follows;
use crate::services::throttle::Quota;
use crate::store::{actors, groups};

/// Follows of an actor that goes, ended in one transaction.
const CHUNK: i64 = 200;
/// How often one actor may move.
const MOVES: Quota = Quota { burst: 1, every: 7 * Time::DAY };

impl Federation {
    /// A new profile: its own word, or asked of its server.
    pub(super) async fn update_actor(&self, item: &Item<'_>, id: &str, object: Option<Doc<'_>>) -> Result<()> {
        if self.ctx.urls.is_ours(id) {
            return Ok(());
        }
        let known = actors::find_by_uri(&mut self.ctx.db.read().await?, id).await?;
        if known.is_none() && id != item.actor.uri {
            return Ok(());
        }
        match object.filter(|_| id == item.actor.uri && item.via.is_none()) {
            Some(object) => self.store_actor(object.0).await.map(|_| ()),
            // Somebody else says so (Lemmy's moderators do, of their group): its own server knows.
            None if same_origin(id, &item.actor.uri) || item.group().is_some_and(|g| g.uri == id) => {
                self.refresh_actor(id).await.map(|_| ())
            }
            None => Err(Error::forbidden("error-origin")),
        }
    }

    /// Someone elsewhere goes on at another address (INTEROP A.9.12). Only they can say so, and the new address must name
    /// the old one; once a week, so that two addresses cannot send members back and forth.
    pub(super) async fn on_move(&self, item: &Item<'_>) -> Result<()> {
        let actor = &item.actor;
        let target = item.doc.one_id("target").ok_or(Error::NotFound)?;
        let own = item.via.is_none() && item.envelope.object() == Some(actor.uri.as_str());
        if !own || actor.is_local() || target == actor.uri {
            return Err(Error::forbidden("error-origin"));
        }
        if self.ctx.urls.is_ours(target) {
            tracing::debug!(target, "members here do not name former addresses");
            return Err(Error::NotFound);
        }
        let document = self.document(target, None).await?;
        if !Doc(&document).ids("alsoKnownAs").contains(&actor.uri.as_str()) {
            return Err(Error::NotAuthentic(format!("{target} does not know {}", actor.uri)));
        }
        let to = self.store_actor(&document).await?;
        if to.kind != actor.kind || to.state != ActorState::Active {
            return Err(Error::NotFound);
        }
        self.ctx.throttle.take(&[(format!("move {}", actor.id), MOVES)], self.ctx.now())?;
        follows::move_followers(&self.ctx, actor, &to).await
    }

    /// Someone elsewhere left: the row stays as a tombstone, memberships and follows end.
    pub(in crate::federation) async fn actor_gone(&self, actor: &Actor) -> Result<()> {
        if actor.is_local() {
            return Err(Error::forbidden("error-origin"));
        }
        let (ctx, id) = (self.ctx.clone(), actor.id);
        self.ctx
            .db
            .write(move |conn| {
                Box::pin(async move {
                    for follow in groups::follows_of(conn, id, -1, CHUNK).await? {
                        follows::end(conn, id, follow.target_id).await?;
                    }
                    actors::set_state(conn, id, ActorState::Deleted, ctx.now()).await.map(|_| ())
                })
            })
            .await?;
        self.peer_keys.invalidate_all();
        Ok(())
    }
}
