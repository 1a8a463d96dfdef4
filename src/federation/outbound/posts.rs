//! Posts on their way out: new, changed, deleted, removed, restored; and what we pass on for a group of ours.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::convert::{self, Activity, Address, PostParts};
use super::super::state::Federation;
use super::super::wire::{Doc, Kind};
use super::batch::{Batch, Mark, Target, announce_address, derived, merge};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::Actor;
use crate::domain::audiences::Scope;
use crate::domain::groups::{Group, GroupKind};
use crate::domain::posts::{Post, PostState};
use crate::policy;
use crate::store::{federation as rows, groups, posts};

/// Where something happens, and so who carries it.
#[derive(Debug)]
pub(in crate::federation) enum Place {
    /// In a group of ours: we pass it on.
    Ours(Arc<(Actor, Group)>),
    /// In a group elsewhere: its host passes it on.
    Theirs(Arc<(Actor, Group)>),
    /// In no group: to its addressees.
    Nowhere,
}

impl Place {
    /// The ActivityPub id of the group.
    pub fn uri(&self) -> Option<&str> {
        match self {
            Self::Ours(group) | Self::Theirs(group) => Some(&group.0.uri),
            Self::Nowhere => None,
        }
    }
}

impl Federation {
    pub(super) async fn place_of(&self, group: Option<ActorId>) -> Result<Place> {
        let Some(id) = group else { return Ok(Place::Nowhere) };
        let read = async {
            let (group, actor, _) = groups::get_with(&mut self.ctx.db.read().await?, id, None).await?;
            Ok((actor, group))
        };
        let both = self.groups.get(id, read).await?;
        Ok(if both.0.is_local() { Place::Ours(both) } else { Place::Theirs(both) })
    }

    pub(super) async fn parts(&self, id: PostId) -> Result<PostParts> {
        let everything = policy::sight(&Viewer::System);
        convert::load_one(&mut self.ctx.db.read().await?, id, &everything).await
    }

    pub(in crate::federation) async fn get_actor(&self, id: ActorId) -> Result<Actor> {
        self.gathered.actors.one(id).await?.ok_or(Error::NotFound)
    }

    /// Sends what someone here did in a place: through our group, to theirs, or to `direct` alone. `also` gets the
    /// author's own copy besides, as microblogs want for edits and removals.
    pub(super) async fn carry(
        &self,
        batch: &mut Batch,
        activity: Activity,
        author: &Actor,
        place: &Place,
        audience: AudienceId,
        direct: Vec<Target>,
        also_plain: bool,
    ) -> Result<()> {
        self.make_known_in(author, place, audience, &direct).await?;
        let now = self.ctx.now();
        let activity = activity.within(place.uri());
        let document = self.proven(&activity, author).await?;
        match place {
            Place::Ours(group) => {
                let (group, facts) = (&group.0, &group.1);
                let followers = self.followers_of(group, facts).await?;
                let mut targets = direct;
                if also_plain {
                    targets = merge(vec![targets, followers.plain.clone()]);
                }
                batch.add(author, &activity, &document, Some(audience), targets, now);
                let scope = facts.kind.scope();
                let id = activity.id.rsplit('/').next().and_then(|id| id.parse::<i64>().ok());
                self.wrap(batch, group, scope, id, document, audience, &followers.wrapped);
            }
            Place::Theirs(group) => {
                let to_group = self.inboxes(&[group.0.id]).await?;
                batch.add(author, &activity, &document, Some(audience), merge(vec![to_group, direct]), now);
            }
            Place::Nowhere => batch.add(author, &activity, &document, Some(audience), direct, now),
        }
        Ok(())
    }

    /// Puts an activity into an Announce of a group of ours, as it came: member for member (FEP-1b12).
    fn wrap(
        &self,
        batch: &mut Batch,
        group: &Actor,
        scope: Scope,
        id: Option<i64>,
        inner: Value,
        audience: AudienceId,
        targets: &[Target],
    ) {
        if targets.is_empty() {
            return;
        }
        let now = self.ctx.now();
        let id = id.map_or_else(|| self.fresh_id(), |id| self.ctx.urls.activity(derived(id, Mark::Wrap)));
        let announce = Activity::new(id, "Announce", &group.uri, inner, announce_address(group, scope), now);
        batch.add(group, &announce, &announce.document(), Some(audience), targets.to_vec(), now);
    }

