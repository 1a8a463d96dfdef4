//! Groups: the shelf and the list, and the page of one group with its files.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use serde::Deserialize;

use super::chrome::{Chrome, Place};
use super::forms::Query;
use super::views::{Avatar, PostCard, Shelf};
use super::visit::{PageResult, Visit};
use super::{page, views};
use crate::base::*;
use crate::domain::actors::ActorCard;
use crate::domain::groups::{FollowState, GroupKind, GroupRole, Posting};
use crate::domain::media::{Media, MediaKind};
use crate::domain::posts::PostView;
use crate::policy::Entrance;
use crate::services::groups::GroupView;
use crate::services::{Ctx, group_pages, group_requests, groups, media};
use crate::store::groups::{GroupLine, MemberLine};
use crate::urls;

/// Groups on one page of the list.
const LISTED: i64 = 24;
/// Posts on one page of a group.
const STREAM: i64 = 20;

/// `/groups` and a group's pages for everyone.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/groups", get(list))
        .route("/groups/{acct}", get(show))
        .route("/groups/{acct}/files", get(files))
}

/// Who can read a group, as a translation key of a whole sentence.
pub(super) fn reads_key(kind: GroupKind, hidden: bool) -> &'static str {
    match kind {
        GroupKind::Public => "group-kind-public-reads",
        GroupKind::Network => "group-kind-network-reads",
        GroupKind::Organisation => "group-kind-organisation-reads",
        GroupKind::Private if hidden => "group-kind-hidden-reads",
        GroupKind::Private => "group-kind-private-reads",
    }
}

/// How people come in, as a translation key of a whole sentence.
pub(super) fn joins_key(kind: GroupKind, approval: bool, hidden: bool) -> &'static str {
    match kind {
        GroupKind::Private if hidden => "group-joins-invited",
        GroupKind::Private => "group-joins-private",
        _ if approval => "group-joins-request",
        GroupKind::Public => "group-joins-public",
        GroupKind::Network => "group-joins-network",
        GroupKind::Organisation => "group-joins-organisation",
    }
}

/// The top of every page of one group.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// The group.
    pub id: ActorId,
    /// `name` or `name@host`.
    pub acct: String,
    /// Path of its page.
    pub path: String,
    /// Shown name.
    pub title: String,
    /// "About".
    pub summary: SafeHtml,
    /// Kind, as a word.
    pub kind: &'static str,
    /// Who reads it.
    pub reads: &'static str,
    /// How people come in.
    pub joins: &'static str,
    /// Colour.
    pub spine: i16,
    /// Address of its picture.
    pub picture: Option<String>,
    /// Members.
    pub members: i64,
    /// Host of a group elsewhere.
    pub host: Option<String>,
    /// Whole handle, for people on other servers.
    pub handle: Option<String>,
    /// The viewer is in.
    pub member: bool,
    /// The viewer asked, or was asked.
    pub pending: Option<&'static str>,
    /// How the viewer may come in: `open` or `request`.
    pub join: Option<&'static str>,
    /// May write a new post.
    pub may_post: bool,
    /// May read.
    pub may_read: bool,
    /// Keeps order.
    pub moderator: bool,
    /// May change the group.
    pub may_manage: bool,
    /// Owns it.
    pub owner: bool,
    /// May hand it over to another organisation.
    pub may_hand_over: bool,
    /// It was handed over.
    pub handed_over: bool,
    /// What they hear of it.
    pub notify: &'static str,
    /// Not on home.
    pub muted: bool,
    /// Closed for writing.
    pub archived: Option<Time>,
    /// Why not everyone can write, when that is so.
    pub posting: Option<&'static str>,
    /// Topics.
    pub topics: Vec<String>,
}

