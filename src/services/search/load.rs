//! From the ids that the index found to what is shown, under the viewer's Sight.

use std::collections::HashMap;

use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{ActorCard, ActorKind};
use crate::domain::posts::{PostLine, PostView};
use crate::domain::search::FoundKind;
use crate::domain::wiki::WikiPage;
use crate::services::search::Suggestion;
use crate::services::{Ctx, groups, people};
use crate::store::groups::GroupLine;
use crate::store::people::PeopleFilter;
use crate::store::{self, Conn};
use crate::{policy, text, urls};
use kring_index::Hit;

/// Characters of a text shown as an excerpt.
const EXCERPT: usize = 220;

/// One thing found, as it is shown.
#[derive(Clone, Debug)]
pub enum Item {
    /// Someone.
    Person(PersonHit),
    /// A group.
    Group(GroupLine, Vec<text::Piece>),
    /// A post or comment.
    Post(PostHit),
    /// A file.
    File(FileHit),
    /// A page of a group's knowledge base.
    Page(WikiHit),
}

/// A person found, and why.
#[derive(Clone, Debug)]
pub struct PersonHit {
    /// Who.
    pub actor: ActorCard,
    /// Function and branch, where known.
    pub about: String,
    /// The place in what they tell that was looked for; empty when it was the name or function.
    pub excerpt: Vec<text::Piece>,
    /// The languages they speak, as stored, when one was looked for.
    pub languages: String,
}

/// A post found.
#[derive(Clone, Debug)]
pub struct PostHit {
    /// The post.
    pub line: PostLine,
    /// The place in its text, in pieces; those that were looked for are marked.
    pub excerpt: Vec<text::Piece>,
}

/// A file found.
#[derive(Clone, Debug)]
pub struct FileHit {
    /// The post it belongs to.
    pub line: PostLine,
    /// Its address.
    pub path: String,
    /// Its name.
    pub name: String,
    /// The place in its text.
    pub excerpt: Vec<text::Piece>,
}

/// A page found.
#[derive(Clone, Debug)]
pub struct WikiHit {
    /// The page.
    pub page: WikiPage,
    /// Name of its group.
    pub group: String,
    /// The place in its text.
    pub excerpt: Vec<text::Piece>,
}

/// How much was found in a group.
#[derive(Clone, Debug)]
pub struct GroupCount {
    /// The group.
    pub id: ActorId,
    /// Its name.
    pub name: String,
    /// How much.
    pub count: usize,
}

fn ids(hits: &[Hit], of: impl Fn(FoundKind) -> bool) -> Vec<i64> {
    hits.iter().filter(|hit| of(hit.kind)).map(|hit| hit.id).collect()
}

fn is_post(kind: FoundKind) -> bool {
    !matches!(kind, FoundKind::Person | FoundKind::Group | FoundKind::File | FoundKind::Page)
}

