use jiff::tz::TimeZone;
use kring::base::Time;
use kring::i18n::{Arg, Locale, date, date_time, file_size, has, moment, number, t, t_args, time_of_day};

fn at(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

fn amsterdam() -> TimeZone {
    TimeZone::get("Europe/Amsterdam").unwrap()
}

#[test]
fn languages_are_chosen() {
    assert_eq!(Locale::parse("nl-NL"), Some(Locale::Nl));
    assert_eq!(Locale::parse("EN_gb"), Some(Locale::En));
    assert_eq!(Locale::parse("fr"), None);
    assert_eq!(Locale::parse(""), None);
    assert_eq!(Locale::negotiate("fr;q=1.0, en;q=0.5, nl;q=0.4"), Locale::En);
    assert_eq!(Locale::negotiate("en-US,en;q=0.9,nl;q=0.8"), Locale::En);
    assert_eq!(Locale::negotiate("en;q=0, *;q=0.5"), Locale::Nl);
    assert_eq!(Locale::negotiate("nl;q=0.1,en;q=x;;,=,"), Locale::Nl);
    assert_eq!(Locale::accepted("fr, de"), None);
    assert_eq!(Locale::of_instance("xx").unwrap_err(), "instance.language is \"xx\"; allowed: nl, en");
    let all: Vec<_> = Locale::all().iter().map(|l| (l.tag(), l.name())).collect();
    assert_eq!(all, [("nl", "Nederlands"), ("en", "English")]);
}

#[test]
fn texts_take_values_and_plurals() {
    assert_eq!(t_args(Locale::Nl, "size-bytes", &[("n", 1.into())]), "1 byte");
    assert_eq!(t_args(Locale::Nl, "size-bytes", &[("n", 12_345.into())]), "12.345 bytes");
    assert_eq!(t_args(Locale::En, "size-bytes", &[("n", 0.into())]), "0 bytes");
    let args = [("day", Arg::from("3")), ("month", "maart".to_owned().into())];
    assert_eq!(t_args(Locale::Nl, "date-day-month", &args), "3 maart");
    assert_eq!(t(Locale::Nl, "no-such-key"), "⟦no-such-key⟧");
    assert!(has(Locale::En, "date-today") && !has(Locale::En, "no-such-key"));
}

#[test]
fn moments_are_told_as_people_do() {
    let now = at("2026-11-22T10:05:00Z");
    let nl = |time: &str| moment(Locale::Nl, &amsterdam(), now, at(time));
    assert_eq!(nl("2026-11-22T10:05:00Z"), "vandaag 11:05");
    assert_eq!(nl("2026-11-21T23:30:00Z"), "vandaag 00:30");
    assert_eq!(nl("2026-11-21T18:40:00Z"), "gisteren 19:40");
    assert_eq!(nl("2026-11-16T13:00:00Z"), "ma 14:00");
    assert_eq!(nl("2026-11-15T13:00:00Z"), "15 november");
    assert_eq!(nl("2025-03-03T13:00:00Z"), "3 maart 2025");
    assert_eq!(nl("2026-11-23T08:00:00Z"), "morgen 09:00");
    assert_eq!(nl("2026-12-05T08:00:00Z"), "5 december");
    assert_eq!(nl("2026-12-31T23:30:00Z"), "1 januari 2027");
    assert_eq!(moment(Locale::En, &amsterdam(), now, at("2026-11-17T13:00:00Z")), "Tue 14:00");
    assert_eq!(moment(Locale::En, &amsterdam(), now, at("2026-03-03T13:00:00Z")), "3 March");
}

#[test]
fn daylight_saving_is_kept() {
    let zone = amsterdam();
    assert_eq!(time_of_day(&zone, at("2026-10-25T00:30:00Z")), "02:30");
    assert_eq!(time_of_day(&zone, at("2026-10-25T01:30:00Z")), "02:30");
    // Between these two moments lie 25 hours and one night.
    let now = at("2026-10-25T22:30:00Z");
    assert_eq!(moment(Locale::Nl, &zone, now, at("2026-10-24T21:30:00Z")), "gisteren 23:30");
    assert_eq!(moment(Locale::Nl, &zone, now, at("2026-10-24T22:30:00Z")), "vandaag 00:30");
    assert_eq!(date(Locale::Nl, &zone, at("2026-03-28T23:30:00Z")), "29 maart 2026");
    assert_eq!(date_time(Locale::En, &zone, at("2026-03-29T01:00:00Z")), "29 March 2026 03:00");
    assert_eq!(date_time(Locale::Nl, &TimeZone::UTC, at("2026-03-29T01:00:00Z")), "29 maart 2026 01:00");
}

#[test]
fn numbers_and_sizes() {
    assert_eq!(number(Locale::Nl, 1_234_567), "1.234.567");
    assert_eq!(number(Locale::En, -1_000), "-1,000");
    assert_eq!(number(Locale::En, 999), "999");
    for (bytes, want) in [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1 kB"),
        (1_550, "1,6 kB"),
        (340_400, "340 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (2_400_000, "2,4 MB"),
        (9_960_000, "10 MB"),
        (48_600_000, "49 MB"),
        (999_950_000, "1 GB"),
        (u64::MAX, "18.446.744.074 GB"),
    ] {
        assert_eq!(file_size(Locale::Nl, bytes), want, "{bytes}");
    }
}
