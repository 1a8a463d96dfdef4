//! Object integrity proofs: FEP-8b32 with the cryptosuite `eddsa-jcs-2022` (W3C Data Integrity EdDSA Cryptosuites §3.3).

use serde_json::{Map, Value, json};

use super::digest::sha256;
use super::incoming::SignError;
use super::keys::{KeyPair, PublicKey};
use super::{base58, jcs};
use crate::base::{Error, Result, Time};

const TYPE: &str = "DataIntegrityProof";
const SUITE: &str = "eddsa-jcs-2022";

/// The proof on a document, as far as it concerns us; not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The id of the key: a URL, mostly the actor's with a fragment.
    pub verification_method: String,
    /// When it says it was made.
    pub created: Option<Time>,
    /// When it ends, if it says so.
    pub expires: Option<Time>,
}

/// Adds a `proof` to a document, in place of any it had. The document's `@context` should name
/// `https://w3id.org/security/data-integrity/v2`.
///
/// # Errors
/// `Internal` if the document is no object or the key is not Ed25519.
pub fn sign(mut document: Value, key: &KeyPair, verification_method: &str, created: Time) -> Result<Value> {
    let KeyPair::Ed25519(_) = key else {
        return Err(Error::internal("object proofs need an Ed25519 key"));
    };
    let members = document.as_object_mut().ok_or_else(|| Error::internal("only objects can be signed"))?;
    members.shift_remove("proof");
    let mut proof = Map::new();
    if let Some(context) = members.get("@context") {
        proof.insert("@context".into(), context.clone());
    }
    proof.insert("type".into(), json!(TYPE));
    proof.insert("cryptosuite".into(), json!(SUITE));
    proof.insert("created".into(), json!(created.to_rfc3339_seconds()));
    proof.insert("verificationMethod".into(), json!(verification_method));
    proof.insert("proofPurpose".into(), json!("assertionMethod"));
    let mut proof = Value::Object(proof);
    let signature = key.sign(&hash(&proof, &document))?;
    proof["proofValue"] = json!(base58::encode(&signature));
    document["proof"] = proof;
    Ok(document)
}

/// The proof of a document that we could verify, if it has one.
pub fn find(document: &Value) -> Option<Claim> {
    let proof = ours(document)?;
    let time = |name: &str| proof.get(name).and_then(Value::as_str).and_then(Time::parse_rfc3339);
    let method = proof.get("verificationMethod")?.as_str()?;
    Some(Claim { verification_method: method.to_owned(), created: time("created"), expires: time("expires") })
}

/// Whether the document carries a proof by this key that holds now. That the key belongs to whom the document is
/// attributed to is for the caller to check.
///
/// # Errors
/// `Missing` without a proof of our kind, `Malformed` if it cannot be read, `Bad` if it does not hold.
pub fn verify(document: &Value, key: &PublicKey, now: Time) -> Result<(), SignError> {
    let proof = ours(document).ok_or(SignError::Missing)?;
    if !key.is_ed25519() {
        return Err(SignError::bad("the key is not Ed25519"));
    }
    if proof.get("proofPurpose").and_then(Value::as_str) != Some("assertionMethod") {
        return Err(SignError::bad("proof for another purpose"));
    }
    check_time(proof, now)?;
    let mut config = proof.clone();
    let value = config.shift_remove("proofValue");
    let signature = value.as_ref().and_then(Value::as_str).and_then(base58::decode);
    let signature = signature.ok_or_else(|| SignError::malformed("proofValue"))?;
    let mut unsecured = document.clone();
    if let Some(members) = unsecured.as_object_mut() {
        members.shift_remove("proof");
        // A Linked Data signature was added after the proof (FEP-8b32, backward compatibility).
        members.shift_remove("signature");
        if let Some(context) = config.get("@context") {
            check_context(context, members.get("@context"))?;
            members.insert("@context".into(), context.clone());
        }
    }
    let message = hash(&Value::Object(config), &unsecured);
    if key.verifies(&message, &signature) { Ok(()) } else { Err(SignError::bad("proof does not verify")) }
}

/// The document's proof, or the first of several, that is of our kind.
fn ours(document: &Value) -> Option<&Map<String, Value>> {
    let is_ours = |proof: &&Map<String, Value>| {
        let is = |name: &str, wanted: &str| proof.get(name).and_then(Value::as_str) == Some(wanted);
        is("type", TYPE) && is("cryptosuite", SUITE)
    };
    match document.get("proof")? {
        Value::Array(several) => several.iter().filter_map(Value::as_object).find(is_ours),
        one => one.as_object().filter(is_ours),
    }
}

fn check_time(proof: &Map<String, Value>, now: Time) -> Result<(), SignError> {
    let time = |name: &str| match proof.get(name) {
        None => Ok(None),
        Some(value) => match value.as_str().and_then(Time::parse_rfc3339) {
            Some(time) => Ok(Some(time)),
            None => Err(SignError::malformed(format!("proof: {name}"))),
        },
    };
    if time("created")?.is_some_and(|created| created > now.plus(Time::HOUR)) {
        return Err(SignError::bad("proof made in the future"));
    }
    if time("expires")?.is_some_and(|expires| expires < now) {
        return Err(SignError::bad("proof expired"));
    }
    Ok(())
}

/// The document's context must begin with the proof's, value by value.
fn check_context(proof: &Value, document: Option<&Value>) -> Result<(), SignError> {
    let list = |value: &Value| match value {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    };
    let document = document.map(list).unwrap_or_default();
    if document.starts_with(&list(proof)) { Ok(()) } else { Err(SignError::bad("contexts differ")) }
}

/// SHA-256 of the canonical proof options, then that of the canonical document: 64 bytes.
fn hash(config: &Value, unsecured: &Value) -> Vec<u8> {
    let mut both = sha256(jcs::canonical(config).as_bytes());
    both.extend(sha256(jcs::canonical(unsecured).as_bytes()));
    both
}
