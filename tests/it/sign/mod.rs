//! Keys and signatures: INTEROP A.4, A.5, checklist 13–23.

mod captured;
mod golden;
mod mutations;
mod proofs;
mod rules;

use http::{HeaderMap, HeaderName, HeaderValue};
use kring::base::Time;
use kring::federation::sign::{Incoming, KeyPair, PublicKey, SignError, parse, verify};

/// The moment that the test requests were signed: Sun, 22 Nov 2026 15:40:00 GMT.
pub fn signed_at() -> Time {
    Time::from_micros(1_795_362_000 * Time::SECOND)
}

pub fn rsa() -> KeyPair {
    KeyPair::from_pkcs8_pem(include_str!("../../fixtures/keys/rsa.pem")).unwrap()
}

pub fn rsa_public() -> PublicKey {
    PublicKey::from_pem(include_str!("../../fixtures/keys/rsa.pub.pem")).unwrap()
}

pub fn ed25519() -> KeyPair {
    KeyPair::from_pkcs8_pem(include_str!("../../fixtures/keys/ed25519.pem")).unwrap()
}

/// A request that owns its parts, so that tests can bend them.
#[derive(Clone)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub host: String,
    pub scheme: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Request {
    pub fn post(target: &str, body: &[u8]) -> Self {
        Self {
            method: "POST".into(),
            target: target.into(),
            host: "kring.example".into(),
            scheme: "https".into(),
            headers: HeaderMap::new(),
            body: body.to_vec(),
        }
    }

    pub fn get(target: &str) -> Self {
        Self { method: "GET".into(), ..Self::post(target, b"") }
    }

    pub fn with(mut self, headers: Vec<(HeaderName, HeaderValue)>) -> Self {
        self.headers.extend(headers);
        self
    }

    pub fn set(&mut self, name: &'static str, value: &str) {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }

    pub fn text(&self, name: &str) -> String {
        self.headers[name].to_str().unwrap().to_owned()
    }

    pub fn url(&self) -> url::Url {
        format!("{}://{}{}", self.scheme, self.host, self.target).parse().unwrap()
    }

    pub fn incoming(&self) -> Incoming<'_> {
        Incoming {
            method: &self.method,
            path_and_query: &self.target,
            host: &self.host,
            scheme: &self.scheme,
            headers: &self.headers,
            body: &self.body,
        }
    }

    pub fn verify(&self, key: &PublicKey, now: Time) -> Result<(), SignError> {
        let incoming = self.incoming();
        verify(&parse(&incoming)?, &incoming, key, now)
    }
}

/// Bytes that look random and are the same on every run (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % sides as u64).unwrap()
    }

    /// Changes, drops, doubles or swaps a few bytes.
    pub fn mutate(&mut self, bytes: &mut Vec<u8>) {
        const SPICE: &[u8] = b"\"\\,;=:(){}[]?/ \t\n-0129aZ\x00\x7f\xff";
        for _ in 0..=self.roll(4) {
            if bytes.is_empty() {
                bytes.push(b'x');
            }
            let at = self.roll(bytes.len());
            match self.roll(5) {
                0 => bytes[at] = SPICE[self.roll(SPICE.len())],
                1 => bytes.insert(at, SPICE[self.roll(SPICE.len())]),
                2 => drop(bytes.remove(at)),
                3 => bytes.truncate(at),
                _ => {
                    let end = (at + self.roll(24)).min(bytes.len());
                    let piece = bytes[at..end].to_vec();
                    let to = self.roll(bytes.len());
                    bytes.splice(to..to, piece);
                }
            }
        }
    }
}
