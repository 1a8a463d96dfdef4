//! Posts from peers: the same rules as for posts written here.

use std::collections::{BTreeSet, HashMap};

use crate::base::*;
use crate::domain::actors::{Actor, ActorState};
use crate::domain::audiences::{Audience, Scope};
use crate::domain::events::Event;
use crate::domain::extras::Extra;
use crate::domain::groups::{Follow, Group, GroupKind, Posting};
use crate::domain::media::{Media, MediaKind, MediaPurpose, MediaState};
use crate::domain::posts::*;
use crate::live::Change;
use crate::policy::{self, InGroup};
use crate::services::ctx::emit;
use crate::services::{Ctx, contacts, media_kept};
use crate::store::posts::NewPost;
use crate::store::{self, Conn};
use crate::text;

/// A post as a peer tells it: origin checked and HTML cleaned by the caller, every actor stored.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// ActivityPub id.
    pub uri: String,
    /// Page for people.
    pub url: String,
    /// Who wrote it.
    pub author: Actor,
    /// The group it is in.
    pub group: Option<ActorId>,
    /// What it answers, if here.
    pub parent: Option<PostId>,
    /// What it answers, by its id.
    pub parent_uri: Option<String>,
    /// What it is; answers become comments.
    pub kind: PostKind,
    /// Title.
    pub title: String,
    /// Clean HTML.
    pub html: SafeHtml,
    /// BCP-47 tag.
    pub language: Option<String>,
    /// Media hidden until asked for.
    pub sensitive: bool,
    /// Content warning.
    pub warning: String,
    /// Address of a link post.
    pub link_url: Option<String>,
    /// When it was written.
    pub published: Time,
    /// Last edit.
    pub updated: Option<Time>,
    /// How far its addressing says it goes, where no group decides.
    pub scope: Scope,
    /// Actors addressed by name.
    pub recipients: Vec<ActorId>,
    /// Actors mentioned.
    pub mentions: Vec<ActorId>,
    /// Tags, lower case, without `#`.
    pub hashtags: Vec<String>,
    /// Files.
    pub media: Vec<IncomingMedia>,
    /// A vote.
    pub poll: Option<Poll>,
    /// A post here that it quotes, what that one's author says of it, and where.
    pub quote: Option<(PostId, QuoteState, Option<String>)>,
    /// What it is besides a text.
    pub extra: Option<Extra>,
    /// Little pictures in the text: short name and address.
    pub emoji: Vec<(String, String)>,
    /// The activity it came in: wrapped for the followers of a group of ours, at once or when a moderator lets it through.
    pub relay: Option<ActivityId>,
    /// That activity holds the whole post, with its author's proof.
    pub proven: bool,
    /// The group that announced it.
    pub announced_by: Option<ActorId>,
    /// It was written before anybody here asked for it: it comes onto no home and nobody is told.
    pub old: bool,
}

/// A file of a post at a peer.
#[derive(Clone, Debug)]
pub struct IncomingMedia {
    /// Where it is.
    pub url: String,
    /// MIME type.
    pub mime: String,
    /// Alternative text.
    pub description: String,
    /// Pixels.
    pub width: Option<i32>,
    /// Pixels.
    pub height: Option<i32>,
    /// A blur to show while loading.
    pub blurhash: Option<String>,
    /// Focal point.
    pub focus: Option<(f64, f64)>,
}

/// Puts the little pictures of the author's server into a text.
pub(super) async fn place_emoji(conn: &mut Conn, ctx: &Ctx, new: &mut Incoming) -> Result<()> {
    let whose = (new.author.host_id, new.author.id);
    let known = store::emoji::note(conn, &ctx.ids, whose, &new.emoji).await?;
    if !known.is_empty() {
        new.html = text::with_emoji(&new.html, &known);
    }
    Ok(())
}

/// The groups that posts name, with what each author is in them.
pub(super) struct Groups(HashMap<(ActorId, ActorId), InGroups>);

type InGroups = (Group, Actor, Option<Follow>);

impl Groups {
    /// Those of some posts.
    pub async fn named(conn: &mut Conn, posts: impl Iterator<Item = &Incoming>) -> Result<Self> {
        let pairs: Vec<_> = posts.filter_map(|new| Some((new.group?, new.author.id))).collect();
        store::groups::find_with_all(conn, &pairs).await.map(Self)
    }

