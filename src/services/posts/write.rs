//! Writing a post here, and what shows one.

use std::collections::BTreeSet;

use super::texts::{Text, read_text};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorKind, ActorState};
use crate::domain::audiences::{Audience, Scope};
use crate::domain::events::Event;
use crate::domain::extras::Extra;
use crate::domain::groups::{Follow, Group};
use crate::domain::media::MediaState;
use crate::domain::posts::*;
use crate::live::Change;
use crate::policy::{self, InGroup, Writer};
use crate::services::ctx::{Following, emit};
use crate::services::{Ctx, contacts};
use crate::store::posts::{Counts, NewPost};
use crate::store::{self, Conn};

/// Poll options, and characters of each.
const POLL_OPTIONS: (usize, usize) = (12, 200);

/// What a form or client says of a new post.
#[derive(Clone, Debug)]
pub struct PostForm {
    /// Into which group; none for a personal post or conversation. Comments take their parent's.
    pub group: Option<ActorId>,
    /// What it answers.
    pub parent: Option<PostId>,
    /// What it is; comments are made `comment` (or `direct`) by the service.
    pub kind: PostKind,
    /// Title.
    pub title: String,
    /// Markdown.
    pub source: String,
    /// BCP-47 tag; detected when none.
    pub language: Option<String>,
    /// Media hidden until asked for.
    pub sensitive: bool,
    /// Content warning.
    pub warning: String,
    /// Address of a link post.
    pub link_url: Option<String>,
    /// A vote.
    pub poll: Option<NewPoll>,
    /// Own files put up before, in order.
    pub media: Vec<MediaId>,
    /// How far a personal post goes; groups decide for their posts.
    pub scope: Scope,
    /// To whom, for a conversation; those mentioned are added.
    pub recipients: Vec<ActorId>,
    /// An open post that it shows.
    pub quote: Option<PostId>,
    /// What it is besides a text.
    pub extra: Option<Extra>,
}

impl PostForm {
    /// An empty message.
    pub fn new(kind: PostKind, source: impl Into<String>) -> Self {
        Self {
            group: None,
            parent: None,
            kind,
            title: String::new(),
            source: source.into(),
            language: None,
            sensitive: false,
            warning: String::new(),
            link_url: None,
            poll: None,
            media: Vec::new(),
            scope: Scope::Public,
            recipients: Vec::new(),
            quote: None,
            extra: None,
        }
    }
}

/// A vote to be.
#[derive(Clone, Debug)]
pub struct NewPoll {
    /// Options in order.
    pub options: Vec<String>,
    /// More than one answer.
    pub multiple: bool,
    /// Results hidden until it closes.
    pub hidden: bool,
    /// When it closes.
    pub closes_at: Option<Time>,
}

/// What became of a new post.
#[derive(Clone, Debug)]
pub struct Published {
    /// The post.
    pub id: PostId,
    /// Whether it shows, or waits for a moderator or another server.
    pub state: PostState,
    /// Mentioned people who may not read it and are not told.
    pub not_told: Vec<String>,
}

/// Looks over what a form or client says.
///
/// # Errors
/// `Invalid` per field.
pub fn check(ctx: &Ctx, form: &PostForm) -> Result<()> {
    let mut fields = Vec::new();
    // "A cargo bike for Saturday" on the board says enough.
    let is_card = matches!(form.extra, Some(Extra::Board(_)));
    let is_bare = form.media.is_empty() && form.link_url.is_none() && form.poll.is_none() && !is_card;
    if form.source.trim().is_empty() && is_bare {
        fields.push(FieldError { field: "body", code: "error-text-empty" });
    }
    if matches!(form.kind, PostKind::Story | PostKind::Lesson) && form.parent.is_none() && form.title.trim().is_empty()
    {
        fields.push(FieldError { field: "title", code: "error-title-empty" });
    }
    if form.title.chars().count() > 200 {
        fields.push(FieldError { field: "title", code: "error-title-long" });
    }
    if form.source.chars().count() > ctx.config.limits.max_post_chars {
        fields.push(FieldError { field: "body", code: "error-text-long" });
    }
    if form.kind == PostKind::Link && form.link_url.as_deref().is_none_or(|url| !is_web_address(url)) {
        fields.push(FieldError { field: "link", code: "error-link" });
    }
    match (&form.poll, form.kind) {
        (None, PostKind::Poll) => fields.push(FieldError { field: "options", code: "error-poll-options" }),
        (Some(poll), _) if !poll_is_fine(poll, ctx.now()) => {
            fields.push(FieldError { field: "options", code: "error-poll-options" });
        }
        _ => {}
    }
    if fields.is_empty() { Ok(()) } else { Err(Error::Invalid { fields }) }
}

