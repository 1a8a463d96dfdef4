//! Announces: a group that passes on what happened in it, or somebody who shares a post.

use serde_json::Value;

use super::super::convert;
use super::super::state::Federation;
use super::super::wire::{Doc, Kind, same_origin};
use super::posts::Source;
use super::{Item, Via, envelope};
use crate::base::*;
use crate::domain::actors::Actor;
use crate::services::follows;
use crate::store::federation as rows;
use crate::store::posts;
use crate::urls::Local;

impl Federation {
    pub(super) async fn on_announce(&self, item: &Item<'_>) -> Result<()> {
        if item.via.is_some() || item.actor.is_local() {
            return Err(Error::forbidden("error-announce-nested"));
        }
        if let Some(inner) = item.doc.embedded("object") {
            let kind = inner.kind();
            if kind.is_some_and(Kind::is_activity) && kind != Some(Kind::Announce) {
                return self.wrapped(item, inner).await;
            }
            if let Some(id) = inner.id().filter(|_| kind.is_some_and(Kind::is_content)) {
                // A post is never believed because somebody else embeds it.
                return self.announced(item, id).await;
            }
        }
        let id = item.envelope.object().ok_or(Error::NotFound)?.to_owned();
        self.announced(item, &id).await
    }

    /// Whether anyone here follows a group, so that what it passes on concerns us.
    async fn is_followed(&self, group: &Actor) -> Result<bool> {
        Ok(rows::local_member(&mut self.ctx.db.read().await?, group.id).await?.is_some())
    }

    /// An activity that a group passes on (FEP-1b12).
    async fn wrapped(&self, item: &Item<'_>, inner: Doc<'_>) -> Result<()> {
        if !item.actor.is_group() || !self.is_followed(&item.actor).await? {
            return Err(Error::NotFound);
        }
        self.note_wrapping(item.actor.host_id).await?;
        self.pass_in(&item.actor, inner.0).await
    }

    async fn pass_in(&self, group: &Actor, inner: &Value) -> Result<()> {
        let read = envelope(inner, self)?;
        if self.ctx.urls.is_ours(&read.actor) {
            return self.own_activity(group, inner, read).await;
        }
        self.check_host_of(&read.actor).await?;
        let vouched = same_origin(&read.actor, &group.uri) || self.is_proven(inner, &read.actor).await;
        let actor = self.actor(&read.actor).await?;
        if matches!(read.kind, Some(Kind::Follow | Kind::Accept | Kind::Reject | Kind::Announce | Kind::Invite)) {
            return Err(Error::forbidden("error-not-wrapped"));
        }
        let via = Some(Via { group: group.clone(), vouched });
        self.dispatch(&Item { doc: Doc(inner), envelope: read, actor, via, row: None }).await
    }

    /// What one of ours did, on its way back: only that a waiting post was taken is news.
    async fn own_activity(&self, group: &Actor, inner: &Value, read: super::Envelope) -> Result<()> {
        let Some(actor) = self.ours(&read.actor).await? else { return Err(Error::NotFound) };
        if read.kind != Some(Kind::Create) {
            return Ok(());
        }
        let via = Some(Via { group: group.clone(), vouched: false });
        self.dispatch(&Item { doc: Doc(inner), envelope: read, actor, via, row: None }).await
    }

    /// A bare id: of a post that is shared or shown, or of an activity.
    async fn announced(&self, item: &Item<'_>, id: &str) -> Result<()> {
        if let Some(Local::Activity(ours)) = self.ctx.urls.parse(id) {
            let stored = rows::find_activity(&mut self.ctx.db.read().await?, ours).await?.ok_or(Error::NotFound)?;
            let inner: Value = serde_json::from_str(&stored.body).map_err(Error::internal)?;
            return if item.actor.is_group() { self.pass_in(&item.actor, &inner).await } else { Ok(()) };
        }
        let known = posts::find_by_uri(&mut self.ctx.db.read().await?, id).await?;
        if let Some(post) = known {
            let shown = item.actor.is_group() && post.group_id == Some(item.actor.id);
            if shown {
                return self.take_from_origin(id, self.source(item)).await.map(|_| ());
            }
            return self.share(item, &post).await;
        }
        if !self.is_followed(&item.actor).await? {
            return Err(Error::NotFound);
        }
        let document = self.post_document(id, Some(&item.actor)).await?;
        let doc = Doc(&document);
        if doc.kind().is_some_and(Kind::is_activity) && item.actor.is_group() {
            let via = Via { group: item.actor.clone(), vouched: true };
            return self.process_fetched(&document, Some(via), None).await;
        }
        if item.actor.is_group() && self.belongs_to(&document, &item.actor).await? {
            return self.take_fetched(&document, Some(item.actor.clone())).await.map(|_| ());
        }
        let taken = self.take_fetched(&document, None).await?;
        let Some(taken) = taken else { return Ok(()) };
        let post = posts::get(&mut self.ctx.db.read().await?, taken).await?;
        self.share(item, &post).await
    }

