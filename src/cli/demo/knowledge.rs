//! What people of the demo tell of what they know, and what its questions and lessons are about.

use std::collections::HashMap;

use super::plan::{Plan, Planned};
use crate::base::*;
use crate::domain::knowledge::{Choices, Relation, Told, Why};
use crate::domain::notices::NoticeKind;
use crate::domain::posts::PostKind;
use crate::services::terms;
use crate::store::contacts::NewContact;
use crate::store::notices::{NewNotice, NoticeTo};
use crate::store::referrals::NewReferral;
use crate::store::{self, Conn};
use crate::text;

/// Per person: relation, word, note, who may see it.
type Told4 = (Relation, String, String, Told);

const EXPERTISE: &str = include_str!("content/expertise.json");

/// Days on which some are there.
const DAYS: &[(&str, &str)] =
    &[("lotte", "1245"), ("oksana", "23"), ("joris", "24"), ("fatma", "2"), ("marieke", "1234"), ("maria", "12345")];

/// Writes them for the people of one side.
pub async fn write(plan: &Plan, side: &str, posts: &[Planned<'_>], conn: &mut Conn) -> Result<()> {
    let all: HashMap<String, Vec<Told4>> = serde_json::from_str(EXPERTISE).map_err(Error::internal)?;
    for person in plan.content.people.iter().filter(|person| person.instance == side) {
        for (relation, word, note, told) in all.get(&person.key).into_iter().flatten() {
            let term = meant(conn, word).await?;
            let id = ExpertiseId(plan.id_at(plan.ago(30.0)));
            let member = plan.actor(&person.key)?;
            store::expertise::upsert(conn, id, member, *relation, term, note, *told, plan.ago(30.0)).await?;
        }
        if let Some((_, days)) = DAYS.iter().find(|(key, _)| *key == person.key) {
            let chosen = Choices { days: (*days).to_owned(), ..Choices::default() };
            store::expertise::set_choices(conn, plan.actor(&person.key)?, &chosen).await?;
        }
    }
    let mut about = None;
    for planned in posts {
        let kind = planned.top.map(|top| top.kind);
        if !matches!(kind, Some(PostKind::Question | PostKind::Lesson)) || !plan.knows(side, planned.group) {
            continue;
        }
        let title = planned.top.and_then(|top| top.title.clone()).unwrap_or_default();
        let found = terms::found_in(conn, &format!("{title} {}", planned.body)).await?;
        let ids: Vec<TermId> = found.iter().map(|term| term.id).collect();
        store::terms::set_of_post(conn, planned.id, &ids).await?;
        if planned.group.key == "taalcafe" && kind == Some(PostKind::Question) {
            about = Some(planned.id);
        }
    }
    write_contact(plan, side, conn).await?;
    match about {
        Some(question) if side == "linde" => write_asked(plan, conn, question).await,
        _ => Ok(()),
    }
}

/// Maria at the partner asks Oksana whether she may write; her organisation found Oksana before that.
async fn write_contact(plan: &Plan, side: &str, conn: &mut Conn) -> Result<()> {
    let (maria, oksana) = (plan.actor("maria")?, plan.actor("oksana")?);
    // The same on both sides, so that an answer can name it.
    let id = ReferralId((maria.0 ^ oksana.0) & i64::MAX);
    let ours = side == "zuid";
    let (member_id, other_id) = if ours { (maria, oksana) } else { (oksana, maria) };
    let reason =
        "Ik ken een moeder uit Oekraïne die met haar kind wil leren lezen. Mag ik je vragen wat bij jullie werkt?";
    let new = NewContact {
        id,
        member_id,
        other_id,
        ours,
        uri: plan.home("zuid")?.activity(ActivityId(id.0)),
        reason: reason.to_owned(),
        created_at: plan.ago(0.2),
    };
    store::contacts::put(conn, &new).await?;
    if ours {
        return Ok(());
    }
    let host = store::actors::get(conn, maria).await?.host_id;
    let term = meant(conn, "Oekraïens").await?;
    store::lookups::note(conn, oksana, host, term, plan.ago(0.2)).await?;
    let told = NoticeTo { id: NotificationId(plan.id_at(plan.ago(0.2))), member: oksana, filtered: false };
    let notice = NewNotice {
        kind: NoticeKind::ContactRequest,
        actor_id: Some(maria),
        post_id: None,
        group_id: None,
        detail: String::new(),
        group_key: format!("{}-{id}", NoticeKind::ContactRequest),
        created_at: plan.ago(0.2),
    };
    store::notices::insert(conn, &[(vec![told], notice)]).await.map(|_| ())
}

/// One referral that waits, and one offer.
async fn write_asked(plan: &Plan, conn: &mut Conn, question: PostId) -> Result<()> {
    let asker = store::posts::get(conn, question).await?.author_id;
    let at = plan.ago(0.1);
    let referral = NewReferral {
        id: ReferralId(plan.id_at(at)),
        from_id: plan.actor("marieke")?,
        to_id: plan.actor("oksana")?,
        for_id: asker,
        post_id: Some(question),
        reason: "Jij kent de moeders uit de opvang en je weet hoe zij lezen leerden.".to_owned(),
        created_at: at,
    };
    store::referrals::insert(conn, &referral).await?;
    let term = meant(conn, "Taalcafé").await?;
    let (id, fatma) = (OfferId(plan.id_at(at)), plan.actor("fatma")?);
    store::questions::insert_offer(conn, id, fatma, term, question, Why::Thanks, at).await.map(|_| ())
}

/// The word of the vocabulary.
async fn meant(conn: &mut Conn, word: &str) -> Result<TermId> {
    let found = store::terms::by_keys(conn, &[text::term_key(word)]).await?.pop();
    found.map(|(_, term)| term.id).ok_or_else(|| Error::internal(format!("the demo says {word}: no such word")))
}
