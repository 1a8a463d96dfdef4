//! Pages of statuses from what is kept: each was drawn once for everyone, and is patched for who looks.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::status::{self, Draw, Outer};
use super::{account, filter};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::filters::Filter;
use crate::domain::posts::{EntryKind, PostView};
use crate::services::Ctx;
use crate::services::api::{self, AccountText, StatusText};
use crate::store::marks::Mark;

/// Everything from which a page of statuses is written.
pub struct Sheet {
    me: Option<ActorId>,
    now: Time,
    texts: HashMap<PostId, Arc<StatusText>>,
    accounts: HashMap<ActorId, Arc<AccountText>>,
    quoted: HashMap<PostId, Mark>,
    votes: HashMap<PostId, Vec<i32>>,
    filters: Vec<Filter>,
}

impl Sheet {
    /// Takes what is kept, and draws what is not, or does not look like that any more.
    pub async fn load(ctx: &Ctx, viewer: &Viewer, marks: &[Mark]) -> Result<Self> {
        let mut texts = texts(ctx, viewer, marks).await?;
        let quoted: Vec<PostId> = texts.values().filter_map(|text| text.quoted).collect();
        let quoted = api::marks_of(ctx, viewer, &quoted).await?;
        for (id, text) in self::texts(ctx, viewer, &quoted).await? {
            texts.entry(id).or_insert(text);
        }
        let accounts = accounts(ctx, marks.iter().chain(&quoted)).await?;
        let polls: Vec<PostId> = texts.iter().filter(|(_, text)| text.poll.is_some()).map(|(id, _)| *id).collect();
        let votes = api::own_votes(ctx, viewer, &polls).await?;
        let filters = match marks.iter().any(|mark| mark.filters) {
            true => api::own_filters(ctx, viewer).await?,
            false => Vec::new(),
        };
        let quoted = quoted.into_iter().map(|mark| (mark.post, mark)).collect();
        Ok(Self { me: viewer.actor_id(), now: ctx.now(), texts, accounts, quoted, votes, filters })
    }

    /// As it is for a member who has done nothing with any of it.
    pub fn untouched(mut self) -> Self {
        self.votes.clear();
        self.filters.clear();
        self
    }

    /// From when on the page looks different although nothing was written.
    pub fn until(&self) -> Option<Time> {
        self.texts.values().filter_map(|text| text.until).min()
    }

    /// A JSON array of statuses.
    pub fn array(&self, marks: &[Mark], outer: Outer) -> String {
        let mut out = String::with_capacity(marks.len() * 6_000);
        out.push('[');
        for mark in marks {
            let before = out.len();
            if before > 1 {
                out.push(',');
            }
            if !self.status(&mut out, mark, outer) {
                out.truncate(before);
            }
        }
        out.push(']');
        out
    }

    /// What tells this page from any other, without reading it.
    pub fn tag(&self, marks: &[Mark]) -> String {
        let mut hasher = DefaultHasher::new();
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        for mark in marks.iter().chain(self.quoted.values()) {
            (mark.cursor(), mark.post, mark.version, mark.scope, mark.author, mark.group).hash(&mut hasher);
            (mark.source_version, mark.bookmarked, mark.shared, mark.muted, mark.thanked).hash(&mut hasher);
            self.votes.get(&mark.post).hash(&mut hasher);
            self.texts.get(&mark.post).and_then(|text| text.until).hash(&mut hasher);
        }
        format!("W/\"{:016x}\"", hasher.finish())
    }

    /// Whether the page is told by [`Sheet::tag`] alone: what filters find is not in it.
    pub fn is_tagged(&self) -> bool {
        self.filters.is_empty()
    }

    /// One status: the post itself, or the boost by which a group or person shows it. `false` when there is none.
    pub fn status(&self, out: &mut String, mark: &Mark, outer: Outer) -> bool {
        let Some(text) = self.texts.get(&mark.post) else { return false };
        let wrapped = mark.entry.as_ref().filter(|entry| match outer {
            Outer::Boosts => entry.how != EntryKind::Author,
            Outer::Plain => false,
            Outer::Shared => true,
        });
        let quote = self.quote(text);
        let filtered = self.filtered(mark, text);
        let Some(entry) = wrapped else {
            self.plain(out, mark, text, &quote, &filtered);
            return true;
        };
        let uri = json!(format!("{}#{}", text.uri, entry.id));
        let created = time_of(entry.id.0).to_rfc3339();
        push(out, &["{\"id\":\"", &entry.id.to_string(), "\",\"created_at\":\"", &created, "\",\"uri\":"]);
        push(out, &[&uri.to_string(), ",\"in_reply_to_id\":null,\"in_reply_to_account_id\":null,\"edited_at\":null,"]);
        push(out, &["\"media_attachments\":[],\"poll\":null,\"card\":null,\"account\":"]);
        push(out, &[self.account(entry.source_id)]);
        self.rest(out, mark, text, &quote, &filtered);
        out.push_str(",\"reblog\":");
        self.plain(out, mark, text, &quote, &filtered);
        out.push('}');
        true
    }

