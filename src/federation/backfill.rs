//! Reads a group or a thread at its own server, for who opens it here (the job `backfill`): recent posts, pinned ones, and
//! the whole conversation. Bounded in number of requests, whatever is on the other side.

use std::collections::{HashSet, VecDeque};

use serde_json::Value;

use super::history::Told;
use super::state::Federation;
use super::wire::{Doc, same_origin};
use crate::base::*;
use crate::domain::actors::Actor;
use crate::domain::groups::GroupKind;
use crate::services::backfill::Backfill;
use crate::store::federation as rows;
use crate::store::{actors, posts};

/// Recent posts of a group.
const RECENT: usize = 20;
/// Its pinned posts.
const PINNED: usize = 10;
/// Answers in a thread.
const ANSWERS: usize = 200;
/// Documents and keys that are asked for in one go; authors never seen come on top, one for each post at most.
const REQUESTS: usize = 50;

/// One run: who asks, and how many requests it has left.
struct Run<'a> {
    federation: &'a Federation,
    group: Option<Actor>,
    reader: Option<Actor>,
    left: usize,
}

impl Federation {
    /// The job `backfill`. What cannot be had is left alone: it is asked for again when somebody opens the page again.
    pub(super) async fn backfill(&self, payload: &str) -> Result<()> {
        if !self.is_on() {
            return Ok(());
        }
        let asked: Backfill = serde_json::from_str(payload).map_err(Error::internal)?;
        let done = match asked {
            Backfill::Group(id) => self.fill_group(id).await,
            Backfill::Thread(id) => self.fill_thread(id).await,
        };
        match done {
            Err(error @ (Error::Internal(_) | Error::Unavailable(_))) => Err(error),
            Err(error) => {
                tracing::debug!(%error, payload, "could not be read elsewhere");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    async fn fill_group(&self, id: ActorId) -> Result<()> {
        let group = actors::get(&mut self.ctx.db.read().await?, id).await?;
        if group.is_local() || !group.is_group() {
            return Ok(());
        }
        let group = self.actor(&group.uri).await?;
        let (outbox, featured, _) = rows::collections(&mut self.ctx.db.read().await?, id).await?;
        let reader = self.reader_of(id).await?;
        let mut run = Run { federation: self, group: Some(group.clone()), reader, left: REQUESTS };
        let pinned = match featured {
            Some(featured) => run.list(Source::At(featured), PINNED).await,
            None => Vec::new(),
        };
        let mut recent = match outbox {
            Some(outbox) => run.list(Source::At(outbox), RECENT).await,
            None => Vec::new(),
        };
        recent.retain(|item| !pinned.iter().any(|told| told.id == item.id));
        // Newest first is how they are listed; the oldest comes in first.
        for told in pinned.iter().chain(&recent).rev() {
            run.take_top(told).await?;
        }
        for told in &pinned {
            match self.set_pinned(&told.id, &group, true, None).await {
                Ok(()) | Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn fill_thread(&self, id: PostId) -> Result<()> {
        let mut conn = self.ctx.db.read().await?;
        let asked = posts::get(&mut conn, id).await?;
        let root = posts::get(&mut conn, asked.root_id).await?;
        let author = actors::get(&mut conn, root.author_id).await?;
        let group = match root.group_id {
            Some(group) => Some(actors::get(&mut conn, group).await?),
            None => None,
        };
        let closed = match &group {
            Some(group) => {
                rows::group_kind(&mut conn, group.id).await?.is_some_and(|(kind, ..)| kind != GroupKind::Public)
            }
            None => false,
        };
        drop(conn);
        // What is in a closed group is its host's to say.
        let foreign = group.as_ref().is_some_and(|group| !same_origin(&group.uri, &root.uri));
        if group.as_ref().is_some_and(Actor::is_local) {
            return Ok(());
        }
        let (mut reader, mut door) = (None, None);
        if let Some(group) = &group {
            reader = self.reader_of(group.id).await?;
            door = self.door_of(group).await?;
        }
        let mut run = Run { federation: self, group: group.filter(|_| closed), reader, left: REQUESTS };
        if let Some(thread) = door.and_then(|door| door.thread(&root.uri))
            && run.told_thread(thread).await?
        {
            return Ok(());
        }
        if author.is_local() || (closed && foreign) {
            return Ok(());
        }
        run.conversation(&root.uri).await
    }
}

/// Where a collection is.
enum Source {
    /// At an address.
    At(String),
    /// Inside another document.
    Inside(Value),
}

impl Run<'_> {
    /// Any document, as long as there are requests left.
    async fn read(&mut self, address: &str) -> Option<Value> {
        self.left = self.left.checked_sub(1)?;
        let read = self.federation.fetch_document(address, self.reader.as_ref()).await;
        read.inspect_err(|error| tracing::debug!(address, %error, "left out")).ok()
    }

    /// Posts of a collection, at most so many, each with its document where that stands inside: pages are followed on the
    /// origin of the first.
    async fn list(&mut self, source: Source, most: usize) -> Vec<Told> {
        let mut found = Vec::new();
        let (mut page, origin) = match source {
            Source::At(address) => (self.read(&address).await, address),
            Source::Inside(document) => {
                let origin = Doc(&document).id().unwrap_or_default().to_owned();
                (Some(document), origin)
            }
        };
        let mut seen = HashSet::new();
        while let Some(document) = page.take() {
            let Some(part) = Doc(&document).collection() else { break };
            found.extend(part.items.iter().filter_map(|item| Told::read(*item)));
            let next = part.next.filter(|next| same_origin(next, &origin) && seen.insert((*next).to_owned()));
            if let Some(next) = next
                && found.len() < most
            {
                page = self.read(next).await;
            }
        }
        found.truncate(most);
        found
    }

    /// A post that the group lists.
    async fn take_top(&mut self, told: &Told) -> Result<()> {
        let Some(group) = self.group.clone() else { return Ok(()) };
        if self.is_here(&told.id).await? {
            return Ok(());
        }
        let Some(document) = self.document_of(told, &group).await else { return Ok(()) };
        let named = Doc(&document).id() == Some(told.id.as_str());
        if !named || !self.federation.belongs_to(&document, &group).await.unwrap_or(false) {
            return Ok(());
        }
        self.take(&document, Some(group)).await.map(|_| ())
    }

    /// The document of a post that the group lists: as it stands there where that is believed, else from the group's door or the
    /// post's own server.
    async fn document_of(&mut self, told: &Told, group: &Actor) -> Option<Value> {
        let met = told.inside.as_ref().and_then(|inside| Doc(inside).one_id("attributedTo"));
        if let Some(author) = met.filter(|author| !same_origin(author, &group.uri))
            && self.federation.known_actor(author).await.ok()?.is_none()
        {
            // To believe somebody never met their keys are asked for.
            self.left = self.left.checked_sub(1)?;
        }
        if self.federation.is_believed(told, group).await {
            return told.inside.clone();
        }
        self.left = self.left.checked_sub(1)?;
        let read = self.federation.post_document(&told.id, Some(group)).await;
        read.inspect_err(|error| tracing::debug!(id = told.id, %error, "left out")).ok()
    }

    /// A thread as the group's host tells it, its first post too. Whether it told anything.
    async fn told_thread(&mut self, address: String) -> Result<bool> {
        let Some(group) = self.group.clone() else { return Ok(false) };
        let listed = self.list(Source::At(address), ANSWERS).await;
        for told in &listed {
            let answers = told.inside.as_ref().map(|inside| Doc(inside).one_id("inReplyTo"));
            let strays = match answers {
                // What belongs to no thread of ours is not looked into.
                Some(Some(parent)) => !self.is_known(parent).await?,
                Some(None) => true,
                None => false,
            };
            if strays || self.is_here(&told.id).await? {
                continue;
            }
            let Some(document) = self.document_of(told, &group).await else { continue };
            if Doc(&document).id() == Some(told.id.as_str()) {
                self.take_answer(&document).await?;
            }
        }
        Ok(!listed.is_empty())
    }

    /// All answers: as the thread's own collection lists them (FEP-7888, FEP-f228), or else answer by answer.
    async fn conversation(&mut self, root: &str) -> Result<()> {
        let Some(document) = self.read(root).await else { return Ok(()) };
        let listed = match Doc(&document).one_id("context").filter(|context| same_origin(context, root)) {
            Some(context) => self.list(Source::At(context.to_owned()), ANSWERS).await,
            None => Vec::new(),
        };
        if !listed.is_empty() {
            let mut early = Vec::new();
            for told in &listed {
                let Some(document) = self.read_new(&told.id).await? else { continue };
                if !self.take_answer(&document).await? {
                    early.push(document);
                }
            }
            // Where the order is not that of time, an answer may have stood before what it answers.
            for document in early {
                self.take_answer(&document).await?;
            }
            return Ok(());
        }
        let mut documents = VecDeque::from([document]);
        let mut taken = 0;
        while let Some(document) = documents.pop_front() {
            let Some(source) = replies_of(&document) else { continue };
            for told in self.list(source, ANSWERS).await {
                if taken >= ANSWERS || self.left == 0 {
                    return Ok(());
                }
                let Some(document) = self.read_new(&told.id).await? else { continue };
                if self.take_answer(&document).await? {
                    taken += 1;
                    documents.push_back(document);
                }
            }
        }
        Ok(())
    }

    /// The document of a post that is not here yet.
    async fn read_new(&mut self, id: &str) -> Result<Option<Value>> {
        if self.is_here(id).await? {
            return Ok(None);
        }
        Ok(self.read(id).await.filter(|document| Doc(document).id() == Some(id)))
    }

    /// Takes in an answer, if what it answers is here: a list cannot bring in what belongs to no thread of ours.
    async fn take_answer(&self, document: &Value) -> Result<bool> {
        let Some(parent) = Doc(document).one_id("inReplyTo") else { return Ok(false) };
        Ok(self.is_known(parent).await? && self.take(document, self.group.clone()).await?)
    }

    async fn take(&self, document: &Value, via: Option<Actor>) -> Result<bool> {
        match self.federation.take_old(document, via).await {
            Ok(id) => Ok(id.is_some()),
            Err(error @ (Error::Internal(_) | Error::Unavailable(_))) => Err(error),
            Err(error) => {
                tracing::debug!(%error, "a post elsewhere is left out");
                Ok(false)
            }
        }
    }

    async fn is_known(&self, id: &str) -> Result<bool> {
        Ok(posts::find_by_uri(&mut self.federation.ctx.db.read().await?, id).await?.is_some())
    }

    async fn is_here(&self, id: &str) -> Result<bool> {
        Ok(self.federation.ctx.urls.is_ours(id) || self.is_known(id).await?)
    }
}

/// The answers to one post, as its document has them.
fn replies_of(document: &Value) -> Option<Source> {
    let doc = Doc(document);
    let id = doc.id()?;
    match doc.embedded("replies") {
        Some(inside) if inside.id().is_none_or(|at| same_origin(at, id)) => {
            let mut inside = inside.0.clone();
            // So that its pages are looked for on the post's own server, whatever it calls itself.
            inside["id"] = Value::String(id.to_owned());
            Some(Source::Inside(inside))
        }
        Some(_) => None,
        None => doc.one_id("replies").filter(|at| same_origin(at, id)).map(|at| Source::At(at.to_owned())),
    }
}
