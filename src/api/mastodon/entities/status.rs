use std::collections::HashMap;

use serde_json::{Value, json};

use super::filter::{filtered, looked_at};
use super::{account, media};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::audiences::Scope;
use crate::domain::posts::{EntryKind, Poll, PostKind, PostState, PostView, QuoteState, ReactionKind, Revision};
use crate::services::Ctx;
use crate::services::api::{Around, around};
use crate::text::without_emoji;

/// Draws statuses for one viewer, with all that stands around them at hand.
pub struct Draw<'a> {
    ctx: &'a Ctx,
    me: Option<ActorId>,
    around: &'a Around,
    accounts: HashMap<ActorId, Value>,
}

/// How a post that came by a timeline entry is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outer {
    /// As a boost by the group or person that shows it.
    Boosts,
    /// Always as itself.
    Plain,
    /// As the boost by whoever shows it, the author too.
    Shared,
}

/// Statuses of a list, in its order. Loads what stands around them in a few queries, however many there are.
pub async fn statuses(ctx: &Ctx, viewer: &Viewer, views: &[PostView], outer: Outer) -> Result<Vec<Value>> {
    let around = around(ctx, viewer, views, &[]).await?;
    let draw = Draw::new(ctx, viewer, &around);
    Ok(views.iter().map(|view| draw.status(view, outer)).collect())
}

/// The four words clients know. What only a group or the organisation reads is `private`.
fn visibility(kind: PostKind, scope: Scope) -> &'static str {
    match (kind, scope) {
        (PostKind::Direct, _) => "direct",
        (_, Scope::Public) => "public",
        (_, Scope::Unlisted) => "unlisted",
        (_, Scope::Network | Scope::Organisation | Scope::Readers) => "private",
    }
}

impl<'a> Draw<'a> {
    /// For a viewer, with what was loaded.
    pub fn new(ctx: &'a Ctx, viewer: &Viewer, around: &'a Around) -> Self {
        let accounts = around.accounts.iter().map(|(id, row)| (*id, account(ctx, row))).collect();
        Self { ctx, me: viewer.actor_id(), around, accounts }
    }

    /// An account by id; `null` when it was not loaded.
    pub fn account(&self, id: ActorId) -> Value {
        self.accounts.get(&id).cloned().unwrap_or(Value::Null)
    }

    /// `Status`: the post itself, or the boost by which a group or person shows it.
    pub fn status(&self, view: &PostView, outer: Outer) -> Value {
        let inner = self.plain(view);
        let wrapped = view.entry.as_ref().filter(|entry| match outer {
            Outer::Boosts => entry.how != EntryKind::Author,
            Outer::Plain => false,
            Outer::Shared => true,
        });
        let Some(entry) = wrapped else { return inner };
        let mut boost = inner.clone();
        boost["id"] = json!(entry.id.to_string());
        boost["account"] = self.account(entry.source_id);
        boost["created_at"] = json!(crate::base::time_of(entry.id.0).to_rfc3339());
        boost["uri"] = json!(format!("{}#{}", view.post.uri, entry.id));
        boost["in_reply_to_id"] = Value::Null;
        boost["in_reply_to_account_id"] = Value::Null;
        boost["edited_at"] = Value::Null;
        boost["media_attachments"] = json!([]);
        boost["poll"] = Value::Null;
        boost["card"] = Value::Null;
        boost["reblog"] = inner;
        boost
    }

