//! Each rule of INTEROP A.4.2 and A.5, once kept and once broken.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use kring::base::Time;
use kring::federation::sign::{Form, KeyPair, SignError, cavage, digest_header, parse, rfc9421};

use super::{Request, ed25519, rsa, rsa_public, signed_at};

const KEY_ID: &str = "https://peer.example/users/ann#main-key";
const BODY: &[u8] = b"{\"type\":\"Like\"}";

fn is_bad(outcome: Result<(), SignError>) -> bool {
    matches!(&outcome, Err(e @ SignError::Bad(_)) if e.status() == 401)
}

fn is_malformed(outcome: Result<(), SignError>) -> bool {
    matches!(&outcome, Err(e @ SignError::Malformed(_)) if e.status() == 400)
}

/// A POST signed by us, as a peer would.
fn post() -> Request {
    let request = Request::post("/inbox", BODY);
    let headers = cavage::sign(&rsa(), KEY_ID, "POST", &request.url(), Some(BODY), signed_at(), false).unwrap();
    request.with(headers)
}

fn message(request: Request) -> Request {
    let body = (request.method == "POST").then_some(&request.body[..]);
    let headers = rfc9421::sign(&rsa(), KEY_ID, &request.method, &request.url(), body, signed_at()).unwrap();
    request.with(headers)
}

/// Signs by hand: `lines` of the signing string and `before`, the parameters before the signature.
fn by_hand(mut request: Request, key: &KeyPair, before: &str, lines: &[&str]) -> Request {
    let signature = STANDARD.encode(key.sign(lines.join("\n").as_bytes()).unwrap());
    request.set("signature", &format!("keyId=\"{KEY_ID}\",{before},signature=\"{signature}\""));
    request
}

/// A POST with date and digest, not yet signed, and the lines for both.
fn unsigned() -> (Request, String, String) {
    let mut request = Request::post("/inbox", BODY);
    let (date, digest) = (signed_at().to_http_date(), digest_header(BODY));
    request.set("date", &date);
    request.set("digest", &digest);
    (request, format!("date: {date}"), format!("digest: {digest}"))
}

const TARGET: &str = "(request-target): post /inbox";
const HOST: &str = "host: kring.example";

#[test]
fn a_good_signature_verifies_and_another_key_does_not() {
    let request = post();
    assert_eq!(request.verify(&rsa_public(), signed_at()), Ok(()));
    let parsed = parse(&request.incoming()).unwrap();
    assert_eq!((parsed.key_id.as_str(), parsed.form), (KEY_ID, Form::Cavage));
    assert!(is_bad(request.verify(&ed25519().public().unwrap(), signed_at())));
    assert!(is_bad(request.verify(&KeyPair::generate_rsa().unwrap().public().unwrap(), signed_at())));
}

#[test]
fn no_signature_is_missing() {
    assert_eq!(Request::get("/x").verify(&rsa_public(), signed_at()), Err(SignError::Missing));
    assert_eq!(SignError::Missing.status(), 401);
}

#[test]
fn d16_query_is_signed_and_may_be_left_out_by_peers() {
    let request = Request::get("/people/ada/outbox?page=2");
    let sign = |url: &str| {
        let url = url.parse().unwrap();
        cavage::sign(&rsa(), KEY_ID, "GET", &url, None, signed_at(), false).unwrap()
    };
    let with = request.clone().with(sign("https://kring.example/people/ada/outbox?page=2"));
    assert_eq!(with.verify(&rsa_public(), signed_at()), Ok(()));
    let without = request.clone().with(sign("https://kring.example/people/ada/outbox"));
    assert_eq!(without.verify(&rsa_public(), signed_at()), Ok(()));
    let other = request.with(sign("https://kring.example/people/ada/outbox?page=3"));
    assert!(is_bad(other.verify(&rsa_public(), signed_at())));
}

