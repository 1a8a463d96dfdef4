//! Meeting someone each month: who with whom, and when.

use std::collections::HashSet;

use jiff::tz::TimeZone;
use kring::base::{ActorId, TermId, Time};
use kring::domain::knowledge::{Relation, Told};
use kring::domain::meetings::MeetingState;
use kring::domain::meetings::pair::{self, Candidate, ordered};
use kring::services::{expertise, meetings};
use rand::{Rng as _, SeedableRng as _};

use crate::support::{Person, TestApp, both};

fn candidate(id: i64, told: &[(Relation, i64)]) -> Candidate {
    let word = |n: i64| (format!("woord {n}"), format!("word {n}"));
    let told = told.iter().map(|(relation, term)| (*relation, TermId(*term), word(*term))).collect();
    Candidate { id: ActorId(id), branch: None, days: String::new(), told }
}

#[test]
fn everybody_meets_one_and_nobody_whom_something_stands_between() {
    let mut rng = rand::rngs::StdRng::seed_from_u64(29);
    for _ in 0..300 {
        let count = rng.random_range(0..24_i64);
        let people: Vec<Candidate> = (0..count)
            .map(|id| {
                let told = 0..rng.random_range(0..4);
                let told: Vec<_> =
                    told.map(|_| (Relation::ALL[rng.random_range(0..4_usize)], rng.random_range(0..5))).collect();
                candidate(id, &told)
            })
            .collect();
        let one = |rng: &mut rand::rngs::StdRng| ActorId(rng.random_range(0..24_i64));
        let never: HashSet<_> = (0..rng.random_range(0..20)).map(|_| ordered(one(&mut rng), one(&mut rng))).collect();
        let pairs = pair::pairs(&people, &HashSet::new(), &never);
        let met: Vec<ActorId> = pairs.iter().flat_map(|(one, other, _)| [*one, *other]).collect();
        assert_eq!(met.iter().collect::<HashSet<_>>().len(), met.len());
        assert!(pairs.iter().all(|(one, other, _)| one != other && !never.contains(&ordered(*one, *other))));
        // Whoever is left over could meet nobody else who is.
        let left: Vec<ActorId> = people.iter().map(|one| one.id).filter(|id| !met.contains(id)).collect();
        for (at, one) in left.iter().enumerate() {
            assert!(left[at + 1..].iter().all(|other| never.contains(&ordered(*one, *other))));
        }
    }
}

#[test]
fn who_can_learn_from_whom_goes_first_and_who_met_lately_last() {
    let people = [
        candidate(1, &[(Relation::Learns, 7)]),
        candidate(2, &[(Relation::Teaches, 7)]),
        candidate(3, &[(Relation::Learns, 7)]),
        candidate(4, &[]),
    ];
    let none = HashSet::new();
    let first = pair::pairs(&people, &none, &none);
    assert_eq!((first[0].0, first[0].1), (ActorId(1), ActorId(2)));
    assert_eq!(first[0].2.label("en"), Some("word 7"));
    let before = HashSet::from([ordered(ActorId(1), ActorId(2))]);
    let again = pair::pairs(&people, &before, &none);
    assert_eq!((again[0].0, again[0].1), (ActorId(2), ActorId(3)));
    assert_eq!(pair::pairs(&people[..2], &before, &none).len(), 1, "better than nobody");
}

#[test]
fn a_time_is_a_week_ahead_on_a_day_of_both() {
    let zone = TimeZone::get("Europe/Amsterdam").unwrap();
    // A Sunday.
    let now = Time::parse_rfc3339("2026-11-29T12:00:00Z").unwrap();
    let at = |one: &str, other: &str| pair::time(now, &zone, one, other).unwrap().to_rfc3339_seconds();
    assert_eq!(at("135", "23"), "2026-12-09T09:30:00Z", "Wednesday");
    assert_eq!(at("", "4"), "2026-12-10T09:30:00Z");
    assert_eq!(at("2", "4"), "2026-12-08T09:30:00Z", "no day of both: of the first");
    assert_eq!(at("", ""), "2026-12-07T09:30:00Z");
}

async fn wants(app: &TestApp, who: &Person, peers: bool) {
    meetings::choose(app.ctx(), &who.viewer, Some(peers)).await.unwrap();
}

