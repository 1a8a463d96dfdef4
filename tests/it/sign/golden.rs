//! Vectors made by others: OpenSSL for draft-cavage, the RFCs and FEPs for the rest.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderName, HeaderValue};
use kring::federation::sign::{KeyPair, PublicKey, cavage, content_digest, digest_header, rfc9421};

use super::{Request, ed25519, rsa, rsa_public, signed_at};

const BODY: &[u8] = include_bytes!("../../fixtures/keys/body.json");
const KEY_ID: &str = "https://kring.example/people/ada#main-key";

fn vector(name: &str) -> String {
    let all = include_str!("../../fixtures/keys/vectors.txt");
    let line = all.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no vector {name}")).to_owned()
}

fn header<'a>(headers: &'a [(HeaderName, HeaderValue)], name: &str) -> &'a str {
    headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.to_str().unwrap()).unwrap()
}

#[test]
fn d13_post_covers_target_host_date_digest_as_openssl_signs_it() {
    let url = "https://mastodon.example/inbox?x=1#f".parse().unwrap();
    let headers = cavage::sign(&rsa(), KEY_ID, "POST", &url, Some(BODY), signed_at(), false).unwrap();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["date", "digest", "signature"]);
    assert_eq!(header(&headers, "date"), "Sun, 22 Nov 2026 15:40:00 GMT");
    let expected = format!(
        "keyId=\"{KEY_ID}\",algorithm=\"rsa-sha256\",headers=\"(request-target) host date digest\",signature=\"{}\"",
        vector("cavage_post")
    );
    assert_eq!(header(&headers, "signature"), expected);
}

#[test]
fn d13_get_covers_target_host_date_and_digest_only_on_wish() {
    let url = "https://mastodon.example:8443/actor".parse().unwrap();
    let headers = cavage::sign(&rsa(), KEY_ID, "GET", &url, None, signed_at(), false).unwrap();
    let expected = format!(
        "keyId=\"{KEY_ID}\",algorithm=\"rsa-sha256\",headers=\"(request-target) host date\",signature=\"{}\"",
        vector("cavage_get")
    );
    assert_eq!(header(&headers, "signature"), expected);
    assert_eq!(headers.len(), 2);
    let headers = cavage::sign(&rsa(), KEY_ID, "GET", &url, None, signed_at(), true).unwrap();
    assert_eq!(header(&headers, "digest"), "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    assert!(header(&headers, "signature").contains("headers=\"(request-target) host date digest\""));
}

#[test]
fn d14_digest_is_sha256_of_sent_bytes() {
    assert_eq!(digest_header(BODY), format!("SHA-256={}", vector("digest")));
    // RFC 9530 appendix B.
    assert_eq!(content_digest(b"{\"hello\": \"world\"}\n"), "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:");
    assert_eq!(content_digest(b""), "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
}

#[test]
fn d19_created_is_never_sent_with_rsa_sha256() {
    let url = "https://mastodon.example/inbox".parse().unwrap();
    let headers = cavage::sign(&rsa(), KEY_ID, "POST", &url, Some(BODY), signed_at(), false).unwrap();
    assert!(!header(&headers, "signature").contains("created"));
}

#[test]
fn d23_rfc9421_post_is_what_openssl_signs() {
    let url = "https://mastodon.example/inbox?x=1".parse().unwrap();
    let headers = rfc9421::sign(&rsa(), KEY_ID, "POST", &url, Some(BODY), signed_at()).unwrap();
    assert_eq!(header(&headers, "content-digest"), format!("sha-256=:{}:", vector("digest")));
    let input = format!(
        "sig1=(\"@method\" \"@target-uri\" \"content-digest\");created=1795362000;keyid=\"{KEY_ID}\";alg=\"rsa-v1_5-sha256\""
    );
    assert_eq!(header(&headers, "signature-input"), input);
    assert_eq!(header(&headers, "signature"), format!("sig1=:{}:", vector("rfc9421_post")));
    let mut request = Request::post("/inbox?x=1", BODY).with(headers);
    request.host = "mastodon.example".into();
    assert_eq!(request.verify(&rsa_public(), signed_at()), Ok(()));
}

/// RFC 9421 appendix B.2.6 with the key of B.1.4.
#[test]
fn rfc9421_appendix_b_2_6() {
    let seed: [u8; 32] =
        URL_SAFE_NO_PAD.decode("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU").unwrap().try_into().unwrap();
    let key = KeyPair::ed25519_from_seed(&seed).unwrap();
    let public = URL_SAFE_NO_PAD.decode("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs").unwrap();
    let mut request = Request::post("/foo?param=Value&Pet=dog", b"{\"hello\": \"world\"}");
    request.host = "example.com".into();
    request.set("date", "Tue, 20 Apr 2021 02:07:55 GMT");
    request.set("content-type", "application/json");
    request.set("content-length", "18");
    let input = "(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")\
                 ;created=1618884473;keyid=\"test-key-ed25519\"";
    let base = rfc9421::signature_base_of(input, &request.incoming()).unwrap();
    let expected = "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@method\": POST\n\"@path\": /foo\n\
        \"@authority\": example.com\n\"content-type\": application/json\n\"content-length\": 18\n\
        \"@signature-params\": (\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")\
        ;created=1618884473;keyid=\"test-key-ed25519\"";
    assert_eq!(base, expected);
    let signature = STANDARD.encode(key.sign(base.as_bytes()).unwrap());
    assert_eq!(signature, "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==");
    let multibase = key.public_multibase().unwrap();
    assert_eq!(PublicKey::from_multibase(&multibase).unwrap().to_pem().unwrap(), key.public_pem().unwrap());
    assert!(key.public_pem().unwrap().contains(&STANDARD.encode(public)[4..40]));
}

