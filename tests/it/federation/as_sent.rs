//! What real servers sent each other, as they sent it: the request, its headers and its body byte for byte, to an instance under
//! the name it was sent to, in the minute it was sent.

use kring::base::*;
use kring::domain::actors::ActorKind;
use kring::domain::peers::KeyKind;
use kring::store;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::captured::{header, key_id, messages};
use super::support::*;
use crate::fixtures::exchanges;
use crate::support::{Kind, TestApp};

on_sqlite! {
    captured_requests_are_taken_as_they_were_sent => unchanged;
}

/// One captured request, byte for byte, to an instance; the status.
async fn as_sent(app: &TestApp, exchange: &Value, body: &str) -> u16 {
    let mut text = format!("POST {} HTTP/1.1\r\n", exchange["target"].as_str().unwrap());
    for pair in exchange["request_headers"].as_array().unwrap() {
        let (name, value) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
        if name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("connection") {
            continue;
        }
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()));
    let mut stream = tokio::net::TcpStream::connect(app.address()).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap().parse().unwrap()
}

/// Those whose path we have too, from somebody whose key is known.
async fn unchanged(kind: Kind) {
    let mut taken = 0;
    for (name, exchange) in messages() {
        if exchange["target"] != "/inbox" {
            continue;
        }
        taken += 1;
        let sent = Time::parse_http_date(&header(&exchange, "date")).unwrap();
        let clock = Clock::fixed(sent.plus(Time::SECOND));
        let host = exchange["host"].as_str().unwrap().to_owned();
        let app = TestApp::at(clock.clone(), "alpha.localhost", kind, |config| {
            config.instance.domain = host;
            config.instance.scheme = kring::config::Scheme::Https;
        })
        .await;
        know(&app, exchange["sender"].as_str().unwrap(), &key_id(&exchange)).await;
        let body = exchange["request_body_raw"].as_str().unwrap();
        let kept = "SELECT count(*) AS n FROM activities WHERE direction = 'in'";
        assert_eq!(as_sent(&app, &exchange, &format!("{body} ")).await, 401, "{name}");
        assert_eq!(app.count(kept).await, 0, "{name}");
        assert_eq!(as_sent(&app, &exchange, body).await, 202, "{name}");
        assert_eq!(app.count(kept).await, 1, "{name}");
        clock.advance(2 * Time::HOUR);
        assert_eq!(as_sent(&app, &exchange, body).await, 401, "{name}, replayed later");
    }
    assert_eq!(taken, 4);
}

/// Knows somebody elsewhere with the key of their captured document.
async fn know(app: &TestApp, uri: &str, key: &str) {
    let captured = exchanges().into_iter().map(|(_, e)| e["response_body"].clone());
    let captured = captured.filter(|d| d["id"] == uri && d["inbox"].is_string()).find(|d| d["publicKey"]["id"] == key);
    let document = captured.unwrap_or_else(|| panic!("no document of {uri}"));
    let pem = document["publicKey"]["publicKeyPem"].as_str().unwrap().to_owned();
    let (ctx, uri, key) = (app.ctx().clone(), uri.to_owned(), key.to_owned());
    let inbox = document["inbox"].as_str().unwrap().to_owned();
    let work = app.ctx().db.write(move |conn| {
        Box::pin(async move {
            let host = kring::urls::host_of(&uri).unwrap();
            let host_id = store::actors::ensure_host(conn, HostId(ctx.ids.next()), &host).await?;
            let name = uri.rsplit('/').next().unwrap().to_owned();
            let new = store::actors::NewActor {
                id: ActorId(ctx.ids.next()),
                uri: uri.clone(),
                host_id,
                kind: ActorKind::Person,
                name: name.clone(),
                display_name: name,
                summary_source: String::new(),
                summary_html: SafeHtml::default(),
                url: uri.clone(),
                inbox,
                shared_inbox: None,
                outbox: None,
                followers_uri: None,
                featured_uri: None,
                moderators_uri: None,
                icon_url: None,
                header_url: None,
                locked: false,
                discoverable: false,
                search_text: String::new(),
                created_at: ctx.now(),
                fetched_at: Some(ctx.now()),
            };
            let actor = store::actors::upsert(conn, &new).await?;
            let stored = store::federation::StoredKey {
                id: ctx.ids.next(),
                actor_id: actor.id,
                key_uri: key,
                kind: KeyKind::Rsa,
                public_pem: pem,
                private_sealed: None,
                former: None,
            };
            store::federation::upsert_keys(conn, &[stored], ctx.now()).await
        })
    });
    work.await.unwrap();
}