/// What hits are, in their order; what the viewer may not see (any more) is left out.
pub(super) async fn items(
    ctx: &Ctx,
    conn: &mut Conn,
    viewer: &Viewer,
    hits: &[Hit],
    marks: &[String],
) -> Result<Vec<Item>> {
    let mut items: HashMap<(FoundKind, i64), Item> = HashMap::new();
    for hit in persons(ctx, conn, viewer, &ids(hits, |kind| kind == FoundKind::Person), marks).await? {
        items.insert((FoundKind::Person, hit.actor.id.0), Item::Person(hit));
    }
    let of_groups: Vec<ActorId> = ids(hits, |kind| kind == FoundKind::Group).into_iter().map(ActorId).collect();
    if !of_groups.is_empty() {
        for line in groups::among(conn, viewer, &of_groups).await? {
            let plain = text::plain_of_stored(&line.summary_html);
            let excerpt = text::found_in(&plain, marks, EXCERPT);
            items.insert((FoundKind::Group, line.actor.id.0), Item::Group(line, excerpt));
        }
    }
    for hit in wiki_pages(conn, viewer, &ids(hits, |kind| kind == FoundKind::Page), marks).await? {
        items.insert((FoundKind::Page, hit.page.id.0), Item::Page(hit));
    }
    let files = file_texts(conn, &ids(hits, |kind| kind == FoundKind::File)).await?;
    let mut of_posts: Vec<PostId> = ids(hits, is_post).into_iter().map(PostId).collect();
    of_posts.extend(files.iter().map(|file| PostId(file.post_id)));
    let lines = store::posts::lines(conn, &of_posts, &policy::sight(viewer)).await?;
    let lines: HashMap<i64, PostLine> = lines.into_iter().map(|line| (line.post.id.0, line)).collect();
    for file in files {
        let Some(line) = lines.get(&file.post_id).cloned() else { continue };
        let told = if text::is_found_in(&file.body, marks) { &file.body } else { &file.description };
        let excerpt = text::found_in(told, marks, EXCERPT);
        let hit = FileHit { line, path: urls::media_path(MediaId(file.id), false), name: file.name, excerpt };
        items.insert((FoundKind::File, file.id), Item::File(hit));
    }
    for hit in hits.iter().filter(|hit| is_post(hit.kind)) {
        if let Some(line) = lines.get(&hit.id).cloned() {
            let excerpt = text::found_in(&text::plain(&line.html()), marks, EXCERPT);
            items.insert((hit.kind, hit.id), Item::Post(PostHit { line, excerpt }));
        }
    }
    Ok(hits.iter().filter_map(|hit| items.remove(&(hit.kind, hit.id))).collect())
}

/// The posts and comments among hits, in their order.
pub(super) async fn posts(conn: &mut Conn, viewer: &Viewer, hits: &[Hit]) -> Result<Vec<PostView>> {
    let of: Vec<PostId> = ids(hits, is_post).into_iter().map(PostId).collect();
    let views = store::posts::found(conn, &of, &policy::sight(viewer)).await?;
    let mut views: HashMap<PostId, PostView> = views.into_iter().map(|view| (view.post.id, view)).collect();
    Ok(of.iter().filter_map(|id| views.remove(id)).collect())
}

async fn wiki_pages(conn: &mut Conn, viewer: &Viewer, ids: &[i64], marks: &[String]) -> Result<Vec<WikiHit>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<WikiId> = ids.iter().copied().map(WikiId).collect();
    let pages = store::wiki::among(conn, &wanted, &policy::sight(viewer)).await?;
    let of: Vec<ActorId> = pages.iter().map(|page| page.group_id).collect();
    let cards = store::actors::cards(conn, &of).await?;
    let hit = |page: WikiPage| {
        let group = cards.iter().find(|card| card.id == page.group_id).map(|card| card.display_name.clone());
        let excerpt = text::found_in(&text::plain(&page.html), marks, EXCERPT);
        WikiHit { group: group.unwrap_or_default(), excerpt, page }
    };
    Ok(pages.into_iter().map(hit).collect())
}

async fn file_texts(conn: &mut Conn, ids: &[i64]) -> Result<Vec<store::search::PartText>> {
    if ids.is_empty() { Ok(Vec::new()) } else { store::search::file_text(conn, ids).await }
}

/// People here as the directory tells of them, and for members those of other servers that are known here.
async fn persons(ctx: &Ctx, conn: &mut Conn, viewer: &Viewer, ids: &[i64], marks: &[String]) -> Result<Vec<PersonHit>> {
    if ids.is_empty() || viewer.actor_id().is_none() {
        return Ok(Vec::new());
    }
    let actors: Vec<ActorId> = ids.iter().copied().map(ActorId).collect();
    let limit = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let filter = PeopleFilter { among: Some(actors.clone()), ..PeopleFilter::default() };
    let mut cards: Vec<(ActorCard, String)> = Vec::new();
    for line in people::directory(ctx, viewer, filter, ("", -1), limit).await? {
        let account = line.account.as_ref();
        let parts = [account.map(|a| a.job_title.clone()), account.and_then(|a| a.branch.clone())];
        let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        cards.push((line.actor, parts.join(", ")));
    }
    if viewer.is_full_member() && cards.len() < ids.len() {
        let known = store::actors::cards(conn, &actors).await?;
        let elsewhere = known.into_iter().filter(|card| !card.is_local() && card.kind == ActorKind::Person);
        cards.extend(elsewhere.map(|card| (card, String::new())));
    }
    let texts = store::search::actors(conn, ids).await?;
    let texts: HashMap<i64, store::search::ActorText> = texts.into_iter().map(|text| (text.id, text)).collect();
    let hit = |(actor, about): (ActorCard, String)| {
        // Without a text the account is no longer active.
        let told = texts.get(&actor.id.0)?;
        let plain = text::plain_of_stored(&told.summary_html);
        let excerpt =
            if text::is_found_in(&plain, marks) { text::found_in(&plain, marks, EXCERPT) } else { Vec::new() };
        let asked = text::is_found_in(&super::documents::languages(&told.languages), marks);
        let languages = if asked { told.languages.clone() } else { String::new() };
        Some(PersonHit { actor, about, excerpt, languages })
    };
    Ok(cards.into_iter().filter_map(hit).collect())
}

