//! Groups of other servers, as these tell of them.

use super::Ctx;
use super::ctx::emit;
use super::follows;
use super::group_kinds::change_kind;
use super::throttle::Quota;
use crate::base::*;
use crate::domain::actors::Actor;
use crate::domain::audiences::Audience;
use crate::domain::events::Event;
use crate::domain::groups::*;
use crate::domain::peers::PeerScope;
use crate::store::{self, Conn};

/// How often a group elsewhere becomes a more open one. All that its people wrote is counted anew each time; that it closes counts
/// at once, but it must have been opened before.
const OPENINGS: Quota = Quota { burst: 4, every: 6 * Time::HOUR };

/// Our server is in a group elsewhere for its members no more: it is another kind of group now.
async fn take_server_out(conn: &mut Conn, ctx: &Ctx, group: &Group) -> Result<()> {
    for server in store::memberships::servers_in(conn, group.actor_id).await? {
        if let Some(follow) = follows::end(conn, server, group.actor_id).await? {
            let uri = follow.uri.unwrap_or_default();
            emit(conn, &ctx.ids, ctx.now(), &Event::Unfollowed { follower: server, target: group.actor_id, uri })
                .await?;
        }
    }
    Ok(())
}

/// The group side of a group elsewhere, as its host tells it. Called by federation after the actor was stored.
pub async fn receive_group(
    ctx: &Ctx,
    actor: &Actor,
    kind: GroupKind,
    posting: Posting,
    approval: bool,
    members: Option<i64>,
) -> Result<Group> {
    let (c, id, host) = (ctx.clone(), actor.id, actor.host_id);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                // What is for partners is listed while there is an agreement.
                let partner = store::federation::get_host(conn, host).await?.agreed(PeerScope::Network);
                let hidden = kind == GroupKind::Network && !partner;
                if let Some(mut group) = store::groups::find(conn, id).await? {
                    let opens = kind.scope() < group.kind.scope();
                    let tries = [(format!("opens {id}"), OPENINGS)];
                    let changed = group.kind != kind && (!opens || c.throttle.take(&tries, c.now()).is_ok());
                    if changed {
                        store::known::lock_counted(conn, id).await?;
                        take_server_out(conn, &c, &group).await?;
                        change_kind(conn, &c, &mut group, kind).await?;
                        group.hidden = hidden;
                    }
                    group.posting = posting;
                    group.approval = approval;
                    store::groups::upsert(conn, &group).await?;
                    if changed {
                        store::known::recount(conn, id).await?;
                    }
                    if let Some(count) = members {
                        store::groups::set_members_count(conn, id, count).await?;
                    }
                    return Ok(group);
                }
                let audience = Audience { id: AudienceId(c.ids.next()), scope: kind.scope(), owner_id: id };
                store::groups::insert_audience(conn, &audience).await?;
                let group = Group {
                    actor_id: id,
                    kind,
                    hidden,
                    posting,
                    approval,
                    outside_members: kind == GroupKind::Private,
                    bare_notices: false,
                    audience_id: audience.id,
                    spine: i16::try_from(id.0 % 6).unwrap_or(0) + 1,
                    topics: String::new(),
                    branch_id: None,
                    rules_source: String::new(),
                    rules_html: String::new(),
                    card_source: String::new(),
                    card_html: String::new(),
                    members_count: members.unwrap_or(0),
                    created_by: None,
                    archived_at: None,
                };
                store::groups::upsert(conn, &group).await?;
                Ok(group)
            })
        })
        .await
}

/// Notes which network groups a partner tells of; others of its are listed no more.
pub async fn list_elsewhere(ctx: &Ctx, host: HostId, told: &[ActorId]) -> Result<()> {
    let told = told.to_vec();
    ctx.db.write(move |conn| Box::pin(async move { store::memberships::list_there(conn, host, &told).await })).await
}
