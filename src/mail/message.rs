use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::{Address, Message};

use crate::base::{Error, Result, Rng, Time};

/// A message to one person, in plain text.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    /// Address of the receiver.
    pub to: String,
    /// Name of the receiver.
    pub to_name: Option<String>,
    /// One line.
    pub subject: String,
    /// Plain text, lines ended by `\n`.
    pub text: String,
    /// Which list it belongs to (RFC 2919), such as `noord.kring.example`: people sort by it.
    pub list_id: Option<String>,
    /// Its id without angle brackets; made up when not given.
    pub message_id: Option<String>,
    /// The id of the message it follows, so that mail programs show both together.
    pub in_reply_to: Option<String>,
}

/// Builds the message. Nothing in `mail` can add a header: what stands in one is made one line first.
pub(super) fn build(mail: Mail, from: &Mailbox, now: Time, rng: &Rng) -> Result<Message> {
    let to: Address = mail.to.trim().parse().map_err(|_| Error::invalid("email", "error-email-invalid"))?;
    let name = mail.to_name.map(|name| one_line(&name)).filter(|name| !name.is_empty());
    let id = match &mail.message_id {
        Some(id) => message_id(id),
        None => format!("<{}@{}>", rng.token(), from.email.domain()),
    };
    let date = UNIX_EPOCH + Duration::from_micros(u64::try_from(now.micros()).unwrap_or_default());
    let mut builder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(name, to))
        .date(date)
        .message_id(Some(id))
        .subject(one_line(&mail.subject))
        .header(ContentType::TEXT_PLAIN);
    // Out-of-office answers would go to nobody (RFC 3834).
    builder = raw(builder, "Auto-Submitted", "auto-generated");
    if let Some(list) = &mail.list_id {
        builder = raw(builder, "List-Id", &message_id(list));
    }
    if let Some(id) = &mail.in_reply_to {
        builder = builder.in_reply_to(message_id(id)).references(message_id(id));
    }
    builder.body(mail.text).map_err(Error::internal)
}

fn raw(builder: MessageBuilder, name: &'static str, value: &str) -> MessageBuilder {
    builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()))
}

/// A text for a header: control characters (line ends first of all) become spaces.
fn one_line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An id in angle brackets, of visible ASCII only.
fn message_id(id: &str) -> String {
    let id: String = id.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>')).collect();
    format!("<{id}>")
}
