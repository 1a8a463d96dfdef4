//! Accounts, groups and tokens from the command line.

use std::io::{Read as _, Write as _};

use super::{GroupAdd, UserAdd};
use crate::base::{Error, HostId, Result, Time};
use crate::domain::Viewer;
use crate::domain::groups::Posting;
use crate::domain::peers::PeerState;
use crate::domain::people::Role;
use crate::services::groups::{self, GroupForm};
use crate::services::people::{self, NewMember};
use crate::services::{Ctx, accounts, sessions, sign_in};
use crate::store;

/// How long a link from the command line is good for.
const LINK_FOR: i64 = Time::HOUR;

pub fn print(line: &str) {
    // A closed pipe (`| head`) is the reader's wish.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// `user add`
pub async fn add(ctx: &Ctx, args: UserAdd) -> Result<()> {
    let password = if args.password_stdin {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(Error::internal)?;
        Some(text.trim_end_matches(['\n', '\r']).to_owned())
    } else {
        None
    };
    let shown = args.full_name.unwrap_or_else(|| args.name.clone());
    let new =
        NewMember { name: args.name, email: Some(args.email), role: args.role, password, ..NewMember::named(shown) };
    let id = people::create_member(ctx, new).await?;
    let (_, actor) = store::people::get(&mut ctx.db.read().await?, id).await?;
    print(&format!("{} {}", actor.name, actor.uri));
    Ok(())
}

/// `user list`
pub async fn list(ctx: &Ctx, json: bool) -> Result<()> {
    let all = accounts::list_all(ctx, &Viewer::System).await?;
    if json {
        let line = |(member, actor): &(crate::domain::people::Member, crate::domain::actors::Actor)| {
            serde_json::json!({
                "id": actor.id, "name": actor.name, "display_name": actor.display_name, "email": member.email,
                "role": member.role, "kind": member.person_kind, "state": actor.state, "uri": actor.uri,
            })
        };
        let lines: Vec<_> = all.iter().map(line).collect();
        print(&serde_json::to_string_pretty(&lines).map_err(Error::internal)?);
        return Ok(());
    }
    for (member, actor) in all {
        let email = member.email.unwrap_or_default();
        print(&format!(
            "{:<20} {:<10} {:<10} {:<32} {email}",
            actor.name, member.role, actor.state, actor.display_name
        ));
    }
    Ok(())
}

/// `user link`
pub async fn link(ctx: &Ctx, name: &str) -> Result<()> {
    let (member, _) = accounts::find(ctx, name).await?;
    print(&sign_in::one_time_link(ctx, member.actor_id, LINK_FOR).await?.url);
    Ok(())
}

/// `token`
pub async fn token(ctx: &Ctx, name: &str, scopes: &str) -> Result<()> {
    let (member, _) = accounts::find(ctx, name).await?;
    print(&sessions::api_token(ctx, member.actor_id, scopes).await?);
    Ok(())
}

/// `group add`
pub async fn add_group(ctx: &Ctx, args: GroupAdd) -> Result<()> {
    let owner = match args.owner {
        Some(name) => accounts::find(ctx, &name).await?.0,
        None => {
            let all = accounts::list_all(ctx, &Viewer::System).await?;
            let owner = all.into_iter().map(|(member, _)| member).find(|m| m.role == Role::Owner);
            owner.ok_or_else(|| Error::Unavailable("there is no owner yet; name one with --owner".to_owned()))?
        }
    };
    let viewer = Viewer::Member { id: owner.actor_id, role: owner.role, guest: owner.is_guest };
    let form = GroupForm {
        title: args.title,
        name: args.name,
        description: String::new(),
        kind: args.kind,
        hidden: false,
        posting: Posting::Members,
        approval: false,
        outside_members: false,
        rules: String::new(),
        card: String::new(),
        topics: String::new(),
        branch_id: None,
        spine: 0,
    };
    let actor = groups::create(ctx, &viewer, form).await?;
    print(&format!("{} {}", actor.name, actor.uri));
    Ok(())
}

/// `check`
pub async fn check(ctx: &Ctx) -> Result<()> {
    let mut conn = ctx.db.read().await?;
    let people = accounts::list_all(ctx, &Viewer::System).await?.len();
    let waiting = store::jobs::count_open(&mut conn).await?;
    print(&format!("configuration and database are fine: {people} accounts, {waiting} jobs waiting"));
    for (kind, error) in store::jobs::list_failed(&mut conn, 20).await? {
        print(&format!("given up: {kind}: {error}"));
    }
    Ok(())
}

/// `migrate-database`
pub async fn migrate_database(ctx: &Ctx, to: &str) -> Result<()> {
    if ctx.db.is_postgres() || !store::is_postgres(to) {
        return Err(Error::Unavailable(
            "moving goes from SQLite to PostgreSQL: --to postgres://USER@HOST/NAME".to_owned(),
        ));
    }
    let target = store::Db::open(to).await?;
    let progress = std::sync::Arc::new(|table: &str, place: usize, all: usize| print(&bar(table, place, all)));
    let copied = store::transfer::copy(&ctx.db, &target, progress).await?;
    let rows: u64 = copied.iter().map(|table| table.rows).sum();
    print(&format!("{} tables, {rows} rows; counts and checksums are the same on both sides", copied.len()));
    print("Now set database.url to the new address and start Kring again. The old file was not changed.");
    Ok(())
}

/// How far copying is.
pub fn bar(table: &str, place: usize, all: usize) -> String {
    let done = "#".repeat(place * 30 / all.max(1));
    format!("[{done:<30}] {place:>2}/{all} {table}")
}

/// `peer add`
pub async fn add_peer(ctx: &Ctx, host: &str) -> Result<()> {
    let host = host.trim().to_lowercase();
    if url::Url::parse(&format!("https://{host}/")).is_err() || host.contains('/') {
        return Err(Error::Unavailable(format!("'{host}' is not a host name such as kring.example.org")));
    }
    let (c, name) = (ctx.clone(), host.clone());
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let id = store::actors::ensure_host(conn, HostId(c.ids.next()), &name).await?;
                store::federation::set_peer_state(conn, id, PeerState::Accepted, Some("network")).await
            })
        })
        .await?;
    print(&format!(
        "{host} is a peer: its members may join network groups here. Let its administrator add {} too.",
        ctx.urls.host()
    ));
    Ok(())
}

/// `peer list`
pub async fn list_peers(ctx: &Ctx, json: bool) -> Result<()> {
    let peers = store::federation::peers(&mut ctx.db.read().await?).await?;
    if json {
        let line = |h: &crate::domain::peers::Host| serde_json::json!({"host": h.name, "state": h.peer_state, "software": h.software});
        print(&serde_json::to_string_pretty(&peers.iter().map(line).collect::<Vec<_>>()).map_err(Error::internal)?);
        return Ok(());
    }
    for peer in peers {
        print(&format!("{:<40} {:<10} {}", peer.name, peer.peer_state, peer.software.unwrap_or_default()));
    }
    Ok(())
}
