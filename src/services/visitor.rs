//! What doors need to know of a browser before there is a session: which cookie is ours.

use crate::base::Result;
use crate::services::Ctx;
use crate::services::sessions::{self, Session};

/// The name of the session cookie tells the instance: cookies ignore ports.
pub fn cookie_name(ctx: &Ctx) -> String {
    let host: String = ctx.urls.host().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("kring_{host}")
}

/// The session behind `Cookie` headers, if one of them is ours and it still holds.
pub async fn session<'a>(ctx: &Ctx, cookies: impl Iterator<Item = &'a str>) -> Result<Option<Session>> {
    let name = cookie_name(ctx);
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    match pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned()) {
        Some(token) => sessions::load(ctx, &token).await,
        None => Ok(None),
    }
}
