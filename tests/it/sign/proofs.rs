//! FEP-8b32 proofs and RFC 8785.

use kring::base::Time;
use kring::federation::sign::{KeyPair, PublicKey, SignError, jcs, proof};
use serde_json::{Value, json};

use super::{ed25519, rsa, signed_at};

/// The FEP's own test vector (CC0): its secret key is `z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq`.
const SECRET: &str = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq";
const PUBLIC: &str = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";
const PROOF: &str = "z42ffGu6AUKPCFcFPiabmUvnGLPJzC7e4DGWC52NUasSSH37UMa9c58tdgVszUcZfytxa4fQ5TYHaJENCxUDe9SdL";

fn document() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2"],
        "id": "https://server.example/activities/1",
        "type": "Create",
        "actor": "https://server.example/users/alice",
        "object": {
            "id": "https://server.example/objects/1",
            "type": "Note",
            "attributedTo": "https://server.example/users/alice",
            "content": "Hello world",
            "location": {"type": "Place", "longitude": -71.184902, "latitude": 25.273962}
        }
    })
}

fn key() -> KeyPair {
    // Multicodec 0x1300 stands before the 32 bytes; base58 by long division, as a check on our own.
    let mut bytes = [0u8; 34];
    for letter in SECRET.bytes().skip(1) {
        let digits = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
        let mut carry = digits.iter().position(|d| *d == letter).unwrap();
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
    }
    assert_eq!(bytes[..2], [0x80, 0x26]);
    KeyPair::ed25519_from_seed(bytes[2..].try_into().unwrap()).unwrap()
}

#[test]
fn fep_8b32_vector_signs_and_verifies() {
    let made = Time::parse_rfc3339("2023-02-24T23:36:38Z").unwrap();
    assert_eq!(key().public_multibase().unwrap(), PUBLIC);
    let signed = proof::sign(document(), &key(), "https://server.example/users/alice#ed25519-key", made).unwrap();
    assert_eq!(signed["proof"]["proofValue"], PROOF);
    let claim = proof::find(&signed).unwrap();
    assert_eq!(claim.verification_method, "https://server.example/users/alice#ed25519-key");
    assert_eq!((claim.created, claim.expires), (Some(made), None));
    let public = PublicKey::from_multibase(PUBLIC).unwrap();
    assert_eq!(proof::verify(&signed, &public, signed_at()), Ok(()));
    // Order and spacing do not matter, content does.
    let text = serde_json::to_string_pretty(&signed).unwrap();
    assert_eq!(proof::verify(&serde_json::from_str(&text).unwrap(), &public, signed_at()), Ok(()));
    let mut changed = signed.clone();
    changed["object"]["content"] = json!("Hello, world");
    assert!(matches!(proof::verify(&changed, &public, signed_at()), Err(SignError::Bad(_))));
    let mut changed = signed.clone();
    changed["signature"] = json!({"type": "RsaSignature2017"});
    assert_eq!(proof::verify(&changed, &public, signed_at()), Ok(()), "a Linked Data signature comes after the proof");
    assert!(proof::verify(&signed, &ed25519().public().unwrap(), signed_at()).is_err());
    assert!(proof::verify(&signed, &rsa().public().unwrap(), signed_at()).is_err());
}

#[test]
fn proofs_of_another_time_purpose_or_kind_do_not_hold() {
    let key = ed25519();
    let public = key.public().unwrap();
    let signed = proof::sign(document(), &key, "https://a.example/u#k", signed_at()).unwrap();
    let verify = |change: fn(&mut Value)| {
        let mut changed = signed.clone();
        change(&mut changed);
        proof::verify(&changed, &public, signed_at())
    };
    assert_eq!(verify(|_| {}), Ok(()));
    assert_eq!(proof::verify(&signed, &public, signed_at().plus(400 * Time::DAY)), Ok(()), "proofs do not age");
    assert!(matches!(proof::verify(&signed, &public, signed_at().plus(-Time::DAY)), Err(SignError::Bad(_))));
    assert_eq!(verify(|d| drop(d.as_object_mut().unwrap().remove("proof"))), Err(SignError::Missing));
    assert_eq!(verify(|d| d["proof"]["type"] = json!("Ed25519Signature2020")), Err(SignError::Missing));
    assert_eq!(verify(|d| d["proof"]["cryptosuite"] = json!("eddsa-rdfc-2022")), Err(SignError::Missing));
    assert!(matches!(verify(|d| d["proof"]["proofPurpose"] = json!("authentication")), Err(SignError::Bad(_))));
    assert!(matches!(verify(|d| d["proof"]["expires"] = json!("2020-01-01T00:00:00Z")), Err(SignError::Bad(_))));
    assert!(matches!(verify(|d| d["proof"]["created"] = json!(7)), Err(SignError::Malformed(_))));
    assert!(matches!(verify(|d| d["proof"]["proofValue"] = json!("u88")), Err(SignError::Malformed(_))));
    assert!(matches!(verify(|d| d["@context"] = json!("https://other.example/")), Err(SignError::Bad(_))));
    let one = |d: &mut Value| d["proof"] = json!([{"type": "Other"}, d["proof"].take()]);
    assert_eq!(verify(one), Ok(()), "one of several proofs");
    let mut without = document();
    without.as_object_mut().unwrap().remove("@context");
    let signed = proof::sign(without, &key, "https://a.example/u#k", signed_at()).unwrap();
    assert_eq!(proof::verify(&signed, &public, signed_at()), Ok(()));
    assert!(proof::sign(json!([1]), &key, "k", signed_at()).is_err());
    assert!(proof::sign(document(), &rsa(), "k", signed_at()).is_err());
}

/// RFC 8785 §3.2.2 and §3.2.3, and numbers of its appendix B.
#[test]
fn jcs_writes_as_rfc_8785() {
    let value: Value = serde_json::from_str(
        r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
            "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#,
    )
    .unwrap();
    let expected = "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
                    \"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
    assert_eq!(jcs::canonical(&value), expected);
    let sorted: Value =
        serde_json::from_str(r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#).unwrap();
    let order: Vec<u32> = jcs::canonical(&sorted).chars().filter_map(|c| c.to_digit(10)).collect();
    assert_eq!(order, [2, 1, 4, 6, 7, 1, 5, 3]);
    let numbers: [(f64, &str); 14] = [
        (0.0, "0"),
        (-0.0, "0"),
        (f64::from_bits(1), "5e-324"),
        (f64::MAX, "1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"),
        (1e21, "1e+21"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (-1.5e-9, "-1.5e-9"),
        (333333333.33333325, "333333333.33333325"),
        (-71.184902, "-71.184902"),
        (100.0, "100"),
    ];
    for (number, text) in numbers {
        assert_eq!(jcs::canonical(&json!(number)), text);
    }
    assert_eq!(jcs::canonical(&json!(9007199254740993u64)), "9007199254740992", "every number is a double");
    assert_eq!(jcs::canonical(&json!(-12)), "-12");
}
