use super::super::sign::PublicKey;
use super::super::wire::{Doc, IdRules, KeyMaterial, Kind, same_origin};
use crate::base::*;
use crate::domain::actors::ActorKind;
use crate::domain::groups::{GroupKind, Posting};
use crate::store::actors::NewActor;
use crate::text;

/// The longest name that is kept.
const MAX_NAME: usize = 200;
/// The longest shown name that is kept, in characters.
const MAX_SHOWN: usize = 200;

/// An actor as its document describes it.
#[derive(Clone, Debug)]
pub struct ReadActor {
    /// ActivityPub id.
    pub uri: String,
    /// What it is.
    pub kind: ActorKind,
    /// Its keys, by id, as far as they name it their owner.
    pub keys: Vec<(String, PublicKey)>,
    /// Its group side.
    pub group: Option<ReadGroup>,
    /// Says that its server reads wrapped activities (FEP-844e).
    pub wraps: bool,
    name: String,
    display_name: String,
    summary: SafeHtml,
    url: String,
    inbox: String,
    shared_inbox: Option<String>,
    outbox: Option<String>,
    followers: Option<String>,
    featured: Option<String>,
    moderators: Option<String>,
    icon: Option<String>,
    header: Option<String>,
    locked: bool,
    discoverable: bool,
}

/// The group side of a peer's group.
#[derive(Clone, Debug)]
pub struct ReadGroup {
    /// Who reads it.
    pub kind: GroupKind,
    /// Who writes in it.
    pub posting: Posting,
    /// Joining goes by request.
    pub approval: bool,
    /// Its rules.
    pub rules: SafeHtml,
    /// What holds now.
    pub card: SafeHtml,
    /// Members, where the document tells.
    pub members: Option<i64>,
}

/// Reads an actor document. Nothing if it is no actor, or lacks what it must have: id, name, inbox on its own origin.
pub fn read_actor(doc: Doc<'_>, rules: IdRules, now: Time) -> Option<ReadActor> {
    let uri = doc.id().filter(|id| rules.fetchable(id).is_some())?.to_owned();
    let kind = match doc.kind()? {
        Kind::Person => ActorKind::Person,
        Kind::Group => ActorKind::Group,
        Kind::Service => ActorKind::Service,
        Kind::Application => ActorKind::Application,
        Kind::Organization => ActorKind::Organization,
        _ => return None,
    };
    let own = |id: &&str| rules.any(id).is_some() && same_origin(id, &uri);
    let address = |name: &str| doc.one_id(name).filter(own).map(str::to_owned);
    let name = doc.text("preferredUsername")?.trim().trim_start_matches('@');
    let usable = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(usable) {
        return None;
    }
    let shown = doc.text("name").map(|name| text::plain(&text::clean(name))).unwrap_or_default();
    let pictures: Vec<&str> = doc.tags().emoji.iter().map(|emoji| emoji.name).collect();
    let shown = text::bare_of_emoji(&shown, &pictures);
    let shown: String = shown.trim().chars().filter(|c| !c.is_control()).take(MAX_SHOWN).collect();
    let url = doc.url().filter(|url| same_origin(url, &uri)).unwrap_or(&uri).to_owned();
    let group = (kind == ActorKind::Group).then(|| read_group(doc));
    Some(ReadActor {
        kind,
        keys: keys(doc, &uri, rules),
        wraps: wraps(doc),
        display_name: if shown.is_empty() { name.to_owned() } else { shown },
        name: name.to_owned(),
        summary: text::clean(doc.text("summary").unwrap_or_default()),
        url,
        inbox: address("inbox")?,
        shared_inbox: doc.shared_inbox().filter(own).map(str::to_owned),
        outbox: address("outbox"),
        followers: address("followers"),
        featured: address("featured"),
        // Lemmy and NodeBB name the collection in `attributedTo`, WordPress and we in `moderators` too.
        moderators: address("moderators").or_else(|| address("attributedTo")).filter(|_| group.is_some()),
        icon: doc.icon_url().map(str::to_owned),
        header: doc.image_url().map(str::to_owned),
        locked: doc.bool("manuallyApprovesFollowers").unwrap_or(false),
        discoverable: doc.bool("discoverable").unwrap_or(true),
        group,
        uri,
    })
    .filter(|_| doc.time("published").is_none_or(|at| at <= now.plus(Time::DAY)))
}

fn read_group(doc: Doc<'_>) -> ReadGroup {
    let closed = doc.bool("manuallyApprovesFollowers").unwrap_or(false);
    let told = doc.get("kring:groupKind").and_then(|v| v.as_str()).and_then(GroupKind::parse);
    // Whatever it calls itself, what says that it is closed is not read as open, nor the other way round.
    let kind = match told {
        Some(kind @ (GroupKind::Network | GroupKind::Private)) if closed => kind,
        _ if closed => GroupKind::Private,
        _ => GroupKind::Public,
    };
    let restricted = doc.bool("postingRestrictedToMods").unwrap_or(false);
    ReadGroup {
        kind,
        posting: if restricted { Posting::Moderators } else { Posting::Members },
        approval: kind == GroupKind::Private,
        rules: text::clean(doc.text("kring:rules").unwrap_or_default()),
        card: text::clean(doc.text("kring:agreements").unwrap_or_default()),
        members: doc.embedded("followers").and_then(|f| f.u64("totalItems")).and_then(|n| i64::try_from(n).ok()),
    }
}

/// Keys that stand in the document, name it their owner, and lie at its origin.
fn keys(doc: Doc<'_>, uri: &str, rules: IdRules) -> Vec<(String, PublicKey)> {
    let mut found = Vec::new();
    for key in doc.keys() {
        if key.owner != Some(uri) || rules.any(key.id).is_none() || !same_origin(key.id, uri) {
            continue;
        }
        let parsed = match key.material {
            KeyMaterial::Pem(pem) => PublicKey::from_pem(pem),
            KeyMaterial::Multibase(text) => PublicKey::from_multibase(text),
            KeyMaterial::Elsewhere => None,
        };
        found.extend(parsed.map(|parsed| (key.id.to_owned(), parsed)));
    }
    found
}

fn wraps(doc: Doc<'_>) -> bool {
    let on =
        |doc: Doc<'_>| doc.ids("implements").iter().any(|id| id.trim_end_matches('/').ends_with("w3id.org/fep/1b12"));
    on(doc) || doc.embedded("generator").is_some_and(on)
}

impl ReadActor {
    /// The row to store.
    pub fn into_new(self, id: ActorId, host_id: HostId, created_at: Time, now: Time) -> NewActor {
        let about = text::plain(&self.summary);
        NewActor {
            id,
            host_id,
            kind: self.kind,
            search_text: text::fold(&format!("{} {} {about}", self.display_name, self.name)),
            uri: self.uri,
            name: self.name,
            display_name: self.display_name,
            summary_source: String::new(),
            summary_html: self.summary,
            url: self.url,
            inbox: self.inbox,
            shared_inbox: self.shared_inbox,
            outbox: self.outbox,
            followers_uri: self.followers,
            featured_uri: self.featured,
            moderators_uri: self.moderators,
            icon_url: self.icon,
            header_url: self.header,
            locked: self.locked,
            discoverable: self.discoverable,
            created_at,
            fetched_at: Some(now),
        }
    }
}
