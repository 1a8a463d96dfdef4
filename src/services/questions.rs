//! A question finds its people: what it is about, who may know, what is like it; and what answers teach about people.

use std::collections::HashMap;

use super::{Ctx, expertise, notices, terms};
use crate::base::*;
use crate::domain::Viewer;
use crate::domain::knowledge::{Offer, OfferState, Relation, Term, Told, Why};
use crate::domain::notices::NoticeKind;
use crate::domain::people::Role;
use crate::domain::posts::{Post, PostKind, PostView};
use crate::domain::search::FoundKind;
use crate::services::expertise::Knower;
use crate::services::search::{self, Wanted};
use crate::store;
use crate::{policy, text};

/// People who hear of one question because they may know.
const TOLD: usize = 5;
/// People looked at for that: some may not read the group.
const CANDIDATES: i64 = 40;
/// How long a question without an answer is brought up again.
const OPEN_FOR: i64 = 60 * Time::DAY;
/// Words learned from one answer.
const LEARNED: usize = 3;

/// What could help before a question is asked.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// Questions like it.
    pub similar: Vec<PostView>,
    /// People who may know.
    pub people: Vec<Knower>,
}

/// What a post says, as words are looked for in it; hashtags are part of its text.
fn words_of(post: &Post) -> String {
    format!("{} {}", post.title, text::plain(&post.clean()))
}

/// Notes what a question or lesson is about; others are about nothing.
pub(super) async fn note_terms(ctx: &Ctx, post: &Post) -> Result<Vec<Term>> {
    if !post.is_top() || !matches!(post.kind, PostKind::Question | PostKind::Lesson) {
        return Ok(Vec::new());
    }
    let found = terms::found_in(&mut ctx.db.read().await?, &words_of(post)).await?;
    let (id, ids) = (post.id, found.iter().map(|term| term.id).collect::<Vec<_>>());
    ctx.db.write(move |conn| Box::pin(async move { store::terms::set_of_post(conn, id, &ids).await })).await?;
    Ok(found)
}

/// After a question: those who said they know about it and may read it hear of it, a few at most, each with the word that
/// made us think of them.
pub(super) async fn find_people(ctx: &Ctx, post: &Post) -> Result<()> {
    let about = note_terms(ctx, post).await?;
    if post.kind != PostKind::Question || about.is_empty() {
        return Ok(());
    }
    let ids: Vec<TermId> = about.iter().map(|term| term.id).collect();
    let mut conn = ctx.db.read().await?;
    let mut helping: Vec<ActorId> =
        store::expertise::who_helps(&mut conn, &ids, CANDIDATES).await?.into_iter().map(|found| found.0).collect();
    helping.retain(|member| *member != post.author_id);
    let sight = |(id, role, guest): (ActorId, Role, bool)| (id, policy::sight(&Viewer::Member { id, role, guest }));
    let sights: Vec<_> = store::members::among(&mut conn, &helping).await?.into_iter().map(sight).collect();
    let seeing = store::who_sees(&mut conn, &sights, post.id).await?;
    helping.retain(|member| seeing.contains(member));
    let known = store::expertise::helps_with(&mut conn, &helping, &ids).await?;
    drop(conn);
    let word = |member: &ActorId| about.iter().find(|term| known.contains(&(*member, term.id)));
    let told: Vec<(ActorId, &Term)> =
        helping.iter().filter_map(|member| Some((*member, word(member)?))).take(TOLD).collect();
    for (member, term) in told {
        let mut notice = notices::about_post(NoticeKind::MayKnow, post);
        notice.detail = serde_json::json!({ "nl": term.label_nl, "en": term.label_en }).to_string();
        notices::tell(ctx, &[member], notice).await?;
    }
    Ok(())
}

/// Questions like what is typed, and people who may know.
pub async fn before(ctx: &Ctx, viewer: &Viewer, title: &str, body: &str) -> Result<Before> {
    let me = viewer.member_id()?;
    let words = format!("{title} {body}");
    let helps = [Relation::Knows, Relation::Teaches, Relation::Reaches];
    let mut people = expertise::who(ctx, viewer, &words, &helps).await?.people;
    people.retain(|knower| knower.actor.id != me);
    people.truncate(TOLD);
    Ok(Before { similar: similar(ctx, viewer, title, body).await?, people })
}

