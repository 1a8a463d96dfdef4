use serde_json::{Value, json};

/// Namespace of what only Kring says.
pub const KRING: &str = "https://joinkring.org/ns#";

/// The `@context` of every document: one, fixed, inline (INTEROP A.8). The plain ActivityStreams address is an element of
/// it, or Mastodon refuses the document.
pub fn context() -> Value {
    json!([
        "https://www.w3.org/ns/activitystreams",
        "https://w3id.org/security/v1",
        "https://w3id.org/security/data-integrity/v2",
        "https://w3id.org/security/multikey/v1",
        {
            "toot": "http://joinmastodon.org/ns#",
            "lemmy": "https://join-lemmy.org/ns#",
            "schema": "http://schema.org#",
            "kring": KRING,
            "PropertyValue": "schema:PropertyValue",
            "value": "schema:value",
            "sensitive": "as:sensitive",
            "Hashtag": "as:Hashtag",
            "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
            "movedTo": {"@id": "as:movedTo", "@type": "@id"},
            "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
            "featured": {"@id": "toot:featured", "@type": "@id"},
            "discoverable": "toot:discoverable",
            "indexable": "toot:indexable",
            "Emoji": "toot:Emoji",
            "blurhash": "toot:blurhash",
            "votersCount": "toot:votersCount",
            "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
            "postingRestrictedToMods": "lemmy:postingRestrictedToMods",
            "moderators": {"@id": "lemmy:moderators", "@type": "@id"},
            "removeData": "lemmy:removeData",
            "Lock": "lemmy:Lock",
            "implements": {"@id": "https://w3id.org/fep/844e#implements", "@type": "@id"},
            "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger"
        },
        quotes()
    ])
}

/// The words for quotes (FEP-044f, and the older ones).
fn quotes() -> Value {
    json!({
        "gts": "https://gotosocial.org/ns#",
        "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
        "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
        "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
        "manualApproval": {"@id": "gts:manualApproval", "@type": "@id"},
        "interactingObject": {"@id": "gts:interactingObject", "@type": "@id"},
        "interactionTarget": {"@id": "gts:interactionTarget", "@type": "@id"},
        "quote": {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"},
        "quoteAuthorization": {"@id": "https://w3id.org/fep/044f#quoteAuthorization", "@type": "@id"},
        "QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization",
        "QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest",
        "quoteUrl": "as:quoteUrl",
        "quoteUri": "http://fedibird.com/ns#quoteUri",
        "_misskey_quote": "https://misskey-hub.net/ns#_misskey_quote"
    })
}

/// A document of our own, ready to be sent or served: with its `@context` in front.
pub fn with_context(document: Value) -> Value {
    match document {
        Value::Object(members) => {
            let mut whole = serde_json::Map::with_capacity(members.len() + 1);
            whole.insert("@context".to_owned(), context());
            whole.extend(members.into_iter().filter(|(name, _)| name != "@context"));
            Value::Object(whole)
        }
        other => other,
    }
}
