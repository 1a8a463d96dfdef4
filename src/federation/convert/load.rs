use std::collections::HashMap;

use crate::base::*;
use crate::domain::actors::ActorCard;
use crate::domain::extras::Extra;
use crate::domain::posts::{PostKind, PostView, QuoteState};
use crate::domain::{Sight, Viewer};
use crate::policy;
use crate::store::{self, Conn, actors, federation, posts};

/// A post with all that its document names.
#[derive(Clone, Debug)]
pub struct PostParts {
    /// The post with author, group, files and poll.
    pub view: PostView,
    /// ActivityPub id of what it answers.
    pub parent_uri: Option<String>,
    /// Who wrote what it answers.
    pub parent_author: Option<ActorCard>,
    /// Whether its thread is shown by us: it began here, or in a group of ours.
    pub context_here: bool,
    /// Who is mentioned.
    pub mentions: Vec<ActorCard>,
    /// Hashtags.
    pub tags: Vec<String>,
    /// ActivityPub id of the accepted answer.
    pub accepted_uri: Option<String>,
    /// What it quotes, whether it may, and where that is written down.
    pub quote: Option<Quoted>,
    /// Whom a direct message goes to, besides its author.
    pub recipients: Vec<ActorCard>,
    /// What it is besides a text.
    pub extra: Option<Extra>,
}

/// A post that is quoted.
#[derive(Clone, Debug)]
pub struct Quoted {
    /// Its ActivityPub id.
    pub uri: String,
    /// Who wrote it.
    pub author: ActorCard,
    /// What they say of it.
    pub state: QuoteState,
    /// Where they say it.
    pub stamp: Option<String>,
}

/// Loads what the documents of several posts need; those the viewer may not see are left out. In no order.
pub async fn load(conn: &mut Conn, ids: &[PostId], sight: &Sight) -> Result<Vec<PostParts>> {
    let views = posts::views(conn, ids, sight).await?;
    if views.is_empty() {
        return Ok(Vec::new());
    }
    let named: Vec<PostId> = views.iter().map(|view| view.post.id).collect();
    let mut mentions: HashMap<PostId, Vec<ActorCard>> = HashMap::new();
    for (post, card) in posts::mentions_of(conn, &named).await? {
        mentions.entry(post).or_default().push(card);
    }
    let mut tags: HashMap<PostId, Vec<String>> = HashMap::new();
    for (post, tag) in posts::tags_of(conn, &named).await? {
        tags.entry(post).or_default().push(tag);
    }
    let mut extras: HashMap<PostId, Extra> = store::extras::of(conn, &named).await?.into_iter().collect();
    let around: Vec<PostId> = views
        .iter()
        .flat_map(|v| [v.post.parent_id, v.post.accepted_id, Some(v.post.root_id), v.quoted])
        .flatten()
        .collect();
    let everything = policy::sight(&Viewer::System);
    let around: HashMap<PostId, PostView> =
        posts::views(conn, &around, &everything).await?.into_iter().map(|view| (view.post.id, view)).collect();
    let mut parts = Vec::with_capacity(views.len());
    for view in views {
        let id = view.post.id;
        let parent = view.post.parent_id.and_then(|p| around.get(&p));
        let parent_uri = match parent {
            Some(parent) => Some(parent.post.uri.clone()),
            None => federation::parent_uri(conn, id).await?,
        };
        let root = around.get(&view.post.root_id);
        let ours = |card: &ActorCard| card.is_local();
        let quote = match view.quoted.and_then(|quoted| around.get(&quoted)) {
            Some(quoted) => posts::quote_of(conn, id).await?.map(|(_, state, stamp)| Quoted {
                uri: quoted.post.uri.clone(),
                author: quoted.author.clone(),
                state,
                stamp,
            }),
            None => None,
        };
        parts.push(PostParts {
            quote,
            parent_uri,
            parent_author: parent.map(|p| p.author.clone()),
            context_here: root.is_some_and(|r| ours(&r.author)) || view.group.as_ref().is_some_and(|g| ours(&g.actor)),
            mentions: mentions.remove(&id).unwrap_or_default(),
            tags: tags.remove(&id).unwrap_or_default(),
            accepted_uri: view.post.accepted_id.and_then(|a| around.get(&a)).map(|a| a.post.uri.clone()),
            recipients: recipients(conn, &view).await?,
            extra: extras.remove(&id),
            view,
        });
    }
    Ok(parts)
}

/// As [`load`], of one post.
///
/// # Errors
/// `NotFound` when it is not there for this viewer.
pub async fn load_one(conn: &mut Conn, id: PostId, sight: &Sight) -> Result<PostParts> {
    load(conn, &[id], sight).await?.pop().ok_or(Error::NotFound)
}

async fn recipients(conn: &mut Conn, view: &PostView) -> Result<Vec<ActorCard>> {
    if view.post.kind != PostKind::Direct {
        return Ok(Vec::new());
    }
    let mut ids = federation::readers_of(conn, view.post.audience_id).await?;
    ids.retain(|id| *id != view.author.id);
    actors::cards(conn, &ids).await
}
