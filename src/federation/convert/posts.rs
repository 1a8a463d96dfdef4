use serde_json::{Map, Value, json};

use super::super::wire::PUBLIC;
use super::extras;
use super::load::{PostParts, Quoted};
use crate::base::Time;
use crate::domain::actors::ActorCard;
use crate::domain::audiences::Scope;
use crate::domain::media::Media;
use crate::domain::posts::{Poll, PostKind, QuoteState};
use crate::text;
use crate::urls::Urls;

/// To whom a post and what happens to it are addressed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// `to`.
    pub to: Vec<String>,
    /// `cc`.
    pub cc: Vec<String>,
}

/// To whom a post is addressed: the one place where an audience becomes `to` and `cc` (INTEROP B.2.2, B.3.3, B.6.2).
pub fn addressing(parts: &PostParts) -> Address {
    let followers = format!("{}/followers", parts.view.author.uri);
    let mut people: Vec<String> = parts.mentions.iter().map(|card| card.uri.clone()).collect();
    if let Some(author) = &parts.parent_author
        && author.id != parts.view.author.id
    {
        people.push(author.uri.clone());
    }
    let public = PUBLIC.to_owned();
    let mut address = match (&parts.view.group, parts.view.scope) {
        // Nobody who merely is mentioned may read it: its readers get it through the group.
        (Some(group), scope) if !scope.is_open() => {
            let group = &group.actor.uri;
            Address { to: vec![group.clone(), format!("{group}/followers")], cc: Vec::new() }
        }
        (Some(group), _) => {
            let mut cc = vec![format!("{}/followers", group.actor.uri)];
            if parts.view.post.is_top() {
                cc.push(followers);
            }
            cc.extend(people);
            Address { to: vec![group.actor.uri.clone(), public], cc }
        }
        (None, _) if parts.view.post.kind == PostKind::Direct => {
            Address { to: parts.recipients.iter().map(|card| card.uri.clone()).collect(), cc: Vec::new() }
        }
        (None, Scope::Public) => Address { to: vec![public], cc: [vec![followers], people].concat() },
        (None, Scope::Unlisted) => Address { to: vec![followers], cc: [vec![public], people].concat() },
        // The author's followers stand in `to`, where Mastodon looks for them.
        (None, Scope::Readers) => Address { to: vec![followers], cc: people },
        // Organisation and network posts outside a group have no readers elsewhere.
        (None, Scope::Network | Scope::Organisation) => Address::default(),
    };
    dedup(&mut address.to);
    dedup(&mut address.cc);
    address.cc.retain(|uri| !address.to.contains(uri) && *uri != parts.view.author.uri);
    address
}

fn dedup(uris: &mut Vec<String>) {
    let mut seen = std::collections::HashSet::new();
    uris.retain(|uri| seen.insert(uri.clone()));
}

