//! Thousands of bent signature headers: none may panic, none may verify.

use http::HeaderValue;
use kring::federation::sign::{KeyPair, PublicKey, cavage, jcs, parse, proof, rfc9421};
use serde_json::json;

use super::{Dice, Request, ed25519, rsa, rsa_public, signed_at};

const BODY: &[u8] = b"{\"type\":\"Like\"}";
const KEY_ID: &str = "https://peer.example/users/ann#main-key";

fn signed(form: &str) -> Request {
    let request = Request::post("/inbox?page=1", BODY);
    let url = request.url();
    let headers = match form {
        "cavage" => cavage::sign(&rsa(), KEY_ID, "POST", &url, Some(BODY), signed_at(), false),
        _ => rfc9421::sign(&rsa(), KEY_ID, "POST", &url, Some(BODY), signed_at()),
    };
    request.with(headers.unwrap())
}

#[test]
fn bent_signature_headers_never_panic_nor_verify_for_other_content() {
    let key = rsa_public();
    let mut dice = Dice(1);
    for form in ["cavage", "rfc9421"] {
        let seed = signed(form);
        // What was signed is changed, so no bending of headers can make it right.
        let mut other = seed.clone();
        other.target = "/elsewhere".into();
        let names: Vec<_> = seed.headers.keys().cloned().collect();
        for _ in 0..3000 {
            let mut request = other.clone();
            for _ in 0..=dice.roll(2) {
                let name = &names[dice.roll(names.len())];
                let mut value = request.headers[name].as_bytes().to_vec();
                dice.mutate(&mut value);
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    request.headers.insert(name, value);
                }
            }
            assert!(request.verify(&key, signed_at()).is_err(), "{:?}", request.headers);
        }
    }
}

#[test]
fn bent_keys_never_panic() {
    let mut dice = Dice(2);
    let seeds = [
        include_str!("../../fixtures/keys/rsa.pub.pem"),
        include_str!("../../fixtures/keys/rsa.pkcs1.pem"),
        include_str!("../../fixtures/keys/ed25519.pub.pem"),
    ];
    for round in 0..2000 {
        let mut bytes = seeds[round % seeds.len()].as_bytes().to_vec();
        dice.mutate(&mut bytes);
        let text = String::from_utf8_lossy(&bytes);
        let _ = PublicKey::from_pem(&text);
        let _ = KeyPair::from_pkcs8_pem(&text);
        let mut multibase = ed25519().public_multibase().unwrap().into_bytes();
        dice.mutate(&mut multibase);
        let _ = PublicKey::from_multibase(&String::from_utf8_lossy(&multibase));
    }
}

#[test]
fn bent_documents_never_keep_their_proof() {
    let key = ed25519();
    let public = key.public().unwrap();
    let note = json!({"@context": ["https://www.w3.org/ns/activitystreams"], "id": "https://a.example/1", "type": "Note",
        "content": "Hello", "n": [1, 2.5, -3e-9, null, true]});
    let signed = proof::sign(note, &key, "https://a.example/u#k", signed_at()).unwrap();
    let bytes = serde_json::to_vec(&signed).unwrap();
    let mut dice = Dice(3);
    for _ in 0..3000 {
        let mut bent = bytes.clone();
        dice.mutate(&mut bent);
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(&bent) else { continue };
        let same = jcs::canonical(&value) == jcs::canonical(&signed);
        let verified = proof::verify(&value, &public, signed_at()).is_ok();
        // Members that are no part of what is signed (a second context value, a signature) may change.
        assert!(!verified || same || value["@context"] != signed["@context"], "{value}");
    }
}

#[test]
fn parsing_is_quick_on_long_input() {
    let mut request = signed("cavage");
    for letter in ["a", "\"", ",", "=", "(", ";", " "] {
        request.set("signature", letter.repeat(60_000).trim_end_matches(' '));
        assert!(parse(&request.incoming()).is_err());
        request.set("signature-input", letter.repeat(60_000).trim_end_matches(' '));
        assert!(parse(&request.incoming()).is_err());
        request.headers.remove("signature-input");
    }
    assert!(PublicKey::from_multibase(&format!("z{}", "2".repeat(1_000_000))).is_none());
}