#[test]
fn d17_hs2019_and_no_algorithm_verify_by_the_key() {
    let (request, date, digest) = unsigned();
    let lines = [TARGET, HOST, &date, &digest];
    for before in [
        "algorithm=\"hs2019\",headers=\"(request-target) host date digest\"",
        "headers=\"(request-target) host date digest\"",
    ] {
        let signed = by_hand(request.clone(), &rsa(), before, &lines);
        assert_eq!(signed.verify(&rsa_public(), signed_at()), Ok(()));
        let signed = by_hand(request.clone(), &ed25519(), before, &lines);
        assert_eq!(signed.verify(&ed25519().public().unwrap(), signed_at()), Ok(()));
    }
    let before = "algorithm=\"ed25519\",headers=\"(request-target) host date digest\"";
    let signed = by_hand(request.clone(), &ed25519(), before, &lines);
    assert_eq!(signed.verify(&ed25519().public().unwrap(), signed_at()), Ok(()));
    assert!(is_bad(by_hand(request.clone(), &rsa(), before, &lines).verify(&rsa_public(), signed_at())));
    let before = "algorithm=\"hmac-sha256\",headers=\"(request-target) host date digest\"";
    assert!(is_bad(by_hand(request, &rsa(), before, &lines).verify(&rsa_public(), signed_at())));
}

#[test]
fn d18_parameters_parse_unquoted_spaced_and_in_any_order() {
    let (mut request, _, digest) = unsigned();
    let created = signed_at().seconds();
    let text = format!("{digest}\n{HOST}\n(created): {created}\n{TARGET}");
    let signature = STANDARD.encode(rsa().sign(text.as_bytes()).unwrap());
    let header = format!(
        " headers=\"Digest host  (created) (request-target)\" ,  Created={created} , flavour = \"a \\\" b\" ,\
         signature=\"{signature}\",algorithm=hs2019 , keyId=\"{KEY_ID}\""
    );
    request.set("signature", header.trim());
    assert_eq!(request.verify(&rsa_public(), signed_at()), Ok(()));
    for broken in [
        "",
        "keyId",
        "keyId=\"x",
        "keyId=\"x\" signature=\"y\"",
        "keyId=\"x\"",
        "signature=\"eA==\"",
        "keyId=\"x\",signature=\"???\"",
        "keyId=\"x\",keyId=\"y\",signature=\"eA==\"",
        "keyId=\"x\",headers=\"\",signature=\"eA==\"",
        "keyId=\"\",signature=\"eA==\"",
        "keyId=\"x\",headers=\"(request-target) host date digest ho{st\",signature=\"eA==\"",
    ] {
        request.set("signature", broken);
        assert!(is_malformed(request.verify(&rsa_public(), signed_at())), "{broken}");
    }
}

#[test]
fn d19_created_with_rsa_sha256_is_refused() {
    let (request, _, digest) = unsigned();
    let made = format!("(created): {}", signed_at().seconds());
    let before = format!(
        "algorithm=\"rsa-sha256\",created={},headers=\"(request-target) host (created) digest\"",
        signed_at().seconds()
    );
    let signed = by_hand(request, &rsa(), &before, &[TARGET, HOST, &made, &digest]);
    assert!(is_bad(signed.verify(&rsa_public(), signed_at())));
}

#[test]
fn d20_the_window_of_a_date() {
    let request = post();
    let at = |minutes: i64| request.verify(&rsa_public(), signed_at().plus(minutes * Time::MINUTE));
    for fine in [-50, -60, 0, 30, 65] {
        assert_eq!(at(fine), Ok(()), "{fine} minutes");
    }
    for late in [-61, 66, 120, 24 * 60] {
        assert!(is_bad(at(late)), "{late} minutes");
    }
}

