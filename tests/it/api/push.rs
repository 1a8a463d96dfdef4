//! Push messages, with a receiver of our own that decrypts them as RFC 8291 says and checks who sends (RFC 8292).

use std::sync::{Arc, Mutex};

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey as Verifier};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Phone;
use crate::support::{both, on_sqlite};

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand(prk: &Prk, info: &[u8], length: usize) -> Vec<u8> {
    let mut out = vec![0; length];
    prk.expand(&[info], Length(length)).unwrap().fill(&mut out).unwrap();
    out
}

fn open(key: &[u8], nonce: &[u8], sealed: &[u8]) -> Vec<u8> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key).unwrap());
    let mut bytes = sealed.to_vec();
    key.open_in_place(Nonce::try_assume_unique_for_key(nonce).unwrap(), Aad::empty(), &mut bytes).unwrap().to_vec()
}

/// A browser's side of a subscription.
struct Device {
    private: PrivateKey,
    public: Vec<u8>,
    auth: [u8; 16],
}

impl Device {
    fn new() -> Self {
        let private = PrivateKey::generate(&ECDH_P256).unwrap();
        let public = private.compute_public_key().unwrap().as_ref().to_vec();
        Self { private, public, auth: *b"sixteen bytes ok" }
    }

    fn shared(&self, theirs: &[u8]) -> Vec<u8> {
        agree(&self.private, UnparsedPublicKey::new(&ECDH_P256, theirs), (), |secret| Ok(secret.to_vec())).unwrap()
    }

    /// RFC 8291 §3.4 and RFC 8188.
    fn decrypt(&self, body: &[u8]) -> Value {
        let (salt, rest) = body.split_at(16);
        assert_eq!(&rest[..4], 4096_u32.to_be_bytes());
        let length = usize::from(rest[4]);
        let (theirs, sealed) = rest[5..].split_at(length);
        let info = [b"WebPush: info\0", self.public.as_slice(), theirs].concat();
        let material = expand(&Salt::new(HKDF_SHA256, &self.auth).extract(&self.shared(theirs)), &info, 32);
        let prk = Salt::new(HKDF_SHA256, salt).extract(&material);
        let (key, nonce) =
            (expand(&prk, b"Content-Encoding: aes128gcm\0", 16), expand(&prk, b"Content-Encoding: nonce\0", 12));
        let plain = open(&key, &nonce, sealed);
        let (end, text) = plain.split_last().unwrap();
        assert_eq!(*end, 2, "the last record");
        serde_json::from_slice(text).unwrap()
    }

    /// Draft 4 of it, as older apps do.
    fn decrypt_draft(&self, headers: &HeaderMap, body: &[u8]) -> Value {
        let part = |header: &str, name: &str| {
            let value = headers[header].to_str().unwrap().to_owned();
            let found = value.split(';').find_map(|part| part.trim().strip_prefix(name).map(str::to_owned));
            URL_SAFE_NO_PAD.decode(found.unwrap()).unwrap()
        };
        let (salt, theirs) = (part("encryption", "salt="), part("crypto-key", "dh="));
        let auth = Salt::new(HKDF_SHA256, &self.auth).extract(&self.shared(&theirs));
        let material = expand(&auth, b"Content-Encoding: auth\0", 32);
        let context = [b"P-256\0\0\x41".as_slice(), &self.public, &[0, 65], &theirs].concat();
        let prk = Salt::new(HKDF_SHA256, &salt).extract(&material);
        let key = expand(&prk, &[b"Content-Encoding: aesgcm\0".as_slice(), &context].concat(), 16);
        let nonce = expand(&prk, &[b"Content-Encoding: nonce\0".as_slice(), &context].concat(), 12);
        serde_json::from_slice(&open(&key, &nonce, body)[2..]).unwrap()
    }
}