impl Head {
    /// Who reads the pages of its knowledge base: these do not travel, so partners do not.
    pub(super) fn pages_read(&self) -> &'static str {
        let network = self.kind == GroupKind::Network.as_str();
        if network { "wiki-network-reads" } else { self.reads }
    }

    pub(super) fn of(ctx: &Ctx, view: &GroupView) -> Self {
        let acct = view.acct();
        let group = &view.group;
        let state = view.follow.as_ref().map(|follow| follow.state);
        let topics = group.topics.split(',').map(|topic| topic.trim().to_owned()).filter(|topic| !topic.is_empty());
        Self {
            id: group.actor_id,
            path: urls::actor_path(view.actor.kind, &acct),
            title: view.actor.display_name.clone(),
            picture: Avatar::of_actor(&view.actor).src,
            summary: view.actor.summary(),
            kind: group.kind.as_str(),
            reads: reads_key(group.kind, group.hidden),
            joins: joins_key(group.kind, group.approval, group.hidden),
            spine: group.spine,
            members: group.members_count,
            handle: group.kind.scope().is_open().then(|| match &view.host {
                Some(host) => format!("@{}@{host}", view.actor.name),
                None => format!("@{}@{}", view.actor.name, ctx.urls.host()),
            }),
            host: view.host.clone(),
            member: state == Some(FollowState::Accepted),
            pending: match state {
                Some(FollowState::Requested) => Some("group-requested"),
                Some(FollowState::Invited) => Some("group-invited"),
                _ => None,
            },
            join: view.may_join.filter(|_| state != Some(FollowState::Requested)).map(entrance_word),
            may_post: view.may_post,
            may_read: view.may_read,
            moderator: view.moderator,
            may_manage: view.may_manage,
            owner: view.follow.as_ref().is_some_and(|f| f.is_member() && f.role == GroupRole::Owner),
            may_hand_over: view.may_hand_over,
            handed_over: view.actor.moved_to.is_some(),
            notify: view.follow.as_ref().map_or("none", |follow| follow.notify.as_str()),
            muted: view.follow.as_ref().is_some_and(|follow| follow.muted),
            archived: group.archived_at,
            posting: match group.posting {
                Posting::Members => None,
                Posting::Approved => Some("group-posting-approved"),
                Posting::Moderators => Some("group-posting-moderators"),
            },
            topics: topics.collect(),
            acct,
        }
    }
}

fn entrance_word(entrance: Entrance) -> &'static str {
    match entrance {
        Entrance::Open => "open",
        Entrance::Request => "request",
    }
}

/// One group in the list.
#[derive(Clone, Debug)]
pub(super) struct GroupItem {
    pub path: String,
    pub name: String,
    pub about: String,
    pub kind: &'static str,
    pub reads: &'static str,
    pub spine: i16,
    pub members: i64,
    pub host: Option<String>,
    pub join: Option<&'static str>,
    pub member: bool,
}

impl GroupItem {
    pub(super) fn of(ctx: &Ctx, visit: &Visit, line: &GroupLine) -> Self {
        Self {
            path: urls::actor_path(line.actor.kind, &line.actor.acct()),
            name: line.actor.display_name.clone(),
            about: crate::text::excerpt(&line.summary(), 160),
            kind: line.group.kind.as_str(),
            reads: reads_key(line.group.kind, line.group.hidden),
            spine: line.group.spine,
            members: line.group.members_count,
            host: line.actor.host.clone(),
            join: groups::entrance(ctx, &visit.viewer, line).map(entrance_word),
            member: matches!(line.mine, Some((FollowState::Accepted, ..))),
        }
    }
}

#[derive(askama::Template)]
#[template(path = "groups/list.html")]
struct ListPage {
    c: Chrome,
    shelf: Vec<Shelf>,
    groups: Vec<GroupItem>,
    query: String,
    first: bool,
    next: Option<String>,
    may_start: bool,
    /// The viewer's new groups that wait for a moderator.
    waiting: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
struct ListQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
    id: Option<i64>,
    done: Option<String>,
}

async fn list(State(ctx): State<Ctx>, visit: Visit, Query(query): Query<ListQuery>) -> PageResult {
    let words = query.q.trim();
    let first = query.id.is_none();
    let shelf = match visit.viewer.actor_id() {
        Some(_) if first && words.is_empty() => groups::mine(&ctx, &visit.viewer).await?,
        _ => Vec::new(),
    };
    let after = (query.after.as_str(), query.id.unwrap_or(-1));
    let lines = groups::find(&ctx, &visit.viewer, words, after, LISTED).await?;
    let full = i64::try_from(lines.len()).is_ok_and(|n| n >= LISTED);
    let next = lines.last().filter(|_| full).map(|line| {
        let name = encode(&line.actor.display_name);
        format!("/groups?q={}&after={name}&id={}", encode(words), line.actor.id)
    });
    let asked = first && visit.viewer.is_full_member() && ctx.instance().groups_need_approval;
    let waiting = if asked { group_requests::mine(&ctx, &visit.viewer).await? } else { Vec::new() };
    let waiting = waiting.into_iter().map(|request| request.form.title).collect();
    let c = visit.chrome(&ctx, Place::Groups, visit.t("groups-title")).flash(query.done.as_deref());
    page(&ListPage {
        shelf: Shelf::of(&shelf),
        groups: lines.iter().map(|line| GroupItem::of(&ctx, &visit, line)).collect(),
        query: words.to_owned(),
        first,
        next,
        may_start: visit.viewer.is_full_member(),
        waiting,
        c,
    })
}