    /// Shows a new post to those who read no wrapped activities: top-level posts of public groups alone.
    fn show(&self, batch: &mut Batch, group: &Actor, facts: &Group, post: &Post, plain: &[Target]) {
        if facts.kind != GroupKind::Public || !post.is_top() || plain.is_empty() {
            return;
        }
        let now = self.ctx.now();
        let announce = self.showing(group, post, now);
        batch.add(group, &announce, &announce.document(), Some(post.audience_id), plain.to_vec(), now);
    }

    /// The Announce by which a group shows a post.
    fn showing(&self, group: &Actor, post: &Post, at: Time) -> Activity {
        let id = self.ctx.urls.activity(derived(post.id.0, Mark::Show));
        Activity::new(id, "Announce", &group.uri, json!(post.uri), announce_address(group, Scope::Public), at)
    }

    /// Single people elsewhere who must have a post themselves, and the author's followers where they are addressed.
    /// Closed groups have none: their readers get everything through the group.
    async fn direct(&self, parts: &PostParts) -> Result<Vec<Target>> {
        if parts.view.group.is_some() && !parts.view.scope.is_open() {
            return Ok(Vec::new());
        }
        let people = parts.mentions.iter().chain(&parts.recipients).chain(&parts.parent_author);
        let ids: Vec<ActorId> = people.filter(|card| !card.is_local()).map(|card| card.id).collect();
        let named = self.inboxes(&ids).await?;
        let address = convert::addressing(parts);
        let followers = format!("{}/followers", parts.view.author.uri);
        if address.to.contains(&followers) || address.cc.contains(&followers) {
            return Ok(merge(vec![named, self.follower_inboxes(parts.view.author.id).await?]));
        }
        Ok(named)
    }

    /// A new post: its Create, if it was written here; in a group of ours its showing, and `relay`, the activity that it
    /// came in. One that waited for a moderator brings it along.
    pub(super) async fn post_published(&self, id: PostId, relay: Option<ActivityId>) -> Result<()> {
        let post = self.ctx.gathered.posts.one(id).await?.ok_or(Error::NotFound)?;
        if post.state != PostState::Published {
            return Ok(());
        }
        let place = self.place_of(post.group_id).await?;
        let mut batch = Batch::default();
        let own = self.ctx.urls.is_ours(&post.uri);
        if own && !matches!(place, Place::Theirs(_)) {
            let parts = self.parts(id).await?;
            let author = self.get_actor(post.author_id).await?;
            let direct = self.direct(&parts).await?;
            let create = self.create_of(&parts);
            self.carry(&mut batch, create, &author, &place, post.audience_id, direct, false).await?;
            self.ask_to_quote(&mut batch, &parts, &author).await?;
        }
        if let Place::Ours(group) = &place {
            let (group, facts) = (&group.0, &group.1);
            let followers = self.followers_of(group, facts).await?;
            self.show(&mut batch, group, facts, &post, &followers.plain);
            self.notify_barely(&mut batch, group, facts, &post).await?;
            let relay = match relay {
                _ if followers.wrapped.is_empty() => None,
                None if !own => rows::held_activity(&mut self.ctx.db.read().await?, post.id).await?,
                known => known,
            };
            // It may be forgotten, if a moderator took long.
            if let Some(activity) = relay
                && let Some(stored) = rows::find_activity(&mut self.ctx.db.read().await?, activity).await?
            {
                let inner = serde_json::from_str(&stored.body).map_err(Error::internal)?;
                let (scope, audience) = (facts.kind.scope(), facts.audience_id);
                self.wrap(&mut batch, group, scope, Some(activity.0), inner, audience, &followers.wrapped);
            }
        }
        self.send(batch).await
    }

