//! Digests of bodies: `Digest` (RFC 3230) beside draft-cavage, `Content-Digest` (RFC 9530) beside RFC 9421.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::incoming::SignError;
use super::pem::LENIENT;
use super::structured;

/// SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

/// The value of a `Digest` header: `SHA-256=` and base64, spelled as NodeBB and Lemmy insist.
pub fn digest_header(body: &[u8]) -> String {
    format!("SHA-256={}", STANDARD.encode(sha256(body)))
}

/// The value of a `Content-Digest` header: `sha-256=:…:`.
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(sha256(body)))
}

/// Checks a `Digest` header against the body: SHA-256 must be there, and every algorithm that we know must agree.
pub(super) fn check_digest(header: &str, body: &[u8]) -> Result<(), SignError> {
    let mut found = false;
    for part in header.split(',') {
        let (name, value) = part.trim().split_once('=').ok_or_else(|| SignError::malformed("digest"))?;
        // What an algorithm we do not know writes need not be base64.
        let known = Known::parse(name.trim());
        let value =
            known.map(|_| LENIENT.decode(value.trim())).transpose().map_err(|_| SignError::malformed("digest"))?;
        if let (Some(known), Some(value)) = (known, value) {
            found |= known.agrees(&value, body)?;
        }
    }
    if found { Ok(()) } else { Err(SignError::bad("no SHA-256 digest")) }
}

/// Checks a `Content-Digest` header likewise.
pub(super) fn check_content_digest(header: &str, body: &[u8]) -> Result<(), SignError> {
    let malformed = || SignError::malformed("content-digest");
    let mut found = false;
    for (name, value) in structured::dictionary_of_bytes(header).ok_or_else(malformed)? {
        if let Some(known) = Known::parse(&name) {
            found |= known.agrees(&value, body)?;
        }
    }
    if found { Ok(()) } else { Err(SignError::bad("no sha-256 content digest")) }
}

/// The algorithms that we compute.
#[derive(Clone, Copy)]
enum Known {
    Sha256,
    Sha512,
}

impl Known {
    fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "sha-256" => Some(Self::Sha256),
            "sha-512" => Some(Self::Sha512),
            _ => None,
        }
    }

    /// Whether this is SHA-256, which is needed; an error if the digest is of other bytes.
    fn agrees(self, value: &[u8], body: &[u8]) -> Result<bool, SignError> {
        let (algorithm, counts) = match self {
            Self::Sha256 => (&SHA256, true),
            Self::Sha512 => (&SHA512, false),
        };
        let equal = verify_slices_are_equal(digest(algorithm, body).as_ref(), value).is_ok();
        if equal { Ok(counts) } else { Err(SignError::bad("digest differs from the body")) }
    }
}
