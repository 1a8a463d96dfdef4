use super::doc::Doc;
use super::ids::web_url;

/// No more tags of one object are read.
const MAX_TAGS: usize = 256;

/// Someone or some group that is named in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mention<'a> {
    /// The actor's id.
    pub href: &'a str,
    /// As it stands in the text (`@name@host`); may be missing (Smithereen) or lack the host. The id counts.
    pub name: Option<&'a str>,
}

/// A word to find things by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashtag<'a> {
    /// The word, without `#`.
    pub name: &'a str,
    /// Its page, if told.
    pub href: Option<&'a str>,
}

/// A little picture with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emoji<'a> {
    /// Its id; Akkoma's have none.
    pub id: Option<&'a str>,
    /// The short name, without colons.
    pub name: &'a str,
    /// The picture.
    pub url: &'a str,
}

/// What a text names, sorted by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags<'a> {
    /// Actors.
    pub mentions: Vec<Mention<'a>>,
    /// Words.
    pub hashtags: Vec<Hashtag<'a>>,
    /// Pictures.
    pub emoji: Vec<Emoji<'a>>,
    /// Objects linked from the text (FEP-e232): their ids.
    pub links: Vec<&'a str>,
}

impl<'a> Doc<'a> {
    /// What `tag` holds; entries of other types, or without what they need, are left out.
    pub fn tags(self) -> Tags<'a> {
        let mut tags = Tags::default();
        for tag in self.items("tag").take(MAX_TAGS) {
            let href = || tag.items("href").find_map(Doc::id);
            let name = || tag.text("name").map(str::trim);
            for kind in tag.types() {
                match kind {
                    "Mention" => tags.mentions.extend(href().map(|href| Mention { href, name: name() })),
                    "Hashtag" | "as:Hashtag" => {
                        let word = name().map(|name| name.trim_start_matches('#')).filter(|word| !word.is_empty());
                        tags.hashtags.extend(word.map(|name| Hashtag { name, href: href().and_then(web_url) }));
                    }
                    "Emoji" | "toot:Emoji" => tags.emoji.extend(emoji(tag)),
                    "Link" => tags.links.extend(href()),
                    // Others invent tags freely; they mean nothing to us.
                    _ => {}
                }
            }
        }
        tags
    }
}

fn emoji(tag: Doc<'_>) -> Option<Emoji<'_>> {
    let name = tag.text("name")?.trim().trim_matches(':');
    let id = tag.get("id").and_then(serde_json::Value::as_str);
    (!name.is_empty()).then_some(Emoji { id, name, url: tag.icon_url()? })
}
