//! Documents at the addresses of pages: content negotiation, and who may have which.

use axum::extract::{OriginalUri, Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LINK, LOCATION, VARY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use super::super::convert::{self, ActorParts};
use super::super::keys::OwnKeys;
use super::super::state::Federation;
use super::super::wire::Doc;
use super::answer::{self, Keep};
use super::viewer::{Asked, Refused};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorKind, ActorState};
use crate::domain::audiences::Scope;
use crate::domain::groups::{FollowState, Group, GroupKind};
use crate::domain::media::MediaPurpose;
use crate::domain::posts::{Post, PostState};
use crate::policy;
use crate::services;
use crate::store::{Conn, actors, aliases, federation as rows, groups, media, posts};
use crate::urls::Local;

/// Whether an `Accept` asks for ActivityPub rather than a page (INTEROP A.3).
pub fn negotiate(headers: &HeaderMap) -> bool {
    let mut accepts = headers.get_all(ACCEPT).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
    accepts.any(|part| {
        let essence = part.split(';').next().unwrap_or_default().trim();
        ["application/activity+json", "application/ld+json"].iter().any(|t| essence.eq_ignore_ascii_case(t))
    })
}

/// The layer in front of the pages: answers requests for documents and signed requests for files itself, and marks pages
/// as negotiated.
pub async fn negotiation(State(federation): State<Federation>, request: Request, next: Next) -> Response {
    if !federation.is_on() || !matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let path = request.uri().path().to_owned();
    if let Some(rest) = path.strip_prefix("/media/")
        && request.headers().contains_key("signature")
    {
        let (uri, headers) = asked(&request);
        return match federation.reader(&uri, &headers).await {
            Ok(viewer) => federation.file(rest, &viewer).await.unwrap_or_else(|error| answer::error(&error)),
            Err(refused) => answer::refusal(refused.status()),
        };
    }
    let found = federation.ctx.urls.parse(&federation.ctx.urls.absolute(&path)).filter(|_| !path.starts_with("/@"));
    let Some(local) = found.filter(|local| !matches!(local, Local::Activity(_))) else {
        return next.run(request).await;
    };
    if negotiate(request.headers()) {
        let (uri, headers) = asked(&request);
        return federation.object(&local, &uri, &headers).await;
    }
    federation.page_of(&local, next.run(request).await)
}

/// `GET /activities/ID`
pub async fn activity(
    State(federation): State<Federation>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let viewer = match federation.reader(&uri, &headers).await {
        Ok(viewer) => viewer,
        Err(refused) => return answer::refusal(refused.status()),
    };
    match federation.activity_document(&id, &viewer).await {
        Ok((document, keep)) => answer::document(&document, keep),
        Err(error) => answer::error(&error),
    }
}

/// `GET /posts/ID/quote`
pub async fn quote_stamp(
    State(federation): State<Federation>,
    OriginalUri(uri): OriginalUri,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let viewer = match federation.reader(&uri, &headers).await {
        Ok(viewer) => viewer,
        Err(refused) => return answer::refusal(refused.status()),
    };
    let stamp = async { federation.stamp_document(id.parse()?, &viewer).await };
    match stamp.await {
        // Both posts are open, so it is the same for everyone.
        Ok(document) => answer::document(&document, Keep::Public),
        Err(error) => answer::error(&error),
    }
}

/// The address and headers of a request, without its body, which cannot be shared between threads.
fn asked(request: &Request) -> (http::Uri, HeaderMap) {
    let uri = request.extensions().get::<OriginalUri>().map_or_else(|| request.uri().clone(), |uri| uri.0.clone());
    (uri, request.headers().clone())
}

impl Federation {
    /// Who reads, from a GET.
    pub(super) async fn reader(&self, uri: &http::Uri, headers: &HeaderMap) -> Result<Viewer, Refused> {
        let path_and_query = uri.path_and_query().map_or(uri.path(), |p| p.as_str());
        self.viewer(Asked { method: "GET", path_and_query, headers, body: &[] }).await
    }