    fn source(&self, item: &Item<'_>) -> Source {
        Source { via: Some(item.actor.clone()), ..Source::default() }
    }

    /// Whether a post that a group shows is in that group: it names it, or no other.
    pub(in crate::federation) async fn belongs_to(&self, document: &Value, group: &Actor) -> Result<bool> {
        let read = convert::read_post(Doc(document), None, self.reading()).ok_or(Error::NotFound)?;
        if read.groups.contains(&group.uri) || read.mentions.contains(&group.uri) {
            return Ok(true);
        }
        let named = Doc(document).ids("audience");
        let known = rows::actors_by_uri(&mut self.ctx.db.read().await?, &read.groups).await?;
        Ok(read.parent.is_none() && named.is_empty() && !known.iter().any(Actor::is_group))
    }

    /// Whoever sends wrapped activities reads them too.
    async fn note_wrapping(&self, host: HostId) -> Result<()> {
        let known = rows::get_host(&mut self.ctx.db.read().await?, host).await?;
        if known.wraps {
            return Ok(());
        }
        self.ctx.db.write(move |conn| Box::pin(async move { rows::set_wraps(conn, host).await })).await.map(|_| ())
    }

    /// Whether someone elsewhere keeps order in a group (INTEROP B.2.4): on its host, or named by it.
    pub(super) async fn moderates(&self, actor: &Actor, group: &Actor) -> Result<bool> {
        if actor.host_id == group.host_id {
            return Ok(true);
        }
        if self.is_named_moderator(actor, group).await? {
            return Ok(true);
        }
        if group.is_local() || self.moderators_read.contains_key(&group.id) {
            return Ok(false);
        }
        self.read_moderators(group).await?;
        self.is_named_moderator(actor, group).await
    }

    async fn is_named_moderator(&self, actor: &Actor, group: &Actor) -> Result<bool> {
        let named = rows::moderators(&mut self.ctx.db.read().await?, group.id).await?;
        Ok(named.iter().any(|(id, _)| *id == actor.id))
    }

    /// Reads who keeps order in a group elsewhere; at most once in five minutes.
    async fn read_moderators(&self, group: &Actor) -> Result<()> {
        self.moderators_read.insert(group.id, ()).await;
        let (_, _, collection) = rows::collections(&mut self.ctx.db.read().await?, group.id).await?;
        let Some(collection) = collection else { return Ok(()) };
        let reader = self.reader_of(group.id).await?;
        let document = self.fetch_document(&collection, reader.as_ref()).await?;
        let Some(list) = Doc(&document).collection() else { return Ok(()) };
        let named: Vec<String> = list.items.iter().take(100).filter_map(|item| item.id()).map(str::to_owned).collect();
        let known = rows::actors_by_uri(&mut self.ctx.db.read().await?, &named).await?;
        for uri in &named {
            let actor = match known.iter().find(|a| &a.uri == uri) {
                Some(actor) => actor.clone(),
                None if self.ctx.urls.is_ours(uri) => continue,
                None => match self.actor(uri).await {
                    Ok(actor) => actor,
                    Err(error) => {
                        tracing::debug!(uri, %error, "a moderator cannot be had");
                        continue;
                    }
                },
            };
            follows::received_role(&self.ctx, (group.id, actor.id), None, true).await?;
        }
        Ok(())
    }
}
