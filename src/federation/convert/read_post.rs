use super::super::wire::{AttachmentKind, Doc, Emoji, IdRules, Kind, same_origin};
use super::actors::mime_of;
use super::extras;
use super::posts::{link_paragraph, title_paragraph};
use crate::base::*;
use crate::domain::extras::Extra;
use crate::domain::posts::{Poll, PollOption, PostKind};
use crate::services::posts::IncomingMedia;
use crate::text;

/// The longest title that is kept, in characters.
const MAX_TITLE: usize = 300;
/// Little pictures of one text that are shown.
const MAX_EMOJI: usize = 40;
/// Files of one post that are kept.
const MAX_FILES: usize = 16;
/// A text of this many characters and a title is a story.
const STORY: usize = 1500;

/// A post as its document describes it; everyone and everything else in it by id.
#[derive(Clone, Debug)]
pub struct ReadPost {
    /// ActivityPub id.
    pub uri: String,
    /// Page for people.
    pub url: String,
    /// Who wrote it.
    pub author: String,
    /// What it is; answers are told by `parent`.
    pub kind: PostKind,
    /// Title.
    pub title: String,
    /// Text.
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
    /// What it answers.
    pub parent: Option<String>,
    /// Where its group may be named, the likeliest first: `audience`, `to`, `cc`, further authors.
    pub groups: Vec<String>,
    /// Everyone is in `to`.
    pub public: bool,
    /// Everyone is in `cc`.
    pub unlisted: bool,
    /// All addressees but everyone.
    pub addressed: Vec<String>,
    /// Mentioned actors.
    pub mentions: Vec<String>,
    /// Tags, lower case, without `#`.
    pub hashtags: Vec<String>,
    /// Files.
    pub media: Vec<IncomingMedia>,
    /// A vote.
    pub poll: Option<Poll>,
    /// The accepted answer, where it says which: ours only.
    pub accepted: Option<Option<String>>,
    /// What it quotes.
    pub quoted: Option<String>,
    /// Where it is written down that it may.
    pub quote_stamp: Option<String>,
    /// A vote for the option with this name, rather than a post.
    pub vote: Option<String>,
    /// What it is besides a text.
    pub extra: Option<Extra>,
    /// The address of a book that it is about.
    pub book: Option<String>,
    /// Little pictures in the text: short name and address.
    pub emoji: Vec<(String, String)>,
}

/// How a post is read.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// Which ids are believed.
    pub rules: IdRules,
    /// Who reads it: of a text in several languages, the one in this.
    pub language: &'a str,
    /// Now.
    pub now: Time,
}

