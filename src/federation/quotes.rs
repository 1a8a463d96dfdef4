//! Quotes (FEP-044f): asking whether a post may be quoted, answering, and believing the answer. The answer is a document of
//! the quoted author's server, the stamp; what quotes without one waits.

use serde_json::{Value, json};

use super::convert::{self, Activity, Address, PostParts, ReadPost};
use super::inbound::Item;
use super::outbound::Batch;
use super::state::Federation;
use super::wire::{Doc, same_origin};
use crate::base::*;
use crate::domain::actors::Actor;
use crate::domain::posts::{Post, PostState, QuoteState};
use crate::policy;
use crate::services::posts as service;
use crate::store::{actors, groups, posts};

/// A quoted post here, what its author says of it, and where.
pub(super) type Quote = (PostId, QuoteState, Option<String>);

/// What an id of a request ends in, after that of the post that quotes.
const REQUEST: &str = "#quote-request";

impl Federation {
    /// What a post from elsewhere quotes, as far as it can be had. With `fetch` it is asked of its server when it is not
    /// here; what that quotes is not.
    pub(super) async fn quote_in(&self, read: &ReadPost, author: &Actor, fetch: bool) -> Result<Option<Quote>> {
        let Some(uri) = &read.quoted else { return Ok(None) };
        let known = posts::find_by_uri(&mut self.ctx.db.read().await?, uri).await?;
        let quoted = match known {
            Some(post) => post,
            None if !fetch || self.ctx.urls.is_ours(uri) => return Ok(None),
            None => match self.fetch_quoted(uri).await {
                Ok(post) => post,
                Err(error @ Error::Internal(_)) => return Err(error),
                Err(error) => {
                    tracing::debug!(uri, %error, "a quoted post cannot be had");
                    return Ok(None);
                }
            },
        };
        let mut conn = self.ctx.db.read().await?;
        if !groups::get_audience(&mut conn, quoted.audience_id).await?.scope.is_open() {
            return Ok(None);
        }
        let theirs = actors::get(&mut conn, quoted.author_id).await?;
        if theirs.id == author.id {
            return Ok(Some((quoted.id, QuoteState::Accepted, None)));
        }
        if theirs.is_local() {
            // We know without a stamp what we would answer.
            let yes = service::may_quote(&mut conn, &quoted, author.id).await?;
            let state = if yes { QuoteState::Accepted } else { QuoteState::Refused };
            // What was vouched for stays so when the post that quotes is changed.
            let quoting = posts::find_by_uri(&mut conn, &read.uri).await?.filter(|_| yes);
            return Ok(Some((quoted.id, state, quoting.map(|post| self.ctx.urls.quote_stamp(post.id)))));
        }
        drop(conn);
        let stamp = match &read.quote_stamp {
            Some(stamp) if self.is_stamped(stamp, &read.uri, &quoted, &theirs).await? => Some(stamp.clone()),
            _ => None,
        };
        let state = if stamp.is_some() { QuoteState::Accepted } else { QuoteState::Pending };
        Ok(Some((quoted.id, state, stamp)))
    }

    async fn fetch_quoted(&self, uri: &str) -> Result<Post> {
        let document = self.document(uri, None).await?;
        let id = self.take_old(&document, None).await?.ok_or(Error::NotFound)?;
        posts::get(&mut self.ctx.db.read().await?, id).await
    }

    /// Whether the author of a post elsewhere wrote down that this post may quote it.
    async fn is_stamped(&self, stamp: &str, quoting: &str, quoted: &Post, author: &Actor) -> Result<bool> {
        if !same_origin(stamp, &author.uri) {
            return Ok(false);
        }
        let document = match self.document(stamp, None).await {
            Ok(document) => document,
            Err(error @ Error::Internal(_)) => return Err(error),
            Err(error) => {
                tracing::debug!(stamp, %error, "a stamp cannot be had");
                return Ok(false);
            }
        };
        let doc = Doc(&document);
        Ok(doc.types().contains(&"QuoteAuthorization")
            && doc.one_id("attributedTo") == Some(&author.uri)
            && doc.one_id("interactingObject") == Some(quoting)
            && doc.one_id("interactionTarget") == Some(&quoted.uri))
    }

    /// Someone elsewhere asks whether they may quote a post here.
    pub(super) async fn on_quote_request(&self, item: &Item<'_>) -> Result<()> {
        if item.via.is_some() || item.actor.is_local() {
            return Err(Error::forbidden("error-not-wrapped"));
        }
        let mut conn = self.ctx.db.read().await?;
        let quoted = posts::find_by_uri(&mut conn, item.envelope.object().unwrap_or_default()).await?;
        let quoted = quoted.filter(|post| !post.is_gone()).ok_or(Error::NotFound)?;
        let author = actors::get(&mut conn, quoted.author_id).await?;
        if !author.is_local() {
            return Err(Error::NotFound);
        }
        let yes = service::may_quote(&mut conn, &quoted, item.actor.id).await?;
        drop(conn);
        let quoting = if yes { self.instrument(item).await? } else { None };
        let stamp = quoting.map(|post| self.ctx.urls.quote_stamp(post));
        if let (Some(post), Some(stamp)) = (quoting, stamp.clone()) {
            let state = QuoteState::Accepted;
            let write = self.ctx.db.write(move |conn| {
                Box::pin(async move { posts::set_quote(conn, post, quoted.id, state, Some(&stamp)).await })
            });
            write.await?;
        }
        self.answer_quote(item, &author, stamp).await
    }