#[test]
fn d20_signed_expires_lengthens_to_twelve_hours_at_most_and_unsigned_only_shortens() {
    let (request, _, digest) = unsigned();
    let made = signed_at().seconds();
    let signed = |expires: i64, cover: bool| {
        let (created, ends) = (format!("(created): {made}"), format!("(expires): {expires}"));
        let mut lines = vec![TARGET, HOST, &created, &digest];
        let mut headers = "(request-target) host (created) digest".to_owned();
        if cover {
            lines.push(&ends);
            headers.push_str(" (expires)");
        }
        let before = format!("created={made},expires={expires},headers=\"{headers}\"");
        by_hand(request.clone(), &rsa(), &before, &lines)
    };
    let minutes = |n: i64| signed_at().plus(n * Time::MINUTE);
    let key = rsa_public();
    assert_eq!(signed(made + 6 * 3600, true).verify(&key, minutes(6 * 60 + 59)), Ok(()));
    assert!(is_bad(signed(made + 6 * 3600, true).verify(&key, minutes(7 * 60 + 1))));
    assert!(is_bad(signed(made + 48 * 3600, true).verify(&key, minutes(13 * 60 + 1))));
    assert!(is_bad(signed(made + 6 * 3600, false).verify(&key, minutes(66))));
    assert!(is_bad(signed(made + 10, false).verify(&key, minutes(62))));
    let mut bent = signed(made + 10, true);
    bent.set("signature", &bent.text("signature").replace(&format!("expires={}", made + 10), "expires=soon"));
    assert!(is_malformed(bent.verify(&key, signed_at())));
}

#[test]
fn an_unsigned_created_does_not_revive_an_old_signature() {
    let mut request = post();
    let later = signed_at().plus(Time::DAY);
    let header = request.text("signature").replace("rsa-sha256", "hs2019");
    request.set("signature", &format!("{header},created={}", later.seconds()));
    assert!(is_bad(request.verify(&rsa_public(), later)));
    assert_eq!(request.verify(&rsa_public(), signed_at()), Ok(()));
}

#[test]
fn d21_weak_signatures_are_refused() {
    let (request, date, digest) = unsigned();
    let all = [("(request-target)", TARGET), ("host", HOST), ("date", date.as_str()), ("digest", digest.as_str())];
    for left_out in 0..all.len() {
        let kept: Vec<_> = all.iter().enumerate().filter(|(i, _)| *i != left_out).map(|(_, pair)| *pair).collect();
        let names: Vec<&str> = kept.iter().map(|(name, _)| *name).collect();
        let lines: Vec<&str> = kept.iter().map(|(_, line)| *line).collect();
        let signed = by_hand(request.clone(), &rsa(), &format!("headers=\"{}\"", names.join(" ")), &lines);
        assert!(is_bad(signed.verify(&rsa_public(), signed_at())), "without {}", all[left_out].0);
    }
    let bare = by_hand(request.clone(), &rsa(), "algorithm=\"rsa-sha256\"", &[&date]);
    assert!(is_bad(bare.verify(&rsa_public(), signed_at())), "no headers parameter means date only");
    let mut gone = post();
    gone.headers.remove("digest");
    assert!(is_bad(gone.verify(&rsa_public(), signed_at())));
    let mut get = Request::get("/x");
    get.set("date", &signed_at().to_http_date());
    let lines = ["(request-target): get /x", date.as_str()];
    let get = by_hand(get, &rsa(), "headers=\"(request-target) date\"", &lines);
    assert!(is_bad(get.verify(&rsa_public(), signed_at())), "a GET must cover host");
}

#[test]
fn d22_a_changed_body_or_header_is_refused() {
    let request = post();
    let mut changed = request.clone();
    changed.body[3] ^= 1;
    assert!(is_bad(changed.verify(&rsa_public(), signed_at())));
    let mut changed = request.clone();
    changed.set("date", &signed_at().plus(Time::MINUTE).to_http_date());
    assert!(is_bad(changed.verify(&rsa_public(), signed_at())));
    let mut changed = request.clone();
    changed.host = "other.example".into();
    assert!(is_bad(changed.verify(&rsa_public(), signed_at())));
    let mut changed = request.clone();
    changed.target = "/people/ada/inbox".into();
    assert!(is_bad(changed.verify(&rsa_public(), signed_at())));
    let mut changed = request.clone();
    changed.body.push(b' ');
    changed.set("digest", &digest_header(&changed.body.clone()));
    assert!(is_bad(changed.verify(&rsa_public(), signed_at())));
    let mut changed = request;
    changed.set("date", "yesterday");
    assert!(is_malformed(changed.verify(&rsa_public(), signed_at())));
}