    /// The post itself.
    pub fn plain(&self, view: &PostView) -> Value {
        let post = &view.post;
        let thanks = view.reaction(ReactionKind::Thanks);
        let open = view.scope.is_open();
        let url = if post.url.is_empty() { &post.uri } else { &post.url };
        let (text, pictures) = without_emoji(without_quote_line(view));
        let mut value = json!({
            "id": post.id.to_string(),
            "created_at": post.published_at.to_rfc3339(),
            "in_reply_to_id": post.parent_id.map(|id| id.to_string()),
            "in_reply_to_account_id": post.parent_id.and_then(|id| self.around.parents.get(&id)).map(|id| id.to_string()),
            "sensitive": post.sensitive,
            "spoiler_text": post.warning,
            "visibility": visibility(post.kind, view.scope),
            "language": post.language,
            "uri": post.uri,
            "url": url,
            "replies_count": post.replies_count,
            "reblogs_count": post.shares_count,
            "favourites_count": thanks.count,
            "quotes_count": view.quotes_count,
            "edited_at": post.edited_at.map(Time::to_rfc3339),
            "content": content(&post.title, &text),
            "reblog": Value::Null,
            "application": Value::Null,
            "account": self.account(post.author_id),
            "media_attachments": view.media.iter().map(|file| media(self.ctx, file, open)).collect::<Vec<_>>(),
            "mentions": self.mentions(post.id),
            "tags": self.tags(post.id),
            "emojis": emojis(self.ctx, &pictures),
            "card": card(self.ctx, view),
            "poll": view.poll.as_ref().map(|p| poll(self.ctx, post.id, p, self.me.is_some())),
            "quote": self.quote(view),
            "quote_approval": approval(view, open),
            "kring": self.extra(view),
        });
        if self.me.is_some() {
            value["favourited"] = json!(thanks.mine);
            value["reblogged"] = json!(view.shared);
            value["muted"] = json!(view.thread_muted);
            value["bookmarked"] = json!(view.bookmarked);
            value["pinned"] = json!(post.pinned_at.is_some());
            // What one wrote oneself is never filtered.
            let own = self.me == Some(post.author_id);
            let filters = if own { &[][..] } else { self.around.filters.as_slice() };
            value["filtered"] = match filters {
                [] => json!([]),
                filters => filtered(filters, post.id, &looked_at(view), self.ctx.now()),
            };
        }
        value
    }

    /// What Mastodon has no word for; clients that do not know it pass over it.
    fn extra(&self, view: &PostView) -> Value {
        let post = &view.post;
        let group = view.group.as_ref().map(|group| {
            json!({ "id": group.actor.id.to_string(), "acct": group.actor.acct(), "kind": group.kind.as_str() })
        });
        json!({
            "kind": post.kind.as_str(),
            "title": post.title,
            "group": group,
            "accepted": post.accepted_id.map(|id| id.to_string()),
            "pending": matches!(post.state, PostState::Held | PostState::Waiting),
            "locked": post.locked,
        })
    }

    /// `Quote`, or `ShallowQuote` for what a quoted post quotes itself.
    fn quote(&self, view: &PostView) -> Value {
        let Some(id) = view.quoted else { return Value::Null };
        if let Some(state) = unshown(view.quote_state) {
            return json!({ "state": state, "quoted_status": Value::Null });
        }
        match self.around.quoted.get(&id) {
            Some(quoted) if quoted.post.is_gone() => json!({ "state": "deleted", "quoted_status": Value::Null }),
            Some(quoted) => {
                // One level: what the quoted post quotes is told by its id alone.
                let inner = match quoted.quoted {
                    Some(deeper) => json!({ "state": "accepted", "quoted_status_id": deeper.to_string() }),
                    None => Value::Null,
                };
                let flat = PostView { quoted: None, ..quoted.clone() };
                let mut status = self.plain(&flat);
                status["quote"] = inner;
                json!({ "state": "accepted", "quoted_status": status })
            }
            None => json!({ "state": "unauthorized", "quoted_status": Value::Null }),
        }
    }

    fn mentions(&self, post: PostId) -> Value {
        let cards = self.around.mentions.get(&post).map(Vec::as_slice).unwrap_or_default();
        let one = |card: &crate::domain::actors::ActorCard| {
            let url = if card.url.is_empty() { &card.uri } else { &card.url };
            json!({ "id": card.id.to_string(), "username": card.name, "url": url, "acct": card.acct() })
        };
        cards.iter().map(one).collect()
    }

    fn tags(&self, post: PostId) -> Value {
        let tags = self.around.tags.get(&post).map(Vec::as_slice).unwrap_or_default();
        tags.iter().map(|name| json!({ "name": name, "url": self.ctx.urls.tag(name) })).collect()
    }
}

/// What a quote is called whose quoted post may not be shown with it.
pub fn unshown(state: Option<QuoteState>) -> Option<&'static str> {
    match state {
        Some(QuoteState::Pending) => Some("pending"),
        Some(QuoteState::Refused) => Some("rejected"),
        Some(QuoteState::Accepted) | None => None,
    }
}

/// Open posts may be quoted by everyone here.
fn approval(view: &PostView, open: bool) -> Value {
    let everyone = open && view.post.kind != PostKind::Direct;
    json!({
        "automatic": if everyone { json!(["public"]) } else { json!([]) }, "manual": [],
        "current_user": if everyone { "automatic" } else { "denied" },
    })
}

