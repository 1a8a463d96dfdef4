//! Every signed request that real servers sent each other verifies, with the clock set back to its `Date`.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use kring::base::Time;
use kring::federation::sign::{PublicKey, SignError};

use super::Request;
use crate::fixtures::exchanges;

fn request(exchange: &serde_json::Value) -> Request {
    let text = |name: &str| exchange[name].as_str().unwrap().to_owned();
    let mut headers = HeaderMap::new();
    for pair in exchange["request_headers"].as_array().unwrap() {
        let name: HeaderName = pair[0].as_str().unwrap().parse().unwrap();
        headers.append(name, HeaderValue::from_str(pair[1].as_str().unwrap()).unwrap());
    }
    Request {
        method: text("method"),
        target: text("target"),
        host: text("host"),
        scheme: "https".into(),
        headers,
        body: exchange["request_body_raw"].as_str().unwrap_or_default().as_bytes().to_vec(),
    }
}

/// Every `publicKeyPem` in the captures, by key id.
fn keys() -> BTreeMap<String, PublicKey> {
    fn collect(value: &serde_json::Value, keys: &mut BTreeMap<String, PublicKey>) {
        match value {
            serde_json::Value::Object(members) => {
                if let (Some(id), Some(pem)) = (value["id"].as_str(), value["publicKeyPem"].as_str()) {
                    keys.insert(id.to_owned(), PublicKey::from_pem(pem).unwrap());
                }
                members.values().for_each(|v| collect(v, keys));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|v| collect(v, keys)),
            _ => {}
        }
    }
    let mut keys = BTreeMap::new();
    for (_, exchange) in exchanges() {
        collect(&exchange["response_body"], &mut keys);
        collect(&exchange["request_body"], &mut keys);
    }
    keys
}

#[test]
fn d13_d14_d16_d17_d18_every_captured_signature_verifies() {
    let keys = keys();
    assert_eq!(keys.len(), 8);
    let mut verified = BTreeMap::new();
    for (path, exchange) in exchanges() {
        let mut request = request(&exchange);
        if !request.headers.contains_key("signature") {
            continue;
        }
        let now = Time::parse_http_date(&request.text("date")).unwrap();
        let parsed = kring::federation::sign::parse(&request.incoming()).unwrap();
        let key = &keys[&parsed.key_id];
        assert_eq!(request.verify(key, now), Ok(()), "{path}");
        *verified.entry(format!("{} {}", exchange["peer"].as_str().unwrap(), request.method)).or_insert(0) += 1;
        assert!(matches!(request.verify(key, now.plus(2 * Time::HOUR)), Err(SignError::Bad(_))), "{path}");
        request.body.push(b'\n');
        if request.method == "POST" {
            assert!(matches!(request.verify(key, now), Err(SignError::Bad(_))), "{path}");
        }
    }
    let total: i32 = verified.values().sum();
    assert!(total >= 100, "{verified:?}");
}
