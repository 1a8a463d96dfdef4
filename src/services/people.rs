//! People: making accounts, profiles, the directory.

use super::ctx::emit;
use super::{Ctx, expertise, known, moving, passwords};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorCard, ActorKind, ActorState};
use crate::domain::events::Event;
use crate::domain::groups::Follow;
use crate::domain::knowledge::Expertise;
use crate::domain::names::check_new_name;
use crate::domain::people::{Branch, DirectFrom, Member, PersonKind, Role};
use crate::store::people::{Details, NewMember as Row, PeopleFilter, PersonLine};
use crate::store::{self, Conn};
use crate::{policy, text};

/// A person to be.
#[derive(Clone, Debug)]
pub struct NewMember {
    /// Name in addresses, `[a-z0-9_]`; made from the shown name when empty.
    pub name: String,
    /// Shown name.
    pub display_name: String,
    /// Address to sign in with; an empty one is an error, none is not.
    pub email: Option<String>,
    /// Role.
    pub role: Role,
    /// Label.
    pub person_kind: PersonKind,
    /// Only in the groups they were invited to.
    pub is_guest: bool,
    /// Password, if they want one.
    pub password: Option<String>,
    /// Language.
    pub locale: Option<String>,
    /// Branch.
    pub branch_id: Option<BranchId>,
    /// Function.
    pub job_title: String,
    /// "About", Markdown.
    pub about: String,
    /// Who invited them.
    pub invited_by: Option<ActorId>,
    /// What they wrote when asking to join.
    pub request_note: String,
    /// Waits for approval.
    pub pending: bool,
}

impl NewMember {
    /// A volunteer with this name and nothing else set.
    pub fn named(display_name: impl Into<String>) -> Self {
        Self {
            name: String::new(),
            display_name: display_name.into(),
            email: None,
            role: Role::Member,
            person_kind: PersonKind::Volunteer,
            is_guest: false,
            password: None,
            locale: None,
            branch_id: None,
            job_title: String::new(),
            about: String::new(),
            invited_by: None,
            request_note: String::new(),
            pending: false,
        }
    }
}

/// A person to be whose fields were checked and whose password was hashed: what [`insert`] takes.
#[derive(Clone, Debug)]
pub struct Checked {
    new: NewMember,
    email_key: Option<String>,
    password_hash: Option<String>,
    summary: SafeHtml,
}

impl Checked {
    /// Waits for approval.
    pub fn pending(&self) -> bool {
        self.new.pending
    }

    /// Sets the branch.
    pub fn set_branch(&mut self, branch: BranchId) {
        self.new.branch_id = Some(branch);
    }
}

/// What a person tells of themselves.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// Shown name.
    pub display_name: String,
    /// "About", Markdown.
    pub about: String,
    /// The rest.
    pub details: Details,
}

/// A person's page, as far as the viewer may see it.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who.
    pub actor: Actor,
    /// Host name of someone from another server.
    pub host: Option<String>,
    /// The account; only for members here who may know it. Address and password are left out.
    pub member: Option<Member>,
    /// Their branch.
    pub branch: Option<Branch>,
    /// Days present, `1` is Monday.
    pub days: String,
    /// What they tell of what they know.
    pub expertise: Vec<Expertise>,
    /// Whether the viewer follows them.
    pub follow: Option<Follow>,
    /// The viewer themselves.
    pub is_me: bool,
    /// Who they are now, elsewhere.
    pub now: Option<ActorCard>,
}

/// Longest shown name, in characters.
const MAX_NAME: usize = 80;
/// Longest "about", in characters.
const MAX_ABOUT: usize = 5_000;

/// The form in which addresses are compared, if this can be one.
pub fn email_key(email: &str) -> Option<String> {
    let email = email.trim();
    let (user, host) = email.rsplit_once('@')?;
    let fine = !user.is_empty()
        && host.contains(|c: char| c.is_alphanumeric())
        && !host.starts_with('.')
        && !host.ends_with('.')
        && email.len() <= 254
        && !email.contains(|c: char| c.is_whitespace() || c.is_control() || "<>,;:\"()[]\\".contains(c));
    fine.then(|| email.to_lowercase())
}

/// A shown name without spaces around it, or the field error.
fn clean_name(name: &str) -> Result<String, FieldError> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let count = name.chars().count();
    let code = match count {
        0 => "error-display-name-empty",
        n if n > MAX_NAME || name.contains(char::is_control) => "error-display-name-long",
        _ => return Ok(name),
    };
    Err(FieldError { field: "display_name", code })
}