/// The text without the last line that names the quoted post: apps show that post itself.
fn without_quote_line(view: &PostView) -> &str {
    let html = view.post.html.as_str();
    match html.rfind("<p>RE: <a ").filter(|_| view.quote_state == Some(QuoteState::Accepted)) {
        Some(at) => html[..at].trim_end(),
        None => html,
    }
}

/// `CustomEmoji`s of a text: pictures of other servers, through us.
fn emojis(ctx: &Ctx, pictures: &[(String, EmojiId)]) -> Value {
    let one = |(name, id): &(String, EmojiId)| {
        let url = ctx.urls.emoji(*id);
        json!({ "shortcode": name, "url": url, "static_url": url, "visible_in_picker": false, "category": Value::Null })
    };
    pictures.iter().map(one).collect()
}

/// The text, with its title before it: clients know no titles.
fn content(title: &str, html: &str) -> String {
    if title.is_empty() {
        return html.to_owned();
    }
    let escaped = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    format!("<p><strong>{escaped}</strong></p>{html}")
}

/// The card of a link: of a link post at once, of other posts when the page has been asked.
pub fn card(ctx: &Ctx, view: &PostView) -> Value {
    let post = &view.post;
    let found = view.preview.as_ref().filter(|found| !found.title.is_empty());
    let own = post.link_url.as_deref().filter(|_| post.kind == PostKind::Link);
    let Some(link) = own.or(found.map(|found| found.url.as_str())) else { return Value::Null };
    let Ok(url) = url::Url::parse(link) else { return Value::Null };
    let host = url.host_str().unwrap_or_default();
    let origin = url.origin().ascii_serialization();
    let title = match (found, post.title.as_str()) {
        (Some(found), _) => &found.title,
        (None, "") => host,
        (None, title) => title,
    };
    let description = found.map_or("", |found| found.description.as_str());
    let picture = found.filter(|found| found.picture_key.is_some());
    let image = picture.map(|_| ctx.urls.absolute(&crate::urls::preview_path(post.id)));
    let (width, height) = picture.map_or((0, 0), |found| (found.width, found.height));
    json!({
        "url": link, "title": title, "description": description, "language": post.language, "type": "link",
        "author_name": "", "author_url": origin, "provider_name": host, "provider_url": origin, "html": "",
        "width": width, "height": height, "image": image, "image_description": "", "embed_url": Value::Null,
        "blurhash": Value::Null, "published_at": Value::Null, "authors": [],
    })
}

/// `Poll`. Its id is the post's.
pub fn poll(ctx: &Ctx, id: PostId, poll: &Poll, signed_in: bool) -> Value {
    let closed = poll.is_closed(ctx.now());
    let told = closed || !poll.hidden;
    let option = |option: &crate::domain::posts::PollOption| json!({ "title": option.title, "votes_count": told.then_some(option.votes_count) });
    let mut value = json!({
        "id": id.to_string(),
        "expires_at": poll.closes_at.map(Time::to_rfc3339),
        "expired": closed,
        "multiple": poll.multiple,
        "votes_count": if told { poll.votes_count() } else { 0 },
        "voters_count": if poll.multiple { json!(poll.voters_count) } else { Value::Null },
        "options": poll.options.iter().map(option).collect::<Vec<_>>(),
        "emojis": [],
    });
    if signed_in {
        value["voted"] = json!(!poll.own.is_empty());
        value["own_votes"] = json!(poll.own);
    }
    value
}

/// `StatusEdit`s, oldest first; the last is the post as it is now.
pub fn history(draw: &Draw<'_>, view: &PostView, revisions: &[Revision]) -> Vec<Value> {
    let post = &view.post;
    let edit = |title: &str, html: &str, warning: &str, at: Time| {
        let (html, pictures) = without_emoji(html);
        json!({
            "content": content(title, &html), "spoiler_text": warning, "sensitive": post.sensitive,
            "created_at": at.to_rfc3339(), "account": draw.account(post.author_id), "poll": Value::Null,
            "media_attachments": [], "emojis": emojis(draw.ctx, &pictures), "quote": Value::Null,
        })
    };
    let mut edits: Vec<Value> = revisions.iter().map(|r| edit(&r.title, &r.html, &r.warning, r.created_at)).collect();
    edits.push(edit(&post.title, &post.html, &post.warning, post.edited_at.unwrap_or(post.published_at)));
    edits
}
