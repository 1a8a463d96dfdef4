//! `kring serve`.

use std::io::Write as _;

use tracing_subscriber::EnvFilter;

use crate::app::App;
use crate::base::Clock;
use crate::config::{Config, LogConfig, LogFormat};
use crate::services::instance;

/// Writes the log to standard error, at least as quiet as the command wants it.
pub fn log(config: &LogConfig, default: tracing::Level) {
    let filter = EnvFilter::try_new(&config.level).unwrap_or_else(|_| EnvFilter::new(default.to_string()));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second call (tests, demo) keeps the first subscriber.
    let _ = match config.format {
        LogFormat::Json => builder.json().try_init(),
        LogFormat::Text => builder.try_init(),
    };
}

/// Runs one instance until it is told to stop.
pub async fn run(config: Config) -> Result<(), String> {
    log(&config.log, tracing::Level::INFO);
    let app = App::start(config, Clock::system()).await.map_err(super::explain)?;
    let mut out = std::io::stdout();
    let mut say = |line: &str| {
        // Losing the terminal is no reason to stop serving.
        let _ = writeln!(out, "{line}");
        let _ = out.flush();
    };
    say(&format!("Kring listens on http://{} and is {}", app.address, app.ctx.urls.origin()));
    if let Some(link) = instance::first_run_link(&app.ctx).await.map_err(super::explain)? {
        say("This instance is new. Open this link once, within the hour, to set it up:");
        say(&format!("  {link}"));
    }
    wait_for_end().await;
    app.stop().await;
    Ok(())
}

/// Ctrl-C, or SIGTERM from a service manager.
pub async fn wait_for_end() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut term) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = term.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "cannot listen for SIGTERM");
            // An error here leaves nothing to wait for: the server stops at once, and says so.
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
