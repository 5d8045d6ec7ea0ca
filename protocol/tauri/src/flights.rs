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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    fn key(method: &str) -> Key {
        Key { method: method.to_owned(), params: "{}".to_owned() }
    }

    fn no_time(_: &usize) -> Duration {
        Duration::ZERO
    }

    /// Work that counts its runs, and ends when it is let go.
    #[derive(Clone, Default)]
    struct Work {
        runs: Arc<AtomicUsize>,
        go: Arc<Notify>,
    }

    impl Work {
        fn run(&self, _: Cancel) -> impl Future<Output = usize> + Send + 'static {
            let work = self.clone();
            async move {
                let run = work.runs.fetch_add(1, Ordering::SeqCst) + 1;
                work.go.notified().await;
                run
            }
        }
    }

    #[tokio::test]
    async fn equal_calls_are_one_run_with_one_outcome() {
        let (flights, work) = (Flights::default(), Work::default());
        let first = flights.run(key("import"), no_time, |cancel| work.run(cancel));
        let second = flights.run(key("import"), no_time, |cancel| work.run(cancel));
        let (first, second, ()) = tokio::join!(first, second, async { work.go.notify_one() });
        assert_eq!((first, second), (Ok(1), Ok(1)));
        assert_eq!(work.runs.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn other_calls_and_later_ones_are_runs_of_their_own() {
        let (flights, work) = (Flights::default(), Work::default());
        for (run, method) in ["import", "import", "export"].into_iter().enumerate() {
            work.go.notify_one();
            assert_eq!(flights.run(key(method), no_time, |cancel| work.run(cancel)).await, Ok(run + 1));
        }
    }

    #[tokio::test]
    async fn a_run_goes_on_when_nobody_waits_for_it() {
        let (flights, work) = (Flights::default(), Work::default());
        let abandoned = flights.run(key("import"), no_time, |cancel| work.run(cancel));
        tokio::select! { biased; _ = abandoned => unreachable!(), () = tokio::task::yield_now() => {} }
        let joined = flights.run(key("import"), no_time, |cancel| work.run(cancel));
        assert_eq!(tokio::join!(joined, async { work.go.notify_one() }).0, Ok(1));
    }

    #[tokio::test]
    async fn a_copy_that_comes_a_moment_late_gets_the_outcome() {
        let (flights, work) = (Flights::default(), Work::default());
        let linger = |_: &usize| Duration::from_secs(3600);
        work.go.notify_one();
        for _ in 0..2 {
            assert_eq!(flights.run(key("import"), linger, |cancel| work.run(cancel)).await, Ok(1));
        }
    }

    #[tokio::test]
    async fn a_call_that_comes_after_that_moment_is_a_run_of_its_own() {
        let (flights, work) = (Flights::default(), Work::default());
        let linger = |_: &usize| Duration::from_millis(1);
        let again = async {
            loop {
                work.go.notify_one();
                if flights.run(key("import"), linger, |cancel| work.run(cancel)).await == Ok(2) {
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), again).await.expect("a second run");
    }

    #[tokio::test]
    async fn work_that_panics_fails_its_callers_and_not_the_next_one() {
        let flights = Flights::default();
        let broken = flights.run(key("import"), no_time, |_| async { panic!("this is meant") }).await;
        assert_eq!(broken.unwrap_err().kind, "sidecar_stopped");
        assert_eq!(flights.run(key("import"), no_time, |_| async { 5 }).await, Ok(5));
    }

    #[tokio::test]
    async fn a_cancel_reaches_what_it_names_and_counts_it() {
        let (flights, work) = (Flights::default(), Work::default());
        let asked = Arc::new(AtomicUsize::new(0));
        let run = flights.run(key("import"), no_time, |cancel| {
            let asked = Arc::clone(&asked);
            cancel.when_asked(move || {
                asked.fetch_add(1, Ordering::SeqCst);
            });
            work.run(cancel)
        });
        let ask = async {
            assert_eq!(flights.cancel(|key| key.method == "export"), 0);
            assert_eq!(flights.cancel(|key| key.method == "import"), 1);
            assert_eq!(asked.load(Ordering::SeqCst), 1);
            work.go.notify_one();
        };
        assert_eq!(tokio::join!(run, ask).0, Ok(1));
        assert_eq!(flights.cancel(|_| true), 0, "what has ended is not cancelled");
    }
}