    fn plain(&self, out: &mut String, mark: &Mark, text: &StatusText, quote: &str, filtered: &str) {
        push(out, &["{\"id\":\"", &mark.post.to_string(), "\",", &text.alone, ",\"poll\":"]);
        match &text.poll {
            Some(poll) => {
                push(out, &["{", poll]);
                if self.me.is_some() {
                    let own = self.votes.get(&mark.post).map(Vec::as_slice).unwrap_or_default();
                    let voted = if own.is_empty() { "false" } else { "true" };
                    push(out, &[",\"voted\":", voted, ",\"own_votes\":", &json!(own).to_string()]);
                }
                out.push('}');
            }
            None => out.push_str("null"),
        }
        push(out, &[",\"account\":", self.account(mark.author.0)]);
        self.rest(out, mark, text, quote, filtered);
        out.push_str(",\"reblog\":null}");
    }

    /// What a post and its boost both say, and what is the viewer's own.
    fn rest(&self, out: &mut String, mark: &Mark, text: &StatusText, quote: &str, filtered: &str) {
        let group = mark.group.and_then(|(id, _)| self.accounts.get(&id)).map_or("null", |a| a.group.as_str());
        push(out, &[",", &text.common, ",\"quote\":", quote, ",\"kring\":{", &text.extra, ",\"group\":", group, "}"]);
        if self.me.is_some() {
            let word = |yes: bool| if yes { "true" } else { "false" };
            push(out, &[",\"favourited\":", word(mark.thanked), ",\"reblogged\":", word(mark.shared)]);
            push(out, &[",\"muted\":", word(mark.muted), ",\"bookmarked\":", word(mark.bookmarked)]);
            push(out, &[",\"pinned\":", word(text.pinned), ",\"filtered\":", filtered]);
        }
    }

    fn account(&self, id: ActorId) -> &str {
        self.accounts.get(&id).map_or("null", |text| text.account.as_str())
    }

    fn filtered(&self, mark: &Mark, text: &StatusText) -> String {
        // What one wrote oneself is never filtered.
        if self.filters.is_empty() || self.me == Some(mark.author.0) {
            return "[]".to_owned();
        }
        filter::filtered(&self.filters, mark.post, &text.looked_at, self.now).to_string()
    }

    /// `Quote`, or `ShallowQuote` for what a quoted post quotes itself.
    fn quote(&self, text: &StatusText) -> String {
        let Some(id) = text.quoted else { return "null".to_owned() };
        let without = |state: &str| json!({ "state": state, "quoted_status": Value::Null }).to_string();
        if let Some(state) = status::unshown(text.quote_state) {
            return without(state);
        }
        let (Some(mark), Some(quoted)) = (self.quoted.get(&id), self.texts.get(&id)) else {
            return without("unauthorized");
        };
        if quoted.gone {
            return without("deleted");
        }
        // One level: what the quoted post quotes is told by its id alone.
        let inner = match quoted.quoted {
            Some(deeper) => json!({ "state": "accepted", "quoted_status_id": deeper.to_string() }).to_string(),
            None => "null".to_owned(),
        };
        let mut out = "{\"state\":\"accepted\",\"quoted_status\":".to_owned();
        self.plain(&mut out, mark, quoted, &inner, &self.filtered(mark, quoted));
        out.push('}');
        out
    }
}

fn push(out: &mut String, pieces: &[&str]) {
    for piece in pieces {
        out.push_str(piece);
    }
}

