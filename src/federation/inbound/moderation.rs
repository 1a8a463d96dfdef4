//! Keeping order across servers: removals, pins, locks, bans, moderators, reports (INTEROP B.2.4).

use super::super::state::Federation;
use super::super::wire::same_origin;
use super::Item;
use crate::base::*;
use crate::domain::actors::Actor;
use crate::domain::groups::{Follow, FollowState, GroupRole, Notify};
use crate::domain::moderation::{BlockKind, Report, ReportState};
use crate::domain::posts::{Post, PostState};
use crate::live::Change;
use crate::services::follows;
use crate::services::moderation as service;
use crate::services::posts as post_service;
use crate::store::federation as rows;
use crate::store::{actors, groups, moderation, posts};

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
        if item.actor.is_local() || !came_right || !self.moderates(&item.actor, &group).await? {
            return Err(Error::forbidden("error-not-moderator"));
        }
        Ok(group)
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
        let (ctx, by, removed) = (self.ctx.clone(), item.actor.id, post.clone());
        self.ctx
            .db
            .write(move |conn| {
                Box::pin(async move { post_service::apply_remove(conn, &ctx, &removed, by, &reason).await })
            })
            .await?;
        self.ctx.wake.now();
        self.ctx.hub.publish(Change::Deleted { post: post.id, group: post.group_id });
        self.pass_on(item, group.map(|g| g.id)).await
    }

    /// `Undo{Delete}`: a removed post comes back.
    pub(super) async fn restore_post(&self, item: &Item<'_>) -> Result<()> {
        let uri = item.doc.embedded("object").and_then(|delete| delete.one_id("object")).unwrap_or_default();
        let post = posts::find_by_uri(&mut self.ctx.db.read().await?, uri).await?.ok_or(Error::NotFound)?;
        let group = self.moderated(item, post.group_id).await?;
        if post.state != PostState::Removed {
            return Ok(());
        }
        let id = post.id;
        self.ctx
            .db
            .write(move |conn| {
                Box::pin(async move { posts::set_state(conn, id, PostState::Published, None, "").await })
            })
            .await?;
        self.ctx.hub.publish(Change::Edited { post: post.id, group: post.group_id });
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
            self.set_pinned(object, &group, add).await?;
        } else if moderators.as_deref() == Some(&target) {
            let Some(who) = self.known_actor(object).await? else { return Err(Error::NotFound) };
            self.set_moderator(group.id, who.id, add).await?;
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

    pub(in crate::federation) async fn set_pinned(&self, uri: &str, group: &Actor, on: bool) -> Result<()> {
        let post = posts::find_by_uri(&mut self.ctx.db.read().await?, uri).await?;
        let post =
            post.filter(|p| p.group_id == Some(group.id) && p.is_top() && !p.is_gone()).ok_or(Error::NotFound)?;
        let (id, at) = (post.id, on.then(|| self.ctx.now()));
        self.ctx.db.write(move |conn| Box::pin(async move { posts::set_pinned(conn, id, at).await })).await?;
        self.ctx.hub.publish(Change::Edited { post: id, group: post.group_id });
        Ok(())
    }

    /// Notes that someone keeps order in a group, or no longer. Who is not a member here becomes one in name only.
    pub(super) async fn set_moderator(&self, group: ActorId, who: ActorId, on: bool) -> Result<()> {
        let ctx = self.ctx.clone();
        self.ctx
            .db
            .write(move |conn| {
                Box::pin(async move {
                    let known = groups::find_follow(conn, who, group).await?;
                    let mut follow = match known {
                        Some(follow) => follow,
                        None if !on => return Ok(()),
                        None => Follow {
                            id: FollowId(ctx.ids.next()),
                            follower_id: who,
                            target_id: group,
                            state: FollowState::Accepted,
                            role: GroupRole::Member,
                            may_post: false,
                            uri: None,
                            notify: Notify::None,
                            muted: false,
                            reason: String::new(),
                            until_at: None,
                            seen_seq: 0,
                            created_at: ctx.now(),
                        },
                    };
                    if follow.role == GroupRole::Owner {
                        return Ok(());
                    }
                    follow.role = if on { GroupRole::Moderator } else { GroupRole::Member };
                    groups::upsert_follow(conn, &follow).await.map(|_| ())
                })
            })
            .await
    }

    pub(super) async fn on_lock(&self, item: &Item<'_>, on: bool) -> Result<()> {
        let lock = if on { item.doc } else { item.doc.embedded("object").ok_or(Error::NotFound)? };
        let uri = lock.one_id("object").unwrap_or_default();
        let post = posts::find_by_uri(&mut self.ctx.db.read().await?, uri).await?.ok_or(Error::NotFound)?;
        let group = self.moderated(item, post.group_id).await?;
        let id = post.root_id;
        self.ctx.db.write(move |conn| Box::pin(async move { posts::set_locked(conn, id, on).await })).await?;
        self.ctx.hub.publish(Change::Edited { post: id, group: post.group_id });
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
        let ctx = self.ctx.clone();
        self.ctx
            .db
            .write(move |conn| {
                Box::pin(async move { follows::apply_ban(conn, &ctx, group.id, who.id, on, until, &reason).await })
            })
            .await?;
        self.pass_on(item, Some(group.id)).await
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

    /// A report from another server: about someone here, or something in a group of ours.
    pub(super) async fn on_flag(&self, item: &Item<'_>) -> Result<()> {
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
            Some(id) => Some(actors::get(&mut conn, id).await?).filter(Actor::is_local),
            None => None,
        };
        drop(conn);
        let post = post.filter(|p| p.author_id == target.id);
        if !target.is_local() && group.is_none() {
            return Err(Error::NotFound);
        }
        let reason = item.doc.text("content").or_else(|| item.doc.text("summary")).unwrap_or_default();
        let report = Report {
            id: ReportId(self.ctx.ids.next()),
            reporter_id: item.actor.id,
            target_id: target.id,
            post_id: post.map(|p| p.id),
            group_id: group.map(|g| g.id),
            reason: reason.chars().take(2000).collect(),
            state: ReportState::Open,
            outcome: String::new(),
            handled_by: None,
            created_at: self.ctx.now(),
        };
        service::receive_report(&self.ctx, report, item.envelope.id.clone()).await.map(|_| ())
    }
}
