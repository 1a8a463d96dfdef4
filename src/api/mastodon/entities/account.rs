use serde_json::{Value, json};

use crate::base::Time;
use crate::domain::actors::ActorKind;
use crate::domain::groups::{FollowState, GroupKind, Notify};
use crate::domain::people::Member;
use crate::services::Ctx;
use crate::services::api::Relation;
use crate::store::api::AccountRow;

/// `Account`.
pub fn account(ctx: &Ctx, row: &AccountRow) -> Value {
    let actor = &row.actor;
    let acct = match &row.host {
        Some(host) => format!("{}@{host}", actor.name),
        None => actor.name.clone(),
    };
    let group = actor.is_group();
    let avatar = match (actor.icon_media_id, &actor.icon_url) {
        (Some(id), _) => ctx.urls.media(id, false),
        (None, Some(url)) if !url.is_empty() => url.clone(),
        _ if group => ctx.urls.absolute("/api/kring/group.png"),
        _ => ctx.urls.absolute("/api/kring/person.png"),
    };
    let usual = || ctx.urls.absolute("/api/kring/header.png");
    let header = row.header_url.clone().filter(|url| !url.is_empty()).unwrap_or_else(usual);
    let url = if actor.url.is_empty() { &actor.uri } else { &actor.url };
    let shown = if actor.display_name.is_empty() { &actor.name } else { &actor.display_name };
    let locked = match row.group {
        Some((kind, approval, _)) => approval || kind == GroupKind::Private,
        None => actor.locked,
    };
    json!({
        "id": actor.id.to_string(),
        "username": actor.name,
        "acct": acct,
        "display_name": shown,
        "locked": locked,
        "bot": matches!(actor.kind, ActorKind::Service | ActorKind::Application),
        "discoverable": actor.discoverable,
        "indexable": false,
        "group": group,
        "created_at": midnight(actor.created_at),
        "note": actor.summary_html,
        "url": url,
        "uri": actor.uri,
        "avatar": avatar,
        "avatar_static": avatar,
        "avatar_description": "",
        "header": header,
        "header_static": header,
        "header_description": "",
        "followers_count": actor.followers_count,
        "following_count": actor.following_count,
        "statuses_count": actor.posts_count,
        "last_status_at": actor.last_post_at.map(day),
        "hide_collections": Value::Null,
        "noindex": !actor.discoverable,
        "emojis": [],
        "roles": [],
        "fields": [],
    })
}

/// The day of a moment, as `last_status_at` is told.
fn day(at: Time) -> String {
    at.timestamp().strftime("%Y-%m-%d").to_string()
}

/// The beginning of the day of a moment: Mastodon tells no more of when an account was made.
fn midnight(at: Time) -> String {
    at.timestamp().strftime("%Y-%m-%dT00:00:00.000Z").to_string()
}

/// `CredentialAccount`: one's own account, with what its owner set. `waiting` counts who asks to follow.
pub fn credentials(ctx: &Ctx, row: &AccountRow, member: &Member, waiting: usize) -> Value {
    let mut value = account(ctx, row);
    value["source"] = json!({
        "privacy": "public",
        "sensitive": false,
        "language": member.locale,
        "note": row.actor.summary_source,
        "fields": [],
        "follow_requests_count": waiting,
        "hide_collections": Value::Null,
        "discoverable": row.actor.discoverable,
        "indexable": false,
        "attribution_domains": [],
        "quote_policy": "public",
    });
    let (id, name) = if member.role.is_moderator() { ("1", member.role.as_str()) } else { ("-99", "") };
    value["role"] = json!({ "id": id, "name": name, "color": "", "permissions": "0", "highlighted": false });
    value
}

/// `Relationship`: every flag is there, none is null.
pub fn relation(relation: &Relation) -> Value {
    let mine = relation.mine.as_ref();
    let following = mine.is_some_and(|f| f.is_member());
    let requested = mine.is_some_and(|f| f.state == FollowState::Requested);
    let theirs = relation.theirs.as_ref();
    json!({
        "id": relation.id.to_string(),
        "following": following,
        "showing_reblogs": following,
        "notifying": following && mine.is_some_and(|f| f.notify == Notify::All),
        "languages": Value::Null,
        "followed_by": theirs.is_some_and(|f| f.is_member()),
        "blocking": relation.blocking,
        "blocked_by": relation.blocked_by,
        "muting": relation.muting || mine.is_some_and(|f| f.muted),
        "muting_notifications": relation.muting,
        "muting_expires_at": relation.muted_until.map(Time::to_rfc3339),
        "requested": requested,
        "requested_by": theirs.is_some_and(|f| f.state == FollowState::Requested)
            || mine.is_some_and(|f| f.state == FollowState::Invited),
        "domain_blocking": relation.host_blocked,
        "endorsed": relation.endorsed,
        "note": relation.note,
    })
}

/// `Tag`. `uses` is how often it was used on open posts, told as one day of history.
pub fn tag(ctx: &Ctx, name: &str, uses: i64, following: Option<bool>) -> Value {
    let mut value = json!({
        "id": crate::services::secrets::fingerprint(name).bytes().fold(7_i64, |sum, b| (sum * 31 + i64::from(b)) % 999_999_999_989).to_string(),
        "name": name,
        "url": ctx.urls.tag(name),
        "history": [{ "day": midnight_seconds(ctx.now()).to_string(), "uses": uses.to_string(), "accounts": uses.to_string() }],
    });
    if let Some(following) = following {
        value["following"] = json!(following);
        value["featuring"] = json!(false);
    }
    value
}

fn midnight_seconds(at: Time) -> i64 {
    at.seconds() - at.seconds().rem_euclid(86_400)
}