    /// One of them, or another.
    pub async fn get(&self, conn: &mut Conn, group: ActorId, author: ActorId) -> Result<InGroups> {
        match self.0.get(&(group, author)) {
            Some(known) => Ok(known.clone()),
            None => store::groups::get_with(conn, group, Some(author)).await,
        }
    }
}

/// Where a post goes, after every check.
pub(super) struct Placed {
    pub audience: AudienceId,
    pub group: Option<ActorId>,
    pub parent: Option<Post>,
    pub kind: PostKind,
    pub state: PostState,
    /// In a group of ours, whose followers hear of it whenever it comes.
    pub here: bool,
}

/// Where a peer's post belongs and whether it may be there. `silenced`: our administrators made the author's server quiet.
pub(super) async fn place(
    conn: &mut Conn,
    ctx: &Ctx,
    new: &Incoming,
    silenced: bool,
    groups: &Groups,
) -> Result<Option<Placed>> {
    let parent = match new.parent {
        Some(id) => store::posts::find(conn, id).await?,
        None => None,
    };
    if let Some(parent) = parent {
        return place_answer(conn, ctx, new, parent, silenced, groups).await;
    }
    if let Some(group) = new.group {
        let (group, actor, follow) = groups.get(conn, group, new.author.id).await?;
        let at = InGroup { group: &group, local: actor.is_local(), follow: follow.as_ref(), now: ctx.now() };
        let announced = new.announced_by == Some(actor.id);
        if actor.state != ActorState::Active {
            return Err(Error::Gone);
        }
        if actor.is_local() {
            check_remote_post(conn, at, new, true).await?;
        } else if !announced {
            // Its own host decides what is in a group; until it announces the post it is not.
            return Ok(None);
        }
        let state = if actor.is_local() { hold(conn, ctx, new, at, silenced).await? } else { PostState::Published };
        let kind = if new.kind == PostKind::Comment { PostKind::Message } else { new.kind };
        let audience = group.audience_id;
        return Ok(Some(Placed { audience, group: Some(actor.id), parent: None, kind, state, here: actor.is_local() }));
    }
    let audience = personal_audience(conn, ctx, new).await?;
    let direct = new.scope == Scope::Readers && !new.recipients.is_empty();
    let kind = if direct { PostKind::Direct } else { new.kind };
    Ok(Some(Placed { audience, group: None, parent: None, kind, state: PostState::Published, here: false }))
}

async fn place_answer(
    conn: &mut Conn,
    ctx: &Ctx,
    new: &Incoming,
    parent: Post,
    silenced: bool,
    groups: &Groups,
) -> Result<Option<Placed>> {
    let root = store::posts::get(conn, parent.root_id).await?;
    policy::check_comment(&parent, &root)?;
    if store::moderation::is_blocked(conn, parent.author_id, new.author.id).await? {
        return Err(Error::forbidden("error-blocked-by-author"));
    }
    let audience = store::groups::get_audience(conn, root.audience_id).await?;
    if audience.scope == Scope::Readers && root.group_id.is_none() {
        let reads = store::groups::is_reader(conn, audience.id, new.author.id).await?;
        if !reads {
            return Err(Error::NotFound);
        }
    }
    let (mut state, mut here) = (PostState::Published, false);
    if let Some(group) = root.group_id {
        let (group, actor, follow) = groups.get(conn, group, new.author.id).await?;
        let at = InGroup { group: &group, local: actor.is_local(), follow: follow.as_ref(), now: ctx.now() };
        if actor.state != ActorState::Active {
            return Err(Error::Gone);
        }
        if actor.is_local() {
            check_remote_post(conn, at, new, false).await?;
            here = true;
            state = hold(conn, ctx, new, at, silenced).await?;
        } else if new.announced_by != Some(actor.id) && group.kind != GroupKind::Public {
            return Ok(None);
        }
    }
    let kind = if root.kind == PostKind::Direct { PostKind::Direct } else { PostKind::Comment };
    Ok(Some(Placed { audience: audience.id, group: root.group_id, parent: Some(parent), kind, state, here }))
}

