//! Reading tips, cards of the board and a thank-you card of the demo's people, for their own organisation.

use super::plan::Plan;
use crate::base::*;
use crate::domain::audiences::{Audience, Scope};
use crate::domain::extras::{Card, Extra, OnList, Side, TipList, Work};
use crate::domain::knowledge::Told;
use crate::domain::posts::{Entry, EntryKind, Post, PostKind, PostState};
use crate::store::posts::{Counts, NewPost};
use crate::store::thanks::NewCard;
use crate::store::{self, Conn};
use crate::text::{self, Links};

/// Who, days ago, work, maker, for whom, why.
const TIPS: &[(&str, f64, &str, &str, &str, &str)] = &[
    (
        "lotte",
        3.2,
        "Rupsje Nooitgenoeg",
        "Eric Carle",
        "Peuters",
        "Er staan weinig woorden in en het is er in bijna elke taal. Ouders die nog niet goed Nederlands lezen, kennen het vaak al.",
    ),
    (
        "gerda",
        9.1,
        "Karel ende Elegast",
        "onbekend",
        "Leeskringen die durven",
        "Kort, spannend en zevenhonderd jaar oud. Lees het hardop, dan komt het vanzelf.",
    ),
];

/// Who, days ago, side, days that it still hangs, title, text.
const CARDS: &[(&str, f64, Side, f64, &str, &str)] = &[
    (
        "marieke",
        0.6,
        Side::Seek,
        9.0,
        "Iemand die zaterdag koffie schenkt",
        "Van 10.00 tot 13.00 uur in de wijkzaal. Met z’n tweeën is het gezelliger, dus neem gerust iemand mee.",
    ),
    (
        "kees",
        2.4,
        Side::Offer,
        21.0,
        "Gereedschapskist te leen",
        "Met schroevendraaiers in alle maten. Haal hem op in de makersplaats.",
    ),
];

/// Writes them for the library.
pub async fn write(plan: &Plan, side: &str, conn: &mut Conn) -> Result<()> {
    if side != "linde" {
        return Ok(());
    }
    let mut tips = Vec::new();
    for (who, days, work, maker, whom, why) in TIPS {
        let source = format!("**{work}**\n{maker}\n\nVoor wie: {whom}\n\n{why}");
        let one = |text: &str| text.to_owned();
        let extra = Extra::Tip(Work { isbn: String::new(), title: one(work), maker: one(maker), whom: one(whom) });
        tips.push(post(plan, conn, who, *days, &format!("Leestip: {work}"), &source, &extra).await?);
    }
    for (who, days, side, left, title, source) in CARDS {
        let card = Card { side: *side, until: plan.ago(-*left), done: false };
        post(plan, conn, who, *days, title, source, &Extra::Board(card)).await?;
    }
    let now = plan.ago(3.0);
    let list = TipList {
        id: TipListId(plan.id_at(now)),
        owner_id: plan.actor("lotte")?,
        title: "Voor thuis, in twee talen".to_owned(),
        about: "Boeken die ouders vaak al kennen.".to_owned(),
        shared: true,
        created_at: now,
    };
    store::extras::insert_list(conn, &list).await?;
    if let Some(post) = tips.first() {
        store::extras::set_on_list(conn, OnList { list: list.id, post: *post }, true, now).await?;
    }
    let at = plan.ago(5.0);
    let card = NewCard {
        id: ThanksId(plan.id_at(at)),
        from_id: plan.actor("marieke")?,
        to_id: plan.actor("fatma")?,
        body: "Dank voor de middag met de naaimachines. Er gingen zes mensen naar huis met iets dat ze zelf maakten."
            .to_owned(),
        created_at: at,
    };
    store::thanks::insert(conn, &card).await?;
    store::thanks::set_told(conn, card.id, card.to_id, Told::Organisation).await.map(|_| ())
}

async fn post(
    plan: &Plan,
    conn: &mut Conn,
    who: &str,
    days: f64,
    title: &str,
    source: &str,
    extra: &Extra,
) -> Result<PostId> {
    let (at, author_id) = (plan.ago(days), plan.actor(who)?);
    let audience = Audience { id: AudienceId(plan.id_at(at)), scope: Scope::Organisation, owner_id: author_id };
    store::groups::insert_audience(conn, &audience).await?;
    let id = PostId(plan.id_at(at));
    let home = plan.home("linde")?;
    let html = text::render(source, &Links { tag_base: home.tag_base(), ..Links::default() });
    let post = Post {
        id,
        uri: home.post(id),
        url: home.post(id),
        author_id,
        group_id: None,
        audience_id: audience.id,
        kind: PostKind::Message,
        parent_id: None,
        root_id: id,
        title: title.to_owned(),
        source: source.to_owned(),
        html: html.as_str().to_owned(),
        language: Some("nl".to_owned()),
        sensitive: false,
        warning: String::new(),
        link_url: None,
        state: PostState::Published,
        accepted_id: None,
        pinned_at: None,
        locked: false,
        replies_count: 0,
        reactions_count: 0,
        shares_count: 0,
        published_at: at,
        edited_at: None,
        removed_by: None,
        removed_reason: String::new(),
        received_seq: id.0,
    };
    let search_text = text::fold(&format!("{title} {}", text::plain(&html)));
    store::posts::insert(conn, &NewPost { post, parent_uri: None, search_text }).await?;
    let entry = Entry { id: EntryId(id.0), source_id: author_id, post_id: id, how: EntryKind::Author };
    let mut counts = Counts::default();
    counts.post(author_id, at);
    store::posts::end(conn, &[entry], &[], &counts).await?;
    store::extras::put(conn, id, extra).await?;
    Ok(id)
}
