//! First steps, with a buddy, and who stands still.

use kring::base::{ActorId, Error, Time};
use kring::domain::Viewer;
use kring::domain::groups::GroupKind;
use kring::domain::knowledge::{Relation, Told};
use kring::domain::newcomers::Step;
use kring::domain::notices::NoticeKind;
use kring::domain::people::{PersonKind, Role};
use kring::services::invitations::{self, Acceptance, NewInvitation};
use kring::services::{expertise, newcomers, notices, sessions, suggestions};

use super::{Place, everywhere, phone};

async fn invited(place: &Place, by: &Viewer, name: &str, groups: Vec<ActorId>, kind: PersonKind) -> Viewer {
    let new = NewInvitation { groups, person_kind: kind, max_uses: 1, days: None, note: String::new() };
    let made = invitations::create(&place.ctx, by, new).await.unwrap();
    let form = Acceptance {
        display_name: name.into(),
        email: format!("{}@example.org", name.to_lowercase()),
        locale: "nl".into(),
        ..Acceptance::default()
    };
    let begun = invitations::accept(&place.ctx, &made.code, form, phone()).await.unwrap();
    sessions::load(&place.ctx, &begun.token).await.unwrap().unwrap().viewer
}

async fn told(place: &Place, who: &Viewer, kind: NoticeKind) -> usize {
    let page = kring::base::Page::before(None, 40);
    notices::list(&place.ctx, who, &[kind], page).await.unwrap().items.len()
}

#[test]
fn steps_show_by_themselves_and_the_inviter_is_the_buddy() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (_, ria) = place.member("Ria", Role::Moderator).await;
        let fatma = invited(&place, &ria, "Fatma", vec![], PersonKind::Volunteer).await;
        let mine = newcomers::mine(ctx, &fatma).await.unwrap().expect("first steps");
        assert_eq!((mine.done(), mine.buddy.unwrap().display_name.as_str(), mine.stuck), (0, "Ria", false));
        assert_eq!(told(&place, &ria, NoticeKind::Buddy).await, 1);
        expertise::add(ctx, &fatma, Relation::Learns, "Turks", "", Told::Me).await.unwrap();
        let group = place.group(&ria, "Taalcafé", GroupKind::Organisation).await;
        kring::services::follows::request(ctx, &fatma, group.id, "").await.unwrap();
        let mine = newcomers::mine(ctx, &fatma).await.unwrap().unwrap();
        let done: Vec<Step> = mine.steps.iter().filter(|step| step.done).map(|step| step.step).collect();
        assert_eq!(done, [Step::Knowledge, Step::Group]);
        // A guest has none, nor has who was here already; home knows of it.
        let guest = invited(&place, &ria, "Gast", vec![group.id], PersonKind::Guest).await;
        assert!(newcomers::mine(ctx, &guest).await.unwrap().is_none());
        assert!(newcomers::mine(ctx, &ria).await.unwrap().is_none());
        assert!(suggestions::of(ctx, &fatma).await.unwrap().newcomer);
        newcomers::end(ctx, &fatma, fatma.member_id().unwrap()).await.unwrap();
        assert!(!suggestions::of(ctx, &fatma).await.unwrap().newcomer);
        assert!(newcomers::list(ctx, &ria, ActorId(0), 10).await.unwrap().is_empty());
    });
}

