//! Accounts, groups and tokens from the command line.

use std::io::{Read as _, Write as _};

use super::{GroupAdd, PeerAdd, UserAdd};
use crate::base::{Error, Result, Time};
use crate::domain::Viewer;
use crate::domain::groups::Posting;
use crate::domain::peers::{PeerState, Terms};
use crate::domain::people::Role;
use crate::services::groups::{self, GroupForm};
use crate::services::peers;
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

/// `renew-keys`
pub async fn renew_keys(ctx: &Ctx, name: &str) -> Result<()> {
    let actor = accounts::renew_keys(ctx, &Viewer::System, name).await?;
    print(&format!("{} gets new keys", actor.uri));
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
        bare_notices: false,
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
    let waiting = store::jobs::count_waiting(&mut conn).await?;
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
pub async fn add_peer(ctx: &Ctx, args: PeerAdd) -> Result<()> {
    let contact = args.contact.unwrap_or_else(|| ctx.instance().contact.clone());
    let terms = Terms { scope: args.scope, purpose: args.purpose, contact, retention: args.retention };
    let state = peers::offer(ctx, &Viewer::System, &args.host, terms).await?;
    let host = args.host.trim().to_lowercase();
    print(&match state {
        PeerState::Accepted => format!("{host} had offered this already: you are peers now"),
        _ => format!(
            "offered to {host}; once an administrator there accepts, or adds {}, you are peers",
            ctx.urls.host()
        ),
    });
    Ok(())
}

/// `peer list`
pub async fn list_peers(ctx: &Ctx, json: bool) -> Result<()> {
    let all = store::federation::peers(&mut ctx.db.read().await?).await?;
    if json {
        let line = |h: &crate::domain::peers::Host| serde_json::json!({"host": h.name, "state": h.peer_state, "software": h.software});
        print(&serde_json::to_string_pretty(&all.iter().map(line).collect::<Vec<_>>()).map_err(Error::internal)?);
        return Ok(());
    }
    for peer in all {
        print(&format!("{:<40} {:<10} {}", peer.name, peer.peer_state, peer.software.unwrap_or_default()));
    }
    Ok(())
}
