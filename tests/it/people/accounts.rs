use kring::base::{Error, Time};
use kring::domain::Viewer;
use kring::domain::actors::ActorState;
use kring::domain::people::{PersonKind, Role};
use kring::services::people::{NewMember, Profile};
use kring::services::sessions::{self, Session};
use kring::services::{accounts, branches, instance, people, registration};
use kring::store::people::{Details, PeopleFilter};
use kring::store::sessions::Preferences;

use super::{Place, after, codes, everywhere, phone, reason};
use crate::support::people::findable;

async fn session(place: &Place, token: &str) -> Option<Session> {
    sessions::load(&place.ctx, token).await.unwrap()
}

#[test]
fn accounts_are_made_with_a_name_of_their_own() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let make = |name: &str| people::create_member(ctx, NewMember::named(name));
        make("Fatma Yılmaz").await.unwrap();
        make("Fatma Yilmaz").await.unwrap();
        make("Admin").await.unwrap();
        make("李").await.unwrap();
        let all = people::directory(ctx, &Viewer::System, PeopleFilter::default(), ("", -1), 20).await.unwrap();
        let names: Vec<_> = all.iter().map(|line| line.actor.name.as_str()).collect();
        assert_eq!(names, ["admin_2", "fatma_yilmaz_2", "fatma_yilmaz", "lid"]);

        let twice = NewMember { name: "fatma_yilmaz".into(), ..NewMember::named("F") };
        assert_eq!(codes(people::create_member(ctx, twice).await), [("name", "error-name-taken")]);
        let bad = NewMember {
            name: "Ad min".into(),
            email: Some("geen adres".into()),
            password: Some("kort".into()),
            ..NewMember::named("  ")
        };
        let expected = [
            ("display_name", "error-display-name-empty"),
            ("name", "error-name-characters"),
            ("email", "error-email-invalid"),
            ("password", "error-password-short"),
        ];
        assert_eq!(codes(people::create_member(ctx, bad).await), expected);
        let with = |email: &str| NewMember { email: Some(email.into()), ..NewMember::named("Joris") };
        people::create_member(ctx, with("Joris@Linde.example")).await.unwrap();
        assert_eq!(
            codes(people::create_member(ctx, with("joris@linde.EXAMPLE ")).await),
            [("email", "error-email-taken")]
        );
    });
}

#[test]
fn a_name_is_shared_with_groups() {
    everywhere(async |place: Place| {
        let (_, owner) = place.member("Maria", Role::Owner).await;
        place.group(&owner, "Taalcafé", kring::domain::groups::GroupKind::Public).await;
        let same = NewMember { name: "taalcafe".into(), ..NewMember::named("T") };
        assert_eq!(codes(people::create_member(&place.ctx, same).await), [("name", "error-name-taken")]);
    });
}

#[test]
fn a_session_loads_in_one_query_and_is_touched_seldom() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (id, viewer) = place.member("Joris", Role::Member).await;
        let begun = sessions::create(ctx, id, phone()).await.unwrap();
        assert_eq!(begun.max_age, Some(i64::from(ctx.config.limits.session_days) * 86_400));
        assert!(session(&place, &begun.token).await.is_some());
        let (queries, loaded) = kring::store::counting_queries(session(&place, &begun.token)).await;
        let loaded = loaded.unwrap();
        assert_eq!(queries, 1);
        assert_eq!(loaded.viewer, viewer);
        assert_eq!((loaded.theme.as_str(), loaded.text_size.as_str(), loaded.unread), ("auto", "normal", 0));
        assert!(session(&place, "another").await.is_none());

        place.clock.advance(6 * Time::MINUTE);
        session(&place, &begun.token).await.unwrap();
        let line = sessions::list(ctx, &viewer).await.unwrap().remove(0);
        assert_eq!(line.last_seen_at, ctx.now());
        assert_eq!(line.device, "Chrome · Android");

        // Used within its days it goes on; left alone it ends.
        for _ in 0..4 {
            place.clock.advance(i64::from(ctx.config.limits.session_days) * Time::DAY / 2);
            assert!(session(&place, &begun.token).await.is_some());
        }
        place.clock.advance(i64::from(ctx.config.limits.session_days) * Time::DAY + 1);
        assert!(session(&place, &begun.token).await.is_none());
    });
}