type Heard = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A push service: keeps what comes; says 410 where the device is gone.
async fn service() -> (String, Heard) {
    let heard = Heard::default();
    let kept = heard.clone();
    let take = move |headers: HeaderMap, body: Bytes| async move {
        kept.lock().unwrap().push((headers, body));
        StatusCode::CREATED
    };
    let router = Router::new().route("/send", post(take)).route("/gone", post(|| async { StatusCode::GONE }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (origin, heard)
}

fn subscription(device: &Device, endpoint: &str, standard: bool) -> Value {
    let keys = json!({ "p256dh": URL_SAFE_NO_PAD.encode(&device.public), "auth": URL_SAFE_NO_PAD.encode(device.auth) });
    json!({
        "subscription": { "endpoint": endpoint, "standard": standard, "keys": keys },
        "data": { "policy": "all", "alerts": { "mention": true, "favourite": false } },
    })
}

/// That a request was signed by the key the instance told apps, for this push service, and not for long.
fn check_sender(authorization: &str, origin: &str, server_key: &str) {
    let (token, key) = authorization.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
    assert_eq!(key, server_key);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let verifier = Verifier::new(&ECDSA_P256_SHA256_FIXED, URL_SAFE_NO_PAD.decode(key).unwrap());
    verifier.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap()).unwrap();
    assert_eq!(claims["aud"], origin);
    let left = claims["exp"].as_i64().unwrap() - jiff::Timestamp::now().as_second();
    assert!((0..=86_400).contains(&left), "{left}");
}

#[test]
fn a_notice_reaches_a_device_that_alone_can_read_it() {
    both(async |app| {
        let (wim, olga) = (app.person("Wim").await, app.person("Olga").await);
        let (phone, olgas) = (Phone::of(&app, &wim).await, Phone::of(&app, &olga).await);
        let (origin, heard) = service().await;
        let device = Device::new();
        phone.get("/api/v1/push/subscription").await.status(404);
        phone.post("/api/v1/push/subscription", subscription(&device, "nonsense", true)).await.status(422);
        let endpoint = format!("{origin}/send");
        let made = Phone::read(phone.post("/api/v1/push/subscription", subscription(&device, &endpoint, true)).await);
        assert_eq!((&made["alerts"]["mention"], &made["alerts"]["favourite"]), (&json!(true), &json!(false)));
        let instance = Phone::read(phone.get("/api/v2/instance").await);
        assert_eq!(made["server_key"], instance["configuration"]["vapid"]["public_key"]);
        let said = Phone::read(olgas.post("/api/v1/statuses", json!({ "status": "Dag @wim, thee?" })).await);
        let own = Phone::read(phone.post("/api/v1/statuses", json!({ "status": "Stil" })).await);
        let thanks = format!("/api/v1/statuses/{}/favourite", own["id"].as_str().unwrap());
        Phone::read(olgas.post(&thanks, json!({})).await);
        app.settle().await;
        let (headers, body) = heard.lock().unwrap()[0].clone();
        assert_eq!(heard.lock().unwrap().len(), 1, "thanks are not wanted");
        assert_eq!(headers["content-encoding"], "aes128gcm");
        assert!(headers.contains_key("ttl"));
        check_sender(headers["authorization"].to_str().unwrap(), &origin, made["server_key"].as_str().unwrap());
        let told = device.decrypt(&body);
        assert_eq!((&told["notification_type"], &told["access_token"]), (&json!("mention"), &json!(phone.token())));
        assert!(told["title"].as_str().unwrap().starts_with("Olga "), "{told}");
        assert!(told["body"].as_str().unwrap().contains("thee?"));
        let notice = phone.get(&format!("/api/v1/notifications/{}", told["notification_id"].as_str().unwrap())).await;
        assert_eq!(Phone::read(notice)["status"]["id"], said["id"]);
        // An older app.
        Phone::read(phone.post("/api/v1/push/subscription", subscription(&device, &endpoint, false)).await);
        Phone::read(olgas.post("/api/v1/statuses", json!({ "status": "Of koffie, @wim?" })).await);
        app.settle().await;
        let (headers, body) = heard.lock().unwrap()[1].clone();
        assert_eq!(headers["content-encoding"], "aesgcm");
        assert!(device.decrypt_draft(&headers, &body)["body"].as_str().unwrap().contains("koffie"));
        // A device that is gone is forgotten.
        let gone = format!("{origin}/gone");
        Phone::read(phone.post("/api/v1/push/subscription", subscription(&device, &gone, true)).await);
        Phone::read(olgas.post("/api/v1/statuses", json!({ "status": "@wim?" })).await);
        app.settle().await;
        phone.get("/api/v1/push/subscription").await.status(404);
    });
}

#[test]
fn d113_a_subscription_may_be_a_form() {
    on_sqlite(async |app| {
        let wim = app.person("Wim").await;
        let phone = Phone::of(&app, &wim).await;
        let device = Device::new();
        let (public, auth) = (URL_SAFE_NO_PAD.encode(&device.public), URL_SAFE_NO_PAD.encode(device.auth));
        let form = format!(
            "subscription[endpoint]=https%3A%2F%2Fpush.example%2Fx&subscription[keys][p256dh]={public}\
             &subscription[keys][auth]={auth}&data[alerts][mention]=true&data[alerts][favourite]=0&data[policy]=followed"
        );
        let kind = "application/x-www-form-urlencoded";
        let made = phone.send(reqwest::Method::POST, "/api/v1/push/subscription", kind, &form, &[]).await;
        let made = Phone::read(made);
        assert_eq!((&made["alerts"]["mention"], &made["alerts"]["favourite"]), (&json!(true), &json!(false)));
        assert_eq!((&made["endpoint"], &made["policy"]), (&json!("https://push.example/x"), &json!("followed")));
    });
}

#[test]
fn a_subscription_goes_with_its_token_and_keeps_to_its_policy() {
    both(async |app| {
        let (wim, olga) = (app.person("Wim").await, app.person("Olga").await);
        let (phone, olgas) = (Phone::of(&app, &wim).await, Phone::of(&app, &olga).await);
        let (origin, heard) = service().await;
        let device = Device::new();
        let endpoint = format!("{origin}/send");
        Phone::read(phone.post("/api/v1/push/subscription", subscription(&device, &endpoint, true)).await);
        let body = json!({ "data": { "policy": "followed", "alerts": { "mention": true } } }).to_string();
        let changed =
            phone.send(reqwest::Method::PUT, "/api/v1/push/subscription", "application/json", &body, &[]).await;
        assert_eq!(Phone::read(changed)["policy"], "followed");
        Phone::read(olgas.post("/api/v1/statuses", json!({ "status": "Dag @wim" })).await);
        app.settle().await;
        assert!(heard.lock().unwrap().is_empty(), "Olga is not followed");
        let other = Phone::of(&app, &wim).await;
        other.get("/api/v1/push/subscription").await.status(404);
        Phone::with(&app, &wim, "read write").await.get("/api/v1/push/subscription").await.status(403);
        Phone::read(phone.send(reqwest::Method::DELETE, "/api/v1/push/subscription", "", "", &[]).await);
        phone.get("/api/v1/push/subscription").await.status(404);
    });
}
