use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

/// Lets many who want the same thing at the same time wait for one piece of work.
#[derive(Debug)]
pub(super) struct Flights<K, V> {
    running: Mutex<HashMap<K, Arc<OnceCell<V>>>>,
}

impl<K: Hash + Eq + Clone, V: Clone> Flights<K, V> {
    pub fn new() -> Self {
        Self { running: Mutex::new(HashMap::new()) }
    }

    /// Runs `work`, or waits for whoever is running it under this key. If that one is dropped halfway, one of those
    /// waiting does the work instead.
    pub async fn run<F: Future<Output = V>>(&self, key: K, work: impl FnOnce() -> F) -> V {
        let cell = self.lock().entry(key.clone()).or_default().clone();
        let seat = Seat { flights: self, key, cell };
        seat.cell.get_or_init(work).await.clone()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Arc<OnceCell<V>>>> {
        // A panic elsewhere leaves the map itself intact.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A caller of [`Flights::run`]; also when it is dropped halfway the entry does not stay behind.
struct Seat<'a, K: Hash + Eq + Clone, V: Clone> {
    flights: &'a Flights<K, V>,
    key: K,
    cell: Arc<OnceCell<V>>,
}

impl<K: Hash + Eq + Clone, V: Clone> Drop for Seat<'_, K, V> {
    fn drop(&mut self) {
        let mut running = self.flights.lock();
        if let Entry::Occupied(entry) = running.entry(self.key.clone()) {
            let ours = Arc::ptr_eq(entry.get(), &self.cell);
            // Two hold it: the map and this seat. When it is done, later callers must start anew.
            let last = Arc::strong_count(&self.cell) <= 2;
            if ours && (last || self.cell.initialized()) {
                entry.remove();
            }
        }
    }
}