    /// A page that is a document too.
    fn page_of(&self, local: &Local, mut response: Response) -> Response {
        response.headers_mut().append(VARY, HeaderValue::from_static("Accept"));
        let link = format!("<{}>; rel=\"alternate\"; type=\"application/activity+json\"", self.id_of(local));
        if response.status() == StatusCode::OK
            && let Ok(link) = HeaderValue::from_str(&link)
        {
            response.headers_mut().append(LINK, link);
        }
        response
    }

    fn id_of(&self, local: &Local) -> String {
        let urls = &self.ctx.urls;
        match local {
            Local::Server => urls.server_actor(),
            Local::Organisation => urls.actor(ActorKind::Organization, "organisation"),
            Local::Person(name) => urls.actor(ActorKind::Person, name),
            Local::Group(name) => urls.actor(ActorKind::Group, name),
            Local::Post(id) => urls.post(*id),
            Local::Activity(id) => urls.activity(*id),
        }
    }

    async fn object(&self, local: &Local, uri: &http::Uri, headers: &HeaderMap) -> Response {
        // The server's own actor is open to all, whatever they sign with: two servers that each ask for a signature
        // would wait for each other for ever (INTEROP A.6).
        let viewer = match local {
            Local::Server | Local::Organisation => Ok(Viewer::Anonymous),
            _ => self.reader(uri, headers).await,
        };
        let viewer = match viewer {
            Ok(viewer) => viewer,
            Err(refused) => return answer::refusal(refused.status()),
        };
        let made = match local {
            Local::Server => self.actor_at(&self.id_of(local), ActorKind::Application, &viewer).await,
            Local::Organisation => self.actor_at(&self.id_of(local), ActorKind::Organization, &viewer).await,
            Local::Person(_) => self.actor_at(&self.id_of(local), ActorKind::Person, &viewer).await,
            Local::Group(_) => self.actor_at(&self.id_of(local), ActorKind::Group, &viewer).await,
            Local::Post(id) => self.post_at(*id, &viewer).await,
            Local::Activity(_) => Err(Error::NotFound),
        };
        made.unwrap_or_else(|error| answer::error(&error))
    }

    async fn actor_at(&self, uri: &str, kind: ActorKind, viewer: &Viewer) -> Result<Response> {
        let mut conn = self.ctx.db.read().await?;
        let actor = actors::find_by_uri(&mut conn, uri).await?.filter(|a| a.is_local() && a.kind == kind);
        let actor = actor.ok_or(Error::NotFound)?;
        drop(conn);
        let known = self.known_to(&actor, viewer).await?;
        match actor.state {
            _ if !known => return Err(Error::NotFound),
            ActorState::Active => {}
            ActorState::Deleted => {
                let former = if kind == ActorKind::Group { "Group" } else { "Person" };
                let tombstone = convert::tombstone(&actor.uri, former, Some(actor.updated_at));
                return Ok(answer::gone(&convert::with_context(tombstone), Keep::Public));
            }
            ActorState::Pending | ActorState::Suspended => return Err(Error::NotFound),
        }
        // To those who do not say who they are a person is a handle, an inbox and keys.
        let bare = kind == ActorKind::Person && *viewer == Viewer::Anonymous;
        let mut conn = self.ctx.db.read().await?;
        let mut group = groups::find(&mut conn, actor.id).await?;
        let mut keep = if kind == ActorKind::Person && !bare { Keep::Private } else { Keep::Public };
        if let Some(group) = &mut group {
            if !knows_group(&mut conn, &actor, group, viewer).await? {
                return Err(Error::NotFound);
            }
            if group.kind != GroupKind::Public {
                keep = Keep::Private;
                if !reads_group(&mut conn, group, viewer).await? {
                    // Whoever may ask to join sees the name and the description, no more.
                    group.rules_html.clear();
                    group.card_html.clear();
                }
            }
        }
        drop(conn);
        if bare {
            let keys = self.keys.of(&actor).await?;
            return Ok(answer::document(&convert::handle(&actor, &keys, &self.ctx.urls), keep));
        }
        let document = self.actor_document(&actor, group.as_ref()).await?;
        Ok(answer::document(&document, keep))
    }

