//! Calls over one process: each answer to the call it belongs to, and to every open call a sentence when it ends.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{json, Value};
use tokio::sync::oneshot;

use crate::failure::Failure;
use crate::folder::RunFolder;
use crate::message::{self, Message};
use crate::process::{Listener, Process};

/// Takes each progress report of a call.
pub type OnProgress = Box<dyn Fn(Value) + Send>;

/// What a call comes to.
pub type Outcome = Result<Value, Failure>;

/// A process, and the calls that wait for it.
#[derive(Debug)]
pub struct Connection {
    process: Process,
    calls: Arc<Mutex<Calls>>,
}

#[derive(Default)]
struct Calls {
    last_id: u64,
    waiting: HashMap<u64, Waiting>,
    over: bool,
}

struct Waiting {
    method: String,
    reply: oneshot::Sender<Outcome>,
    on_progress: OnProgress,
}

impl std::fmt::Debug for Calls {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} calls waiting", self.waiting.len())
    }
}

impl Connection {
    /// Starts `program`; says nothing to it yet.
    pub fn open(program: &Path, folder: Option<RunFolder>) -> io::Result<Self> {
        let calls = Arc::new(Mutex::new(Calls::default()));
        let process = Process::start(program, folder, Answers(Arc::clone(&calls)))?;
        Ok(Self { process, calls })
    }

    /// Sends a request; the receiver gets its outcome, whatever happens to the process.
    ///
    /// The params ask for progress under the request's own id.
    pub fn request(&self, method: &str, params: &Value, on_progress: OnProgress) -> (u64, oneshot::Receiver<Outcome>) {
        let (reply, outcome) = oneshot::channel();
        let mut calls = locked(&self.calls);
        calls.last_id += 1;
        let id = calls.last_id;
        if calls.over {
            let _ = reply.send(Err(Failure::stopped(method)));
            return (id, outcome);
        }
        let waiting = Waiting { method: method.to_owned(), reply, on_progress };
        calls.waiting.insert(id, waiting);
        // Under the lock, so that ids go out in order.
        let mut params = params.clone();
        params["progressToken"] = json!(id);
        self.process.send(message::request(id, method, &params));
        (id, outcome)
    }

    /// Asks for the end of a request, which is answered all the same.
    pub fn cancel(&self, id: u64) {
        let params = json!({"id": id});
        self.process.send(message::notification("$/cancelRequest", &params));
    }

    /// True once the process has ended: nothing is answered any more.
    pub fn is_over(&self) -> bool {
        locked(&self.calls).over
    }

    /// Cancels everything and waits until the process has left; kills it after `time`.
    pub fn end(&self, time: Duration) {
        self.process.send(message::notification("exit", &json!({})));
        self.process.end(time);
    }

    /// The id of the process that was started.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }
}

struct Answers(Arc<Mutex<Calls>>);

impl Listener for Answers {
    fn line(&mut self, line: &[u8]) {
        match message::read(line) {
            Some(Message::Answer { id, outcome }) => {
                let waiting = locked(&self.0).waiting.remove(&id);
                if let Some(waiting) = waiting {
                    // Whoever waited may have gone with its window.
                    let _ = waiting.reply.send(outcome.map_err(|error| Failure::answered(&error)));
                }
            }
            Some(Message::Progress { token, report }) => {
                if let Some(waiting) = locked(&self.0).waiting.get(&token) {
                    (waiting.on_progress)(report);
                }
            }
            None => log::warn!("the sidecar said something that is no message ({} bytes)", line.len()),
        }
    }

    fn ended(&mut self) {
        let mut calls = locked(&self.0);
        calls.over = true;
        for (_, waiting) in calls.waiting.drain() {
            let _ = waiting.reply.send(Err(Failure::stopped(&waiting.method)));
        }
    }
}

fn locked(calls: &Mutex<Calls>) -> MutexGuard<'_, Calls> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}
