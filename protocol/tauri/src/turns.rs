//! Whose turn it is: a person never waits for what the app does by itself.
//!
//! The sidecar works off one call at a time. So what runs by itself begins only while nobody's call runs, and is
//! cancelled by the first that comes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::cancel::Cancel;

/// The calls of people, and what runs by itself. Clones share them.
#[derive(Clone, Debug)]
pub struct Turns(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// Calls of people under way.
    people: usize,
    /// When the last of them ended.
    quiet_since: Instant,
    /// How to stop what runs by itself.
    own: Option<Cancel>,
}

impl Default for Turns {
    fn default() -> Self {
        let state = State { people: 0, quiet_since: Instant::now(), own: None };
        Self(Arc::new(Inner { state: Mutex::new(state), changed: Notify::new() }))
    }
}

impl Turns {
    /// A person's call, until the value is dropped; what runs by itself is cancelled.
    pub fn of_a_person(&self) -> Turn {
        let mut state = self.locked();
        state.people += 1;
        if let Some(own) = state.own.take() {
            own.ask();
        }
        Turn(self.clone())
    }

    /// Waits until nobody's call has run for `time`.
    pub async fn quiet(&self, time: Duration) {
        loop {
            // Before the look: a change after it is not missed.
            let changed = self.0.changed.notified();
            let left = {
                let state = self.locked();
                (state.people == 0).then(|| time.saturating_sub(state.quiet_since.elapsed()))
            };
            match left {
                Some(Duration::ZERO) => return,
                Some(left) => tokio::time::sleep(left).await,
                None => changed.await,
            }
        }
    }

    /// How to stop what is about to run by itself; `None` where a person's call runs.
    pub fn of_its_own(&self) -> Option<Cancel> {
        let mut state = self.locked();
        (state.people == 0).then(|| {
            let cancel = Cancel::default();
            state.own = Some(cancel.clone());
            cancel
        })
    }

    /// True while a person's call runs.
    pub fn is_taken(&self) -> bool {
        self.locked().people > 0
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call of a person.
#[derive(Debug)]
pub struct Turn(Turns);

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.0.locked();
        state.people -= 1;
        state.quiet_since = Instant::now();
        drop(state);
        self.0 .0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(30);

    #[tokio::test]
    async fn a_persons_call_cancels_what_runs_by_itself() {
        let turns = Turns::default();
        let own = turns.of_its_own().expect("nobody is there");
        assert!(!own.is_asked());
        let _person = turns.of_a_person();
        assert!(own.is_asked());
    }

    #[tokio::test]
    async fn nothing_begins_by_itself_while_a_persons_call_runs() {
        let turns = Turns::default();
        let (first, second) = (turns.of_a_person(), turns.of_a_person());
        drop(first);
        assert!(turns.of_its_own().is_none() && turns.is_taken());
        drop(second);
        assert!(turns.of_its_own().is_some() && !turns.is_taken());
    }

    #[tokio::test]
    async fn quiet_begins_when_the_last_call_has_ended() {
        let turns = Turns::default();
        let person = turns.of_a_person();
        let waiting = tokio::spawn({
            let turns = turns.clone();
            async move { turns.quiet(MOMENT).await }
        });
        assert!(tokio::time::timeout(MOMENT * 3, turns.quiet(MOMENT)).await.is_err(), "the call still runs");
        let ended = Instant::now();
        drop(person);
        tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("it is quiet").unwrap();
        assert!(ended.elapsed() >= MOMENT);
    }

    #[tokio::test]
    async fn a_call_within_the_time_begins_it_anew() {
        let turns = Turns::default();
        let begun = Instant::now();
        let calls = async {
            for _ in 0..5 {
                drop(turns.of_a_person());
                tokio::time::sleep(MOMENT / 3).await;
            }
        };
        tokio::join!(turns.quiet(MOMENT), calls);
        assert!(begun.elapsed() > MOMENT, "{:?}", begun.elapsed());
    }
}
