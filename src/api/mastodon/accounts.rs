//! Accounts: people and groups, what they show, and how one stands to them.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, patch, post};
use serde_json::{Value, json};

use super::entities::{Outer, account, credentials, relation};
use super::timelines::{page as status_page, sheet};
use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::listing::{json as answer, list};
use crate::api::params::Params;
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::groups::Notify;
use crate::domain::moderation::BlockKind;
use crate::services::{Ctx, api, backfill, follows, groups, moderation, moving, pictures, regards};
use crate::store::api::SourceFilter;
use crate::store::marks::Wanted;

/// `/api/v1/accounts…`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/v1/accounts", get(several).post(no_sign_up))
        .route("/api/v1/accounts/verify_credentials", get(verify))
        .route("/api/v1/accounts/update_credentials", patch(update))
        .route("/api/v1/profile", get(verify).patch(update))
        .route("/api/v1/profile/avatar", axum::routing::delete(no_avatar))
        .route("/api/v1/profile/header", axum::routing::delete(no_header))
        .route("/api/v1/accounts/relationships", get(relationships))
        .route("/api/v1/accounts/familiar_followers", get(familiar))
        .route("/api/v1/accounts/lookup", get(lookup))
        .route("/api/v1/accounts/search", get(search))
        .route("/api/v1/accounts/{id}", get(one))
        .route("/api/v1/accounts/{id}/statuses", get(shown))
        .route("/api/v1/accounts/{id}/followers", get(followers))
        .route("/api/v1/accounts/{id}/following", get(following))
        .route("/api/v1/accounts/{id}/endorsements", get(endorsed_by))
        .route("/api/v1/accounts/{id}/identity_proofs", get(nothing_of))
        .route("/api/v1/accounts/{id}/{action}", post(act))
}

/// Accounts with the cursor of each, as a list with `Link`.
pub async fn listed(ctx: &Ctx, viewer: &Viewer, params: &Params, page: Page, found: Vec<(i64, ActorId)>) -> Reply {
    let ids: Vec<ActorId> = found.iter().map(|row| row.1).collect();
    let rows = api::accounts(ctx, viewer, &ids).await?;
    let full = i64::try_from(found.len()).is_ok_and(|n| n >= page.limit);
    let next = if full { found.last().map(|row| row.0) } else { None };
    let items = rows.iter().map(|row| account(ctx, row)).collect();
    list(ctx, params, items, next, found.first().map(|row| row.0))
}

/// The viewer's own account, with what they set.
async fn own(ctx: &Ctx, viewer: &Viewer) -> Result<Value, Failure> {
    let me = viewer.member_id()?;
    let row = api::account(ctx, viewer, me).await?;
    let member = api::member(ctx, viewer).await?;
    let waiting = api::requests(ctx, viewer, Page::first(40)).await?.len();
    Ok(credentials(ctx, &row, &member, waiting))
}

async fn verify(State(ctx): State<Ctx>, caller: Caller) -> Reply {
    let viewer = caller.may("profile")?;
    answer(own(&ctx, &viewer).await?)
}

async fn no_sign_up() -> Reply {
    Err(Failure::new(
        axum::http::StatusCode::FORBIDDEN,
        "Accounts are made by invitation, on the pages of this instance",
    ))
}

async fn update(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("write:accounts")?;
    if params.at("display_name").is_some() || params.at("note").is_some() {
        let change = api::ProfileChange { display_name: params.text("display_name"), about: params.text("note") };
        api::change_profile(&ctx, &viewer, change).await?;
    }
    if let Some(file) = params.files.iter().find(|file| file.field == "avatar") {
        pictures::set_avatar(&ctx, &viewer, file.bytes.clone()).await?;
    }
    answer(own(&ctx, &viewer).await?)
}

async fn no_avatar(State(ctx): State<Ctx>, caller: Caller) -> Reply {
    let viewer = caller.may("write:accounts")?;
    pictures::remove_avatar(&ctx, &viewer).await?;
    answer(own(&ctx, &viewer).await?)
}

