//! Registering apps.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::listing::json as answer;
use crate::api::params::Params;
use crate::base::{Error, Time};
use crate::services::oauth::{self, NewApp};
use crate::services::throttle::Quota;
use crate::services::{Ctx, push};
use crate::store::oauth::App;

/// Registrations at once from everywhere, then one each few seconds: registering is open to all.
const QUOTA: Quota = Quota { burst: 500, every: 2 * Time::SECOND };

/// `/api/v1/apps`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/api/v1/apps", post(register)).route("/api/v1/apps/verify_credentials", get(verify))
}

/// `Application`; with the secret where it was just made.
fn application(app: &App, secret: Option<&str>, vapid: &str) -> Value {
    let uris: Vec<&str> = app.redirect_uris.lines().collect();
    let mut value = json!({
        "id": app.id.to_string(),
        "name": app.name,
        "website": app.website,
        "scopes": app.scopes.split(' ').collect::<Vec<_>>(),
        "redirect_uri": app.redirect_uris,
        "redirect_uris": uris,
        "vapid_key": vapid,
    });
    if let Some(secret) = secret {
        value["client_id"] = json!(app.client_id);
        value["client_secret"] = json!(secret);
        value["client_secret_expires_at"] = json!(0);
    }
    value
}

async fn register(State(ctx): State<Ctx>, params: Params) -> Reply {
    ctx.throttle.take(&[("register an app".to_owned(), QUOTA)], ctx.now())?;
    let redirect_uris = params.texts("redirect_uris");
    let redirect_uris = redirect_uris.iter().flat_map(|uris| uris.split_whitespace()).map(str::to_owned).collect();
    let new = NewApp {
        name: params.text("client_name").unwrap_or_default(),
        redirect_uris,
        scopes: params.texts("scopes").join(" "),
        website: params.filled("website"),
    };
    let (app, secret) = oauth::register(&ctx, new).await?;
    answer(application(&app, Some(&secret), &push::keys(&ctx).await?.vapid.public()))
}

async fn verify(State(ctx): State<Ctx>, caller: Caller) -> Reply {
    let token = caller.token.as_ref().ok_or_else(Failure::no_user)?;
    let vapid = push::keys(&ctx).await?.vapid.public();
    match token.app_id {
        Some(id) => {
            let app = oauth::app_by_id(&ctx, id).await?.ok_or(Error::NotFound)?;
            answer(application(&app, None, &vapid))
        }
        // A token from the command line belongs to no app.
        None => answer(json!({
            "id": "0", "name": "Kring", "website": Value::Null, "scopes": token.scopes.split(' ').collect::<Vec<_>>(),
            "redirect_uri": oauth::OUT_OF_BAND, "redirect_uris": [oauth::OUT_OF_BAND], "vapid_key": vapid,
        })),
    }
}
