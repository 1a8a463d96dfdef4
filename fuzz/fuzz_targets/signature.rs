//! The headers of a signed request, and keys: whatever comes in, nothing panics and nothing verifies.
#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue};
use kring::base::Time;
use kring::federation::sign::{Incoming, KeyPair, PublicKey, parse, verify};
use libfuzzer_sys::fuzz_target;

const BODY: &[u8] = b"{\"type\":\"Like\"}";
const KEY: &str = include_str!("../../tests/fixtures/keys/rsa.pub.pem");

fuzz_target!(|text: &str| {
    let mut headers = HeaderMap::new();
    for line in text.lines().take(20) {
        let Some((name, value)) = line.split_once(": ") else { continue };
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
    let request = Incoming {
        method: "POST",
        path_and_query: "/inbox?page=1",
        host: "kring.example",
        scheme: "https",
        headers: &headers,
        body: BODY,
    };
    let key = PublicKey::from_pem(KEY).unwrap();
    if let Ok(parsed) = parse(&request) {
        assert!(verify(&parsed, &request, &key, Time::from_micros(1_790_000_000_000_000)).is_err());
    }
    let _ = PublicKey::from_pem(text);
    let _ = KeyPair::from_pkcs8_pem(text);
    let _ = PublicKey::from_multibase(text);
});