    /// A post for a group elsewhere: to that group, and to those it names.
    pub(super) async fn post_submitted(&self, id: PostId) -> Result<()> {
        let parts = self.parts(id).await?;
        let place = self.place_of(parts.view.post.group_id).await?;
        let author = self.get_actor(parts.view.author.id).await?;
        let direct = self.direct(&parts).await?;
        let mut batch = Batch::default();
        let create = self.create_of(&parts);
        self.carry(&mut batch, create, &author, &place, parts.view.post.audience_id, direct, false).await?;
        self.ask_to_quote(&mut batch, &parts, &author).await?;
        self.send(batch).await
    }

    /// The whole post again. Followers of a group who read no wrapped activities get it from its author.
    pub(super) async fn post_edited(&self, id: PostId) -> Result<()> {
        let parts = self.parts(id).await?;
        let post = &parts.view.post;
        let sent = matches!(post.state, PostState::Published | PostState::Waiting);
        if !parts.view.author.is_local() || !sent {
            return Ok(());
        }
        let author = self.get_actor(parts.view.author.id).await?;
        let place = self.place_of(post.group_id).await?;
        let note = convert::note(&parts, &self.ctx.urls, self.ctx.now());
        let address = convert::addressing(&parts);
        let update = Activity::new(self.fresh_id(), "Update", &author.uri, note, address, self.ctx.now());
        let direct = self.direct(&parts).await?;
        let mut batch = Batch::default();
        self.carry(&mut batch, update, &author, &place, post.audience_id, direct, post.is_top()).await?;
        self.send(batch).await
    }

    /// A tombstone to all who had the post: also to those it named, whom the row has forgotten but the Create has not.
    pub(super) async fn post_deleted(&self, id: PostId) -> Result<()> {
        let parts = self.parts(id).await?;
        let post = &parts.view.post;
        if !parts.view.author.is_local() {
            return Ok(());
        }
        let author = self.get_actor(parts.view.author.id).await?;
        let place = self.place_of(post.group_id).await?;
        let mut direct = self.direct(&parts).await?;
        let mut address = convert::addressing(&parts);
        if let Some(first) = self.first_address(id).await? {
            if !matches!(place, Place::Ours(_) | Place::Theirs(_)) || parts.view.scope.is_open() {
                let named = [first.to.clone(), first.cc.clone()].concat();
                direct = merge(vec![direct, self.inboxes_named(&named).await?]);
            }
            address = first;
        }
        let tombstone = convert::tombstone(&post.uri, "Note", Some(self.ctx.now()));
        let delete = Activity::new(self.fresh_id(), "Delete", &author.uri, tombstone, address, self.ctx.now());
        let mut batch = Batch::default();
        if let Place::Ours(group) = &place {
            self.take_notice_back(&mut batch, &group.0, &group.1, post).await?;
        }
        self.carry(&mut batch, delete, &author, &place, post.audience_id, direct, post.is_top()).await?;
        self.send(batch).await
    }

    /// To whom the Create of a post went.
    async fn first_address(&self, id: PostId) -> Result<Option<Address>> {
        let stored = rows::find_activity(&mut self.ctx.db.read().await?, ActivityId(id.0)).await?;
        let Some(stored) = stored else { return Ok(None) };
        let document: Value = serde_json::from_str(&stored.body).map_err(Error::internal)?;
        let all = |name: &str| Doc(&document).ids(name).into_iter().map(str::to_owned).collect();
        Ok(Some(Address { to: all("to"), cc: all("cc") }))
    }

    /// A moderator's removal: a Delete with its reason (INTEROP B.2.4), and for microblogs the end of the showing.
    pub(super) async fn post_removed(&self, id: PostId, moderator: ActorId, reason: &str) -> Result<()> {
        let parts = self.parts(id).await?;
        let post = &parts.view.post;
        let moderator = self.get_actor(moderator).await?;
        let place = self.place_of(post.group_id).await?;
        let mut batch = Batch::default();
        if moderator.is_local() && !matches!(place, Place::Nowhere) {
            let address = self.group_address(&place, &parts);
            let id = self.fresh_id();
            let delete = Activity::new(id, "Delete", &moderator.uri, json!(post.uri), address, self.ctx.now())
                .with("summary", json!(reason));
            let author = self.inboxes(&[parts.view.author.id]).await?;
            self.carry(&mut batch, delete, &moderator, &place, post.audience_id, author, false).await?;
        }
        if let Place::Ours(group) = &place {
            self.unshow(&mut batch, &group.0, &group.1, post).await?;
        }
        self.send(batch).await
    }

