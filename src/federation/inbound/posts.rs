//! Posts that come in: new, changed, deleted.

use std::collections::BTreeSet;

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::super::convert::{self, ReadPost};
use super::super::sign::proof;
use super::super::state::Federation;
use super::super::wire::{Doc, Kind, PUBLIC, same_origin};
use super::{Item, Via};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{Actor, ActorKind, ActorState};
use crate::domain::audiences::{Audience, Scope};
use crate::domain::events::Event;
use crate::domain::extras::Extra;
use crate::domain::groups::GroupKind;
use crate::domain::posts::{Post, PostKind, PostState};
use crate::services::ctx::emit;
use crate::services::posts::{self as service, Incoming};
use crate::store::federation as rows;
use crate::store::{Conn, actors, posts};

/// How far up a thread missing posts are fetched.
const MAX_ANCESTORS: usize = 20;
/// A change of a post never seen counts as new, if the post is no older than this (INTEROP A.12).
const LATE_UPDATE: i64 = Time::DAY;

/// Where a post comes from, besides its document.
#[derive(Clone, Debug, Default)]
pub(super) struct Source {
    /// The group that announced it.
    pub via: Option<Actor>,
    /// The activity to pass on in a group of ours.
    pub row: Option<ActivityId>,
    /// That activity holds the whole post, with its author's proof.
    pub proven: bool,
    /// Wanted by somebody here, whoever it is addressed to.
    pub wanted: bool,
    /// What it answers, where that was found already: it was fetched because another answers it.
    pub parent: Option<Option<PostId>>,
    /// It was written long ago: nobody is told of it.
    pub old: bool,
}

impl Federation {
    pub(super) async fn on_create(&self, item: &Item<'_>) -> Result<()> {
        // GoToSocial puts several votes into one Create.
        for object in item.doc.items("object").take(16) {
            self.create_one(item, object).await?;
        }
        Ok(())
    }

    async fn create_one(&self, item: &Item<'_>, object: Doc<'_>) -> Result<()> {
        let proven = object.0.is_object() && proof::find(item.doc.0).is_some();
        let source = Source { via: item.group().cloned(), row: item.row, proven, ..Source::default() };
        let id = object.id().unwrap_or_default();
        if item.actor.is_local() {
            return self.own_came_back(id, &source).await;
        }
        let read = convert::read_post(object, Some(item.doc), self.reading());
        match read.filter(|read| item.is_authentic() && read.author == item.actor.uri) {
            Some(read) => self.take_post(read, item.actor.clone(), source).await.map(|_| ()),
            // What is there may be another thing than what came.
            None => self.take_from_origin(id, Source { proven: false, ..source }).await.map(|_| ()),
        }
    }

    /// A post of ours that the group it was written for announces.
    async fn own_came_back(&self, id: &str, source: &Source) -> Result<()> {
        let known = posts::find_by_uri(&mut self.ctx.db.read().await?, id).await?;
        let Some(post) = known.filter(|p| p.state == PostState::Waiting) else { return Ok(()) };
        let author = actors::get(&mut self.ctx.db.read().await?, post.author_id).await?;
        let new =
            Incoming { announced_by: source.via.as_ref().map(|g| g.id), ..shell(&post.uri, &author, self.ctx.now()) };
        service::receive(&self.ctx, new).await.map(|_| ())
    }

    /// Fetches a post from its own server; a closed group's with the signature of a member of ours.
    pub(super) async fn take_from_origin(&self, id: &str, source: Source) -> Result<Option<PostId>> {
        if id.is_empty() || self.ctx.urls.is_ours(id) {
            let known = posts::find_by_uri(&mut self.ctx.db.read().await?, id).await?;
            if let Some(post) = &known {
                self.own_came_back(&post.uri, &source).await?;
            }
            return Ok(known.map(|p| p.id));
        }
        if let Some(known) = posts::find_by_uri(&mut self.ctx.db.read().await?, id).await? {
            return Ok(Some(known.id));
        }
        let document = self.post_document(id, source.via.as_ref()).await?;
        self.take_document(&document, source).await
    }

    /// A member of ours to sign the reading of a closed group's things.
    pub(in crate::federation) async fn reader_of(&self, group: ActorId) -> Result<Option<Actor>> {
        let mut conn = self.ctx.db.read().await?;
        let kind = rows::group_kind(&mut conn, group).await?;
        if kind.is_none_or(|(kind, ..)| kind == GroupKind::Public) {
            return Ok(None);
        }
        match rows::local_member(&mut conn, group).await? {
            Some(id) => Ok(Some(actors::get(&mut conn, id).await?)),
            None => Ok(None),
        }
    }

