//! Invitations: a link (and a sheet of paper) with which someone becomes a member and joins groups at once.

use super::people::{self, NewMember};
use super::sessions::{self, Begun, Device};
use super::throttle::{Quota, address_key};
use super::{Ctx, follows, newcomers};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorState};
use crate::domain::groups::{Follow, FollowState, Group, GroupKind, GroupRole, Notify};
use crate::domain::people::{Invitation, PersonKind};
use crate::policy::{self, InGroup};
use crate::store::invitations::{self as rows, InvitationLine};
use crate::store::{self, Conn};

/// Letters of a code; typed from paper by some. 31^10 possibilities, and looking is throttled.
const CODE_LETTERS: usize = 10;
/// The most that one invitation may be used.
const MAX_USES: i32 = 500;
/// The longest one may hold, days.
const MAX_DAYS: i64 = 365;

/// An invitation to be.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// Groups joined on acceptance.
    pub groups: Vec<ActorId>,
    /// Label of whoever accepts; guests become guests.
    pub person_kind: PersonKind,
    /// How often it may be used; 1 to 500.
    pub max_uses: i32,
    /// Days it holds; as configured when `None`, at most a year.
    pub days: Option<i64>,
    /// A word to whoever is invited.
    pub note: String,
}

/// What someone fills in who accepts.
#[derive(Clone, Debug, Default)]
pub struct Acceptance {
    /// Shown name.
    pub display_name: String,
    /// Name in addresses; made from the shown one when empty.
    pub name: String,
    /// Address to sign in with.
    pub email: String,
    /// Password, if they want one.
    pub password: Option<String>,
    /// Language.
    pub locale: String,
}

/// Makes an invitation.
///
/// # Errors
/// `Forbidden` when the viewer may not invite such a person into these groups; `Invalid` for `max_uses`, `days`,
/// `groups` (a guest must be invited to a group).
pub async fn create(ctx: &Ctx, viewer: &Viewer, new: NewInvitation) -> Result<Invitation> {
    let me = viewer.member_id()?;
    let days = new.days.unwrap_or_else(|| i64::from(ctx.config.limits.invitation_days));
    let mut fields = Vec::new();
    if !(1..=MAX_USES).contains(&new.max_uses) {
        fields.push(FieldError { field: "max_uses", code: "error-invitation-uses" });
    }
    if !(1..=MAX_DAYS).contains(&days) {
        fields.push(FieldError { field: "days", code: "error-invitation-days" });
    }
    if new.person_kind == PersonKind::Guest && new.groups.is_empty() {
        fields.push(FieldError { field: "groups", code: "error-invitation-guest-groups" });
    }
    if !fields.is_empty() {
        return Err(Error::Invalid { fields });
    }
    let invitation = Invitation {
        id: InvitationId(ctx.ids.next()),
        code: ctx.rng.code(CODE_LETTERS),
        inviter_id: me,
        person_kind: new.person_kind,
        note: new.note.trim().chars().take(500).collect(),
        max_uses: new.max_uses,
        uses: 0,
        created_at: ctx.now(),
        expires_at: ctx.now().plus(days * Time::DAY),
        revoked_at: None,
    };
    let (c, viewer, groups) = (ctx.clone(), *viewer, new.groups);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let mut moderates = 0;
                for group in &groups {
                    moderates += usize::from(check_into(conn, &c, &viewer, *group).await?);
                }
                policy::check_invite(&viewer, invitation.person_kind, groups.len(), moderates)?;
                rows::insert(conn, &invitation).await?;
                for group in &groups {
                    rows::insert_group(conn, invitation.id, *group).await?;
                }
                Ok(invitation)
            })
        })
        .await
}

