//! Names of actors: one namespace per host for people and groups.

/// Names that routes and the server's own actors need.
const RESERVED: &[&str] = &[
    "admin",
    "administrator",
    "organisation",
    "organization",
    "actor",
    "inbox",
    "outbox",
    "people",
    "groups",
    "posts",
    "settings",
    "search",
    "home",
    "help",
    "about",
    "api",
    "oauth",
    "media",
    "events",
    "rooms",
    "branches",
    "agenda",
    "new",
    "kring",
    "root",
    "system",
    "postmaster",
    "webmaster",
    "abuse",
    "everyone",
    "iedereen",
    "all",
];

/// Whether a new local actor may carry this name: `[a-z0-9_]`, 2 to 40 characters, not reserved.
/// The error is an i18n key.
pub fn check_new_name(name: &str) -> Result<(), &'static str> {
    if name.len() < 2 || name.len() > 40 {
        return Err("error-name-length");
    }
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Err("error-name-characters");
    }
    if RESERVED.contains(&name) {
        return Err("error-name-reserved");
    }
    Ok(())
}
