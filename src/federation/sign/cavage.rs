//! HTTP signatures by draft-cavage-http-signatures-12, as the fediverse uses it (INTEROP A.4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{DATE, HeaderName, HeaderValue};
use url::Url;

use super::digest::{check_digest, digest_header};
use super::incoming::{Incoming, SignError};
use super::keys::{KeyPair, PublicKey};
use super::pem::LENIENT;
use super::window::Window;
use crate::base::{Error, Result, Time};

/// A `Signature` header longer than this is refused unread; an RSA-8192 signature needs 1,400.
const MAX_HEADER: usize = 8 * 1024;
/// Nobody signs more headers than this.
const MAX_COVERED: usize = 32;

/// The headers to add to a request: `Date`, `Digest` if there is a body, `Signature`. Signed are
/// `(request-target) host date`, and `digest` with a body. `digest_on_get` adds the digest of no bytes, which Lemmy
/// wants on GETs of private things. The request must carry `Host` as HTTP clients set it from the URL.
///
/// # Errors
/// `Internal` if the URL has no host or the key id cannot stand in a header.
pub fn sign(
    key: &KeyPair,
    key_id: &str,
    method: &str,
    url: &Url,
    body: Option<&[u8]>,
    date: Time,
    digest_on_get: bool,
) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let host = host_header(url)?;
    let date = date.to_http_date();
    let digest = body.or(digest_on_get.then_some(&[][..])).map(digest_header);
    let mut text = format!("(request-target): {} {target}\nhost: {host}\ndate: {date}", method.to_ascii_lowercase());
    let mut covered = "(request-target) host date".to_owned();
    if let Some(digest) = &digest {
        text.push_str(&format!("\ndigest: {digest}"));
        covered.push_str(" digest");
    }
    let algorithm = match key {
        KeyPair::Rsa(_) => "rsa-sha256",
        KeyPair::Ed25519(_) => "hs2019",
    };
    if key_id.contains(['"', '\\']) {
        return Err(Error::internal("key id with a quote"));
    }
    let signature = STANDARD.encode(key.sign(text.as_bytes())?);
    let header =
        format!("keyId=\"{key_id}\",algorithm=\"{algorithm}\",headers=\"{covered}\",signature=\"{signature}\"");
    let value = |text: &str| HeaderValue::from_str(text).map_err(Error::internal);
    let mut headers = vec![(DATE, value(&date)?)];
    if let Some(digest) = digest {
        headers.push((HeaderName::from_static("digest"), value(&digest)?));
    }
    headers.push((HeaderName::from_static("signature"), value(&header)?));
    Ok(headers)
}

/// What HTTP clients send as `Host`: with the port only if it is unusual.
pub(super) fn host_header(url: &Url) -> Result<String> {
    let host = url.host_str().ok_or_else(|| Error::internal("URL without host"))?;
    Ok(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// A `Signature` header, read.
#[derive(Clone, Debug)]
pub(super) struct CavageSignature {
    pub key_id: String,
    algorithm: Algorithm,
    covered: Vec<String>,
    signature: Vec<u8>,
    /// As sent: the text is signed, not the number.
    created: Option<String>,
    expires: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    /// `hs2019` or none given: the key decides.
    ByKey,
    RsaSha256,
    RsaSha512,
    Ed25519,
}

/// Reads a `Signature` header liberally: parameters quoted or bare, spaces, any order, unknown ones ignored.
pub(super) fn parse(header: &str) -> Result<CavageSignature, SignError> {
    if header.len() > MAX_HEADER {
        return Err(SignError::malformed("signature header too long"));
    }
    let parameters = parameters(header)?;
    let find = |name: &str| -> Result<Option<&String>, SignError> {
        let mut all = parameters.iter().filter(|(n, _)| n == name).map(|(_, value)| value);
        match (all.next(), all.next()) {
            (first, None) => Ok(first),
            _ => Err(SignError::malformed(format!("{name} given twice"))),
        }
    };
    let need = |name: &str| find(name)?.ok_or_else(|| SignError::malformed(format!("no {name}")));
    let algorithm = match find("algorithm")?.map(|a| a.to_ascii_lowercase()).as_deref() {
        None | Some("hs2019") => Algorithm::ByKey,
        Some("rsa-sha256") => Algorithm::RsaSha256,
        Some("rsa-sha512") => Algorithm::RsaSha512,
        Some("ed25519") => Algorithm::Ed25519,
        Some(_) => return Err(SignError::bad("unknown algorithm")),
    };
    let covered: Vec<String> = match find("headers")? {
        Some(list) => list.split_whitespace().map(str::to_ascii_lowercase).collect(),
        None => vec!["date".to_owned()],
    };
    if covered.is_empty() || covered.len() > MAX_COVERED {
        return Err(SignError::malformed("headers"));
    }
    let key_id = need("keyid")?.clone();
    if key_id.is_empty() || key_id.len() > 2048 {
        return Err(SignError::malformed("keyId"));
    }
    let signature = LENIENT.decode(need("signature")?).map_err(|_| SignError::malformed("signature is not base64"))?;
    let (created, expires) = (find("created")?.cloned(), find("expires")?.cloned());
    Ok(CavageSignature { key_id, algorithm, covered, signature, created, expires })
}

/// The parameters by name in lower case: `name="value"` or `name=value`, separated by commas.
fn parameters(header: &str) -> Result<Vec<(String, String)>, SignError> {
    // Some write the scheme of an Authorization header in front.
    let mut rest = header.trim().strip_prefix("Signature ").unwrap_or(header).trim_start();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or_else(|| SignError::malformed("parameter without value"))?;
        let after = after.trim_start();
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted_value(quoted)?,
            None => {
                let end = after.find(',').unwrap_or(after.len());
                (after[..end].trim_end().to_owned(), &after[end..])
            }
        };
        found.push((name.trim().to_ascii_lowercase(), value));
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(next) => next.trim_start(),
            None if after.is_empty() => after,
            None => return Err(SignError::malformed("text after a parameter")),
        };
    }
    Ok(found)
}

