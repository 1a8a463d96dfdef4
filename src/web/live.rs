//! Server-sent events for open pages: ids only; what is behind them is fetched under the viewer's own sight.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use futures_util::{Stream, StreamExt as _};
use serde::Deserialize;

use super::forms::Query;
use super::respond;
use super::visit::{PageResult, Visit};
use crate::base::{ActorId, PostId};
use crate::domain::Viewer;
use crate::live::{Change, Interest};
use crate::services::{Ctx, posts};
use crate::store;

/// `/live`.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/live", get(listen))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    topic: String,
}

/// What an open page wants to hear of, besides its reader's notices.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Topic {
    Home,
    Group(ActorId),
    Thread(PostId),
    Notices,
}

impl Topic {
    fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some(("group", id)) => id.parse().map_or(Topic::Notices, Topic::Group),
            Some(("post", id)) => id.parse().map_or(Topic::Notices, Topic::Thread),
            _ if text == "home" => Topic::Home,
            _ => Topic::Notices,
        }
    }

    /// What has to be heard for it.
    fn interest(self, me: ActorId) -> Interest {
        Interest { member: Some(me), posts: matches!(self, Topic::Group(_) | Topic::Thread(_)), drawn: false }
    }

    /// The post to tell of, if this change concerns the page.
    fn wants(self, change: &Change, me: ActorId) -> Option<PostId> {
        match (self, change) {
            (_, Change::Post { author, .. }) if *author == me => None,
            (Topic::Home, Change::Home { post, .. }) => Some(*post),
            (Topic::Group(id), Change::Post { post, group, root, .. }) if root == post => {
                (*group == Some(id)).then_some(*post)
            }
            (Topic::Thread(id), Change::Post { post, root, .. }) => (*root == id && *post != id).then_some(*post),
            _ => None,
        }
    }
}

async fn listen(State(ctx): State<Ctx>, visit: Visit, Query(asked): Query<Asked>) -> PageResult {
    let me = visit.member()?;
    let stream = events(ctx, visit.viewer, me, Topic::parse(&asked.topic));
    respond(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(20))))
}

fn events(ctx: Ctx, viewer: Viewer, me: ActorId, topic: Topic) -> impl Stream<Item = Result<Event, Infallible>> {
    // A listener that lags just misses some: the page still shows everything when it is loaded again.
    let changes = ctx.hub.listen(topic.interest(me)).stream();
    changes
        .filter_map(move |change| Box::pin(store::with_short_reads(tell(ctx.clone(), viewer, me, topic, change))))
        .map(Ok)
}

async fn tell(ctx: Ctx, viewer: Viewer, me: ActorId, topic: Topic, change: Arc<Change>) -> Option<Event> {
    if let Change::Notice { notice, .. } = *change {
        return Some(message("notice", &notice.to_string()));
    }
    let post = topic.wants(&change, me)?;
    // Whoever may not see it hears nothing; an error is the same as not seeing.
    let view = posts::view(&ctx, &viewer, post).await.ok()?;
    if view.author.id == me {
        return None;
    }
    let kind = if view.post.is_top() { "post" } else { "comment" };
    Some(message(kind, &post.to_string()))
}

fn message(kind: &str, id: &str) -> Event {
    Event::default().id(id).data(serde_json::json!({"kind": kind, "id": id}).to_string())
}
