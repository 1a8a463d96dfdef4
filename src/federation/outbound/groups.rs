//! Profiles and the keeping of order on their way out.

use serde_json::json;

use super::super::convert::{Activity, Address};
use super::super::keys::OwnKeys;
use super::super::state::Federation;
use super::super::wire::PUBLIC;
use super::batch::{Batch, Target, merge};
use super::posts::Place;
use crate::base::*;
use crate::domain::actors::{Actor, ActorKind};
use crate::domain::groups::{Group, GroupKind};
use crate::store::{federation as rows, groups, known, leaving, moderation, posts};

impl Federation {
    /// The whole profile again, to all who follow.
    pub(super) async fn actor_updated(&self, actor: ActorId) -> Result<()> {
        let actor = self.get_actor(actor).await?;
        if !actor.is_local() {
            return Ok(());
        }
        let keys = self.keys.of(&actor).await?;
        self.tell_profile(&actor, &keys).await
    }

    /// New keys under the ids of the old ones. Who follows gets the profile with them first, signed with the old key, which
    /// signs all that is on its way already (INTEROP A.4.4, checklist 28); others fetch the key when a signature fails.
    pub(super) async fn renew_keys(&self, actor: ActorId) -> Result<()> {
        let actor = self.get_actor(actor).await?;
        if !actor.is_local() {
            return Ok(());
        }
        let keys = self.keys.fresh(&actor).await?;
        self.tell_profile(&actor, &keys).await?;
        self.keys.adopt(&actor, &keys).await
    }

    async fn tell_profile(&self, actor: &Actor, keys: &OwnKeys) -> Result<()> {
        let group = groups::find(&mut self.ctx.db.read().await?, actor.id).await?;
        let targets = self.told_of(actor, group.as_ref()).await?;
        if targets.is_empty() {
            return Ok(());
        }
        let closed = group.as_ref().is_some_and(|g| g.kind != GroupKind::Public);
        let followers = format!("{}/followers", actor.uri);
        let address = if closed {
            Address { to: vec![followers], cc: Vec::new() }
        } else {
            Address { to: vec![PUBLIC.to_owned()], cc: vec![followers] }
        };
        let object = self.document_with_keys(actor, group.as_ref(), keys).await?;
        let update = Activity::new(self.fresh_id(), "Update", &actor.uri, object, address, self.ctx.now());
        let mut batch = Batch::default();
        batch.add(actor, &update, &update.document(), None, targets, self.ctx.now());
        self.send(batch).await
    }

    /// Who follows an actor; of a group those who may read it.
    async fn told_of(&self, actor: &Actor, group: Option<&Group>) -> Result<Vec<Target>> {
        let Some(facts) = group else { return self.follower_inboxes(actor.id).await };
        let followers = self.followers_of(actor, facts).await?;
        Ok(merge(vec![followers.wrapped.clone(), followers.plain.clone()]))
    }

    /// Tells followers, the new server, and the groups that one is in, where one goes on.
    pub(super) async fn moved(&self, actor: ActorId, to: ActorId) -> Result<()> {
        let (actor, to) = (self.get_actor(actor).await?, self.get_actor(to).await?);
        if !actor.is_local() || actor.moved_to.as_deref() != Some(to.uri.as_str()) {
            return Ok(());
        }
        let mut conn = self.ctx.db.read().await?;
        let group = groups::find(&mut conn, actor.id).await?;
        let followed = leaving::follows_from(&mut conn, actor.id).await?;
        drop(conn);
        let followers = self.told_of(&actor, group.as_ref()).await?;
        let others: Vec<ActorId> = followed.into_iter().chain([to.id]).collect();
        let targets = merge(vec![followers, self.inboxes(&others).await?]);
        let address = Address { to: vec![format!("{}/followers", actor.uri), to.uri.clone()], cc: Vec::new() };
        let now = self.ctx.now();
        let activity = Activity::new(self.fresh_id(), "Move", &actor.uri, json!(actor.uri), address, now)
            .with("target", json!(to.uri));
        let mut batch = Batch::default();
        batch.add(&actor, &activity, &activity.document(), None, targets, now);
        self.send(batch).await
    }

