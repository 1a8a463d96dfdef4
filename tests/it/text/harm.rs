//! What must not come out of cleaning, told without asking the cleaner; the fuzz target of HTML reads this file too.

/// Tags that may come out.
const NAMES: &str = "p span br a del pre code em strong b i u ul ol li blockquote h3 h4 hr table thead tbody tr th td";
/// Their attributes, besides `href`.
const ATTRIBUTES: &str = "rel class lang dir start reversed value target translate";

/// The tags of what came out: its texts are escaped, so each `<` begins one.
fn tags(html: &str) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), html);
    while let Some((_, tag)) = rest.split_once('<') {
        let mut quoted = false;
        let closes = |byte: u8| {
            quoted ^= byte == b'"';
            byte == b'>' && !quoted
        };
        let end = tag.bytes().position(closes).unwrap_or(tag.len());
        found.push(&tag[..end]);
        rest = &tag[end..];
    }
    found
}

/// What should not have come out.
pub fn harm(html: &str) -> Option<String> {
    let is_one_of = |all: &str, name: &str| all.split(' ').any(|one| one == name);
    for tag in tags(html) {
        let tag = tag.trim_start_matches('/');
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        if !is_one_of(NAMES, name) {
            return Some(format!("<{tag}>"));
        }
        // Names of attributes stand outside of quotes, their values inside.
        let parts: Vec<&str> = tag[name.len()..].split('"').collect();
        for (attribute, value) in parts.chunks(2).map(|pair| (pair[0].trim_matches(['=', ' ', '/']), pair.get(1))) {
            let leads = value.copied().unwrap_or_default().trim_start().to_lowercase();
            let fine = match attribute {
                "" | "reversed" => true,
                "href" => ["http://", "https://", "mailto:"].iter().any(|scheme| leads.starts_with(scheme)),
                other => value.is_some() && is_one_of(ATTRIBUTES, other),
            };
            if !fine {
                return Some(format!("{attribute} in <{tag}>"));
            }
        }
    }
    None
}