/// The rules of a group of ours for someone from elsewhere, and that the addressing fits the group (INTEROP D91).
async fn check_remote_post(conn: &mut Conn, at: InGroup<'_>, new: &Incoming, top: bool) -> Result<()> {
    if policy::stands_for_members(&new.author, at.group) {
        return Err(Error::forbidden("error-join-first"));
    }
    if at.group.kind == GroupKind::Public {
        if !new.scope.is_open() {
            return Err(Error::forbidden("error-not-public"));
        }
        // Anyone may write into a public group from anywhere by mentioning it, unless it limits who posts.
        if at.follow.is_none() && at.group.posting == Posting::Members && at.group.archived_at.is_none() {
            return Ok(());
        }
    } else if new.scope.is_open() {
        return Err(Error::forbidden("error-public-in-closed"));
    }
    // A member whose server has no agreement any more reads nothing, and writes nothing.
    let covered = at.group.kind != GroupKind::Network || at.follow.is_none();
    if !covered && !store::groups::is_reader(conn, at.group.audience_id, new.author.id).await? {
        return Err(Error::NotFound);
    }
    policy::check_post(at, top)
}

async fn hold(conn: &mut Conn, ctx: &Ctx, new: &Incoming, at: InGroup<'_>, silenced: bool) -> Result<PostState> {
    let holds = ctx.instance().hold_newcomers;
    let held = silenced || holds && (at.follow.is_none() || super::write::is_new_writer(conn, &new.author).await?);
    Ok(if held { PostState::Held } else { PostState::Published })
}

async fn personal_audience(conn: &mut Conn, ctx: &Ctx, new: &Incoming) -> Result<AudienceId> {
    if new.scope.is_open()
        && let Some(known) = store::groups::find_open_audience(conn, new.author.id, new.scope).await?
    {
        return Ok(known);
    }
    let scope = if new.scope.is_open() { new.scope } else { Scope::Readers };
    let audience = Audience { id: AudienceId(ctx.ids.next()), scope, owner_id: new.author.id };
    store::groups::insert_audience(conn, &audience).await?;
    if scope == Scope::Readers {
        store::groups::add_reader(conn, audience.id, new.author.id, new.author.host_id).await?;
        for reader in store::actors::list(conn, &new.recipients).await? {
            let taken = !reader.is_local() || contacts::hears_from(conn, reader.id, &new.author).await?;
            if taken && !store::moderation::is_blocked(conn, reader.id, new.author.id).await? {
                store::groups::add_reader(conn, audience.id, reader.id, reader.host_id).await?;
            }
        }
        if new.recipients.is_empty() {
            for (follower, host) in store::groups::follower_hosts(conn, new.author.id).await? {
                store::groups::add_reader(conn, audience.id, follower, host).await?;
            }
        }
    }
    Ok(audience.id)
}

pub(super) fn post_of(ctx: &Ctx, new: &Incoming, placed: &Placed) -> Post {
    let mut id = PostId(ctx.ids.at(new.published));
    if let Some(parent) = &placed.parent {
        // A clock that runs behind must not put an answer before its question.
        if id <= parent.id {
            id = PostId(ctx.ids.at(time_of(parent.id.0).plus(1001)));
        }
        if id <= parent.id {
            id = PostId(ctx.ids.next());
        }
    }
    Post {
        id,
        uri: new.uri.clone(),
        url: new.url.clone(),
        author_id: new.author.id,
        group_id: placed.group,
        audience_id: placed.audience,
        kind: placed.kind,
        parent_id: placed.parent.as_ref().map(|p| p.id),
        root_id: placed.parent.as_ref().map_or(id, |p| p.root_id),
        title: new.title.clone(),
        source: String::new(),
        html: new.html.as_str().to_owned(),
        language: new.language.clone(),
        sensitive: new.sensitive,
        warning: new.warning.clone(),
        link_url: new.link_url.clone(),
        state: placed.state,
        accepted_id: None,
        pinned_at: None,
        locked: false,
        replies_count: 0,
        reactions_count: 0,
        shares_count: 0,
        published_at: new.published.min(ctx.now()),
        edited_at: new.updated.filter(|at| *at > new.published),
        removed_by: None,
        removed_reason: String::new(),
        received_seq: ctx.ids.next(),
    }
}

pub(super) async fn insert_parts(conn: &mut Conn, ctx: &Ctx, new: &Incoming, post: &Post) -> Result<()> {
    insert_media(conn, ctx, new, post.id, &BTreeSet::new()).await?;
    insert_named(conn, new, post).await
}

/// Poll, quote, tip or card, whom it names and its tags.
async fn insert_named(conn: &mut Conn, new: &Incoming, post: &Post) -> Result<()> {
    if let Some(poll) = &new.poll {
        store::posts::insert_poll(conn, post.id, poll).await?;
    }
    if let Some((quoted, state, stamp)) = &new.quote {
        store::posts::set_quote(conn, post.id, *quoted, *state, stamp.as_deref()).await?;
    }
    if let Some(extra) = new.extra.as_ref().filter(|_| post.is_top()) {
        store::extras::put(conn, post.id, extra).await?;
    }
    if !new.mentions.is_empty() {
        let mentioned = store::actors::list(conn, &new.mentions).await?;
        let told = super::write::readable_mentions(conn, post, &mentioned).await?;
        store::posts::add_mentions(conn, post.id, &told.iter().map(|a| a.id).collect::<Vec<_>>()).await?;
    }
    store::posts::add_tags(conn, post.id, &new.hashtags).await?;
    Ok(())
}

