use serde_json::Value;

use super::doc::Doc;

/// No more keys of one actor are read (as Mastodon does).
const MAX_KEYS: usize = 10;

/// A public key that an actor or key document shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActorKey<'a> {
    /// The id of the key.
    pub id: &'a str,
    /// Whose it is, as the key says: `owner` or `controller`.
    pub owner: Option<&'a str>,
    /// The key.
    pub material: KeyMaterial<'a>,
}

/// How a key is written, or that it must be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyMaterial<'a> {
    /// `publicKeyPem`.
    Pem(&'a str),
    /// `publicKeyMultibase` of a Multikey (FEP-521a).
    Multibase(&'a str),
    /// Only the id is given: the key is a document of its own.
    Elsewhere,
}

impl<'a> Doc<'a> {
    /// The keys of an actor: `publicKey` (object, id or list) and `assertionMethod`.
    pub fn keys(self) -> Vec<ActorKey<'a>> {
        let keys = self.items("publicKey").chain(self.items("assertionMethod"));
        keys.take(MAX_KEYS).filter_map(Doc::as_key).collect()
    }

    /// The key document itself (GoToSocial's stub at `…/main-key` holds it in `publicKey`), or a key inside an actor.
    pub fn as_key(self) -> Option<ActorKey<'a>> {
        let of = |name| self.get(name).and_then(Value::as_str);
        let pem = of("publicKeyPem").map(KeyMaterial::Pem);
        let material = pem.or_else(|| of("publicKeyMultibase").map(KeyMaterial::Multibase));
        let owner = self.one_id("owner").or_else(|| self.one_id("controller"));
        Some(ActorKey { id: self.id()?, owner, material: material.unwrap_or(KeyMaterial::Elsewhere) })
    }
}