#[test]
fn digests_with_two_algorithms_must_agree_on_those_we_know() {
    let verify = |digest: &str| {
        let mut request = Request::post("/inbox", BODY);
        let date = signed_at().to_http_date();
        request.set("date", &date);
        request.set("digest", digest);
        let lines = [TARGET, HOST, &format!("date: {date}"), &format!("digest: {digest}")];
        by_hand(request, &rsa(), "headers=\"(request-target) host date digest\"", &lines)
            .verify(&rsa_public(), signed_at())
    };
    let good = digest_header(BODY);
    assert_eq!(verify(&good.to_lowercase().replace(&good[8..].to_lowercase(), &good[8..])), Ok(()));
    assert_eq!(verify(&format!("unixsum=30637,{good}")), Ok(()));
    assert!(is_bad(verify(&format!("{good},SHA-512=eA=="))));
    assert!(is_bad(verify(&format!("{good},SHA-256=eA=="))));
    assert!(is_bad(verify("MD5=eA==")));
    assert!(is_malformed(verify("nonsense")));
}

#[test]
fn doubled_headers_are_refused() {
    for name in ["host", "date", "digest", "signature"] {
        let mut request = post();
        request.set("host", "kring.example");
        let value = request.headers[name].clone();
        request.headers.append(name, value);
        assert!(is_malformed(request.verify(&rsa_public(), signed_at())), "{name}");
    }
}

#[test]
fn several_values_of_a_signed_header_are_joined() {
    let (mut request, date, digest) = unsigned();
    request.headers.append("accept", HeaderValue::from_static(" a "));
    request.headers.append("accept", HeaderValue::from_static("b"));
    let lines = [TARGET, HOST, &date, &digest, "accept: a, b"];
    let signed = by_hand(request, &rsa(), "headers=\"(request-target) host date digest accept\"", &lines);
    assert_eq!(signed.verify(&rsa_public(), signed_at()), Ok(()));
}

#[test]
fn d23_rfc9421_verifies_and_each_part_counts() {
    let request = message(Request::post("/inbox?a=b", BODY));
    assert_eq!(request.verify(&rsa_public(), signed_at()), Ok(()));
    assert_eq!(parse(&request.incoming()).unwrap().form, Form::Rfc9421);
    assert_eq!(message(Request::get("/people/ada")).verify(&rsa_public(), signed_at()), Ok(()));
    type Change = fn(&mut Request);
    let changes: [(&str, Change); 6] = [
        ("body", |r| r.body[2] ^= 1),
        ("query", |r| r.target = "/inbox".into()),
        ("host", |r| r.host = "other.example".into()),
        ("scheme", |r| r.scheme = "http".into()),
        ("method", |r| r.method = "PUT".into()),
        ("digest", |r| drop(r.headers.remove("content-digest"))),
    ];
    for (what, change) in changes {
        let mut changed = request.clone();
        change(&mut changed);
        assert!(is_bad(changed.verify(&rsa_public(), signed_at())), "{what}");
    }
    assert_eq!(request.verify(&rsa_public(), signed_at().plus(30 * Time::MINUTE)), Ok(()));
    assert!(is_bad(request.verify(&rsa_public(), signed_at().plus(2 * Time::HOUR))));
    assert!(is_bad(request.verify(&rsa_public(), signed_at().plus(-2 * Time::HOUR))));
    assert!(is_bad(request.verify(&ed25519().public().unwrap(), signed_at())));
}