fn poll_is_fine(poll: &NewPoll, now: Time) -> bool {
    let count = poll.options.len();
    let titles = poll.options.iter().all(|o| !o.trim().is_empty() && o.chars().count() <= POLL_OPTIONS.1);
    (2..=POLL_OPTIONS.0).contains(&count) && titles && poll.closes_at.is_none_or(|at| at > now)
}

/// Whether a text is an address that a browser can open.
pub(super) fn is_web_address(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
}

/// Writes a post or comment as a member here.
///
/// # Errors
/// `Invalid` per field; `NotFound` where the group or parent may not be seen; `Forbidden` where one may not write.
pub async fn publish(ctx: &Ctx, viewer: &Viewer, mut form: PostForm) -> Result<Published> {
    let me = viewer.member_id()?;
    check(ctx, &form)?;
    let source = super::quotes::with_address(ctx, &form.source, form.quote).await?;
    let text = read_text(ctx, viewer, &form.title, &source, form.language.take()).await?;
    let (c, viewer) = (ctx.clone(), *viewer);
    let (published, change) = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let place = place(conn, &c, &viewer, &form, &text).await?;
                let done = insert(conn, &c, me, &form, &text, place).await?;
                if let Some(quoted) = form.quote {
                    super::quotes::note(conn, &c, &viewer, done.0.id, quoted).await?;
                }
                Ok(done)
            })
        })
        .await?;
    ctx.wake.now();
    if published.state == PostState::Published {
        ctx.hub.publish(change);
    }
    Ok(published)
}

/// Where a post goes, after every check.
pub(super) struct Place {
    pub audience: AudienceId,
    pub group: Option<(Group, Actor)>,
    pub parent: Option<Post>,
    pub root: Option<Post>,
    pub kind: PostKind,
    pub state: PostState,
}

async fn place(conn: &mut Conn, ctx: &Ctx, viewer: &Viewer, form: &PostForm, text: &Text) -> Result<Place> {
    if let Some(parent) = form.parent {
        return place_answer(conn, ctx, viewer, parent).await;
    }
    if let Some(group) = form.group {
        let (group, actor, follow) = crate::services::follows::group_facts(conn, ctx, viewer, group).await?;
        let at = InGroup { group: &group, local: actor.is_local(), follow: follow.as_ref(), now: ctx.now() };
        policy::check_post(at, true)?;
        let state = state_in(conn, ctx, viewer, &group, &actor, follow.as_ref()).await?;
        let audience = group.audience_id;
        return Ok(Place { audience, group: Some((group, actor)), parent: None, root: None, kind: form.kind, state });
    }
    if !viewer.is_full_member() {
        return Err(Error::forbidden("error-guests-not"));
    }
    let me = viewer.member_id()?;
    let (audience, kind) = if form.kind == PostKind::Direct {
        (conversation(conn, ctx, me, form, text).await?, PostKind::Direct)
    } else {
        (personal_audience(conn, ctx, me, form.scope).await?, form.kind)
    };
    Ok(Place { audience, group: None, parent: None, root: None, kind, state: PostState::Published })
}

