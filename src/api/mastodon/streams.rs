//! What a stream carries: which changes belong to it, and how they are told (INTEROP C.4).

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::entities::{Outer, Sheet, statuses};
use super::{notifications, own};
use crate::api::caller::Caller;
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::audiences::Scope;
use crate::domain::people::Role;
use crate::domain::posts::{PostKind, PostView};
use crate::live::{Change, Interest};
use crate::services::api::Fresh;
use crate::services::{Ctx, api, lists, oauth, posts};
use crate::store;

/// One stream that a client listens to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Home, notices and conversations; with `true` notices only.
    User(bool),
    /// Open posts: of this instance, of others, or all; with files only.
    Public(Option<bool>, bool),
    /// Open posts with a hashtag; of this instance only.
    Hashtag(String, bool),
    /// Posts of a group.
    List(ActorId),
    /// Conversations.
    Direct,
}

/// One message: the name of the event, and what it carries as text, which many listeners may share.
pub type Message = (&'static str, Arc<str>);

impl Stream {
    /// A stream by its name, with the hashtag or list it needs.
    pub fn parse(name: &str, tag: Option<&str>, list: Option<&str>) -> Option<Self> {
        let tag = || tag.map(|tag| tag.trim_start_matches('#').to_lowercase()).filter(|tag| !tag.is_empty());
        Some(match name {
            "user" => Self::User(false),
            "user:notification" => Self::User(true),
            "public" | "public:media" => Self::Public(None, name.ends_with("media")),
            "public:local" | "public:local:media" => Self::Public(Some(true), name.ends_with("media")),
            "public:remote" | "public:remote:media" => Self::Public(Some(false), name.ends_with("media")),
            "hashtag" => Self::Hashtag(tag()?, false),
            "hashtag:local" => Self::Hashtag(tag()?, true),
            "list" => Self::List(list?.parse().ok()?),
            "direct" => Self::Direct,
            _ => return None,
        })
    }

    /// How a message says which stream it belongs to.
    pub fn label(&self) -> Vec<String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let public = |of: &Option<bool>| match of {
            None => "public",
            Some(true) => "public:local",
            Some(false) => "public:remote",
        };
        match self {
            Self::User(false) => words(&["user"]),
            Self::User(true) => words(&["user:notification"]),
            Self::Public(of, false) => words(&[public(of)]),
            Self::Public(of, true) => vec![format!("{}:media", public(of))],
            Self::Hashtag(tag, false) => words(&["hashtag", tag]),
            Self::Hashtag(tag, true) => words(&["hashtag:local", tag]),
            Self::List(id) => vec!["list".to_owned(), id.to_string()],
            Self::Direct => words(&["direct"]),
        }
    }

    /// What has to be heard for it.
    pub fn interest(&self, caller: &Caller) -> Interest {
        let own = matches!(self, Self::User(_));
        let posts = *self != Self::User(true);
        Interest { member: caller.viewer.actor_id().filter(|_| own), posts, drawn: posts }
    }

    /// Whether a token may listen to it.
    pub fn is_allowed(&self, caller: &Caller) -> bool {
        let scope = if *self == Self::User(true) { "read:notifications" } else { "read:statuses" };
        let token = caller.token.as_ref();
        token.is_some_and(|token| token.member_id.is_some() && oauth::allows(&token.scopes, scope))
    }
}

/// How long listeners wait for a new status to be drawn for all of them at once.
const DRAWING: Duration = Duration::from_secs(1);

/// Goes ahead of all listeners until `stop`: draws each new open post once, before they are woken to tell of it.
pub async fn draw_ahead(ctx: Ctx, mut stop: watch::Receiver<bool>) {
    let Some(mut changes) = ctx.hub.go_ahead() else { return };
    loop {
        let change = tokio::select! {
            change = changes.recv() => change,
            _ = stop.changed() => None,
        };
        let Some(change) = change else { return };
        if let Change::Post { post, author, .. } = &*change {
            // As it is for a member who did nothing with it; which one makes no difference.
            let viewer = Viewer::Member { id: *author, role: Role::Member, guest: false };
            let drawing = store::with_short_reads(freshly(&ctx, &viewer, *post, *author));
            match tokio::time::timeout(DRAWING, drawing).await {
                Ok(Ok(_)) => {}
                // Each listener tries for itself.
                Ok(Err(error)) => tracing::debug!(%error, "a new post could not be drawn"),
                Err(_) => tracing::debug!("drawing a new post takes long"),
            }
        }
        ctx.hub.pass_on(&change);
    }
}