/// Adds its files, but those that are there already.
async fn insert_media(
    conn: &mut Conn,
    ctx: &Ctx,
    new: &Incoming,
    post: PostId,
    there: &BTreeSet<String>,
) -> Result<()> {
    for (position, file) in new.media.iter().enumerate().filter(|(_, file)| !there.contains(&file.url)) {
        let kind = match file.mime.split('/').next() {
            Some("image") => MediaKind::Image,
            Some("audio") => MediaKind::Audio,
            Some("video") => MediaKind::Video,
            _ => MediaKind::Document,
        };
        let media = Media {
            id: MediaId(ctx.ids.next()),
            owner_id: new.author.id,
            post_id: Some(post),
            purpose: MediaPurpose::Post,
            position: i32::try_from(position).unwrap_or(i32::MAX),
            kind,
            mime: file.mime.clone(),
            file_name: file.url.rsplit('/').next().unwrap_or_default().chars().take(100).collect(),
            size: 0,
            width: file.width,
            height: file.height,
            blurhash: file.blurhash.clone(),
            description: file.description.clone(),
            focus_x: file.focus.map(|f| f.0),
            focus_y: file.focus.map(|f| f.1),
            key: None,
            thumb_key: None,
            thumb_mime: None,
            remote_url: Some(file.url.clone()),
            state: MediaState::Remote,
        };
        store::media::insert(conn, &media, ctx.now()).await?;
    }
    Ok(())
}

/// Files that a change leaves in a post keep what was fetched of them: their server may be away. The others go.
async fn keep_media(conn: &mut Conn, new: &Incoming, post: PostId) -> Result<BTreeSet<String>> {
    let mut kept = BTreeSet::new();
    for held in store::media::of_posts(conn, &[post]).await? {
        let url = held.remote_url.as_ref();
        let still = new.media.iter().enumerate().find(|(_, file)| Some(&file.url) == url && !kept.contains(&file.url));
        match still {
            Some((position, file)) => {
                let position = i32::try_from(position).unwrap_or(i32::MAX);
                store::media::renew(conn, held.id, position, &file.description, file.focus).await?;
                kept.insert(file.url.clone());
            }
            None => drop(store::media::detach(conn, held.id).await?),
        }
    }
    Ok(kept)
}

/// A peer changed a post. Older news than we have is ignored (INTEROP D60); poll counts are renewed without an edit mark.
pub async fn receive_update(ctx: &Ctx, new: Incoming) -> Result<()> {
    let c = ctx.clone();
    let change = ctx.db.write(move |conn| Box::pin(async move { apply_update(conn, &c, new).await })).await?;
    ctx.wake.now();
    if let Some(change) = change {
        ctx.hub.publish(change);
    }
    Ok(())
}

async fn apply_update(conn: &mut Conn, ctx: &Ctx, mut new: Incoming) -> Result<Option<Change>> {
    let (host, known) = store::posts::find_from(conn, new.author.host_id, &new.uri).await?;
    let Some(mut post) = known else { return Ok(None) };
    if host.reject_media {
        new.media.clear();
    }
    if post.author_id != new.author.id || post.is_gone() || new.author.is_local() {
        return Ok(None);
    }
    store::posts::lock(conn, &[post.id]).await?;
    if let Some(poll) = &new.poll {
        let counts: Vec<(i32, i64)> = poll.options.iter().map(|o| (o.position, o.votes_count)).collect();
        store::posts::set_poll_counts(conn, post.id, &counts, poll.voters_count, poll.closed_at).await?;
    }
    // What is quoted may be allowed without a new text.
    if let Some((quoted, state, stamp)) = &new.quote {
        store::posts::set_quote(conn, post.id, *quoted, *state, stamp.as_deref()).await?;
    }
    let Some(updated) = new.updated else { return Ok(None) };
    if post.edited_at.is_some_and(|at| at >= updated) {
        return Ok(None);
    }
    place_emoji(conn, ctx, &mut new).await?;
    let before = post.edited_at.unwrap_or(post.published_at);
    let same = post.html == new.html.as_str() && post.title == new.title && post.warning == new.warning;
    if !same {
        store::posts::insert_revision(conn, ctx.ids.next(), &post, before).await?;
    }
    post.title = new.title.clone();
    post.html = new.html.as_str().to_owned();
    post.language = new.language.clone();
    post.sensitive = new.sensitive;
    post.warning = new.warning.clone();
    post.link_url = new.link_url.clone();
    post.edited_at = Some(updated);
    let search = text::fold(&format!("{} {}", post.title, text::plain(&new.html)));
    store::posts::update_text(conn, &post, &search).await?;
    let kept = keep_media(conn, &new, post.id).await?;
    insert_media(conn, ctx, &new, post.id, &kept).await?;
    store::posts::clear_names(conn, post.id).await?;
    insert_named(conn, &new, &post).await?;
    if is_in_closed_group_here(conn, &post).await? {
        keep_original(conn, &new, post.id).await?;
        if new.media.iter().any(|file| !kept.contains(&file.url)) {
            media_kept::later(conn, ctx, post.id).await?;
        }
    }
    Ok(Some(Change::Edited { post: post.id, group: post.group_id }))
}

