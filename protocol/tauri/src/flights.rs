//! One run for equal calls: whoever calls while an equal call runs gets that one's outcome.
//!
//! When a page reloads while a call is pending, Tauri's script takes the aborted call for a broken channel and sends it
//! again. An import must not run twice for that, nor an export write over what it has just written.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::cancel::Cancel;
use crate::failure::Failure;

/// What makes two calls equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Name of the method.
    pub method: String,
    /// Its params, as JSON with sorted keys.
    pub params: String,
}

/// The calls under way.
#[derive(Clone, Debug)]
pub struct Flights<T>(Arc<Mutex<HashMap<Key, Flight<T>>>>);

#[derive(Clone, Debug)]
struct Flight<T> {
    outcome: watch::Receiver<Option<T>>,
    cancel: Cancel,
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    /// What `key` comes to: joins a run of it, or begins one. The run goes on when nobody waits any more.
    ///
    /// `linger` is for how long a run that has ended is still joined: the copy of a call that a reload sends can arrive
    /// just after its original was done.
    pub async fn run<W, F>(&self, key: Key, linger: fn(&T) -> Duration, work: W) -> Result<T, Failure>
    where
        W: FnOnce(Cancel) -> F,
        F: Future<Output = T> + Send + 'static,
    {
        let method = key.method.clone();
        let mut outcome = self.join(key, linger, work);
        let done = outcome.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
        done.ok().flatten().ok_or_else(|| Failure::stopped(&method))
    }

    fn join<W, F>(&self, key: Key, linger: fn(&T) -> Duration, work: W) -> watch::Receiver<Option<T>>
    where
        W: FnOnce(Cancel) -> F,
        F: Future<Output = T> + Send + 'static,
    {
        let mut flights = self.locked();
        if let Some(flight) = flights.get(&key) {
            return flight.outcome.clone();
        }
        let (sender, outcome) = watch::channel(None);
        let cancel = Cancel::default();
        let flight = Flight { outcome: outcome.clone(), cancel: cancel.clone() };
        flights.insert(key.clone(), flight);
        let work = work(cancel);
        let landing = Landing(self.clone(), key);
        tokio::spawn(async move {
            // Whatever becomes of the work, the next equal call is not sent after it.
            let mut landing = Some(landing);
            let outcome = work.await;
            let time = linger(&outcome);
            if time.is_zero() {
                // Before the outcome is told: who asks again after having heard it gets a run of its own.
                landing.take();
            }
            sender.send_replace(Some(outcome));
            tokio::time::sleep(time).await;
            drop(landing);
        });
        outcome
    }

    /// Cancels the runs that `wanted` picks; answers how many of them were still under way.
    pub fn cancel(&self, wanted: impl Fn(&Key) -> bool) -> usize {
        let flights = self.locked();
        let chosen = flights.iter().filter(|(key, flight)| wanted(key) && flight.outcome.borrow().is_none());
        chosen.map(|(_, flight)| flight.cancel.ask()).count()
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Key, Flight<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Landing<T>(Flights<T>, Key);

impl<T> Drop for Landing<T> {
    fn drop(&mut self) {
        let mut flights = self.0 .0.lock().unwrap_or_else(PoisonError::into_inner);
        flights.remove(&self.1);
    }
}
