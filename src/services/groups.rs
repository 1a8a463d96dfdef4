//! Starting, changing and listing groups.

use crate::base::*;
use crate::domain::actors::{Actor, ActorKind, ActorState};
use crate::domain::audiences::Audience;
use crate::domain::events::Event;
use crate::domain::groups::*;
use crate::domain::moderation::ModAction;
use crate::domain::names;
use crate::domain::{Sight, Viewer};
use crate::policy::{self, InGroup};
use crate::services::ctx::emit;
use crate::services::follows::{self, group_facts, log, moderated};
use crate::services::group_kinds::change_kind;
use crate::services::{Ctx, known, moving, posts};
use crate::store::actors::NewActor;
use crate::store::groups::{GroupLine, MemberLine};
use crate::store::{self, Conn};
use crate::text;

/// What a form says of a group.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct GroupForm {
    /// Shown name.
    pub title: String,
    /// Account name; made from the title when empty. Only used for a new group.
    pub name: String,
    /// One or two sentences, Markdown.
    pub description: String,
    /// Who reads and joins.
    pub kind: GroupKind,
    /// Private, and not even its name is told.
    pub hidden: bool,
    /// Who may write.
    pub posting: Posting,
    /// Joining goes by request.
    pub approval: bool,
    /// Private, with members from other servers.
    pub outside_members: bool,
    /// Private, and people of other software may follow that something was written.
    pub bare_notices: bool,
    /// Rules, Markdown.
    pub rules: String,
    /// "What holds now", Markdown.
    pub card: String,
    /// Topics, comma separated.
    pub topics: String,
    /// Branch.
    pub branch_id: Option<BranchId>,
    /// Colour of the spine, 1 to 6; 0 chooses one.
    pub spine: i16,
}

/// A group as one viewer finds it.
#[derive(Clone, Debug)]
pub struct GroupView {
    /// The group.
    pub group: Group,
    /// Its actor.
    pub actor: Actor,
    /// Host name of a group elsewhere.
    pub host: Option<String>,
    /// The viewer's membership.
    pub follow: Option<Follow>,
    /// May read posts and see members.
    pub may_read: bool,
    /// Keeps order in it.
    pub moderator: bool,
    /// May write a new post.
    pub may_post: bool,
    /// May join (or ask to).
    pub may_join: Option<policy::Entrance>,
    /// May change the group itself.
    pub may_manage: bool,
    /// May hand it over to another organisation.
    pub may_hand_over: bool,
}

impl GroupView {
    /// `name` for ours, `name@host` for others.
    pub fn acct(&self) -> String {
        match &self.host {
            Some(host) => format!("{}@{host}", self.actor.name),
            None => self.actor.name.clone(),
        }
    }
}

impl GroupForm {
    /// Says everything that is wrong with it at once.
    ///
    /// # Errors
    /// `Invalid` per field.
    pub fn check(&self) -> Result<()> {
        let title = self.title.trim();
        let mut fields = Vec::new();
        if title.is_empty() {
            fields.push(FieldError { field: "title", code: "error-group-title" });
        }
        if title.chars().count() > 80 {
            fields.push(FieldError { field: "title", code: "error-title-long" });
        }
        if self.description.chars().count() > 2000 {
            fields.push(FieldError { field: "description", code: "error-text-long" });
        }
        if !(0..=6).contains(&self.spine) {
            fields.push(FieldError { field: "spine", code: "error-choice" });
        }
        if fields.is_empty() { Ok(()) } else { Err(Error::Invalid { fields }) }
    }
}

/// Starts a group; who starts it owns it.
///
/// # Errors
/// `Invalid` per field; `Forbidden` for guests.
pub async fn create(ctx: &Ctx, viewer: &Viewer, form: GroupForm) -> Result<Actor> {
    check_new(viewer, &form)?;
    let owner = viewer.member_id()?;
    let ready = Ready::of(ctx, form)?;
    let c = ctx.clone();
    let actor = ctx.db.write(move |conn| Box::pin(async move { ready.insert(conn, &c, owner).await })).await?;
    ctx.wake.now();
    Ok(actor)
}

/// Whether the viewer may start this group.
///
/// # Errors
/// As [`create`].
pub(super) fn check_new(viewer: &Viewer, form: &GroupForm) -> Result<()> {
    viewer.member_id()?;
    if !viewer.is_full_member() {
        return Err(Error::forbidden("error-guests-not"));
    }
    form.check()?;
    names::check_new_name(&wanted_name(form)).map_err(|code| Error::invalid("name", code))
}