#[test]
fn a_shared_computer_forgets() {
    everywhere(async |place: Place| {
        let (id, _) = place.member("Joris", Role::Member).await;
        let desk = sessions::Device { shared: true, ..phone() };
        let begun = sessions::create(&place.ctx, id, desk).await.unwrap();
        assert_eq!(begun.max_age, None);
        assert!(session(&place, &begun.token).await.unwrap().shared);
        place.clock.advance(5 * Time::HOUR);
        assert!(session(&place, &begun.token).await.is_none());
    });
}

#[test]
fn sessions_are_ended_by_their_owner_only() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (joris, as_joris) = place.member("Joris", Role::Member).await;
        let (_, as_maria) = place.member("Maria", Role::Admin).await;
        let begun = sessions::create(ctx, joris, phone()).await.unwrap();
        let id = session(&place, &begun.token).await.unwrap().id;
        assert!(matches!(sessions::revoke(ctx, &as_maria, id).await, Err(Error::NotFound)));
        sessions::revoke(ctx, &as_joris, id).await.unwrap();
        assert!(session(&place, &begun.token).await.is_none());
    });
}

#[test]
fn visitors_and_members_choose_how_pages_look() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let dark = Preferences { theme: Some("dark".into()), contrast: Some("<b>".into()), ..Preferences::default() };
        let begun = sessions::set_preferences(ctx, None, dark.clone(), phone()).await.unwrap().unwrap();
        let visitor = session(&place, &begun.token).await.unwrap();
        assert_eq!((visitor.theme.as_str(), visitor.contrast.as_str()), ("dark", "auto"));
        assert_eq!(visitor.viewer, Viewer::Anonymous);
        let english = Preferences { locale: Some("en".into()), ..Preferences::default() };
        assert!(sessions::set_preferences(ctx, Some(&visitor), english.clone(), phone()).await.unwrap().is_none());
        let visitor = session(&place, &begun.token).await.unwrap();
        assert_eq!((visitor.theme.as_str(), visitor.locale.as_deref()), ("dark", Some("en")));

        let (id, _) = place.member("Joris", Role::Member).await;
        let (one, other) =
            (sessions::create(ctx, id, phone()).await.unwrap(), sessions::create(ctx, id, phone()).await.unwrap());
        let here = session(&place, &one.token).await.unwrap();
        sessions::set_preferences(ctx, Some(&here), dark, phone()).await.unwrap();
        sessions::set_preferences(ctx, Some(&here), english, phone()).await.unwrap();
        let there = session(&place, &other.token).await.unwrap();
        assert_eq!((there.theme.as_str(), there.locale.as_deref()), ("dark", Some("en")));
    });
}

#[test]
fn a_profile_changes_and_is_found() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (_, owner) = place.member("Maria", Role::Owner).await;
        let (_, joris) = place.member("Joris", Role::Member).await;
        let noord = branches::create(ctx, &owner, "Vestiging Noord", "Dorpsstraat 1").await.unwrap();
        assert_eq!(noord.name_key, "vestiging_noord");
        assert!(branches::create(ctx, &joris, "Zuid", "").await.is_err());
        let details = Details { job_title: " voorlezer ".into(), branch_id: Some(noord.id), ..Details::default() };
        let profile =
            Profile { display_name: "Joris de Wit".into(), about: "Vraag mij over **prentenboeken**.".into(), details };
        people::update_profile(ctx, &joris, profile).await.unwrap();
        let found = |needle: &str, branch| PeopleFilter { needle: needle.into(), branch, ..PeopleFilter::default() };
        for filter in [found("Prenten", None), found("VOORLEZER", None), found("de wit", Some(noord.id))] {
            let lines = people::directory(ctx, &owner, filter, ("", -1), 20).await.unwrap();
            assert_eq!(lines.len(), 1);
            let account = lines[0].account.as_ref().unwrap();
            assert_eq!((account.job_title.as_str(), account.branch.as_deref()), ("voorlezer", Some("Vestiging Noord")));
        }
        assert!(people::directory(ctx, &Viewer::Anonymous, found("", None), ("", -1), 20).await.is_err());

        let seen = people::person(ctx, &owner, "joris").await.unwrap();
        assert_eq!(seen.member.unwrap().email.as_deref(), Some("joris@linde.example"));
        let seen = people::person(ctx, &joris, "MARIA").await.unwrap();
        assert_eq!(seen.member.unwrap().email, None);
        assert!(matches!(people::person(ctx, &Viewer::Anonymous, "joris").await, Err(Error::NotFound)));
        people::set_contact_choices(ctx, &joris, findable()).await.unwrap();
        assert!(people::person(ctx, &Viewer::Anonymous, "joris").await.unwrap().member.is_none());
        branches::delete(ctx, &owner, noord.id).await.unwrap();
        assert!(people::person(ctx, &owner, "joris").await.unwrap().branch.is_none());
    });
}

