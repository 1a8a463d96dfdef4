//! Thank-you cards, seen by who got them and by whom they allow; and what one did in a year, for oneself.

use super::{Ctx, notices};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::ActorState;
use crate::domain::knowledge::Told;
use crate::domain::notices::NoticeKind;
use crate::domain::thanks::{ThanksCard, Year};
use crate::store::thanks::NewCard;
use crate::{policy, store};

/// The longest card, in characters.
pub const LONGEST: usize = 600;
/// Most that one person sends in a day.
const MAX_A_DAY: i64 = 20;
/// Cards on one page.
const SHOWN: i64 = 100;

/// Sends a card to someone here.
///
/// # Errors
/// `NotFound` for guests; `Invalid` for `body` and `to`; `RateLimited`.
pub async fn send(ctx: &Ctx, viewer: &Viewer, to: ActorId, body: &str) -> Result<()> {
    let me = viewer.member_id()?;
    let body = body.trim().replace("\r\n", "\n");
    match body.chars().count() {
        0 => return Err(Error::invalid("body", "error-text-empty")),
        n if n > LONGEST => return Err(Error::invalid("body", "error-text-long")),
        _ => {}
    }
    let c = ctx.clone();
    let id = ctx
        .db
        .write(move |conn| {
            Box::pin(async move {
                let target = store::actors::get(conn, to).await?;
                let member = store::members::is_member(conn, to).await? && target.state == ActorState::Active;
                let shut = store::moderation::out_of_reach(conn, &[to], me).await?;
                if to == me || !member || !shut.is_empty() {
                    return Err(Error::invalid("to", "error-thanks-to"));
                }
                let now = c.now();
                if store::thanks::count_sent(conn, me, now.plus(-Time::DAY)).await? >= MAX_A_DAY {
                    return Err(Error::RateLimited { retry_after: 3600 });
                }
                let id = ThanksId(c.ids.next());
                store::thanks::insert(conn, &NewCard { id, from_id: me, to_id: to, body, created_at: now }).await?;
                Ok(id)
            })
        })
        .await?;
    let kind = NoticeKind::ThanksCard;
    let telling = notices::Telling { group_key: format!("{kind}-{id}"), ..notices::about_actor(kind, me) };
    notices::tell(ctx, &[to], telling).await
}

/// Cards that the viewer got, the newest first.
pub async fn mine(ctx: &Ctx, viewer: &Viewer) -> Result<Vec<ThanksCard>> {
    store::thanks::to(&mut ctx.db.read().await?, viewer.member_id()?, None, SHOWN).await
}

/// Cards that someone got, as far as they show them to the viewer.
pub async fn of(ctx: &Ctx, viewer: &Viewer, person: ActorId) -> Result<Vec<ThanksCard>> {
    let told = policy::told_to(viewer, false);
    store::thanks::to(&mut ctx.db.read().await?, person, Some(told), 12).await
}

/// Chooses who sees a card that the viewer got; `None` throws it away.
///
/// # Errors
/// `NotFound` for what is not theirs.
pub async fn change(ctx: &Ctx, viewer: &Viewer, id: ThanksId, told: Option<Told>) -> Result<()> {
    let me = viewer.member_id()?;
    let done = ctx.db.write(move |conn| {
        Box::pin(async move {
            match told {
                Some(told) => store::thanks::set_told(conn, id, me, told).await,
                None => store::thanks::delete(conn, id, me).await,
            }
        })
    });
    if done.await? == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// The year it is now, where the instance is.
pub fn this_year(ctx: &Ctx) -> i16 {
    ctx.now().timestamp().to_zoned(ctx.zone.clone()).year()
}

/// The year in which the viewer came.
pub async fn first_year(ctx: &Ctx, viewer: &Viewer) -> Result<i16> {
    let (member, _) = store::people::get(&mut ctx.db.read().await?, viewer.member_id()?).await?;
    Ok(member.created_at.timestamp().to_zoned(ctx.zone.clone()).year())
}

/// What the viewer did in a year, and the cards they got in it. Nobody else can see it.
///
/// # Errors
/// `NotFound` for a year before they came or that has not begun.
pub async fn year(ctx: &Ctx, viewer: &Viewer, year: i16) -> Result<(Year, Vec<ThanksCard>)> {
    let me = viewer.member_id()?;
    if !(first_year(ctx, viewer).await?..=this_year(ctx)).contains(&year) {
        return Err(Error::NotFound);
    }
    let begin = |year: i16| {
        let first = jiff::civil::Date::new(year, 1, 1).ok()?.to_zoned(ctx.zone.clone()).ok()?;
        Some(Time::from_micros(first.timestamp().as_microsecond()))
    };
    let (Some(from), Some(until)) = (begin(year), begin(year + 1)) else { return Err(Error::NotFound) };
    let mut conn = ctx.db.read().await?;
    let numbers = store::thanks::year(&mut conn, me, from, until).await?;
    let mut cards = store::thanks::to(&mut conn, me, None, SHOWN).await?;
    cards.retain(|card| card.created_at >= from && card.created_at < until);
    Ok((numbers, cards))
}
