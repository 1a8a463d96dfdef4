//! How others find us: WebFinger, host-meta, NodeInfo (INTEROP A.1, A.2).

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, OriginalUri, Query, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::resolve::SUBSCRIBE;
use super::super::state::{Federation, server_name};
use super::answer::{Keep, error, json_as, refusal};
use crate::base::*;
use crate::config::Registration;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorKind, ActorState};
use crate::domain::groups::GroupKind;
use crate::store::{actors, federation as rows};
use crate::urls::Local;

/// What WebFinger is asked for.
#[derive(Debug, Deserialize)]
pub struct Resource {
    resource: Option<String>,
}

/// `GET /.well-known/webfinger`
pub async fn webfinger(
    State(federation): State<Federation>,
    Query(query): Query<Resource>,
    OriginalUri(uri): OriginalUri,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let guesses = federation.guesses(&headers, Some(peer));
    if let Err(limited) = guesses.look() {
        return error(&limited);
    }
    let Some(resource) = query.resource.filter(|r| r.len() <= 2048) else { return refusal(400) };
    // Partners may find members who are not to be found by everyone: who signs says who asks.
    let viewer = match federation.reader(&uri, &headers).await {
        Ok(viewer) => viewer,
        Err(refused) => return refusal(refused.status()),
    };
    match federation.webfinger(&resource, &viewer).await {
        Ok(document) => {
            let keep = if viewer == Viewer::Anonymous { Keep::Public } else { Keep::Private };
            json_as(&document, "application/jrd+json", keep)
        }
        Err(Error::Gone) => refusal(410),
        Err(Error::NotFound) => error(&guesses.missed()),
        Err(other) => error(&other),
    }
}

impl Federation {
    /// # Errors
    /// `NotFound` for who is not here or may not be found, `Gone` for who left.
    async fn webfinger(&self, resource: &str, viewer: &Viewer) -> Result<Value> {
        let origin = self.ctx.urls.origin();
        if resource == origin || resource.strip_suffix('/') == Some(origin) {
            return Ok(self.server_resource(resource));
        }
        let actor = self.find_resource(resource).await?.filter(Actor::is_local).ok_or(Error::NotFound)?;
        if !self.known_to(&actor, viewer).await? {
            return Err(Error::NotFound);
        }
        match actor.state {
            ActorState::Active => {}
            ActorState::Deleted => return Err(Error::Gone),
            ActorState::Pending | ActorState::Suspended => return Err(Error::NotFound),
        }
        if actor.is_group() && !self.is_announced(&actor).await? {
            return Err(Error::NotFound);
        }
        let handle = format!("acct:{}@{}", actor.name, self.ctx.urls.host());
        Ok(json!({
            "subject": handle,
            "aliases": [actor.uri],
            "links": [
                {"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": actor.url},
                {
                    "rel": "self", "type": "application/activity+json", "href": actor.uri,
                    "properties": {"https://www.w3.org/ns/activitystreams#type": type_of(actor.kind)}
                },
                {"rel": SUBSCRIBE, "template": self.ctx.urls.authorize_template()}
            ]
        }))
    }

    /// The origin itself stands for the server's actor (FEP-d556).
    fn server_resource(&self, subject: &str) -> Value {
        json!({
            "subject": subject,
            "links": [
                {"rel": "https://www.w3.org/ns/activitystreams#Service", "type": "application/activity+json",
                 "href": self.ctx.urls.server_actor()},
                {"rel": "self", "type": "application/activity+json", "href": self.ctx.urls.server_actor()}
            ]
        })
    }

    async fn find_resource(&self, resource: &str) -> Result<Option<Actor>> {
        let mut conn = self.ctx.db.read().await?;
        if let Some(local) = self.ctx.urls.parse(resource) {
            return match local {
                Local::Person(name) | Local::Group(name) => {
                    let found = actors::find_by_name(&mut conn, HostId::LOCAL, &name).await?;
                    let path =
                        |actor: &Actor| resource == actor.uri || resource == actor.url || resource.contains("/@");
                    Ok(found.filter(path))
                }
                Local::Server => actors::find_by_uri(&mut conn, &self.ctx.urls.server_actor()).await,
                Local::Organisation => {
                    let uri = self.ctx.urls.actor(ActorKind::Organization, "organisation");
                    actors::find_by_uri(&mut conn, &uri).await
                }
                Local::Post(_) | Local::Activity(_) => Ok(None),
            };
        }
        let handle = resource.strip_prefix("acct:").or_else(|| resource.strip_prefix("group:")).unwrap_or(resource);
        let Some((name, host)) = handle.trim_start_matches(['@', '!']).rsplit_once('@') else { return Ok(None) };
        if !host.eq_ignore_ascii_case(self.ctx.urls.host()) {
            return Ok(None);
        }
        if name.eq_ignore_ascii_case(&server_name(host)) || name.eq_ignore_ascii_case(host) {
            return actors::find_by_uri(&mut conn, &self.ctx.urls.server_actor()).await;
        }
        actors::find_by_name(&mut conn, HostId::LOCAL, name).await
    }

