//! The description has every field that clients of Mastodon 4.5 look for, and says the same of which may be null.

use kring::domain::groups::GroupKind;
use serde_json::Value;

use super::Phone;
use crate::support::on_sqlite;

/// Entity, keys that are always there and never null, keys that may be null or absent.
const LISTED: &[(&str, &str, &str)] = &[
    (
        "Account",
        "id username acct display_name note url uri avatar avatar_static header header_static locked bot group fields \
         emojis created_at followers_count following_count statuses_count roles",
        "discoverable indexable hide_collections last_status_at noindex",
    ),
    (
        "Status",
        "id uri created_at account content visibility sensitive spoiler_text media_attachments mentions tags emojis \
         reblogs_count favourites_count replies_count quotes_count",
        "url in_reply_to_id in_reply_to_account_id reblog poll card language edited_at quote quote_approval application \
         favourited reblogged muted bookmarked pinned filtered",
    ),
    ("MediaAttachment", "id type", "url preview_url remote_url meta description blurhash"),
    ("Poll", "id expired multiple votes_count options emojis", "expires_at voters_count voted own_votes"),
    ("Notification", "id type created_at account group_key", "status"),
    ("GroupedNotifications", "accounts statuses notification_groups", "partial_accounts"),
    (
        "Relationship",
        "id following showing_reblogs notifying followed_by blocking blocked_by muting muting_notifications requested \
         requested_by domain_blocking endorsed note",
        "languages muting_expires_at",
    ),
    (
        "Instance",
        "domain title version source_url description usage thumbnail icon languages configuration registrations \
         api_versions contact rules",
        "",
    ),
    ("Context", "ancestors descendants", ""),
    ("Search", "accounts statuses hashtags", ""),
    ("List", "id title replies_policy exclusive", ""),
    // The filter inside a `FilterResult` does not tell what it looks for.
    ("Filter", "id title context filter_action", "expires_at keywords statuses"),
    ("Tag", "name url history", "id following"),
    ("Mention", "id username url acct", ""),
    ("WebPushSubscription", "id endpoint standard server_key alerts", ""),
    ("Conversation", "id unread accounts", "last_status"),
];

/// Whether a schema lets a value be null.
fn may_be_null(schema: &Value) -> bool {
    let among = |list: &Value, is: fn(&Value) -> bool| list.as_array().is_some_and(|all| all.iter().any(is));
    schema["type"] == "null"
        || among(&schema["type"], |kind| kind == "null")
        || among(&schema["oneOf"], |choice| choice["type"] == "null")
}

#[test]
fn the_description_has_every_field_of_the_protocol() {
    on_sqlite(async |app| {
        let wim = app.person("Wim").await;
        app.group(&wim, "Lezers", GroupKind::Public).await;
        let described = Phone::read(Phone::of(&app, &wim).await.get("/api/kring/openapi.json").await);
        let mut missing = Vec::new();
        for (name, sure, perhaps) in LISTED {
            let entity = &described["components"]["schemas"][name];
            let required: Vec<&str> =
                entity["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            for key in sure.split_whitespace() {
                let known = &entity["properties"][key];
                if known.is_null() || !required.contains(&key) || may_be_null(known) {
                    missing.push(format!("{name}.{key} is not there for sure"));
                }
            }
            for key in perhaps.split_whitespace().filter(|key| entity["properties"][key].is_null()) {
                missing.push(format!("{name}.{key} is not described"));
            }
        }
        assert!(missing.is_empty(), "{}", missing.join("\n"));
    });
}
