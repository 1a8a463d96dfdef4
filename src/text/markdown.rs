use std::collections::HashMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use pulldown_cmark::{Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};

use super::clean::finish;
use super::inline::{Handle, Piece, pieces};
use super::tidy::Origin;
use crate::base::SafeHtml;

/// What a text refers to, in order of appearance, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// People and groups.
    pub mentions: Vec<Handle>,
    /// Hashtags without `#`, lower-cased.
    pub hashtags: Vec<String>,
}

/// Where mentions and hashtags of a text lead.
#[derive(Clone, Debug, Default)]
pub struct Links {
    /// The mentions that stand for somebody; others stay plain text.
    pub mentions: HashMap<Handle, MentionLink>,
    /// Start of a hashtag's address, with its final slash: `https://kring.example/tags/`.
    pub tag_base: String,
}

/// Where one mention leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MentionLink {
    /// The page of the person or group.
    pub href: String,
    /// What is shown behind the `@`.
    pub handle: String,
}

/// Finds the mentions and hashtags of a Markdown text; those in code, links and addresses do not count.
pub fn scan(source: &str) -> Found {
    let mut found = Found::default();
    for node in read(source) {
        let Node::Prose { text, escaped } = node else { continue };
        for piece in pieces(&text, &escaped) {
            match piece {
                Piece::Mention { handle, .. } if !found.mentions.contains(&handle) => found.mentions.push(handle),
                Piece::Tag(tag) => {
                    let tag = tag.to_lowercase();
                    if !found.hashtags.contains(&tag) {
                        found.hashtags.push(tag);
                    }
                }
                Piece::Mention { .. } | Piece::Text(_) | Piece::Url { .. } => {}
            }
        }
    }
    found
}

/// Renders Markdown (CommonMark with tables and strikethrough). A line break is kept as one, raw HTML is shown as text,
/// images become links, headings start at `h3`. Anchors have the form of INTEROP C.5.
pub fn render(source: &str, links: &Links) -> SafeHtml {
    let mut events = Vec::new();
    for node in read(source) {
        match node {
            Node::Event(event) => events.push(event),
            Node::Prose { text, escaped } => events.extend(pieces(&text, &escaped).into_iter().map(|p| link(p, links))),
        }
    }
    let mut out = String::with_capacity(source.len() * 2);
    html::push_html(&mut out, events.into_iter());
    finish(&out, Origin::Ours)
}

fn link(piece: Piece<'_>, links: &Links) -> Event<'static> {
    let html = match piece {
        Piece::Text(text) => return Event::Text(text.to_owned().into()),
        Piece::Mention { handle, raw } => match links.mentions.get(&handle) {
            Some(MentionLink { href, handle }) => format!(
                r#"<span class="h-card"><a href="{}" class="u-url mention">@<span>{}</span></a></span>"#,
                escape(href),
                escape(handle.trim_start_matches(['@', '!']))
            ),
            None => return Event::Text(raw.to_owned().into()),
        },
        Piece::Tag(tag) => format!(
            r#"<a href="{}{}" class="mention hashtag" rel="tag">#<span>{}</span></a>"#,
            escape(&links.tag_base),
            utf8_percent_encode(&tag.to_lowercase(), NON_ALPHANUMERIC).to_string().replace("%5F", "_"),
            escape(tag)
        ),
        Piece::Url { href, shown } => format!(r#"<a href="{}">{}</a>"#, escape(&href), escape(shown)),
    };
    Event::InlineHtml(html.into())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A piece of a parsed text: ready, or prose in which mentions, hashtags and URLs are still to be found.
enum Node<'a> {
    Event(Event<'a>),
    /// `escaped`: byte positions of characters behind a backslash.
    Prose {
        text: String,
        escaped: Vec<usize>,
    },
}

/// Parses Markdown and applies what holds for every reader of it (see [`render`]).
fn read(source: &str) -> Vec<Node<'_>> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut reader = Reader::default();
    for (event, range) in Parser::new_ext(source, options).into_offset_iter() {
        let escaped = range.start > 0 && source.as_bytes()[range.start - 1] == b'\\';
        reader.take(event, escaped);
    }
    reader.flush();
    let top = reader.nodes.iter().filter_map(heading).min();
    for node in &mut reader.nodes {
        if let (Node::Event(Event::Start(Tag::Heading { level, .. }) | Event::End(TagEnd::Heading(level))), Some(top)) =
            (node, top)
        {
            *level = if *level == top { HeadingLevel::H3 } else { HeadingLevel::H4 };
        }
    }
    reader.nodes
}

fn heading(node: &Node<'_>) -> Option<HeadingLevel> {
    match node {
        Node::Event(Event::Start(Tag::Heading { level, .. })) => Some(*level),
        _ => None,
    }
}

#[derive(Default)]
struct Reader<'a> {
    nodes: Vec<Node<'a>>,
    text: String,
    escaped: Vec<usize>,
    code: bool,
    links: usize,
    images: Vec<Image<'a>>,
}

/// An image that is being read, to become a link.
struct Image<'a> {
    dest: pulldown_cmark::CowStr<'a>,
    has_text: bool,
    linked: bool,
}