/// The document of a post, without `@context` (INTEROP B.3.2). The body is a Note, or a Question, because Mastodon shows
/// the text of these alone.
pub fn note(parts: &PostParts, urls: &Urls, now: Time) -> Value {
    let post = &parts.view.post;
    let address = addressing(parts);
    let mut doc = Map::new();
    let mut set = |name: &str, value: Value| {
        doc.insert(name.to_owned(), value);
    };
    set("id", json!(post.uri));
    set("type", json!(if parts.view.poll.is_some() { "Question" } else { "Note" }));
    set("attributedTo", json!(parts.view.author.uri));
    set("to", json!(address.to));
    set("cc", json!(address.cc));
    if let Some(group) = &parts.view.group {
        set("audience", json!(group.actor.uri));
    }
    if !post.title.is_empty() {
        set("name", json!(post.title));
    }
    // On a Note a summary is a content warning, and nothing else.
    if !post.warning.is_empty() {
        set("summary", json!(post.warning));
    }
    set("sensitive", json!(post.sensitive || !post.warning.is_empty()));
    let content = content(parts);
    if let Some(language) = &post.language {
        set("contentMap", json!({language.as_str(): content}));
    }
    set("content", json!(content));
    set("mediaType", json!("text/html"));
    if !post.source.is_empty() {
        set("source", json!({"content": post.source, "mediaType": "text/markdown"}));
    }
    set("url", json!(post.url));
    set("published", json!(post.published_at.to_rfc3339()));
    if let Some(edited) = post.edited_at {
        set("updated", json!(edited.to_rfc3339()));
    }
    if let Some(parent) = &parts.parent_uri {
        set("inReplyTo", json!(parent));
    }
    if parts.context_here {
        let context = urls.context(post.root_id);
        set("context", json!(context));
        set("conversation", json!(context));
    }
    set("attachment", json!(attachments(parts, urls)));
    set("tag", json!(tags(parts, urls)));
    if let Some(quote) = &parts.quote {
        // Each kind of server looks for it under another name.
        for name in ["quote", "quoteUri", "quoteUrl", "_misskey_quote"] {
            set(name, json!(quote.uri));
        }
        if let (QuoteState::Accepted, Some(stamp)) = (quote.state, &quote.stamp) {
            set("quoteAuthorization", json!(stamp));
        }
    }
    if parts.view.scope.is_open() && post.kind != PostKind::Direct {
        // Only of quoting: to speak of answers and likes would promise that we hold back those we did not approve.
        set("interactionPolicy", json!({"canQuote": {"automaticApproval": [PUBLIC], "manualApproval": []}}));
    }
    let replies = urls.replies(post.id);
    set(
        "replies",
        json!({"id": replies, "type": "Collection", "totalItems": post.replies_count, "first": format!("{replies}?page=1")}),
    );
    if let Some(poll) = &parts.view.poll {
        poll_members(poll, now, &mut set);
    }
    if let Some(extra) = &parts.extra {
        extras::write(extra, &mut set);
    }
    set("kring:kind", json!(post.kind));
    if post.locked {
        set("kring:locked", json!(true));
    }
    if post.kind == PostKind::Question {
        set("kring:acceptedAnswer", json!(parts.accepted_uri));
    }
    Value::Object(doc)
}

/// How the line begins that names a quoted post.
const QUOTE_LINE: &str = "<p>RE: <a ";

/// The text as others show it: the title on top, and the address of a link post at the end.
fn content(parts: &PostParts) -> String {
    let post = &parts.view.post;
    let mut html = String::new();
    if !post.title.is_empty() {
        html.push_str(&title_paragraph(&post.title));
    }
    match parts.quote.as_ref().and_then(|_| post.html.rfind(QUOTE_LINE)) {
        // Who shows the quoted post itself leaves this line out.
        Some(at) => {
            html.push_str(&post.html[..at]);
            html.push_str("<p class=\"quote-inline\">");
            html.push_str(&post.html[at + "<p>".len()..]);
        }
        None => html.push_str(&post.html),
    }
    if let Some(url) = &post.link_url {
        html.push_str(&link_paragraph(url));
    }
    text::without_emoji(&html).0
}

/// How a title stands on top of a text.
pub(super) fn title_paragraph(title: &str) -> String {
    format!("<p><strong>{}</strong></p>", escape(title))
}

/// How the address of a link post stands below its text.
pub(super) fn link_paragraph(url: &str) -> String {
    let url = escape(url);
    format!("<p><a href=\"{url}\" rel=\"nofollow noopener noreferrer\">{url}</a></p>")
}

