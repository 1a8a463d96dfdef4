//! The keys of our own actors: made on first need, private halves sealed at rest.

use std::sync::Arc;
use std::time::Duration;

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
/// After this long other processes sign with new keys too.
const FRESH: Duration = Duration::from_secs(60);

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
    /// The key before, and below which id deliveries are signed with it.
    former: Option<(Box<OwnKeys>, i64)>,
}

impl OwnKeys {
    fn pairs(&self) -> [(KeyKind, &str, &KeyPair); 2] {
        [(KeyKind::Rsa, &self.key_id, &self.rsa), (KeyKind::Ed25519, &self.proof_key_id, &self.ed25519)]
    }

    /// The keys for a delivery: those that the other side was told of before it. Every other try is signed with the new
    /// ones, for the other side may have fetched these meanwhile.
    pub fn for_delivery(&self, id: i64, tries: i32) -> &OwnKeys {
        match &self.former {
            Some((former, before)) if id < *before && tries % 2 == 0 => former,
            _ => self,
        }
    }
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
        Self {
            db,
            ids,
            clock,
            seal: Arc::new(seal),
            cache: Cache::builder().max_capacity(CACHED).time_to_live(FRESH).build(),
        }
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
        let made = self.fresh(actor).await?;
        let now = self.clock.now();
        let mut new = Vec::new();
        for (kind, key_uri, pair) in made.pairs() {
            let private_sealed = Some(self.seal.seal(key_uri, &pair.to_pkcs8_der()?)?);
            let (key_uri, public_pem) = (key_uri.to_owned(), pair.public_pem()?);
            let (id, actor_id, former) = (self.ids.next(), actor.id, None);
            new.push(StoredKey { id, actor_id, key_uri, kind, public_pem, private_sealed, former });
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

    /// Keys that nobody knows of yet.
    pub async fn fresh(&self, actor: &Actor) -> Result<OwnKeys> {
        let make = || Ok((KeyPair::generate_rsa()?, KeyPair::generate_ed25519()?));
        let made: Result<_> = tokio::task::spawn_blocking(make).await.map_err(Error::internal)?;
        let (rsa, ed25519) = made?;
        own_keys(key_uri(&actor.uri, KeyKind::Rsa), rsa, key_uri(&actor.uri, KeyKind::Ed25519), ed25519)
    }

    /// Signs with these keys from now on, but for what waits to be delivered.
    pub async fn adopt(&self, actor: &Actor, keys: &OwnKeys) -> Result<()> {
        let (before, mut new) = (self.ids.next(), Vec::new());
        for (_, key_uri, pair) in keys.pairs() {
            new.push((key_uri.to_owned(), pair.public_pem()?, self.seal.seal(key_uri, &pair.to_pkcs8_der()?)?));
        }
        let renew = self.db.write(move |conn| {
            Box::pin(async move {
                for (key_uri, public_pem, sealed) in &new {
                    rows::renew_own_key(conn, key_uri, public_pem, sealed, before).await?;
                }
                Ok(())
            })
        });
        renew.await?;
        self.cache.invalidate(&actor.id).await;
        Ok(())
    }

    async fn load(&self, actor: &Actor) -> Result<Option<Arc<OwnKeys>>> {
        let stored = rows::keys_of(&mut self.db.read().await?, actor.id).await?;
        let of = |kind: KeyKind| stored.iter().find(|key| key.kind == kind && key.private_sealed.is_some());
        let (Some(rsa), Some(ed25519)) = (of(KeyKind::Rsa), of(KeyKind::Ed25519)) else { return Ok(None) };
        let open = |key: &StoredKey, sealed: &str| -> Result<KeyPair> {
            KeyPair::from_pkcs8_der(&self.seal.open_sealed(&key.key_uri, sealed)?)
        };
        let all = |sealed: [&str; 2]| -> Result<OwnKeys> {
            let (first, second) = (open(rsa, sealed[0])?, open(ed25519, sealed[1])?);
            own_keys(rsa.key_uri.clone(), first, ed25519.key_uri.clone(), second)
        };
        let sealed = |key: &'_ StoredKey| key.private_sealed.clone().unwrap_or_default();
        let mut keys = all([&sealed(rsa), &sealed(ed25519)])?;
        if let (Some((rsa, before)), Some((ed25519, _))) = (&rsa.former, &ed25519.former) {
            keys.former = Some((Box::new(all([rsa.as_str(), ed25519.as_str()])?), *before));
        }
        Ok(Some(Arc::new(keys)))
    }
}

fn own_keys(key_id: String, rsa: KeyPair, proof_key_id: String, ed25519: KeyPair) -> Result<OwnKeys> {
    let multibase = ed25519.public_multibase().ok_or_else(|| Error::internal("not an Ed25519 key"))?;
    Ok(OwnKeys { key_id, public_pem: rsa.public_pem()?, rsa, proof_key_id, ed25519, multibase, former: None })
}

/// The id of a key of ours. It has a `#`, without which Lemmy reads nothing of ours (INTEROP A.4.3).
fn key_uri(actor_uri: &str, kind: KeyKind) -> String {
    match kind {
        KeyKind::Rsa => format!("{actor_uri}#main-key"),
        KeyKind::Ed25519 => format!("{actor_uri}#ed25519-key"),
    }
}