    /// Takes a showing back.
    async fn unshow(&self, batch: &mut Batch, group: &Actor, facts: &Group, post: &Post) -> Result<()> {
        self.take_notice_back(batch, group, facts, post).await?;
        if !post.is_top() || facts.kind != GroupKind::Public {
            return Ok(());
        }
        let plain = self.followers_of(group, facts).await?.plain.clone();
        if plain.is_empty() {
            return Ok(());
        }
        let now = self.ctx.now();
        let shown = self.showing(group, post, post.published_at);
        let address = announce_address(group, Scope::Public);
        let undo = Activity::new(self.fresh_id(), "Undo", &group.uri, shown.bare(), address, now);
        batch.add(group, &undo, &undo.document(), Some(post.audience_id), plain, now);
        Ok(())
    }

    pub(super) async fn post_restored(&self, id: PostId, moderator: ActorId) -> Result<()> {
        let parts = self.parts(id).await?;
        let post = &parts.view.post;
        let moderator = self.get_actor(moderator).await?;
        let place = self.place_of(post.group_id).await?;
        if !moderator.is_local() || matches!(place, Place::Nowhere) {
            return Ok(());
        }
        let address = self.group_address(&place, &parts);
        let inner =
            Activity::new(self.fresh_id(), "Delete", &moderator.uri, json!(post.uri), address.clone(), self.ctx.now());
        let inner = inner.with("summary", json!("")).within(place.uri());
        let undo = Activity::new(self.fresh_id(), "Undo", &moderator.uri, inner.bare(), address, self.ctx.now());
        let mut batch = Batch::default();
        let author = self.inboxes(&[parts.view.author.id]).await?;
        self.carry(&mut batch, undo, &moderator, &place, post.audience_id, author, false).await?;
        self.send(batch).await
    }

    /// To whom what happens to a post in a group is addressed.
    pub(super) fn group_address(&self, place: &Place, parts: &PostParts) -> Address {
        let Some(group) = place.uri() else { return convert::addressing(parts) };
        if parts.view.scope.is_open() {
            let to = vec![super::super::wire::PUBLIC.to_owned()];
            Address { to, cc: vec![group.to_owned(), format!("{group}/followers")] }
        } else {
            Address { to: vec![group.to_owned(), format!("{group}/followers")], cc: Vec::new() }
        }
    }

    /// Passes a received activity on to the followers of a group of ours.
    pub(super) async fn relay(&self, activity: ActivityId, group: ActorId) -> Result<()> {
        let Place::Ours(group) = self.place_of(Some(group)).await? else { return Ok(()) };
        let (group, facts) = (&group.0, &group.1);
        let followers = self.followers_of(group, facts).await?;
        if followers.is_empty() && !facts.takes_bare_followers() {
            return Ok(());
        }
        let stored = rows::find_activity(&mut self.ctx.db.read().await?, activity).await?.ok_or(Error::NotFound)?;
        let inner: Value = serde_json::from_str(&stored.body).map_err(Error::internal)?;
        let mut batch = Batch::default();
        let (kind, object) = (Doc(&inner).kind(), Doc(&inner).one_id("object").unwrap_or_default());
        // Who left is told of by every group that they were in.
        let once = (object != Doc(&inner).one_id("actor").unwrap_or_default()).then_some(activity.0);
        self.wrap(&mut batch, group, facts.kind.scope(), once, inner.clone(), facts.audience_id, &followers.wrapped);
        if kind == Some(Kind::Delete)
            && let Some(post) = posts::find_by_uri(&mut self.ctx.db.read().await?, object).await?
        {
            self.unshow(&mut batch, group, facts, &post).await?;
        }
        self.send(batch).await?;
        // After the appointment: before it they would not be heard on it.
        match kind {
            Some(Kind::Add) => match self.known_actor(object).await? {
                Some(who) if !who.is_group() => self.tell_waiting(&who, group).await,
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}