/// The text of a notice that says what there is and where to read it.
pub fn notice(says: &str, read: &str, page: &str) -> String {
    format!("<p>{} <a href=\"{}\">{}</a></p>", escape(says), escape(page), escape(read))
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn attachments(parts: &PostParts, urls: &Urls) -> Vec<Value> {
    let mut all: Vec<Value> = parts.view.media.iter().map(|media| document(media, urls)).collect();
    if let Some(link) = &parts.view.post.link_url {
        all.push(json!({"type": "Link", "href": link}));
    }
    all
}

/// One file. The alternative text stands twice, because peers look in either place.
fn document(media: &Media, urls: &Urls) -> Value {
    let url = media.remote_url.clone().unwrap_or_else(|| urls.media(media.id, false));
    let mut doc = json!({"type": "Document", "mediaType": media.mime, "url": url});
    if !media.description.is_empty() {
        doc["name"] = json!(media.description);
        doc["summary"] = json!(media.description);
    }
    if let (Some(width), Some(height)) = (media.width, media.height) {
        doc["width"] = json!(width);
        doc["height"] = json!(height);
    }
    if let Some(blurhash) = &media.blurhash {
        doc["blurhash"] = json!(blurhash);
    }
    if let (Some(x), Some(y)) = (media.focus_x, media.focus_y) {
        doc["focalPoint"] = json!([x, y]);
    }
    doc
}

/// Mentions and hashtags. The group is always mentioned, so that answers from microblogs reach it (INTEROP B.6.3); so are
/// all parties of a conversation, or Mastodon tells them nothing.
fn tags(parts: &PostParts, urls: &Urls) -> Vec<Value> {
    let mut named: Vec<&ActorCard> = parts.mentions.iter().chain(&parts.recipients).collect();
    if let Some(group) = &parts.view.group {
        named.push(&group.actor);
    }
    if let Some(author) =
        parts.parent_author.as_ref().filter(|a| parts.view.scope.is_open() && a.id != parts.view.author.id)
    {
        named.push(author);
    }
    let mut seen = std::collections::HashSet::new();
    named.retain(|card| seen.insert(card.id));
    let mention = |card: &ActorCard| {
        let name = format!("@{}@{}", card.name, card.host.as_deref().unwrap_or(urls.host()));
        json!({"type": "Mention", "href": card.uri, "name": name})
    };
    let hashtag = |tag: &String| json!({"type": "Hashtag", "href": urls.tag(tag), "name": format!("#{tag}")});
    let quoted = |quote: &Quoted| {
        // FEP-e232.
        let mime = "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"";
        json!({"type": "Link", "href": quote.uri, "mediaType": mime, "name": format!("RE: {}", quote.uri)})
    };
    let words = named.into_iter().map(mention).chain(parts.tags.iter().map(hashtag));
    words.chain(parts.quote.as_ref().map(quoted)).collect()
}

fn poll_members(poll: &Poll, now: Time, set: &mut impl FnMut(&str, Value)) {
    let closed = poll.is_closed(now);
    // Hidden results stay hidden on every server.
    let shown = closed || !poll.hidden;
    let option = |option: &crate::domain::posts::PollOption| {
        let count = if shown { option.votes_count } else { 0 };
        json!({"type": "Note", "name": option.title, "replies": {"type": "Collection", "totalItems": count}})
    };
    let options: Vec<Value> = poll.options.iter().map(option).collect();
    set(if poll.multiple { "anyOf" } else { "oneOf" }, json!(options));
    if let Some(end) = poll.closes_at {
        set("endTime", json!(end.to_rfc3339_seconds()));
    }
    if closed && let Some(at) = poll.closed_at.or(poll.closes_at) {
        set("closed", json!(at.to_rfc3339_seconds()));
    }
    set("votersCount", json!(poll.voters_count));
    if poll.hidden {
        set("kring:hiddenResults", json!(true));
    }
}

/// The votes of one person in a poll elsewhere: one Note for each option, without content (INTEROP B.3.5).
pub fn votes(voter: &str, question: &str, author: &str, chosen: &[(i32, String)], published: Time) -> Vec<Value> {
    let vote = |(position, title): &(i32, String)| {
        json!({
            "id": format!("{voter}#votes/{}/{position}", hash(question)), "type": "Note", "name": title,
            "attributedTo": voter, "inReplyTo": question, "to": [author], "cc": [], "tag": [], "attachment": [],
            "published": published.to_rfc3339_seconds()
        })
    };
    chosen.iter().map(vote).collect()
}

/// A short name for a question within the ids of votes.
fn hash(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().take(12).map(|b| format!("{b:02x}")).collect()
}