/// The account name that a form asks for, or that its title suggests.
fn wanted_name(form: &GroupForm) -> String {
    match form.name.trim() {
        "" => text::suggest_name(&form.title),
        name => name.to_lowercase(),
    }
}

/// A new group, checked and rendered: what is left is to store it.
pub(super) struct Ready {
    form: GroupForm,
    rendered: Rendered,
}

impl Ready {
    /// # Errors
    /// `Invalid` per field.
    pub(super) fn of(ctx: &Ctx, form: GroupForm) -> Result<Self> {
        form.check()?;
        names::check_new_name(&wanted_name(&form)).map_err(|code| Error::invalid("name", code))?;
        Ok(Self { rendered: Rendered::of(ctx, &form), form })
    }

    /// Stores it. A name that was typed must be free; one made from the title gets a number when it is taken: whoever
    /// starts a second knitting club need not know what an account name is.
    pub(super) async fn insert(&self, conn: &mut Conn, ctx: &Ctx, owner: ActorId) -> Result<Actor> {
        let wanted = wanted_name(&self.form);
        let numbers = if self.form.name.trim().is_empty() { 30 } else { 1 };
        for number in 1..=numbers {
            let name = if number == 1 { wanted.clone() } else { format!("{wanted}_{number}") };
            let fits = names::check_new_name(&name).is_ok();
            if fits && store::actors::find_by_name(conn, HostId::LOCAL, &name).await?.is_none() {
                return insert_group(conn, ctx, owner, &name, &self.form, &self.rendered).await;
            }
        }
        Err(Error::invalid("name", "error-name-taken"))
    }
}

/// The Markdown of a form, rendered before the transaction.
struct Rendered {
    description: SafeHtml,
    rules: SafeHtml,
    card: SafeHtml,
    search_text: String,
}

impl Rendered {
    fn of(ctx: &Ctx, form: &GroupForm) -> Self {
        let links = text::Links { tag_base: ctx.urls.tag_base(), ..text::Links::default() };
        Self {
            description: text::render(&form.description, &links),
            rules: text::render(&form.rules, &links),
            card: text::render(&form.card, &links),
            search_text: text::fold(&format!("{} {} {} {}", form.title, form.name, form.description, form.topics)),
        }
    }
}

async fn insert_group(
    conn: &mut Conn,
    ctx: &Ctx,
    owner: ActorId,
    name: &str,
    form: &GroupForm,
    rendered: &Rendered,
) -> Result<Actor> {
    let id = ActorId(ctx.ids.next());
    let uri = ctx.urls.actor(ActorKind::Group, name);
    let part = |suffix: &str| Some(format!("{uri}/{suffix}"));
    let new = NewActor {
        id,
        host_id: HostId::LOCAL,
        kind: ActorKind::Group,
        name: name.to_owned(),
        display_name: form.title.trim().to_owned(),
        summary_source: form.description.clone(),
        summary_html: rendered.description.clone(),
        url: uri.clone(),
        inbox: format!("{uri}/inbox"),
        shared_inbox: Some(ctx.urls.shared_inbox()),
        outbox: part("outbox"),
        followers_uri: part("followers"),
        featured_uri: part("featured"),
        moderators_uri: part("moderators"),
        icon_url: None,
        header_url: None,
        locked: form.approval || form.kind == GroupKind::Private,
        discoverable: form.kind == GroupKind::Public,
        search_text: rendered.search_text.clone(),
        created_at: ctx.now(),
        fetched_at: None,
        uri,
    };
    let actor = store::actors::upsert(conn, &new).await?;
    let audience = Audience { id: AudienceId(ctx.ids.next()), scope: form.kind.scope(), owner_id: id };
    store::groups::insert_audience(conn, &audience).await?;
    let spine = if form.spine == 0 { i16::try_from(ctx.ids.next() % 6).unwrap_or(0) + 1 } else { form.spine };
    let group = Group {
        actor_id: id,
        kind: form.kind,
        hidden: form.hidden && form.kind == GroupKind::Private,
        posting: form.posting,
        approval: form.approval || form.kind == GroupKind::Private,
        outside_members: form.outside_members && form.kind == GroupKind::Private,
        bare_notices: form.bare_notices && form.kind == GroupKind::Private,
        audience_id: audience.id,
        spine,
        topics: form.topics.trim().to_owned(),
        branch_id: form.branch_id,
        rules_source: form.rules.clone(),
        rules_html: rendered.rules.as_str().to_owned(),
        card_source: form.card.clone(),
        card_html: rendered.card.as_str().to_owned(),
        members_count: 0,
        created_by: Some(owner),
        archived_at: None,
    };
    store::groups::upsert(conn, &group).await?;
    let follow = Follow {
        id: FollowId(ctx.ids.next()),
        follower_id: owner,
        target_id: id,
        state: FollowState::Accepted,
        role: GroupRole::Owner,
        may_post: true,
        uri: None,
        notify: Notify::All,
        muted: false,
        reason: String::new(),
        until_at: None,
        seen_seq: 0,
        created_at: ctx.now(),
    };
    follows::admit(conn, ctx, follow, &actor).await?;
    Ok(actor)
}

