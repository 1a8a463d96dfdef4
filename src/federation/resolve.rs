//! What use cases ask of other servers: [`Remote`].

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{CONTENT_TYPE, LINK};
use serde_json::Value;
use url::Url;

use super::fetch::{count_fetch, signed_headers};
use super::state::Federation;
use super::wire::{Doc, web_url};
use crate::base::*;
use crate::domain::actors::Actor;
use crate::domain::knowledge::{PeerPerson, PeopleQuestion};
use crate::domain::peers::Host;
use crate::net::{Expect, Get, Response, Signer};
use crate::services::Remote;
use crate::services::ctx::Resolved;
use crate::store::{actors, posts};
use crate::text::{alternate_in_header, alternate_in_page};
use crate::urls::Local;

/// What a link of WebFinger is called that leads to the page for acting on something.
pub(super) const SUBSCRIBE: &str = "http://ostatus.org/schema/1.0/subscribe";
/// How long a profile that is here already is shown without asking its server again.
const FRESH: i64 = Time::DAY;

impl Federation {
    /// The ActivityPub id behind a handle, by WebFinger.
    async fn webfinger_of(&self, name: &str, host: &str) -> Result<String> {
        self_link(&self.account_at(name, host).await?).ok_or(Error::NotFound)
    }

    /// Where an account elsewhere follows or answers what has an id: by the template of its server.
    async fn page_for(&self, name: &str, host: &str, uri: &str) -> Result<Option<String>> {
        let (name, host) = (name.to_lowercase(), host.to_lowercase());
        self.check_host_of(&format!("https://{host}/")).await?;
        let found = self.account_at(&name, &host).await?;
        let page = subscribe_template(&found).map(|template| {
            let uri = percent_encoding::utf8_percent_encode(uri, percent_encoding::NON_ALPHANUMERIC);
            template.replace("{uri}", &uri.to_string())
        });
        let usable = |page: &String| Url::parse(page).is_ok_and(|url| url.scheme() == "https" || self.rules.lax);
        Ok(page.filter(usable).filter(|page| web_url(page).is_some()))
    }

