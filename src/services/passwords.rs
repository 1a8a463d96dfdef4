//! Passwords: argon2id, off the async threads, a few at once.

use std::sync::LazyLock;

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Argon2, Params};
use tokio::sync::Semaphore;

use crate::base::{Error, Result, Rng};

/// Each takes 19 MiB while it runs; more at once would only wait for the processor.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// Stands in where there is no password, so that the answer takes as long.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| make(&Rng.token(), &Rng).ok());

/// The shortest password; there are no other rules (NIST SP 800-63B §5.1.1).
pub const MIN_CHARS: usize = 10;
/// Longer ones would only cost time.
const MAX_CHARS: usize = 256;

/// Whether a new password will do.
///
/// # Errors
/// `Invalid` for the field `password`.
pub fn check(password: &str) -> Result<()> {
    match password.chars().count() {
        n if n < MIN_CHARS => Err(Error::invalid("password", "error-password-short")),
        n if n > MAX_CHARS => Err(Error::invalid("password", "error-password-long")),
        _ => Ok(()),
    }
}

/// The hash of a password that [`check`] let through, as a PHC string.
pub async fn hash(password: &str) -> Result<String> {
    let password = password.to_owned();
    run(move || make(&password, &Rng)).await?
}

/// Whether a password is the one of `hash`; without a hash it never is, and takes as long to say so.
pub async fn verify(password: &str, hash: Option<&str>) -> Result<bool> {
    if password.chars().count() > MAX_CHARS {
        return Ok(false);
    }
    let (password, hash) = (password.to_owned(), hash.map(str::to_owned));
    run(move || {
        let known = hash.is_some();
        let hash = hash.or_else(|| NOBODY.clone()).unwrap_or_default();
        let fits = PasswordHash::new(&hash)
            .is_ok_and(|parsed| argon2id().is_ok_and(|a| a.verify_password(password.as_bytes(), &parsed).is_ok()));
        fits && known
    })
    .await
}

fn make(password: &str, rng: &Rng) -> Result<String> {
    let salt = SaltString::encode_b64(&rng.bytes::<16>()).map_err(|e| Error::internal(e.to_string()))?;
    let hash = argon2id()?.hash_password(password.as_bytes(), &salt).map_err(|e| Error::internal(e.to_string()))?;
    Ok(hash.to_string())
}

/// 19 MiB, two passes, one lane: OWASP's first choice for argon2id.
fn argon2id() -> Result<Argon2<'static>> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|e| Error::internal(e.to_string()))?;
    Ok(Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params))
}

async fn run<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Result<R> {
    let _permit = AT_ONCE.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}
