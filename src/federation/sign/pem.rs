//! PEM (RFC 7468), read leniently as peers write it, written strictly.

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig as Config};

/// Standard base64 that does not insist on padding, for what peers send.
pub const LENIENT: GeneralPurpose = GeneralPurpose::new(&ALPHABET, LENIENT_CONFIG);
const LENIENT_CONFIG: GeneralPurposeConfig =
    Config::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true);

/// The label and the bytes of the first block. Whitespace anywhere, literal `\n` and missing line breaks are forgiven.
pub fn decode(text: &str) -> Option<(String, Vec<u8>)> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let body: String = body.replace("\\n", "").split_whitespace().collect();
    Some((label.to_owned(), LENIENT.decode(body).ok()?))
}

/// A block with lines of 64 characters.
pub fn encode(label: &str, bytes: &[u8]) -> String {
    let body = STANDARD.encode(bytes);
    let mut out = format!("-----BEGIN {label}-----\n");
    for line in body.as_bytes().chunks(64) {
        out.extend(line.iter().map(|b| char::from(*b)));
        out.push('\n');
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}
