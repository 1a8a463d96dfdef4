//! Streams over WebSocket and server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message as Frame, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::streams::{Message, Stream, messages};
use crate::api::caller::Caller;
use crate::api::fail::{Failure, Reply};
use crate::api::params::Params;
use crate::domain::Viewer;
use crate::live::{Change, Interest};
use crate::services::{Ctx, oauth};
use crate::store;

/// How often a quiet stream says that it lives.
const THUMP: Duration = Duration::from_secs(15);
/// How often a socket is pinged, and its token looked at again.
const PING: Duration = Duration::from_secs(30);
/// Streams on one socket.
const MOST: usize = 50;

/// `/api/v1/streaming…`.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/api/v1/streaming", get(either))
        .route("/api/v1/streaming/", get(either))
        .route("/api/v1/streaming/health", get(|| async { "OK" }))
        .route("/api/v1/streaming/{name}", get(one))
        .route("/api/v1/streaming/{name}/{of}", get(two))
}

/// Who listens: by header as everywhere, or by `access_token`, or by the protocol a WebSocket asks for.
async fn listener(ctx: &Ctx, caller: Caller, params: &Params) -> Result<Caller, Failure> {
    if caller.token.is_some() {
        return Ok(caller);
    }
    let protocol = params.headers.get(header::SEC_WEBSOCKET_PROTOCOL).and_then(|v| v.to_str().ok());
    let token = params.filled("access_token").or_else(|| protocol.map(|p| p.trim().to_owned()));
    match token {
        Some(token) => Ok(Caller::of_token(ctx, &token).await?),
        None => Err(Failure::new(StatusCode::UNAUTHORIZED, "Missing access token")),
    }
}

fn asked(params: &Params, name: &str) -> Result<Stream, Failure> {
    let (tag, list) = (params.text("tag"), params.text("list"));
    let found = Stream::parse(name, tag.as_deref(), list.as_deref());
    found.ok_or_else(|| Failure::new(StatusCode::BAD_REQUEST, "Unknown stream type"))
}

fn checked(caller: &Caller, stream: Stream) -> Result<Stream, Failure> {
    if stream.is_allowed(caller) {
        Ok(stream)
    } else {
        Err(Failure::new(StatusCode::UNAUTHORIZED, "Access token does not cover required scopes"))
    }
}

/// A WebSocket where one is asked for, else events of the stream named in the query.
async fn either(State(ctx): State<Ctx>, caller: Caller, request: Request) -> Reply {
    let (mut parts, body) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &ctx).await.ok();
    let params =
        <Params as axum::extract::FromRequest<Ctx>>::from_request(Request::from_parts(parts, body), &ctx).await?;
    let caller = listener(&ctx, caller, &params).await?;
    let first = match params.filled("stream") {
        Some(name) => Some(checked(&caller, asked(&params, &name)?)?),
        None => None,
    };
    match (upgrade, first) {
        (Some(upgrade), first) => {
            let protocol = params.headers.get(header::SEC_WEBSOCKET_PROTOCOL).and_then(|v| v.to_str().ok());
            // The token is echoed: browsers close a socket whose protocol is not taken.
            let upgrade = upgrade.protocols(protocol.map(|p| p.trim().to_owned()));
            Ok(upgrade.on_upgrade(move |socket| serve(ctx, caller, socket, first.into_iter().collect())))
        }
        (None, Some(stream)) => Ok(events(ctx, caller, stream)),
        (None, None) => Err(Failure::new(StatusCode::BAD_REQUEST, "Unknown stream type")),
    }
}

async fn one(State(ctx): State<Ctx>, caller: Caller, Path(name): Path<String>, params: Params) -> Reply {
    let caller = listener(&ctx, caller, &params).await?;
    let name = if name == "public" && params.is("only_media") { "public:media".to_owned() } else { name };
    let stream = checked(&caller, asked(&params, &name)?)?;
    Ok(events(ctx, caller, stream))
}

async fn two(
    State(ctx): State<Ctx>,
    caller: Caller,
    Path((name, of)): Path<(String, String)>,
    params: Params,
) -> Reply {
    let caller = listener(&ctx, caller, &params).await?;
    let media = if name == "public" && params.is("only_media") { ":media" } else { "" };
    let stream = checked(&caller, asked(&params, &format!("{name}:{of}{media}"))?)?;
    Ok(events(ctx, caller, stream))
}

