//! Room: mail: messages to people, over SMTP or into files.
//! May import: base, config.

mod message;

use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::Error as SmtpError;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use url::{Host, Url};

use crate::base::{Clock, Error, Result, Rng};
use crate::config::MailConfig;

pub use message::Mail;

/// How long a mail server may take for one message.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The mail server took it, or it was written.
    Sent,
    /// Mail is off: nothing was sent, and the caller may offer another way.
    Off,
}

/// Sends mail as `[mail]` says.
#[derive(Clone, Debug)]
pub struct Mailer {
    way: Way,
    from: Mailbox,
    clock: Clock,
    rng: Rng,
}

#[derive(Clone, Debug)]
enum Way {
    Off,
    Folder(PathBuf),
    Smtp { transport: AsyncSmtpTransport<Tokio1Executor>, host: String },
}

impl Mailer {
    /// Fails (`Internal`, naming the key) when `mail.url` or `mail.from` cannot be used.
    pub fn new(config: &MailConfig) -> Result<Self> {
        let from = config
            .from
            .parse()
            .map_err(|_| Error::internal(format!("mail.from is \"{}\"; allowed: Name <name@host>", config.from)))?;
        let way = match config.url.after("file:") {
            Some(folder) => Way::Folder(folder.into()),
            None if config.url.as_str() == "off" => Way::Off,
            None => smtp(config.url.as_str()).map_err(|why| Error::internal(format!("mail.url: {why}")))?,
        };
        Ok(Self { way, from, clock: Clock::system(), rng: Rng })
    }

    /// The same mailer, dating its messages by `clock` instead of the machine's.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Whether messages leave at all.
    pub fn enabled(&self) -> bool {
        !matches!(self.way, Way::Off)
    }

    /// Sends one message. `Invalid` when the address is none; `RemoteFailed` when the mail server does not take it,
    /// retryable unless it refused for good.
    pub async fn send(&self, mail: Mail) -> Result<Outcome> {
        if !self.enabled() {
            return Ok(Outcome::Off);
        }
        let message = message::build(mail, &self.from, self.clock.now(), &self.rng)?;
        match &self.way {
            Way::Off => return Ok(Outcome::Off),
            Way::Folder(folder) => self.write(folder, &message).await.map_err(Error::internal)?,
            Way::Smtp { transport, host } => {
                transport.send(message).await.map_err(|error| failed(host, &error))?;
            }
        }
        Ok(Outcome::Sent)
    }

    /// Writes `<milliseconds>-<random>.eml`; the name appears when the content is complete.
    async fn write(&self, folder: &Path, message: &Message) -> std::io::Result<()> {
        tokio::fs::create_dir_all(folder).await?;
        let name = format!("{:013}-{}", self.clock.now().millis(), self.rng.code(8));
        let draft = folder.join(format!("{name}.part"));
        tokio::fs::write(&draft, message.formatted()).await?;
        tokio::fs::rename(draft, folder.join(format!("{name}.eml"))).await
    }
}

/// A transport for `smtp://` or `smtps://`. Without `?tls=` an `smtp://` server outside this machine is asked for TLS,
/// and must have it before it gets a password; `?tls=none` lets go of that.
fn smtp(url: &str) -> std::result::Result<Way, String> {
    let mut parsed = Url::parse(url).map_err(|error| error.to_string())?;
    let local = match parsed.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => return Err("it names no host".into()),
    };
    let tls = parsed.query_pairs().find(|(key, _)| key == "tls").map(|(_, value)| value.into_owned());
    match tls.as_deref() {
        Some("none") => parsed.set_query(None),
        None if parsed.scheme() == "smtp" && !local => {
            let submits = parsed.password().is_some();
            if !submits && parsed.port().is_none() {
                parsed.set_port(Some(25)).map_err(|()| "it names no host".to_owned())?;
            }
            parsed.query_pairs_mut().append_pair("tls", if submits { "required" } else { "opportunistic" });
        }
        _ => {}
    }
    let host = parsed.host_str().unwrap_or_default().to_owned();
    let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(parsed.as_str()).map_err(|error| error.to_string())?;
    Ok(Way::Smtp { transport: builder.timeout(Some(TIMEOUT)).build(), host })
}

fn failed(host: &str, error: &SmtpError) -> Error {
    Error::RemoteFailed { host: host.to_owned(), retryable: !error.is_permanent(), detail: error.to_string() }
}