/// Fedify fetches a key by its id, and signs that id with its fragment.
#[test]
fn d23_a_fragment_in_the_target_of_a_get_changes_nothing() {
    let sign = |method: &str, target: &str, body: Option<&[u8]>| {
        let plain: url::Url = format!("https://kring.example{target}").parse().unwrap();
        let headers = rfc9421::sign(&rsa(), KEY_ID, method, &plain, body, signed_at()).unwrap();
        let input = headers.iter().find(|(name, _)| name == "signature-input").unwrap().1.to_str().unwrap().to_owned();
        let mut lines = vec![format!("\"@method\": {method}"), format!("\"@target-uri\": {plain}#main-key")];
        let digest = headers.iter().find(|(name, _)| name == "content-digest");
        lines.extend(digest.map(|(_, value)| format!("\"content-digest\": {}", value.to_str().unwrap())));
        lines.push(format!("\"@signature-params\": {}", input.strip_prefix("sig1=").unwrap()));
        let signature = STANDARD.encode(rsa().sign(lines.join("\n").as_bytes()).unwrap());
        (headers, format!("sig1=:{signature}:"))
    };
    let (headers, signature) = sign("GET", "/people/ada", None);
    let mut get = Request::get("/people/ada").with(headers);
    get.set("signature", &signature);
    assert_eq!(get.verify(&rsa_public(), signed_at()), Ok(()));
    get.target = "/people/olga".to_owned();
    assert!(is_bad(get.verify(&rsa_public(), signed_at())));
    let (headers, signature) = sign("POST", "/inbox", Some(BODY));
    let mut post = Request::post("/inbox", BODY).with(headers);
    post.set("signature", &signature);
    assert!(is_bad(post.verify(&rsa_public(), signed_at())));
}

#[test]
fn rfc9421_refuses_what_the_profile_does_not_hold() {
    let good = message(Request::post("/inbox", BODY));
    let input = good.text("signature-input");
    let bad = [
        input.replace(" \"content-digest\"", ""),
        input.replace("\"@target-uri\" ", ""),
        input.replace("\"@method\" ", ""),
        input.replace("created=1795362000;", ""),
        input.replace("rsa-v1_5-sha256", "ed25519"),
        input.replace("\"@method\"", "\"@method\" \"@query-param\";name=\"x\""),
        input.replace("\"@method\"", "\"@method\" \"@status\""),
        input.replace("\"@method\"", "\"@method\" \"@method\""),
    ];
    for input in bad {
        let mut request = good.clone();
        request.set("signature-input", &input);
        assert!(is_bad(request.verify(&rsa_public(), signed_at())), "{input}");
    }
    let malformed = [
        String::new(),
        input.replace("sig1", "sig2"),
        input.replace("keyid", "key"),
        input.replace("created=1795362000", "created=\"now\""),
        input.replace('(', ""),
        format!("{input}, sig2=(\"@method\");created=1;keyid=\"x\""),
        format!("{input}, {input}"),
    ];
    for input in malformed {
        let mut request = good.clone();
        request.set("signature-input", &input);
        assert!(is_malformed(request.verify(&rsa_public(), signed_at())), "{input}");
    }
}

/// NodeBB tries both on one request; a draft signature beside a broken `Signature-Input` still counts.
#[test]
fn a_cavage_signature_beside_an_unreadable_signature_input_is_tried() {
    let mut request = post();
    request.set("signature-input", "sig1=nonsense");
    assert_eq!(request.verify(&rsa_public(), signed_at()), Ok(()));
}

#[test]
fn key_ids_that_would_break_out_of_the_header_are_refused() {
    let url = "https://kring.example/".parse().unwrap();
    assert!(cavage::sign(&rsa(), "a\",keyId=\"b", "GET", &url, None, signed_at(), false).is_err());
    assert!(rfc9421::sign(&rsa(), "a\nb", "GET", &url, None, signed_at()).is_err());
}