/// A comment goes where its thread is, and never further.
async fn place_answer(conn: &mut Conn, ctx: &Ctx, viewer: &Viewer, parent: PostId) -> Result<Place> {
    let sight = policy::sight(viewer);
    let parent = store::posts::find_visible(conn, parent, &sight).await?.ok_or(Error::NotFound)?;
    let root = if parent.root_id == parent.id {
        parent.clone()
    } else {
        store::posts::find_visible(conn, parent.root_id, &sight).await?.ok_or(Error::NotFound)?
    };
    policy::check_comment(&parent, &root)?;
    if store::moderation::is_blocked(conn, parent.author_id, viewer.member_id()?).await? {
        return Err(Error::forbidden("error-blocked-by-author"));
    }
    let kind = if root.kind == PostKind::Direct { PostKind::Direct } else { PostKind::Comment };
    let mut state = PostState::Published;
    let mut place_group = None;
    if let Some(group) = root.group_id {
        let (group, actor, follow) = store::groups::get_with(conn, group, viewer.actor_id()).await?;
        if actor.state != ActorState::Active {
            return Err(Error::Gone);
        }
        let at = InGroup { group: &group, local: actor.is_local(), follow: follow.as_ref(), now: ctx.now() };
        policy::check_post(at, false)?;
        state = state_in(conn, ctx, viewer, &group, &actor, follow.as_ref()).await?;
        place_group = Some((group, actor));
    }
    Ok(Place { audience: root.audience_id, group: place_group, parent: Some(parent), root: Some(root), kind, state })
}

/// A group elsewhere must take the post first; newcomers' first posts may wait for a moderator.
async fn state_in(
    conn: &mut Conn,
    ctx: &Ctx,
    viewer: &Viewer,
    group: &Group,
    actor: &Actor,
    follow: Option<&Follow>,
) -> Result<PostState> {
    if !actor.is_local() {
        return Ok(PostState::Waiting);
    }
    if !ctx.instance().hold_newcomers {
        return Ok(PostState::Published);
    }
    let at = InGroup { group, local: true, follow, now: ctx.now() };
    if policy::is_group_moderator(viewer, at) {
        return Ok(PostState::Published);
    }
    let author = store::actors::get(conn, viewer.member_id()?).await?;
    Ok(if is_new_writer(conn, &author).await? { PostState::Held } else { PostState::Published })
}

/// Whether nothing of an author was ever shown here.
pub(super) async fn is_new_writer(conn: &mut Conn, author: &Actor) -> Result<bool> {
    Ok(author.posts_count == 0 && !store::posts::has_written(conn, author.id).await?)
}

/// The audience of a personal post: one for each open scope, a new list of readers for followers only.
async fn personal_audience(conn: &mut Conn, ctx: &Ctx, me: ActorId, scope: Scope) -> Result<AudienceId> {
    if scope != Scope::Readers
        && let Some(known) = store::groups::find_open_audience(conn, me, scope).await?
    {
        return Ok(known);
    }
    let audience = Audience { id: AudienceId(ctx.ids.next()), scope, owner_id: me };
    store::groups::insert_audience(conn, &audience).await?;
    if scope == Scope::Readers {
        store::groups::add_reader(conn, audience.id, me, HostId::LOCAL).await?;
        for (follower, host) in store::groups::follower_hosts(conn, me).await? {
            store::groups::add_reader(conn, audience.id, follower, host).await?;
        }
    }
    Ok(audience.id)
}

/// The audience of a new conversation: who writes, who is addressed, who is mentioned, as each allows.
async fn conversation(conn: &mut Conn, ctx: &Ctx, me: ActorId, form: &PostForm, text: &Text) -> Result<AudienceId> {
    let mut people: Vec<ActorId> = form.recipients.clone();
    people.extend(text.mentioned.iter().map(|actor| actor.id));
    people.retain(|id| *id != me);
    people.sort_unstable();
    people.dedup();
    if people.is_empty() {
        return Err(Error::invalid("to", "error-no-recipient"));
    }
    let audience = Audience { id: AudienceId(ctx.ids.next()), scope: Scope::Readers, owner_id: me };
    store::groups::insert_audience(conn, &audience).await?;
    store::groups::add_reader(conn, audience.id, me, HostId::LOCAL).await?;
    for person in people {
        let actor = store::actors::get(conn, person).await?;
        if actor.kind == ActorKind::Group {
            return Err(Error::invalid("to", "error-recipient-group"));
        }
        let taken = match actor.is_local() {
            true => contacts::hears(conn, person, Writer::Here).await?,
            false => contacts::may_write_to(conn, me, &actor).await?,
        };
        if !taken && !actor.is_local() {
            return Err(Error::invalid("to", "error-recipient-ask"));
        }
        if !taken || store::moderation::is_blocked(conn, person, me).await? {
            return Err(Error::invalid("to", "error-recipient-closed"));
        }
        store::groups::add_reader(conn, audience.id, person, actor.host_id).await?;
    }
    Ok(audience.id)
}

