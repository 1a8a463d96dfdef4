use serde_json::{Map, Value, json};

use super::super::keys::OwnKeys;
use super::context::with_context;
use crate::domain::actors::{Actor, ActorKind};
use crate::domain::groups::{Group, GroupKind, Posting};
use crate::urls::Urls;

/// What an actor document is made of.
#[derive(Debug)]
pub struct ActorParts<'a> {
    /// The actor, one of ours.
    pub actor: &'a Actor,
    /// Its group side.
    pub group: Option<&'a Group>,
    /// Its keys.
    pub keys: &'a OwnKeys,
    /// MIME type of its picture, where it has one.
    pub icon_mime: Option<String>,
    /// What a person tells everyone of what they know: name and value, plain text.
    pub fields: Vec<(String, String)>,
    /// Who it was elsewhere before.
    pub former: Vec<String>,
    /// Addresses.
    pub urls: &'a Urls,
}

/// The extensions that the server announces (FEP-844e).
const IMPLEMENTS: &[(&str, &str)] = &[
    ("FEP-1b12: Group federation", "https://w3id.org/fep/1b12"),
    ("FEP-8b32: Object Integrity Proofs", "https://w3id.org/fep/8b32"),
    ("FEP-521a: Representing actor's public keys", "https://w3id.org/fep/521a"),
    ("RFC-9421: HTTP Message Signatures", "https://datatracker.ietf.org/doc/html/rfc9421"),
];

/// The document of one of our actors (INTEROP B.1, B.2).
pub fn actor(parts: &ActorParts<'_>) -> Value {
    let actor = parts.actor;
    let uri = &actor.uri;
    let mut doc = Map::new();
    let mut set = |name: &str, value: Value| {
        doc.insert(name.to_owned(), value);
    };
    set("id", json!(uri));
    set("type", json!(type_of(actor.kind)));
    set("preferredUsername", json!(actor.name));
    set("name", json!(actor.display_name));
    set("webfinger", json!(format!("{}@{}", actor.name, parts.urls.host())));
    set("summary", json!(actor.summary_html));
    if !actor.summary_source.is_empty() {
        set("source", json!({"content": actor.summary_source, "mediaType": "text/markdown"}));
    }
    set("url", json!(actor.url));
    set("inbox", json!(actor.inbox));
    set("outbox", json!(format!("{uri}/outbox")));
    set("followers", json!(format!("{uri}/followers")));
    set("following", json!(format!("{uri}/following")));
    let mut endpoints = json!({"sharedInbox": parts.urls.shared_inbox()});
    if actor.kind == ActorKind::Application {
        endpoints["kring:people"] = json!(parts.urls.people_door());
        endpoints["kring:groups"] = json!(format!("{uri}/groups"));
    }
    set("endpoints", endpoints);
    set("published", json!(actor.created_at.to_rfc3339_seconds()));
    set("updated", json!(actor.updated_at.to_rfc3339_seconds()));
    if !parts.former.is_empty() {
        set("alsoKnownAs", json!(parts.former));
    }
    if let Some(to) = &actor.moved_to {
        set("movedTo", json!(to));
    }
    if let Some(media) = actor.icon_media_id {
        let mut icon = json!({"type": "Image", "url": parts.urls.media(media, false)});
        if let Some(mime) = &parts.icon_mime {
            icon["mediaType"] = json!(mime);
        }
        set("icon", icon);
    }
    match parts.group {
        Some(group) => group_members(uri, group, &mut set),
        None => {
            set("manuallyApprovesFollowers", json!(actor.locked));
            set("discoverable", json!(actor.discoverable));
            set("indexable", json!(false));
        }
    }
    let field = |(name, value): &(String, String)| {
        // Mastodon reads the value as HTML; words of people are text.
        let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        json!({"type": "PropertyValue", "name": name, "value": value})
    };
    set("attachment", json!(parts.fields.iter().map(field).collect::<Vec<_>>()));
    set("tag", json!([]));
    set("publicKey", public_key(uri, parts.keys));
    set("assertionMethod", assertion_method(uri, parts.keys));
    let implements: Vec<Value> =
        IMPLEMENTS.iter().map(|(name, href)| json!({"type": "Link", "name": name, "href": href})).collect();
    if actor.kind == ActorKind::Application {
        set("implements", json!(implements));
    } else {
        set("generator", json!({"type": "Application", "id": parts.urls.server_actor(), "implements": implements}));
    }
    with_context(Value::Object(doc))
}

/// What a stranger learns of one of our people: a handle, keys and where to write to.
pub fn handle(actor: &Actor, keys: &OwnKeys, urls: &Urls) -> Value {
    let uri = &actor.uri;
    let mut doc = json!({
        "id": uri,
        "type": type_of(actor.kind),
        "preferredUsername": actor.name,
        "webfinger": format!("{}@{}", actor.name, urls.host()),
        "url": actor.url,
        "inbox": actor.inbox,
        "outbox": format!("{uri}/outbox"),
        "followers": format!("{uri}/followers"),
        "endpoints": {"sharedInbox": urls.shared_inbox()},
        "manuallyApprovesFollowers": actor.locked,
        "publicKey": public_key(uri, keys),
        "assertionMethod": assertion_method(uri, keys),
    });
    if let Some(to) = &actor.moved_to {
        doc["movedTo"] = json!(to);
    }
    with_context(doc)
}

fn public_key(owner: &str, keys: &OwnKeys) -> Value {
    json!({"id": keys.key_id, "owner": owner, "publicKeyPem": keys.public_pem})
}

fn assertion_method(controller: &str, keys: &OwnKeys) -> Value {
    json!([{
        "id": keys.proof_key_id, "type": "Multikey", "controller": controller, "publicKeyMultibase": keys.multibase
    }])
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

fn group_members(uri: &str, group: &Group, set: &mut impl FnMut(&str, Value)) {
    let public = group.kind == GroupKind::Public;
    set("attributedTo", json!(format!("{uri}/moderators")));
    set("moderators", json!(format!("{uri}/moderators")));
    set("featured", json!(format!("{uri}/featured")));
    set("postingRestrictedToMods", json!(group.posting == Posting::Moderators));
    // Never true for a public group: Lemmy would take it for private and refuse every public post in it.
    set("manuallyApprovesFollowers", json!(!public));
    set("discoverable", json!(public));
    set("indexable", json!(public));
    set("sensitive", json!(false));
    set("kring:groupKind", json!(group.kind));
    if !group.rules_html.is_empty() {
        set("kring:rules", json!(group.rules_html));
    }
    if !group.card_html.is_empty() {
        set("kring:agreements", json!(group.card_html));
    }
}

/// The MIME type that the end of an address suggests; what peers send without a type is mostly a picture.
pub fn mime_of(url: &str) -> Option<&'static str> {
    let path = url::Url::parse(url).ok()?.path().to_ascii_lowercase();
    let (_, ending) = path.rsplit_once('.')?;
    Some(match ending {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "pdf" => "application/pdf",
        _ => return None,
    })
}