    /// A farewell to every server that may know the actor.
    pub(super) async fn actor_deleted(&self, actor: ActorId, met: &[String]) -> Result<()> {
        let actor = self.get_actor(actor).await?;
        if !actor.is_local() {
            return Ok(());
        }
        let mut conn = self.ctx.db.read().await?;
        let closed = groups::find(&mut conn, actor.id).await?.is_some_and(|g| g.kind != GroupKind::Public);
        let open = !known::open_among(&mut conn, &[actor.id]).await?.is_empty();
        let targets: Vec<Target> = if closed {
            drop(conn);
            self.follower_inboxes(actor.id).await?
        } else {
            let mut all = rows::every_inbox(&mut conn).await?;
            if !open {
                all.retain(|(host, ..)| met.contains(host));
            }
            let all = all.into_iter();
            merge(vec![all.map(|(host, inbox, shared)| Target { host, inbox: shared.unwrap_or(inbox) }).collect()])
        };
        let address = Address { to: vec![PUBLIC.to_owned()], cc: Vec::new() };
        let delete = Activity::new(self.fresh_id(), "Delete", &actor.uri, json!(actor.uri), address, self.ctx.now());
        // With proof: groups that they were in pass it on to servers that theirs does not know.
        let document = self.proven(&delete, &actor).await?;
        let mut batch = Batch::default();
        batch.add(&actor, &delete, &document, None, targets, self.ctx.now());
        self.send(batch).await
    }

    pub(super) async fn pinned(&self, post: PostId, moderator: ActorId, pinned: bool) -> Result<()> {
        let kind = if pinned { "Add" } else { "Remove" };
        self.moderate_post(
            post,
            moderator,
            |id, by, object, address, now| Activity::new(id, kind, by, object, address, now),
            Some("featured"),
            false,
        )
        .await
    }

    pub(super) async fn locked(&self, post: PostId, moderator: ActorId, locked: bool) -> Result<()> {
        self.moderate_post(
            post,
            moderator,
            |id, by, object, address, now| Activity::new(id, "Lock", by, object, address, now),
            None,
            !locked,
        )
        .await
    }

    /// What a moderator here does with a post in a group, or undoes.
    async fn moderate_post(
        &self,
        post: PostId,
        moderator: ActorId,
        make: impl FnOnce(String, &str, serde_json::Value, Address, Time) -> Activity,
        target: Option<&str>,
        undo: bool,
    ) -> Result<()> {
        let moderator = self.get_actor(moderator).await?;
        let parts = self.parts(post).await?;
        let place = self.place_of(parts.view.post.group_id).await?;
        let Some(group) = place.uri().filter(|_| moderator.is_local()) else { return Ok(()) };
        let address = self.group_address(&place, &parts);
        let now = self.ctx.now();
        let mut activity = make(self.fresh_id(), &moderator.uri, json!(parts.view.post.uri), address.clone(), now);
        if let Some(name) = target {
            let collection = self.collection_of(&place, name).await?.unwrap_or_else(|| format!("{group}/{name}"));
            activity = activity.with("target", json!(collection));
        }
        if undo {
            let inner = activity.within(place.uri()).bare();
            activity = Activity::new(self.fresh_id(), "Undo", &moderator.uri, inner, address, now);
        }
        let mut batch = Batch::default();
        self.carry(&mut batch, activity, &moderator, &place, parts.view.post.audience_id, Vec::new(), false).await?;
        self.send(batch).await
    }

    /// A collection of a group as its host names it.
    async fn collection_of(&self, place: &Place, name: &str) -> Result<Option<String>> {
        let Place::Theirs(group) = place else { return Ok(None) };
        let (_, featured, moderators) = rows::collections(&mut self.ctx.db.read().await?, group.0.id).await?;
        Ok(if name == "featured" { featured } else { moderators })
    }

    fn address_of(&self, group: &Actor, kind: GroupKind, more: &str) -> Address {
        let followers = format!("{}/followers", group.uri);
        if kind == GroupKind::Public {
            Address { to: vec![PUBLIC.to_owned()], cc: vec![group.uri.clone(), followers, more.to_owned()] }
        } else {
            Address { to: vec![group.uri.clone(), followers], cc: Vec::new() }
        }
    }

