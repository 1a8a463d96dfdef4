//! Collections: outbox, followers, moderators, pins, replies, threads. Each under the rule of what it lists.

use axum::extract::{OriginalUri, Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::convert::with_context;
use super::super::directory::kinds_told;
use super::super::state::Federation;
use super::answer::{self, Keep};
use super::objects::{knows_group, reads_group};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorKind, ActorState};
use crate::domain::groups::{FollowState, Group, GroupKind};
use crate::domain::posts::{PostKind, PostView};
use crate::policy;
use crate::store::posts::Under;
use crate::store::{Conn, actors, federation as rows, groups, memberships, peers, posts};

/// Posts on one page of an outbox.
pub(super) const PAGE: i64 = 20;
/// Posts on one page of a thread.
const THREAD: i64 = 100;

/// What part of a collection is asked for.
#[derive(Debug, Default, Deserialize)]
pub struct Part {
    pub(super) page: Option<String>,
    pub(super) before: Option<i64>,
    pub(super) after: Option<i64>,
    is_follower: Option<String>,
    /// In the outbox of a group: a post, with all of its thread.
    pub(super) context: Option<String>,
    /// In the outbox of a group: a post alone.
    pub(super) object: Option<String>,
}

type Asked = (State<Federation>, OriginalUri, HeaderMap);