/// Changes a group. A wider kind gets a new audience, so that old posts stay closed; a narrower one closes at once.
///
/// # Errors
/// `Forbidden` for those who may not; `Invalid` per field.
pub async fn update(ctx: &Ctx, viewer: &Viewer, id: ActorId, form: GroupForm) -> Result<()> {
    let by = viewer.member_id()?;
    form.check()?;
    let rendered = Rendered::of(ctx, &form);
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let (mut group, actor, follow) = group_facts(conn, &c, &viewer, id).await?;
                let at = InGroup { group: &group, local: actor.is_local(), follow: follow.as_ref(), now: c.now() };
                policy::check_manage_group(&viewer, at)?;
                let changed = form.kind != group.kind;
                if changed {
                    store::known::lock_counted(conn, id).await?;
                    change_kind(conn, &c, &mut group, form.kind).await?;
                    let detail = form.kind.as_str();
                    log(conn, &c, Some(id), by, ModAction::ChangeKind, None, None, detail).await?;
                }
                group.hidden = form.hidden && form.kind == GroupKind::Private;
                group.posting = form.posting;
                group.approval = form.approval || form.kind == GroupKind::Private;
                group.outside_members = form.outside_members && form.kind == GroupKind::Private;
                group.bare_notices = form.bare_notices && form.kind == GroupKind::Private;
                group.topics = form.topics.trim().to_owned();
                group.branch_id = form.branch_id;
                group.rules_source = form.rules.clone();
                group.rules_html = rendered.rules.as_str().to_owned();
                group.card_source = form.card.clone();
                group.card_html = rendered.card.as_str().to_owned();
                if form.spine != 0 {
                    group.spine = form.spine;
                }
                store::groups::upsert(conn, &group).await?;
                if !group.takes_bare_followers() {
                    follows::end_notices(conn, &c, id).await?;
                }
                if changed {
                    store::known::recount(conn, id).await?;
                }
                let title = form.title.trim();
                let html = &rendered.description;
                store::actors::update_profile(conn, id, title, &form.description, html, &rendered.search_text, c.now())
                    .await?;
                emit(conn, &c.ids, c.now(), &Event::ActorUpdated { actor: id }).await?;
                log(conn, &c, Some(id), by, ModAction::EditGroup, None, None, "").await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// Closes a group for writing, or opens it again.
pub async fn set_archived(ctx: &Ctx, viewer: &Viewer, id: ActorId, archived: bool) -> Result<()> {
    let by = viewer.member_id()?;
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let (mut group, actor, _) = moderated(conn, &c, &viewer, id).await?;
                if !actor.is_local() {
                    return Err(Error::forbidden("error-group-elsewhere"));
                }
                if actor.moved_to.is_some() {
                    // Who hands it over decides that, not every moderator.
                    return Err(Error::forbidden("error-group-handed-over"));
                }
                group.archived_at = archived.then(|| c.now());
                store::groups::upsert(conn, &group).await?;
                emit(conn, &c.ids, c.now(), &Event::ActorUpdated { actor: id }).await?;
                let action = if archived { ModAction::Archive } else { ModAction::Reopen };
                log(conn, &c, Some(id), by, action, None, None, "").await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// A group by its id, as the viewer finds it; `NotFound` if they may not know it.
pub async fn view(ctx: &Ctx, viewer: &Viewer, id: ActorId) -> Result<GroupView> {
    let mut conn = ctx.db.read().await?;
    let facts = group_facts(&mut conn, ctx, viewer, id).await?;
    Ok(view_of(ctx, viewer, facts))
}

/// A group by `name` or `name@host`.
pub async fn view_by_handle(ctx: &Ctx, viewer: &Viewer, acct: &str) -> Result<GroupView> {
    view_in(&mut ctx.db.read().await?, ctx, viewer, acct).await
}

/// As [`view_by_handle`], on a connection one has.
pub(super) async fn view_in(conn: &mut Conn, ctx: &Ctx, viewer: &Viewer, acct: &str) -> Result<GroupView> {
    let acct = acct.trim_start_matches(['@', '!']);
    let (name, host) = acct.split_once('@').unwrap_or((acct, ""));
    let host = if host.eq_ignore_ascii_case(ctx.urls.host()) { "" } else { host };
    let facts = store::groups::find_by_handle(conn, name, host, viewer.actor_id()).await?.ok_or(Error::NotFound)?;
    follows::check_known(ctx, viewer, &facts)?;
    Ok(view_of(ctx, viewer, facts))
}

/// An actor by `name` (ours) or `name@host`, as far as known here.
pub async fn find_by_acct(conn: &mut Conn, ctx: &Ctx, acct: &str) -> Result<Actor> {
    let acct = acct.trim_start_matches(['@', '!']);
    let found = match acct.split_once('@') {
        Some((name, host)) if !host.eq_ignore_ascii_case(ctx.urls.host()) => {
            store::actors::find_by_handle(conn, name, host).await?
        }
        Some((name, _)) => store::actors::find_by_name(conn, HostId::LOCAL, name).await?,
        None => store::actors::find_by_name(conn, HostId::LOCAL, acct).await?,
    };
    found.ok_or(Error::NotFound)
}

fn view_of(ctx: &Ctx, viewer: &Viewer, (group, actor, follow): (Group, Actor, Option<Follow>)) -> GroupView {
    let at = InGroup { group: &group, local: actor.is_local(), follow: follow.as_ref(), now: ctx.now() };
    let may_read = policy::may_read_group(viewer, at);
    let moderator = policy::is_group_moderator(viewer, at);
    let may_post = policy::check_post(at, true).is_ok();
    let member = follow.as_ref().is_some_and(Follow::is_member);
    let signed_in = matches!(viewer, Viewer::Member { .. });
    let may_join =
        (signed_in && !member).then(|| policy::check_join(at, true, !viewer.is_full_member(), false).ok()).flatten();
    let may_manage = policy::check_manage_group(viewer, at).is_ok();
    let may_hand_over = moving::is_possible(ctx) && policy::check_hand_over(viewer, at).is_ok();
    let host = (!actor.is_local()).then(|| crate::urls::host_of(&actor.uri).unwrap_or_default());
    GroupView { may_read, moderator, may_post, may_join, may_manage, may_hand_over, host, group, actor, follow }
}

/// Whether and how the viewer may come into a group of a list; `None` if they are in, asked, or may not.
pub fn entrance(ctx: &Ctx, viewer: &Viewer, line: &GroupLine) -> Option<policy::Entrance> {
    let at = InGroup { group: &line.group, local: line.actor.is_local(), follow: None, now: ctx.now() };
    match line.mine {
        _ if !matches!(viewer, Viewer::Member { .. }) => None,
        Some((FollowState::Invited, ..)) => Some(policy::Entrance::Open),
        Some(_) => None,
        None => policy::check_join(at, true, !viewer.is_full_member(), false).ok(),
    }
}

/// The viewer's own groups by name, invitations and requests too.
pub async fn mine(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<GroupLine>> {
    store::groups::mine(&mut ctx.db.read().await?, viewer.member_id()?).await
}

/// Groups the viewer may know of, by name.
pub async fn directory(ctx: &Ctx, viewer: &Viewer, after: (&str, i64), limit: i64) -> Result<Vec<GroupLine>> {
    find(ctx, viewer, "", after, limit).await
}

/// Groups the viewer may know of whose name, description or topics hold `words`, by name.
pub async fn find(ctx: &Ctx, viewer: &Viewer, words: &str, after: (&str, i64), limit: i64) -> Result<Vec<GroupLine>> {
    let mut conn = ctx.db.read().await?;
    let kinds = known_kinds(viewer);
    store::groups::directory(&mut conn, viewer.actor_id(), kinds, None, &text::fold(words), after, limit).await
}

/// Those among these groups that the viewer may know of.
pub async fn among(conn: &mut Conn, viewer: &Viewer, ids: &[ActorId]) -> Result<Vec<GroupLine>> {
    let limit = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    store::groups::directory(conn, viewer.actor_id(), known_kinds(viewer), Some(ids), "", ("", -1), limit).await
}

/// Kinds of groups the viewer may know of without being in them.
fn known_kinds(viewer: &Viewer) -> &'static [GroupKind] {
    match viewer {
        Viewer::Member { guest: false, .. } | Viewer::System => GroupKind::ALL,
        _ => &[GroupKind::Public],
    }
}

/// Members of a group, oldest first, for those who may read it.
pub async fn members(ctx: &Ctx, viewer: &Viewer, id: ActorId, after: i64, limit: i64) -> Result<Vec<MemberLine>> {
    let mut conn = ctx.db.read().await?;
    let (group, actor, follow) = group_facts(&mut conn, ctx, viewer, id).await?;
    let at = InGroup { group: &group, local: actor.is_local(), follow: follow.as_ref(), now: ctx.now() };
    if !policy::may_read_group(viewer, at) {
        return Err(Error::NotFound);
    }
    // A public group's members are for members here to see, not for the web.
    if viewer.actor_id().is_none() && !matches!(viewer, Viewer::System) {
        return Err(Error::SignInNeeded);
    }
    let mut lines = Vec::new();
    let (mut after, wanted) = (after, usize::try_from(limit).unwrap_or(0));
    loop {
        let page =
            store::groups::members(&mut conn, id, &[FollowState::Accepted], GroupRole::ALL, after, limit).await?;
        let last = page.last().filter(|_| page.len() >= wanted).map(|line| line.follow.id.0);
        let ids: Vec<ActorId> = page.iter().map(|line| line.actor.id).collect();
        let known = known::among(&mut conn, viewer, &ids).await?;
        lines.extend(page.into_iter().filter(|line| known.contains(&line.actor.id)));
        match last.filter(|_| lines.len() < wanted) {
            Some(last) => after = last,
            None => break,
        }
    }
    lines.truncate(wanted);
    Ok(lines)
}

/// Those who ask to join, are invited or kept out: for moderators.
pub async fn waiting(ctx: &Ctx, viewer: &Viewer, id: ActorId) -> Result<Vec<MemberLine>> {
    let mut conn = ctx.db.read().await?;
    moderated(&mut conn, ctx, viewer, id).await?;
    let states = [FollowState::Requested, FollowState::Invited, FollowState::Banned];
    store::groups::members(&mut conn, id, &states, GroupRole::ALL, 0, 80).await
}

/// Owners and moderators of a group.
pub async fn moderators(ctx: &Ctx, id: ActorId) -> Result<Vec<MemberLine>> {
    let mut conn = ctx.db.read().await?;
    let roles = [GroupRole::Owner, GroupRole::Moderator];
    store::groups::members(&mut conn, id, &[FollowState::Accepted], &roles, 0, 80).await
}

/// Notes that the viewer has read a group up to now.
pub async fn mark_read(ctx: &Ctx, viewer: &Viewer, id: ActorId) -> Result<()> {
    let me = viewer.member_id()?;
    let seq = ctx.ids.next();
    ctx.db.write(move |conn| Box::pin(async move { store::groups::set_seen(conn, me, id, seq).await })).await?;
    Ok(())
}

/// A group is taken down for good: its posts become tombstones with it.
pub async fn delete(ctx: &Ctx, viewer: &Viewer, id: ActorId) -> Result<()> {
    let (c, viewer) = (ctx.clone(), *viewer);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let (_, actor, follow) = group_facts(conn, &c, &viewer, id).await?;
                let owner = follow.is_some_and(|f| f.is_member() && f.role == GroupRole::Owner);
                if !actor.is_local() || !(owner || viewer.role().is_admin()) {
                    return Err(Error::forbidden("error-owner-only"));
                }
                follows::end_notices(conn, &c, id).await?;
                store::actors::set_state(conn, id, ActorState::Deleted, c.now()).await?;
                store::wiki::delete_of(conn, id, c.now()).await?;
                emit(conn, &c.ids, c.now(), &Event::ActorDeleted { actor: id, met: Vec::new() }).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

/// The stream of a group with its pinned posts, for those who may read it.
pub async fn stream(
    ctx: &Ctx,
    viewer: &Viewer,
    id: ActorId,
    page: Page,
) -> Result<Paged<crate::domain::posts::PostView>> {
    let sight: Sight = policy::sight(viewer);
    let mut conn = ctx.db.read().await?;
    posts::list_in_group(&mut conn, id, &sight, page).await
}