    /// Takes in a post that its own server handed out, because somebody here asked for it (or `via` announced it).
    pub(in crate::federation) async fn take_fetched(
        &self,
        document: &Value,
        via: Option<Actor>,
    ) -> Result<Option<PostId>> {
        self.take_document(document, Source { wanted: via.is_none(), via, ..Source::default() }).await
    }

    /// As [`Self::take_fetched`], of what was written before anybody here asked for it.
    pub(in crate::federation) async fn take_old(&self, document: &Value, via: Option<Actor>) -> Result<Option<PostId>> {
        self.take_document(document, Source { wanted: true, old: true, via, ..Source::default() }).await
    }

    fn take_document<'a>(&'a self, document: &'a Value, source: Source) -> BoxFuture<'a, Result<Option<PostId>>> {
        Box::pin(async move {
            let read = convert::read_post(Doc(document), None, self.reading()).ok_or(Error::NotFound)?;
            let author = self.actor(&read.author).await?;
            self.take_post(read, author, source).await
        })
    }

    /// Takes in a post whose document is its author's own word.
    async fn take_post(&self, read: ReadPost, author: Actor, source: Source) -> Result<Option<PostId>> {
        if author.uri != read.author || !same_origin(&read.uri, &author.uri) || self.ctx.urls.is_ours(&read.uri) {
            return Err(Error::NotAuthentic(format!("{} is not by {}", read.uri, author.uri)));
        }
        if author.state != ActorState::Active {
            return Err(Error::Gone);
        }
        if let (Some(option), Some(parent)) = (&read.vote, &read.parent)
            && let Some(poll) = posts::find_by_uri(&mut self.ctx.db.read().await?, parent).await?
            && poll.kind == PostKind::Poll
        {
            return self.take_vote(&author, &poll, option).await.map(|()| None);
        }
        let book = read.book.clone();
        let Some(mut new) = self.place_post(read, author, source).await? else { return Ok(None) };
        if let Some(book) = book.filter(|_| new.extra.is_none()) {
            self.add_work(&mut new, &book).await;
        }
        service::receive(&self.ctx, new).await
    }

    /// Asks what book a post is about. Without an answer it is a post like any other.
    async fn add_work(&self, new: &mut Incoming, book: &str) {
        let found = self.fetch_document(book, None).await;
        let Some(work) = found.ok().and_then(|document| convert::extras::read_book(Doc(&document))) else { return };
        if new.title.is_empty() {
            new.title = work.title.clone();
        }
        new.extra = Some(Extra::Tip(work));
    }

    async fn take_vote(&self, author: &Actor, poll: &Post, option: &str) -> Result<()> {
        if self.is_shut_out(author.host_id, poll.group_id).await? {
            return Err(Error::NotFound);
        }
        service::receive_vote(&self.ctx, author.id, poll.id, option).await?;
        let ctx = self.ctx.clone();
        let (actor, post) = (author.id, poll.id);
        self.ctx
            .db
            .write(move |conn| {
                // The new counts go to all who have the poll.
                Box::pin(async move {
                    emit(conn, &ctx.ids, ctx.now(), &Event::Voted { actor, post, positions: vec![] }).await
                })
            })
            .await?;
        self.ctx.wake.now();
        Ok(())
    }

