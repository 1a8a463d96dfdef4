//! Room: the administrator's commands, and the demo.
//! May import: everything.

mod accounts;
mod backup;
pub mod demo;
mod reindex;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::base::Clock;
use crate::config::Config;
use crate::domain::groups::GroupKind;
use crate::domain::peers::PeerScope;
use crate::domain::people::Role;
use crate::services::Ctx;

/// The social intranet of a library and everyone around it: a federated community server.
#[derive(Debug, Parser)]
#[command(name = "kring", version)]
struct Cli {
    /// Configuration file; without one, Kring runs on SQLite in ./data and listens on loopback.
    #[arg(long, global = true, env = "KRING_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run this instance.
    Serve,
    /// Run two instances as peers with example content, to look around.
    Demo(demo::DemoArgs),
    /// Accounts.
    #[command(subcommand)]
    User(UserCommand),
    /// Groups.
    #[command(subcommand)]
    Group(GroupCommand),
    /// Print one bearer token for the client API.
    Token {
        /// Account name.
        user: String,
        /// Scopes, separated by spaces.
        #[arg(long, default_value = "read")]
        scopes: String,
    },
    /// Give a person, a group or the server new keys, and tell who follows: for when the old ones may have leaked. This
    /// instance must run.
    RenewKeys {
        /// Account name; the server's is the name of its host.
        name: String,
    },
    /// Check the configuration and the database.
    Check,
    /// Write everything this instance holds to one file, while it runs.
    Backup {
        /// The file to make: a gzipped tar.
        file: PathBuf,
    },
    /// Bring an instance back from a backup, into an empty database (either kind).
    Restore {
        /// A file that `kring backup` made.
        file: PathBuf,
    },
    /// Copy this instance from SQLite to an empty PostgreSQL database; the source is left as it is.
    MigrateDatabase {
        /// postgres://USER@HOST/NAME
        #[arg(long)]
        to: String,
    },
    /// Build the index of search anew, while people go on searching.
    Reindex,
    /// Write the text of the PDF on standard input: what a running instance starts for each such file.
    #[command(hide = true)]
    ReadPdf,
    /// Peers: servers with which network groups are shared.
    #[command(subcommand)]
    Peer(PeerCommand),
}

#[derive(Debug, Subcommand)]
enum PeerCommand {
    /// Offer a server to share with it, or accept what it offers. This instance must run for the offer to travel.
    Add(PeerAdd),
    /// List peers.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// `peer add`
#[derive(Debug, Args)]
pub(crate) struct PeerAdd {
    /// Its host name, with the port where that is unusual.
    host: String,
    /// What is shared: public, network, people, rooms, shifts.
    #[arg(long, value_delimiter = ',', default_value = "network")]
    scope: Vec<PeerScope>,
    /// What for, in plain words.
    #[arg(long, default_value = "Members of both take part in shared groups.")]
    purpose: String,
    /// Whom to ask about it; the contact of the organisation when left out.
    #[arg(long)]
    contact: Option<String>,
    /// How long what is shared is kept.
    #[arg(long, default_value = "Until it is deleted where it was written.")]
    retention: String,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Make an account.
    Add(UserAdd),
    /// List accounts.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print a one-time sign-in link, for when mail is off.
    Link {
        /// Account name.
        name: String,
    },
}

/// `user add`
#[derive(Debug, Args)]
pub(crate) struct UserAdd {
    /// Account name: a-z, 0-9 and _.
    name: String,
    /// Address to sign in with.
    #[arg(long)]
    email: String,
    /// owner, admin, moderator or member.
    #[arg(long, default_value = "member")]
    role: Role,
    /// Full name.
    #[arg(long = "name", value_name = "FULL NAME")]
    full_name: Option<String>,
    /// Read a password from standard input.
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Subcommand)]
enum GroupCommand {
    /// Start a group.
    Add(GroupAdd),
}

/// `group add`
#[derive(Debug, Args)]
pub(crate) struct GroupAdd {
    /// Account name: a-z, 0-9 and _.
    name: String,
    /// Shown name.
    #[arg(long)]
    title: String,
    /// public, network, organisation or private.
    #[arg(long)]
    kind: GroupKind,
    /// Account name of its owner; the instance's owner when left out.
    #[arg(long)]
    owner: Option<String>,
}

/// Parses the command line and runs it. 0 on success, 2 on wrong use, 1 otherwise with one line on standard error.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    decline_huge_pages();
    if let Command::ReadPdf = cli.command {
        // In a process that does nothing else: no threads, no configuration.
        return crate::media::pdf::process::serve()
            .map_or_else(|error| failed(&error.to_string()), |()| ExitCode::SUCCESS);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.to_string()),
    };
    match runtime.block_on(run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => failed(&message),
    }
}

/// Debian and others give huge pages to whoever maps memory, which doubles what a small server takes. A kernel that does
/// not know the question may go on as it is.
fn decline_huge_pages() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

fn failed(message: &str) -> ExitCode {
    eprintln!("kring: {message}");
    ExitCode::from(1)
}

/// An error as one line for the terminal: field errors by what they mean.
fn explain(error: crate::base::Error) -> String {
    match error {
        crate::base::Error::Invalid { fields } => {
            let line = |f: &crate::base::FieldError| {
                format!("{}: {}", f.field, crate::i18n::t(crate::i18n::Locale::negotiate("en"), f.code))
            };
            fields.iter().map(line).collect::<Vec<_>>().join("; ")
        }
        crate::base::Error::Forbidden { reason } | crate::base::Error::Conflict { reason } => {
            crate::i18n::t(crate::i18n::Locale::negotiate("en"), reason)
        }
        other => other.to_string(),
    }
}

async fn run(cli: Cli) -> Result<(), String> {
    if let Command::Demo(args) = cli.command {
        return demo::run(args).await;
    }
    let config = Config::load(cli.config.as_deref()).map_err(|e| e.to_string())?;
    if let Command::Serve = cli.command {
        return serve::run(config).await;
    }
    serve::log(&config.log, tracing::Level::WARN);
    if let Command::Restore { file } = cli.command {
        return backup::restore(config, &file).await.map_err(explain);
    }
    let ctx = crate::app::open(config, Clock::system()).await.map_err(explain)?;
    one(&ctx, cli.command).await.map_err(explain)
}

async fn one(ctx: &Ctx, command: Command) -> crate::base::Result<()> {
    match command {
        Command::Serve | Command::Demo(_) | Command::Restore { .. } | Command::ReadPdf => Ok(()),
        Command::User(UserCommand::Add(args)) => accounts::add(ctx, args).await,
        Command::User(UserCommand::List { json }) => accounts::list(ctx, json).await,
        Command::User(UserCommand::Link { name }) => accounts::link(ctx, &name).await,
        Command::Group(GroupCommand::Add(args)) => accounts::add_group(ctx, args).await,
        Command::Token { user, scopes } => accounts::token(ctx, &user, &scopes).await,
        Command::RenewKeys { name } => accounts::renew_keys(ctx, &name).await,
        Command::Check => accounts::check(ctx).await,
        Command::Reindex => reindex::run(ctx).await,
        Command::Backup { file } => backup::backup(ctx, &file).await,
        Command::MigrateDatabase { to } => accounts::migrate_database(ctx, &to).await,
        Command::Peer(PeerCommand::Add(args)) => accounts::add_peer(ctx, args).await,
        Command::Peer(PeerCommand::List { json }) => accounts::list_peers(ctx, json).await,
    }
}
