//! What jobs read of an actor, for the jobs after them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::future::Cache;

use super::claimed_at;
use crate::base::{ActorId, Result};

/// How many actors are at hand, and for how long at most.
const ACTORS: u64 = 256;
const LIFE: Duration = Duration::from_secs(1);

/// What was read of actors lately. Many jobs tell of the same one, and each may use what another read after both were claimed: it
/// is as new as what led to them.
pub struct Lately<V>(Cache<ActorId, (Instant, Arc<V>)>);

impl<V: Send + Sync + 'static> Default for Lately<V> {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(ACTORS).time_to_live(LIFE).build())
    }
}

impl<V: Send + Sync + 'static> Lately<V> {
    /// What is known of an actor, read now by `read` unless that was done since the present job was claimed. Outside of jobs it is
    /// always read.
    pub async fn get(&self, actor: ActorId, read: impl Future<Output = Result<V>>) -> Result<Arc<V>> {
        let Some(claimed) = claimed_at() else { return read.await.map(Arc::new) };
        if let Some((at, known)) = self.0.get(&actor).await
            && at >= claimed
        {
            return Ok(known);
        }
        let at = Instant::now();
        let known = Arc::new(read.await?);
        self.0.insert(actor, (at, known.clone())).await;
        Ok(known)
    }
}
