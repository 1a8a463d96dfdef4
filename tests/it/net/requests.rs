use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderName, HeaderValue};
use kring::base::Error;
use kring::net::{Client, Expect, Get, Options, Post, Signer};
use tower_http::compression::CompressionLayer;
use url::Url;

use super::{client, options, serve};

fn url(path: &str) -> Url {
    format!("http://peer.test{path}").parse().unwrap()
}

fn typed(content_type: &'static str) -> Response {
    ([(header::CONTENT_TYPE, content_type)], "{}").into_response()
}

fn detail(error: &Error) -> &str {
    match error {
        Error::RemoteFailed { host, detail, .. } => {
            assert_eq!(host, "peer.test");
            detail
        }
        other => panic!("{other}"),
    }
}

fn retryable(error: &Error) -> bool {
    matches!(error, Error::RemoteFailed { retryable: true, .. })
}

#[test]
fn d37_only_activity_types_are_welcome() {
    for good in [
        "application/activity+json",
        "application/activity+json; charset=utf-8",
        "Application/Activity+JSON;charset=UTF-8",
        "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"",
        "application/ld+json;profile=https://www.w3.org/ns/activitystreams",
        "application/ld+json; charset=utf-8; PROFILE=\"https://other.example/ https://www.w3.org/ns/activitystreams\"",
    ] {
        assert!(Expect::Activity.accepts(good), "{good}");
    }
    for bad in [
        "",
        "application/json",
        "text/plain",
        "text/html",
        "application/octet-stream",
        "application/ld+json",
        "image/png",
        "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams2\"",
        "application/activity+json2",
        "text/plain; application/activity+json",
    ] {
        assert!(!Expect::Activity.accepts(bad), "{bad}");
    }
    assert!(Expect::OneOf(&["image/*"]).accepts("image/webp") && !Expect::OneOf(&["image/*"]).accepts("text/html"));
}

#[tokio::test]
async fn d37_documents_of_other_types_are_refused() {
    let router = Router::new()
        .route(
            "/good",
            get(|headers: HeaderMap| async move {
                let accept = headers[header::ACCEPT].to_str().unwrap();
                assert!(accept.starts_with("application/activity+json, application/ld+json; profile="));
                assert!(headers[header::USER_AGENT].to_str().unwrap().starts_with("Kring/"));
                typed("application/activity+json")
            }),
        )
        .route("/json", get(|| async { typed("application/json") }))
        .route("/plain", get(|| async { typed("text/plain") }))
        .route("/missing", get(|| async { (StatusCode::NOT_FOUND, typed("text/html")) }))
        .route("/gone", get(|| async { (StatusCode::GONE, typed("text/html")) }))
        .route("/busy", get(|| async { (StatusCode::SERVICE_UNAVAILABLE, typed("text/html")) }));
    let client = client(serve(router).await);
    let good = client.get(Get::activity(&url("/good"))).await.unwrap();
    assert_eq!((good.status, good.content_type(), &good.body[..]), (200, "application/activity+json", &b"{}"[..]));
    for path in ["/json", "/plain"] {
        let error = client.get(Get::activity(&url(path))).await.unwrap_err();
        assert!(detail(&error).contains("unexpected type") && !retryable(&error));
    }
    assert!(client.get(Get::json(&url("/json"))).await.unwrap().is_success());
    let answer = async |path| client.get(Get::activity(&url(path))).await.unwrap().success();
    assert!(matches!(answer("/missing").await, Err(Error::NotFound)));
    assert!(matches!(answer("/gone").await, Err(Error::Gone)));
    assert!(retryable(&answer("/busy").await.unwrap_err()));
    assert!(answer("/good").await.is_ok());
}

#[tokio::test]
async fn d42_large_bodies_abort() {
    let endless = || async {
        let chunks = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 16 * 1024])));
        Body::from_stream(chunks)
    };
    let router = Router::new()
        .route("/declared", get(|| async { vec![b' '; 1024 * 1024 + 1] }))
        .route("/exact", get(|| async { vec![b' '; 1024 * 1024] }))
        .route("/endless", get(endless));
    let bomb = Router::new()
        .route("/bomb", get(|| async { vec![0u8; 4 * 1024 * 1024] }))
        .route("/small", get(|| async { "x".repeat(2000) }))
        .layer(CompressionLayer::new());
    let client = client(serve(router.merge(bomb)).await);
    assert_eq!(client.get(Get::new(&url("/exact"))).await.unwrap().body.len(), 1024 * 1024);
    assert_eq!(client.get(Get::new(&url("/small"))).await.unwrap().body.len(), 2000, "gzip is undone");
    for path in ["/declared", "/endless", "/bomb"] {
        let error = client.get(Get::new(&url(path))).await.unwrap_err();
        assert!(detail(&error).contains("larger than 1048576 bytes") && !retryable(&error), "{path}: {error}");
    }
    let small = url("/exact");
    assert!(client.get(Get { max_bytes: 10, ..Get::new(&small) }).await.is_err());
}