/// Reads a post. Nothing if it is none, or if author and id are not of one origin. `outer` is the activity around it,
/// whose addressing counts where the post has none.
pub fn read_post(doc: Doc<'_>, outer: Option<Doc<'_>>, reading: Reading<'_>) -> Option<ReadPost> {
    let Reading { rules, now, .. } = reading;
    let kind = doc.kind().filter(|kind| kind.is_content())?;
    let uri = doc.id().filter(|id| rules.any(id).is_some())?.to_owned();
    let authors = doc.ids("attributedTo");
    let author = (*authors.iter().find(|id| same_origin(id, &uri))?).to_owned();
    let addressed_by = if doc.get("to").is_some() || doc.get("cc").is_some() { doc } else { outer.unwrap_or(doc) };
    let to = addressed_by.ids("to");
    let cc = addressed_by.ids("cc");
    let everyone = super::super::wire::is_public_id;
    let owned = |ids: Vec<&str>| ids.into_iter().filter(|id| !everyone(id)).map(str::to_owned).collect::<Vec<_>>();
    let mut groups: Vec<String> = doc.ids("audience").into_iter().map(str::to_owned).collect();
    groups.extend(outer.map(|o| owned(o.ids("audience"))).unwrap_or_default());
    groups.extend(owned(to.clone()));
    groups.extend(owned(cc.clone()));
    groups.extend(authors.iter().filter(|id| **id != author).map(|id| (*id).to_owned()));
    let tags = doc.tags();
    let parent = doc.one_id("inReplyTo").map(str::to_owned);
    let title = title_of(doc, reading.language);
    let poll = if kind == Kind::Question { read_poll(doc) } else { None };
    let link_url = link_of(doc, kind);
    let (raw, language) = doc.text_in("content", reading.language);
    let content = content_of(doc, kind, raw.unwrap_or_default(), &title, link_url.as_deref());
    let published = doc.time_until("published", now).unwrap_or(now);
    let vote =
        (kind == Kind::Note && parent.is_some() && doc.text("content").is_none()).then(|| doc.text("name")).flatten();
    let language = language.map(str::to_lowercase).filter(|tag| tag.len() <= 20);
    let warning = if matches!(
        kind,
        Kind::Note | Kind::Question | Kind::ChatMessage | Kind::Comment | Kind::Quotation | Kind::Review
    ) {
        doc.text_in("summary", reading.language).0
    } else {
        None
    };
    let warning = warning.map(|w| text::plain(&text::clean(w))).unwrap_or_default();
    Some(ReadPost {
        url: doc.url().filter(|url| url::Url::parse(url).is_ok()).unwrap_or(&uri).to_owned(),
        kind: post_kind(doc, kind, &title, &content, poll.is_some(), link_url.is_some()),
        language: language.or_else(|| text::detect_language(&text::plain(&content)).map(str::to_owned)),
        sensitive: doc.bool("sensitive").unwrap_or(false) || !warning.is_empty(),
        updated: doc.time_until("updated", now),
        public: addressed_by.is_public("to"),
        unlisted: addressed_by.is_public("cc"),
        addressed: owned([to, cc].concat()),
        mentions: tags.mentions.iter().map(|m| m.href.to_owned()).collect(),
        hashtags: tags.hashtags.iter().map(|t| t.name.to_lowercase()).filter(|t| t.chars().count() <= 100).collect(),
        media: files(doc, kind),
        accepted: doc.0.get("kring:acceptedAnswer").map(|v| v.as_str().map(str::to_owned)),
        quoted: doc.quoted_id().filter(|id| rules.any(id).is_some()).map(str::to_owned),
        quote_stamp: doc.one_id("quoteAuthorization").map(str::to_owned),
        vote: vote.map(str::to_owned),
        extra: extras::read(doc, now),
        book: extras::book_of(doc),
        emoji: emoji(&tags.emoji),
        html: content,
        warning,
        title,
        link_url,
        published,
        parent,
        groups,
        author,
        uri,
        poll,
    })
}

fn emoji(tags: &[Emoji<'_>]) -> Vec<(String, String)> {
    let usable = tags.iter().filter(|tag| text::is_emoji_name(tag.name) && url::Url::parse(tag.url).is_ok());
    usable.take(MAX_EMOJI).map(|tag| (tag.name.to_owned(), tag.url.to_owned())).collect()
}

fn title_of(doc: Doc<'_>, language: &str) -> String {
    let plain = doc.text_in("name", language).0.map(|name| text::plain(&text::clean(name))).unwrap_or_default();
    plain.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_TITLE).collect()
}

/// The text, without the title and link paragraphs that Kring adds for those who show neither.
fn content_of(doc: Doc<'_>, kind: Kind, raw: &str, title: &str, link: Option<&str>) -> SafeHtml {
    let mut html = format!("{}{raw}", extras::quoted(doc));
    if !title.is_empty()
        && let Some(rest) = html.strip_prefix(&title_paragraph(title))
    {
        html = rest.to_owned();
    }
    if let Some(link) = link
        && let Some(rest) = html.strip_suffix(&link_paragraph(link))
    {
        html = rest.to_owned();
    }
    if kind == Kind::Event {
        html = format!("{}{html}", event_lines(doc));
    }
    if html.trim().is_empty() && !matches!(kind, Kind::Note | Kind::Question) {
        html = doc.text("summary").unwrap_or_default().to_owned();
    }
    text::clean(&html)
}

