//! Leaving: groups are handed over first, one's data taken along, and everyone told.

use serde_json::{Value, json};

use super::ctx::emit;
use super::{Ctx, accounts, follows};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::actors::{ActorCard, ActorState};
use crate::domain::events::Event;
use crate::store::{self, Conn, leaving as rows};

/// What stands in the way of leaving.
#[derive(Clone, Debug, Default)]
pub struct InTheWay {
    /// Groups that only this person owns and that others are in.
    pub groups: Vec<ActorCard>,
    /// Nobody else would answer for the instance.
    pub last_owner: bool,
}

impl InTheWay {
    /// Whether nothing does.
    pub fn is_clear(&self) -> bool {
        self.groups.is_empty() && !self.last_owner
    }
}

/// What stands in the way of the viewer's leaving.
pub async fn in_the_way(ctx: &Ctx, viewer: &Viewer) -> Result<InTheWay> {
    look(&mut ctx.db.read().await?, viewer.member_id()?).await
}

async fn look(conn: &mut Conn, me: ActorId) -> Result<InTheWay> {
    let groups = store::people::solely_owned(conn, me).await?;
    Ok(InTheWay { groups, last_owner: accounts::is_last_owner(conn, me).await? })
}

/// The viewer leaves for good: what they wrote becomes tombstones, the name stays taken, peers are told.
///
/// # Errors
/// `Conflict` while [`in_the_way`] is not clear.
pub async fn leave(ctx: &Ctx, viewer: &Viewer) -> Result<()> {
    let me = viewer.member_id()?;
    let c = ctx.clone();
    ctx.db.write(move |conn| Box::pin(async move { go(conn, &c, me).await })).await?;
    ctx.wake.now();
    Ok(())
}

async fn go(conn: &mut Conn, ctx: &Ctx, me: ActorId) -> Result<()> {
    let way = look(conn, me).await?;
    if way.last_owner {
        return Err(Error::Conflict { reason: "error-last-owner" });
    }
    if !way.groups.is_empty() {
        return Err(Error::Conflict { reason: "error-hand-over-first" });
    }
    let now = ctx.now();
    for group in rows::owned_alone(conn, me).await? {
        // Nobody else is in it: what was said there goes with its only member.
        follows::end_notices(conn, ctx, group).await?;
        store::actors::set_state(conn, group, ActorState::Deleted, now).await?;
        store::wiki::delete_of(conn, group, now).await?;
        emit(conn, &ctx.ids, now, &Event::ActorDeleted { actor: group, met: Vec::new() }).await?;
    }
    if !store::known::open_among(conn, &[me]).await?.is_empty() {
        // What made them known goes with the account; those who found them still hear of it.
        store::known::show(conn, &[me], now).await?;
    }
    let met = store::known::hosts_met(conn, me).await?;
    for follow in rows::follows_from(conn, me).await? {
        let ended = follows::end(conn, me, follow).await?;
        follows::settled(conn, ctx, ended.as_ref()).await?;
    }
    for post in rows::post_ids(conn, me).await? {
        store::posts::bury(conn, post, now).await?;
    }
    store::media::detach_all(conn, me).await?;
    // Followers elsewhere stay listed: delivery of the Delete finds its inboxes through them.
    store::invitations::revoke_of(conn, me, now).await?;
    store::aliases::delete_of(conn, me).await?;
    store::people::delete(conn, me).await?;
    store::people::bury(conn, me, now).await?;
    emit(conn, &ctx.ids, now, &Event::ActorDeleted { actor: me, met }).await
}

/// No limit to what somebody takes along.
const ALL: i64 = i64::MAX;

/// Everything the viewer told or wrote here, as one JSON text to take along.
pub async fn export(ctx: &Ctx, viewer: &Viewer) -> Result<String> {
    let me = viewer.member_id()?;
    let mut conn = ctx.db.read().await?;
    let (member, actor) = store::people::get(&mut conn, me).await?;
    let groups = store::groups::mine(&mut conn, me).await?;
    let groups: Vec<Value> = groups
        .iter()
        .filter_map(|line| line.mine.map(|(state, role, _)| (line, state, role)))
        .map(|(line, state, role)| {
            json!({ "name": line.actor.display_name, "address": line.actor.url, "state": state, "role": role })
        })
        .collect();
    let mut posts = Vec::new();
    let mut after = -1;
    loop {
        let page = rows::posts_of(&mut conn, me, after, 500).await?;
        let Some(last) = page.last() else { break };
        after = last.id.0;
        posts.extend(page.iter().map(post_json));
    }
    let files = rows::files_of(&mut conn, me).await?;
    let files: Vec<Value> = files
        .into_iter()
        .map(|(id, name, mime, description)| {
            json!({ "address": ctx.urls.media(id, false), "name": name, "type": mime, "description": description })
        })
        .collect();
    let all = json!({
        "exported_at": ctx.now().to_rfc3339(),
        "from": ctx.urls.origin(),
        "profile": {
            "name": actor.name, "address": actor.url, "shown_name": actor.display_name, "about": actor.summary_source,
            "job_title": member.job_title, "pronunciation": member.pronunciation, "languages": member.languages,
            "contact": member.contact, "email": member.email, "language": member.locale,
            "member_since": member.created_at.to_rfc3339(),
        },
        "groups": groups,
        "posts": posts,
        "files": files,
        "expertise": expertise(&mut conn, me).await?,
        "thanks": thanks(&mut conn, me).await?,
        "thanks_sent": thanks_sent(&mut conn, me).await?,
        "contacts": contacts(&mut conn, me).await?,
        "first_steps": first_steps(&mut conn, me).await?,
        "meetings": meetings(&mut conn, me).await?,
    });
    serde_json::to_string_pretty(&all).map_err(Error::internal)
}

