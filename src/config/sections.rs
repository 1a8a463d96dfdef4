use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::values::{self, Cidr, ServiceUrl};
use crate::base::text_enum;

/// Everything that can be set. Paths are absolute once loaded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Who this is.
    pub instance: InstanceConfig,
    /// How it is reached.
    pub server: ServerConfig,
    /// Where the data is.
    pub database: DatabaseConfig,
    /// Where the files are.
    pub media: MediaConfig,
    /// How mail leaves.
    pub mail: MailConfig,
    /// Who else takes part.
    pub federation: FederationConfig,
    /// What protects the keys.
    pub secrets: SecretsConfig,
    /// Where the index of search is.
    pub search: SearchConfig,
    /// Where works are looked up.
    pub books: BooksConfig,
    /// How much and how long.
    pub limits: LimitsConfig,
    /// What is logged.
    pub log: LogConfig,
    /// The program that is started for what a process of its own does, when it is not the one that runs: in tests.
    #[serde(skip)]
    pub other_program: Option<PathBuf>,
}

impl Config {
    /// The program that is started for what a process of its own does: this one.
    pub fn program(&self) -> PathBuf {
        // By this name it is found after an upgrade has replaced its file, too.
        let running = Path::new("/proc/self/exe");
        let found = if running.exists() { Some(running.to_owned()) } else { std::env::current_exe().ok() };
        self.other_program.clone().or(found).unwrap_or_else(|| "kring".into())
    }
}

text_enum! {
    /// How addresses of this instance begin.
    pub enum Scheme {
        /// For everything that others reach.
        Https = "https",
        /// For loopback only.
        Http = "http",
    }

    /// How somebody becomes a member.
    pub enum Registration {
        /// By an invitation.
        Invite = "invite",
        /// By an invitation, or by asking.
        Request = "request",
        /// Anyone at once.
        Open = "open",
    }

    /// With whom this instance exchanges.
    pub enum FederationMode {
        /// Every server that is not blocked.
        Open = "open",
        /// Accepted peers.
        Peers = "peers",
        /// Nobody.
        Off = "off",
    }

    /// How a line of the log looks.
    pub enum LogFormat {
        /// For people.
        Text = "text",
        /// For machines: one JSON object per line.
        Json = "json",
    }
}

/// `[instance]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstanceConfig {
    /// Name of the organisation until it is set on the first-run or administration page.
    pub name: Option<String>,
    /// Host, with the port where it is not the usual one; part of every address for ever.
    pub domain: String,
    /// `https`, or `http` on loopback. When not set: what the domain allows.
    pub scheme: Scheme,
    /// First language of the interface, a BCP-47 tag; `i18n::Locale::of_instance` knows which there are.
    pub language: String,
    /// IANA name of the zone in which times are shown; known to `jiff` once loaded.
    pub timezone: String,
    /// How somebody becomes a member.
    pub registration: Registration,
}

/// `[server]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port for everything.
    #[serde(deserialize_with = "values::address")]
    pub listen: SocketAddr,
    /// Networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    #[serde(deserialize_with = "values::list")]
    pub trusted_proxies: Vec<Cidr>,
    /// Address and port for metrics; none are offered without.
    #[serde(deserialize_with = "values::optional_address")]
    pub metrics_listen: Option<SocketAddr>,
}

impl ServerConfig {
    /// The address at the other end of a connection from `peer`; a trusted proxy may say, in its values of
    /// `X-Forwarded-For`, that it speaks for another.
    pub fn client_address<'a>(&self, peer: IpAddr, forwarded: impl Iterator<Item = &'a str>) -> IpAddr {
        let trusted = |address: &IpAddr| self.trusted_proxies.iter().any(|net| net.contains(*address));
        if !trusted(&peer) {
            return peer;
        }
        let chain: Vec<IpAddr> = forwarded.flat_map(|v| v.split(',')).filter_map(|a| a.trim().parse().ok()).collect();
        chain.into_iter().rev().find(|address| !trusted(address)).unwrap_or(peer)
    }
}

/// `[database]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: ServiceUrl,
    /// A PostgreSQL replica for reading: the name is kept, and refused until it does something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_url: Option<ServiceUrl>,
}

/// `[media]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MediaConfig {
    /// `file:PATH`.
    pub url: ServiceUrl,
}

