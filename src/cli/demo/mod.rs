//! `kring demo`: two instances as peers, each on its own SQLite file, with content to judge the product by.

mod actors;
mod content;
mod extras;
mod files;
mod knowledge;
mod newcomers;
mod pictures;
mod plan;
mod seed;
mod wiki;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use crate::app::App;
use crate::base::{Clock, Time};
use crate::config::Config;
use crate::services::{accounts, sign_in};

/// How long the printed links are good for.
const LINK_FOR: i64 = 12 * Time::HOUR;

/// `demo`
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Folder that keeps the demo between runs.
    #[arg(long, default_value = "./kring-demo")]
    dir: PathBuf,
    /// Throw away what is there and begin again.
    #[arg(long)]
    fresh: bool,
    /// Port of the library; the partner takes the next one.
    #[arg(long, default_value_t = 3000)]
    port: u16,
}

/// One of the two.
struct Side {
    key: &'static str,
    folder: &'static str,
    name: &'static str,
    about: &'static str,
    port: u16,
}

fn say(text: &str) {
    let mut out = std::io::stdout();
    // Losing the terminal is no reason to stop.
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// Makes or opens both instances, and runs them until told to stop.
pub(crate) async fn run(args: DemoArgs) -> Result<(), String> {
    let begun = Instant::now();
    let partner_port =
        args.port.checked_add(1).ok_or("--port: the partner needs the next port too; choose a lower one")?;
    let sides = [
        Side {
            key: "linde",
            folder: "library",
            name: "Bibliotheek De Linde",
            about: "Wij zijn de bibliotheek van Oosterhaven, met twee vestigingen: Centrum en Noord. Op Kring werken \
                    medewerkers, vrijwilligers en partners samen.",
            port: args.port,
        },
        Side {
            key: "zuid",
            folder: "partner",
            name: "Buurtzorg Zuid",
            about: "Wij zorgen thuis voor mensen in Zuid: wijkverpleging, mantelzorg en een buurttuin.",
            port: partner_port,
        },
    ];
    if args.fresh && args.dir.exists() {
        clear(&args.dir)?;
    }
    let library = config(&sides[0], &args.dir)?;
    let partner = config(&sides[1], &args.dir)?;
    super::serve::log(&library.log, tracing::Level::WARN);
    let is_new = seed::is_new(&library).await.map_err(super::explain)?;
    if is_new {
        say("Making the demo: two organisations, 40 people, 12 groups, 450 posts …");
        let both = [(&sides[0], &library), (&sides[1], &partner)].map(|(side, config)| seed::Instance {
            key: side.key,
            name: side.name,
            about: side.about,
            config: config.clone(),
        });
        seed::run(both, say).await.map_err(super::explain)?;
    }
    let library = App::start(library, Clock::system()).await.map_err(super::explain)?;
    let partner = App::start(partner, Clock::system()).await.map_err(super::explain)?;
    let seconds = begun.elapsed().as_secs_f32();
    say(&format!("Ready in {seconds:.1} s.\n"));
    for (side, app) in sides.iter().zip([&library, &partner]) {
        say(&format!("  {:<22} {}   (also http://{})", side.name, app.ctx.urls.origin(), app.address));
    }
    say("\nSign in with one click (each link works once, for twelve hours; run the demo again for new ones):");
    for (who, app, name) in [
        ("volunteer, Fatma", &library, "fatma"),
        ("staff member, Marieke", &library, "marieke"),
        ("partner, Maria", &partner, "maria"),
        ("administrator, Hennie", &library, "hennie"),
    ] {
        let (member, _) = accounts::find(&app.ctx, name).await.map_err(super::explain)?;
        let link = sign_in::one_time_link(&app.ctx, member.actor_id, LINK_FOR).await.map_err(super::explain)?;
        say(&format!("  {who:<22} {}", link.url));
    }
    say("\nStop with Ctrl-C. What you do is kept; --fresh begins again.");
    super::serve::wait_for_end().await;
    library.stop().await;
    partner.stop().await;
    Ok(())
}

/// Fills two empty instances with the content of the demo: the library, and its partner. For tests and benches.
pub async fn fill(library: Config, partner: Config) -> crate::base::Result<()> {
    let instance = |key, config: Config| seed::Instance { key, name: "Demo", about: "", config };
    seed::run([instance("linde", library), instance("zuid", partner)], |_| ()).await
}

/// Removes an earlier demo, and only that: both folders must look like one.
fn clear(dir: &Path) -> Result<(), String> {
    for folder in ["library", "partner"] {
        let path = dir.join(folder);
        if path.join("kring.toml").is_file() {
            std::fs::remove_dir_all(&path).map_err(|e| format!("--fresh: cannot remove {}: {e}", path.display()))?;
        } else if path.exists() {
            return Err(format!(
                "--fresh: {} does not look like a demo; remove it yourself or choose --dir",
                path.display()
            ));
        }
    }
    Ok(())
}

/// Reads a side's `kring.toml`, writing it on the first run. The address is part of every id, so the port stays.
fn config(side: &Side, dir: &Path) -> Result<Config, String> {
    let folder = dir.join(side.folder);
    let file = folder.join("kring.toml");
    if !file.is_file() {
        std::fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
        let domain = format!("{}.localhost", side.key);
        let mut config = Config::default_for(&domain, side.port, &folder).map_err(|e| e.to_string())?;
        config.instance.name = Some(side.name.to_owned());
        config.log.level = "warn".to_owned();
        let text = config.to_toml().map_err(|e| e.to_string())?;
        std::fs::write(&file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    }
    let config = Config::load(Some(&file)).map_err(|e| e.to_string())?;
    if config.server.listen.port() != side.port {
        let port = config.server.listen.port();
        return Err(format!(
            "the demo in {} was made for port {port}; use that port, another --dir, or --fresh",
            dir.display()
        ));
    }
    Ok(config)
}
