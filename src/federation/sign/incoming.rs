use http::HeaderMap;
use http::header::HeaderName;

use super::cavage::{self, CavageSignature};
use super::keys::PublicKey;
use super::rfc9421::{self, MessageSignature};
use crate::base::Time;

/// Why a signature does not count. The three kinds differ in what to answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// There is no signature. 401 where one is needed.
    #[error("no signature")]
    Missing,
    /// It cannot be read. 400: sending it again does not help.
    #[error("malformed signature: {0}")]
    Malformed(String),
    /// It was read and does not count. 401, so that the sender may try another form.
    #[error("bad signature: {0}")]
    Bad(String),
}

impl SignError {
    pub(super) fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed(what.into())
    }

    pub(super) fn bad(why: impl Into<String>) -> Self {
        Self::Bad(why.into())
    }

    /// The HTTP status to answer (INTEROP A.4.5).
    pub fn status(&self) -> u16 {
        match self {
            Self::Missing | Self::Bad(_) => 401,
            Self::Malformed(_) => 400,
        }
    }
}

/// A request as the sender saw it: behind a proxy that is the public host and scheme, and the original path.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// As on the wire, with the query.
    pub path_and_query: &'a str,
    /// The public host, with the port if it is unusual.
    pub host: &'a str,
    /// `https` or `http`.
    pub scheme: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The body as received; empty if there is none.
    pub body: &'a [u8],
}

impl Incoming<'_> {
    /// The one value of a header; nothing if it is absent.
    ///
    /// # Errors
    /// `Malformed` if it occurs twice or is no text: then we and the code that signed might look at different ones.
    pub(super) fn single(&self, name: &str) -> Result<Option<&str>, SignError> {
        let mut all = self.headers.get_all(name).iter();
        match (all.next(), all.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().map(Some).map_err(|_| SignError::malformed(name)),
            (Some(_), Some(_)) => Err(SignError::malformed(format!("two {name} headers"))),
        }
    }

    /// A header as signatures see it: trimmed, several values joined by a comma and a space.
    pub(super) fn joined(&self, name: &str) -> Result<Option<String>, SignError> {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            return Err(SignError::malformed(format!("header name '{name}'")));
        };
        let mut values = Vec::new();
        for value in self.headers.get_all(&name) {
            values.push(value.to_str().map_err(|_| SignError::malformed(name.as_str()))?.trim());
        }
        Ok(if values.is_empty() { None } else { Some(values.join(", ")) })
    }

    /// Whether a body belongs to this method, so that its digest must be signed.
    pub(super) fn carries_body(&self) -> bool {
        !matches!(self.method, "GET" | "HEAD")
    }
}

/// The two ways of signing requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// draft-cavage-http-signatures-12, what nearly everyone sends.
    Cavage,
    /// RFC 9421.
    Rfc9421,
}

/// A signature as read from the headers, not yet believed.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// Whose key it claims: a URL, mostly with a fragment.
    pub key_id: String,
    /// How it was signed.
    pub form: Form,
    pub(super) signature: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Cavage(CavageSignature),
    Rfc9421(MessageSignature),
}

/// Reads the signature headers. With `Signature-Input` present RFC 9421 is tried first, then draft-cavage.
pub fn parse(request: &Incoming<'_>) -> Result<Parsed, SignError> {
    for name in ["host", "date", "digest", "content-digest", "signature", "signature-input"] {
        request.single(name)?;
    }
    let Some(signature) = request.single("signature")? else {
        return Err(SignError::Missing);
    };
    let Some(input) = request.single("signature-input")? else {
        return cavage::parse(signature).map(from_cavage);
    };
    match rfc9421::parse(input, signature) {
        Ok(message) => {
            Ok(Parsed { key_id: message.key_id().to_owned(), form: Form::Rfc9421, signature: Kind::Rfc9421(message) })
        }
        Err(error) => cavage::parse(signature).map(from_cavage).map_err(|_| error),
    }
}

fn from_cavage(signature: CavageSignature) -> Parsed {
    Parsed { key_id: signature.key_id.clone(), form: Form::Cavage, signature: Kind::Cavage(signature) }
}

/// Everything that needs no key: what is covered, the time, the digest of the body. Do this before fetching a key.
pub fn check(parsed: &Parsed, request: &Incoming<'_>, now: Time) -> Result<(), SignError> {
    match &parsed.signature {
        Kind::Cavage(signature) => signature.check(request, now),
        Kind::Rfc9421(signature) => signature.check(request, now),
    }
}

/// Whether the request was signed by this key, now; [`check`] is included.
pub fn verify(parsed: &Parsed, request: &Incoming<'_>, key: &PublicKey, now: Time) -> Result<(), SignError> {
    check(parsed, request, now)?;
    match &parsed.signature {
        Kind::Cavage(signature) => signature.verify(request, key),
        Kind::Rfc9421(signature) => signature.verify(request, key),
    }
}