#[test]
fn there_is_always_an_owner() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (maria, owner) = place.member("Maria", Role::Owner).await;
        let (joris, member) = place.member("Joris", Role::Member).await;
        let (anna, admin) = place.member("Anna", Role::Admin).await;
        assert_eq!(reason(accounts::set_role(ctx, &owner, maria, Role::Member).await), "error-last-owner");
        assert_eq!(reason(accounts::set_role(ctx, &member, joris, Role::Admin).await), "error-admin-only");
        assert_eq!(reason(accounts::set_role(ctx, &admin, joris, Role::Owner).await), "error-admin-only");
        assert_eq!(reason(accounts::set_role(ctx, &admin, maria, Role::Member).await), "error-admin-only");
        accounts::set_role(ctx, &admin, joris, Role::Moderator).await.unwrap();
        accounts::set_role(ctx, &owner, anna, Role::Owner).await.unwrap();
        accounts::set_role(ctx, &owner, maria, Role::Member).await.unwrap();
    });
}

#[test]
fn suspension_ends_every_way_in() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (maria, owner) = place.member("Maria", Role::Owner).await;
        let (joris, as_joris) = place.member("Joris", Role::Member).await;
        let (_, moderator) = place.member("Anna", Role::Moderator).await;
        let begun = sessions::create(ctx, joris, phone()).await.unwrap();
        sessions::api_token(ctx, joris, "read").await.unwrap();
        assert_eq!(reason(accounts::suspend(ctx, &as_joris, joris, "").await), "error-moderator-only");
        assert_eq!(reason(accounts::suspend(ctx, &moderator, maria, "").await), "error-moderator-only");
        assert_eq!(reason(accounts::suspend(ctx, &owner, maria, "").await), "error-not-yourself");
        people::set_contact_choices(ctx, &as_joris, findable()).await.unwrap();
        accounts::suspend(ctx, &moderator, joris, "reclame").await.unwrap();
        assert!(session(&place, &begun.token).await.is_none());
        assert!(sessions::apps(ctx, &as_joris).await.unwrap().is_empty());
        assert!(matches!(people::person(ctx, &Viewer::Anonymous, "joris").await, Err(Error::NotFound)));
        assert_eq!(people::person(ctx, &moderator, "joris").await.unwrap().actor.state, ActorState::Suspended);
        accounts::unsuspend(ctx, &moderator, joris).await.unwrap();
        assert!(people::person(ctx, &Viewer::Anonymous, "joris").await.is_ok());
    });
}

#[test]
fn the_first_run_happens_once() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let link = instance::first_run_link(ctx).await.unwrap().unwrap();
        let newer = instance::first_run_link(ctx).await.unwrap().unwrap();
        let token = |link: &str| link.rsplit('/').next().unwrap().to_owned();
        assert!(matches!(instance::check_first_run(ctx, &token(&link)).await, Err(Error::Gone)));
        let empty = instance::complete_first_run(ctx, &token(&newer), instance::FirstRun::default(), phone()).await;
        let wrong: Vec<_> = codes(empty).into_iter().map(|(field, _)| field).collect();
        assert_eq!(wrong, ["organisation", "display_name", "email"]);
        let form = instance::FirstRun {
            organisation: "Bibliotheek De Linde".into(),
            locale: "nl".into(),
            branch: "Centrum".into(),
            display_name: "Maria Bakker".into(),
            email: "maria@linde.example".into(),
            ..Default::default()
        };
        let begun = instance::complete_first_run(ctx, &token(&newer), form.clone(), phone()).await.unwrap();
        assert_eq!(session(&place, &begun.token).await.unwrap().viewer.role(), Role::Owner);
        assert_eq!(ctx.instance().name, "Bibliotheek De Linde");
        let maria = people::person(ctx, &Viewer::System, "maria_bakker").await.unwrap();
        assert!(maria.member.is_none(), "the system looks at no account");
        assert!(matches!(instance::complete_first_run(ctx, &token(&newer), form, phone()).await, Err(Error::Gone)));
        assert!(instance::first_run_link(ctx).await.unwrap().is_none());
    });
}

