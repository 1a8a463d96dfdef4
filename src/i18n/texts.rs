use std::collections::HashSet;
use std::sync::{LazyLock, Mutex};

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use super::Locale;

static BUNDLES: LazyLock<Vec<FluentBundle<FluentResource>>> =
    LazyLock::new(|| Locale::all().iter().copied().map(bundle).collect());

/// What was logged already, so that a missing text does not fill the log.
static LOGGED: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// A value put into a text. Numbers choose the plural form and are shown with separators; years and ids are texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// A whole number.
    Number(i64),
    /// Any text.
    Text(String),
}

impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// The text with this key; `⟦key⟧` if the language has none.
pub fn t(locale: Locale, key: &str) -> String {
    t_args(locale, key, &[])
}

/// The text with this key and these values in it; `⟦key⟧` if the language has none.
pub fn t_args(locale: Locale, key: &str, args: &[(&str, Arg)]) -> String {
    let bundle = of(locale);
    let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
        log_once(locale, key, "no such text");
        return format!("⟦{key}⟧");
    };
    let args: FluentArgs<'_> = args
        .iter()
        .map(|(name, value)| {
            let value = match value {
                Arg::Number(number) => FluentValue::from(*number),
                Arg::Text(text) => FluentValue::from(text.as_str()),
            };
            (*name, value)
        })
        .collect();
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
    if let Some(error) = errors.first() {
        log_once(locale, key, &error.to_string());
    }
    text
}

/// Whether the language has a text with this key.
pub fn has(locale: Locale, key: &str) -> bool {
    of(locale).get_message(key).is_some_and(|message| message.value().is_some())
}

fn of(locale: Locale) -> &'static FluentBundle<FluentResource> {
    &BUNDLES[locale as usize]
}

fn bundle(locale: Locale) -> FluentBundle<FluentResource> {
    let language: LanguageIdentifier = locale.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // The isolation marks are for mixed scripts; they break attributes, mail subjects and tests.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(locale.formatter()));
    // What does not parse is left out and shows as missing; a test keeps the files whole.
    let resource = FluentResource::try_new(locale.source().to_owned()).unwrap_or_else(|(resource, errors)| {
        tracing::error!(locale = locale.tag(), ?errors, "a translation file does not parse");
        resource
    });
    if let Err(errors) = bundle.add_resource(resource) {
        tracing::error!(locale = locale.tag(), ?errors, "a translation file repeats keys");
    }
    bundle
}

fn log_once(locale: Locale, key: &str, what: &str) {
    let mut logged = LOGGED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if logged.len() < 1000 && logged.insert(format!("{} {key}", locale.tag())) {
        tracing::warn!(locale = locale.tag(), key, "translation: {what}");
    }
}
