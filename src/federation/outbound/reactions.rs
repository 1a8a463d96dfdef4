//! Reactions, shares and votes on their way out.

use serde_json::json;

use super::super::convert::{self, Activity, Address};
use super::super::state::Federation;
use super::super::wire::PUBLIC;
use super::batch::{Batch, merge};
use super::posts::Place;
use crate::base::*;
use crate::domain::posts::ReactionKind;
use crate::store::federation as rows;

/// How a reaction looks on servers that know any emoji. A plain Like is thanks.
pub(in crate::federation) fn emoji(kind: ReactionKind) -> Option<&'static str> {
    match kind {
        ReactionKind::Thanks => None,
        ReactionKind::Helpful => Some("💡"),
        ReactionKind::Agree => Some("👍"),
        ReactionKind::Celebrate => Some("🎉"),
    }
}

/// Which of our few reactions an emoji comes down to.
pub(in crate::federation) fn reaction_of(emoji: Option<&str>) -> ReactionKind {
    match emoji.map(|e| e.trim_end_matches('\u{fe0f}')) {
        Some("💡" | "🙏") => ReactionKind::Helpful,
        Some("👍" | "✅" | "💯") => ReactionKind::Agree,
        Some("🎉" | "🥳" | "🎊") => ReactionKind::Celebrate,
        _ => ReactionKind::Thanks,
    }
}

impl Federation {
    fn like(&self, id: &str, actor: &str, post: &str, kind: ReactionKind, address: Address) -> Activity {
        let like = Activity::new(id.to_owned(), "Like", actor, json!(post), address, self.ctx.now());
        match emoji(kind) {
            Some(emoji) => like.with("content", json!(emoji)).with("kring:reaction", json!(kind)),
            None => like,
        }
    }

    pub(super) async fn reacted(&self, actor: ActorId, post: PostId, kind: ReactionKind) -> Result<()> {
        let actor = self.get_actor(actor).await?;
        if !actor.is_local() {
            return Ok(());
        }
        let uri = rows::reaction_uri(&mut self.ctx.db.read().await?, actor.id, post, kind).await?;
        let Some(uri) = uri else { return Ok(()) };
        self.send_reaction(&actor, post, |address, object| Ok(self.like(&uri, &actor.uri, object, kind, address))).await
    }

    pub(super) async fn unreacted(&self, actor: ActorId, post: PostId, kind: ReactionKind, uri: &str) -> Result<()> {
        let actor = self.get_actor(actor).await?;
        if !actor.is_local() {
            return Ok(());
        }
        let make = |address: Address, object: &str| {
            let like = self.like(uri, &actor.uri, object, kind, address.clone());
            Ok(Activity::new(self.fresh_id(), "Undo", &actor.uri, like.bare(), address, self.ctx.now()))
        };
        self.send_reaction(&actor, post, make).await
    }

    /// To the post's author and to the group it is in.
    async fn send_reaction(
        &self,
        actor: &crate::domain::actors::Actor,
        post: PostId,
        make: impl FnOnce(Address, &str) -> Result<Activity>,
    ) -> Result<()> {
        let parts = self.parts(post).await?;
        let place = self.place_of(parts.view.post.group_id).await?;
        let open = parts.view.scope.is_open() || matches!(place, Place::Nowhere);
        let mut to = vec![parts.view.author.uri.clone()];
        to.extend(place.uri().map(str::to_owned));
        let activity = make(Address { to, cc: Vec::new() }, &parts.view.post.uri)?;
        let author = if open { self.inboxes(&[parts.view.author.id]).await? } else { Vec::new() };
        let mut batch = Batch::default();
        self.carry(&mut batch, activity, actor, &place, parts.view.post.audience_id, author, false).await?;
        self.send(batch).await
    }

    pub(super) async fn shared(&self, actor: ActorId, post: PostId) -> Result<()> {
        self.send_share(actor, post, None).await
    }

    pub(super) async fn unshared(&self, actor: ActorId, post: PostId, uri: &str) -> Result<()> {
        self.send_share(actor, post, Some(uri)).await
    }

    async fn send_share(&self, actor: ActorId, post: PostId, undone: Option<&str>) -> Result<()> {
        let actor = self.get_actor(actor).await?;
        if !actor.is_local() {
            return Ok(());
        }
        let parts = self.parts(post).await?;
        let uri = match undone {
            Some(uri) => uri.to_owned(),
            None => match rows::share_uri(&mut self.ctx.db.read().await?, actor.id, post).await? {
                Some(uri) => uri,
                None => return Ok(()),
            },
        };
        let followers = format!("{}/followers", actor.uri);
        let address = Address { to: vec![PUBLIC.to_owned()], cc: vec![parts.view.author.uri.clone(), followers] };
        let object = json!(parts.view.post.uri);
        let announce = Activity::new(uri, "Announce", &actor.uri, object, address.clone(), self.ctx.now());
        let activity = match undone {
            Some(_) => Activity::new(self.fresh_id(), "Undo", &actor.uri, announce.bare(), address, self.ctx.now()),
            None => announce,
        };
        let targets = merge(vec![self.follower_inboxes(actor.id).await?, self.inboxes(&[parts.view.author.id]).await?]);
        self.make_known(&actor).await?;
        let mut batch = Batch::default();
        batch.add(&actor, &activity, &activity.document(), Some(parts.view.post.audience_id), targets, self.ctx.now());
        self.send(batch).await
    }

    /// Votes go to the author of the poll alone: they are nobody else's business. A poll of ours tells its new counts.
    pub(super) async fn voted(&self, actor: ActorId, post: PostId, positions: &[i32]) -> Result<()> {
        let parts = self.parts(post).await?;
        let voter = self.get_actor(actor).await?;
        if parts.view.author.is_local() {
            return self.post_edited(post).await;
        }
        let (Some(poll), true) = (&parts.view.poll, voter.is_local()) else { return Ok(()) };
        let chosen = poll.options.iter().filter(|o| positions.contains(&o.position));
        let chosen: Vec<(i32, String)> = chosen.map(|o| (o.position, o.title.clone())).collect();
        let (author, now) = (parts.view.author.uri.clone(), self.ctx.now());
        let targets = self.inboxes(&[parts.view.author.id]).await?;
        let place = self.place_of(parts.view.post.group_id).await?;
        self.make_known_in(&voter, &place, parts.view.post.audience_id, &targets).await?;
        let mut batch = Batch::default();
        for note in convert::votes(&voter.uri, &parts.view.post.uri, &author, &chosen, now) {
            let address = Address { to: vec![author.clone()], cc: Vec::new() };
            let create = Activity::new(self.fresh_id(), "Create", &voter.uri, note, address, now);
            batch.add(&voter, &create, &create.document(), None, targets.clone(), now);
        }
        self.send(batch).await
    }
}
