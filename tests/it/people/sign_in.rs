use kring::base::{Error, Time};
use kring::domain::people::{Role, TokenPurpose};
use kring::i18n::Locale;
use kring::services::people::NewMember;
use kring::services::sessions::{self, Device};
use kring::services::{people, sign_in};

use super::{Place, after, codes, everywhere, phone, reason};

fn desk() -> Device {
    Device { agent: "Firefox Windows".into(), address: Some("192.0.2.7".parse().unwrap()), shared: true }
}

#[test]
fn a_link_waits_for_a_click() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (joris, _) = place.member("Joris", Role::Member).await;
        sign_in::request_mail(ctx, " JORIS@linde.example", &phone(), Locale::Nl).await.unwrap();
        let letter = place.letters().await.remove(0);
        let token = after(&letter, "/sign-in/link/").to_owned();
        // Scanners look at it as often as they like.
        for _ in 0..3 {
            let view = sign_in::look_at_link(ctx, &token).await.unwrap();
            assert_eq!((view.purpose, view.display_name.as_str()), (TokenPurpose::SignIn, "Joris"));
        }
        let begun = sign_in::with_link(ctx, &token, phone()).await.unwrap();
        let session = sessions::load(ctx, &begun.token).await.unwrap().unwrap();
        assert_eq!(session.viewer.actor_id(), Some(joris));
        assert!(matches!(sign_in::with_link(ctx, &token, phone()).await, Err(Error::Gone)));
        assert!(matches!(sign_in::look_at_link(ctx, &token).await, Err(Error::Gone)));
    });
}

#[test]
fn a_link_ends() {
    everywhere(async |place: Place| {
        place.member("Joris", Role::Member).await;
        sign_in::request_mail(&place.ctx, "joris", &phone(), Locale::En).await.unwrap();
        let letter = place.letters().await.remove(0);
        place.clock.advance(i64::from(place.ctx.config.limits.sign_in_minutes) * Time::MINUTE + 1);
        let late = sign_in::with_link(&place.ctx, after(&letter, "/sign-in/link/"), phone()).await;
        assert!(matches!(late, Err(Error::Gone)));
    });
}

#[test]
fn asking_tells_nothing_about_accounts() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        place.member("Joris", Role::Member).await;
        // The same answer, and the same number of queries: one job either way.
        let mut counts = Vec::new();
        for login in ["joris@linde.example", "nobody@linde.example"] {
            let asked = kring::store::counting_queries(sign_in::request_mail(ctx, login, &phone(), Locale::Nl)).await;
            asked.1.unwrap();
            counts.push(asked.0);
        }
        assert!(counts[0] > 0 && counts[0] == counts[1], "{counts:?}");
        assert_eq!(place.letters().await.len(), 1);
        // Nor do wrong codes and passwords.
        for login in ["joris", "nobody"] {
            assert_eq!(codes(sign_in::with_code(ctx, login, "000000", phone()).await), [("code", "error-code-wrong")]);
            assert_eq!(
                codes(sign_in::with_password(ctx, login, "wrong", phone()).await),
                [("password", "error-sign-in")]
            );
        }
    });
}

#[test]
fn a_code_can_be_typed_over_and_guessed_five_times() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (joris, _) = place.member("Joris", Role::Member).await;
        let one = sign_in::one_time_link(ctx, joris, 15 * Time::MINUTE).await.unwrap();
        let spaced = format!("{} {}", &one.code[..3], &one.code[3..]);
        sign_in::with_code(ctx, "joris@linde.example", &spaced, desk()).await.unwrap();
        assert_eq!(codes(sign_in::with_code(ctx, "joris", &one.code, desk()).await), [("code", "error-code-wrong")]);

        let one = sign_in::one_time_link(ctx, joris, 15 * Time::MINUTE).await.unwrap();
        let wrong = if one.code == "111111" { "222222" } else { "111111" };
        for _ in 0..5 {
            assert_eq!(codes(sign_in::with_code(ctx, "joris", wrong, desk()).await), [("code", "error-code-wrong")]);
        }
        assert_eq!(codes(sign_in::with_code(ctx, "joris", &one.code, desk()).await), [("code", "error-code-wrong")]);
        // The link of the same mail still works: nobody can lock another out by guessing.
        let token = one.url.rsplit('/').next().unwrap();
        sign_in::with_link(ctx, token, desk()).await.unwrap();
    });
}

