//! What people of other software hear of a closed group that lets them: that something was written. Neither what, nor by whom: the
//! group itself says it, and the address it gives opens for members alone (INTEROP B.6.3).

use serde_json::{Value, json};

use super::super::convert::{self, Activity, Address};
use super::super::state::Federation;
use super::batch::{Batch, Target, targets};
use crate::base::*;
use crate::domain::actors::Actor;
use crate::domain::groups::Group;
use crate::domain::posts::Post;
use crate::services::follows;
use crate::store::notice_followers;

impl Federation {
    /// Says that there is a new top-level post.
    pub(super) async fn notify_barely(
        &self,
        batch: &mut Batch,
        group: &Actor,
        facts: &Group,
        post: &Post,
    ) -> Result<()> {
        let page = self.ctx.urls.post(post.id);
        let (says, read) = follows::notice(&self.ctx, &group.display_name);
        let note = json!({
            "id": notice_id(group, post), "type": "Note", "attributedTo": group.uri, "to": followers_of(group).to, "cc": [],
            "content": convert::notice(&says, &read, &page), "url": page,
            "published": self.ctx.now().to_rfc3339_seconds(),
        });
        self.tell_barely(batch, (group, facts), post, "Create", note).await
    }

    /// Takes it back with the post.
    pub(super) async fn take_notice_back(
        &self,
        batch: &mut Batch,
        group: &Actor,
        facts: &Group,
        post: &Post,
    ) -> Result<()> {
        let tombstone = convert::tombstone(&notice_id(group, post), "Note", Some(self.ctx.now()));
        self.tell_barely(batch, (group, facts), post, "Delete", tombstone).await
    }

    async fn tell_barely(
        &self,
        batch: &mut Batch,
        (group, facts): (&Actor, &Group),
        post: &Post,
        kind: &'static str,
        object: Value,
    ) -> Result<()> {
        let to = self.bare_followers(facts, post).await?;
        if !to.is_empty() {
            let now = self.ctx.now();
            let activity = Activity::new(self.fresh_id(), kind, &group.uri, object, followers_of(group), now);
            batch.add(group, &activity, &activity.document(), None, to, now);
        }
        Ok(())
    }

    async fn bare_followers(&self, facts: &Group, post: &Post) -> Result<Vec<Target>> {
        if !post.is_top() || !facts.takes_bare_followers() {
            return Ok(Vec::new());
        }
        let all = notice_followers::inboxes(&mut self.ctx.db.read().await?, facts.actor_id).await?;
        self.welcome(targets(all)).await
    }
}

/// The notice has an id of its own, which leads nowhere: whoever gets it has all there is.
fn notice_id(group: &Actor, post: &Post) -> String {
    format!("{}/notices/{}", group.uri, post.id)
}

fn followers_of(group: &Actor) -> Address {
    Address { to: vec![format!("{}/followers", group.uri)], cc: Vec::new() }
}