/// Stores a post in its place, with all that hangs on it. Within the caller's transaction.
pub(super) async fn insert(
    conn: &mut Conn,
    ctx: &Ctx,
    me: ActorId,
    form: &PostForm,
    text: &Text,
    place: Place,
) -> Result<(Published, Change)> {
    let now = ctx.now();
    let id = PostId(ctx.ids.next());
    let uri = ctx.urls.post(id);
    let post = Post {
        id,
        url: uri.clone(),
        uri,
        author_id: me,
        group_id: place.group.as_ref().map(|(group, _)| group.actor_id),
        audience_id: place.audience,
        kind: place.kind,
        parent_id: place.parent.as_ref().map(|p| p.id),
        root_id: place.root.as_ref().map_or(id, |p| p.id),
        title: form.title.trim().to_owned(),
        source: form.source.clone(),
        html: text.html.as_str().to_owned(),
        language: text.language.clone().or_else(|| Some(ctx.instance().locale.clone())),
        sensitive: form.sensitive || !form.warning.trim().is_empty(),
        warning: form.warning.trim().to_owned(),
        link_url: form.link_url.clone(),
        state: place.state,
        accepted_id: None,
        pinned_at: None,
        locked: false,
        replies_count: 0,
        reactions_count: 0,
        shares_count: 0,
        published_at: now,
        edited_at: None,
        removed_by: None,
        removed_reason: String::new(),
        received_seq: id.0,
    };
    let new =
        NewPost { post, parent_uri: place.parent.as_ref().map(|p| p.uri.clone()), search_text: text.search.clone() };
    store::posts::insert(conn, &new).await?;
    let post = new.post;
    take_media(conn, me, id, &form.media).await?;
    if let Some(poll) = &form.poll {
        store::posts::insert_poll(conn, id, &poll_of(poll)).await?;
    }
    if let Some(extra) = &form.extra {
        store::extras::put(conn, id, extra).await?;
    }
    let told = readable_mentions(conn, &post, &text.mentioned).await?;
    store::posts::add_mentions(conn, id, &told.iter().map(|a| a.id).collect::<Vec<_>>()).await?;
    store::posts::add_tags(conn, id, &text.hashtags).await?;
    let not_told = text.mentioned.iter().filter(|a| told.iter().all(|t| t.id != a.id));
    let not_told = not_told.map(|a| a.display_name.clone()).collect();
    let event = match place.state {
        PostState::Held => Event::PostHeld { post: id },
        PostState::Waiting => Event::PostSubmitted { post: id },
        _ => Event::PostPublished { post: id, relay: None },
    };
    if let Event::PostPublished { .. } = event {
        show(conn, ctx, &post, Some(&event)).await?;
    } else {
        emit(conn, &ctx.ids, now, &event).await?;
    }
    let change = Change::Post { post: id, root: post.root_id, group: post.group_id, author: me };
    Ok((Published { id, state: place.state, not_told }, change))
}

fn poll_of(poll: &NewPoll) -> Poll {
    let option = |(position, title): (usize, &String)| PollOption {
        position: i32::try_from(position).unwrap_or(i32::MAX),
        title: title.trim().to_owned(),
        votes_count: 0,
    };
    Poll {
        multiple: poll.multiple,
        hidden: poll.hidden,
        closes_at: poll.closes_at,
        closed_at: None,
        voters_count: 0,
        options: poll.options.iter().enumerate().map(option).collect(),
        own: Vec::new(),
    }
}

/// Those of the mentioned who may read the post: the others are not told.
pub(super) async fn readable_mentions(conn: &mut Conn, post: &Post, mentioned: &[Actor]) -> Result<Vec<Actor>> {
    if mentioned.is_empty() {
        return Ok(Vec::new());
    }
    let scope = store::groups::get_audience(conn, post.audience_id).await?.scope;
    let mut told = Vec::new();
    for actor in mentioned {
        let reads = scope.is_open()
            || actor.is_group()
            || store::groups::is_reader(conn, post.audience_id, actor.id).await?
            || (scope <= Scope::Organisation && actor.is_local() && !store::members::is_guest(conn, actor.id).await?);
        if reads {
            told.push(actor.clone());
        }
    }
    Ok(told)
}

