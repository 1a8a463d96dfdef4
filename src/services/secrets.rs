//! How secrets are kept: links, cookies and tokens as hashes, compared in constant time.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What the database keeps of a secret of 256 bits: its SHA-256, base64url. No salt is needed for secrets that long.
pub fn token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()))
}

/// What the database keeps of a short code. `salt` is the id of its row; what protects it is that it lives for minutes.
pub fn code_hash(salt: i64, code: &str) -> String {
    token_hash(&format!("code:{salt}:{code}"))
}

/// The secret that forms of a session carry, so that no other site can send them.
pub fn csrf(session_token: &str) -> String {
    token_hash(&format!("csrf:{session_token}"))
}

/// Whether two secrets are the same, in a time that does not tell how much of them is.
pub fn same(a: &str, b: &str) -> bool {
    verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}

/// A short form of a text that only has to tell devices apart.
pub fn fingerprint(text: &str) -> String {
    token_hash(text).chars().take(12).collect()
}