#[test]
fn who_helps_sees_who_is_stuck_and_may_do_a_step() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (_, ria) = place.member("Ria", Role::Moderator).await;
        let (_, otto) = place.member("Otto", Role::Member).await;
        let (_, piet) = place.member("Piet", Role::Member).await;
        let fatma = invited(&place, &ria, "Fatma", vec![], PersonKind::Volunteer).await;
        let her = fatma.member_id().unwrap();
        // Only those who help see it.
        assert!(matches!(newcomers::get(ctx, &otto, her).await, Err(Error::NotFound)));
        assert!(matches!(newcomers::mark(ctx, &otto, her, Step::Hello, true, "").await, Err(Error::NotFound)));
        assert!(matches!(newcomers::start(ctx, &otto, otto.member_id().unwrap()).await, Err(Error::Forbidden { .. })));
        assert!(newcomers::list(ctx, &otto, ActorId(0), 10).await.unwrap().is_empty());
        newcomers::set_buddy(ctx, &ria, her, otto.member_id().unwrap()).await.unwrap();
        assert_eq!(told(&place, &otto, NoticeKind::Buddy).await, 1);
        assert_eq!(newcomers::list(ctx, &otto, ActorId(0), 10).await.unwrap().len(), 1);
        assert!(newcomers::set_buddy(ctx, &ria, her, her).await.is_err(), "nobody is their own buddy");
        // Not on the first day, and after a week once.
        newcomers::look_after(ctx).await.unwrap();
        assert_eq!(told(&place, &otto, NoticeKind::NewcomerStuck).await, 0);
        place.clock.advance(8 * Time::DAY);
        newcomers::look_after(ctx).await.unwrap();
        newcomers::look_after(ctx).await.unwrap();
        assert_eq!(told(&place, &otto, NoticeKind::NewcomerStuck).await, 1);
        assert!(newcomers::get(ctx, &ria, her).await.unwrap().stuck);
        // Otto does one with her: it says who and what, and she hears of it.
        newcomers::mark(ctx, &otto, her, Step::Profile, true, " Samen een foto gemaakt ").await.unwrap();
        newcomers::mark(ctx, &otto, her, Step::Profile, true, "Nog eens").await.unwrap();
        let now = newcomers::get(ctx, &fatma, her).await.unwrap();
        let step = &now.steps[0];
        assert_eq!((step.done, step.note.as_str()), (true, "Samen een foto gemaakt"));
        assert_eq!(step.by.as_ref().unwrap().display_name, "Otto");
        assert_eq!(told(&place, &fatma, NoticeKind::StepDone).await, 1);
        assert!(!now.stuck);
        // Into groups he may take nobody, she who keeps order into the open ones.
        let open = place.group(&piet, "Leeskring", GroupKind::Organisation).await;
        let closed = place.group(&piet, "Geheim", GroupKind::Private).await;
        assert!(newcomers::take_along(ctx, &otto, her, open.id).await.is_err());
        assert!(newcomers::take_along(ctx, &ria, her, closed.id).await.is_err());
        newcomers::take_along(ctx, &ria, her, open.id).await.unwrap();
        let now = newcomers::get(ctx, &otto, her).await.unwrap();
        assert_eq!((now.done(), now.steps[2].note.as_str()), (2, "Leeskring"));
        for step in [Step::Knowledge, Step::Hello, Step::Buddy] {
            newcomers::mark(ctx, &fatma, her, step, true, "").await.unwrap();
        }
        newcomers::look_after(ctx).await.unwrap();
        assert!(newcomers::mine(ctx, &fatma).await.unwrap().is_none(), "all done: it is over");
        // Then the buddy has no say any more, and nobody a step to do.
        assert!(matches!(newcomers::get(ctx, &otto, her).await, Err(Error::NotFound)));
        assert!(newcomers::take_along(ctx, &otto, her, open.id).await.is_err());
        assert!(matches!(newcomers::mark(ctx, &ria, her, Step::Hello, true, "").await, Err(Error::NotFound)));
        newcomers::start(ctx, &ria, her).await.unwrap();
        assert_eq!(newcomers::mine(ctx, &fatma).await.unwrap().unwrap().done(), 1, "begun anew: only what shows");
        assert!(matches!(newcomers::start(ctx, &ria, her).await, Err(Error::Conflict { .. })));
    });
}

#[test]
fn newcomers_are_listed_in_a_fixed_number_of_queries() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (_, ria) = place.member("Ria", Role::Moderator).await;
        let mut costs = Vec::new();
        for n in 0..4 {
            invited(&place, &ria, &format!("Nieuw{n}"), vec![], PersonKind::Staff).await;
            let list = newcomers::list(ctx, &ria, ActorId(0), 50);
            let (queries, found) = kring::store::counting_queries(list).await;
            assert_eq!(found.unwrap().len(), n + 1);
            costs.push(queries);
        }
        assert!(costs.iter().all(|cost| *cost == costs[0] && *cost <= 9), "{costs:?}");
    });
}