impl MediaConfig {
    /// The folder of the files.
    pub fn folder(&self) -> PathBuf {
        PathBuf::from(self.url.after("file:").unwrap_or_default())
    }
}

/// `[mail]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    /// `smtp://…`, `smtps://…`, `file:FOLDER` or `off`.
    pub url: ServiceUrl,
    /// The sender: `kring@host` or `Name <kring@host>`. Filled from the domain when not set.
    pub from: String,
}

/// `[federation]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FederationConfig {
    /// With whom.
    pub mode: FederationMode,
    /// Networks that may be reached although they are private.
    #[serde(deserialize_with = "values::list")]
    pub allow_addresses: Vec<Cidr>,
    /// PEM file with certificate authorities to trust besides the system's.
    pub extra_ca: Option<PathBuf>,
    /// Where names (or `*.name`) are reached, honoured only inside `allow_addresses`.
    #[serde(deserialize_with = "values::addresses")]
    pub resolve: BTreeMap<String, SocketAddr>,
}

/// `[secrets]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecretsConfig {
    /// File with the key under which private keys are encrypted; made on the first start.
    pub key_file: PathBuf,
}

/// `[books]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BooksConfig {
    /// Where a work is looked up by ISBN, as JSON; `{isbn}` stands for it. Empty: nowhere.
    pub url: String,
    /// Where its title is in the answer: a JSON pointer.
    pub title: String,
    /// Where who made it is.
    pub maker: String,
}

/// `[search]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchConfig {
    /// Folder of the index; it can be built anew at any time. On a disk of this machine.
    pub folder: PathBuf,
    /// File with words that mean the same; a starter is used while there is none.
    pub synonyms: PathBuf,
}

/// `[limits]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Largest file a member can add, in megabytes of 1,000,000 bytes.
    pub max_upload_mb: u32,
    /// Longest post, in characters.
    pub max_post_chars: usize,
    /// Deliveries under way to one host at the same time.
    pub deliveries_per_host: u32,
    /// Deliveries under way in all, those that wait for a server that is slow or not known yet left out.
    pub deliveries_total: u32,
    /// Days before what was deleted is emptied for good.
    pub retention_days: u32,
    /// Days an invitation is good for, unless the inviter says otherwise.
    pub invitation_days: u32,
    /// Days without a visit after which a device must sign in again.
    pub session_days: u32,
    /// Days without a visit after which a guest's access ends.
    pub guest_days: u32,
    /// Minutes a sign-in link or code is good for.
    pub sign_in_minutes: u32,
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `error`, `warn`, `info`, `debug`, `trace` or `off`; per part: `info,kring::jobs=debug`.
    pub level: String,
    /// For people or for machines.
    pub format: LogFormat,
}

impl Default for InstanceConfig {
    fn default() -> Self {
        Self {
            name: None,
            domain: "localhost:3000".into(),
            scheme: Scheme::Http,
            language: "nl".into(),
            timezone: "Europe/Amsterdam".into(),
            registration: Registration::Invite,
        }
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 3000));
        Self { listen, trusted_proxies: Vec::new(), metrics_listen: None }
    }
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: ServiceUrl::new("sqlite:data/kring.db"), read_url: None }
    }
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self { url: ServiceUrl::new("file:data/media") }
    }
}

impl Default for MailConfig {
    fn default() -> Self {
        Self { url: ServiceUrl::new("off"), from: String::new() }
    }
}

impl Default for FederationConfig {
    fn default() -> Self {
        Self { mode: FederationMode::Open, allow_addresses: Vec::new(), extra_ca: None, resolve: BTreeMap::new() }
    }
}

impl Default for SecretsConfig {
    fn default() -> Self {
        Self { key_file: "data/secret.key".into() }
    }
}

impl Default for BooksConfig {
    fn default() -> Self {
        let [title, maker] = ["/ISBN:{isbn}/title", "/ISBN:{isbn}/authors/0/name"].map(str::to_owned);
        Self { url: String::new(), title, maker }
    }
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self { folder: "data/search".into(), synonyms: "data/synonyms.txt".into() }
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            max_upload_mb: 40,
            max_post_chars: 20_000,
            deliveries_per_host: 4,
            deliveries_total: 64,
            retention_days: 30,
            invitation_days: 14,
            session_days: 60,
            guest_days: 180,
            sign_in_minutes: 15,
        }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::Text }
    }
}