    /// The document of one of our actors.
    pub(in crate::federation) async fn actor_document(&self, actor: &Actor, group: Option<&Group>) -> Result<Value> {
        let keys = self.keys.of(actor).await?;
        self.document_with_keys(actor, group, &keys).await
    }

    /// The same with keys that are not in use yet.
    pub(in crate::federation) async fn document_with_keys(
        &self,
        actor: &Actor,
        group: Option<&Group>,
        keys: &OwnKeys,
    ) -> Result<Value> {
        let icon_mime = match actor.icon_media_id {
            Some(id) => media::find(&mut self.ctx.db.read().await?, id).await?.map(|m| m.mime),
            None => None,
        };
        let fields = match group {
            Some(_) => Vec::new(),
            None => services::expertise::open_fields(&self.ctx, actor.id).await?,
        };
        let before = aliases::of(&mut self.ctx.db.read().await?, actor.id).await?;
        let former = before.into_iter().map(|(_, uri)| uri).collect();
        Ok(convert::actor(&ActorParts { actor, group, keys, icon_mime, fields, former, urls: &self.ctx.urls }))
    }

    async fn post_at(&self, id: PostId, viewer: &Viewer) -> Result<Response> {
        let mut conn = self.ctx.db.read().await?;
        let post = posts::find(&mut conn, id).await?.ok_or(Error::NotFound)?;
        let author = actors::get(&mut conn, post.author_id).await?;
        let scope = groups::get_audience(&mut conn, post.audience_id).await?.scope;
        drop(conn);
        if !self.may_read(&post, viewer).await? {
            return Err(Error::NotFound);
        }
        if !author.is_local() {
            let location = HeaderValue::from_str(&post.uri).map_err(Error::internal)?;
            return Ok((StatusCode::FOUND, [(LOCATION, location)]).into_response());
        }
        let keep = if scope.is_open() { Keep::Public } else { Keep::Private };
        match post.state {
            PostState::Published | PostState::Waiting => {}
            PostState::Deleted | PostState::Removed => {
                let deleted = post.edited_at.filter(|_| post.state == PostState::Deleted);
                let tombstone = convert::tombstone(&post.uri, "Note", deleted);
                return Ok(answer::gone(&convert::with_context(tombstone), keep));
            }
            PostState::Held => return Err(Error::NotFound),
        }
        let everything = policy::sight(&Viewer::System);
        let parts = convert::load_one(&mut self.ctx.db.read().await?, id, &everything).await?;
        let note = convert::note(&parts, &self.ctx.urls, self.ctx.now());
        Ok(answer::document(&convert::with_context(note), keep))
    }

    /// Whether a server may read a post. Beyond what the store knows: the host of its group may, and whomever that host
    /// calls a member, where we hold a post that one of ours wrote there.
    async fn may_read(&self, post: &Post, viewer: &Viewer) -> Result<bool> {
        let mut conn = self.ctx.db.read().await?;
        let seen = posts::find_visible(&mut conn, post.id, &policy::sight(viewer)).await?.is_some();
        if seen && post.state != PostState::Waiting {
            return Ok(true);
        }
        let (Viewer::Peer { host, signer }, Some(group)) = (*viewer, post.group_id) else { return Ok(false) };
        let group = actors::get(&mut conn, group).await?;
        if group.is_local() || group.host_id == host {
            return Ok(group.host_id == host);
        }
        let signer = actors::get(&mut conn, signer).await?;
        let author = actors::get(&mut conn, post.author_id).await?;
        drop(conn);
        if !author.is_local() {
            return Ok(false);
        }
        Ok(self.is_member_there(&group, &signer, &author).await)
    }