/// Checks the fields of a new account and hashes its password; outside any transaction.
///
/// # Errors
/// `Invalid` with every field that cannot be used: `display_name`, `name`, `email`, `password`.
pub async fn check(ctx: &Ctx, mut new: NewMember) -> Result<Checked> {
    let mut fields = Vec::new();
    match clean_name(&new.display_name) {
        Ok(name) => new.display_name = name,
        Err(error) => fields.push(error),
    }
    new.name = text::name_key(&new.name);
    if !new.name.is_empty()
        && let Err(code) = check_new_name(&new.name)
    {
        fields.push(FieldError { field: "name", code });
    }
    new.email = new.email.map(|e| e.trim().to_owned());
    let email_key = new.email.as_deref().and_then(email_key);
    if new.email.is_some() && email_key.is_none() {
        fields.push(FieldError { field: "email", code: "error-email-invalid" });
    }
    if let Some(Error::Invalid { fields: bad }) = new.password.as_deref().and_then(|p| passwords::check(p).err()) {
        fields.extend(bad);
    }
    if !fields.is_empty() {
        return Err(Error::Invalid { fields });
    }
    let password_hash = match new.password.take() {
        Some(password) => Some(passwords::hash(&password).await?),
        None => None,
    };
    let summary = render(ctx, &new.about);
    Ok(Checked { new, email_key, password_hash, summary })
}

fn render(ctx: &Ctx, about: &str) -> SafeHtml {
    let about: String = about.chars().take(MAX_ABOUT).collect();
    text::render(&about, &text::Links { tag_base: ctx.urls.tag_base(), ..Default::default() })
}

fn search_text(name: &str, display_name: &str, about: &SafeHtml, title: &str) -> String {
    text::fold(&format!("{display_name} {name} {title} {}", text::plain(about)))
}

/// Adds a checked person within a transaction.
///
/// # Errors
/// `Invalid` when the name (field `name`) or address (field `email`) is taken.
pub async fn insert(conn: &mut Conn, ctx: &Ctx, checked: Checked) -> Result<ActorId> {
    let Checked { new, email_key, password_hash, summary } = checked;
    if let Some(key) = &email_key
        && store::people::email_taken(conn, key).await?
    {
        return Err(Error::invalid("email", "error-email-taken"));
    }
    let name = free_name(conn, &new).await?;
    let now = ctx.now();
    let id = ActorId(ctx.ids.next());
    let uri = ctx.urls.actor(ActorKind::Person, &name);
    let row = store::actors::NewActor {
        id,
        host_id: HostId::LOCAL,
        kind: ActorKind::Person,
        display_name: new.display_name.clone(),
        summary_source: new.about.chars().take(MAX_ABOUT).collect(),
        search_text: search_text(&name, &new.display_name, &summary, &new.job_title),
        summary_html: summary,
        url: uri.clone(),
        inbox: format!("{uri}/inbox"),
        shared_inbox: Some(ctx.urls.shared_inbox()),
        outbox: Some(format!("{uri}/outbox")),
        followers_uri: Some(format!("{uri}/followers")),
        featured_uri: None,
        moderators_uri: None,
        icon_url: None,
        header_url: None,
        locked: false,
        discoverable: !new.is_guest,
        created_at: now,
        fetched_at: None,
        name,
        uri,
    };
    let stored = store::actors::upsert(conn, &row).await.map_err(taken)?;
    if stored.id != id {
        // Someone else took the name between our look and our write.
        return Err(Error::invalid("name", "error-name-taken"));
    }
    if new.pending {
        store::actors::set_state(conn, id, ActorState::Pending, now).await?;
    }
    let member = Row {
        actor_id: id,
        email: new.email,
        email_key,
        password_hash,
        role: new.role,
        person_kind: new.person_kind,
        is_guest: new.is_guest,
        job_title: new.job_title,
        branch_id: new.branch_id,
        locale: new.locale,
        invited_by: new.invited_by,
        request_note: new.request_note,
        created_at: now,
    };
    match store::people::insert(conn, &member).await {
        Err(Error::Conflict { .. }) => Err(Error::invalid("email", "error-email-taken")),
        other => other.map(|_| id),
    }
}

