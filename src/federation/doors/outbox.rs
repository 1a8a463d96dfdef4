//! What was written: outboxes as Create and Announce of each post. For what others wrote in a closed group its host is the only
//! door: it tells it with the author's proof, one post, one thread or all, and hands out its copies of the files.

use std::collections::{HashMap, HashSet};

use axum::extract::{OriginalUri, Path, Query, State};
use axum::response::Response;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::super::convert::{self, Activity, Address, PostParts, with_context};
use super::super::outbound::announce_address;
use super::super::state::Federation;
use super::answer::{self, Keep};
use super::collections::{PAGE, Part, list, page_of, paged};
use super::objects::file_response;
use crate::base::*;
use crate::domain::actors::{Actor, ActorState};
use crate::domain::groups::GroupKind;
use crate::domain::posts::{Post, PostState, PostView};
use crate::domain::{Sight, Viewer};
use crate::policy;
use crate::services;
use crate::store::posts::Under;
use crate::store::{Conn, actors, federation as rows, media, posts};

/// Bytes of others' activities in one answer, well below what readers take; what comes after is named by its id.
const WHOLE: usize = 600_000;

/// Which file of which post.
#[derive(Debug, Deserialize)]
pub struct Asked {
    object: String,
    url: String,
}

/// `GET /groups/NAME/file?object=ID&url=URL`
pub async fn group_file(
    State(federation): State<Federation>,
    OriginalUri(uri): OriginalUri,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    match federation.reader(&uri, &headers).await {
        Ok(viewer) => federation.group_file(&name, &asked, &viewer).await.unwrap_or_else(|error| answer::error(&error)),
        Err(refused) => answer::refusal(refused.status()),
    }
}

impl Federation {
    pub(super) async fn person_outbox(&self, name: &str, part: &Part, viewer: &Viewer) -> Result<Response> {
        let actor = self.person(name, viewer).await?;
        let mut conn = self.ctx.db.read().await?;
        let id = format!("{}/outbox", actor.uri);
        if part.page.is_none() {
            return Ok(answer::document(&paged(&id, actor.posts_count), Keep::Public));
        }
        let sight = policy::sight(viewer);
        let page = Page::before(part.before, PAGE);
        let found = posts::by_author(&mut conn, actor.id, &sight, false, page).await?;
        let items = self.created(&mut conn, &found.items, &sight).await?;
        Ok(answer::document(&page_of(&id, part, &items, found.next), Keep::Private))
    }

    pub(super) async fn group_outbox(&self, name: &str, part: &Part, viewer: &Viewer) -> Result<Response> {
        let mut conn = self.ctx.db.read().await?;
        let (actor, group, reads) = self.group(&mut conn, name, viewer).await?;
        if !reads {
            return Err(Error::NotFound);
        }
        let id = format!("{}/outbox", actor.uri);
        let keep = if group.kind == GroupKind::Public { Keep::Public } else { Keep::Private };
        let sight = policy::sight(viewer);
        let document = match part {
            Part { object: Some(uri), .. } => {
                let post = post_in(&mut conn, &actor, uri, &sight).await?;
                let views = posts::views(&mut conn, &[post.id], &sight).await?;
                let items = self.announces(&mut conn, &actor, &views, &sight).await?;
                list(&with_param(&id, "object", uri)?, "OrderedCollection", &items, None)
            }
            Part { context: Some(uri), .. } => {
                let root = post_in(&mut conn, &actor, uri, &sight).await?.root_id;
                self.thread(&mut conn, &actor, root, &with_param(&id, "context", uri)?, part, &sight).await?
            }
            Part { page: None, .. } => paged(&id, actor.posts_count),
            _ => {
                let found = posts::in_group(&mut conn, actor.id, &sight, Page::before(part.before, PAGE)).await?;
                let items = self.announces(&mut conn, &actor, &found.items, &sight).await?;
                page_of(&id, part, &items, found.next)
            }
        };
        Ok(answer::document(&document, keep))
    }

    /// A page of a thread, the oldest first: whole, for a collection of ids would send its reader to every author's server.
    async fn thread(
        &self,
        conn: &mut Conn,
        group: &Actor,
        root: PostId,
        id: &str,
        part: &Part,
        sight: &Sight,
    ) -> Result<Value> {
        let at = |after: i64| format!("{id}&after={after}");
        let found = posts::under(conn, Under::Root(root), sight, part.after.unwrap_or(-1), PAGE).await?;
        let ids: Vec<PostId> = found.iter().map(|(id, _)| *id).collect();
        let mut views = posts::views(conn, &ids, sight).await?;
        views.sort_by_key(|view| view.post.id);
        let items = self.announces(conn, group, &views, sight).await?;
        let here = part.after.map_or_else(|| id.to_owned(), at);
        let mut page = json!({"id": here, "type": "OrderedCollectionPage", "partOf": id, "orderedItems": items});
        let full = i64::try_from(found.len()).is_ok_and(|n| n >= PAGE);
        if let Some((last, _)) = found.last().filter(|_| full) {
            page["next"] = json!(at(last.0));
        }
        Ok(with_context(page))
    }