/// Nobody here has a header of their own: there is nothing to take away.
async fn no_header(State(ctx): State<Ctx>, caller: Caller) -> Reply {
    let viewer = caller.may("write:accounts")?;
    answer(own(&ctx, &viewer).await?)
}

async fn one(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.sees("read:accounts")?;
    let row = api::account(&ctx, &viewer, id.parse()?).await?;
    let mut value = account(&ctx, &row);
    if row.actor.moved_to.is_some()
        && let Some(now) = moving::gone_to(&mut ctx.db.read().await?, &row.actor).await?
    {
        match api::account(&ctx, &viewer, now.id).await {
            Ok(now) => value["moved"] = account(&ctx, &now),
            // Whom the viewer may not see is not told.
            Err(Error::NotFound | Error::Gone) => {}
            Err(error) => return Err(error.into()),
        }
    }
    answer(value)
}

async fn several(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.sees("read:accounts")?;
    let ids: Vec<ActorId> = params.ids("id").into_iter().take(40).map(ActorId).collect();
    let rows = api::accounts(&ctx, &viewer, &ids).await?;
    answer(rows.iter().map(|row| account(&ctx, row)).collect())
}

async fn relationships(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:follows")?;
    let ids: Vec<ActorId> = params.ids("id").into_iter().take(80).map(ActorId).collect();
    answer(api::relations(&ctx, &viewer, &ids).await?.iter().map(relation).collect())
}