/// How a transaction ends in which posts became visible: their timelines, what follows from them, and what is counted.
#[derive(Default)]
pub(super) struct Ending {
    entries: Vec<Entry>,
    following: Vec<Following>,
    counts: Counts,
}

impl Ending {
    /// A post that is to be shown, and what follows from it. `open`: everyone may see it, and it counts for its author.
    pub fn show(&mut self, ctx: &Ctx, post: &Post, open: bool, event: Option<&Event>) -> Result<()> {
        let shown = |id: i64, source_id: ActorId, how| Entry { id: EntryId(id), source_id, post_id: post.id, how };
        if post.kind != PostKind::Direct {
            self.entries.push(shown(post.id.0, post.author_id, EntryKind::Author));
            if open {
                self.counts.post(post.author_id, post.published_at);
            }
        }
        match (post.parent_id, post.group_id) {
            (Some(parent), _) => {
                self.counts.reply(post.root_id, post.received_seq);
                if parent != post.root_id {
                    self.counts.reply(parent, post.received_seq);
                }
            }
            (None, Some(group)) => {
                let id = ctx.ids.at(post.published_at).max(post.id.0 + 1);
                self.entries.push(shown(id, group, EntryKind::Group));
                self.counts.post(group, post.published_at);
            }
            (None, None) => {}
        }
        self.following.extend(event.map(Following::of).transpose()?);
        Ok(())
    }

    /// Writes it down.
    pub async fn write(&self, conn: &mut Conn, ctx: &Ctx) -> Result<()> {
        let now = ctx.now();
        let jobs: Vec<_> = self.following.iter().flat_map(|following| following.jobs(&ctx.ids, now)).collect();
        store::posts::end(conn, &self.entries, &jobs, &self.counts).await
    }
}

/// Puts a post that became visible into its timelines, enqueues what follows from it (`event`), and counts it. Within the
/// caller's transaction, as its end.
pub(super) async fn show(conn: &mut Conn, ctx: &Ctx, post: &Post, event: Option<&Event>) -> Result<()> {
    let mut ending = Ending::default();
    let open = store::groups::get_audience(conn, post.audience_id).await?.scope.is_open();
    ending.show(ctx, post, open, event)?;
    ending.write(conn, ctx).await
}

/// Takes a post that goes away out of the counts. Within the caller's transaction.
pub(super) async fn unshow(conn: &mut Conn, ctx: &Ctx, post: &Post) -> Result<()> {
    if post.state != PostState::Published {
        return Ok(());
    }
    let open = store::groups::get_audience(conn, post.audience_id).await?.scope.is_open();
    let author = (open && post.kind != PostKind::Direct).then_some(post.author_id);
    let group = post.group_id.filter(|_| post.parent_id.is_none());
    // In the order of `Counts`: actors by id, then posts by id; or two could wait for each other.
    for actor in author.into_iter().chain(group).collect::<BTreeSet<_>>() {
        store::posts::unpost(conn, actor).await?;
    }
    if let Some(parent) = post.parent_id {
        let seq = ctx.ids.next();
        store::posts::unreply(conn, post.root_id, seq).await?;
        if parent != post.root_id {
            store::posts::unreply(conn, parent, seq).await?;
        }
    }
    Ok(())
}

/// Gives files to a post, in their order.
pub(super) async fn take_media(conn: &mut Conn, me: ActorId, post: PostId, files: &[MediaId]) -> Result<()> {
    match store::media::first_unready(conn, files).await? {
        Some(MediaState::Processing) => return Err(Error::invalid("files", "error-file-not-ready")),
        Some(_) => return Err(Error::invalid("files", "error-file-broken")),
        None => {}
    }
    for (position, media) in files.iter().enumerate() {
        let position = i32::try_from(position).unwrap_or(i32::MAX);
        if store::media::attach(conn, *media, me, post, position).await? == 0 {
            return Err(Error::invalid("files", "error-file-gone"));
        }
    }
    Ok(())
}