    /// The Announces by which a group passed posts on.
    async fn announces(&self, conn: &mut Conn, group: &Actor, views: &[PostView], sight: &Sight) -> Result<Vec<Value>> {
        let published: Vec<PostView> =
            views.iter().filter(|view| view.post.state == PostState::Published).cloned().collect();
        let created = self.created(conn, &published, sight).await?;
        let announce = |(view, create): (&PostView, Value)| {
            let address = announce_address(group, view.scope);
            let id = format!("{}#announces/{}", group.uri, view.post.id);
            Activity::new(id, "Announce", &group.uri, create, address, view.post.published_at).bare()
        };
        Ok(published.iter().zip(created).map(announce).collect())
    }

    /// The Create of each published post, in the order given: whole for ours; for others' as its author proved it, where that is
    /// kept here, else the bare id of the post.
    async fn created(&self, conn: &mut Conn, views: &[PostView], sight: &Sight) -> Result<Vec<Value>> {
        let of = |local: bool| views.iter().filter(move |v| v.author.is_local() == local).map(|v| v.post.id).collect();
        let (ours, others): (Vec<PostId>, Vec<PostId>) = (of(true), of(false));
        let parts = convert::load(conn, &ours, sight).await?;
        let mut kept: HashMap<PostId, String> = match others.is_empty() {
            true => HashMap::new(),
            false => posts::originals_of(conn, &others).await?.into_iter().collect(),
        };
        let welcome = self.welcome_authors(conn, views.iter().filter(|v| kept.contains_key(&v.post.id))).await?;
        let mut room = WHOLE;
        let mut item = |view: &PostView| {
            if let Some(parts) = parts.iter().find(|p| p.view.post.id == view.post.id) {
                return self.create_of(parts).bare();
            }
            let whole = kept.remove(&view.post.id);
            let whole = whole.filter(|body| body.len() <= room && welcome.contains(&view.author.id));
            room -= whole.as_ref().map_or(0, String::len);
            whole.and_then(|body| serde_json::from_str(&body).ok()).unwrap_or_else(|| json!(view.post.uri))
        };
        Ok(views.iter().filter(|v| v.post.state == PostState::Published).map(&mut item).collect())
    }

    /// Those of several authors elsewhere who are not suspended, and whose server is not blocked.
    async fn welcome_authors(
        &self,
        conn: &mut Conn,
        views: impl Iterator<Item = &PostView>,
    ) -> Result<HashSet<ActorId>> {
        let cards: HashMap<ActorId, &str> =
            views.filter_map(|view| Some((view.author.id, view.author.host.as_deref()?))).collect();
        let names: HashSet<String> = cards.values().map(|host| (*host).to_owned()).collect();
        let hosts = rows::hosts_by_name(conn, &names.into_iter().collect::<Vec<_>>()).await?;
        let open: HashSet<HostId> =
            hosts.iter().filter(|host| self.check_host(host).is_ok()).map(|host| host.id).collect();
        let authors = actors::list(conn, &cards.into_keys().collect::<Vec<_>>()).await?;
        let welcome = authors.iter().filter(|one| one.state == ActorState::Active && open.contains(&one.host_id));
        Ok(welcome.map(|one| one.id).collect())
    }

    /// The Create of a post of ours. Its id is the post's, so that it is the same each time it is made.
    pub(in crate::federation) fn create_of(&self, parts: &PostParts) -> Activity {
        let post = &parts.view.post;
        let note = convert::note(parts, &self.ctx.urls, self.ctx.now());
        let id = self.ctx.urls.activity(ActivityId(post.id.0));
        let address: Address = convert::addressing(parts);
        let author = &parts.view.author.uri;
        let group = parts.view.group.as_ref().map(|g| g.actor.uri.as_str());
        Activity::new(id, "Create", author, note, address, post.published_at).within(group)
    }

    /// A file of a post in a group here, by the address that its author's server gave it.
    async fn group_file(&self, name: &str, asked: &Asked, viewer: &Viewer) -> Result<Response> {
        let mut conn = self.ctx.db.read().await?;
        let (actor, group, reads) = self.group(&mut conn, name, viewer).await?;
        if !reads || group.kind == GroupKind::Public {
            return Err(Error::NotFound);
        }
        let post = post_in(&mut conn, &actor, &asked.object, &policy::sight(viewer)).await?;
        let files = media::of_posts(&mut conn, &[post.id]).await?;
        let named = |url: &Option<String>| url.as_deref() == Some(asked.url.as_str());
        let file = files.into_iter().find(|file| named(&file.remote_url)).ok_or(Error::NotFound)?;
        drop(conn);
        // What is not kept yet is asked of its author's server in our own name: we host the group.
        file_response(services::media::open(&self.ctx, &Viewer::System, file.id, false).await?)
    }
}

/// A post that is in a group, for who may see it.
async fn post_in(conn: &mut Conn, group: &Actor, uri: &str, sight: &Sight) -> Result<Post> {
    let found = posts::find_by_uri(conn, uri).await?.filter(|post| post.group_id == Some(group.id));
    let seen = posts::find_visible(conn, found.ok_or(Error::NotFound)?.id, sight).await?;
    seen.filter(|post| !post.is_gone()).ok_or(Error::NotFound)
}

fn with_param(id: &str, name: &str, value: &str) -> Result<String> {
    Url::parse_with_params(id, [(name, value)]).map(String::from).map_err(Error::internal)
}