    /// Finds the group, the thread and the people of a post. Nothing when it is nobody's business here.
    async fn place_post(&self, read: ReadPost, author: Actor, source: Source) -> Result<Option<Incoming>> {
        // Before anybody is looked up: with what stands above come people who may be named here.
        let parent = match (&read.parent, source.parent) {
            (Some(_), Some(found)) => found,
            (Some(uri), None) => self.parent_of(uri, &source).await?,
            (None, _) => None,
        };
        let quote = self.quote_in(&read, &author, source.parent.is_none() && !source.old).await?;
        let known = self.gathered.named.one(named_in(&read)).await?;
        let mut conn = self.ctx.db.read().await?;
        let group = match &source.via {
            Some(group) => Some(group.clone()),
            None => group_of(&mut conn, &read, &known).await?,
        };
        if let Some(group) = group.as_ref().filter(|group| !group.is_local()) {
            let kind = rows::group_kind(&mut conn, group.id).await?;
            let closed = kind.is_some_and(|(kind, ..)| kind != GroupKind::Public);
            if closed == (read.public || read.unlisted) {
                return Err(Error::forbidden("error-addressing"));
            }
        }
        let scope = match (read.public, read.unlisted) {
            (true, _) => Scope::Public,
            (false, true) => Scope::Unlisted,
            _ => Scope::Readers,
        };
        let followers = author.followers_uri.clone().unwrap_or_else(|| format!("{}/followers", author.uri));
        let to_followers = read.addressed.contains(&followers);
        let among = |uris: &[String]| known.iter().filter(|actor| uris.contains(&actor.uri)).collect::<Vec<_>>();
        let (named, mentioned) = (among(&read.addressed), among(&read.mentions));
        let people = |all: &[&Actor]| {
            all.iter().filter(|a| a.kind != ActorKind::Group && a.id != author.id).map(|a| a.id).collect::<Vec<_>>()
        };
        let ours = |actor: &&&Actor| actor.is_local() && actor.kind != ActorKind::Application;
        let asked_for = group.is_some()
            || parent.is_some()
            || source.wanted
            || named.iter().chain(&mentioned).find(ours).is_some()
            || rows::local_member(&mut conn, author.id).await?.is_some();
        drop(conn);
        if !asked_for {
            tracing::debug!(uri = %read.uri, "a post nobody here asked for");
            return Ok(None);
        }
        let mut recipients = if scope == Scope::Readers && !to_followers { people(&named) } else { Vec::new() };
        for actor in named.iter().filter(|actor| actor.is_local()) {
            // A message is no way to find out who is here.
            let sender = Viewer::Peer { host: author.host_id, signer: author.id };
            if recipients.contains(&actor.id) && !self.known_to(actor, &sender).await? {
                recipients.retain(|id| *id != actor.id);
            }
        }
        if group.is_none() && parent.is_none() && scope == Scope::Readers && !to_followers && recipients.is_empty() {
            return Ok(None);
        }
        Ok(Some(Incoming {
            group: group.map(|g| g.id),
            parent,
            parent_uri: read.parent,
            scope,
            recipients,
            mentions: people(&mentioned),
            relay: source.row.filter(|_| source.via.is_none()),
            proven: source.proven,
            announced_by: source.via.map(|g| g.id),
            quote,
            old: source.old || source.parent.is_some(),
            kind: if parent.is_some() { PostKind::Comment } else { read.kind },
            uri: read.uri,
            url: read.url,
            title: read.title,
            html: read.html,
            language: read.language,
            sensitive: read.sensitive,
            warning: read.warning,
            link_url: read.link_url,
            published: read.published,
            updated: read.updated,
            hashtags: read.hashtags,
            media: read.media,
            poll: read.poll,
            extra: read.extra,
            emoji: read.emoji,
            author,
        }))
    }

    /// What a post answers: known, or fetched with all above it, as far as that goes.
    async fn parent_of(&self, uri: &str, source: &Source) -> Result<Option<PostId>> {
        // Up first, then down: one inside the other, a long thread would need a deep stack.
        let (documents, mut parent) = self.documents_above(uri, source).await?;
        for document in documents.iter().rev() {
            let above = Source { parent: Some(parent), row: None, proven: false, ..source.clone() };
            parent = unless_passing(self.take_document(document, above).await, uri)?.flatten();
        }
        Ok(parent)
    }

    /// The documents of a post and of all above it that are not here, from below; and the post that is, above these.
    async fn documents_above(&self, uri: &str, source: &Source) -> Result<(Vec<Value>, Option<PostId>)> {
        let (mut found, mut next, mut asked) = (Vec::new(), uri.to_owned(), BTreeSet::new());
        loop {
            if let Some(known) = posts::find_by_uri(&mut self.ctx.db.read().await?, &next).await? {
                return Ok((found, Some(known.id)));
            }
            if found.len() >= MAX_ANCESTORS || self.ctx.urls.is_ours(&next) || !asked.insert(next.clone()) {
                return Ok((found, None));
            }
            let asked = self.post_document(&next, source.via.as_ref()).await;
            let Some(document) = unless_passing(asked, &next)? else {
                return Ok((found, None));
            };
            let above = convert::read_post(Doc(&document), None, self.reading()).and_then(|read| read.parent);
            found.push(document);
            let Some(above) = above else { return Ok((found, None)) };
            next = above;
        }
    }

