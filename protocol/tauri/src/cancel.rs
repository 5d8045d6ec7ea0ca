//! One wish to stop, which may come before there is anything to stop.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Clones share the wish.
#[derive(Clone, Default)]
pub struct Cancel(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    asked: bool,
    action: Option<Box<dyn Fn() + Send>>,
}

impl fmt::Debug for Cancel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Cancel {{ asked: {} }}", self.is_asked())
    }
}

impl Cancel {
    /// Stops what is under way, or what will be.
    pub fn ask(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.asked = true;
        if let Some(action) = &state.action {
            action();
        }
    }

    /// True once somebody asked.
    pub fn is_asked(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).asked
    }

    /// What to do when somebody asks; done at once if somebody has.
    pub fn when_asked(&self, action: impl Fn() + Send + 'static) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.asked {
            action();
        }
        state.action = Some(Box::new(action));
    }
}