/// Server-sent events.
fn events(ctx: Ctx, caller: Caller, stream: Stream) -> Response {
    let changes = ctx.hub.listen(stream.interest(&caller)).stream();
    // Boxed: what it takes to draw a status is not kept room for in every idle stream.
    let told = changes.then(move |change| Box::pin(tell_of(ctx.clone(), caller.viewer, stream.clone(), change)));
    let one = |(event, payload): Message| Ok::<_, Infallible>(Event::default().event(event).data(&*payload));
    let told = told.flat_map(move |messages| futures_util::stream::iter(messages.into_iter().map(one)));
    let mut response = Sse::new(told).keep_alive(KeepAlive::new().interval(THUMP).text("thump")).into_response();
    response.headers_mut().insert("x-accel-buffering", header::HeaderValue::from_static("no"));
    response
}

async fn tell_of(ctx: Ctx, viewer: Viewer, stream: Stream, change: Arc<Change>) -> Vec<Message> {
    let told = store::with_short_reads(messages(&ctx, &viewer, &stream, &change));
    told.await.unwrap_or_else(|error| {
        tracing::warn!(%error, "a stream could not tell of a change");
        Vec::new()
    })
}

/// One socket, with several streams.
async fn serve(ctx: Ctx, caller: Caller, mut socket: WebSocket, mut streams: Vec<Stream>) {
    let mut changes = ctx.hub.listen(Interest { member: caller.viewer.actor_id(), posts: true, drawn: true });
    let mut ping = tokio::time::interval(PING);
    loop {
        let goes_on = tokio::select! {
            frame = socket.recv() => match frame {
                Some(Ok(Frame::Text(text))) => heard(&caller, &mut socket, &mut streams, text.as_str()).await,
                Some(Ok(Frame::Close(_)) | Err(_)) | None => false,
                Some(Ok(_)) => true,
            },
            change = changes.next() => Box::pin(tell(&ctx, &caller, &mut socket, &streams, &change)).await,
            _ = ping.tick() => stands(&ctx, &caller).await && socket.send(Frame::Ping(Default::default())).await.is_ok(),
        };
        if !goes_on {
            break;
        }
    }
    // The other side may be gone already.
    let _ = socket.send(Frame::Close(None)).await;
}

async fn stands(ctx: &Ctx, caller: &Caller) -> bool {
    match &caller.token {
        // While the database cannot be asked the socket stays.
        Some(token) => oauth::stands(ctx, token.id).await.unwrap_or(true),
        None => false,
    }
}

/// A word from the client: subscribe or unsubscribe.
async fn heard(caller: &Caller, socket: &mut WebSocket, streams: &mut Vec<Stream>, text: &str) -> bool {
    let Ok(said) = serde_json::from_str::<Value>(text) else { return true };
    let word = |name: &str| said.get(name).and_then(crate::api::params::text_of);
    let (tag, list) = (word("tag"), word("list"));
    let found = Stream::parse(&word("stream").unwrap_or_default(), tag.as_deref(), list.as_deref());
    let Some(stream) = found.filter(|stream| stream.is_allowed(caller)) else {
        let answer = json!({ "error": "Unknown stream type", "status": 400 });
        return socket.send(Frame::Text(answer.to_string().into())).await.is_ok();
    };
    match word("type").as_deref() {
        Some("subscribe") if streams.len() < MOST && !streams.contains(&stream) => streams.push(stream),
        Some("unsubscribe") => streams.retain(|known| *known != stream),
        _ => {}
    }
    true
}

async fn tell(ctx: &Ctx, caller: &Caller, socket: &mut WebSocket, streams: &[Stream], change: &Arc<Change>) -> bool {
    for stream in streams {
        for (event, payload) in tell_of(ctx.clone(), caller.viewer, stream.clone(), change.clone()).await {
            let frame = json!({ "stream": stream.label(), "event": event, "payload": &*payload });
            if socket.send(Frame::Text(frame.to_string().into())).await.is_err() {
                return false;
            }
        }
    }
    true
}