    pub(super) async fn on_update(&self, item: &Item<'_>) -> Result<()> {
        let object = item.doc.embedded("object");
        let id = item.envelope.object().unwrap_or_default();
        let is_actor = object.and_then(Doc::kind).is_some_and(Kind::is_actor);
        if is_actor || id == item.actor.uri {
            return self.update_actor(item, id, object).await;
        }
        if item.actor.is_local() {
            return Ok(());
        }
        let embedded = object.and_then(|o| convert::read_post(o, Some(item.doc), self.reading()));
        let fetched;
        let own = embedded.filter(|read| item.is_authentic() && read.author == item.actor.uri);
        let proven = own.is_some() && proof::find(item.doc.0).is_some();
        let read = match own {
            Some(read) => read,
            None => {
                fetched = self.post_document(id, item.group()).await?;
                convert::read_post(Doc(&fetched), None, self.reading()).ok_or(Error::NotFound)?
            }
        };
        if read.author != item.actor.uri {
            return Err(Error::forbidden("error-not-yours"));
        }
        self.update_post(item, read, proven).await
    }

    async fn update_post(&self, item: &Item<'_>, read: ReadPost, proven: bool) -> Result<()> {
        let now = self.ctx.now();
        let known = posts::find_by_uri(&mut self.ctx.db.read().await?, &read.uri).await?;
        let Some(post) = known else {
            let source = Source { via: item.group().cloned(), row: item.row, proven, ..Source::default() };
            if self.ctx.now().since(read.published) < LATE_UPDATE {
                self.take_post(read, item.actor.clone(), source).await?;
            }
            return Ok(());
        };
        if post.author_id != item.actor.id {
            return Err(Error::forbidden("error-not-yours"));
        }
        if self.is_shut_out(item.actor.host_id, post.group_id).await? {
            return Err(Error::NotFound);
        }
        let accepted = read.accepted.clone();
        let mentioned = rows::actors_by_uri(&mut self.ctx.db.read().await?, &read.mentions).await?;
        let quote = self.quote_in(&read, &item.actor, true).await?;
        // Where a changed post does not say when that was, the activity does (activitypub-bot). New counts of votes come
        // without a time too, and are no change of the text.
        let (before, _) = crate::text::without_emoji(&post.html);
        let changed = before != read.html.as_str() || post.title != read.title || post.warning != read.warning;
        let told = || ["updated", "published"].into_iter().find_map(|name| item.doc.time_until(name, now));
        let updated = read.updated.or_else(|| told().filter(|_| changed));
        let update = Incoming {
            quote,
            title: read.title,
            html: read.html,
            language: read.language,
            sensitive: read.sensitive,
            warning: read.warning,
            link_url: read.link_url,
            published: read.published,
            updated,
            mentions: mentioned.iter().filter(|a| !a.is_group()).map(|a| a.id).collect(),
            hashtags: read.hashtags,
            media: read.media,
            poll: read.poll,
            extra: read.extra,
            emoji: read.emoji,
            relay: item.row.filter(|_| item.via.is_none()),
            proven,
            ..shell(&post.uri, &item.actor, self.ctx.now())
        };
        service::receive_update(&self.ctx, update).await?;
        if let Some(accepted) = accepted {
            self.accept_answer(&post, accepted).await?;
        }
        self.pass_on(item, post.group_id).await
    }

    /// Which answer the author of a question elsewhere took.
    async fn accept_answer(&self, question: &Post, answer: Option<String>) -> Result<()> {
        let mut conn = self.ctx.db.read().await?;
        let answer = match answer {
            Some(uri) => posts::find_by_uri(&mut conn, &uri).await?.filter(|a| a.root_id == question.id).map(|a| a.id),
            None => None,
        };
        drop(conn);
        if question.kind != PostKind::Question || question.accepted_id == answer {
            return Ok(());
        }
        let (ctx, post) = (self.ctx.clone(), question.id);
        self.ctx
            .db
            .write(move |conn| {
                Box::pin(async move {
                    posts::set_accepted(conn, post, answer).await?;
                    emit(conn, &ctx.ids, ctx.now(), &Event::AnswerAccepted { post, answer }).await
                })
            })
            .await?;
        self.ctx.wake.now();
        Ok(())
    }