async fn is_in_closed_group_here(conn: &mut Conn, post: &Post) -> Result<bool> {
    let Some(group) = post.group_id else { return Ok(false) };
    let closed = !store::groups::get_audience(conn, post.audience_id).await?.scope.is_open();
    Ok(closed && store::actors::get(conn, group).await?.is_local())
}

/// Keeps what a member elsewhere wrote in a closed group here as its author proved it. Without a proof an older one must go: its
/// words are not the post's any more.
pub(super) async fn keep_original(conn: &mut Conn, new: &Incoming, post: PostId) -> Result<()> {
    match new.relay {
        Some(activity) if new.proven => store::posts::keep_original(conn, post, activity).await?,
        _ => store::posts::forget_original(conn, post).await?,
    };
    Ok(())
}

/// A peer deleted a post. The id is remembered, so that a late Create does not bring it back (INTEROP D54).
pub async fn receive_delete(ctx: &Ctx, author: &Actor, uri: &str, relay: Option<ActivityId>) -> Result<()> {
    let (c, author, uri) = (ctx.clone(), author.clone(), uri.to_owned());
    let change = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let Some(post) = store::posts::find_by_uri(conn, &uri).await? else {
                    bury_unseen(conn, &c, &author, &uri).await?;
                    return Ok(None);
                };
                if post.author_id != author.id {
                    return Err(Error::forbidden("error-not-yours"));
                }
                super::change::bury(conn, &c, &post).await?;
                if let (Some(activity), Some(group)) = (relay, post.group_id) {
                    emit(conn, &c.ids, c.now(), &Event::Relay { activity, group }).await?;
                }
                Ok(Some(Change::Deleted { post: post.id, group: post.group_id }))
            })
        })
        .await?;
    ctx.wake.now();
    if let Some(change) = change {
        ctx.hub.publish(change);
    }
    Ok(())
}

/// A tombstone for a post that never came.
async fn bury_unseen(conn: &mut Conn, ctx: &Ctx, author: &Actor, uri: &str) -> Result<()> {
    let new = Incoming {
        uri: uri.to_owned(),
        url: uri.to_owned(),
        author: author.clone(),
        group: None,
        parent: None,
        parent_uri: None,
        kind: PostKind::Message,
        title: String::new(),
        html: SafeHtml::default(),
        language: None,
        sensitive: false,
        warning: String::new(),
        link_url: None,
        published: ctx.now(),
        updated: None,
        scope: Scope::Readers,
        recipients: Vec::new(),
        mentions: Vec::new(),
        hashtags: Vec::new(),
        media: Vec::new(),
        poll: None,
        quote: None,
        extra: None,
        emoji: Vec::new(),
        relay: None,
        proven: false,
        announced_by: None,
        old: true,
    };
    let audience = Audience { id: AudienceId(ctx.ids.next()), scope: Scope::Readers, owner_id: author.id };
    store::groups::insert_audience(conn, &audience).await?;
    let placed = Placed {
        audience: audience.id,
        group: None,
        parent: None,
        kind: PostKind::Message,
        state: PostState::Deleted,
        here: false,
    };
    let row = NewPost { post: post_of(ctx, &new, &placed), parent_uri: None, search_text: String::new() };
    store::posts::insert(conn, &row).await?;
    Ok(())
}