macro_rules! collection {
    ($($(#[$doc:meta])* $name:ident => $method:ident;)*) => {$(
        $(#[$doc])*
        pub async fn $name(
            State(federation): State<Federation>,
            OriginalUri(uri): OriginalUri,
            Path(name): Path<String>,
            Query(part): Query<Part>,
            headers: HeaderMap,
        ) -> Response {
            let viewer = match federation.reader(&uri, &headers).await {
                Ok(viewer) => viewer,
                Err(refused) => return answer::refusal(refused.status()),
            };
            federation.$method(&name, &part, &viewer).await.unwrap_or_else(|error| answer::error(&error))
        }
    )*};
}

collection! {
    /// `GET /people/NAME/outbox`
    person_outbox => person_outbox;
    /// `GET /people/NAME/followers`
    person_followers => person_followers;
    /// `GET /people/NAME/following`
    person_following => person_following;
    /// `GET /groups/NAME/outbox`
    group_outbox => group_outbox;
    /// `GET /groups/NAME/followers`
    group_followers => group_followers;
    /// `GET /groups/NAME/synchronization`
    group_synchronization => group_synchronization;
    /// `GET /groups/NAME/following`
    group_following => group_following;
    /// `GET /groups/NAME/moderators`
    group_moderators => group_moderators;
    /// `GET /groups/NAME/featured`
    group_featured => group_featured;
    /// `GET /posts/ID/replies`
    replies => replies;
    /// `GET /contexts/ID`
    context => thread_context;
}

/// `GET /actor/…`
pub async fn of_server(asked: Asked, Path(name): Path<String>, Query(part): Query<Part>) -> Response {
    let (State(federation), OriginalUri(uri), headers) = &asked;
    if name == "groups" {
        return match federation.reader(uri, headers).await {
            Ok(viewer) => federation.directory(&part, &viewer).await.unwrap_or_else(|error| answer::error(&error)),
            Err(refused) => answer::refusal(refused.status()),
        };
    }
    empty(&asked.0, &asked.0.ctx.urls.server_actor(), &name, &asked.1.0)
}

/// `GET /organisation/…`
pub async fn of_organisation(asked: Asked, Path(name): Path<String>) -> Response {
    let uri = asked.0.ctx.urls.actor(ActorKind::Organization, "organisation");
    empty(&asked.0, &uri, &name, &asked.1.0)
}

/// The server's actors write nothing and show nobody.
fn empty(federation: &Federation, actor: &str, name: &str, asked: &Uri) -> Response {
    if !federation.is_on() || !matches!(name, "outbox" | "followers" | "following") {
        tracing::debug!(%asked, "no such collection");
        return answer::refusal(404);
    }
    let id = format!("{actor}/{name}");
    answer::document(&list(&id, "OrderedCollection", &[], Some(0)), Keep::Public)
}

/// A whole collection in one document.
pub(super) fn list(id: &str, kind: &str, items: &[Value], total: Option<usize>) -> Value {
    let member = if kind.starts_with("Ordered") { "orderedItems" } else { "items" };
    let mut doc = json!({"id": id, "type": kind, "totalItems": total.unwrap_or(items.len())});
    doc[member] = json!(items);
    with_context(doc)
}

/// A collection of which only the number is told.
fn count(id: &str, total: i64) -> Value {
    with_context(json!({"id": id, "type": "Collection", "totalItems": total.max(0), "items": []}))
}

impl Federation {
    async fn local(&self, conn: &mut Conn, kind: ActorKind, name: &str) -> Result<Actor> {
        let found = actors::find_by_name(conn, HostId::LOCAL, name).await?;
        let found = found.filter(|a| a.kind == kind && a.state == ActorState::Active);
        found.ok_or(Error::NotFound)
    }

    /// Somebody here whom the viewer may know.
    pub(super) async fn person(&self, name: &str, viewer: &Viewer) -> Result<Actor> {
        let actor = self.local(&mut self.ctx.db.read().await?, ActorKind::Person, name).await?;
        if self.is_on() && self.known_to(&actor, viewer).await? { Ok(actor) } else { Err(Error::NotFound) }
    }

    /// A group here that the viewer may know, and whether they may read in it.
    pub(super) async fn group(&self, conn: &mut Conn, name: &str, viewer: &Viewer) -> Result<(Actor, Group, bool)> {
        let actor = self.local(conn, ActorKind::Group, name).await?;
        let group = groups::find(conn, actor.id).await?.ok_or(Error::NotFound)?;
        if !self.is_on() || !knows_group(conn, &actor, &group, viewer).await? {
            return Err(Error::NotFound);
        }
        let reads = reads_group(conn, &group, viewer).await?;
        Ok((actor, group, reads))
    }

    /// The groups that an agreement tells of, as whole documents, for the server that has it.
    async fn directory(&self, part: &Part, viewer: &Viewer) -> Result<Response> {
        let Viewer::Peer { host, signer } = *viewer else { return Err(Error::NotFound) };
        let mut conn = self.ctx.db.read().await?;
        let kinds = kinds_told(&rows::get_host(&mut conn, host).await?);
        let server = actors::get(&mut conn, signer).await?.kind == ActorKind::Application;
        if !self.is_on() || !server || kinds.is_empty() {
            return Err(Error::NotFound);
        }
        let id = format!("{}/groups", self.ctx.urls.server_actor());
        let total = peers::count_told(&mut conn, &kinds).await?;
        if part.page.is_none() {
            return Ok(answer::document(&paged(&id, total), Keep::Private));
        }
        let found = peers::told(&mut conn, &kinds, Page::before(part.before, PAGE)).await?;
        drop(conn);
        let full = i64::try_from(found.len()).is_ok_and(|n| n >= PAGE);
        let next = found.last().filter(|_| full).map(|(group, _)| group.actor_id.0);
        let mut items = Vec::new();
        for (group, actor) in &found {
            let mut document = self.actor_document(actor, Some(group)).await?;
            if let Some(members) = document.as_object_mut() {
                members.remove("@context");
            }
            items.push(document);
        }
        Ok(answer::document(&page_of(&id, part, &items, next), Keep::Private))
    }

    async fn person_followers(&self, name: &str, part: &Part, viewer: &Viewer) -> Result<Response> {
        if part.is_follower.is_some() {
            return Ok(answer::refusal(400));
        }
        let actor = self.person(name, viewer).await?;
        let id = format!("{}/followers", actor.uri);
        Ok(answer::document(&count(&id, actor.followers_count), Keep::Public))
    }

    async fn person_following(&self, name: &str, _: &Part, viewer: &Viewer) -> Result<Response> {
        let actor = self.person(name, viewer).await?;
        let id = format!("{}/following", actor.uri);
        Ok(answer::document(&count(&id, actor.following_count), Keep::Public))
    }

    async fn group_following(&self, name: &str, _: &Part, viewer: &Viewer) -> Result<Response> {
        let (actor, ..) = self.group(&mut self.ctx.db.read().await?, name, viewer).await?;
        Ok(answer::document(&count(&format!("{}/following", actor.uri), 0), Keep::Private))
    }

    /// How many follow a group. With `is_follower` (Lemmy) whether one actor does: for hosts that have a member, and for the one
    /// where the group goes on.
    async fn group_followers(&self, name: &str, part: &Part, viewer: &Viewer) -> Result<Response> {
        let mut conn = self.ctx.db.read().await?;
        let (actor, group, reads) = self.group(&mut conn, name, viewer).await?;
        if let Some(uri) = &part.is_follower {
            let is_home = self.is_new_home(&mut conn, &actor, viewer).await?;
            let asks = !reads && !is_home && asks_in(&mut conn, actor.id, viewer).await?;
            if group.kind == GroupKind::Public && !is_home {
                return Ok(answer::refusal(400));
            }
            let asked = actors::find_by_uri(&mut conn, uri).await?;
            let member = match asked.filter(|_| reads || is_home || asks) {
                // Whoever asks in is asked after by the servers of those who decide about it, and of them alone.
                Some(asked) if asks => {
                    asked.kind == ActorKind::Application
                        && memberships::host_decides(&mut conn, actor.id, asked.host_id).await?
                }
                // A server's own actor stands for those who live there.
                Some(asked) if asked.kind == ActorKind::Application => {
                    group.kind != GroupKind::Public
                        && rows::host_reads(&mut conn, group.audience_id, asked.host_id).await?
                }
                Some(asked) => groups::find_follow(&mut conn, asked.id, actor.id).await?.is_some_and(|f| f.is_member()),
                None => false,
            };
            return if member { Ok(StatusCode::OK.into_response()) } else { Err(Error::NotFound) };
        }
        let keep = if group.kind == GroupKind::Public { Keep::Public } else { Keep::Private };
        let total =
            if reads { rows::count_followers(&mut conn, actor.id, group.kind == GroupKind::Network).await? } else { 0 };
        Ok(answer::document(&count(&format!("{}/followers", actor.uri), total), keep))
    }

    /// The members that the asking host has in a closed group (FEP-8fcf): each host hears of its own alone.
    async fn group_synchronization(&self, name: &str, _: &Part, viewer: &Viewer) -> Result<Response> {
        let mut conn = self.ctx.db.read().await?;
        let (actor, group, _) = self.group(&mut conn, name, viewer).await?;
        let Viewer::Peer { host, .. } = *viewer else { return Err(Error::NotFound) };
        if group.kind == GroupKind::Public {
            return Err(Error::NotFound);
        }
        let theirs = memberships::members_at(&mut conn, actor.id, host).await?;
        let items: Vec<Value> = theirs.into_iter().map(|(_, uri)| json!(uri)).collect();
        let id = format!("{}/synchronization", actor.uri);
        Ok(answer::document(&list(&id, "OrderedCollection", &items, None), Keep::Private))
    }

    async fn group_moderators(&self, name: &str, _: &Part, viewer: &Viewer) -> Result<Response> {
        let mut conn = self.ctx.db.read().await?;
        let (actor, group, reads) = self.group(&mut conn, name, viewer).await?;
        let known = if reads { rows::moderators(&mut conn, actor.id).await? } else { Vec::new() };
        let items: Vec<Value> = known.into_iter().map(|(_, uri)| json!(uri)).collect();
        let keep = if group.kind == GroupKind::Public { Keep::Public } else { Keep::Private };
        let id = format!("{}/moderators", actor.uri);
        Ok(answer::document(&list(&id, "OrderedCollection", &items, None), keep))
    }

    async fn group_featured(&self, name: &str, _: &Part, viewer: &Viewer) -> Result<Response> {
        let mut conn = self.ctx.db.read().await?;
        let (actor, group, reads) = self.group(&mut conn, name, viewer).await?;
        if !reads {
            return Err(Error::NotFound);
        }
        let pinned = posts::pinned(&mut conn, actor.id, &policy::sight(viewer)).await?;
        let items: Vec<Value> = pinned.iter().map(|view| json!(view.post.uri)).collect();
        let keep = if group.kind == GroupKind::Public { Keep::Public } else { Keep::Private };
        let id = format!("{}/featured", actor.uri);
        Ok(answer::document(&list(&id, "OrderedCollection", &items, None), keep))
    }

    /// A post whose thread is asked for.
    async fn asked(&self, conn: &mut Conn, id: &str, viewer: &Viewer) -> Result<PostView> {
        if !self.is_on() {
            return Err(Error::NotFound);
        }
        posts::view(conn, id.parse()?, &policy::sight(viewer)).await
    }

    async fn replies(&self, id: &str, part: &Part, viewer: &Viewer) -> Result<Response> {
        let mut conn = self.ctx.db.read().await?;
        let asked = self.asked(&mut conn, id, viewer).await?;
        let (post, sight) = (asked.post.id, policy::sight(viewer));
        let found = posts::under(&mut conn, Under::Parent(post), &sight, part.after.unwrap_or(-1), THREAD).await?;
        let id = self.ctx.urls.replies(post);
        let page = oldest_first(&id, "CollectionPage", part, &found);
        let keep = if asked.scope.is_open() { Keep::Public } else { Keep::Private };
        if part.page.is_some() {
            return Ok(answer::document(&with_context(page), keep));
        }
        let total = posts::count_under(&mut conn, Under::Parent(post), &sight).await?;
        let document = json!({"id": id, "type": "Collection", "totalItems": total, "first": page});
        Ok(answer::document(&with_context(document), keep))
    }

    /// A thread as FEP-7888 and FEP-f228 have it: in order of time, the first item the root; a long one page by page.
    async fn thread_context(&self, id: &str, part: &Part, viewer: &Viewer) -> Result<Response> {
        let mut conn = self.ctx.db.read().await?;
        let asked = self.asked(&mut conn, id, viewer).await?;
        let here = asked.author.is_local() || asked.group.as_ref().is_some_and(|g| g.actor.is_local());
        if asked.post.id != asked.post.root_id || !here || asked.post.kind == PostKind::Direct {
            return Err(Error::NotFound);
        }
        let (root, sight) = (asked.post.id, policy::sight(viewer));
        let found = posts::under(&mut conn, Under::Root(root), &sight, part.after.unwrap_or(-1), THREAD).await?;
        let id = self.ctx.urls.context(root);
        let page = oldest_first(&id, "OrderedCollectionPage", part, &found);
        let keep = if asked.scope.is_open() { Keep::Public } else { Keep::Private };
        if part.page.is_some() {
            return Ok(answer::document(&with_context(page), keep));
        }
        let owner = asked.group.as_ref().map_or(&asked.author.uri, |g| &g.actor.uri);
        let total = posts::count_under(&mut conn, Under::Root(root), &sight).await?;
        let mut document = json!({"id": id, "type": "OrderedCollection", "totalItems": total, "attributedTo": owner});
        // A short one is all there, as some read no pages.
        if page.get("next").is_some() {
            document["first"] = page;
        } else {
            document["orderedItems"] = page["orderedItems"].clone();
        }
        Ok(answer::document(&with_context(document), keep))
    }
}

/// Whether someone at the server of who looks asks into a group.
async fn asks_in(conn: &mut Conn, group: ActorId, viewer: &Viewer) -> Result<bool> {
    match *viewer {
        Viewer::Peer { host, .. } => rows::host_has_follow(conn, group, host, &[FollowState::Requested]).await,
        _ => Ok(false),
    }
}

/// A page of a thread, which goes on after the last one on it.
fn oldest_first(id: &str, kind: &str, part: &Part, found: &[(PostId, String)]) -> Value {
    let at = |after: Option<i64>| match after {
        Some(after) => format!("{id}?page=1&after={after}"),
        None => format!("{id}?page=1"),
    };
    let member = if kind.starts_with("Ordered") { "orderedItems" } else { "items" };
    let mut page = json!({"id": at(part.after), "type": kind, "partOf": id});
    page[member] = found.iter().map(|(_, uri)| json!(uri)).collect();
    let full = i64::try_from(found.len()).is_ok_and(|n| n >= THREAD);
    if let Some((last, _)) = found.last().filter(|_| full) {
        page["next"] = json!(at(Some(last.0)));
    }
    page
}

/// A collection that is read page by page, newest first.
pub(super) fn paged(id: &str, total: i64) -> Value {
    let first = format!("{id}?page=1");
    with_context(json!({"id": id, "type": "OrderedCollection", "totalItems": total.max(0), "first": first}))
}

pub(super) fn page_of(id: &str, part: &Part, items: &[Value], next: Option<i64>) -> Value {
    let here = match part.before {
        Some(before) => format!("{id}?page=1&before={before}"),
        None => format!("{id}?page=1"),
    };
    let mut document = json!({"id": here, "type": "OrderedCollectionPage", "partOf": id, "orderedItems": items});
    if let Some(next) = next {
        document["next"] = json!(format!("{id}?page=1&before={next}"));
    }
    with_context(document)
}
