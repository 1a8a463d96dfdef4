use fluent_bundle::FluentValue;

use super::dates::number;

/// Declares the languages: the variant, its tag (BCP-47 and file name) and its name in the language itself.
macro_rules! locales {
    ($($variant:ident = $tag:literal, $name:literal;)*) => {
        /// A language of the interface.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Locale {
            $(#[doc = $name] $variant),*
        }

        impl Locale {
            /// Every language, the first choice first.
            pub fn all() -> &'static [Locale] {
                &[$(Locale::$variant),*]
            }

            /// The BCP-47 tag: `nl`.
            pub fn tag(self) -> &'static str {
                match self { $(Locale::$variant => $tag),* }
            }

            /// What the language calls itself.
            pub fn name(self) -> &'static str {
                match self { $(Locale::$variant => $name),* }
            }

            /// Shows numbers inside texts with the language's separators. Fluent takes a plain function here, so each
            /// language has its own.
            pub(super) fn formatter<M>(self) -> fn(&FluentValue<'_>, &M) -> Option<String> {
                match self { $(Locale::$variant => |value, _| format_number(Locale::$variant, value)),* }
            }

            /// The Fluent source.
            pub(super) fn source(self) -> &'static str {
                match self {
                    $(Locale::$variant => {
                        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/locales/", $tag, ".ftl"))
                    }),*
                }
            }
        }
    };
}

// A further language is one line here and one file in `locales/`.
locales! {
    Nl = "nl", "Nederlands";
    En = "en", "English";
}

impl Default for Locale {
    fn default() -> Self {
        Self::all()[0]
    }
}

impl Locale {
    /// Reads a language tag, with or without region (`nl-BE`), in any case; `None` for a language we do not have.
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Self::all().iter().copied().find(|locale| locale.tag().eq_ignore_ascii_case(primary))
    }

    /// Reads `instance.language` of the configuration; the error names what is allowed.
    pub fn of_instance(tag: &str) -> Result<Self, String> {
        Self::parse(tag).ok_or_else(|| {
            let all: Vec<_> = Self::all().iter().map(|locale| locale.tag()).collect();
            format!("instance.language is \"{tag}\"; allowed: {}", all.join(", "))
        })
    }

    /// The best language for an `Accept-Language` header (RFC 9110 §12.5.4), or `None` if it asks for none of ours.
    pub fn accepted(header: &str) -> Option<Self> {
        let mut best: Option<(f32, Self)> = None;
        for range in header.split(',').take(20) {
            let (tag, parameter) = range.split_once(';').unwrap_or((range, ""));
            let quality = match parameter.trim().strip_prefix("q=") {
                Some(quality) => quality.trim().parse().unwrap_or(0.0),
                None => 1.0,
            };
            let Some(locale) = Self::parse(tag).filter(|_| quality > 0.0) else { continue };
            if best.is_none_or(|(best, _)| quality > best) {
                best = Some((quality, locale));
            }
        }
        best.map(|(_, locale)| locale)
    }

    /// As [`Locale::accepted`], falling back to the first language.
    pub fn negotiate(accept_language: &str) -> Self {
        Self::accepted(accept_language).unwrap_or_default()
    }
}

fn format_number(locale: Locale, value: &FluentValue<'_>) -> Option<String> {
    match value {
        FluentValue::Number(shown) => Some(number(locale, shown.value as i64)),
        _ => None,
    }
}