    /// The post that wants to quote, taken in: as it stands in the request, which is its author's own word, or fetched.
    async fn instrument(&self, item: &Item<'_>) -> Result<Option<PostId>> {
        let fetched;
        let document = match item.doc.embedded("instrument") {
            Some(embedded) => embedded.0,
            None => {
                let Some(id) = item.doc.one_id("instrument") else { return Ok(None) };
                fetched = self.document(id, None).await?;
                &fetched
            }
        };
        let own = Doc(document).ids("attributedTo").contains(&item.actor.uri.as_str());
        if own { self.take_fetched(document, None).await } else { Ok(None) }
    }

    async fn answer_quote(&self, item: &Item<'_>, author: &Actor, stamp: Option<String>) -> Result<()> {
        let kind = if stamp.is_some() { "Accept" } else { "Reject" };
        let mut request = item.doc.0.clone();
        if let Some(members) = request.as_object_mut() {
            members.shift_remove("@context");
        }
        let address = Address { to: vec![item.actor.uri.clone()], cc: Vec::new() };
        let now = self.ctx.now();
        let mut answer = Activity::new(self.fresh_id(), kind, &author.uri, request, address, now);
        if let Some(stamp) = stamp {
            answer = answer.with("result", json!(stamp));
        }
        let mut batch = Batch::default();
        self.make_known(author).await?;
        batch.add(author, &answer, &answer.document(), None, self.inboxes(&[item.actor.id]).await?, now);
        self.send(batch).await
    }

    /// Asks the author of a post elsewhere whether one of ours may quote it.
    pub(super) async fn ask_to_quote(&self, batch: &mut Batch, parts: &PostParts, author: &Actor) -> Result<()> {
        let Some(quote) = parts.quote.as_ref().filter(|quote| quote.state == QuoteState::Pending) else {
            return Ok(());
        };
        if quote.author.is_local() {
            return Ok(());
        }
        let address = Address { to: vec![quote.author.uri.clone()], cc: Vec::new() };
        let (now, id) = (self.ctx.now(), format!("{}{REQUEST}", parts.view.post.uri));
        let note = convert::note(parts, &self.ctx.urls, now);
        let request = Activity::new(id, "QuoteRequest", &author.uri, json!(quote.uri), address, now);
        let request = request.with("instrument", note);
        let targets = self.inboxes(&[quote.author.id]).await?;
        batch.add(author, &request, &request.document(), Some(parts.view.post.audience_id), targets, now);
        Ok(())
    }

    /// The answer to such a request. `false` when it answers something else.
    pub(super) async fn on_quote_answer(&self, item: &Item<'_>, yes: bool) -> Result<bool> {
        let Some(uri) = item.envelope.object().and_then(|id| id.strip_suffix(REQUEST)) else { return Ok(false) };
        let mut conn = self.ctx.db.read().await?;
        let post = posts::find_by_uri(&mut conn, uri).await?.filter(|_| self.ctx.urls.is_ours(uri));
        let post = post.ok_or(Error::NotFound)?;
        let (quoted, ..) = posts::quote_of(&mut conn, post.id).await?.ok_or(Error::NotFound)?;
        let quoted = posts::get(&mut conn, quoted).await?;
        drop(conn);
        if quoted.author_id != item.actor.id || item.via.is_some() {
            return Err(Error::forbidden("error-not-yours"));
        }
        let stamp = item.doc.one_id("result").filter(|_| yes);
        match stamp {
            Some(stamp) if self.is_stamped(stamp, &post.uri, &quoted, &item.actor).await? => {
                let (state, stamp) = (QuoteState::Accepted, Some(stamp.to_owned()));
                service::quote_answered(&self.ctx, post.id, quoted.id, state, stamp).await?;
            }
            _ if yes => return Err(Error::NotAuthentic(format!("no stamp for {uri}"))),
            _ => service::quote_answered(&self.ctx, post.id, quoted.id, QuoteState::Refused, None).await?,
        }
        Ok(true)
    }

    /// Who allowed to be quoted takes it back, by deleting the stamp.
    pub(super) async fn on_stamp_deleted(&self, item: &Item<'_>, stamp: &str) -> Result<bool> {
        let (stamp, author) = (stamp.to_owned(), item.actor.id);
        if item.via.is_some() {
            return Ok(false);
        }
        let write =
            self.ctx.db.write(move |conn| Box::pin(async move { posts::refuse_quote(conn, &stamp, author).await }));
        Ok(write.await? > 0)
    }

    /// The stamp of a quote of a post here, for who may read both.
    pub(super) async fn stamp_document(&self, quoting: PostId, viewer: &crate::domain::Viewer) -> Result<Value> {
        let mut conn = self.ctx.db.read().await?;
        let (quoted, state, stamp) = posts::quote_of(&mut conn, quoting).await?.ok_or(Error::NotFound)?;
        let id = self.ctx.urls.quote_stamp(quoting);
        if state != QuoteState::Accepted || stamp.as_deref() != Some(&id) {
            return Err(Error::NotFound);
        }
        let sight = policy::sight(viewer);
        let there = |post: Option<Post>| post.filter(|p| p.state == PostState::Published).ok_or(Error::NotFound);
        let quoting = there(posts::find_visible(&mut conn, quoting, &sight).await?)?;
        let quoted = there(posts::find_visible(&mut conn, quoted, &sight).await?)?;
        let author = actors::get(&mut conn, quoted.author_id).await?;
        Ok(convert::with_context(json!({
            "id": id, "type": "QuoteAuthorization", "attributedTo": author.uri,
            "interactingObject": quoting.uri, "interactionTarget": quoted.uri
        })))
    }
}