    pub(super) async fn banned(
        &self,
        who: ActorId,
        group: ActorId,
        moderator: ActorId,
        banned: bool,
        reason: &str,
    ) -> Result<()> {
        let (who, moderator) = (self.get_actor(who).await?, self.get_actor(moderator).await?);
        let place = self.place_of(Some(group)).await?;
        let (Place::Ours(both) | Place::Theirs(both)) = &place else { return Ok(()) };
        if !moderator.is_local() {
            return Ok(());
        }
        let (group, facts) = (&both.0, &both.1);
        let address = self.address_of(group, facts.kind, &who.uri);
        let now = self.ctx.now();
        let mut activity =
            Activity::new(self.fresh_id(), "Block", &moderator.uri, json!(who.uri), address.clone(), now)
                .with("target", json!(group.uri))
                .with("removeData", json!(false))
                .with("summary", json!(reason));
        let until =
            groups::find_follow(&mut self.ctx.db.read().await?, who.id, group.id).await?.and_then(|f| f.until_at);
        if let Some(until) = until {
            activity = activity.with("endTime", json!(until.to_rfc3339_seconds()));
        }
        if !banned {
            let inner = activity.within(place.uri()).bare();
            activity = Activity::new(self.fresh_id(), "Undo", &moderator.uri, inner, address, now);
        }
        // The server of the one who is put out must hear it although nobody there may be a member any more.
        let theirs = self.inboxes(&[who.id]).await?;
        let mut batch = Batch::default();
        self.carry(&mut batch, activity, &moderator, &place, facts.audience_id, theirs, false).await?;
        self.send(batch).await
    }

    pub(super) async fn moderator_changed(&self, who: ActorId, group: ActorId, by: ActorId, added: bool) -> Result<()> {
        let (who, by) = (self.get_actor(who).await?, self.get_actor(by).await?);
        let place = self.place_of(Some(group)).await?;
        let (Place::Ours(both) | Place::Theirs(both)) = &place else { return Ok(()) };
        if !by.is_local() {
            return Ok(());
        }
        let (group, facts) = (&both.0, &both.1);
        let collection = self.collection_of(&place, "moderators").await?;
        let collection = collection.unwrap_or_else(|| format!("{}/moderators", group.uri));
        let kind = if added { "Add" } else { "Remove" };
        let address = self.address_of(group, facts.kind, &who.uri);
        let activity = Activity::new(self.fresh_id(), kind, &by.uri, json!(who.uri), address, self.ctx.now())
            .with("target", json!(collection));
        let theirs = self.inboxes(&[who.id]).await?;
        let mut batch = Batch::default();
        self.carry(&mut batch, activity, &by, &place, facts.audience_id, theirs, false).await?;
        self.send(batch).await?;
        // After the appointment: before it they would not be heard on it.
        if added && group.is_local() { self.tell_waiting(&who, group).await } else { Ok(()) }
    }

    /// A report goes on to those who can do something elsewhere: the host of the group, and of the author; moderators elsewhere hear
    /// of all that concern a group of ours. It comes from the server, not from the person who reported.
    pub(super) async fn reported(&self, report: ReportId) -> Result<()> {
        let mut conn = self.ctx.db.read().await?;
        let report = moderation::find_report(&mut conn, report).await?.ok_or(Error::NotFound)?;
        let post = match report.post_id {
            Some(id) => Some(posts::get(&mut conn, id).await?),
            None => None,
        };
        drop(conn);
        let reporter = self.get_actor(report.reporter_id).await?;
        let target = self.get_actor(report.target_id).await?;
        let place = self.place_of(report.group_id).await?;
        let mut ids = Vec::new();
        if reporter.is_local() && reporter.kind != ActorKind::Application {
            ids.push(target.id);
        }
        match &place {
            Place::Theirs(group) if !ids.is_empty() => ids.push(group.0.id),
            // Whoever sent it here has it.
            Place::Ours(group) => ids.extend(
                self.moderators_elsewhere(&group.0)
                    .await?
                    .into_iter()
                    .filter(|moderator| moderator.host_id != reporter.host_id)
                    .map(|moderator| moderator.id),
            ),
            Place::Theirs(_) | Place::Nowhere => {}
        }
        let targets = self.inboxes(&ids).await?;
        if targets.is_empty() {
            return Ok(());
        }
        let server = self.server_actor().await?;
        let mut object = vec![target.uri.clone()];
        object.extend(post.map(|p| p.uri));
        let mut to = vec![target.uri.clone()];
        to.extend(place.uri().map(str::to_owned));
        let address = Address { to, cc: Vec::new() };
        let flag = Activity::new(self.fresh_id(), "Flag", &server.uri, json!(object), address, self.ctx.now())
            .with("content", json!(report.reason))
            .with("summary", json!(report.reason))
            .within(place.uri());
        let mut batch = Batch::default();
        batch.add(&server, &flag, &flag.document(), None, targets, self.ctx.now());
        self.send(batch).await
    }
}