/// Questions like this one, who fits best first: the index is asked for each of the longest words.
pub async fn similar(ctx: &Ctx, viewer: &Viewer, title: &str, body: &str) -> Result<Vec<PostView>> {
    let folded = text::fold(&if title.trim().is_empty() { body.to_owned() } else { title.to_owned() });
    let mut words: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() >= 5).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.dedup();
    let mut found: HashMap<PostId, (usize, PostView)> = HashMap::new();
    for word in words.into_iter().take(3) {
        let wanted = Wanted { text: word.to_owned(), kind: Some(FoundKind::Question), ..Wanted::default() };
        for view in search::statuses(ctx, viewer, &wanted, 10).await? {
            found.entry(view.post.id).or_insert((0, view)).0 += 1;
        }
    }
    let mut found: Vec<(usize, PostView)> = found.into_values().collect();
    // One word alone in common says little, unless there is an answer.
    found.retain(|(hits, view)| *hits > 1 || view.post.accepted_id.is_some());
    found.sort_by_key(|(hits, view)| std::cmp::Reverse((*hits, view.post.accepted_id.is_some(), view.post.id)));
    Ok(found.into_iter().take(5).map(|(_, view)| view).collect())
}

/// Questions in the viewer's groups that nobody answered yet, newest first; at most `limit`.
pub async fn unanswered(ctx: &Ctx, viewer: &Viewer, limit: i64) -> Result<Vec<PostId>> {
    let me = viewer.member_id()?;
    let since = PostId(ctx.ids.at(ctx.now().plus(-OPEN_FOR)));
    store::questions::unanswered(&mut ctx.db.read().await?, me, &policy::sight(viewer), since, limit).await
}

/// The same with all around them.
pub async fn unanswered_views(ctx: &Ctx, viewer: &Viewer, limit: i64) -> Result<Vec<PostView>> {
    let ids = unanswered(ctx, viewer, limit).await?;
    let mut views = store::posts::views(&mut ctx.db.read().await?, &ids, &policy::sight(viewer)).await?;
    views.sort_by_key(|view| std::cmp::Reverse(view.post.id));
    Ok(views)
}

/// What an answer teaches about who gave it: the words of the question become offers that only they see.
pub(super) async fn learn(ctx: &Ctx, answer: &Post, why: Why) -> Result<()> {
    if answer.kind != PostKind::Comment {
        return Ok(());
    }
    let mut conn = ctx.db.read().await?;
    if !store::members::is_member(&mut conn, answer.author_id).await? {
        return Ok(());
    }
    let question = store::posts::get(&mut conn, answer.root_id).await?;
    let own = question.author_id == answer.author_id;
    if own
        || question.kind != PostKind::Question
        || !store::expertise::choices(&mut conn, answer.author_id).await?.offers
    {
        return Ok(());
    }
    let mut about: Vec<TermId> =
        terms::found_in(&mut conn, &words_of(&question)).await?.into_iter().map(|term| term.id).collect();
    let told = store::questions::told_about(&mut conn, answer.author_id, &about).await?;
    drop(conn);
    about.retain(|id| !told.contains(id));
    about.truncate(LEARNED);
    let (c, member, post) = (ctx.clone(), answer.author_id, answer.id);
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                for term in about {
                    let id = OfferId(c.ids.next());
                    store::questions::insert_offer(conn, id, member, term, post, why, c.now()).await?;
                }
                Ok(())
            })
        })
        .await
}

/// "Shall we add this?": what the viewer is offered, the last first.
pub async fn offers(ctx: &Ctx, viewer: &Viewer, limit: i64) -> Result<Vec<Offer>> {
    let me = viewer.member_id()?;
    store::questions::offers(&mut ctx.db.read().await?, me, limit).await
}

/// What someone answers to an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Add it; members of the organisation see it.
    Yes,
    /// Not this.
    No,
    /// Never ask again, about anything.
    Never,
}

/// Answers an offer.
///
/// # Errors
/// `NotFound` for what was not offered to the viewer, or is answered.
pub async fn answer_offer(ctx: &Ctx, viewer: &Viewer, id: OfferId, answer: Answer) -> Result<()> {
    let me = viewer.member_id()?;
    let c = ctx.clone();
    ctx.db
        .write(move |conn| {
            Box::pin(async move {
                let state = if answer == Answer::Yes { OfferState::Added } else { OfferState::Refused };
                let term = store::questions::answer_offer(conn, me, id, state).await?.ok_or(Error::NotFound)?;
                match answer {
                    Answer::Yes => expertise::insert(conn, &c, me, Relation::Knows, term, "", Told::Organisation).await,
                    Answer::No => Ok(()),
                    Answer::Never => {
                        let mut chosen = store::expertise::choices(conn, me).await?;
                        chosen.offers = false;
                        store::expertise::set_choices(conn, me, &chosen).await?;
                        for offer in store::questions::offers(conn, me, 100).await? {
                            store::questions::answer_offer(conn, me, offer.id, OfferState::Refused).await?;
                        }
                        Ok(())
                    }
                }
            })
        })
        .await?;
    ctx.wake.now();
    Ok(())
}