    pub(super) async fn on_delete(&self, item: &Item<'_>) -> Result<()> {
        let uri = item.envelope.object().unwrap_or_default();
        if uri == item.actor.uri {
            return if item.is_authentic() {
                self.actor_left(item).await
            } else {
                Err(Error::forbidden("error-origin"))
            };
        }
        let Some(post) = posts::find_by_uri(&mut self.ctx.db.read().await?, uri).await? else {
            if self.on_stamp_deleted(item, uri).await? {
                return Ok(());
            }
            // It may still come, late: then it must stay away.
            if item.is_authentic() && same_origin(uri, &item.actor.uri) && !item.actor.is_local() {
                service::receive_delete(&self.ctx, &item.actor, uri, None).await?;
            }
            return Ok(());
        };
        if post.author_id == item.actor.id {
            if item.actor.is_local() {
                return Ok(());
            }
            if !item.is_authentic() && !self.is_gone_there(uri, item.via.as_ref()).await? {
                return Err(Error::forbidden("error-origin"));
            }
            return service::receive_delete(&self.ctx, &item.actor, uri, item.row.filter(|_| item.via.is_none())).await;
        }
        self.remove_post(item, &post).await
    }

    /// Whether a post's own server says that it is gone.
    async fn is_gone_there(&self, uri: &str, via: Option<&Via>) -> Result<bool> {
        let reader = match via {
            Some(via) => self.reader_of(via.group.id).await?,
            None => None,
        };
        match self.document(uri, reader.as_ref()).await {
            Ok(found) => Ok(Doc(&found).kind() == Some(Kind::Tombstone)),
            Err(Error::Gone | Error::NotFound) => Ok(true),
            Err(Error::RemoteFailed { retryable: false, .. } | Error::NotAuthentic(_)) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// A post whose server answers 410.
    pub(super) async fn post_vanished(&self, uri: &str) -> Result<()> {
        let mut conn = self.ctx.db.read().await?;
        let Some(post) = posts::find_by_uri(&mut conn, uri).await? else { return Ok(()) };
        let author = actors::get(&mut conn, post.author_id).await?;
        drop(conn);
        if author.is_local() {
            return Ok(());
        }
        service::receive_delete(&self.ctx, &author, uri, None).await
    }

    /// Whether who acts may read a post: by what is known here, or by the word of the group's host. Of a closed group
    /// elsewhere only the members here are known, and its host lets through what members do.
    pub(super) async fn readable_by(&self, post: &Post, audience: &Audience, item: &Item<'_>) -> Result<bool> {
        let announced = post.group_id.is_some() && item.group().map(|group| group.id) == post.group_id;
        if announced || audience.scope.is_open() {
            return Ok(true);
        }
        rows::host_reads(&mut self.ctx.db.read().await?, audience.id, item.actor.host_id).await
    }
}

/// What cannot be had of a thread is done without, but for what may be had later.
fn unless_passing<T>(done: Result<T>, uri: &str) -> Result<Option<T>> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(error @ (Error::RemoteFailed { retryable: true, .. } | Error::Unavailable(_) | Error::Internal(_))) => {
            Err(error)
        }
        Err(error) => {
            tracing::debug!(uri, %error, "what a post answers cannot be had");
            Ok(None)
        }
    }
}

/// Whom a post names: groups, addressees and mentioned.
fn named_in(read: &ReadPost) -> Vec<String> {
    let all = read.groups.iter().chain(&read.addressed).chain(&read.mentions);
    let uris: BTreeSet<&String> = all.filter(|uri| *uri != PUBLIC).collect();
    uris.into_iter().cloned().collect()
}

/// The group a post names: in `audience`, else `to`, else `cc`, else among its authors (INTEROP B.2.2).
async fn group_of(conn: &mut Conn, read: &ReadPost, known: &[Actor]) -> Result<Option<Actor>> {
    for uri in &read.groups {
        let found = known.iter().find(|a| &a.uri == uri && a.is_group() && a.state == ActorState::Active);
        let Some(group) = found else { continue };
        // Its host will announce it, if it takes it: until then it is not in the group. Where nobody here follows the group
        // that never comes, and the post stands for itself.
        if group.is_local() || rows::local_member(conn, group.id).await?.is_some() {
            return Ok(Some(group.clone()));
        }
    }
    Ok(None)
}

/// An Incoming of which only the id, the author and a few members matter.
fn shell(uri: &str, author: &Actor, now: Time) -> Incoming {
    Incoming {
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
        published: now,
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
        old: false,
    }
}
