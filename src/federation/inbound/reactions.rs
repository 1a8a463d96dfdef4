//! Reactions and shares that come in.

use super::super::outbound::reaction_of;
use super::super::state::Federation;
use super::super::wire::Doc;
use super::Item;
use super::undo::undone_id;
use crate::base::*;
use crate::domain::posts::{Post, ReactionKind};
use crate::services::posts as service;
use crate::store::federation as rows;
use crate::store::posts::{Met, Reacting};

impl Federation {
    /// A reaction, or (from an Undo) its end.
    pub(super) async fn on_like(&self, item: &Item<'_>, on: bool) -> Result<()> {
        let like = if on { item.doc } else { item.doc.embedded("object").ok_or(Error::NotFound)? };
        self.react(item, like.one_id("object").unwrap_or_default(), kind_of(like), on, like.id()).await
    }

    /// A reaction to a post, by the ids of both, or its end.
    pub(super) async fn react(
        &self,
        item: &Item<'_>,
        post: &str,
        kind: ReactionKind,
        on: bool,
        id: Option<&str>,
    ) -> Result<()> {
        if item.actor.is_local() {
            return Ok(());
        }
        let reacting = Reacting {
            post: post.to_owned(),
            actor: item.actor.id,
            actor_uri: item.actor.uri.clone(),
            undone: id.map(undone_id).unwrap_or_default(),
        };
        let Met { post, audience, blocked, undone } = self.gathered.met.one(reacting).await?.ok_or(Error::NotFound)?;
        if on && undone {
            return Ok(());
        }
        if post.is_gone() || !self.readable_by(&post, &audience, item).await? {
            return Err(Error::NotFound);
        }
        if on && blocked {
            return Err(Error::forbidden("error-blocked-by-author"));
        }
        let id = id.map_or_else(|| format!("{}#likes/{}", item.actor.uri, post.id), str::to_owned);
        let relay = item.row.zip(post.group_id);
        service::receive_reaction(&self.ctx, item.actor.id, post.id, kind, on, &id, relay).await
    }

    /// Someone shows a post to their followers.
    pub(super) async fn share(&self, item: &Item<'_>, post: &Post) -> Result<()> {
        let mut conn = self.ctx.db.read().await?;
        let ours = crate::store::actors::get(&mut conn, post.author_id).await?.is_local();
        let followed = rows::local_member(&mut conn, item.actor.id).await?.is_some();
        let scope = crate::store::groups::get_audience(&mut conn, post.audience_id).await?.scope;
        drop(conn);
        if !(ours || followed) || !scope.is_open() || post.is_gone() || self.is_undone(item).await? {
            return Ok(());
        }
        let uri = item.envelope.id.clone().unwrap_or_else(|| format!("{}#shares/{}", item.actor.uri, post.id));
        service::receive_share(&self.ctx, item.actor.id, post.id, true, &uri).await
    }
}

/// Which of our reactions a Like or EmojiReact is.
fn kind_of(like: Doc<'_>) -> ReactionKind {
    let told = like.get("kring:reaction").and_then(|v| v.as_str()).and_then(ReactionKind::parse);
    let emoji = like.text("content").or_else(|| like.text("_misskey_reaction"));
    told.unwrap_or_else(|| reaction_of(emoji))
}
