use serde_json::Value;

use super::doc::Doc;
use super::ids::web_url;

/// No more attachments of one object are read.
const MAX_ATTACHMENTS: usize = 64;

/// A file or page that something points to.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaLink<'a> {
    /// Where it is.
    pub href: &'a str,
    /// Its type, as written.
    pub mime: Option<&'a str>,
    /// Pixels, if told.
    pub width: Option<u64>,
    /// Pixels, if told.
    pub height: Option<u64>,
}

/// What an attachment says it is; the `mime` tells more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachmentKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Sound.
    Audio,
    /// Any file: Mastodon says this for pictures too.
    Document,
    /// A page elsewhere.
    Link,
}

/// A file or link that belongs to a post.
#[derive(Clone, Debug, PartialEq)]
pub struct Attachment<'a> {
    /// What it says it is.
    pub kind: AttachmentKind,
    /// Where it is: http or https.
    pub url: &'a str,
    /// Its type, if told.
    pub mime: Option<&'a str>,
    /// What it shows, in words: `summary` (GoToSocial), else `name`.
    pub name: Option<&'a str>,
    /// Pixels.
    pub width: Option<u64>,
    /// Pixels.
    pub height: Option<u64>,
    /// A blurred preview in a few letters, as written.
    pub blurhash: Option<&'a str>,
    /// Where its middle of interest lies: x and y from -1 to 1.
    pub focal: Option<(f64, f64)>,
}

impl<'a> Doc<'a> {
    /// The files and links of a post; what is no file (PropertyValue, unknown types, no address) is left out.
    pub fn attachments(self) -> Vec<Attachment<'a>> {
        self.items("attachment").take(MAX_ATTACHMENTS).filter_map(attachment).collect()
    }

    /// The fields of a profile: `PropertyValue` attachments as name and HTML.
    pub fn profile_fields(self) -> Vec<(&'a str, &'a str)> {
        let fields = self.items("attachment").take(MAX_ATTACHMENTS);
        let fields = fields.filter(|field| field.types().iter().any(|t| t.ends_with("PropertyValue")));
        fields.filter_map(|field| Some((field.text("name")?, field.get("value")?.as_str()?))).collect()
    }

    /// The actor's or object's picture in `icon`.
    pub fn icon_url(self) -> Option<&'a str> {
        self.picture("icon")
    }

    /// The header picture in `image`.
    pub fn image_url(self) -> Option<&'a str> {
        self.picture("image")
    }

    /// Of several pictures the widest, and of those that do not tell the last.
    fn picture(self, name: &str) -> Option<&'a str> {
        let mut found: Vec<MediaLink<'a>> = Vec::new();
        for item in self.items(name).take(MAX_ATTACHMENTS) {
            let inner = links(item.items("url"));
            match inner.into_iter().next() {
                Some(link) => found.push(MediaLink { width: item.u64("width").or(link.width), ..link }),
                None => found.extend(links(std::iter::once(item))),
            }
        }
        found.into_iter().max_by_key(|link| link.width.unwrap_or(0)).map(|link| link.href)
    }
}

/// Reads strings, `Link` objects (`href`) and objects with a `url`, leaving out what is no web address.
pub(super) fn links<'a>(items: impl Iterator<Item = Doc<'a>>) -> Vec<MediaLink<'a>> {
    let link = |item: Doc<'a>| {
        let of = |name| item.get(name).and_then(Value::as_str);
        let href = match item.0 {
            Value::String(href) => href.as_str(),
            _ => of("href").or_else(|| of("url"))?,
        };
        let mime = of("mediaType").or_else(|| of("mimeType"));
        Some(MediaLink { href: web_url(href)?, mime, width: item.u64("width"), height: item.u64("height") })
    };
    items.take(MAX_ATTACHMENTS).filter_map(link).collect()
}

fn attachment(item: Doc<'_>) -> Option<Attachment<'_>> {
    let kind = item.types().into_iter().find_map(|name| {
        Some(match name {
            "Image" => AttachmentKind::Image,
            "Video" => AttachmentKind::Video,
            "Audio" => AttachmentKind::Audio,
            "Document" => AttachmentKind::Document,
            "Link" | "Page" => AttachmentKind::Link,
            _ => return None,
        })
    })?;
    let link = links(item.items("url")).into_iter().next();
    let link = link.or_else(|| links(item.items("href")).into_iter().next())?;
    Some(Attachment {
        kind,
        url: link.href,
        mime: item.get("mediaType").and_then(Value::as_str).or(link.mime),
        name: item.text("summary").or_else(|| item.text("name")),
        width: item.u64("width").or(link.width),
        height: item.u64("height").or(link.height),
        blurhash: item.get("blurhash").and_then(Value::as_str),
        focal: focal(item),
    })
}

fn focal(item: Doc<'_>) -> Option<(f64, f64)> {
    let [x, y] = item.get("focalPoint")?.as_array()?.as_slice() else { return None };
    let (x, y) = (x.as_f64()?, y.as_f64()?);
    Some((x.clamp(-1.0, 1.0), y.clamp(-1.0, 1.0)))
}