fn taken(error: Error) -> Error {
    match error {
        Error::Conflict { .. } => Error::invalid("name", "error-name-taken"),
        other => other,
    }
}

/// The name asked for, if it is free; else the first free one like the shown name.
async fn free_name(conn: &mut Conn, new: &NewMember) -> Result<String> {
    if !new.name.is_empty() {
        return match store::actors::find_by_name(conn, HostId::LOCAL, &new.name).await? {
            Some(_) => Err(Error::invalid("name", "error-name-taken")),
            None => Ok(new.name.clone()),
        };
    }
    let base = Some(text::suggest_name(&new.display_name)).filter(|n| n.len() >= 2).unwrap_or_else(|| "lid".to_owned());
    for number in 1..1000 {
        let name = if number == 1 { base.clone() } else { format!("{base}_{number}") };
        let free =
            check_new_name(&name).is_ok() && store::actors::find_by_name(conn, HostId::LOCAL, &name).await?.is_none();
        if free {
            return Ok(name);
        }
    }
    Err(Error::invalid("name", "error-name-taken"))
}

/// Makes an account: for the command line, the demo and tests. Pages go through invitations and registration.
pub async fn create_member(ctx: &Ctx, new: NewMember) -> Result<ActorId> {
    let checked = check(ctx, new).await?;
    let c = ctx.clone();
    ctx.db.write(move |conn| Box::pin(async move { insert(conn, &c, checked).await })).await
}

/// People of this organisation (or of a peer), by name, as far as the viewer may know them. `after` is the shown name
/// and id of the last one of the page before.
pub async fn directory(
    ctx: &Ctx,
    viewer: &Viewer,
    mut filter: PeopleFilter,
    after: (&str, i64),
    limit: i64,
) -> Result<Vec<PersonLine>> {
    policy::check_directory(viewer)?;
    filter.needle = text::fold(&filter.needle);
    if !viewer.role().is_moderator() {
        filter.states.clear();
    }
    if let Viewer::Member { id, guest: true, .. } = viewer {
        filter.near = Some(*id);
    }
    filter.branch_told = policy::told_to(viewer, false);
    let mut conn = ctx.db.read().await?;
    let mut lines = store::people::list(&mut conn, &filter, after, limit).await?;
    let ids: Vec<ActorId> = lines.iter().map(|line| line.actor.id).collect();
    let shown = expertise::branches_told(&mut conn, viewer, &ids).await?;
    for line in lines.iter_mut().filter(|line| !shown.contains(&line.actor.id)) {
        if let Some(account) = &mut line.account {
            account.branch = None;
        }
    }
    if !viewer.role().is_moderator() {
        for account in lines.iter_mut().filter_map(|line| line.account.as_mut()) {
            account.email = None;
            account.request_note.clear();
            account.last_seen_at = None;
        }
    }
    Ok(lines)
}

/// A person by `name` or `name@host`, as far as the viewer may see them.
///
/// # Errors
/// `NotFound`, `Gone` for someone who left.
pub async fn person(ctx: &Ctx, viewer: &Viewer, acct: &str) -> Result<Person> {
    let mut conn = ctx.db.read().await?;
    let (name, host) = match acct.split_once('@') {
        Some((name, host)) if !host.eq_ignore_ascii_case(ctx.urls.host()) => (name, Some(host.to_lowercase())),
        Some((name, _)) => (name, None),
        None => (acct, None),
    };
    let actor = match &host {
        Some(host) => store::actors::find_by_handle(&mut conn, name, host).await?,
        None => store::actors::find_by_name(&mut conn, HostId::LOCAL, name).await?,
    };
    let actor = actor.filter(|a| !a.is_group()).ok_or(Error::NotFound)?;
    match actor.state {
        _ if !known::knows(&mut conn, viewer, &actor).await? => return Err(Error::NotFound),
        ActorState::Active => {}
        ActorState::Deleted => return Err(Error::Gone),
        ActorState::Pending | ActorState::Suspended if viewer.role().is_moderator() => {}
        ActorState::Pending | ActorState::Suspended => return Err(Error::NotFound),
    }
    let is_me = viewer.actor_id() == Some(actor.id);
    let mut member = None;
    let mut branch = None;
    let mut days = String::new();
    let told = if actor.is_local() { expertise::seen(&mut conn, viewer, actor.id).await? } else { Vec::new() };
    if actor.is_local() && (viewer.is_full_member() || is_me || is_near(&mut conn, viewer, &actor).await?) {
        member = store::people::find(&mut conn, actor.id).await?.map(|(member, _)| member);
        if let Some(member) = &mut member {
            days = expertise::narrow(&mut conn, viewer, member).await?;
        }
        if let Some(id) = member.as_ref().and_then(|m| m.branch_id) {
            branch = store::branches::find(&mut conn, id).await?;
        }
    }
    if let Some(m) = &mut member {
        m.password_hash = None;
        if !viewer.role().is_moderator() && !is_me {
            m.email = None;
            m.request_note.clear();
            m.last_seen_at = None;
        }
    }
    let follow = match viewer.actor_id() {
        Some(me) if !is_me => store::groups::find_follow(&mut conn, me, actor.id).await?,
        _ => None,
    };
    let now = moving::gone_to(&mut conn, &actor).await?;
    Ok(Person { host, member, branch, days, expertise: told, follow, is_me, now, actor })
}

