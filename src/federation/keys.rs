//! The keys of our own actors: made on first need, private halves sealed at rest.

use std::sync::Arc;

use moka::future::Cache;

use super::sign::KeyPair;
use crate::base::*;
use crate::domain::actors::Actor;
use crate::domain::peers::KeyKind;
use crate::services::seal::Seal;
use crate::store::Db;
use crate::store::federation::{self as rows, StoredKey};

/// Parsed keys kept in memory; about 3 kB each.
const CACHED: u64 = 4096;

/// The keys of one of our actors.
pub struct OwnKeys {
    /// Id of the key that signs requests.
    pub key_id: String,
    /// Signs requests.
    pub rsa: KeyPair,
    /// Its public half, PEM.
    pub public_pem: String,
    /// Id of the key that signs objects.
    pub proof_key_id: String,
    /// Signs objects (FEP-8b32).
    pub ed25519: KeyPair,
    /// Its public half as `publicKeyMultibase`.
    pub multibase: String,
}

impl std::fmt::Debug for OwnKeys {
    /// Names the keys and tells nothing of them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnKeys").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// Hands out the keys of our actors. Cheap to clone.
#[derive(Clone)]
pub struct Keys {
    db: Db,
    ids: Ids,
    clock: Clock,
    seal: Arc<Seal>,
    cache: Cache<ActorId, Arc<OwnKeys>>,
}

impl Keys {
    /// Keys kept in this database, sealed with `seal`.
    pub fn new(db: Db, ids: Ids, clock: Clock, seal: Seal) -> Self {
        Self { db, ids, clock, seal: Arc::new(seal), cache: Cache::new(CACHED) }
    }

    /// The keys of an actor of ours, made if it has none yet. Callers who come together wait for one making.
    ///
    /// # Errors
    /// `Internal` for an actor of somebody else; `Unavailable` when the sealed keys cannot be opened.
    pub async fn of(&self, actor: &Actor) -> Result<Arc<OwnKeys>> {
        if !actor.is_local() {
            return Err(Error::internal(format!("asked to sign for {}", actor.uri)));
        }
        let made = self.cache.try_get_with(actor.id, self.load_or_make(actor));
        made.await.map_err(|error| Error::Unavailable(error.to_string()))
    }

    async fn load_or_make(&self, actor: &Actor) -> Result<Arc<OwnKeys>> {
        if let Some(keys) = self.load(actor).await? {
            return Ok(keys);
        }
        let make = || Ok((KeyPair::generate_rsa()?, KeyPair::generate_ed25519()?));
        let made: Result<_> = tokio::task::spawn_blocking(make).await.map_err(Error::internal)?;
        let (rsa, ed25519) = made?;
        let now = self.clock.now();
        let mut new = Vec::new();
        for (kind, pair) in [(KeyKind::Rsa, &rsa), (KeyKind::Ed25519, &ed25519)] {
            let key_uri = key_uri(&actor.uri, kind);
            let private_sealed = Some(self.seal.seal(&key_uri, &pair.to_pkcs8_der()?)?);
            let public_pem = pair.public_pem()?;
            new.push(StoredKey { id: self.ids.next(), actor_id: actor.id, key_uri, kind, public_pem, private_sealed });
        }
        let insert = self.db.write(move |conn| {
            Box::pin(async move {
                for key in &new {
                    rows::insert_own_key(conn, key, now).await?;
                }
                Ok(())
            })
        });
        insert.await?;
        // Read back: another process may have been first.
        self.load(actor).await?.ok_or_else(|| Error::internal("keys vanished"))
    }

    async fn load(&self, actor: &Actor) -> Result<Option<Arc<OwnKeys>>> {
        let stored = rows::keys_of(&mut self.db.read().await?, actor.id).await?;
        let open = |kind: KeyKind| -> Result<Option<(String, String, KeyPair)>> {
            let Some(key) = stored.iter().find(|k| k.kind == kind) else { return Ok(None) };
            let Some(sealed) = &key.private_sealed else { return Ok(None) };
            let pair = KeyPair::from_pkcs8_der(&self.seal.open_sealed(&key.key_uri, sealed)?)?;
            Ok(Some((key.key_uri.clone(), key.public_pem.clone(), pair)))
        };
        let (Some((key_id, public_pem, rsa)), Some((proof_key_id, _, ed25519))) =
            (open(KeyKind::Rsa)?, open(KeyKind::Ed25519)?)
        else {
            return Ok(None);
        };
        let multibase = ed25519.public_multibase().ok_or_else(|| Error::internal("not an Ed25519 key"))?;
        Ok(Some(Arc::new(OwnKeys { key_id, rsa, public_pem, proof_key_id, ed25519, multibase })))
    }
}

/// The id of a key of ours. It has a `#`, without which Lemmy reads nothing of ours (INTEROP A.4.3).
fn key_uri(actor_uri: &str, kind: KeyKind) -> String {
    match kind {
        KeyKind::Rsa => format!("{actor_uri}#main-key"),
        KeyKind::Ed25519 => format!("{actor_uri}#ed25519-key"),
    }
}
