use kring::base::PostId;
use kring::domain::groups::GroupKind;
use kring::domain::knowledge::{Relation, Told};
use kring::domain::notices::NoticeKind;
use kring::domain::posts::{PostKind, ReactionKind};
use kring::services::posts::PostForm;
use kring::services::questions::{self, Answer};
use kring::services::{expertise, notices, posts, referrals};

use crate::support::{Person, TestApp, both};

async fn ask(app: &TestApp, who: &Person, group: kring::base::ActorId, text: &str) -> PostId {
    let mut form = PostForm::new(PostKind::Question, text);
    form.group = Some(group);
    posts::publish(app.ctx(), &who.viewer, form).await.expect("a question").id
}

async fn told(app: &TestApp, who: &Person, kind: NoticeKind) -> usize {
    notices::list(app.ctx(), &who.viewer, &[kind], kring::base::Page::before(None, 40)).await.unwrap().items.len()
}

async fn tell(app: &TestApp, who: &Person, relation: Relation, word: &str, to: Told) {
    expertise::add(app.ctx(), &who.viewer, relation, word, "", to).await.unwrap();
}

#[test]
fn a_question_finds_its_people() {
    both(async |app| {
        let (asker, knows, hidden, off) =
            (app.person("Anna").await, app.person("Bram").await, app.person("Cees").await, app.person("Daan").await);
        let outside = app.person("Eva").await;
        let group = app.group(&asker, "Taalhuis", GroupKind::Private).await;
        for person in [&knows, &hidden, &off] {
            app.join(person, &group, &asker).await;
        }
        for (person, to) in [(&knows, Told::Organisation), (&hidden, Told::Me), (&off, Told::Organisation)] {
            tell(&app, person, Relation::Teaches, "voorlezen", to).await;
        }
        tell(&app, &outside, Relation::Knows, "voorlezen", Told::Organisation).await;
        let (_, mut chosen) = expertise::mine(app.ctx(), &off.viewer).await.unwrap();
        chosen.questions = false;
        expertise::set_choices(app.ctx(), &off.viewer, chosen).await.unwrap();
        ask(&app, &asker, group.id, "Wie kan er voorlezen op dinsdag?").await;
        app.settle().await;
        let kind = NoticeKind::MayKnow;
        assert_eq!(told(&app, &knows, kind).await, 1);
        for person in [&hidden, &off, &outside, &asker] {
            assert_eq!(told(&app, person, kind).await, 0, "{}", person.name);
        }
        app.browser(&knows).await.get("/notices").await.ok().shows("Omdat je vertelde over: Voorlezen");
        // It waits for an answer, for members of the group alone.
        app.browser(&knows).await.get("/home").await.ok().shows("1 vraag in je groepen");
        app.browser(&knows).await.get("/knowledge/questions").await.ok().shows("voorlezen op dinsdag");
        app.browser(&outside).await.get("/knowledge/questions").await.ok().hides("voorlezen op dinsdag");
    });
}

#[test]
fn at_most_five_hear_of_a_question() {
    both(async |app| {
        let asker = app.person("Anna").await;
        let group = app.group(&asker, "Taalhuis", GroupKind::Organisation).await;
        for number in 0..7 {
            let person = app.person(&format!("Weter{number} X")).await;
            tell(&app, &person, Relation::Knows, "DigiD", Told::Organisation).await;
        }
        ask(&app, &asker, group.id, "Mijn DigiD werkt niet").await;
        app.settle().await;
        assert_eq!(app.count("SELECT count(*) AS n FROM notifications WHERE kind = 'may_know'").await, 5);
    });
}

