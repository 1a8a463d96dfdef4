//! `kring reindex`.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;

use crate::base::Result;
use crate::services::Ctx;
use crate::services::search::reindex::reindex;

/// Width of the bar, in characters.
const BAR: u64 = 30;

/// Has every index built anew and shows how far it is.
pub(super) async fn run(ctx: &Ctx) -> Result<()> {
    let shows = std::io::stderr().is_terminal();
    let progress = Arc::new(move |done: u64, all: u64| {
        if shows && all > 0 {
            let full = usize::try_from(BAR * done.min(all) / all).unwrap_or(0);
            let (full, rest) = ("#".repeat(full), "-".repeat(usize::try_from(BAR).unwrap_or(0) - full));
            // Losing the terminal is no reason to stop.
            let _ = write!(std::io::stderr(), "\r[{full}{rest}] {done} of {all}");
        }
    });
    let processes = reindex(ctx, progress).await?;
    if shows {
        let _ = writeln!(std::io::stderr());
    }
    let mut out = std::io::stdout();
    let _ = match processes {
        0 => writeln!(out, "The index is built. Kring uses it when it starts."),
        1 => writeln!(out, "The index is built and in use."),
        many => writeln!(out, "The indexes of {many} processes are built and in use."),
    };
    Ok(())
}