/// Redirects `n` to `n - 1`; 0 answers with the signature it got.
async fn countdown(request: Request) -> Response {
    let n: u32 = request.uri().path().trim_start_matches("/hop/").parse().unwrap();
    match n.checked_sub(1) {
        Some(next) => Redirect::permanent(&format!("/hop/{next}")).into_response(),
        None => request.headers()["x-signed-for"].to_str().unwrap().to_owned().into_response(),
    }
}

fn sign_for(url: &Url) -> kring::base::Result<Vec<(HeaderName, HeaderValue)>> {
    Ok(vec![(HeaderName::from_static("x-signed-for"), HeaderValue::from_str(url.as_str()).unwrap())])
}

#[tokio::test]
async fn d43_three_redirects_are_followed_and_signed_anew_a_fourth_is_not() {
    let client = client(serve(Router::new().route("/hop/{n}", get(countdown))).await);
    let signer = Signer { identity: "test", sign: &sign_for };
    let three = client.get(Get::new(&url("/hop/3")).signed(signer)).await.unwrap();
    assert_eq!(three.body, "http://peer.test/hop/0");
    assert_eq!(three.final_url.as_str(), "http://peer.test/hop/0");
    let error = client.get(Get::new(&url("/hop/4")).signed(signer)).await.unwrap_err();
    assert!(detail(&error).contains("more than 3 redirects") && !retryable(&error));
}

#[tokio::test]
async fn d43_a_redirected_delivery_is_not_followed() {
    let hits = Arc::new(AtomicUsize::new(0));
    let counted = hits.clone();
    let router = Router::new().route("/inbox", post(|| async { Redirect::temporary("/other") })).route(
        "/other",
        post(move || async move {
            counted.fetch_add(1, Ordering::SeqCst);
        }),
    );
    let client = client(serve(router).await);
    let outcome =
        client.post(Post { url: &url("/inbox"), headers: HeaderMap::new(), body: "{}".into() }).await.unwrap();
    assert_eq!((outcome.status, outcome.delivered(), outcome.retryable()), (307, false, false));
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn extra_headers_stay_with_the_first_origin() {
    let show = |headers: HeaderMap| async move { format!("{:?}", headers.get("x-secret")) };
    let router = Router::new()
        .route("/away", get(|| async { Redirect::to("http://other.peer.test/show") }))
        .route("/same", get(|| async { Redirect::to("/show") }))
        .route("/show", get(show));
    let client = client(serve(router).await);
    let mut headers = HeaderMap::new();
    headers.insert("x-secret", HeaderValue::from_static("s"));
    let (same, away) = (url("/same"), url("/away"));
    let body = async |get| client.get(get).await.unwrap().body;
    assert_eq!(body(Get { headers: headers.clone(), ..Get::new(&same) }).await, "Some(\"s\")");
    assert_eq!(body(Get { headers, ..Get::new(&away) }).await, "None");
}

#[tokio::test]
async fn d58_deliveries_tell_what_to_do_next() {
    async fn answer(request: Request) -> Response {
        let status: u16 = request.uri().path().trim_start_matches('/').parse().unwrap();
        let mut response = (StatusCode::from_u16(status).unwrap(), "é".repeat(1000)).into_response();
        let headers = response.headers_mut();
        match status {
            401 => drop(headers.insert("accept-signature", HeaderValue::from_static("sig1=(\"@method\")"))),
            429 => drop(headers.insert(header::RETRY_AFTER, HeaderValue::from_static("120"))),
            503 => {
                headers.insert(header::DATE, HeaderValue::from_static("Sun, 22 Nov 2026 15:40:00 GMT"));
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("Sun, 22 Nov 2026 15:50:00 GMT"));
            }
            _ => {}
        }
        response
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = seen.clone();
    let echo = move |request: Request| async move {
        let (parts, body) = request.into_parts();
        let bytes = axum::body::to_bytes(body, 10_000).await.unwrap();
        record.lock().unwrap().push((parts.headers, bytes));
        StatusCode::ACCEPTED
    };
    let client = client(serve(Router::new().route("/{status}", post(answer)).route("/inbox", post(echo))).await);
    let send = async |path: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/activity+json"));
        client.post(Post { url: &url(path), headers, body: "{\"a\": 1}".into() }).await.unwrap()
    };
    for (status, delivered, retryable) in [
        (200, true, false),
        (202, true, false),
        (204, true, false),
        (400, false, false),
        (401, false, true),
        (403, false, false),
        (404, false, false),
        (408, false, true),
        (410, false, false),
        (429, false, true),
        (500, false, true),
        (501, false, false),
        (503, false, true),
    ] {
        let outcome = send(&format!("/{status}")).await;
        assert_eq!((outcome.delivered(), outcome.retryable()), (delivered, retryable), "{status}");
        assert_eq!(outcome.accept_signature, status == 401);
        let wait = match status {
            429 => Some(120),
            503 => Some(600),
            _ => None,
        };
        assert_eq!(outcome.retry_after, wait, "{status}");
        assert!(outcome.body_start.len() <= 520);
    }
    assert!(send("/inbox").await.delivered());
    let seen = seen.lock().unwrap();
    let (headers, body) = &seen[0];
    assert_eq!(&body[..], b"{\"a\": 1}");
    assert_eq!(headers[header::CONTENT_LENGTH], "8", "peers check the length before reading");
    assert_eq!(headers[header::HOST], "peer.test");
    assert!(!headers.contains_key(header::TRANSFER_ENCODING));
}