    /// What a server says of an account.
    async fn account_at(&self, name: &str, host: &str) -> Result<Value> {
        let resource = format!("acct:{name}@{host}");
        let known = self.known_host(host).await?;
        let partner = known.is_some_and(|known| known.is_peer() || known.is_kring());
        let schemes: &[&str] = if self.rules.lax { &["http", "https"] } else { &["https"] };
        let mut failed = Error::NotFound;
        for scheme in schemes {
            let base = format!("{scheme}://{host}/.well-known/webfinger");
            let url = Url::parse_with_params(&base, [("resource", &resource)]).map_err(|_| Error::NotFound)?;
            let answer = if partner { self.json_as_server(&url).await } else { self.json(&url).await };
            match answer {
                Ok(found) => return Ok(found),
                // There is a server, and it does not know the name.
                Err(error @ (Error::NotFound | Error::Gone)) => return Err(error),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    pub(super) async fn handle(&self, name: &str, host: &str) -> Result<Actor> {
        let (name, host) = (name.trim_start_matches(['@', '!']).to_lowercase(), host.to_lowercase());
        let mut conn = self.ctx.db.read().await?;
        if host == self.ctx.urls.host() {
            return actors::find_by_name(&mut conn, HostId::LOCAL, &name).await?.ok_or(Error::NotFound);
        }
        let known = actors::find_by_handle(&mut conn, &name, &host).await?;
        drop(conn);
        let now = self.ctx.now();
        if let Some(actor) = &known
            && actor.fetched_at.is_some_and(|at| now.since(at) < FRESH)
        {
            return Ok(actor.clone());
        }
        self.check_host_of(&format!("https://{host}/")).await?;
        let found = match self.webfinger_of(&name, &host).await {
            Ok(id) => self.actor(&id).await,
            Err(error) => Err(error),
        };
        match (found, known) {
            (Ok(actor), _) => Ok(actor),
            // Its server is silent, or tells strangers nothing; what we know of it will do.
            (Err(Error::RemoteFailed { .. } | Error::NotFound), Some(actor)) => Ok(actor),
            (Err(error), _) => Err(error),
        }
    }

    /// Whether the host of a group elsewhere counts an actor among its members (Lemmy's `is_follower`). Asked in the name of
    /// one of ours whose post it is about; the answer is believed for a minute.
    pub(super) async fn is_member_there(&self, group: &Actor, asked: &Actor, reader: &Actor) -> bool {
        if let Some(known) = self.members_there.get(&(group.id, asked.id)).await {
            return known;
        }
        let followers = group.followers_uri.clone().unwrap_or_else(|| format!("{}/followers", group.uri));
        let found = match Url::parse_with_params(&followers, [("is_follower", &asked.uri)]) {
            Ok(url) => self.answers_yes(&url, reader).await,
            Err(_) => Ok(false),
        };
        match found {
            Ok(yes) => {
                self.members_there.insert((group.id, asked.id), yes).await;
                yes
            }
            Err(error) => {
                tracing::debug!(%error, group = %group.uri, "membership could not be asked");
                false
            }
        }
    }

    async fn answers_yes(&self, url: &Url, reader: &Actor) -> Result<bool> {
        let keys = self.keys.of(reader).await?;
        let (now, form) =
            (self.ctx.now(), self.form_of(&crate::urls::host_of(url.as_str()).unwrap_or_default()).await?);
        count_fetch(url)?;
        let sign = |hop: &Url| signed_headers(&keys, form, "GET", hop, None, now);
        let signer = Signer { identity: &keys.key_id, sign: &sign };
        Ok(self.client.get(Get::new(url).signed(signer)).await?.status == 200)
    }

    async fn address(&self, url: &str) -> Result<Resolved> {
        let mut conn = self.ctx.db.read().await?;
        if let Some(local) = self.ctx.urls.parse(url) {
            return match local {
                Local::Person(name) | Local::Group(name) => {
                    let found = actors::find_by_name(&mut conn, HostId::LOCAL, &name).await?;
                    found.map(|a| Resolved::Actor(Box::new(a))).ok_or(Error::NotFound)
                }
                Local::Post(id) => Ok(Resolved::Post(Box::new(posts::get(&mut conn, id).await?))),
                Local::Server | Local::Organisation | Local::Activity(_) => Err(Error::NotFound),
            };
        }
        if let Some(actor) = actors::find_by_uri(&mut conn, url).await? {
            return Ok(Resolved::Actor(Box::new(actor)));
        }
        if let Some(post) = posts::find_by_uri(&mut conn, url).await? {
            return Ok(Resolved::Post(Box::new(post)));
        }
        drop(conn);
        let document = match self.document(url, None).await {
            // A page of a server that does not heed `Accept`: it may say where its document is.
            Err(Error::RemoteFailed { retryable: false, .. }) => {
                self.document(&self.alternate(url).await?, None).await?
            }
            other => other?,
        };
        let kind = Doc(&document).kind().ok_or(Error::NotFound)?;
        if kind.is_actor() {
            return Ok(Resolved::Actor(Box::new(self.store_actor(&document).await?)));
        }
        if !kind.is_content() {
            return Err(Error::NotFound);
        }
        let id = self.take_fetched(&document, None).await?.ok_or(Error::NotFound)?;
        let post = posts::get(&mut self.ctx.db.read().await?, id).await?;
        Ok(Resolved::Post(Box::new(post)))
    }

    /// A file of a peer: of a post in a closed group from the group's host, if that has it, else where it was put up.
    async fn media(&self, url: &str, viewer: Option<ActorId>, within: Option<PostId>) -> Result<(Bytes, String)> {
        let copy = match within {
            Some(post) => self.copy_of_file(post, url).await?,
            None => None,
        };
        if let Some((address, member)) = copy {
            match self.bytes_at(&address, &member).await {
                Ok(found) => return Ok(found),
                Err(error) => tracing::debug!(%error, url, "the group's host has no copy"),
            }
        }
        let url = Url::parse(url).map_err(|_| Error::NotFound)?;
        let reader = match viewer {
            Some(id) => actors::get(&mut self.ctx.db.read().await?, id).await?,
            None => self.server_actor().await?,
        };
        self.bytes_at(&url, &reader).await
    }

    async fn bytes_at(&self, url: &Url, reader: &Actor) -> Result<(Bytes, String)> {
        self.check_host_of(url.as_str()).await?;
        let keys = self.keys.of(reader).await?;
        let (now, form) =
            (self.ctx.now(), self.form_of(&crate::urls::host_of(url.as_str()).unwrap_or_default()).await?);
        let sign = |hop: &Url| signed_headers(&keys, form, "GET", hop, None, now);
        let signer = Signer { identity: &keys.key_id, sign: &sign };
        let max_bytes = u64::from(self.ctx.config.limits.max_upload_mb) * 1_000_000;
        let get = Get { max_bytes, ..Get::new(url) }.signed(signer);
        let response = self.client.get(get).await?.success()?;
        let mime = response.header(&CONTENT_TYPE).unwrap_or("application/octet-stream");
        let mime = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Ok((response.body, mime))
    }
}

impl Federation {
    /// A page of any site for the card of a link: unsigned, so that it learns nothing about who wrote of it.
    async fn page(&self, url: &str, picture: bool) -> Result<Response> {
        const PAGES: &[&str] = &["text/html", "application/xhtml+xml"];
        const PICTURES: &[&str] = &["image/jpeg", "image/png", "image/webp", "image/gif"];
        let url = Url::parse(url).map_err(|_| Error::NotFound)?;
        self.check_host_of(url.as_str()).await?;
        let types = if picture { PICTURES } else { PAGES };
        let accept = types.join(", ");
        let get = Get { max_bytes: 4_000_000, accept: &accept, expect: Expect::OneOf(types), ..Get::new(&url) };
        self.client.get(get).await?.success()
    }

    /// Where a page says that its document is: in a `Link` header or in its head (INTEROP A.3).
    async fn alternate(&self, page: &str) -> Result<String> {
        let found = self.page(page, false).await?;
        let headers = found.headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
        let link = headers.filter_map(alternate_in_header).next();
        let link = link.or_else(|| alternate_in_page(&String::from_utf8_lossy(&found.body)));
        let document = link.and_then(|link| found.final_url.join(&link).ok()).ok_or(Error::NotFound)?;
        Ok(document.into())
    }
}

/// The first `self` link that leads to a document of ours (INTEROP A.1).
fn self_link(jrd: &Value) -> Option<String> {
    let text = |link: Doc<'_>, name: &str| link.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Doc(jrd).items("links").find_map(|link| {
        let mime = text(link, "type");
        let wanted = text(link, "rel") == "self"
            && (mime.starts_with("application/activity+json") || mime.starts_with("application/ld+json"));
        wanted.then(|| link.id().map(str::to_owned)).flatten()
    })
}

/// The address to which a server sends its people who want to act on something, with `{uri}` in place of that (OStatus).
fn subscribe_template(jrd: &Value) -> Option<String> {
    let of = |link: Doc<'_>, name: &str| link.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let templates = Doc(jrd).items("links").filter(|link| of(*link, "rel") == SUBSCRIBE);
    templates.map(|link| of(link, "template")).find(|template| template.contains("{uri}"))
}

/// What a server says that cannot be true is not there for those who asked: who they are is not in question.
fn believable<T>(found: Result<T>) -> Result<T> {
    found.map_err(|error| match error {
        Error::NotAuthentic(why) => {
            tracing::info!(why, "another server was not believed");
            Error::NotFound
        }
        other => other,
    })
}

impl Remote for Federation {
    fn resolve_handle<'a>(&'a self, name: &'a str, host: &'a str) -> BoxFuture<'a, Result<Actor>> {
        Box::pin(async move { believable(self.handle(name, host).await) })
    }

    fn names_former<'a>(&'a self, actor: &'a Actor, former: &'a str) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            let document = believable(self.document(&actor.uri, None).await)?;
            // What the server is decides which groups it can be told of.
            self.probed(&actor.uri, actor.host_id).await?;
            self.store_actor(&document).await?;
            Ok(Doc(&document).ids("alsoKnownAs").contains(&former))
        })
    }

    fn interaction_page<'a>(
        &'a self,
        name: &'a str,
        host: &'a str,
        uri: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(self.page_for(name, host, uri))
    }

    fn resolve_url<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Resolved>> {
        Box::pin(async move { believable(self.address(url).await) })
    }

    fn fetch_page<'a>(&'a self, url: &'a str, picture: bool) -> BoxFuture<'a, Result<(Bytes, String)>> {
        Box::pin(async move {
            let response = self.page(url, picture).await?;
            let mime = response.header(&CONTENT_TYPE).unwrap_or_default().to_owned();
            Ok((response.body, mime))
        })
    }

    fn fetch_media<'a>(
        &'a self,
        url: &'a str,
        viewer: Option<ActorId>,
        within: Option<PostId>,
    ) -> BoxFuture<'a, Result<(Bytes, String)>> {
        Box::pin(self.media(url, viewer, within))
    }

    fn ask_people<'a>(
        &'a self,
        host: &'a Host,
        question: &'a PeopleQuestion,
    ) -> BoxFuture<'a, Result<Vec<PeerPerson>>> {
        Box::pin(self.people_at(host, question))
    }
}