/// That the viewer may invite into a group here, and whether they keep order in it; an instance's moderator need not for a
/// group that anyone here may join.
///
/// # Errors
/// `NotFound` for groups elsewhere and closed groups that the viewer does not keep.
pub(super) async fn check_into(conn: &mut Conn, ctx: &Ctx, viewer: &Viewer, group: ActorId) -> Result<bool> {
    let (group, actor, follow) = store::groups::get_with(conn, group, viewer.actor_id()).await?;
    let at = InGroup { group: &group, local: actor.is_local(), follow: follow.as_ref(), now: ctx.now() };
    if !actor.is_local() || !policy::may_see_group(viewer, at) || group.archived_at.is_some() {
        return Err(Error::NotFound);
    }
    let keeps = follow.as_ref().is_some_and(Follow::is_moderator);
    let open = group.kind != GroupKind::Private && !group.approval;
    if keeps || (open && viewer.role().is_moderator()) { Ok(keeps) } else { Err(Error::NotFound) }
}

/// Whether there is anyone whom the viewer may invite.
pub async fn may_invite(ctx: &Ctx, viewer: &Viewer) -> Result<bool> {
    let anyone = viewer.is_full_member() && viewer.role().is_moderator();
    Ok(anyone || (viewer.is_full_member() && !groups_to_offer(ctx, viewer).await?.is_empty()))
}

/// Groups into which the viewer may invite: those they keep, and for moderators of the instance every open one here.
pub async fn groups_to_offer(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<store::groups::GroupLine>> {
    let me = viewer.member_id()?;
    let mut conn = ctx.db.read().await?;
    let fits = |group: &Group, mine: Option<(FollowState, GroupRole, bool)>| {
        let keeps = mine.is_some_and(|(state, role, _)| state == FollowState::Accepted && role.is_moderator());
        let open = group.kind != GroupKind::Private && !group.approval && viewer.role().is_moderator();
        group.archived_at.is_none() && (keeps || open)
    };
    let mut lines = store::groups::mine(&mut conn, me).await?;
    if viewer.role().is_moderator() {
        let open = [GroupKind::Public, GroupKind::Network, GroupKind::Organisation];
        let all = store::groups::directory(&mut conn, Some(me), &open, None, "", ("", -1), 200).await?;
        lines.extend(all.into_iter().filter(|line| line.mine.is_none()));
    }
    lines.retain(|line| line.actor.is_local() && fits(&line.group, line.mine));
    lines.sort_by(|a, b| a.actor.display_name.cmp(&b.actor.display_name));
    Ok(lines)
}

/// An invitation that may be used, for whoever has its code.
///
/// # Errors
/// `NotFound` for a wrong code, `Gone` when it ended, was used up or taken back; `RateLimited`.
pub async fn open(ctx: &Ctx, code: &str, device: &Device) -> Result<InvitationLine> {
    let quota = Quota { burst: 120, every: 2 * Time::SECOND };
    ctx.throttle.take(&[(format!("i:{}", address_key(device.address)), quota)], ctx.now())?;
    let code = code.trim().to_lowercase();
    let mut conn = ctx.db.read().await?;
    let line = rows::get(&mut conn, &code).await?;
    let inviter = store::actors::get(&mut conn, line.invitation.inviter_id).await?;
    if !line.invitation.is_open(ctx.now()) || inviter.state != ActorState::Active {
        return Err(Error::Gone);
    }
    Ok(line)
}

/// Accepts an invitation: makes the account, joins the groups, begins a session.
///
/// # Errors
/// As [`open`]; `Invalid` per field.
pub async fn accept(ctx: &Ctx, code: &str, form: Acceptance, device: Device) -> Result<Begun> {
    let line = open(ctx, code, &device).await?;
    let invitation = line.invitation;
    let new = NewMember {
        name: form.name,
        email: Some(form.email),
        password: form.password.filter(|p| !p.is_empty()),
        locale: Some(form.locale),
        person_kind: invitation.person_kind,
        is_guest: invitation.person_kind == PersonKind::Guest,
        invited_by: Some(invitation.inviter_id),
        ..NewMember::named(form.display_name)
    };
    let checked = people::check(ctx, new).await?;
    let c = ctx.clone();
    let guest = invitation.person_kind == PersonKind::Guest;
    let (id, begun) = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let id = people::insert(conn, &c, checked).await?;
                if !guest {
                    newcomers::begin(conn, &c, id, Some(invitation.inviter_id)).await?;
                }
                join_groups(conn, &c, &invitation, id).await?;
                Ok((id, sessions::begin(conn, &c, Some(id), &device, Default::default()).await?))
            })
        })
        .await?;
    ctx.wake.now();
    newcomers::tell_buddy(ctx, id).await?;
    Ok(begun)
}