#[test]
fn who_asks_waits_until_someone_agrees() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (_, owner) = place.member("Maria", Role::Owner).await;
        let form = registration::RegistrationForm {
            display_name: "Oksana".into(),
            name: String::new(),
            email: "oksana@example.org".into(),
            note: "Ik help graag".into(),
            locale: "nl".into(),
        };
        assert!(matches!(registration::register(ctx, form.clone(), phone()).await, Err(Error::NotFound)));
        let settings = |registration: &str| instance::Settings {
            registration: registration.into(),
            name: "De Linde".into(),
            locale: "nl".into(),
            ..Default::default()
        };
        instance::update_settings(ctx, &owner, settings("request")).await.unwrap();
        let asked = registration::register(ctx, form.clone(), phone()).await.unwrap();
        assert!(matches!(asked, registration::Outcome::LookAtMail));
        // An address that has an account gets the same answer on the page, and another letter.
        let known = registration::RegistrationForm { email: "maria@linde.example".into(), ..form.clone() };
        assert!(matches!(
            registration::register(ctx, known, phone()).await.unwrap(),
            registration::Outcome::LookAtMail
        ));
        let letters = place.letters().await;
        assert_eq!(letters.len(), 2);
        let letter = letters.iter().find(|l| l.contains("/confirm/")).unwrap();
        let token = after(letter, "/confirm/");
        let waits = registration::confirm(ctx, token, phone()).await.unwrap();
        assert!(matches!(waits, registration::Outcome::Waits));
        assert!(matches!(registration::confirm(ctx, token, phone()).await, Err(Error::Gone)));

        let filter = PeopleFilter { states: vec![ActorState::Pending], ..PeopleFilter::default() };
        let pending = people::directory(ctx, &owner, filter, ("", -1), 20).await.unwrap();
        assert_eq!(pending[0].account.as_ref().unwrap().request_note, "Ik help graag");
        accounts::approve(ctx, &owner, pending[0].actor.id).await.unwrap();
        assert!(place.letters().await[0].contains("oksana@example.org"));
        assert_eq!(reason(accounts::refuse(ctx, &owner, pending[0].actor.id).await), "error-not-pending");
    });
}

#[test]
fn who_is_refused_leaves_no_trace() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (_, owner) = place.member("Maria", Role::Owner).await;
        let new = || NewMember {
            pending: true,
            email: Some("x@example.org".into()),
            name: "xaver".into(),
            ..NewMember::named("Xaver")
        };
        let id = people::create_member(ctx, new()).await.unwrap();
        assert!(matches!(people::person(ctx, &Viewer::Anonymous, "xaver").await, Err(Error::NotFound)));
        accounts::refuse(ctx, &owner, id).await.unwrap();
        assert_eq!(place.letters().await.len(), 1);
        people::create_member(ctx, new()).await.unwrap();
    });
}

#[test]
fn a_new_address_is_confirmed_first() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (_, joris) = place.member("Joris", Role::Member).await;
        registration::request_new_address(ctx, &joris, "nieuw@example.org").await.unwrap();
        let email = || async { people::person(ctx, &joris, "joris").await.unwrap().member.unwrap().email.unwrap() };
        let letter = place.letters().await.remove(0);
        assert!(letter.contains("nieuw@example.org"));
        assert_eq!(email().await, "joris@linde.example");
        registration::confirm(ctx, after(&letter, "/confirm/"), phone()).await.unwrap();
        assert_eq!(email().await, "nieuw@example.org");
    });
}

#[test]
fn a_label_is_no_right() {
    everywhere(async |place: Place| {
        let (_, owner) = place.member("Maria", Role::Owner).await;
        let (joris, _) = place.member("Joris", Role::Member).await;
        accounts::set_kind(&place.ctx, &owner, joris, PersonKind::Staff).await.unwrap();
        let begun = sessions::create(&place.ctx, joris, phone()).await.unwrap();
        let loaded = session(&place, &begun.token).await.unwrap();
        assert_eq!(loaded.viewer.role(), Role::Member);
        assert_eq!(
            reason(accounts::set_kind(&place.ctx, &owner, joris, PersonKind::Guest).await),
            "error-member-to-guest"
        );
    });
}