/// What they tell that they know, and to whom.
async fn expertise(conn: &mut Conn, me: ActorId) -> Result<Value> {
    let lens = store::expertise::Lens { told: &[], me: Some(me) };
    let told = store::expertise::of(conn, me, lens).await?;
    let chosen = store::expertise::choices(conn, me).await?;
    let told = told.iter().map(|one| {
        json!({
            "relation": one.relation, "word": one.term.label_nl, "word_in_english": one.term.label_en,
            "note": one.note, "told_to": one.told,
        })
    });
    Ok(json!({
        "told": told.collect::<Vec<_>>(), "days": chosen.days, "days_told_to": chosen.days_to,
        "languages_told_to": chosen.languages_to, "branch_told_to": chosen.branch_to,
    }))
}

/// Cards they got.
async fn thanks(conn: &mut Conn, me: ActorId) -> Result<Value> {
    let cards = store::thanks::to(conn, me, None, ALL).await?;
    let cards = cards.iter().map(|card| {
        json!({
            "from": card.from.uri, "text": card.body, "told_to": card.told, "written_at": card.created_at.to_rfc3339(),
        })
    });
    Ok(cards.collect())
}

/// Cards they sent.
async fn thanks_sent(conn: &mut Conn, me: ActorId) -> Result<Value> {
    let cards = store::thanks::sent(conn, me, ALL).await?;
    let cards = cards.iter().map(|(to, body, at)| json!({ "to": to.uri, "text": body, "written_at": at.to_rfc3339() }));
    Ok(cards.collect())
}

/// With whom they are in contact elsewhere, and whom others thought they could help.
async fn contacts(conn: &mut Conn, me: ActorId) -> Result<Value> {
    let asked = store::contacts::of(conn, me, ALL).await?;
    let asked = asked.iter().map(|contact| {
        json!({
            "with": contact.other.uri, "asked_by_me": contact.ours, "reason": contact.reason, "state": contact.state,
            "asked_at": contact.created_at.to_rfc3339(),
        })
    });
    let referred = store::referrals::to(conn, me, None, ALL).await?;
    let referred = referred.iter().map(|referral| {
        json!({
            "from": referral.from.uri, "helps": referral.helped.uri, "reason": referral.reason,
            "state": referral.state, "asked_at": referral.created_at.to_rfc3339(),
        })
    });
    Ok(json!({ "asked": asked.collect::<Vec<_>>(), "referred": referred.collect::<Vec<_>>() }))
}

async fn first_steps(conn: &mut Conn, me: ActorId) -> Result<Value> {
    let Some(begun) = store::newcomers::find(conn, me).await? else { return Ok(Value::Null) };
    let done = store::newcomers::marks(conn, &[me]).await?;
    let done = done
        .iter()
        .map(|mark| json!({ "step": mark.step, "note": mark.note, "written_at": mark.created_at.to_rfc3339() }));
    Ok(json!({
        "began_at": begun.created_at.to_rfc3339(), "ended_at": begun.ended_at.map(Time::to_rfc3339),
        "done_with_someone": done.collect::<Vec<_>>(),
    }))
}

async fn meetings(conn: &mut Conn, me: ActorId) -> Result<Value> {
    let wants = store::meetings::meeter(conn, me).await?;
    let made = store::meetings::of(conn, me, ALL).await?;
    let made = made.iter().map(|meeting| {
        json!({
            "month": meeting.month, "with": meeting.other.as_ref().map(|other| &other.uri), "why": meeting.reason,
            "at": meeting.begins_at.map(Time::to_rfc3339), "state": meeting.state,
        })
    });
    Ok(json!({
        "wants_to_meet": wants.is_some(), "also_at_partners": wants.is_some_and(|wants| wants.peers),
        "made": made.collect::<Vec<_>>(),
    }))
}

fn post_json(post: &crate::domain::posts::Post) -> Value {
    json!({
        "address": post.url, "kind": post.kind, "title": post.title, "text": post.source, "language": post.language,
        "in_reply_to": post.parent_id, "written_at": post.published_at.to_rfc3339(),
        "edited_at": post.edited_at.map(Time::to_rfc3339),
    })
}
