//! Keeping order across servers: removals, pins, locks, bans, moderators, reports (INTEROP B.2.4).

use super::super::state::Federation;
use super::super::wire::same_origin;
use super::Item;
use crate::base::*;
use crate::domain::actors::Actor;
use crate::domain::groups::GroupKind;
use crate::domain::moderation::{BlockKind, Report, ReportState};
use crate::domain::peers::PeerScope;
use crate::domain::posts::Post;
use crate::services::follows;
use crate::services::moderation as service;
use crate::services::posts::{self as post_service, Received};
use crate::store::federation as rows;
use crate::store::{actors, moderation, posts};

/// Posts that one ban removes at most.
const REMOVED: i64 = 1_000;

impl Federation {
    /// The group of a post, if `actor` keeps order in it and this came the right way: to us when it lives here, through
    /// it when it lives elsewhere.
    async fn moderated(&self, item: &Item<'_>, group: Option<ActorId>) -> Result<Actor> {
        let Some(group) = group else { return Err(Error::forbidden("error-not-moderator")) };
        let group = actors::get(&mut self.ctx.db.read().await?, group).await?;
        let came_right = match item.group() {
            Some(via) => via.id == group.id,
            None => group.is_local() || same_origin(&group.uri, &item.actor.uri),
        };
        let shut_out = self.is_shut_out(item.actor.host_id, Some(group.id)).await?;
        if item.actor.is_local() || !came_right || shut_out || !self.moderates(&item.actor, &group).await? {
            return Err(Error::forbidden("error-not-moderator"));
        }
        Ok(group)
    }

    /// Whether nothing counts that members at a host do in a group of ours, for want of an agreement.
    pub(super) async fn is_shut_out(&self, host: HostId, group: Option<ActorId>) -> Result<bool> {
        let Some(group) = group else { return Ok(false) };
        let network = self.gathered.kinds.one(group).await?.is_some_and(|(kind, ..)| kind == GroupKind::Network);
        if !network || host == HostId::LOCAL || !self.get_actor(group).await?.is_local() {
            return Ok(false);
        }
        Ok(!rows::get_host(&mut self.ctx.db.read().await?, host).await?.agreed(PeerScope::Network))
    }

    /// A removal by somebody other than the author.
    pub(super) async fn remove_post(&self, item: &Item<'_>, post: &Post) -> Result<()> {
        let by_host = item.is_authentic() && same_origin(&post.uri, &item.actor.uri) && !item.actor.is_local();
        let group = match self.moderated(item, post.group_id).await {
            Ok(group) => Some(group),
            // The author's own server takes it away.
            Err(Error::Forbidden { .. }) if by_host => None,
            Err(error) => return Err(error),
        };
        let reason = item.doc.text("summary").or_else(|| item.doc.text("content")).unwrap_or_default();
        let reason: String = reason.chars().take(500).collect();
        let by = Some(item.actor.id);
        post_service::received(&self.ctx, post.id, Received::Removed(reason), by, group.is_some()).await?;
        self.pass_on(item, group.map(|g| g.id)).await
    }

    /// `Undo{Delete}`: a removed post comes back.
    pub(super) async fn restore_post(&self, item: &Item<'_>) -> Result<()> {
        let uri = item.doc.embedded("object").and_then(|delete| delete.one_id("object")).unwrap_or_default();
        let post = posts::find_by_uri(&mut self.ctx.db.read().await?, uri).await?.ok_or(Error::NotFound)?;
        let group = self.moderated(item, post.group_id).await?;
        post_service::received(&self.ctx, post.id, Received::Restored, Some(item.actor.id), true).await?;
        self.pass_on(item, Some(group.id)).await
    }

    /// Into or out of a collection of a group: pins and moderators.
    pub(super) async fn on_collection(&self, item: &Item<'_>, add: bool) -> Result<()> {
        let target = item.envelope.target.clone().unwrap_or_default();
        let group = match item.group() {
            Some(group) => group.clone(),
            None => match self.group_of_collection(&target).await? {
                Some(group) => group,
                None => {
                    tracing::debug!(target, "of nobody's group");
                    return Ok(());
                }
            },
        };
        let (_, featured, moderators) = rows::collections(&mut self.ctx.db.read().await?, group.id).await?;
        let object = item.envelope.object().unwrap_or_default();
        self.moderated(item, Some(group.id)).await?;
        if featured.as_deref() == Some(&target) {
            self.set_pinned(object, &group, add, Some(item.actor.id)).await?;
        } else if moderators.as_deref() == Some(&target) {
            let Some(who) = self.known_actor(object).await? else { return Err(Error::NotFound) };
            follows::received_role(&self.ctx, (group.id, who.id), Some(item.actor.id), add).await?;
        } else {
            return Err(Error::NotFound);
        }
        self.pass_on(item, Some(group.id)).await
    }

    /// The group whose collection this is, of ours by its address.
    async fn group_of_collection(&self, target: &str) -> Result<Option<Actor>> {
        let Some((group, _)) = target.rsplit_once('/') else { return Ok(None) };
        Ok(self.known_actor(group).await?.filter(Actor::is_group))
    }

    pub(in crate::federation) async fn set_pinned(
        &self,
        uri: &str,
        group: &Actor,
        on: bool,
        by: Option<ActorId>,
    ) -> Result<()> {
        let post = posts::find_by_uri(&mut self.ctx.db.read().await?, uri).await?;
        let post =
            post.filter(|p| p.group_id == Some(group.id) && p.is_top() && !p.is_gone()).ok_or(Error::NotFound)?;
        post_service::received(&self.ctx, post.id, Received::Pinned(on), by, true).await
    }

