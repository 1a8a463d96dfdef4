use std::fmt;

/// A moment in UTC with microsecond precision, stored as microseconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub(crate) i64);

impl Time {
    /// Microseconds of one second, minute, hour and day: the unit of [`Time::plus`].
    pub const SECOND: i64 = 1_000_000;
    /// One minute in microseconds.
    pub const MINUTE: i64 = 60 * Self::SECOND;
    /// One hour in microseconds.
    pub const HOUR: i64 = 60 * Self::MINUTE;
    /// One day of 24 hours in microseconds.
    pub const DAY: i64 = 24 * Self::HOUR;

    /// From microseconds since 1970.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Whole seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(Self::SECOND)
    }

    /// This moment moved by `micros` (negative: earlier).
    #[must_use]
    pub fn plus(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to this moment.
    pub fn since(self, earlier: Time) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads RFC 3339 with `Z` or an offset and 0–9 fractional digits, as peers send it.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.trim().parse::<jiff::Timestamp>().ok().map(|t| Self(t.as_microsecond()))
    }

    /// RFC 3339 in UTC with milliseconds: `2026-11-22T10:00:00.000Z`.
    pub fn to_rfc3339(self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
    }

    /// RFC 3339 in UTC without a fraction, as ActivityPub peers like it best.
    pub fn to_rfc3339_seconds(self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The form of the HTTP `Date` header (RFC 9110 §5.6.7).
    pub fn to_http_date(self) -> String {
        self.timestamp().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// Reads the `Date` header form that servers send today (IMF-fixdate).
    pub fn parse_http_date(text: &str) -> Option<Self> {
        jiff::fmt::rfc2822::parse(text.trim()).ok().map(|z| Self(z.timestamp().as_microsecond()))
    }

    /// The moment as jiff's type, for showing it in a zone.
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}
