//! The one client for everything that leaves this instance by HTTP: federation, push messages.

use crate::base::*;
use crate::config::Scheme;
use crate::net::{Client, Options};
use crate::services::Ctx;

/// The guarded client, made at first need with what the configuration allows.
///
/// # Errors
/// `Unavailable` when `federation.extra_ca` cannot be read.
pub async fn client(ctx: &Ctx) -> Result<Client> {
    let made = ctx.client.get_or_try_init(|| async { Client::new(&options(ctx).await?) }).await?;
    Ok(made.clone())
}

async fn options(ctx: &Ctx) -> Result<Options> {
    let config = &ctx.config.federation;
    let extra_ca = match &config.extra_ca {
        Some(path) => Some(
            tokio::fs::read(path)
                .await
                .map_err(|e| Error::Unavailable(format!("federation.extra_ca {}: {e}", path.display())))?,
        ),
        None => None,
    };
    let mut allow_addresses = Vec::new();
    for range in &config.allow_addresses {
        allow_addresses.push(range.to_string().parse().map_err(|e: String| Error::Unavailable(e))?);
    }
    Ok(Options {
        allow_addresses,
        resolve: config.resolve.iter().map(|(name, address)| (name.clone(), *address)).collect(),
        extra_ca,
        allow_http: ctx.config.instance.scheme == Scheme::Http,
        user_agent: format!("Kring/{} (+{}/)", env!("CARGO_PKG_VERSION"), ctx.urls.origin()),
        ..Options::default()
    })
}