/// A word for the query of an address.
pub(super) fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Someone with a role, beside the stream.
pub(super) struct Keeper {
    pub path: String,
    pub name: String,
    pub avatar: views::Avatar,
    pub role: &'static str,
}

impl Keeper {
    fn of(line: &MemberLine) -> Self {
        Self {
            path: urls::actor_path(line.actor.kind, &line.actor.acct()),
            name: line.actor.display_name.clone(),
            avatar: views::Avatar::of(&line.actor),
            role: role_key(line.follow.role),
        }
    }
}

/// A role in a group, as a translation key.
pub(super) fn role_key(role: GroupRole) -> &'static str {
    match role {
        GroupRole::Owner => "role-group-owner",
        GroupRole::Moderator => "role-group-moderator",
        GroupRole::Member => "role-group-member",
    }
}

#[derive(askama::Template)]
#[template(path = "groups/show.html")]
struct ShowPage {
    c: Chrome,
    h: Head,
    card: SafeHtml,
    rules: SafeHtml,
    pinned: Vec<PostCard>,
    posts: Vec<PostCard>,
    next: Option<i64>,
    first: bool,
    keepers: Vec<Keeper>,
    now: Option<ActorCard>,
    former: Vec<ActorCard>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct StreamQuery {
    pub before: Option<i64>,
    pub done: Option<String>,
}

async fn show(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    Query(query): Query<StreamQuery>,
) -> PageResult {
    let shown = group_pages::page(&ctx, &visit.viewer, &acct, Page::before(query.before, STREAM)).await?;
    let h = Head::of(&ctx, &shown.view);
    let c = visit
        .chrome(&ctx, Place::Groups, h.title.clone())
        .alternate(&shown.view.actor.uri)
        .live(format!("group:{}", h.id))
        .flash(query.done.as_deref());
    let me = visit.viewer.actor_id();
    let seen = shown.view.follow.as_ref().filter(|follow| follow.is_member() && follow.seen_seq > 0);
    let seen = seen.map_or(i64::MAX, |follow| follow.seen_seq);
    let card = |post: PostView| {
        let new = post.post.received_seq > seen && Some(post.author.id) != me;
        PostCard { new, moderates: h.moderator, ..PostCard::listed(post, &c) }
    };
    let cards = |posts: Vec<PostView>| posts.into_iter().map(&card).collect();
    page(&ShowPage {
        card: shown.view.group.card(),
        rules: shown.view.group.rules(),
        pinned: cards(shown.pinned),
        posts: cards(shown.posts.items),
        next: shown.posts.next,
        first: query.before.is_none(),
        keepers: shown.moderators.iter().map(Keeper::of).collect(),
        now: shown.now,
        former: shown.former,
        h,
        c,
    })
}

/// A file with the post it belongs to.
struct FileItem {
    file: Media,
    post: String,
    picture: bool,
}

#[derive(askama::Template)]
#[template(path = "groups/files.html")]
struct FilesPage {
    c: Chrome,
    h: Head,
    pictures: Vec<FileItem>,
    documents: Vec<FileItem>,
    next: Option<MediaId>,
    first: bool,
}

async fn files(
    State(ctx): State<Ctx>,
    visit: Visit,
    Path(acct): Path<String>,
    Query(query): Query<StreamQuery>,
) -> PageResult {
    let view = groups::view_by_handle(&ctx, &visit.viewer, &acct).await?;
    let files = media::of_group(&ctx, &visit.viewer, view.group.actor_id, query.before).await?;
    let next = (files.len() >= 40).then(|| files.last().map(|file| file.id)).flatten();
    let item = |file: Media| FileItem {
        post: file.post_id.map(urls::post_path).unwrap_or_default(),
        picture: file.kind == MediaKind::Image,
        file,
    };
    let (pictures, documents) = files.into_iter().map(item).partition(|item| item.picture);
    let h = Head::of(&ctx, &view);
    let title = format!("{}: {}", h.title, visit.t("group-files"));
    let c = visit.chrome(&ctx, Place::Groups, title).alternate(&view.actor.uri);
    page(&FilesPage { c, h, pictures, documents, next, first: query.before.is_none() })
}