/// When and where, as text: events have their own room later.
fn event_lines(doc: Doc<'_>) -> String {
    let escape = super::posts::escape;
    let mut lines = Vec::new();
    if let Some(start) = doc.time("startTime") {
        lines.push(start.to_rfc3339_seconds());
    }
    for place in doc.places() {
        lines.extend(place.name.map(escape));
        lines.extend(place.address.as_deref().map(escape));
        lines.extend(place.url.map(escape));
    }
    if lines.is_empty() { String::new() } else { format!("<p>{}</p>", lines.join("<br>")) }
}

fn post_kind(doc: Doc<'_>, kind: Kind, title: &str, content: &SafeHtml, poll: bool, link: bool) -> PostKind {
    let told = doc.get("kring:kind").and_then(|v| v.as_str()).and_then(PostKind::parse);
    match told {
        Some(PostKind::Poll) if !poll => PostKind::Message,
        Some(PostKind::Link) if !link => PostKind::Message,
        Some(told) if PostKind::WRITABLE.contains(&told) => told,
        _ if poll => PostKind::Poll,
        _ if link => PostKind::Link,
        _ if kind == Kind::Article && !title.is_empty() && content.as_str().len() > STORY => PostKind::Story,
        _ => PostKind::Message,
    }
}

/// The address a post is about: a `Link` attachment (Lemmy, Kring), or the page of a film.
fn link_of(doc: Doc<'_>, kind: Kind) -> Option<String> {
    let attached = doc.attachments().into_iter().find(|a| a.kind == AttachmentKind::Link).map(|a| a.url.to_owned());
    let page = || matches!(kind, Kind::Video | Kind::Audio).then(|| doc.url().map(str::to_owned)).flatten();
    attached.or_else(page)
}

fn files(doc: Doc<'_>, kind: Kind) -> Vec<IncomingMedia> {
    let attached = doc.attachments();
    let mut files: Vec<IncomingMedia> = Vec::new();
    for file in attached.iter().filter(|a| a.kind != AttachmentKind::Link).take(MAX_FILES) {
        let guess = match file.kind {
            AttachmentKind::Image => Some("image/jpeg"),
            AttachmentKind::Video => Some("video/mp4"),
            AttachmentKind::Audio => Some("audio/mpeg"),
            AttachmentKind::Document | AttachmentKind::Link => None,
        };
        let mime = file.mime.map(|m| m.split(';').next().unwrap_or(m).trim().to_ascii_lowercase());
        let mime = mime.or_else(|| mime_of(file.url).or(guess).map(str::to_owned));
        files.push(IncomingMedia {
            url: file.url.to_owned(),
            mime: mime.unwrap_or_else(|| "application/octet-stream".to_owned()),
            description: file.name.unwrap_or_default().chars().take(1500).collect(),
            width: file.width.and_then(|n| i32::try_from(n).ok()),
            height: file.height.and_then(|n| i32::try_from(n).ok()),
            blurhash: file.blurhash.filter(|b| b.len() <= 100).map(str::to_owned),
            focus: file.focal,
        });
    }
    if files.is_empty()
        && kind == Kind::Page
        && let Some(url) = doc.image_url()
    {
        // Lemmy's picture posts: the picture is `image`.
        let mime = mime_of(url).unwrap_or("image/jpeg").to_owned();
        let empty = String::new();
        files.push(IncomingMedia {
            url: url.to_owned(),
            mime,
            description: empty,
            width: None,
            height: None,
            blurhash: None,
            focus: None,
        });
    }
    files
}

fn read_poll(doc: Doc<'_>) -> Option<Poll> {
    let poll = doc.poll()?;
    let options = poll.options.iter().take(100).zip(0..);
    let options: Vec<PollOption> = options
        .map(|(option, position)| PollOption {
            position,
            title: option.name.to_owned(),
            votes_count: option.votes.and_then(|n| i64::try_from(n).ok()).unwrap_or(0),
        })
        .collect();
    let votes = options.iter().map(|o| o.votes_count).sum();
    Some(Poll {
        multiple: poll.multiple,
        hidden: doc.bool("kring:hiddenResults").unwrap_or(false),
        closes_at: poll.ends,
        closed_at: if poll.closed { doc.time("closed").or(poll.ends) } else { None },
        voters_count: poll.voters.and_then(|n| i64::try_from(n).ok()).unwrap_or(votes),
        options,
        own: Vec::new(),
    })
}
