//! What the instance is and what it can do.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::{Value, json};

use super::entities::account;
use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::listing::json as answer;
use crate::config::Registration;
use crate::services::{Ctx, api, push};

/// Level of the API, and who we are. It begins with a digit: clients parse it.
const VERSION: &str = concat!("4.5.0 (compatible; Kring ", env!("CARGO_PKG_VERSION"), ")");

/// `/api/v1/instance…` and `/api/v2/instance`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/v2/instance", get(second))
        .route("/api/v1/instance", get(first))
        .route("/api/v1/instance/peers", get(peers))
        .route("/api/v1/instance/activity", get(nothing))
        .route("/api/v1/instance/rules", get(rules))
        .route("/api/v1/instance/domain_blocks", get(nothing))
        .route("/api/v1/instance/extended_description", get(description))
        .route("/api/v1/instance/privacy_policy", get(description))
        .route("/api/v1/instance/terms_of_service", get(no_terms))
        .route("/api/v1/instance/translation_languages", get(no_languages))
        .route("/api/v1/instance/languages", get(languages))
        .route("/api/v1/custom_emojis", get(nothing))
        .route("/api/v1/announcements", get(announcements))
}

async fn nothing() -> Reply {
    answer(json!([]))
}

async fn no_languages() -> Reply {
    answer(json!({}))
}

async fn no_terms() -> Reply {
    Err(Failure::not_found())
}

async fn announcements(caller: Caller) -> Reply {
    caller.may("read")?;
    answer(json!([]))
}

async fn languages() -> Reply {
    let all = crate::i18n::Locale::all().iter().map(|l| json!({ "code": l.tag(), "name": l.name() }));
    answer(all.collect())
}

async fn peers(State(ctx): State<Ctx>) -> Reply {
    answer(json!(api::peers(&ctx).await?))
}

async fn rules(State(ctx): State<Ctx>) -> Reply {
    answer(rule_list(&ctx))
}

async fn description(State(ctx): State<Ctx>) -> Reply {
    let instance = ctx.instance();
    let html = crate::text::render(&instance.rules, &crate::text::Links::default());
    answer(json!({ "updated_at": ctx.now().to_rfc3339(), "content": html.as_str() }))
}

/// The house rules, one rule for each line that says something.
fn rule_list(ctx: &Ctx) -> Value {
    let instance = ctx.instance();
    let lines = instance.rules.lines().map(|line| line.trim().trim_start_matches(['-', '*', '#', ' ']));
    let lines = lines.filter(|line| !line.is_empty()).enumerate();
    let rule = |(index, text): (usize, &str)| json!({ "id": (index + 1).to_string(), "text": text, "hint": "", "translations": {} });
    lines.map(rule).collect()
}

fn title(ctx: &Ctx) -> String {
    let name = ctx.instance().name.clone();
    if name.is_empty() { "Kring".to_owned() } else { name }
}

/// Whether anyone may ask for an account, and whether that waits for approval.
fn registrations(ctx: &Ctx) -> (bool, bool) {
    let set = ctx.instance().registration.as_deref().and_then(Registration::parse);
    match set.unwrap_or(ctx.config.instance.registration) {
        Registration::Invite => (false, false),
        Registration::Request => (true, true),
        Registration::Open => (true, false),
    }
}

fn streaming(ctx: &Ctx) -> String {
    ctx.urls.origin().replacen("http", "ws", 1)
}

async fn configuration(ctx: &Ctx) -> crate::base::Result<Value> {
    let bytes = u64::from(ctx.config.limits.max_upload_mb) * 1_000_000;
    let key = push::keys(ctx).await?.vapid.public();
    Ok(json!({
        "urls": {
            "streaming": streaming(ctx), "status": Value::Null, "about": ctx.urls.absolute("/about"),
            "privacy_policy": ctx.urls.absolute("/about"), "terms_of_service": Value::Null,
        },
        "vapid": { "public_key": key },
        "accounts": {
            "max_featured_tags": 10, "max_pinned_statuses": 0, "max_profile_fields": 0, "profile_field_name_limit": 0,
            "profile_field_value_limit": 0, "max_display_name_length": 100, "max_note_length": 2000,
            "max_avatar_description_length": 0, "max_header_description_length": 0,
        },
        "statuses": {
            "max_characters": ctx.config.limits.max_post_chars, "max_media_attachments": 8,
            "characters_reserved_per_url": 23,
        },
        "media_attachments": {
            "supported_mime_types": [
                "image/jpeg", "image/png", "image/gif", "image/webp", "audio/mpeg", "audio/ogg", "audio/mp4", "audio/wav",
                "video/mp4", "video/webm", "application/pdf", "text/plain",
            ],
            "description_limit": 1500, "image_size_limit": bytes, "image_matrix_limit": 33_177_600,
            "video_size_limit": bytes, "video_frame_rate_limit": 120, "video_matrix_limit": 8_294_400,
        },
        "polls": {
            "max_options": 12, "max_characters_per_option": 200, "min_expiration": 300, "max_expiration": 2_629_746,
        },
        "translation": { "enabled": false },
        "timelines_access": {
            "live_feeds": { "local": "public", "remote": "public" },
            "hashtag_feeds": { "local": "public", "remote": "public" },
            "trending_link_feeds": { "local": "disabled", "remote": "disabled" },
        },
        "limited_federation": ctx.config.federation.mode == crate::config::FederationMode::Peers,
    }))
}

async fn second(State(ctx): State<Ctx>) -> Reply {
    let numbers = api::numbers(&ctx).await?;
    let instance = ctx.instance();
    let (enabled, approval) = registrations(&ctx);
    let picture = ctx.urls.absolute("/api/kring/group.png");
    answer(json!({
        "domain": ctx.urls.host(),
        "title": title(&ctx),
        "version": VERSION,
        "source_url": ctx.urls.absolute("/about"),
        "description": instance.description,
        "usage": { "users": { "active_month": numbers.active_month } },
        "thumbnail": { "url": picture, "blurhash": Value::Null, "versions": { "@1x": picture }, "description": Value::Null },
        "icon": [{ "src": picture, "size": "240x240" }],
        "languages": [instance.locale],
        "configuration": configuration(&ctx).await?,
        "registrations": {
            "enabled": enabled, "approval_required": approval, "reason_required": approval, "message": Value::Null,
            "min_age": Value::Null, "url": ctx.urls.absolute("/join"),
        },
        "api_versions": { "mastodon": 7, "kring": 1 },
        "contact": { "email": instance.contact, "account": numbers.owner.as_ref().map(|row| account(&ctx, row)) },
        "rules": rule_list(&ctx),
    }))
}

async fn first(State(ctx): State<Ctx>) -> Reply {
    let numbers = api::numbers(&ctx).await?;
    let instance = ctx.instance();
    let (enabled, approval) = registrations(&ctx);
    answer(json!({
        "uri": ctx.urls.host(),
        "title": title(&ctx),
        "short_description": instance.description,
        "description": instance.description,
        "email": instance.contact,
        "version": VERSION,
        "urls": { "streaming_api": streaming(&ctx) },
        "stats": { "user_count": numbers.people, "status_count": numbers.posts, "domain_count": numbers.servers },
        "thumbnail": ctx.urls.absolute("/api/kring/group.png"),
        "languages": [instance.locale],
        "registrations": enabled,
        "approval_required": approval,
        "invites_enabled": true,
        "configuration": configuration(&ctx).await?,
        "contact_account": numbers.owner.as_ref().map(|row| account(&ctx, row)),
        "rules": rule_list(&ctx),
    }))
}