#[test]
fn before_posting_people_and_like_questions_are_shown_once() {
    both(async |app| {
        let (anna, bram) = (app.person("Anna").await, app.person("Bram").await);
        let group = app.group(&anna, "Taalhuis", GroupKind::Organisation).await;
        tell(&app, &bram, Relation::Knows, "prentenboeken", Told::Organisation).await;
        let browser = app.browser(&anna).await;
        let id = group.id.to_string();
        let fields = [("kind", "question"), ("group", &*id), ("body", "Welke prentenboeken zijn goed?")];
        let page = browser.upload("/posts", &fields, &[]).await.ok();
        let page = page.shows("Voordat je plaatst").shows("/people/bram").shows("Toch plaatsen");
        assert_eq!(page.value("looked").as_deref(), Some("1"));
        let again = [fields[0], fields[1], fields[2], ("looked", "1")];
        let page = browser.upload("/posts", &again, &[]).await.ok();
        assert!(page.path.starts_with("/posts/"), "{}", page.path);
        // Nothing to show, nothing in the way.
        let fields = [("kind", "question"), ("group", &*id), ("body", "Hoe laat?")];
        let page = browser.upload("/posts", &fields, &[]).await.ok();
        assert!(page.path.starts_with("/posts/"), "{}", page.path);
    });
}

#[test]
fn what_an_answer_teaches_is_offered_to_its_author_alone() {
    both(async |app| {
        let (anna, bram) = (app.person("Anna").await, app.person("Bram").await);
        let group = app.group(&anna, "Taalhuis", GroupKind::Organisation).await;
        app.join(&bram, &group, &anna).await;
        let question = ask(&app, &anna, group.id, "Hoe begin ik een leeskring over poëzie?").await;
        let answer = app.comment(&bram, question, "Kies één gedicht.").await;
        posts::accept_answer(app.ctx(), &anna.viewer, question, Some(answer)).await.unwrap();
        app.settle().await;
        let offers = questions::offers(app.ctx(), &bram.viewer, 9).await.unwrap();
        assert_eq!(offers.len(), 2);
        assert!(expertise::who(app.ctx(), &anna.viewer, "poëzie", &[]).await.unwrap().people.is_empty());
        app.browser(&bram).await.get("/home").await.ok().shows("Zullen we dit toevoegen");
        app.browser(&anna).await.get("/home").await.ok().hides("Zullen we dit toevoegen");
        let path = |at: usize| format!("/settings/knowledge/offers/{}", offers[at].id);
        app.browser(&anna).await.post(&path(0), &[("answer", "yes")]).await.status(404);
        app.browser(&bram).await.post(&path(0), &[("answer", "yes")]).await.ok();
        app.browser(&bram).await.post(&path(0), &[("answer", "yes")]).await.status(404);
        let label = offers[0].term.label_nl.clone();
        assert_eq!(expertise::who(app.ctx(), &anna.viewer, &label, &[]).await.unwrap().people.len(), 1);
        // Never again, about anything.
        questions::answer_offer(app.ctx(), &bram.viewer, offers[1].id, Answer::Never).await.unwrap();
        let other = ask(&app, &anna, group.id, "Wie helpt met 3D-printen?").await;
        let answer = app.comment(&bram, other, "Ik.").await;
        posts::react(app.ctx(), &anna.viewer, answer, ReactionKind::Thanks, true).await.unwrap();
        app.settle().await;
        assert!(questions::offers(app.ctx(), &bram.viewer, 9).await.unwrap().is_empty());
    });
}