#[test]
fn guessing_codes_is_slow_whatever_the_device() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        place.member("Joris", Role::Member).await;
        for n in 0..10 {
            let device = Device { agent: format!("robot {n}"), ..desk() };
            codes(sign_in::with_code(ctx, "joris", "111111", device).await);
        }
        let refused = sign_in::with_code(ctx, "joris", "111111", phone()).await;
        assert!(matches!(refused, Err(Error::RateLimited { retry_after }) if retry_after > 1000));
        // Others at the same address are not held up.
        assert_eq!(codes(sign_in::with_code(ctx, "maria", "111111", desk()).await), [("code", "error-code-wrong")]);
    });
}

#[test]
fn a_password_signs_in_and_is_throttled_by_account_and_device() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let with = |name: &str, pending| NewMember {
            password: Some("dit is een lang wachtwoord".into()),
            pending,
            ..NewMember::named(name)
        };
        people::create_member(ctx, with("Joris", false)).await.unwrap();
        people::create_member(ctx, with("Oksana", true)).await.unwrap();
        let right = "dit is een lang wachtwoord";
        sign_in::with_password(ctx, "@Joris", right, desk()).await.unwrap();
        assert_eq!(reason(sign_in::with_password(ctx, "oksana", right, desk()).await), "error-account-pending");
        for _ in 0..6 {
            assert_eq!(
                codes(sign_in::with_password(ctx, "joris", "fout", desk()).await),
                [("password", "error-sign-in")]
            );
        }
        let refused = sign_in::with_password(ctx, "joris", right, desk()).await;
        assert!(matches!(refused, Err(Error::RateLimited { .. })));
        // From another device, and for another account at that address, it goes on.
        sign_in::with_password(ctx, "joris", right, phone()).await.unwrap();
        codes(sign_in::with_password(ctx, "maria", "fout", desk()).await);
        place.clock.advance(Time::MINUTE);
        sign_in::with_password(ctx, "joris", right, desk()).await.unwrap();
    });
}

#[test]
fn a_password_is_changed_by_who_knows_it() {
    everywhere(async |place: Place| {
        let ctx = &place.ctx;
        let (joris, viewer) = place.member("Joris", Role::Member).await;
        let here = sessions::create(ctx, joris, phone()).await.unwrap();
        let there = sessions::create(ctx, joris, desk()).await.unwrap();
        let keep = sessions::load(ctx, &here.token).await.unwrap().unwrap().id;
        let short = people::set_password(ctx, &viewer, keep, "", Some("kort")).await;
        assert_eq!(codes(short), [("password", "error-password-short")]);
        people::set_password(ctx, &viewer, keep, "", Some("mijn eerste wachtwoord")).await.unwrap();
        assert!(sessions::load(ctx, &there.token).await.unwrap().is_none());
        assert!(sessions::load(ctx, &here.token).await.unwrap().is_some());
        let wrong = people::set_password(ctx, &viewer, keep, "", Some("mijn tweede wachtwoord")).await;
        assert_eq!(codes(wrong), [("current", "error-password-wrong")]);
        people::set_password(ctx, &viewer, keep, "mijn eerste wachtwoord", None).await.unwrap();
        let gone = sign_in::with_password(ctx, "joris", "mijn eerste wachtwoord", desk()).await;
        assert_eq!(codes(gone), [("password", "error-sign-in")]);
    });
}
