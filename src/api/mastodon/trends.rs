//! What is talked of this week in open posts.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::{Value, json};

use super::entities::{Outer, Sheet, card, tag};
use crate::api::caller::Caller;
use crate::api::fail::Reply;
use crate::api::listing::{json as answer, text_list};
use crate::api::params::Params;
use crate::base::PostId;
use crate::services::trends::{self, Day, Trend};
use crate::services::{Ctx, api, tags};

/// `/api/v1/trends…`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/v1/trends", get(hashtags))
        .route("/api/v1/trends/tags", get(hashtags))
        .route("/api/v1/trends/statuses", get(statuses))
        .route("/api/v1/trends/links", get(links))
}

/// `limit` and `offset`, as these calls take instead of cursors.
fn part<T>(all: Vec<T>, params: &Params, usual: i64, most: i64) -> Vec<T> {
    let number = |name, usual| usize::try_from(params.number(name).unwrap_or(usual).max(0)).unwrap_or(0);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    all.into_iter().skip(number("offset", 0)).take(number("limit", usual).clamp(1, most)).collect()
}

fn history(days: &[Day]) -> Value {
    let day = |day: &Day| json!({ "day": day.midnight.to_string(), "uses": day.uses.to_string(), "accounts": day.people.to_string() });
    days.iter().map(day).collect()
}

async fn hashtags(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.sees("read")?;
    let found = part(trends::tags(&ctx).await?, &params, 10, 20);
    let names: Vec<String> = found.iter().map(|trend| trend.name.clone()).collect();
    let (followed, featured) = tags::marked(&ctx, &viewer, &names).await?;
    let one = |trend: &Trend| {
        let mut value = tag(&ctx, &trend.name, 0, viewer.actor_id().map(|_| followed.contains(&trend.name)));
        if viewer.actor_id().is_some() {
            value["featuring"] = json!(featured.contains(&trend.name));
        }
        value["history"] = history(&trend.days);
        value
    };
    answer(found.iter().map(one).collect())
}

/// As far as the viewer may see them, without those of people they blocked.
async fn statuses(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.sees("read:statuses")?;
    let ids: Vec<PostId> = part(trends::posts(&ctx).await?, &params, 20, 40);
    let mut items = api::open_marks(&ctx, &viewer, &ids).await?;
    items.sort_by_key(|mark| ids.iter().position(|id| *id == mark.post));
    let sheet = Sheet::load(&ctx, &viewer, &items).await?;
    // Pages go by `offset`: a cursor would lead nowhere.
    text_list(&ctx, &params, sheet.array(&items, Outer::Plain), None, None)
}

/// `Trends::Link`: the card of the newest post about it, and how often it came up.
async fn links(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let viewer = caller.sees("read")?;
    let found = part(trends::links(&ctx).await?, &params, 10, 20);
    let ids: Vec<PostId> = found.iter().map(|trend| trend.post).collect();
    let views = api::to_draw(&ctx, &viewer, &ids).await?;
    let one = |trend: &Trend| {
        let view = views.iter().find(|view| view.post.id == trend.post)?;
        let mut value = card(&ctx, view);
        value["history"] = history(&trend.days);
        value.is_object().then_some(value)
    };
    answer(found.iter().filter_map(one).collect())
}
