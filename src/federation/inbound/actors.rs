//! Profiles that change and actors that go.

use super::super::state::Federation;
use super::super::wire::{Doc, same_origin};
use super::Item;
use crate::base::*;
use crate::domain::actors::{Actor, ActorState};
use crate::services::throttle::Quota;
use crate::services::{follows, moving, posts};
use crate::store::{actors, aliases, leaving, notice_followers, people};

/// Posts of an actor that goes, looked up at once.
const CHUNK: i64 = 200;
/// How often one actor may move.
const MOVES: Quota = Quota { burst: 1, every: 7 * Time::DAY };
/// How often one group may: who hands it over may take it back and do it again. Its members keep their old seats, so that nobody
/// is sent back and forth.
const GROUP_MOVES: Quota = Quota { burst: 3, every: 7 * Time::DAY };

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
        let to = match self.ours(target).await? {
            Some(to) => {
                let former = aliases::of(&mut self.ctx.db.read().await?, to.id).await?;
                former.iter().any(|(id, _)| *id == actor.id).then_some(to)
            }
            None if self.ctx.urls.is_ours(target) => return Err(Error::NotFound),
            None => {
                let document = self.document(target, None).await?;
                let named = Doc(&document).ids("alsoKnownAs").contains(&actor.uri.as_str());
                if named { Some(self.store_actor(&document).await?) } else { None }
            }
        };
        let Some(to) = to else {
            return Err(Error::NotAuthentic(format!("{target} does not know {}", actor.uri)));
        };
        if to.kind != actor.kind || to.state != ActorState::Active {
            return Err(Error::NotFound);
        }
        self.check_no_wider(actor, &to).await?;
        let often = if actor.is_group() { GROUP_MOVES } else { MOVES };
        self.ctx.throttle.take(&[(format!("move {}", actor.id), often)], self.ctx.now())?;
        if !to.is_local() {
            self.probed(&to.uri, to.host_id).await?;
        }
        let lead = self.leads_members(actor, &to).await?;
        moving::received(&self.ctx, actor, &to, lead).await
    }

    /// Someone elsewhere says that they left. Groups here that they took part in pass it on: their server may not know all who read
    /// there.
    pub(super) async fn actor_left(&self, item: &Item<'_>) -> Result<()> {
        let groups = leaving::groups_here(&mut self.ctx.db.read().await?, item.actor.id).await?;
        self.actor_gone(&item.actor).await?;
        for group in groups {
            self.pass_on(item, Some(group)).await?;
        }
        Ok(())
    }

    /// Someone elsewhere left: the row stays as a tombstone, memberships and follows end, and what they wrote goes, as it does
    /// for who leaves here.
    pub(in crate::federation) async fn actor_gone(&self, actor: &Actor) -> Result<()> {
        if actor.is_local() {
            return Err(Error::forbidden("error-origin"));
        }
        // First: cut short, it begins anew.
        self.bury_posts(actor).await?;
        let (ctx, id, is_group) = (self.ctx.clone(), actor.id, actor.is_group());
        self.ctx
            .db
            .write(move |conn| {
                Box::pin(async move {
                    for target in leaving::follows_from(conn, id).await? {
                        let ended = follows::end(conn, id, target).await?;
                        follows::settled(conn, &ctx, ended.as_ref()).await?;
                    }
                    notice_followers::remove_all(conn, id).await?;
                    if is_group {
                        return actors::set_state(conn, id, ActorState::Deleted, ctx.now()).await.map(|_| ());
                    }
                    people::bury(conn, id, ctx.now()).await.map(|_| ())
                })
            })
            .await?;
        self.peer_keys.invalidate_all();
        Ok(())
    }

    /// What somebody wrote, one by one: it may be years of it, and others write meanwhile.
    async fn bury_posts(&self, actor: &Actor) -> Result<()> {
        let mut after = -1;
        loop {
            let page = leaving::posts_of(&mut self.ctx.db.read().await?, actor.id, after, CHUNK).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id.0;
            for post in &page {
                posts::receive_delete(&self.ctx, actor, &post.uri, None).await?;
            }
        }
    }
}