impl<'a> Reader<'a> {
    fn take(&mut self, event: Event<'a>, escaped: bool) {
        if let Event::Text(text) = &event
            && !self.code
            && self.links == 0
            && self.images.is_empty()
        {
            if escaped {
                self.escaped.push(self.text.len());
            }
            self.text.push_str(text);
            return;
        }
        self.flush();
        if let (Event::Text(_) | Event::Code(_), Some(image)) = (&event, self.images.last_mut()) {
            image.has_text = true;
        }
        match event {
            Event::Start(Tag::CodeBlock(_)) => self.code = true,
            Event::End(TagEnd::CodeBlock) => self.code = false,
            Event::Start(Tag::Link { .. }) => self.links += 1,
            Event::End(TagEnd::Link) => self.links = self.links.saturating_sub(1),
            _ => {}
        }
        match event {
            Event::Start(Tag::Image { dest_url, .. }) => self.start_image(dest_url),
            Event::End(TagEnd::Image) => self.end_image(),
            // Raw HTML is shown as it was typed.
            Event::Start(Tag::HtmlBlock) => self.push(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => self.push(Event::End(TagEnd::Paragraph)),
            Event::Html(raw) => {
                let line = raw.trim_end_matches(['\r', '\n']);
                self.push(Event::Text(line.to_owned().into()));
                if line.len() < raw.len() {
                    self.push(Event::HardBreak);
                }
            }
            Event::InlineHtml(raw) => self.push(Event::Text(raw)),
            Event::SoftBreak => self.push(Event::HardBreak),
            other => self.push(other),
        }
    }

    fn start_image(&mut self, dest: pulldown_cmark::CowStr<'a>) {
        let linked = self.links == 0 && self.images.is_empty();
        if linked {
            self.push(Event::Start(link_tag(dest.clone())));
        }
        self.images.push(Image { dest, has_text: false, linked });
    }

    fn end_image(&mut self) {
        let Some(image) = self.images.pop() else { return };
        if !image.has_text {
            self.push(Event::Text(image.dest));
        }
        if image.linked {
            self.push(Event::End(TagEnd::Link));
        }
    }

    fn push(&mut self, event: Event<'a>) {
        self.nodes.push(Node::Event(event));
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            let (text, escaped) = (std::mem::take(&mut self.text), std::mem::take(&mut self.escaped));
            self.nodes.push(Node::Prose { text, escaped });
        }
    }
}

fn link_tag(dest: pulldown_cmark::CowStr<'_>) -> Tag<'_> {
    Tag::Link { link_type: LinkType::Inline, dest_url: dest, title: "".into(), id: "".into() }
}