/// Whom the viewer follows who also follow someone, as far as the viewer may know who is there.
async fn familiar(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:follows")?;
    let mut all = Vec::new();
    for id in params.ids("id").into_iter().take(10) {
        let rows = match api::account(&ctx, &viewer, ActorId(id)).await {
            Ok(row) if api::may_read(&ctx, &viewer, &row).await? => {
                let who = regards::in_common(&ctx, &viewer, row.actor.id).await?;
                api::accounts(&ctx, &viewer, &who).await?
            }
            Ok(_) | Err(Error::NotFound | Error::Gone) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let known: Vec<Value> = rows.iter().map(|row| account(&ctx, row)).collect();
        all.push(json!({ "id": id.to_string(), "accounts": known }));
    }
    answer(json!(all))
}

/// Whom an account shows on its profile.
async fn endorsed_by(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.sees("read:accounts")?;
    let row = api::account(&ctx, &viewer, id.parse()?).await?;
    let page = params.page(40, 80);
    let found = regards::endorsed(&ctx, row.actor.id, page).await?;
    listed(&ctx, &viewer, &params, page, found).await
}

async fn lookup(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.sees("read:accounts")?;
    let acct = params.filled("acct").ok_or_else(Failure::not_found)?;
    let mut conn = ctx.db.read().await?;
    let actor = groups::find_by_acct(&mut conn, &ctx, &acct).await?;
    drop(conn);
    answer(account(&ctx, &api::account(&ctx, &viewer, actor.id).await?))
}

async fn search(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.may("read:accounts")?;
    let wanted = api::Search {
        text: params.text("q").unwrap_or_default(),
        kind: Some("accounts".to_owned()),
        resolve: params.is("resolve"),
        limit: params.number("limit").unwrap_or(40).clamp(1, 80),
    };
    let found = api::search(&ctx, &viewer, wanted).await?;
    let mut rows = api::accounts(&ctx, &viewer, &found.accounts).await?;
    if params.is("following") {
        let relations = api::relations(&ctx, &viewer, &found.accounts).await?;
        let followed: HashMap<ActorId, bool> =
            relations.iter().map(|r| (r.id, r.mine.as_ref().is_some_and(|f| f.is_member()))).collect();
        rows.retain(|row| followed.get(&row.actor.id) == Some(&true));
    }
    answer(rows.iter().map(|row| account(&ctx, row)).collect())
}

async fn shown(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.sees("read:statuses")?;
    let row = api::account(&ctx, &viewer, id.parse()?).await?;
    if params.is("pinned") {
        let pinned = if row.group.is_some() {
            crate::services::posts::pinned(&ctx, &viewer, row.actor.id).await?
        } else {
            Vec::new()
        };
        return status_page(&ctx, &viewer, &params, Paged { items: pinned, next: None }, Outer::Plain).await;
    }
    let tag = params.filled("tagged").unwrap_or_default().to_lowercase();
    let filter = SourceFilter {
        no_replies: params.is("exclude_replies"),
        no_boosts: params.is("exclude_reblogs"),
        media: params.is("only_media"),
        tag: &tag,
    };
    if row.actor.is_group() {
        backfill::group(&ctx, &viewer, &row.actor).await;
    }
    let wanted = Wanted::Source(row.actor.id, filter);
    let found = api::marks(&ctx, &viewer, wanted, params.page(20, 40)).await?;
    sheet(&ctx, &viewer, &params, found, Outer::Boosts).await
}

async fn followers(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.sees("read:accounts")?;
    let row = api::account(&ctx, &viewer, id.parse()?).await?;
    let page = params.page(40, 80);
    let found = api::followers(&ctx, &viewer, &row, page).await?;
    listed(&ctx, &viewer, &params, page, found).await
}

async fn following(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>, params: Params) -> Reply {
    let viewer = caller.sees("read:accounts")?;
    let row = api::account(&ctx, &viewer, id.parse()?).await?;
    let page = params.page(40, 80);
    let found = api::following(&ctx, &viewer, row.actor.id, page).await?;
    listed(&ctx, &viewer, &params, page, found).await
}

/// What accounts here do not have.
async fn nothing_of(State(ctx): State<Ctx>, caller: Caller, Path(id): Path<String>) -> Reply {
    let viewer = caller.sees("read:accounts")?;
    api::account(&ctx, &viewer, id.parse()?).await?;
    answer(json!([]))
}

/// How one stands to an account; each returns the relationship as it is then.
async fn act(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path((id, action)): Path<(String, String)>,
    params: Params,
) -> Reply {
    let scope = match action.as_str() {
        "follow" | "unfollow" | "remove_from_followers" => "write:follows",
        "block" | "unblock" => "write:blocks",
        "mute" | "unmute" => "write:mutes",
        "note" | "pin" | "unpin" | "endorse" | "unendorse" => "write:accounts",
        _ => return Err(Failure::not_found()),
    };
    let viewer = caller.may(scope)?;
    let row = api::account(&ctx, &viewer, id.parse()?).await?;
    let id = row.actor.id;
    if viewer.actor_id() == Some(id) {
        return Err(Failure::new(axum::http::StatusCode::FORBIDDEN, "This action is not allowed"));
    }
    match action.as_str() {
        "follow" => follow(&ctx, &viewer, id, &params).await?,
        "unfollow" => follows::leave(&ctx, &viewer, id).await?,
        "remove_from_followers" => api::shake_off(&ctx, &viewer, id).await?,
        "block" | "unblock" => {
            moderation::set_block(&ctx, &viewer, id, BlockKind::Block, action == "block", None).await?
        }
        "mute" | "unmute" => {
            let seconds = params.number("duration").filter(|seconds| *seconds > 0);
            let until = seconds.map(|seconds| ctx.now().plus(seconds.saturating_mul(Time::SECOND)));
            moderation::set_block(&ctx, &viewer, id, BlockKind::Mute, action == "mute", until).await?;
        }
        "note" => regards::set_note(&ctx, &viewer, id, &params.text("comment").unwrap_or_default()).await?,
        _ => regards::set_endorsed(&ctx, &viewer, id, matches!(action.as_str(), "pin" | "endorse")).await?,
    }
    let relations = api::relations(&ctx, &viewer, &[id]).await?;
    answer(relations.first().map(relation).unwrap_or(Value::Null))
}

/// Joins a group or follows a person; `notify` asks to hear of every post.
async fn follow(ctx: &Ctx, viewer: &Viewer, id: ActorId, params: &Params) -> Result<()> {
    follows::request(ctx, viewer, id, "").await?;
    if let Some(notify) = params.flag("notify") {
        let notify = if notify { Notify::All } else { Notify::Mentions };
        follows::set_notify(ctx, viewer, id, notify, false).await?;
    }
    Ok(())
}
