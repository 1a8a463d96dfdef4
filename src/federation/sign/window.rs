//! How long a signature lives: Mastodon's numbers (INTEROP A.4.2 rule 6).

use super::incoming::SignError;
use crate::base::Time;

/// A clock may be this far off, either way.
const SKEW: i64 = Time::HOUR;
/// How long a signature without `expires` lives.
const DEFAULT_LIFE: i64 = 5 * Time::MINUTE;
/// How long any signature lives.
const LONGEST_LIFE: i64 = 12 * Time::HOUR;

/// When a signature was made and when it ends, as its headers or parameters tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// `created` or `Date`.
    pub made: Time,
    /// `expires`, if given.
    pub expires: Option<Time>,
    /// Whether the signature covers `expires`; if not, anyone may have added it and it can only shorten.
    pub expires_signed: bool,
}

impl Window {
    pub fn check(&self, now: Time) -> Result<(), SignError> {
        if self.made > now.plus(SKEW) {
            return Err(SignError::bad("made in the future"));
        }
        let default = self.made.plus(DEFAULT_LIFE);
        let end = match self.expires {
            Some(expires) if self.expires_signed => expires.min(self.made.plus(LONGEST_LIFE)),
            Some(expires) => expires.min(default),
            None => default,
        };
        if now > end.plus(SKEW) { Err(SignError::bad("expired")) } else { Ok(()) }
    }
}
