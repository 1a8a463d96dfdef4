use std::fmt;

use figment::Figment;
use figment::error::Kind;
use figment::value::Value;

use super::values::redact;

/// What is wrong with the configuration, in one line that names the key, the value and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(String);

impl ConfigError {
    /// An error with this line.
    pub(super) fn new(line: impl Into<String>) -> Self {
        Self(line.into())
    }

    /// `key` has a `value` that cannot be; `allowed` says which can.
    pub(super) fn value(key: &str, value: impl fmt::Display, allowed: &str) -> Self {
        Self(format!("{key} is \"{value}\"; allowed: {allowed}"))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// Says what a reading error means for who wrote the file.
pub(super) fn explain(error: &figment::Error, figment: &Figment) -> ConfigError {
    let key = error.path.join(".");
    let value = || match figment.find_value(&key) {
        Ok(value) => shown(&value),
        Err(_) => "of another kind".to_owned(),
    };
    ConfigError(match &error.kind {
        Kind::UnknownField(field, known) => unknown(&error.path, field, known),
        Kind::Message(text) => match text.split_once(" is not one of: ") {
            Some((_, allowed)) => format!("{key} is {}; allowed: {allowed}", value()),
            None if text.starts_with("allowed: ") => format!("{key} is {}; {text}", value()),
            None if key.is_empty() => syntax(text),
            None => format!("{key}: {text}"),
        },
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
            format!("{key} is {}; allowed: {}", value(), kind_of(expected))
        }
        other => format!("{key}: {other}"),
    })
}

fn unknown(path: &[String], field: &str, known: &[&str]) -> String {
    // The path may or may not end with the field itself.
    let path = path.strip_suffix(&[field.to_owned()]).unwrap_or(path);
    let (what, key) = match path {
        [] => ("section", field.to_owned()),
        path => ("key", format!("{}.{field}", path.join("."))),
    };
    let near = known.iter().map(|name| (distance(field, name), name)).min();
    match near {
        Some((distance, name)) if distance <= 1 + name.len() / 4 => {
            format!("unknown {what} {key}; did you mean {name}?")
        }
        _ => format!("unknown {what} {key}; known: {}", known.join(", ")),
    }
}

/// The first and the last line of the TOML reader's picture of the place.
fn syntax(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match (lines.next(), lines.next_back()) {
        (Some(first), Some(last)) => format!("{first}: {last}"),
        _ => text.to_owned(),
    }
}

fn kind_of(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "a string" => "a text, in quotes",
        "path string" => "a path, in quotes",
        other => other,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(_, text) => format!("\"{}\"", redact(text)),
        Value::Char(_, c) => format!("\"{c}\""),
        Value::Bool(_, bool) => bool.to_string(),
        Value::Num(_, number) => match (number.to_i128(), number.to_u128(), number.to_f64()) {
            (Some(n), ..) => n.to_string(),
            (_, Some(n), _) => n.to_string(),
            (_, _, Some(n)) => n.to_string(),
            _ => "a number".to_owned(),
        },
        Value::Empty(..) => "empty".to_owned(),
        Value::Dict(..) => "a table".to_owned(),
        Value::Array(_, items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
    }
}

/// How many letters differ (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let next = (corner + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = std::mem::replace(&mut row[j + 1], next);
        }
    }
    row[b.len()]
}