/// Statuses as text: from what is kept, and drawn where they are not or have changed.
async fn texts(ctx: &Ctx, viewer: &Viewer, marks: &[Mark]) -> Result<HashMap<PostId, Arc<StatusText>>> {
    let now = ctx.now();
    let mut found = HashMap::with_capacity(marks.len());
    let mut missing: HashMap<PostId, i64> = HashMap::new();
    for mark in marks {
        let known = ctx.kept.statuses.get(&mark.post).await.filter(|text| {
            text.version == mark.version && text.scope == Some(mark.scope) && text.until.is_none_or(|at| at > now)
        });
        match known {
            Some(text) => {
                found.insert(mark.post, text);
            }
            None => {
                missing.insert(mark.post, mark.version);
            }
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let ids: Vec<PostId> = missing.keys().copied().collect();
    let views = api::to_draw(ctx, viewer, &ids).await?;
    // For nobody: the places of what is somebody's own stay empty.
    let around = api::around(ctx, &Viewer::Anonymous, &views, &[]).await?;
    let draw = Draw::new(ctx, &Viewer::Anonymous, &around);
    for view in &views {
        let version = missing.get(&view.post.id).copied().unwrap_or_default();
        let text = Arc::new(text(&draw, view, version, now));
        ctx.kept.statuses.insert(view.post.id, text.clone()).await;
        found.insert(view.post.id, text);
    }
    Ok(found)
}

/// What a boost says for itself.
const ALONE: [&str; 7] =
    ["created_at", "uri", "in_reply_to_id", "in_reply_to_account_id", "edited_at", "media_attachments", "card"];

fn text(draw: &Draw<'_>, view: &PostView, version: i64, now: Time) -> StatusText {
    let Value::Object(mut drawn) = draw.plain(view) else { return StatusText::default() };
    let mut alone = Map::new();
    for name in ALONE {
        alone.insert(name.to_owned(), drawn.remove(name).unwrap_or(Value::Null));
    }
    let poll = drawn.remove("poll").filter(|poll| !poll.is_null());
    let mut extra = drawn.remove("kring").unwrap_or_default();
    if let Value::Object(extra) = &mut extra {
        extra.remove("group");
    }
    for place in ["id", "account", "quote", "reblog"] {
        drawn.remove(place);
    }
    let poll_ends = view.poll.as_ref().filter(|poll| !poll.is_closed(now)).and_then(|poll| poll.closes_at);
    StatusText {
        version,
        scope: Some(view.scope),
        until: poll_ends,
        uri: view.post.uri.clone(),
        alone: bare(&Value::Object(alone)),
        common: bare(&Value::Object(drawn)),
        extra: bare(&extra),
        poll: poll.map(|poll| bare(&poll)),
        quoted: view.quoted,
        quote_state: view.quote_state,
        pinned: view.post.pinned_at.is_some(),
        gone: view.post.is_gone(),
        looked_at: filter::looked_at(view),
    }
}

/// An object without its braces.
fn bare(value: &Value) -> String {
    let text = value.to_string();
    text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default().to_owned()
}

/// Accounts around posts as text.
async fn accounts(ctx: &Ctx, marks: impl Iterator<Item = &Mark>) -> Result<HashMap<ActorId, Arc<AccountText>>> {
    let mut wanted: HashMap<ActorId, i64> = HashMap::new();
    for mark in marks {
        wanted.insert(mark.author.0, mark.author.1);
        wanted.extend(mark.group);
        wanted.extend(mark.entry.as_ref().map(|entry| entry.source_id).map(|id| (id, mark.source_version)));
    }
    let mut found = HashMap::with_capacity(wanted.len());
    let mut missing: Vec<ActorId> = Vec::new();
    for (id, version) in &wanted {
        match ctx.kept.accounts.get(id).await.filter(|text| text.version == *version) {
            Some(text) => {
                found.insert(*id, text);
            }
            None => missing.push(*id),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    for row in api::accounts_to_draw(ctx, &missing).await? {
        let id = row.actor.id;
        let acct = match &row.host {
            Some(host) => format!("{}@{host}", row.actor.name),
            None => row.actor.name.clone(),
        };
        let group = row.group.map(|(kind, ..)| json!({ "id": id.to_string(), "acct": acct, "kind": kind.as_str() }));
        let text = Arc::new(AccountText {
            version: wanted.get(&id).copied().unwrap_or_default(),
            account: account(ctx, &row).to_string(),
            group: group.unwrap_or_default().to_string(),
        });
        ctx.kept.accounts.insert(id, text.clone()).await;
        found.insert(id, text);
    }
    Ok(found)
}
