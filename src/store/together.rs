//! The same small thing asked or written by many at once, in one statement: PostgreSQL works longer on what surrounds a statement
//! than on a row.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::{Conn, Db};
use crate::base::{Clock, Error, Ids, Result, Time};

/// Items together at most.
const MOST: usize = 64;

type Run<T, R> = Box<dyn Fn(Vec<T>) -> BoxFuture<'static, Result<Vec<R>>> + Send + Sync>;
type Waiting<T, R> = (T, oneshot::Sender<Result<R>>);

/// Does for several what comes at the same time: one is under way, and what comes meanwhile goes together. Each is done after it
/// was asked for, so that it finds all that was there then. SQLite is in this process, and what is written there shares a commit
/// anyway: there nothing waits.
pub struct Together<T, R>(Arc<Inner<T, R>>);

struct Inner<T, R> {
    run: Run<T, R>,
    gathers: bool,
    state: Mutex<State<T, R>>,
}

struct State<T, R> {
    busy: bool,
    waiting: Vec<Waiting<T, R>>,
}

/// A turn with its item, or where the answer comes.
type Begun<T, R> = std::result::Result<(Turn<T, R>, T), oneshot::Receiver<Result<R>>>;

/// What is under way. When it ends, those that wait are next.
struct Turn<T: Clone + Send + 'static, R: Send + 'static>(Arc<Inner<T, R>>);

impl<T: Clone + Send + 'static, R: Send + 'static> Together<T, R> {
    /// Read by `read`, one result for each item, in their order.
    pub fn reading<F>(db: &Db, read: F) -> Self
    where
        F: for<'c> Fn(&'c mut Conn, Vec<T>) -> BoxFuture<'c, Result<Vec<R>>> + Copy + Send + Sync + 'static,
    {
        let reader = db.clone();
        Self::done_by(db, move |items| {
            let db = reader.clone();
            Box::pin(async move { read(&mut db.read().await?, items).await })
        })
    }

    /// Written by `write`, in a single statement: one result for each item, in their order; all of it or nothing.
    pub fn writing<F>(db: &Db, write: F) -> Self
    where
        F: for<'c> Fn(&'c mut Conn, Vec<T>) -> BoxFuture<'c, Result<Vec<R>>> + Copy + Send + Sync + 'static,
    {
        let writer = db.clone();
        Self::done_by(db, move |items| {
            let db = writer.clone();
            Box::pin(async move { db.write_one(move |conn| write(conn, items)).await })
        })
    }

    /// As [`Together::writing`], in one transaction.
    pub fn in_transaction<F>(db: &Db, write: F) -> Self
    where
        F: for<'c> Fn(&'c mut Conn, Vec<T>) -> BoxFuture<'c, Result<Vec<R>>> + Clone + Send + Sync + 'static,
    {
        let writer = db.clone();
        Self::done_by(db, move |items| {
            let (db, write) = (writer.clone(), write.clone());
            Box::pin(async move { db.write(move |conn| write(conn, items)).await })
        })
    }

    /// As [`Together::in_transaction`], with new ids and the time.
    pub fn in_transaction_at<F>(db: &Db, ids: &Ids, clock: &Clock, write: F) -> Self
    where
        F: for<'c> Fn(&'c mut Conn, Ids, Time, Vec<T>) -> BoxFuture<'c, Result<Vec<R>>> + Copy + Send + Sync + 'static,
    {
        let (ids, clock) = (ids.clone(), clock.clone());
        Self::in_transaction(db, move |conn, all| write(conn, ids.clone(), clock.now(), all))
    }

    fn done_by(db: &Db, run: impl Fn(Vec<T>) -> BoxFuture<'static, Result<Vec<R>>> + Send + Sync + 'static) -> Self {
        let state = Mutex::new(State { busy: false, waiting: Vec::new() });
        Self(Arc::new(Inner { run: Box::new(run), gathers: db.is_postgres(), state }))
    }

    /// Does it, at once where none is under way.
    pub async fn one(&self, item: T) -> Result<R> {
        match self.turn(item) {
            Ok((_turn, item)) => self.0.alone(item).await,
            Err(answer) => answer.await.map_err(|_| Error::internal("what was done together was given up"))?,
        }
    }

    /// A turn for it, or else the answer to wait for.
    fn turn(&self, item: T) -> Begun<T, R> {
        let mut state = self.0.state();
        if !(state.busy && self.0.gathers) {
            state.busy = true;
            return Ok((Turn(self.0.clone()), item));
        }
        let (sender, receiver) = oneshot::channel();
        state.waiting.push((item, sender));
        Err(receiver)
    }
}

impl<T: Clone + Send + 'static, R: Send + 'static> Inner<T, R> {
    fn state(&self) -> MutexGuard<'_, State<T, R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn alone(&self, item: T) -> Result<R> {
        (self.run)(vec![item]).await?.pop().ok_or_else(|| Error::internal("nothing came of an item"))
    }

    async fn all(&self, waiting: Vec<Waiting<T, R>>) {
        let (items, answers): (Vec<T>, Vec<_>) = waiting.into_iter().unzip();
        let done = if items.len() == 1 { None } else { (self.run)(items.clone()).await.ok() };
        match done.filter(|done| done.len() == items.len()) {
            // Who asked may have gone away.
            Some(done) => done.into_iter().zip(answers).for_each(|(one, answer)| drop(answer.send(Ok(one)))),
            // Alone, or one of them spoils it for the others: each by itself.
            None => {
                for (item, answer) in items.into_iter().zip(answers) {
                    drop(answer.send(self.alone(item).await));
                }
            }
        }
    }
}

impl<T: Clone + Send + 'static, R: Send + 'static> Drop for Turn<T, R> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        let count = state.waiting.len().min(MOST);
        let next: Vec<_> = state.waiting.drain(..count).collect();
        if next.is_empty() {
            state.busy = false;
            return;
        }
        drop(state);
        let turn = Turn(self.0.clone());
        // Without a runtime there is nobody left who waits.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { turn.0.all(next).await });
        }
    }
}
