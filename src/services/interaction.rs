//! From a page here to somebody's own server: who has an account elsewhere follows and answers from there.

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::ActorKind;
use crate::services::sessions::Device;
use crate::services::throttle::{Quota, address_key};
use crate::services::{Ctx, groups, people, posts};
use crate::text::Handle;
use crate::urls::{self, Local};

/// How often one device may have another server asked.
const ASKS: Quota = Quota { burst: 10, every: Time::MINUTE };

/// What can be followed or answered from elsewhere: open to everybody.
#[derive(Clone, Debug)]
pub struct Thing {
    /// How people call it; empty for a post.
    pub name: String,
    /// Its ActivityPub id, by which other servers find it.
    pub uri: String,
    /// Its page here.
    pub path: String,
}

/// Where somebody goes on.
#[derive(Clone, Debug)]
pub struct Way {
    /// The server.
    pub host: String,
    /// Its page for the thing; none when it has no such page.
    pub page: Option<String>,
}

/// The group, person or post on a page here, as far as the public sees it.
///
/// # Errors
/// `NotFound` for anything else.
pub async fn thing(ctx: &Ctx, path: &str) -> Result<Thing> {
    let public = Viewer::Anonymous;
    match ctx.urls.parse(&ctx.urls.absolute(path)) {
        Some(Local::Group(name)) => {
            let view = groups::view_by_handle(ctx, &public, &name).await?;
            let open = view.group.kind.scope().is_open();
            let path = urls::actor_path(ActorKind::Group, &view.acct());
            open.then_some(Thing { name: view.actor.display_name, uri: view.actor.uri, path }).ok_or(Error::NotFound)
        }
        Some(Local::Person(name)) => {
            let actor = people::person(ctx, &public, &name).await?.actor;
            Ok(Thing { path: urls::actor_path(actor.kind, &actor.name), name: actor.display_name, uri: actor.uri })
        }
        Some(Local::Post(id)) => Ok(Thing {
            name: String::new(),
            uri: posts::view(ctx, &public, id).await?.post.uri,
            path: urls::post_path(id),
        }),
        _ => Err(Error::NotFound),
    }
}

/// The page for a thing at the server of an account.
///
/// # Errors
/// `Invalid` for `account` when it is no account elsewhere or its server does not answer; `RateLimited`.
pub async fn way(ctx: &Ctx, device: &Device, thing: &Thing, account: &str) -> Result<Way> {
    let refused = |code: &'static str| Error::invalid("account", code);
    let handle = Handle::parse(account).ok_or_else(|| refused("error-account-elsewhere"))?;
    let host = handle.host.ok_or_else(|| refused("error-account-elsewhere"))?;
    if host.eq_ignore_ascii_case(ctx.urls.host()) {
        return Err(refused("error-account-here"));
    }
    ctx.throttle.take(&[(format!("i:{}", address_key(device.address)), ASKS)], ctx.now())?;
    match ctx.remote()?.interaction_page(&handle.name, &host, &thing.uri).await {
        Ok(page) => Ok(Way { host, page }),
        Err(Error::NotFound | Error::Gone) => Err(refused("error-account-unknown")),
        Err(Error::Forbidden { .. }) => Err(refused("error-host-blocked")),
        Err(Error::RemoteFailed { .. } | Error::Unavailable(_)) => Err(refused("error-server-unreachable")),
        Err(other) => Err(other),
    }
}
