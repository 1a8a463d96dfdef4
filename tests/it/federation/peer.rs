//! A peer of another make: real keys, real HTTP, scripted answers.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use kring::base::{Clock, Time};
use kring::federation::sign::{KeyPair, cavage, rfc9421};
use kring::net::{Client, Options, Post};
use serde_json::{Value, json};
use url::Url;

use super::support::until;

/// Something a peer was asked or sent.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
    }
}

#[derive(Default)]
struct Inner {
    documents: HashMap<String, (u16, String, Bytes)>,
    /// What POSTs to a path are answered with.
    posted: HashMap<String, (u16, String, Bytes)>,
    seen: Vec<Seen>,
    answers: VecDeque<(u16, Vec<(&'static str, String)>)>,
    /// POSTs are answered no sooner than this turns true.
    held: Option<tokio::sync::watch::Receiver<bool>>,
}

/// Another server.
#[derive(Clone)]
pub struct Peer {
    pub host: String,
    pub key: Arc<KeyPair>,
    client: Client,
    inner: Arc<Mutex<Inner>>,
}

impl Peer {
    /// Starts a server that says it runs `software`.
    pub async fn start(name: &str, software: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("{name}.localhost:{}", listener.local_addr().unwrap().port());
        let inner = Arc::new(Mutex::new(Inner::default()));
        let router = Router::new().fallback(answer).with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let options =
            Options { allow_addresses: vec!["127.0.0.0/8".parse().unwrap()], allow_http: true, ..Options::default() };
        let key = Arc::new(KeyPair::generate_rsa().unwrap());
        let peer = Self { host, key, client: Client::new(&options).unwrap(), inner };
        let info = peer.url("/nodeinfo/2.0");
        let rel = "http://nodeinfo.diaspora.software/ns/schema/2.0";
        peer.json("/.well-known/nodeinfo", &json!({"links": [{"rel": rel, "href": info}]}));
        peer.json("/nodeinfo/2.0", &json!({"version": "2.0", "software": {"name": software, "version": "1.0"}}));
        peer
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }

    /// Serves a document with its own id as ActivityPub.
    pub fn serve(&self, document: &Value) {
        let id = Url::parse(document["id"].as_str().unwrap()).unwrap();
        let query = id.query().map(|query| format!("?{query}")).unwrap_or_default();
        self.put(&format!("{}{query}", id.path()), 200, "application/activity+json", &document.to_string());
    }

    /// What is served at a path.
    pub fn document(&self, path: &str) -> Value {
        serde_json::from_slice(&self.inner.lock().unwrap().documents[path].2).unwrap()
    }

    pub fn json(&self, path: &str, document: &Value) {
        self.put(path, 200, "application/json", &document.to_string());
    }

    pub fn put(&self, path: &str, status: u16, mime: &str, body: &str) {
        let entry = (status, mime.to_owned(), Bytes::from(body.to_owned()));
        self.inner.lock().unwrap().documents.insert(path.to_owned(), entry);
    }

    /// Answers what is POSTed to a path.
    pub fn answer_posts(&self, path: &str, status: u16, mime: &str, body: &str) {
        let entry = (status, mime.to_owned(), Bytes::from(body.to_owned()));
        self.inner.lock().unwrap().posted.insert(path.to_owned(), entry);
    }

    /// Serves a file.
    pub fn put_bytes(&self, path: &str, mime: &str, body: &'static [u8]) {
        let entry = (200, mime.to_owned(), Bytes::from_static(body));
        self.inner.lock().unwrap().documents.insert(path.to_owned(), entry);
    }

    /// Serves an actor with this server's key, and its WebFinger; its id.
    pub fn actor(&self, kind: &str, name: &str, more: Value) -> String {
        let id = self.url(&format!("/users/{name}"));
        let mut document = json!({
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": id, "type": kind, "preferredUsername": name, "name": name,
            "inbox": format!("{id}/inbox"), "outbox": format!("{id}/outbox"), "followers": format!("{id}/followers"),
            "endpoints": {"sharedInbox": self.url("/inbox")},
            "publicKey": {"id": format!("{id}#main-key"), "owner": id, "publicKeyPem": self.key.public_pem().unwrap()}
        });
        for (member, value) in more.as_object().unwrap() {
            document[member] = value.clone();
        }
        self.serve(&document);
        let subject = format!("acct:{name}@{}", self.host);
        let link = json!({"rel": "self", "type": "application/activity+json", "href": id});
        // One answer for all: the tests look up one name at a time.
        self.put(
            "/.well-known/webfinger",
            200,
            "application/jrd+json",
            &json!({"subject": subject, "links": [link]}).to_string(),
        );
        id
    }

    pub fn person(&self, name: &str) -> String {
        self.actor("Person", name, json!({}))
    }

    /// What the next POSTs are answered with, before 202 again.
    pub fn answer_next(&self, status: u16, headers: &[(&'static str, &str)]) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.inner.lock().unwrap().answers.push_back((status, headers));
    }

    /// From now on POSTs are not answered until the sender says true or goes.
    pub fn hold(&self) -> tokio::sync::watch::Sender<bool> {
        let (sender, receiver) = tokio::sync::watch::channel(false);
        self.inner.lock().unwrap().held = Some(receiver);
        sender
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.inner.lock().unwrap().seen.clone()
    }

    /// Bodies POSTed here.
    pub fn received(&self) -> Vec<Value> {
        self.seen().iter().filter(|s| s.method == "POST").map(Seen::json).collect()
    }

    /// Waits for a POST that fits.
    pub async fn until_received(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        until(&format!("{what} at {}; got {:#?}", self.host, self.types()), async || {
            self.received().into_iter().find(|value| fits(value))
        })
        .await
    }

    /// The types of what was POSTed here, for messages.
    pub fn types(&self) -> Vec<String> {
        let name = |v: &Value| {
            format!("{} {}", v["type"].as_str().unwrap_or("?"), v["object"]["type"].as_str().unwrap_or("-"))
        };
        self.received().iter().map(name).collect()
    }

    /// Sends an activity, signed by one of this server's actors; the status that came back.
    pub async fn send(&self, actor: &str, inbox: &str, activity: &Value) -> u16 {
        self.send_bytes(actor, inbox, activity.to_string().into_bytes(), Time::now()).await
    }

    /// As [`Peer::send`], with any bytes and any date.
    pub async fn send_bytes(&self, actor: &str, inbox: &str, body: Vec<u8>, date: Time) -> u16 {
        let url = Url::parse(inbox).unwrap();
        let key_id = format!("{actor}#main-key");
        let signed = cavage::sign(&self.key, &key_id, "POST", &url, Some(&body), date, false).unwrap();
        self.post(&url, signed.into_iter().collect(), body, "application/activity+json").await
    }

    /// As [`Peer::send`], signed by RFC 9421.
    pub async fn send_rfc9421(&self, actor: &str, inbox: &str, activity: &Value) -> u16 {
        let url = Url::parse(inbox).unwrap();
        let body = activity.to_string().into_bytes();
        let key_id = format!("{actor}#main-key");
        let signed = rfc9421::sign(&self.key, &key_id, "POST", &url, Some(&body), Time::now()).unwrap();
        self.post(&url, signed.into_iter().collect(), body, "application/activity+json").await
    }

    /// A question signed by one of this server's actors; status and answer.
    pub async fn ask(&self, actor: &str, address: &str, question: &Value) -> (u16, Value) {
        let url = Url::parse(address).unwrap();
        let body = question.to_string().into_bytes();
        let key_id = format!("{actor}#main-key");
        let signed = cavage::sign(&self.key, &key_id, "POST", &url, Some(&body), Time::now(), false).unwrap();
        let mut headers: HeaderMap = signed.into_iter().collect();
        headers.insert("content-type", "application/activity+json".parse().unwrap());
        let post = Post { url: &url, headers, body: body.into() };
        let response = self.client.ask(post, kring::net::Expect::Any, 1 << 20).await.unwrap();
        (response.status, serde_json::from_slice(&response.body).unwrap_or(Value::Null))
    }

    pub async fn post(&self, url: &Url, mut headers: HeaderMap, body: Vec<u8>, mime: &str) -> u16 {
        headers.insert("content-type", mime.parse().unwrap());
        self.client.post(Post { url, headers, body: body.into() }).await.unwrap().status
    }

    /// Sends an activity to a server that may be away.
    pub async fn try_send(&self, actor: &str, inbox: &str, activity: &Value) -> Option<u16> {
        let (url, body) = (Url::parse(inbox).unwrap(), activity.to_string().into_bytes());
        let key_id = format!("{actor}#main-key");
        let signed = cavage::sign(&self.key, &key_id, "POST", &url, Some(&body), Time::now(), false).unwrap();
        let mut headers: HeaderMap = signed.into_iter().collect();
        headers.insert("content-type", "application/activity+json".parse().unwrap());
        let sent = self.client.post(Post { url: &url, headers, body: body.into() }).await;
        sent.ok().map(|answer| answer.status)
    }

    /// The headers of a GET signed by one of this server's actors: to be sent once, or again later.
    pub fn signed(&self, actor: &str, url: &str) -> Vec<(HeaderName, HeaderValue)> {
        let key_id = format!("{actor}#main-key");
        cavage::sign(&self.key, &key_id, "GET", &Url::parse(url).unwrap(), None, Time::now(), true).unwrap()
    }

    /// A GET signed by one of this server's actors.
    pub async fn get(&self, actor: &str, url: &str) -> (u16, Value) {
        self.get_with(url, self.signed(actor, url)).await
    }

    /// A GET with these headers.
    pub async fn get_with(&self, url: &str, headers: Vec<(HeaderName, HeaderValue)>) -> (u16, Value) {
        let url = Url::parse(url).unwrap();
        let key_id = format!("{headers:?}");
        let sign = |_: &Url| -> kring::base::Result<Vec<(HeaderName, HeaderValue)>> { Ok(headers.clone()) };
        let signer = kring::net::Signer { identity: &key_id, sign: &sign };
        let get = kring::net::Get { expect: kring::net::Expect::Any, ..kring::net::Get::activity(&url) }.signed(signer);
        let response = self.client.get(get).await.unwrap();
        (response.status, serde_json::from_slice(&response.body).unwrap_or(Value::Null))
    }
}

/// The time, for signatures.
trait Now {
    fn now() -> Time;
}

impl Now for Time {
    fn now() -> Time {
        Clock::system().now()
    }
}

async fn answer(
    State(inner): State<Arc<Mutex<Inner>>>,
    OriginalUri(uri): OriginalUri,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let held = inner.lock().unwrap().held.clone();
    if let Some(mut held) = held.filter(|_| method == Method::POST) {
        // An error means that nobody holds it any more.
        let _ = held.wait_for(|go| *go).await;
    }
    let mut inner = inner.lock().unwrap();
    let path = uri.path_and_query().map_or(uri.path(), |p| p.as_str()).to_owned();
    inner.seen.push(Seen { method: method.to_string(), path: path.clone(), headers, body });
    if let Some((status, mime, body)) = inner.posted.get(uri.path()).filter(|_| method == Method::POST) {
        let mime = [("content-type", mime.clone())];
        return (StatusCode::from_u16(*status).unwrap(), mime, body.clone()).into_response();
    }
    if method == Method::POST {
        let (status, headers) = inner.answers.pop_front().unwrap_or((202, Vec::new()));
        let mut response = StatusCode::from_u16(status).unwrap().into_response();
        for (name, value) in headers {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        return response;
    }
    // Some tell documents apart by their query alone.
    match inner.documents.get(&path).or_else(|| inner.documents.get(uri.path())) {
        Some((status, mime, body)) => {
            (StatusCode::from_u16(*status).unwrap(), [("content-type", mime.clone())], body.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// An activity of `actor`.
pub fn activity(kind: &str, id: &str, actor: &str, object: Value) -> Value {
    json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": id, "type": kind, "actor": actor, "object": object
    })
}

/// A public Note of `author`.
pub fn note(id: &str, author: &str, content: &str, more: Value) -> Value {
    let mut note = json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": id, "type": "Note", "attributedTo": author, "content": content,
        "to": ["https://www.w3.org/ns/activitystreams#Public"], "cc": [format!("{author}/followers")],
        "published": Time::now().to_rfc3339_seconds(), "tag": [], "attachment": []
    });
    for (member, value) in more.as_object().unwrap() {
        note[member] = value.clone();
    }
    note
}

/// The Create around a Note.
pub fn create(note: &Value) -> Value {
    let mut create = activity(
        "Create",
        &format!("{}/activity", note["id"].as_str().unwrap()),
        note["attributedTo"].as_str().unwrap(),
        note.clone(),
    );
    create["to"] = note["to"].clone();
    create["cc"] = note["cc"].clone();
    create
}
