use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::failure::Failure;
use crate::base::{Error, Result, Time};

/// What types of document are welcome in an answer; anything else in a 2xx answer is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expect {
    /// Any type, also none.
    Any,
    /// `application/activity+json`, or `application/ld+json` with the ActivityStreams profile. Plain JSON is refused:
    /// a file that someone uploaded must never pass for an object of its host (FEP-fe34, GHSA-jhrq-qvrm-qr36).
    Activity,
    /// One of these types, without parameters; `image/*` stands for every image type.
    OneOf(&'static [&'static str]),
}

impl Expect {
    /// Whether a `Content-Type` value is welcome.
    pub fn accepts(self, content_type: &str) -> bool {
        let mut parts = content_type.split(';');
        let essence = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        match self {
            Self::Any => true,
            Self::Activity if essence == "application/activity+json" => true,
            Self::Activity => essence == "application/ld+json" && parts.any(is_activity_profile),
            Self::OneOf(types) => types.iter().any(|t| match t.strip_suffix("/*") {
                Some(family) => essence.split_once('/').is_some_and(|(f, _)| f == family),
                None => essence == *t,
            }),
        }
    }
}

/// The `profile` parameter is a list of URIs separated by spaces (RFC 6906 §3.1).
fn is_activity_profile(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, value)| {
        name.trim().eq_ignore_ascii_case("profile")
            && value
                .trim()
                .trim_matches('"')
                .split_whitespace()
                .any(|uri| uri == "https://www.w3.org/ns/activitystreams")
    })
}

/// Headers that a signature adds to a request.
pub type SignedHeaders = Vec<(HeaderName, HeaderValue)>;

/// Who signs a GET: each hop of a redirect is signed anew for its own URL.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// Tells the eyes that look: the key id, and the way of signing if that varies. Answers are shared between callers
    /// only when this is equal.
    pub identity: &'a str,
    /// The headers to add for this URL.
    pub sign: &'a (dyn Fn(&Url) -> Result<SignedHeaders> + Send + Sync),
}

/// A document to fetch.
#[derive(Clone)]
pub struct Get<'a> {
    /// Where it is.
    pub url: &'a Url,
    /// The `Accept` header.
    pub accept: &'a str,
    /// More headers, sent to the origin of `url` only.
    pub headers: HeaderMap,
    /// The most bytes to read, after decompression.
    pub max_bytes: u64,
    /// What types are welcome.
    pub expect: Expect,
    /// Who signs, if anyone.
    pub signer: Option<Signer<'a>>,
}

impl<'a> Get<'a> {
    /// The most bytes of a document (Mastodon's and Lemmy's limit too).
    pub const MAX_DOCUMENT: u64 = 1024 * 1024;

    /// Any type, unsigned, up to 1 MiB.
    pub fn new(url: &'a Url) -> Self {
        Self {
            url,
            accept: "*/*",
            headers: HeaderMap::new(),
            max_bytes: Self::MAX_DOCUMENT,
            expect: Expect::Any,
            signer: None,
        }
    }

    /// An ActivityPub document, up to 1 MiB.
    pub fn activity(url: &'a Url) -> Self {
        let accept =
            "application/activity+json, application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"";
        Self { accept, expect: Expect::Activity, ..Self::new(url) }
    }

    /// JSON that is no ActivityPub: NodeInfo, WebFinger.
    pub fn json(url: &'a Url) -> Self {
        const TYPES: &[&str] =
            &["application/json", "application/jrd+json", "application/activity+json", "application/ld+json"];
        Self { accept: "application/jrd+json, application/json", expect: Expect::OneOf(TYPES), ..Self::new(url) }
    }

    /// Signed by this signer.
    #[must_use]
    pub fn signed(mut self, signer: Signer<'a>) -> Self {
        self.signer = Some(signer);
        self
    }
}

/// What came back, whatever its status; redirects have been followed.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers of the answer.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
    /// The URL that answered.
    pub final_url: Url,
}

impl Response {
    /// The value of a header, if it is there and is text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// The `Content-Type` header.
    pub fn content_type(&self) -> &str {
        self.header(&CONTENT_TYPE).unwrap_or_default()
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The 2xx answer itself, or what went wrong: `NotFound` for 404, `Gone` for 410, `RemoteFailed` for the rest.
    pub fn success(self) -> Result<Self> {
        match self.status {
            200..300 => Ok(self),
            404 => Err(Error::NotFound),
            410 => Err(Error::Gone),
            status => {
                let host = self.final_url.host_str().unwrap_or_default();
                let retryable = is_retryable(status);
                Err(Failure { host: host.to_owned(), retryable, detail: format!("answered {status}") }.into())
            }
        }
    }
}

/// Something to deliver.
#[derive(Clone, Debug)]
pub struct Post<'a> {
    /// Where to. Redirects are not followed: a delivery that is redirected has failed.
    pub url: &'a Url,
    /// All headers, the signature's and `Content-Type` among them.
    pub headers: HeaderMap,
    /// The bytes that the headers were signed over.
    pub body: Bytes,
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostOutcome {
    /// The HTTP status.
    pub status: u16,
    /// Seconds to wait, if the other side named them.
    pub retry_after: Option<u64>,
    /// Whether the other side asks for a signature of RFC 9421 (its `Accept-Signature` header is present).
    pub accept_signature: bool,
    /// The first bytes of the answer as text, for the log.
    pub body_start: String,
}

impl PostOutcome {
    /// Whether the other side took it: any 2xx.
    pub fn delivered(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether to try again later: 401, 408, 429 and 5xx except 501 (INTEROP A.10).
    pub fn retryable(&self) -> bool {
        self.status == 401 || is_retryable(self.status)
    }
}

fn is_retryable(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502..=599)
}

/// Seconds of a `Retry-After` header (RFC 9110 §10.2.3). A date counts from the answer's own `Date`, so that clocks need
/// not agree. At most a day.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let text = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    let wanted = text(http::header::RETRY_AFTER)?;
    let seconds = match wanted.trim().parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let until = Time::parse_http_date(wanted)?;
            let now = Time::parse_http_date(text(http::header::DATE)?)?;
            u64::try_from(until.seconds() - now.seconds()).unwrap_or(0)
        }
    };
    Some(seconds.min(86_400))
}