/// What a change means to one stream; nothing for most. Everything is read under the viewer's own sight.
pub async fn messages(ctx: &Ctx, viewer: &Viewer, stream: &Stream, change: &Change) -> Result<Vec<Message>> {
    // Boxed: most changes are told without any of this, to thousands who listen.
    match (stream, change) {
        (Stream::User(false), Change::Home { post, .. }) => Box::pin(at_home(ctx, viewer, *post)).await,
        (Stream::User(_), Change::Notice { notice, .. }) => Box::pin(noticed(ctx, viewer, *notice)).await,
        (Stream::User(_), Change::Filters { .. }) => Ok(vec![("filters_changed", "".into())]),
        (Stream::User(true), _) => Ok(Vec::new()),
        (Stream::Direct | Stream::User(false), Change::Post { post, root, author, .. }) => {
            if !freshly(ctx, viewer, *post, *author).await?.direct {
                return Ok(Vec::new());
            }
            Box::pin(conversation(ctx, viewer, stream, *post, *root)).await
        }
        (Stream::Public(..) | Stream::Hashtag(..), Change::Post { post, author, .. }) => {
            let me = viewer.member_id()?;
            let fresh = freshly(ctx, viewer, *post, *author).await?;
            match &fresh.text {
                _ if fresh.closed || fresh.apart.contains(&me) => Ok(Vec::new()),
                Some(text) if !fresh.filtering.contains(&me) => {
                    Ok(carries(stream, &fresh).then(|| ("update", text.clone())).into_iter().collect())
                }
                _ => Box::pin(told(ctx, viewer, stream, *post)).await,
            }
        }
        (_, Change::Post { post, .. }) => Box::pin(told(ctx, viewer, stream, *post)).await,
        (_, Change::Edited { post, .. }) => Box::pin(edited(ctx, viewer, stream, *post)).await,
        (_, Change::Deleted { post, .. }) => {
            let ids = Box::pin(api::ids_of(ctx, *post)).await?;
            Ok(ids.into_iter().map(|id| ("delete", id.to_string().into())).collect())
        }
        _ => Ok(Vec::new()),
    }
}

/// A post that came on the viewer's home.
async fn at_home(ctx: &Ctx, viewer: &Viewer, post: PostId) -> Result<Vec<Message>> {
    let Some(mark) = api::on_home(ctx, viewer, post).await? else { return Ok(Vec::new()) };
    let sheet = Sheet::load(ctx, viewer, std::slice::from_ref(&mark)).await?;
    let mut payload = String::new();
    let drawn = sheet.status(&mut payload, &mark, Outer::Boosts);
    Ok(drawn.then(|| ("update", payload.into())).into_iter().collect())
}

async fn noticed(ctx: &Ctx, viewer: &Viewer, notice: NotificationId) -> Result<Vec<Message>> {
    let drawn = notifications::drawn(ctx, viewer, notice).await?;
    Ok(drawn.map(|value| ("notification", value.to_string().into())).into_iter().collect())
}

/// A message in a conversation of the viewer's.
async fn conversation(ctx: &Ctx, viewer: &Viewer, stream: &Stream, post: PostId, root: PostId) -> Result<Vec<Message>> {
    let Some(view) = seen(ctx, viewer, post).await?.filter(|view| view.post.kind == PostKind::Direct) else {
        return Ok(Vec::new());
    };
    if *stream == Stream::User(false) && view.post.author_id != viewer.member_id()? {
        return Ok(Vec::new());
    }
    let found = vec![api::conversation(ctx, viewer, root).await?];
    let drawn = own::drawn(ctx, viewer, found).await?.pop().unwrap_or(Value::Null);
    Ok(vec![("conversation", drawn.to_string().into())])
}

/// A post that changed, if this stream carries it.
async fn edited(ctx: &Ctx, viewer: &Viewer, stream: &Stream, post: PostId) -> Result<Vec<Message>> {
    match seen(ctx, viewer, post).await? {
        Some(view) if *stream == Stream::User(false) || belongs(ctx, viewer, stream, &view).await? => {
            update(ctx, viewer, "status.update", Some(view), Outer::Plain).await
        }
        _ => Ok(Vec::new()),
    }
}