/// Names and titles of hits, in their order.
pub(super) async fn suggestions(conn: &mut Conn, viewer: &Viewer, hits: &[Hit]) -> Result<Vec<Suggestion>> {
    let mut made: HashMap<i64, Suggestion> = HashMap::new();
    let actors = ids(hits, |kind| matches!(kind, FoundKind::Person | FoundKind::Group));
    let known: Vec<ActorId> = actors.iter().copied().map(ActorId).collect();
    if !actors.is_empty() {
        let groups: Vec<i64> = groups::among(conn, viewer, &known).await?.iter().map(|line| line.actor.id.0).collect();
        let texts = store::search::actors(conn, &actors).await?;
        for card in store::actors::cards(conn, &known).await? {
            let Some(told) = texts.iter().find(|told| told.id == card.id.0) else { continue };
            let is_group = card.kind == ActorKind::Group;
            if is_group && !groups.contains(&card.id.0) {
                continue;
            }
            let parts: Vec<&str> =
                [&*told.job_title, &*told.branch].into_iter().filter(|part| !part.is_empty()).collect();
            let suggestion = Suggestion {
                kind: if is_group { FoundKind::Group } else { FoundKind::Person },
                path: urls::actor_path(card.kind, &card.acct()),
                about: if card.is_local() { parts.join(", ") } else { format!("@{}", card.acct()) },
                title: card.display_name,
            };
            made.insert(card.id.0, suggestion);
        }
    }
    let posts: Vec<PostId> = ids(hits, is_post).into_iter().map(PostId).collect();
    let kinds: HashMap<i64, FoundKind> = hits.iter().map(|hit| (hit.id, hit.kind)).collect();
    for (id, title) in store::posts::titles(conn, &posts, &policy::sight(viewer)).await? {
        let kind = kinds.get(&id.0).copied().unwrap_or(FoundKind::Post);
        made.insert(id.0, Suggestion { kind, path: urls::post_path(id), title, about: String::new() });
    }
    for hit in wiki_pages(conn, viewer, &ids(hits, |kind| kind == FoundKind::Page), &[]).await? {
        let (kind, path) = (FoundKind::Page, urls::wiki_path(hit.page.id));
        made.insert(hit.page.id.0, Suggestion { kind, path, title: hit.page.title, about: hit.group });
    }
    Ok(hits.iter().filter_map(|hit| made.remove(&hit.id)).collect())
}

/// The groups in which most was found, by name.
pub(super) async fn groups(conn: &mut Conn, viewer: &Viewer, counts: HashMap<i64, usize>) -> Result<Vec<GroupCount>> {
    let mut counts: Vec<(i64, usize)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    counts.truncate(8);
    let ids: Vec<ActorId> = counts.iter().map(|(id, _)| ActorId(*id)).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let lines = groups::among(conn, viewer, &ids).await?;
    let named = |(id, count): (i64, usize)| {
        let line = lines.iter().find(|line| line.actor.id.0 == id)?;
        Some(GroupCount { id: ActorId(id), name: line.actor.display_name.clone(), count })
    };
    Ok(counts.into_iter().filter_map(named).collect())
}