    /// A file for a server that may read its post; everyone may have the pictures of profiles.
    async fn file(&self, rest: &str, viewer: &Viewer) -> Result<Response> {
        let (id, thumb) = rest.strip_suffix("/small").map_or((rest, false), |id| (id, true));
        let id: MediaId = id.parse()?;
        let mut conn = self.ctx.db.read().await?;
        let file = media::find(&mut conn, id).await?.ok_or(Error::NotFound)?;
        let post = match file.post_id {
            Some(post) => Some(posts::get(&mut conn, post).await?),
            None if file.purpose == MediaPurpose::Post => return Err(Error::NotFound),
            None => None,
        };
        drop(conn);
        if let Some(post) = post
            && (post.is_gone() || !self.may_read(&post, viewer).await?)
        {
            return Err(Error::NotFound);
        }
        // It was just decided that this viewer may have it, by more than the store knows.
        file_response(services::media::open(&self.ctx, &Viewer::System, id, thumb).await?)
    }

    async fn activity_document(&self, id: &str, viewer: &Viewer) -> Result<(Value, Keep)> {
        let id: ActivityId = id.parse()?;
        let mut conn = self.ctx.db.read().await?;
        let stored = rows::find_activity(&mut conn, id).await?.ok_or(Error::NotFound)?;
        if !self.ctx.urls.is_ours(&stored.uri) {
            return Err(Error::NotFound);
        }
        // What names no audience was for its addressees alone.
        let audience = stored.audience_id.ok_or(Error::NotFound)?;
        let scope = groups::get_audience(&mut conn, audience).await?.scope;
        let sight = policy::sight(viewer);
        let by_host = match sight.host {
            Some(host) => rows::host_reads(&mut conn, audience, host).await?,
            None => false,
        };
        if scope > sight.max && !by_host {
            return Err(Error::NotFound);
        }
        let document = serde_json::from_str(&stored.body).map_err(Error::internal)?;
        let keep = if scope <= Scope::Unlisted { Keep::Public } else { Keep::Private };
        if let Some(post) = Doc(&document).embedded("object").and_then(Doc::id)
            && let Some(post) = posts::find_by_uri(&mut conn, post).await?
            && post.is_gone()
        {
            // What was deleted is not to be had from its Create either.
            return Err(Error::NotFound);
        }
        Ok((document, keep))
    }
}

/// A file for another server.
pub(super) fn file_response(opened: services::media::Opened) -> Result<Response> {
    let cache = if opened.public { "public, max-age=86400" } else { "private, no-store" };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_str(&opened.mime).map_err(Error::internal)?),
        (CACHE_CONTROL, HeaderValue::from_static(cache)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (VARY, HeaderValue::from_static("Signature")),
    ];
    Ok((headers, opened.bytes).into_response())
}

/// Whether a server may know that a group is here: where anyone may ask to join, or someone of theirs is or was asked in.
pub(super) async fn knows_group(conn: &mut Conn, actor: &Actor, group: &Group, viewer: &Viewer) -> Result<bool> {
    let announced = match group.kind {
        GroupKind::Public | GroupKind::Network => true,
        GroupKind::Private => group.outside_members && !group.hidden,
        GroupKind::Organisation => false,
    };
    match viewer {
        _ if announced => Ok(true),
        Viewer::Peer { host, .. } if group.kind == GroupKind::Private => {
            let states = [FollowState::Accepted, FollowState::Requested, FollowState::Invited];
            rows::host_has_follow(conn, actor.id, *host, &states).await
        }
        _ => Ok(false),
    }
}

/// Whether a server may read what is in a group.
pub(super) async fn reads_group(conn: &mut Conn, group: &Group, viewer: &Viewer) -> Result<bool> {
    match viewer {
        _ if group.kind == GroupKind::Public => Ok(true),
        Viewer::Peer { host, .. } => rows::host_reads(conn, group.audience_id, *host).await,
        _ => Ok(false),
    }
}