/// A new post that this stream carries, drawn for its viewer.
async fn told(ctx: &Ctx, viewer: &Viewer, stream: &Stream, post: PostId) -> Result<Vec<Message>> {
    match seen(ctx, viewer, post).await?.filter(|view| view.post.is_top()) {
        Some(view) if belongs(ctx, viewer, stream, &view).await? => {
            update(ctx, viewer, "update", Some(view), Outer::Plain).await
        }
        _ => Ok(Vec::new()),
    }
}

/// Whether a stream of open posts carries this one.
fn carries(stream: &Stream, fresh: &Fresh) -> bool {
    match stream {
        Stream::Public(of, media) => of.is_none_or(|of| of == fresh.local) && (!media || fresh.media),
        Stream::Hashtag(tag, local_only) => (fresh.local || !local_only) && fresh.tags.contains(tag),
        _ => false,
    }
}

/// What is known of a new post, by whoever of all listeners asks first.
async fn freshly(ctx: &Ctx, viewer: &Viewer, post: PostId, author: ActorId) -> Result<Arc<Fresh>> {
    match ctx.kept.fresh.get(&post).await {
        Some(fresh) => Ok(fresh),
        None => {
            let drawing = ctx.kept.fresh.try_get_with(post, fresh(ctx, viewer, post, author));
            Box::pin(drawing).await.map_err(Error::internal)
        }
    }
}

/// A new post drawn once for all who listen, if it is open, starts a thread, and nothing about it differs between them.
async fn fresh(ctx: &Ctx, viewer: &Viewer, post: PostId, author: ActorId) -> Result<Arc<Fresh>> {
    let nobody = Viewer::Anonymous;
    let open = |view: &PostView| view.post.is_top() && view.scope == Scope::Public;
    let Some(view) = seen(ctx, &nobody, post).await?.filter(open) else {
        return Ok(Arc::new(Fresh { closed: true, direct: api::is_direct(ctx, post).await?, ..Fresh::default() }));
    };
    // What is quoted may be closed to some.
    let Some(mark) = api::marks_of(ctx, &nobody, &[post]).await?.pop().filter(|_| view.quoted.is_none()) else {
        return Ok(Arc::default());
    };
    let sheet = Sheet::load(ctx, viewer, std::slice::from_ref(&mark)).await?.untouched();
    let mut text = String::new();
    let drawn = sheet.status(&mut text, &mark, Outer::Plain);
    let (apart, filtering) = api::exceptions(ctx, author).await?;
    let tags = api::around(ctx, &nobody, std::slice::from_ref(&view), &[]).await?.tags;
    Ok(Arc::new(Fresh {
        text: drawn.then(|| text.into()),
        closed: false,
        direct: false,
        local: view.author.is_local(),
        media: !view.media.is_empty(),
        tags: tags.into_values().flatten().collect(),
        apart,
        filtering,
    }))
}

async fn seen(ctx: &Ctx, viewer: &Viewer, post: PostId) -> Result<Option<PostView>> {
    match posts::view(ctx, viewer, post).await {
        Ok(view) if !view.post.is_gone() => Ok(Some(view)),
        Ok(_) | Err(Error::NotFound | Error::Gone) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn belongs(ctx: &Ctx, viewer: &Viewer, stream: &Stream, view: &PostView) -> Result<bool> {
    let open = view.scope == Scope::Public;
    let local = view.author.is_local();
    Ok(match stream {
        Stream::Public(of, media) => open && of.is_none_or(|of| of == local) && (!media || !view.media.is_empty()),
        Stream::List(id) => view.post.group_id == Some(*id) || lists::holds(ctx, viewer, id.0, view).await?,
        Stream::Hashtag(tag, local_only) => {
            let tags = api::around(ctx, viewer, std::slice::from_ref(view), &[]).await?.tags;
            open && (local || !local_only) && tags.values().flatten().any(|name| name == tag)
        }
        Stream::User(_) | Stream::Direct => false,
    })
}

async fn update(
    ctx: &Ctx,
    viewer: &Viewer,
    event: &'static str,
    view: Option<PostView>,
    outer: Outer,
) -> Result<Vec<Message>> {
    let Some(view) = view else { return Ok(Vec::new()) };
    let drawn = statuses(ctx, viewer, &[view], outer).await?;
    Ok(drawn.into_iter().map(|value| (event, value.to_string().into())).collect())
}