/// Whether a guest shares a group with someone.
async fn is_near(conn: &mut Conn, viewer: &Viewer, actor: &Actor) -> Result<bool> {
    match viewer {
        Viewer::Member { id, .. } => store::people::share_a_group(conn, *id, actor.id).await,
        _ => Ok(false),
    }
}

/// Changes what the viewer tells of themselves.
///
/// # Errors
/// `Invalid` for `display_name`.
pub async fn update_profile(ctx: &Ctx, viewer: &Viewer, profile: Profile) -> Result<()> {
    let me = viewer.member_id()?;
    let display_name = clean_name(&profile.display_name).map_err(|error| Error::Invalid { fields: vec![error] })?;
    let summary = render(ctx, &profile.about);
    let about: String = profile.about.chars().take(MAX_ABOUT).collect();
    let details = trimmed(profile.details);
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let actor = store::actors::get(conn, me).await?;
                let found = search_text(&actor.name, &display_name, &summary, &details.job_title);
                let now = c.now();
                store::actors::update_profile(conn, me, &display_name, &about, &summary, &found, now).await?;
                store::people::set_details(conn, me, &details).await?;
                emit(conn, &c.ids, now, &Event::ActorUpdated { actor: me }).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}

fn trimmed(details: Details) -> Details {
    let short = |text: String, chars: usize| text.trim().chars().take(chars).collect::<String>();
    Details {
        job_title: short(details.job_title, 120),
        pronunciation: short(details.pronunciation, 120),
        branch_id: details.branch_id,
        languages: short(details.languages, 200),
        contact: short(details.contact, 500),
    }
}

/// How others reach a member.
#[derive(Clone, Copy, Debug)]
pub struct ContactChoices {
    /// Everyone may find them, also before they write anything open.
    pub findable: bool,
    /// Who may write to them directly.
    pub direct_from: DirectFrom,
    /// Notices come by mail.
    pub notify_mail: bool,
}

/// Sets how others reach the viewer.
pub async fn set_contact_choices(ctx: &Ctx, viewer: &Viewer, chosen: ContactChoices) -> Result<()> {
    let me = viewer.member_id()?;
    let ContactChoices { findable, direct_from, notify_mail } = chosen;
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                store::people::set_contact_choices(conn, me, findable, direct_from, notify_mail).await.map(|_| ())
            })
        })
        .await
}

/// Sets, changes or (with `new: None`) takes away the viewer's password. Who has one must know it; every other session
/// ends, for a password is changed when someone else may know it.
///
/// # Errors
/// `Invalid` for `current` or `password`.
pub async fn set_password(ctx: &Ctx, viewer: &Viewer, keep: SessionId, current: &str, new: Option<&str>) -> Result<()> {
    let me = viewer.member_id()?;
    let (member, _) = store::people::get(&mut ctx.db.read().await?, me).await?;
    if let Some(hash) = &member.password_hash {
        super::sign_in::take_password_try(ctx, &me.to_string())?;
        if !passwords::verify(current, Some(hash)).await? {
            return Err(Error::invalid("current", "error-password-wrong"));
        }
    }
    let hash = match new {
        Some(new) => {
            passwords::check(new)?;
            Some(passwords::hash(new).await?)
        }
        None => None,
    };
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                store::people::set_password(conn, me, hash.as_deref()).await?;
                store::sessions::delete_others(conn, me, Some(keep)).await.map(|_| ())
            })
        })
        .await
}
