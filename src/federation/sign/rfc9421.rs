//! HTTP Message Signatures (RFC 9421) in the narrow profile that Mastodon verifies (INTEROP A.5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{HeaderName, HeaderValue};
use url::Url;

use super::cavage::host_header;
use super::digest::{check_content_digest, content_digest};
use super::incoming::{Incoming, SignError};
use super::keys::{KeyPair, PublicKey};
use super::structured::{self, InnerList, Item, Parameters};
use super::window::Window;
use crate::base::{Error, Result, Time};

/// Headers longer than this are refused unread.
const MAX_HEADER: usize = 8 * 1024;

/// The headers to add to a request: `Content-Digest` if there is a body, `Signature-Input`, `Signature`. Covered are
/// `@method`, `@target-uri` and, with a body, `content-digest`.
///
/// # Errors
/// `Internal` if the URL has no host or the key id cannot stand in a header.
pub fn sign(
    key: &KeyPair,
    key_id: &str,
    method: &str,
    url: &Url,
    body: Option<&[u8]>,
    created: Time,
) -> Result<Vec<(HeaderName, HeaderValue)>> {
    if !key_id.chars().all(|c| matches!(c, ' '..='~')) {
        return Err(Error::internal("key id outside ASCII"));
    }
    let digest = body.map(content_digest);
    let mut items: Vec<(String, Parameters)> = vec![("@method".into(), vec![]), ("@target-uri".into(), vec![])];
    if digest.is_some() {
        items.push(("content-digest".into(), vec![]));
    }
    let algorithm = match key {
        KeyPair::Rsa(_) => "rsa-v1_5-sha256",
        KeyPair::Ed25519(_) => "ed25519",
    };
    let parameters = vec![
        ("created".to_owned(), Item::Integer(created.seconds())),
        ("keyid".to_owned(), Item::String(key_id.to_owned())),
        ("alg".to_owned(), Item::String(algorithm.to_owned())),
    ];
    let input = InnerList { items, parameters };
    let value = |text: &str| HeaderValue::from_str(text).map_err(Error::internal);
    let mut headers = http::HeaderMap::new();
    if let Some(digest) = &digest {
        headers.insert(HeaderName::from_static("content-digest"), value(digest)?);
    }
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let host = host_header(url)?;
    let request = Incoming {
        method,
        path_and_query: target,
        host: &host,
        scheme: url.scheme(),
        headers: &headers,
        body: body.unwrap_or_default(),
    };
    let base = signature_base(&input, &request, "").map_err(Error::internal)?;
    let signature = STANDARD.encode(key.sign(base.as_bytes())?);
    let mut out: Vec<(HeaderName, HeaderValue)> = Vec::with_capacity(3);
    if let Some(digest) = &digest {
        out.push((HeaderName::from_static("content-digest"), value(digest)?));
    }
    out.push((HeaderName::from_static("signature-input"), value(&format!("sig1={}", input.serialize()))?));
    out.push((HeaderName::from_static("signature"), value(&format!("sig1=:{signature}:"))?));
    Ok(out)
}

/// The signature base (RFC 9421 §2.5) of a request for what a `Signature-Input` member (without its label) covers.
///
/// # Errors
/// `Malformed` if it cannot be read, `Bad` if it covers something twice, absent, or that we cannot compute.
pub fn signature_base_of(input: &str, request: &Incoming<'_>) -> Result<String, SignError> {
    let mut members = structured::dictionary_of_lists(&format!("sig={input}")).unwrap_or_default();
    let (_, list) = members.pop().ok_or_else(|| SignError::malformed("signature-input"))?;
    signature_base(&list, request, "")
}

/// `fragment`: what the sender put behind the target, for some sign the id of a key as they know it.
fn signature_base(input: &InnerList, request: &Incoming<'_>, fragment: &str) -> Result<String, SignError> {
    let mut base = String::new();
    for (i, (name, parameters)) in input.items.iter().enumerate() {
        if input.items[..i].iter().any(|(n, p)| n == name && p == parameters) {
            return Err(SignError::bad(format!("{name} covered twice")));
        }
        if !parameters.is_empty() {
            return Err(SignError::bad(format!("parameters of {name} are not supported")));
        }
        base.push_str(&format!("{}: {}\n", structured::quoted(name), component(name, request, fragment)?));
    }
    base.push_str(&format!("\"@signature-params\": {}", input.serialize()));
    Ok(base)
}