#[test]
fn d25_keys_of_all_shapes_load() {
    let spki = rsa_public();
    let pkcs1 = PublicKey::from_pem(include_str!("../../fixtures/keys/rsa.pkcs1.pem")).unwrap();
    assert_eq!(pkcs1.to_pem().unwrap(), spki.to_pem().unwrap());
    assert_eq!(rsa().public_pem().unwrap(), include_str!("../../fixtures/keys/rsa.pub.pem"));
    let ed = PublicKey::from_pem(include_str!("../../fixtures/keys/ed25519.pub.pem")).unwrap();
    assert!(ed.is_ed25519() && !spki.is_ed25519());
    assert_eq!(ed25519().public_pem().unwrap(), include_str!("../../fixtures/keys/ed25519.pub.pem"));
    let crlf = include_str!("../../fixtures/keys/rsa.pub.pem").replace('\n', "\r\n");
    assert!(PublicKey::from_pem(&crlf).is_some());
    let one_line = include_str!("../../fixtures/keys/rsa.pub.pem").replace('\n', " ");
    assert!(PublicKey::from_pem(&one_line).is_some());
    for broken in
        ["", "-----BEGIN PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----\n!!\n-----END PUBLIC KEY-----", "\u{fe}"]
    {
        assert!(PublicKey::from_pem(broken).is_none(), "{broken}");
    }
    let small = include_str!("../../fixtures/keys/small.pub.pem");
    assert!(PublicKey::from_pem(small).is_none(), "1024 bits are too few");
    for broken in ["", "z", "m6Mk", "z6Mk0", "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ"] {
        assert!(PublicKey::from_multibase(broken).is_none(), "{broken}");
    }
}

#[test]
fn private_keys_survive_storage_and_stay_out_of_debug() {
    for pair in [rsa(), ed25519(), KeyPair::generate_ed25519().unwrap(), KeyPair::generate_rsa().unwrap()] {
        let der = pair.to_pkcs8_der().unwrap();
        let again = KeyPair::from_pkcs8_der(&der).unwrap();
        assert_eq!(again.public_pem().unwrap(), pair.public_pem().unwrap());
        let again = KeyPair::from_pkcs8_pem(&pair.to_pkcs8_pem().unwrap()).unwrap();
        assert_eq!(again.sign(b"x").unwrap(), pair.sign(b"x").unwrap());
        assert!(format!("{pair:?}").ends_with("(..)"));
    }
    assert!(KeyPair::from_pkcs8_pem("nonsense").is_err());
    assert!(KeyPair::from_pkcs8_der(b"nonsense").is_err());
}

#[test]
fn hs2019_may_mean_sha512() {
    let mut request = Request::post("/inbox?x=1", BODY);
    request.host = "mastodon.example".into();
    request.set("date", "Sun, 22 Nov 2026 15:40:00 GMT");
    request.set("digest", &digest_header(BODY));
    for algorithm in ["algorithm=\"hs2019\",", "algorithm=\"rsa-sha512\",", ""] {
        let header = format!(
            "keyId=\"{KEY_ID}\",{algorithm}headers=\"(request-target) host date digest\",signature=\"{}\"",
            vector("cavage_post_sha512")
        );
        request.set("signature", &header);
        assert_eq!(request.verify(&rsa_public(), signed_at()), Ok(()), "{algorithm}");
    }
}
