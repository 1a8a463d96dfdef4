use jiff::Zoned;
use jiff::tz::TimeZone;

use super::Locale;
use super::texts::{Arg, t, t_args};
use crate::base::Time;

/// The day: `3 maart 2025`.
pub fn date(locale: Locale, zone: &TimeZone, time: Time) -> String {
    let at = zoned(zone, time);
    let (day, month) = day_and_month(locale, &at);
    t_args(locale, "date-day-month-year", &[("day", day), ("month", month), ("year", at.year().to_string().into())])
}

/// The day and the time of day: `3 maart 2025 14:00`.
pub fn date_time(locale: Locale, zone: &TimeZone, time: Time) -> String {
    let day = date(locale, zone, time);
    t_args(locale, "date-with-time", &[("date", day.into()), ("time", time_of_day(zone, time).into())])
}

/// A day that is to come, and the time: `dinsdag 3 maart om 14:00`.
pub fn day_and_time(locale: Locale, zone: &TimeZone, time: Time) -> String {
    let at = zoned(zone, time);
    let (day, month) = day_and_month(locale, &at);
    let weekday = t(locale, &format!("day-{}", at.weekday().to_monday_one_offset()));
    let date = t_args(locale, "date-day-month", &[("day", day), ("month", month)]);
    let clock = Arg::from(time_of_day(zone, time));
    t_args(locale, "date-day-at", &[("weekday", weekday.into()), ("date", date.into()), ("time", clock)])
}

/// The time of day: `14:00`.
pub fn time_of_day(zone: &TimeZone, time: Time) -> String {
    zoned(zone, time).strftime("%H:%M").to_string()
}

/// A moment as people say it on the day `now`: `vandaag 11:05`, `gisteren 19:40`, `morgen 9:00`, `ma 14:00` up to six
/// days ago, else `3 maart`, with the year when it is another one.
pub fn moment(locale: Locale, zone: &TimeZone, now: Time, time: Time) -> String {
    let (at, today) = (zoned(zone, time), zoned(zone, now));
    let days_ago = at.date().duration_until(today.date()).as_hours() / 24;
    let clock = Arg::from(time_of_day(zone, time));
    match days_ago {
        0 => t_args(locale, "date-today", &[("time", clock)]),
        1 => t_args(locale, "date-yesterday", &[("time", clock)]),
        -1 => t_args(locale, "date-tomorrow", &[("time", clock)]),
        2..=6 => {
            let weekday = t(locale, &format!("date-weekday-{}", at.weekday().to_monday_one_offset()));
            t_args(locale, "date-weekday-time", &[("weekday", weekday.into()), ("time", clock)])
        }
        _ if at.year() == today.year() => {
            let (day, month) = day_and_month(locale, &at);
            t_args(locale, "date-day-month", &[("day", day), ("month", month)])
        }
        _ => date(locale, zone, time),
    }
}

/// A whole number with the language's separators: `1.234`.
pub fn number(locale: Locale, number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let separator = t(locale, "number-group");
    let mut out = String::from(if number < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push_str(&separator);
        }
        out.push(digit);
    }
    out
}

/// The size of a file in decimal units: `340 kB`, `2,4 MB`.
pub fn file_size(locale: Locale, bytes: u64) -> String {
    let (key, unit) = match bytes {
        0..1_000 => {
            let count = i64::try_from(bytes).unwrap_or(i64::MAX);
            return t_args(locale, "size-bytes", &[("n", count.into())]);
        }
        1_000..999_500 => ("size-kb", 1_000),
        999_500..999_950_000 => ("size-mb", 1_000_000),
        _ => ("size-gb", 1_000_000_000),
    };
    // One decimal is worth reading only where there is one digit before it.
    let tenths = (u128::from(bytes) * 10 + unit / 2) / unit;
    let shown = match tenths % 10 {
        rest if rest > 0 && tenths < 100 => format!("{}{}{rest}", tenths / 10, t(locale, "number-decimal")),
        _ => number(locale, i64::try_from((u128::from(bytes) + unit / 2) / unit).unwrap_or(i64::MAX)),
    };
    t_args(locale, key, &[("n", shown.into())])
}

fn zoned(zone: &TimeZone, time: Time) -> Zoned {
    time.timestamp().to_zoned(zone.clone())
}

fn day_and_month(locale: Locale, at: &Zoned) -> (Arg, Arg) {
    (at.day().to_string().into(), t(locale, &format!("date-month-{}", at.month())).into())
}