    pub(super) async fn on_lock(&self, item: &Item<'_>, on: bool) -> Result<()> {
        let lock = if on { item.doc } else { item.doc.embedded("object").ok_or(Error::NotFound)? };
        let uri = lock.one_id("object").unwrap_or_default();
        let post = posts::find_by_uri(&mut self.ctx.db.read().await?, uri).await?.ok_or(Error::NotFound)?;
        let group = self.moderated(item, post.group_id).await?;
        post_service::received(&self.ctx, post.root_id, Received::Locked(on), Some(item.actor.id), true).await?;
        self.pass_on(item, Some(group.id)).await
    }

    /// A ban from a group; without one, a person who shuts out another.
    pub(super) async fn on_block(&self, item: &Item<'_>, on: bool) -> Result<()> {
        let block = if on { item.doc } else { item.doc.embedded("object").ok_or(Error::NotFound)? };
        let who = block.one_id("object").unwrap_or_default();
        let Some(who) = self.known_actor(who).await? else { return Err(Error::NotFound) };
        let target = match block.one_id("target") {
            Some(target) => self.known_actor(target).await?.filter(Actor::is_group),
            None => None,
        };
        let Some(group) = target else {
            return if item.via.is_none() { self.personal_block(item, &who, on).await } else { Err(Error::NotFound) };
        };
        self.moderated(item, Some(group.id)).await?;
        let until = block.time("endTime").or_else(|| block.time("expires"));
        let reason: String = block.text("summary").unwrap_or_default().chars().take(500).collect();
        follows::received_ban(&self.ctx, (group.id, who.id), item.actor.id, on, until, &reason).await?;
        if on && block.bool("removeData") == Some(true) {
            self.remove_all_of(&who, group.id, item.actor.id, &reason).await?;
        }
        self.pass_on(item, Some(group.id)).await
    }

    /// With a ban goes what they wrote in the group (Lemmy's `removeData`): the latest [`REMOVED`] of it.
    async fn remove_all_of(&self, who: &Actor, group: ActorId, by: ActorId, reason: &str) -> Result<()> {
        let theirs = posts::of_author_in(&mut self.ctx.db.read().await?, who.id, group, REMOVED).await?;
        for post in theirs {
            post_service::received(&self.ctx, post, Received::Removed(reason.to_owned()), Some(by), true).await?;
        }
        Ok(())
    }

    /// Someone elsewhere wants nothing more to do with someone here.
    async fn personal_block(&self, item: &Item<'_>, who: &Actor, on: bool) -> Result<()> {
        if !who.is_local() || who.is_group() {
            return Ok(());
        }
        let (ctx, member, target) = (self.ctx.clone(), item.actor.id, who.id);
        self.ctx
            .db
            .write(move |conn| {
                Box::pin(async move {
                    if !on {
                        moderation::delete_block(conn, member, target, BlockKind::Block).await?;
                        return Ok(());
                    }
                    moderation::insert_block(conn, ctx.ids.next(), member, target, BlockKind::Block, None).await?;
                    follows::end(conn, target, member).await?;
                    follows::end(conn, member, target).await.map(|_| ())
                })
            })
            .await
    }

    /// A report from another server: about someone here, or something in a group of ours; or by the host of a group elsewhere that
    /// someone here keeps order in.
    pub(super) async fn on_flag(&self, item: &Item<'_>) -> Result<()> {
        if !item.is_authentic() {
            return Err(Error::forbidden("error-origin"));
        }
        let mut conn = self.ctx.db.read().await?;
        let mut target = None;
        let mut post = None;
        for id in item.envelope.objects.iter().take(40) {
            if let Some(found) = posts::find_by_uri(&mut conn, id).await? {
                post = post.or(Some(found));
            } else if let Some(found) = actors::find_by_uri(&mut conn, id).await? {
                target = target.or(Some(found));
            }
        }
        let target = match (target, &post) {
            (Some(target), _) => target,
            (None, Some(post)) => actors::get(&mut conn, post.author_id).await?,
            (None, None) => return Err(Error::NotFound),
        };
        let group = match post.as_ref().and_then(|p| p.group_id) {
            Some(id) => Some(actors::get(&mut conn, id).await?),
            None => None,
        };
        drop(conn);
        let post = post.filter(|p| p.author_id == target.id);
        let (ours, theirs) = (group.clone().filter(Actor::is_local), group.filter(|group| !group.is_local()));
        let kept = match theirs.filter(|group| group.host_id == item.actor.host_id) {
            Some(group) if self.has_moderator_here(&group).await? => Some(group),
            _ => None,
        };
        if !target.is_local() && ours.is_none() && kept.is_none() {
            return Err(Error::NotFound);
        }
        let reason = item.doc.text("content").or_else(|| item.doc.text("summary")).unwrap_or_default();
        let report = |group: Option<Actor>| Report {
            id: ReportId(self.ctx.ids.next()),
            reporter_id: item.actor.id,
            target_id: target.id,
            post_id: post.as_ref().map(|p| p.id),
            group_id: group.map(|g| g.id),
            reason: reason.chars().take(2000).collect(),
            state: ReportState::Open,
            outcome: String::new(),
            handled_by: None,
            created_at: self.ctx.now(),
        };
        let id = item.envelope.id.clone();
        if let Some(group) = kept {
            let in_group = id.as_ref().map(|id| format!("{id}#{}", group.id));
            service::receive_report(&self.ctx, report(Some(group)), in_group).await?;
        }
        // Of one of ours the moderators of this server hear besides.
        if target.is_local() || ours.is_some() {
            service::receive_report(&self.ctx, report(ours), id).await?;
        }
        Ok(())
    }
}
