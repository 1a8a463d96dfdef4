use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use kring::domain::groups::GroupKind;
use serde_json::Value;

use super::Phone;
use crate::support::{TestApp, on_sqlite};

/// Reads server-sent events until one has this name; its data.
async fn event(response: &mut reqwest::Response, name: &str) -> Value {
    let mut heard = String::new();
    let wait = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            let piece = response.chunk().await.expect("a stream").expect("more of it");
            heard.push_str(&String::from_utf8_lossy(&piece));
            let found = heard.split("\n\n").find(|part| part.starts_with(&format!("event: {name}\n")));
            if let Some(data) = found.and_then(|part| part.split_once("data: "))
                && heard.ends_with("\n\n")
            {
                return serde_json::from_str(data.1.trim()).expect("JSON");
            }
        }
    });
    wait.await.unwrap_or_else(|_| panic!("no {name} in ten seconds"))
}

/// A stream that stays open.
pub async fn open(app: &TestApp, path: &str) -> reqwest::Response {
    let url: url::Url = app.origin().parse().unwrap();
    let client = reqwest::Client::builder().no_proxy().resolve(url.host_str().unwrap(), app.address()).build().unwrap();
    let response = client.get(format!("{}{path}", app.origin())).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response
}

#[test]
fn what_happens_is_streamed() {
    on_sqlite(async |app| {
        let (fatima, wim) = (app.person("Fatima").await, app.person("Wim").await);
        let group = app.group(&fatima, "Lezers", GroupKind::Private).await;
        app.join(&wim, &group, &fatima).await;
        app.settle().await;
        let phone = Phone::of(&app, &wim).await;
        assert_eq!(app.visitor().get("/api/v1/streaming/health").await.ok().html, "OK");
        app.visitor().get("/api/v1/streaming/user").await.status(401);
        app.visitor().get(&format!("/api/v1/streaming/nothing?access_token={}", phone.token())).await.status(400);
        let mut user = open(&app, &format!("/api/v1/streaming/user?access_token={}", phone.token())).await;
        let mut list =
            open(&app, &format!("/api/v1/streaming/list?list={}&access_token={}", group.id, phone.token())).await;
        let post = app.post(&fatima, &group, "Wie komt er vrijdag?").await;
        assert_eq!(event(&mut user, "update").await["reblog"]["id"], post.to_string());
        assert_eq!(event(&mut list, "update").await["id"], post.to_string());
        app.post(&fatima, &group, "Jij ook, @wim?").await;
        assert_eq!(event(&mut user, "notification").await["type"], "mention");
    });
}

/// Asks for a WebSocket by hand (RFC 6455); what was answered, and the socket.
async fn socket(app: &TestApp, query: &str, protocol: Option<&str>) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let host = app.ctx().urls.host();
    let protocol = protocol.map(|token| format!("Sec-WebSocket-Protocol: {token}\r\n")).unwrap_or_default();
    let ask = format!(
        "GET /api/v1/streaming{query} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocol}\r\n"
    );
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    (String::from_utf8(head).unwrap(), stream)
}

/// The next text that a socket carries. What a server sends is not masked.
async fn text(stream: &mut TcpStream) -> Value {
    let next = async {
        loop {
            let (first, second) = (stream.read_u8().await.unwrap(), stream.read_u8().await.unwrap());
            let length = match second & 0x7f {
                126 => u64::from(stream.read_u16().await.unwrap()),
                127 => stream.read_u64().await.unwrap(),
                short => u64::from(short),
            };
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            stream.read_exact(&mut payload).await.unwrap();
            if first & 0x0f == 1 {
                return serde_json::from_slice(&payload).unwrap();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), next).await.expect("a text in ten seconds")
}

#[test]
fn d111_a_socket_takes_its_token_in_two_places_and_carries_json_in_text() {
    on_sqlite(async |app| {
        let (fatima, wim) = (app.person("Fatima").await, app.person("Wim").await);
        let group = app.group(&fatima, "Lezers", GroupKind::Private).await;
        app.join(&wim, &group, &fatima).await;
        app.settle().await;
        let phone = Phone::of(&app, &wim).await;
        for (query, protocol) in
            [("?stream=user", Some("wrong")), ("?stream=user&access_token=wrong", None), ("", None)]
        {
            let (head, _) = socket(&app, query, protocol).await;
            assert!(head.starts_with("HTTP/1.1 401 "), "{query} {protocol:?}: {head}");
        }
        let (head, mut first) = socket(&app, &format!("?stream=user&access_token={}", phone.token()), None).await;
        // The answer that RFC 6455 §1.3 gives for this key.
        assert!(head.starts_with("HTTP/1.1 101 ") && head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
        let (head, mut second) = socket(&app, "?stream=user", Some(phone.token())).await;
        let echoed = format!("sec-websocket-protocol: {}\r\n", phone.token()).to_lowercase();
        assert!(head.starts_with("HTTP/1.1 101 ") && head.to_lowercase().contains(&echoed), "{head}");
        let post = app.post(&fatima, &group, "Wie komt er vrijdag?").await;
        for stream in [&mut first, &mut second] {
            let told = text(stream).await;
            assert_eq!((&told["stream"], &told["event"]), (&serde_json::json!(["user"]), &serde_json::json!("update")));
            let payload: Value = serde_json::from_str(told["payload"].as_str().expect("a text")).unwrap();
            assert_eq!(payload["reblog"]["id"], post.to_string());
        }
    });
}