    /// Whether a stranger may learn that a group is here: where strangers may ask to join.
    pub(in crate::federation) async fn is_announced(&self, group: &Actor) -> Result<bool> {
        let facts = rows::group_kind(&mut self.ctx.db.read().await?, group.id).await?;
        Ok(facts.is_some_and(|(kind, hidden, outside)| match kind {
            GroupKind::Public | GroupKind::Network => true,
            GroupKind::Private => outside && !hidden,
            GroupKind::Organisation => false,
        }))
    }
}

fn type_of(kind: ActorKind) -> &'static str {
    match kind {
        ActorKind::Person => "Person",
        ActorKind::Group => "Group",
        ActorKind::Service => "Service",
        ActorKind::Application => "Application",
        ActorKind::Organization => "Organization",
    }
}

/// `GET /.well-known/host-meta`
pub async fn host_meta(State(federation): State<Federation>) -> Response {
    let template = federation.ctx.urls.absolute("/.well-known/webfinger?resource={uri}");
    let xrd = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<XRD xmlns=\"http://docs.oasis-open.org/ns/xri/xrd-1.0\">\n  \
         <Link rel=\"lrdd\" template=\"{template}\"/>\n</XRD>\n"
    );
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/xrd+xml; charset=utf-8")),
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    ];
    (headers, xrd).into_response()
}

/// `GET /.well-known/host-meta.json`
pub async fn host_meta_json(State(federation): State<Federation>) -> Response {
    let template = federation.ctx.urls.absolute("/.well-known/webfinger?resource={uri}");
    json_as(&json!({"links": [{"rel": "lrdd", "template": template}]}), "application/json", Keep::Public)
}

/// `GET /.well-known/nodeinfo`
pub async fn nodeinfo_links(State(federation): State<Federation>) -> Response {
    let link = |version: &str| {
        json!({
            "rel": format!("http://nodeinfo.diaspora.software/ns/schema/{version}"),
            "href": federation.ctx.urls.absolute(&format!("/nodeinfo/{version}"))
        })
    };
    json_as(&json!({"links": [link("2.0"), link("2.1")]}), "application/json", Keep::Public)
}

/// `GET /nodeinfo/2.0`
pub async fn nodeinfo_20(State(federation): State<Federation>) -> Response {
    let schema = "application/json; profile=\"http://nodeinfo.diaspora.software/ns/schema/2.0#\"";
    match federation.nodeinfo("2.0").await {
        Ok(document) => json_as(&document, schema, Keep::Public),
        Err(other) => error(&other),
    }
}

/// `GET /nodeinfo/2.1`
pub async fn nodeinfo_21(State(federation): State<Federation>) -> Response {
    let schema = "application/json; profile=\"http://nodeinfo.diaspora.software/ns/schema/2.1#\"";
    match federation.nodeinfo("2.1").await {
        Ok(document) => json_as(&document, schema, Keep::Public),
        Err(other) => error(&other),
    }
}

impl Federation {
    async fn nodeinfo(&self, version: &str) -> Result<Value> {
        let now = self.ctx.now();
        let (month, half_year) = (now.plus(-30 * Time::DAY), now.plus(-180 * Time::DAY));
        let usage = rows::usage(&mut self.ctx.db.read().await?, month, half_year).await?;
        let (total, active, half, posts, comments) = usage;
        let instance = self.ctx.instance();
        let registration = instance.registration.as_deref().unwrap_or(self.ctx.config.instance.registration.as_str());
        let mut software = json!({"name": "kring", "version": env!("CARGO_PKG_VERSION")});
        if version == "2.1" {
            software["homepage"] = json!("https://joinkring.org/");
        }
        Ok(json!({
            "version": version,
            "software": software,
            "protocols": ["activitypub"],
            "services": {"inbound": [], "outbound": []},
            "openRegistrations": registration == Registration::Open.as_str(),
            "usage": {
                "users": {"total": total, "activeMonth": active, "activeHalfyear": half},
                "localPosts": posts, "localComments": comments
            },
            "metadata": {"nodeName": instance.name, "nodeDescription": instance.description}
        }))
    }
}