#[test]
fn a_referral_is_answered_and_a_no_stays_private() {
    both(async |app| {
        let (anna, bram, cees) = (app.person("Anna").await, app.person("Bram").await, app.person("Cees").await);
        let group = app.group(&anna, "Taalhuis", GroupKind::Organisation).await;
        let question = ask(&app, &anna, group.id, "Wie weet iets van stambomen?").await;
        let browser = app.browser(&bram).await;
        browser.get(&format!("/posts/{question}")).await.ok().shows("Vraag het een collega");
        let id = question.to_string();
        let form = [("post", &*id), ("to", "cees"), ("reason", "")];
        browser.post("/referrals", &form).await.status(422).shows("href=\"#reason\"");
        let form = [("post", &*id), ("to", "cees"), ("reason", "Jij deed dit al eens")];
        browser.post("/referrals", &form).await.ok();
        browser.post("/referrals", &form).await.status(422);
        assert_eq!(told(&app, &cees, NoticeKind::Referral).await, 1);
        let asked = referrals::mine(app.ctx(), &cees.viewer).await.unwrap();
        app.browser(&cees).await.get("/referrals").await.ok().shows("Jij deed dit al eens");
        let path = format!("/referrals/{}", asked[0].id);
        browser.post(&path, &[("yes", "1")]).await.status(404);
        app.browser(&cees).await.post(&path, &[("no", "1")]).await.ok();
        app.settle().await;
        for person in [&anna, &bram] {
            assert_eq!(told(&app, person, NoticeKind::ReferralAccepted).await, 0);
        }
        // From a profile, and a yes.
        let form = [("helped", "anna"), ("to", "cees"), ("reason", "Zij zoekt een archief")];
        browser.post("/referrals", &form).await.ok();
        let asked = referrals::mine(app.ctx(), &cees.viewer).await.unwrap();
        app.browser(&cees).await.post(&format!("/referrals/{}", asked[0].id), &[("yes", "1")]).await.ok();
        for person in [&anna, &bram] {
            assert_eq!(told(&app, person, NoticeKind::ReferralAccepted).await, 1, "{}", person.name);
        }
    });
}

#[test]
fn the_overview_has_numbers_and_no_names() {
    both(async |app| {
        let guest = app.guest("Gast").await;
        let people = [app.person("Anna").await, app.person("Bram").await, app.person("Cees").await];
        for person in &people {
            tell(&app, person, Relation::Knows, "voorlezen", Told::Organisation).await;
        }
        tell(&app, &people[0], Relation::Knows, "poëzie", Told::Organisation).await;
        tell(&app, &people[1], Relation::Knows, "rouw", Told::Me).await;
        tell(&app, &people[2], Relation::Learns, "robotica", Told::Organisation).await;
        let found = expertise::overview(app.ctx(), &people[1].viewer).await.unwrap();
        let words = |list: &[(kring::domain::knowledge::Term, i64)]| {
            list.iter().map(|(term, n)| format!("{} {n}", term.label_nl)).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(words(&found.broad), "Voorlezen 3");
        assert_eq!(words(&found.one), "Poëzie 1");
        assert_eq!(words(&found.missing), "Robotica 1");
        app.browser(&people[1]).await.get("/knowledge").await.ok().shows("Robotica").hides("Cees").hides("Anna");
        app.browser(&guest).await.get("/knowledge").await.status(404);
    });
}

#[test]
fn a_lesson_is_written_in_steps_and_printed_in_a_booklet() {
    both(async |app| {
        let anna = app.person("Anna").await;
        let group = app.group(&anna, "Taalhuis", GroupKind::Organisation).await;
        let browser = app.browser(&anna).await;
        browser.get("/lessons").await.ok().shows("/lessons/new").hides("⟦");
        browser.post("/lessons/new", &[("title", ""), ("did", "")]).await.status(422).shows("href=\"#title\"");
        let form =
            [("title", "Samen lezen"), ("did", "We lazen voor."), ("well", "Het was stil."), ("whom", "ouderen")];
        let page = browser.post("/lessons/new", &form).await.ok().shows("## Wat we deden").shows("## Voor wie");
        assert!(page.path.starts_with("/posts/new?kind=lesson"), "{}", page.path);
        let id = group.id.to_string();
        let body = "## Wat we deden\n\nWe lazen voor.\n\n## Voor wie\n\nouderen";
        let fields = [("kind", "lesson"), ("group", &*id), ("title", "Samen lezen"), ("body", body)];
        browser.upload("/posts", &fields, &[]).await.ok();
        app.settle().await;
        let page = browser.get("/lessons").await.ok().shows("Ouderen");
        let at = page.html.find("/lessons?term=").unwrap() + 14;
        let term: String = page.html[at..].chars().take_while(char::is_ascii_digit).collect();
        browser.get(&format!("/lessons?term={term}")).await.ok().shows("Samen lezen");
        let booklet = browser.get(&format!("/lessons/booklet?term={term}")).await.ok();
        booklet.shows("booklet__cover").shows("Inhoud").shows("We lazen voor.");
    });
}
