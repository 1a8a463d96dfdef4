//! What instances log.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::filter::{LevelFilter, dynamic_filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

static KEEPING: AtomicBool = AtomicBool::new(false);
static KEPT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Keeps what is written while it is to be kept.
struct Keeper;

impl io::Write for Keeper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged is seen with --nocapture and KRING_TEST_LOG=kring=debug; a second call changes nothing.
pub fn start() {
    let shown = fmt::layer().with_test_writer();
    let shown = shown.with_filter(EnvFilter::new(std::env::var("KRING_TEST_LOG").unwrap_or_default()));
    let told = dynamic_filter_fn(|about, _| {
        let most = if about.target().starts_with("kring") { LevelFilter::DEBUG } else { LevelFilter::INFO };
        *about.level() <= most && KEEPING.load(Ordering::Relaxed)
    });
    let kept = fmt::layer().with_ansi(false).with_writer(|| Keeper);
    let kept = kept.with_filter(told.with_max_level_hint(LevelFilter::DEBUG));
    let _ = tracing_subscriber::registry().with(shown).with(kept).try_init();
}

/// From now on every line is kept, of every test that runs.
pub fn keep() {
    KEEPING.store(true, Ordering::Relaxed);
}

/// What was kept so far.
pub fn kept() -> String {
    KEEPING.store(false, Ordering::Relaxed);
    String::from_utf8_lossy(&KEPT.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}