/// A quoted value with its escapes undone, and what follows the closing quote.
fn quoted_value(text: &str) -> Result<(String, &str), SignError> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    Err(SignError::malformed("quote not closed"))
}

impl CavageSignature {
    fn covers(&self, name: &str) -> bool {
        self.covered.iter().any(|c| c == name)
    }

    pub fn check(&self, request: &Incoming<'_>, now: Time) -> Result<(), SignError> {
        self.check_strength(request)?;
        self.window(request)?.check(now)?;
        if !self.covers("digest") {
            // NodeBB sends `Digest: null` with GETs; a digest that nobody signed says nothing.
            return Ok(());
        }
        let digest = request.single("digest")?.ok_or_else(|| SignError::bad("no digest header"))?;
        check_digest(digest, request.body)
    }

    /// Rule 4 of INTEROP A.4.2. Mastodon takes `digest` in place of `(request-target)`; we want the target always, so
    /// that a signature made for one inbox or document counts for no other.
    fn check_strength(&self, request: &Incoming<'_>) -> Result<(), SignError> {
        let need = |name: &str| {
            if self.covers(name) { Ok(()) } else { Err(SignError::bad(format!("{name} is not signed"))) }
        };
        if !self.covers("date") && !self.covers("(created)") {
            return Err(SignError::bad("neither date nor (created) is signed"));
        }
        need("(request-target)")?;
        need("host")?;
        if request.carries_body() { need("digest") } else { Ok(()) }
    }

    /// `(created)` if signed, else `Date`. An unsigned `created` is not believed: it would revive old signatures.
    fn window(&self, request: &Incoming<'_>) -> Result<Window, SignError> {
        let made = if self.covers("(created)") {
            self.pseudo("created", self.created.as_deref())?;
            seconds(self.created.as_deref()).ok_or_else(|| SignError::malformed("created"))?
        } else {
            let date = request.single("date")?.ok_or_else(|| SignError::bad("no date header"))?;
            Time::parse_http_date(date).ok_or_else(|| SignError::malformed("date"))?
        };
        let expires = match &self.expires {
            Some(text) => Some(seconds(Some(text)).ok_or_else(|| SignError::malformed("expires"))?),
            None => None,
        };
        Ok(Window { made, expires, expires_signed: self.covers("(expires)") })
    }

    /// `(created)` and `(expires)` belong to `hs2019` only (draft §2.3).
    fn pseudo<'a>(&self, name: &str, value: Option<&'a str>) -> Result<&'a str, SignError> {
        if matches!(self.algorithm, Algorithm::RsaSha256 | Algorithm::RsaSha512) {
            return Err(SignError::bad(format!("({name}) with an rsa algorithm")));
        }
        value.ok_or_else(|| SignError::bad(format!("({name}) signed but not given")))
    }

    pub fn verify(&self, request: &Incoming<'_>, key: &PublicKey) -> Result<(), SignError> {
        let verifies = |text: &str| match self.algorithm {
            Algorithm::RsaSha256 => !key.is_ed25519() && key.verifies(text.as_bytes(), &self.signature),
            Algorithm::RsaSha512 => key.verifies_sha512(text.as_bytes(), &self.signature),
            Algorithm::Ed25519 => key.is_ed25519() && key.verifies(text.as_bytes(), &self.signature),
            Algorithm::ByKey => {
                key.verifies(text.as_bytes(), &self.signature) || key.verifies_sha512(text.as_bytes(), &self.signature)
            }
        };
        if verifies(&self.signing_text(request, request.path_and_query)?) {
            return Ok(());
        }
        // Some servers leave the query out of what they sign (gotosocial#894).
        if let Some((path, _)) = request.path_and_query.split_once('?')
            && verifies(&self.signing_text(request, path)?)
        {
            return Ok(());
        }
        Err(SignError::bad("does not verify"))
    }

    /// The signing string (draft §2.3) for a target.
    fn signing_text(&self, request: &Incoming<'_>, target: &str) -> Result<String, SignError> {
        let mut lines = Vec::with_capacity(self.covered.len());
        for name in &self.covered {
            let value = match name.as_str() {
                "(request-target)" => format!("{} {target}", request.method.to_ascii_lowercase()),
                "(created)" => self.pseudo("created", self.created.as_deref())?.to_owned(),
                "(expires)" => self.pseudo("expires", self.expires.as_deref())?.to_owned(),
                "host" => request.host.to_owned(),
                other => request.joined(other)?.ok_or_else(|| SignError::bad(format!("no {other} header")))?,
            };
            lines.push(format!("{name}: {value}"));
        }
        Ok(lines.join("\n"))
    }
}

/// Seconds since 1970, a fraction cut off, as the parameters write it.
fn seconds(text: Option<&str>) -> Option<Time> {
    let whole = text?.trim().split('.').next()?;
    let seconds: i64 = whole.parse().ok()?;
    Some(Time::from_micros(seconds.checked_mul(Time::SECOND)?))
}