/// Accepts an invitation as someone who has an account already: joins its groups. A guest stays a guest.
///
/// # Errors
/// As [`open`].
pub async fn accept_as(ctx: &Ctx, viewer: &Viewer, code: &str, device: &Device) -> Result<()> {
    let me = viewer.member_id()?;
    let invitation = open(ctx, code, device).await?.invitation;
    let c = ctx.clone();
    ctx.db.write(move |conn| Box::pin(async move { join_groups(conn, &c, &invitation, me).await })).await?;
    ctx.wake.now();
    Ok(())
}

/// Counts a use and joins the groups. A group that closed meanwhile, or from which the person was banned, is left out.
async fn join_groups(conn: &mut Conn, ctx: &Ctx, invitation: &Invitation, member: ActorId) -> Result<()> {
    if rows::count_use(conn, invitation.id, ctx.now()).await? == 0 {
        return Err(Error::Gone);
    }
    for group in rows::groups_of(conn, invitation.id).await? {
        join_group(conn, ctx, group, member).await?;
    }
    Ok(())
}

/// Makes someone a member of a group here whom one may invite into it, unless it closed or they were banned from it.
/// Within the caller's transaction.
pub(super) async fn join_group(conn: &mut Conn, ctx: &Ctx, id: ActorId, member: ActorId) -> Result<()> {
    let (group, actor, follow): (Group, Actor, _) = store::groups::get_with(conn, id, Some(member)).await?;
    let kept_out = follow.as_ref().is_some_and(|f| f.is_banned(ctx.now()) || f.is_member());
    if kept_out || group.archived_at.is_some() || actor.state != ActorState::Active {
        return Ok(());
    }
    let follow_id = FollowId(ctx.ids.next());
    let follow = Follow {
        id: follow_id,
        follower_id: member,
        target_id: id,
        state: FollowState::Accepted,
        role: GroupRole::Member,
        may_post: false,
        uri: Some(ctx.urls.follow(follow_id)),
        notify: Notify::Mentions,
        muted: false,
        reason: String::new(),
        until_at: None,
        seen_seq: 0,
        created_at: ctx.now(),
    };
    follows::admit(conn, ctx, follow, &actor).await
}

/// Invitations newest first: the viewer's own, or everyone's for moderators of the instance.
pub async fn list(ctx: &Ctx, viewer: &Viewer, everyone: bool, before: Option<i64>) -> Result<Vec<InvitationLine>> {
    let me = viewer.member_id()?;
    if everyone {
        policy::check_instance_moderator(viewer)?;
    }
    let inviter = (!everyone).then_some(me);
    rows::list(&mut ctx.db.read().await?, inviter, before.unwrap_or(i64::MAX), 50).await
}

/// One invitation, for its maker or a moderator of the instance; ended ones too.
///
/// # Errors
/// `NotFound`, also for those of others.
pub async fn get(ctx: &Ctx, viewer: &Viewer, code: &str) -> Result<InvitationLine> {
    let line = rows::get(&mut ctx.db.read().await?, code).await?;
    let mine = viewer.actor_id() == Some(line.invitation.inviter_id);
    if mine || viewer.role().is_moderator() { Ok(line) } else { Err(Error::NotFound) }
}

/// Takes an invitation back.
pub async fn revoke(ctx: &Ctx, viewer: &Viewer, code: &str) -> Result<()> {
    let (id, now) = (get(ctx, viewer, code).await?.invitation.id, ctx.now());
    ctx.db.write(move |conn| Box::pin(async move { rows::revoke(conn, id, now).await.map(|_| ()) })).await
}