#[test]
fn those_who_want_it_meet_and_hear_of_it() {
    both(async |app| {
        let (fatma, joris) = (app.person("Fatma").await, app.person("Joris").await);
        let (otto, guest) = (app.person("Otto").await, app.guest("Gast").await);
        expertise::add(app.ctx(), &fatma.viewer, Relation::Learns, "Excel", "", Told::Organisation).await.unwrap();
        expertise::add(app.ctx(), &joris.viewer, Relation::Teaches, "Excel", "", Told::Organisation).await.unwrap();
        let hers = app.browser(&fatma).await;
        hers.get("/meet").await.ok().shows("Wil je elke maand iemand leren kennen?").hides("partner").hides("⟦");
        hers.post("/meet", &[("wants", "here")])
            .await
            .ok()
            .shows("Je krijgt bericht")
            .shows("nog niemand voor deze maand");
        hers.post("/meet", &[("wants", "maybe")]).await.status(422);
        wants(&app, &joris, true).await;
        assert!(meetings::choose(app.ctx(), &guest.viewer, Some(false)).await.is_err());
        let month = meetings::month(app.ctx());
        // Without partners nobody waits for them.
        meetings::round(app.ctx(), month, 1).await.unwrap();
        meetings::round(app.ctx(), month, 2).await.unwrap();
        app.settle().await;
        let page = hers
            .get("/meet")
            .await
            .ok()
            .shows("Joris")
            .shows("allebei iets met Spreadsheets")
            .shows("10:30")
            .hides("⟦");
        assert!(
            page.html.contains("/messages/new?to=joris&#38;body=")
                || page.html.contains("/messages/new?to=joris&amp;body=")
        );
        hers.get("/messages/new?to=joris&body=Hoi").await.ok().shows("Hoi</textarea>");
        let his = app.browser(&joris).await;
        his.get("/notices").await.ok().shows("en jij gaan kennismaken").shows("href=\"/meet\"");
        his.get("/meet").await.ok().shows("Fatma");
        app.browser(&otto).await.get("/meet").await.ok().hides("Fatma").hides("Joris");
        // One of them cannot, after all.
        let mine = meetings::mine(app.ctx(), &fatma.viewer).await.unwrap().now.remove(0);
        assert!(meetings::cancel(app.ctx(), &otto.viewer, mine.id).await.is_err());
        hers.post(&format!("/meet/{}/off", mine.id), &[]).await.ok().shows("Deze maand gaat het niet door");
        hers.post(&format!("/meet/{}/off", mine.id), &[]).await.status(404);
        his.get("/notices").await.ok().shows("kan deze maand toch niet kennismaken");
        let theirs = meetings::mine(app.ctx(), &joris.viewer).await.unwrap().now.remove(0);
        assert_eq!(theirs.state, MeetingState::Off);
        // Once a month is enough; the next month begins anew, and who wants it no longer is left alone.
        wants(&app, &otto, false).await;
        meetings::round(app.ctx(), month, 9).await.unwrap();
        assert!(meetings::mine(app.ctx(), &otto.viewer).await.unwrap().now.is_empty());
        hers.post("/meet", &[("wants", "no")]).await.ok().shows("geen voorstellen meer");
        meetings::round(app.ctx(), month + 1, 9).await.unwrap();
        let all = app.count(&format!("SELECT count(*) AS n FROM meetings WHERE month = {}", month + 1)).await;
        assert_eq!(all, 2, "Otto and Joris");
    });
}

#[test]
fn nobody_is_proposed_to_whom_they_shut_out() {
    both(async |app| {
        let (fatma, joris) = (app.person("Fatma").await, app.person("Joris").await);
        wants(&app, &fatma, false).await;
        wants(&app, &joris, false).await;
        let block = kring::domain::moderation::BlockKind::Mute;
        kring::services::moderation::set_block(app.ctx(), &joris.viewer, fatma.id, block, true, None).await.unwrap();
        meetings::round(app.ctx(), meetings::month(app.ctx()), 9).await.unwrap();
        assert_eq!(app.count("SELECT count(*) AS n FROM meetings").await, 0);
    });
}