#[tokio::test]
async fn an_unreachable_host_may_come_back() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = client(address).get(Get::new(&url("/"))).await.unwrap_err();
    assert!(retryable(&error), "{error}");
    assert!(!detail(&error).is_empty());
}

/// A server that counts how often it is asked, takes a while, and answers by path.
async fn counting(options: impl FnOnce(Options) -> Options) -> (Client, Arc<AtomicUsize>) {
    let hits = Arc::new(AtomicUsize::new(0));
    let counted = hits.clone();
    let slow = move |request: Request| async move {
        counted.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(60)).await;
        if request.uri().path() == "/missing" { StatusCode::NOT_FOUND } else { StatusCode::OK }
    };
    let address = serve(Router::new().fallback(slow)).await;
    (Client::new(&options(super::options(address))).unwrap(), hits)
}

#[tokio::test]
async fn many_who_want_one_document_share_one_request() {
    let (client, hits) = counting(|o| o).await;
    let document = url("/actor");
    let wanted: Vec<_> = (0..20).map(|_| client.get_document(Get::new(&document))).collect();
    for answer in futures_util::future::join_all(wanted).await {
        assert_eq!(answer.unwrap().status, 200);
    }
    assert_eq!(hits.load(Ordering::SeqCst), 1);
    client.get_document(Get::new(&document)).await.unwrap();
    assert_eq!(hits.load(Ordering::SeqCst), 2, "answers are shared, not cached");
    let other = Signer { identity: "someone", sign: &sign_for };
    let wanted = [client.get_document(Get::new(&document)), client.get_document(Get::new(&document).signed(other))];
    futures_util::future::join_all(wanted).await;
    assert_eq!(hits.load(Ordering::SeqCst), 4, "what one may see is not shown to another");
}

#[tokio::test]
async fn a_dropped_request_does_not_strand_those_who_wait() {
    let (client, hits) = counting(|o| o).await;
    let (first, second) = (client.clone(), client.clone());
    let leader = tokio::spawn(async move { first.get_document(Get::new(&url("/actor"))).await.map(|r| r.status) });
    while hits.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let waiter = tokio::spawn(async move { second.get_document(Get::new(&url("/actor"))).await.map(|r| r.status) });
    tokio::time::sleep(Duration::from_millis(10)).await;
    leader.abort();
    assert_eq!(waiter.await.unwrap().unwrap(), 200);
    assert_eq!(hits.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn failures_are_remembered_for_a_while() {
    let (client, hits) = counting(|o| Options { remember_failures: Duration::from_millis(400), ..o }).await;
    let missing = url("/missing");
    for _ in 0..5 {
        assert_eq!(client.get_document(Get::new(&missing)).await.unwrap().status, 404);
    }
    assert_eq!(hits.load(Ordering::SeqCst), 1);
    client.forget_failure(&Get::new(&missing)).await;
    client.get_document(Get::new(&missing)).await.unwrap();
    assert_eq!(hits.load(Ordering::SeqCst), 2);
    tokio::time::sleep(Duration::from_millis(500)).await;
    client.get_document(Get::new(&missing)).await.unwrap();
    assert_eq!(hits.load(Ordering::SeqCst), 3);
    let typed = Get::activity(&missing);
    let expecting = url("/actor");
    for _ in 0..2 {
        assert!(client.get_document(Get::activity(&expecting)).await.is_err(), "a 200 without a type");
    }
    assert_eq!(hits.load(Ordering::SeqCst), 4);
    client.get_document(typed).await.unwrap();
    assert_eq!(hits.load(Ordering::SeqCst), 5, "another wish for the same URL");
}

#[test]
fn the_default_reaches_only_the_public_internet() {
    let defaults = Options::default();
    assert!(defaults.allow_addresses.is_empty() && !defaults.allow_http);
    assert!(format!("{:?}", client("127.0.0.1:1".parse().unwrap())).starts_with("Client"));
    assert!(options("127.0.0.1:1".parse().unwrap()).allow_http);
}
