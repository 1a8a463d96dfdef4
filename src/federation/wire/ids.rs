use url::{Host, Url};

/// The collection of everyone, as we write it.
pub const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// Longer ids are refused.
const MAX_ID: usize = 2048;

/// Whether an addressee is everyone, in any of the three spellings that peers use.
pub fn is_public_id(id: &str) -> bool {
    matches!(id, PUBLIC | "as:Public" | "Public")
}

/// Whether scheme, host and port are equal (FEP-fe34). An id that cannot be read has no origin.
pub fn same_origin(a: &str, b: &str) -> bool {
    match (Url::parse(a), Url::parse(b)) {
        (Ok(a), Ok(b)) => a.origin().is_tuple() && a.origin() == b.origin(),
        _ => false,
    }
}

/// What may be an id (INTEROP A.9 rule 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IdRules {
    /// Also `http:` and addresses instead of names: tests and the demo.
    pub lax: bool,
}

impl IdRules {
    /// An id of something that can be fetched: an actor, an object.
    pub fn fetchable(self, id: &str) -> Option<Url> {
        self.any(id).filter(|url| url.fragment().is_none())
    }

    /// Any id; that of an activity may have a fragment, as GoToSocial's have.
    pub fn any(self, id: &str) -> Option<Url> {
        // The URL parser forgives spaces and control characters; two spellings of one id would be two things.
        if id.len() > MAX_ID || id.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return None;
        }
        let url = Url::parse(id).ok()?;
        let scheme = url.scheme() == "https" || (self.lax && url.scheme() == "http");
        let named = self.lax || matches!(url.host(), Some(Host::Domain(_)));
        let anonymous = url.username().is_empty() && url.password().is_none();
        (scheme && named && anonymous && url.has_host()).then_some(url)
    }
}

/// An address for people or of a file: http or https and nothing that a page could run.
pub fn web_url(text: &str) -> Option<&str> {
    let text = text.trim();
    let web = |url: Url| matches!(url.scheme(), "https" | "http") && url.has_host();
    let plain = text.len() <= MAX_ID && !text.contains(char::is_control);
    (plain && Url::parse(text).is_ok_and(web)).then_some(text)
}
