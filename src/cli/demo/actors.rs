//! Actors of the demo, ours and the other side's.

use crate::base::*;
use crate::domain::actors::ActorKind;
use crate::store::actors::NewActor;
use crate::urls::Urls;

/// An actor with the addresses that it would have.
pub fn new_actor(
    urls: &Urls,
    kind: ActorKind,
    id: ActorId,
    host: HostId,
    name: &str,
    shown: &str,
    now: Time,
) -> NewActor {
    let uri = urls.actor(kind, name);
    let part = |suffix: &str| Some(format!("{uri}/{suffix}"));
    let group = kind == ActorKind::Group;
    NewActor {
        id,
        host_id: host,
        kind,
        name: name.to_owned(),
        display_name: shown.to_owned(),
        summary_source: String::new(),
        summary_html: SafeHtml::default(),
        url: uri.clone(),
        inbox: format!("{uri}/inbox"),
        shared_inbox: Some(urls.shared_inbox()),
        outbox: part("outbox"),
        followers_uri: part("followers"),
        featured_uri: if group { part("featured") } else { None },
        moderators_uri: if group { part("moderators") } else { None },
        icon_url: None,
        header_url: None,
        locked: false,
        discoverable: true,
        search_text: String::new(),
        created_at: now,
        fetched_at: (host != HostId::LOCAL).then_some(now),
        uri,
    }
}