/// The value of a component (RFC 9421 §2.1 and §2.2).
fn component(name: &str, request: &Incoming<'_>, fragment: &str) -> Result<String, SignError> {
    let target = request.path_and_query;
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let path = if path.is_empty() { "/" } else { path };
    Ok(match name {
        "@method" => request.method.to_owned(),
        "@target-uri" => format!("{}://{}{target}{fragment}", request.scheme, request.host),
        "@authority" => request.host.to_ascii_lowercase(),
        "@scheme" => request.scheme.to_owned(),
        "@request-target" => target.to_owned(),
        "@path" => path.to_owned(),
        "@query" => format!("?{}", query.unwrap_or_default()),
        "host" => request.host.to_owned(),
        derived if derived.starts_with('@') => return Err(SignError::bad(format!("{derived} is not supported"))),
        upper if upper.contains(|c: char| c.is_ascii_uppercase()) => {
            return Err(SignError::malformed("component name"));
        }
        header => request.joined(header)?.ok_or_else(|| SignError::bad(format!("no {header} header")))?,
    })
}

/// A `Signature-Input` with its `Signature`, read.
#[derive(Clone, Debug)]
pub(super) struct MessageSignature {
    input: InnerList,
    signature: Vec<u8>,
    key_id: String,
    created: Time,
    expires: Option<Time>,
    algorithm: Option<String>,
}

/// Reads the two headers. Exactly one signature, with `keyid` and `created`.
pub(super) fn parse(input: &str, signature: &str) -> Result<MessageSignature, SignError> {
    if input.len() > MAX_HEADER || signature.len() > MAX_HEADER {
        return Err(SignError::malformed("signature headers too long"));
    }
    let inputs = structured::dictionary_of_lists(input).ok_or_else(|| SignError::malformed("signature-input"))?;
    let mut signatures = structured::dictionary_of_bytes(signature).ok_or_else(|| SignError::malformed("signature"))?;
    let [(label, input)] = <[_; 1]>::try_from(inputs).map_err(|_| SignError::malformed("not exactly one signature"))?;
    let (_, signature) = match signatures.pop() {
        Some(found) if signatures.is_empty() && found.0 == label => found,
        _ => return Err(SignError::malformed("signature labels differ")),
    };
    let integer = |name: &str| match input.parameter(name) {
        None => Ok(None),
        Some(Item::Integer(seconds)) => Ok(Some(Time::from_micros(seconds.saturating_mul(Time::SECOND)))),
        Some(_) => Err(SignError::malformed(name)),
    };
    let string = |name: &str| match input.parameter(name) {
        None => Ok(None),
        Some(Item::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(SignError::malformed(name)),
    };
    let key_id = string("keyid")?.filter(|id| !id.is_empty() && id.len() <= 2048);
    let key_id = key_id.ok_or_else(|| SignError::malformed("no keyid"))?;
    let created = integer("created")?.ok_or_else(|| SignError::bad("no created"))?;
    let (expires, algorithm) = (integer("expires")?, string("alg")?);
    Ok(MessageSignature { input, signature, key_id, created, expires, algorithm })
}

impl MessageSignature {
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    fn covers(&self, name: &str) -> bool {
        self.input.items.iter().any(|(n, parameters)| n == name && parameters.is_empty())
    }

    pub fn check(&self, request: &Incoming<'_>, now: Time) -> Result<(), SignError> {
        let mut needed = vec!["@method", "@target-uri"];
        if request.carries_body() {
            needed.push("content-digest");
        }
        if let Some(name) = needed.into_iter().find(|name| !self.covers(name)) {
            return Err(SignError::bad(format!("{name} is not signed")));
        }
        Window { made: self.created, expires: self.expires, expires_signed: true }.check(now)?;
        if !self.covers("content-digest") {
            return Ok(());
        }
        let digest = request.single("content-digest")?.ok_or_else(|| SignError::bad("no content-digest header"))?;
        check_content_digest(digest, request.body)
    }

    pub fn verify(&self, request: &Incoming<'_>, key: &PublicKey) -> Result<(), SignError> {
        let own = if key.is_ed25519() { "ed25519" } else { "rsa-v1_5-sha256" };
        if self.algorithm.as_deref().is_some_and(|named| named != own) {
            return Err(SignError::bad("algorithm differs from the key's"));
        }
        // A fragment never travels, so it changes nothing about what is asked for. Fedify fetches a key by its id and signs
        // that id, fragment and all; where there is a body nothing has a fragment.
        let fragments = if request.carries_body() { &[""][..] } else { &["", "#main-key", "#ed25519-key"] };
        for fragment in fragments {
            let base = signature_base(&self.input, request, fragment)?;
            if key.verifies(base.as_bytes(), &self.signature) {
                return Ok(());
            }
        }
        Err(SignError::bad("does not verify"))
    }
}
