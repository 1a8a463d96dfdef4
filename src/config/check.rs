use std::net::IpAddr;

use super::explain::ConfigError;
use super::sections::{Config, LimitsConfig, Scheme};

type Checked = Result<(), ConfigError>;

/// Checks what the types alone do not.
pub(super) fn check(config: &Config) -> Checked {
    instance(config)?;
    database(config)?;
    media(config)?;
    mail(config)?;
    for name in config.federation.resolve.keys() {
        if !is_host(name.strip_prefix("*.").unwrap_or(name)) {
            return Err(ConfigError::value("a name in federation.resolve", name, "name or *.name"));
        }
    }
    books(config)?;
    limits(&config.limits)?;
    log_level(&config.log.level)
}

fn books(config: &Config) -> Checked {
    let books = &config.books;
    let url = books.url.replace("{isbn}", "9789045123456");
    let usable = url::Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
    if !url.is_empty() && (!usable || !books.url.contains("{isbn}")) {
        return Err(ConfigError::value("books.url", &books.url, "an address with {isbn} in it, or nothing"));
    }
    for (key, pointer) in [("books.title", &books.title), ("books.maker", &books.maker)] {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return Err(ConfigError::value(key, pointer, "a JSON pointer such as /title"));
        }
    }
    Ok(())
}

fn instance(config: &Config) -> Checked {
    let instance = &config.instance;
    let (host, port) = split_domain(&instance.domain);
    let good_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    if !good_port || !(is_host(host) || host.parse::<IpAddr>().is_ok()) {
        let allowed = "a host name such as kring.example, or one with a port; no https:// and no slash";
        return Err(ConfigError::value("instance.domain", &instance.domain, allowed));
    }
    if instance.scheme == Scheme::Http && !is_loopback(&instance.domain) {
        let allowed = "https (http is for localhost, *.localhost, 127.0.0.1 and ::1 only)";
        return Err(ConfigError::value("instance.scheme", instance.scheme, allowed));
    }
    let language = &instance.language;
    if !(2..=3).contains(&language.len()) || !language.bytes().all(|b| b.is_ascii_lowercase()) {
        return Err(ConfigError::value("instance.language", language, "a language code such as nl or en"));
    }
    if jiff::tz::TimeZone::get(&instance.timezone).is_err() {
        let allowed = "a name of the IANA list such as Europe/Amsterdam";
        return Err(ConfigError::value("instance.timezone", &instance.timezone, allowed));
    }
    if instance.name.as_ref().is_some_and(|name| name.trim().is_empty() || name.chars().count() > 100) {
        return Err(ConfigError::new(
            "instance.name is empty or too long; allowed: 1 to 100 characters, or no such key",
        ));
    }
    Ok(())
}

fn database(config: &Config) -> Checked {
    let is_postgres = |url: &str| url.starts_with("postgres://") || url.starts_with("postgresql://");
    let url = &config.database.url;
    if url.after("sqlite:").is_none_or(str::is_empty) && !is_postgres(url.as_str()) {
        let allowed = "sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME";
        return Err(ConfigError::value("database.url", url, allowed));
    }
    // The name is kept for what is to come; a setting that does nothing would be worse than none.
    match &config.database.read_url {
        Some(read) => Err(ConfigError::value("database.read_url", read, "nothing: replicas are not read from yet")),
        None => Ok(()),
    }
}

fn media(config: &Config) -> Checked {
    let url = &config.media.url;
    if url.after("file:").is_some_and(|path| !path.is_empty()) {
        return Ok(());
    }
    let allowed = match url.after("s3:") {
        Some(_) => "file:PATH (this version keeps files in a folder only; S3 is not there yet)",
        None => "file:PATH",
    };
    Err(ConfigError::value("media.url", url, allowed))
}

fn mail(config: &Config) -> Checked {
    let url = &config.mail.url;
    let after = |scheme: &str| url.after(scheme).is_some_and(|rest| !rest.is_empty());
    if url.as_str() != "off" && !["smtp://", "smtps://", "file:"].into_iter().any(after) {
        return Err(ConfigError::value("mail.url", url, "smtp://…, smtps://…, file:FOLDER or off"));
    }
    let from = &config.mail.from;
    if !from.is_empty() && (!from.contains('@') || from.contains(['\r', '\n'])) {
        return Err(ConfigError::value("mail.from", from, "kring@example.org or Name <kring@example.org>"));
    }
    Ok(())
}

fn limits(limits: &LimitsConfig) -> Checked {
    let ranges = [
        ("max_upload_mb", limits.max_upload_mb, 1, 2_000),
        ("deliveries_per_host", limits.deliveries_per_host, 1, 64),
        ("deliveries_total", limits.deliveries_total, 1, 1_000),
        ("retention_days", limits.retention_days, 1, 3_650),
        ("invitation_days", limits.invitation_days, 1, 365),
        ("session_days", limits.session_days, 1, 3_650),
        ("guest_days", limits.guest_days, 1, 3_650),
        ("sign_in_minutes", limits.sign_in_minutes, 1, 1_440),
    ];
    let range = 100..=200_000;
    if !range.contains(&limits.max_post_chars) {
        let (low, high) = range.into_inner();
        let line = format!("limits.max_post_chars is {}; allowed: {low} to {high}", limits.max_post_chars);
        return Err(ConfigError::new(line));
    }
    for (key, value, low, high) in ranges {
        if !(low..=high).contains(&value) {
            return Err(ConfigError::new(format!("limits.{key} is {value}; allowed: {low} to {high}")));
        }
    }
    Ok(())
}

fn log_level(level: &str) -> Checked {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let good = |part: &str| LEVELS.contains(&part.rsplit('=').next().unwrap_or_default().trim());
    if level.split(',').all(good) {
        return Ok(());
    }
    Err(ConfigError::value(
        "log.level",
        level,
        "off, error, warn, info, debug, trace, or per part: info,kring::jobs=debug",
    ))
}

/// Whether a domain (with or without a port) is this machine itself.
pub(super) fn is_loopback(domain: &str) -> bool {
    let (host, _) = split_domain(domain);
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Host and port; an IPv6 address may stand in brackets, or without a port bare.
fn split_domain(domain: &str) -> (&str, Option<&str>) {
    if domain.parse::<IpAddr>().is_ok() {
        return (domain, None);
    }
    let (host, port) = match domain.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (domain, None),
    };
    (host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host), port)
}

fn is_host(host: &str) -> bool {
    let good = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host.len() <= 253 && host.split('.').all(good)
}
