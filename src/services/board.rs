//! The ask-and-offer board: what someone looks for or offers, until a day. A card is a post; in a network group it is on
//! the boards of partners too.

use super::Ctx;
use super::ctx::emit;
use super::posts::{self, PostForm, Published};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::audiences::Scope;
use crate::domain::events::Event;
use crate::domain::extras::{Card, Extra, Side};
use crate::domain::posts::{PostKind, PostView};
use crate::{policy, store};

/// The longest that a card may hang, in days.
pub const MOST_DAYS: i64 = 90;

/// A card as written.
#[derive(Clone, Debug)]
pub struct CardForm {
    /// Which side.
    pub side: Side,
    /// What, in a few words.
    pub title: String,
    /// More about it.
    pub source: String,
    /// The last moment on the board.
    pub until: Time,
    /// Into which group; none for the whole organisation.
    pub group: Option<ActorId>,
}

/// Hangs a card up.
///
/// # Errors
/// `Invalid` for `title` and `until`, and as [`posts::publish`].
pub async fn publish(ctx: &Ctx, viewer: &Viewer, form: CardForm) -> Result<Published> {
    let now = ctx.now();
    let mut fields = Vec::new();
    if form.title.trim().is_empty() {
        fields.push(FieldError { field: "title", code: "error-board-what" });
    }
    if form.until <= now || form.until > now.plus((MOST_DAYS + 1) * Time::DAY) {
        fields.push(FieldError { field: "until", code: "error-board-until" });
    }
    if !fields.is_empty() {
        return Err(Error::Invalid { fields });
    }
    let card = Card { side: form.side, until: form.until, done: false };
    let post = PostForm {
        title: form.title,
        group: form.group,
        scope: Scope::Organisation,
        extra: Some(Extra::Board(card)),
        ..PostForm::new(PostKind::Message, form.source)
    };
    posts::publish(ctx, viewer, post).await
}

/// A card with its post.
#[derive(Clone, Debug)]
pub struct Hanging {
    /// The post.
    pub view: PostView,
    /// The card.
    pub card: Card,
}

/// What hangs on one side (both without one) and the viewer may read, newest first, before one.
pub async fn list(
    ctx: &Ctx,
    viewer: &Viewer,
    side: Option<Side>,
    before: Option<PostId>,
    limit: i64,
) -> Result<Vec<Hanging>> {
    viewer.member_id()?;
    let sight = policy::sight(viewer);
    let mut conn = ctx.db.read().await?;
    let before = before.unwrap_or(PostId(i64::MAX));
    let ids = store::extras::board(&mut conn, side, ctx.now(), &sight, before, limit).await?;
    let cards = store::extras::of(&mut conn, &ids).await?;
    let mut views = store::posts::views(&mut conn, &ids, &sight).await?;
    views.sort_by_key(|view| std::cmp::Reverse(view.post.id));
    let hanging = |view: PostView| {
        let card = cards.iter().find_map(|(id, extra)| match extra {
            Extra::Board(card) if *id == view.post.id => Some(*card),
            _ => None,
        })?;
        Some(Hanging { view, card })
    };
    Ok(views.into_iter().filter_map(hanging).collect())
}

/// Takes one's own card off the board, or puts it back; the post stays.
///
/// # Errors
/// `NotFound` for what is no card of the viewer's.
pub async fn set_done(ctx: &Ctx, viewer: &Viewer, id: PostId, done: bool) -> Result<()> {
    let me = viewer.member_id()?;
    let (c, sight) = (ctx.clone(), policy::sight(viewer));
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let post = store::posts::find_visible(conn, id, &sight).await?.ok_or(Error::NotFound)?;
                let Some(Extra::Board(card)) = store::extras::of_one(conn, id).await?.filter(|_| post.author_id == me)
                else {
                    return Err(Error::NotFound);
                };
                if card.done == done {
                    return Ok(());
                }
                store::extras::put(conn, id, &Extra::Board(Card { done, ..card })).await?;
                // Other servers take a change only with a new time.
                store::posts::touch(conn, id, c.now()).await?;
                emit(conn, &c.ids, c.now(), &Event::PostEdited { post: post.id }).await
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}
