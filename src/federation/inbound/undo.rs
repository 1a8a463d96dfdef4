//! Undoing: by the thing itself, or by its bare id.

use super::super::state::Federation;
use super::super::wire::{Doc, Kind, same_origin};
use super::Item;
use crate::base::*;
use crate::services::posts as service;
use crate::store::federation::{self as rows, NewActivity};
use crate::store::{actors, groups, posts};

/// Under which id it is remembered that something was undone.
pub(super) fn undone_id(id: &str) -> String {
    format!("{id}#undone")
}

impl Federation {
    pub(super) async fn on_undo(&self, item: &Item<'_>) -> Result<()> {
        let inner = item.doc.embedded("object");
        // Only who did a thing can undo it; what a moderator did, another may undo.
        let doer = inner.and_then(|i| i.one_id("actor"));
        let kind = inner.and_then(Doc::kind);
        let moderation = matches!(kind, Some(Kind::Delete | Kind::Block | Kind::Lock));
        if doer.is_some_and(|doer| doer != item.actor.uri) && !moderation {
            return Err(Error::forbidden("error-not-yours"));
        }
        // What is undone may still come, late: then it must stay away.
        if matches!(kind, Some(Kind::Like | Kind::EmojiReact | Kind::Announce) | None) {
            self.remember_undone(item, inner.and_then(Doc::id).or(item.envelope.object())).await?;
        }
        if matches!(kind, Some(Kind::Follow | Kind::Join)) {
            self.remember_unfollowed(item, inner.and_then(Doc::id)).await?;
        }
        match kind {
            Some(Kind::Follow | Kind::Join) => self.undo_follow(item, inner).await.map(|_| ()),
            Some(Kind::Like | Kind::EmojiReact) => self.on_like(item, false).await,
            Some(Kind::Announce) => self.undo_share(item, inner).await,
            Some(Kind::Block) => self.on_block(item, false).await,
            Some(Kind::Lock) => self.on_lock(item, false).await,
            Some(Kind::Delete) => self.restore_post(item).await,
            Some(Kind::Offer) if self.on_request_settled(item).await? => Ok(()),
            Some(Kind::Offer) => self.on_meeting_off(item).await.map(|_| ()),
            Some(Kind::Dislike) => Ok(()),
            None => self.undo_by_id(item).await,
            Some(other) => {
                tracing::debug!(kind = %other, "undoing of this is ignored");
                Ok(())
            }
        }
    }

    /// A Follow that is undone before it came. Of one that came the id may be used again: some do at each follow.
    async fn remember_unfollowed(&self, item: &Item<'_>, id: Option<&str>) -> Result<()> {
        let Some(id) = id else { return Ok(()) };
        let mut conn = self.ctx.db.read().await?;
        let target = item.doc.embedded("object").and_then(|follow| follow.one_id("object")).unwrap_or_default();
        let follows = match actors::find_by_uri(&mut conn, target).await? {
            Some(target) => groups::find_follow(&mut conn, item.actor.id, target.id).await?.is_some(),
            None => false,
        };
        // What is undone came, under this id or another; but not if it waits to be tried again.
        let came = rows::find_activity_by_uri(&mut conn, id).await?.is_some();
        if follows || came && !rows::is_waiting(&mut conn, id).await? {
            return Ok(());
        }
        drop(conn);
        self.remember_undone(item, Some(id)).await
    }

    pub(super) async fn remember_undone(&self, item: &Item<'_>, id: Option<&str>) -> Result<()> {
        let Some(id) = id.filter(|id| same_origin(id, &item.actor.uri)) else { return Ok(()) };
        let undone = NewActivity {
            id: ActivityId(self.ctx.ids.next()),
            uri: undone_id(id),
            kind: "Undone".to_owned(),
            actor_id: None,
            actor_uri: item.actor.uri.clone(),
            audience_id: None,
            incoming: false,
            body: "{}".to_owned(),
            received_at: self.ctx.now(),
        };
        let write = self.ctx.db.write(move |conn| Box::pin(async move { rows::insert_activity(conn, &undone).await }));
        write.await.map(|_| ())
    }

    /// Whether something was undone before it came.
    pub(super) async fn is_undone(&self, item: &Item<'_>) -> Result<bool> {
        Ok(self.undone_at(item).await?.is_some())
    }

    /// The same of a Follow; only for a day, for its id may be used again.
    pub(super) async fn is_unfollowed(&self, item: &Item<'_>) -> Result<bool> {
        let now = self.ctx.now();
        Ok(self.undone_at(item).await?.is_some_and(|at| now.since(at) < Time::DAY))
    }

    async fn undone_at(&self, item: &Item<'_>) -> Result<Option<Time>> {
        let Some(id) = item.doc.id() else { return Ok(None) };
        let known = rows::find_activity_by_uri(&mut self.ctx.db.read().await?, &undone_id(id)).await?;
        Ok(known.filter(|known| known.actor_uri == item.actor.uri).map(|known| time_of(known.id.0)))
    }

    async fn undo_share(&self, item: &Item<'_>, announce: Option<Doc<'_>>) -> Result<()> {
        let uri = announce.and_then(|a| a.one_id("object")).unwrap_or_default();
        let post = posts::find_by_uri(&mut self.ctx.db.read().await?, uri).await?.ok_or(Error::NotFound)?;
        let id = announce.and_then(Doc::id).unwrap_or_default();
        service::receive_share(&self.ctx, item.actor.id, post.id, false, id).await
    }

    /// Only the id is given: it is looked for among what has one.
    async fn undo_by_id(&self, item: &Item<'_>) -> Result<()> {
        if self.undo_follow(item, None).await? {
            return Ok(());
        }
        let uri = item.envelope.object().unwrap_or_default();
        let mut conn = self.ctx.db.read().await?;
        let reaction = posts::find_reaction(&mut conn, uri).await?;
        let share = rows::find_share(&mut conn, uri).await?;
        if let Some((actor, post, kind)) = reaction.filter(|(actor, ..)| *actor == item.actor.id) {
            let post = posts::get(&mut conn, post).await?;
            drop(conn);
            debug_assert_eq!(actor, item.actor.id);
            return self.react(item, &post.uri, kind, false, Some(uri)).await;
        }
        drop(conn);
        if let Some((actor, post)) = share.filter(|(actor, _)| *actor == item.actor.id) {
            return service::receive_share(&self.ctx, actor, post, false, uri).await;
        }
        Err(Error::NotFound)
    }
}
