//! Push messages: each token has at most one subscription.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::{Map, Value, json};

use crate::api::caller::{Caller, bearer_of};
use crate::api::fail::{Failure, Reply};
use crate::api::listing::json as answer;
use crate::api::params::Params;
use crate::services::Ctx;
use crate::services::push::{self, NewSubscription};
use crate::store::push::Subscription;

/// Every type an app may want to hear of.
const ALERTS: [&str; 12] = [
    "mention",
    "status",
    "reblog",
    "follow",
    "follow_request",
    "favourite",
    "poll",
    "update",
    "quote",
    "quoted_update",
    "admin.sign_up",
    "admin.report",
];

/// `/api/v1/push/subscription`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/api/v1/push/subscription", get(one).post(subscribe).put(change).delete(unsubscribe))
}

/// `WebPushSubscription`.
async fn drawn(ctx: &Ctx, one: &Subscription) -> Reply {
    let wanted = |name: &str| one.alerts.split(' ').any(|alert| alert == name);
    let alerts: Map<String, Value> = ALERTS.iter().map(|name| ((*name).to_owned(), json!(wanted(name)))).collect();
    answer(json!({
        "id": one.id.to_string(), "endpoint": one.endpoint, "standard": one.standard, "alerts": alerts,
        "policy": one.policy, "server_key": push::keys(ctx).await?.vapid.public(),
    }))
}

fn token(caller: &Caller) -> Result<i64, Failure> {
    caller.may("push")?;
    caller.token.as_ref().map(|token| token.id).ok_or_else(Failure::no_user)
}

/// Types that are wanted; a name may have a dot, so they are not looked up by path.
fn alerts(params: &Params) -> Vec<String> {
    let sent = params.at("data/alerts").or_else(|| params.at("alerts"));
    let wanted =
        |name: &&str| sent.and_then(|sent| sent.get(*name)).and_then(crate::api::params::flag_of) == Some(true);
    ALERTS.iter().filter(|name| wanted(name)).map(|name| (*name).to_owned()).collect()
}

async fn one(State(ctx): State<Ctx>, caller: Caller) -> Reply {
    drawn(&ctx, &push::get(&ctx, token(&caller)?).await?).await
}

async fn subscribe(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let (id, viewer) = (token(&caller)?, caller.may("push")?);
    let bearer = bearer_of(&params.headers).ok_or_else(Failure::no_user)?;
    let text = |name: &str| params.text(&format!("subscription/{name}")).unwrap_or_default();
    let new = NewSubscription {
        endpoint: text("endpoint"),
        p256dh: text("keys/p256dh"),
        auth: text("keys/auth"),
        standard: params.is("subscription/standard"),
        policy: params.filled("data/policy").or_else(|| params.filled("policy")).unwrap_or_else(|| "all".to_owned()),
        alerts: alerts(&params),
    };
    drawn(&ctx, &push::subscribe(&ctx, &viewer, id, bearer, new).await?).await
}

async fn change(State(ctx): State<Ctx>, caller: Caller, params: Params) -> Reply {
    let id = token(&caller)?;
    let policy = params.filled("data/policy").or_else(|| params.filled("policy"));
    drawn(&ctx, &push::change(&ctx, id, policy, alerts(&params)).await?).await
}

async fn unsubscribe(State(ctx): State<Ctx>, caller: Caller) -> Reply {
    push::unsubscribe(&ctx, token(&caller)?).await?;
    answer(json!({}))
}
