//! One sidecar process: its pipes, its group, its end. Knows lines, not what they mean.
//!
//! Three threads, so that nobody waits for a pipe: one writes, one reads until the end of output, one keeps standard
//! error from filling up. The process counts as ended when its output ends: under a one-file bootloader the child that
//! was started is not the one that works, and may be killed without the other.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::family::{self, Family};
use crate::folder::RunFolder;
use crate::message::next_line;

/// How long a process may take to leave once its pipes are closed, before it is killed.
pub const GRACE: Duration = Duration::from_secs(4);

/// What a process does, in order: lines, then one end.
pub trait Listener: Send + 'static {
    /// One line of its output, without newline.
    fn line(&mut self, line: &[u8]);
    /// Its output has ended; nothing comes any more.
    fn ended(&mut self);
}

/// A running sidecar. Dropping it closes its input, on which it leaves by itself.
#[derive(Debug)]
pub struct Process {
    input: Mutex<Option<Sender<Vec<u8>>>>,
    id: u32,
    family: Arc<Family>,
    gone: Arc<Gone>,
}

#[derive(Debug, Default)]
struct Gone {
    yes: Mutex<bool>,
    changed: Condvar,
}

impl Gone {
    fn set(&self) {
        *self.yes.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    fn within(&self, time: Duration) -> bool {
        let yes = self.yes.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(yes, time, |yes| !*yes);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Process {
    /// Starts `program`, which unpacks itself into `folder` where there is one.
    pub fn start(program: &Path, folder: Option<RunFolder>, listener: impl Listener) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg("serve");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        family::apart(&mut command);
        if let Some(folder) = &folder {
            folder.hand_to(&mut command);
        }
        let mut child = command.spawn()?;
        let id = child.id();
        let family = Arc::new(Family::of(&child));
        let (sender, receiver) = channel();
        let gone = Arc::new(Gone::default());
        let input = child.stdin.take();
        let errors = child.stderr.take();
        thread::spawn(move || write(input, receiver));
        thread::spawn(move || errors.map(log_errors));
        let over = Arc::clone(&gone);
        let its_own = Arc::clone(&family);
        thread::spawn(move || {
            read(&mut child, listener);
            leave(child, &its_own);
            if let Some(folder) = folder {
                folder.remove();
            }
            over.set();
        });
        Ok(Self { input: Mutex::new(Some(sender)), id, family, gone })
    }

    /// Queues a line and never waits: what reads the page's calls may be the thread that draws its window.
    pub fn send(&self, line: Vec<u8>) {
        let input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = input.as_ref() {
            // A writer that has gone left because the process did, which the listener is told.
            let _ = sender.send(line);
        }
    }

    /// Closes its input and waits until it has left, at most `time`; then kills it.
    pub fn end(&self, time: Duration) {
        self.input.lock().unwrap_or_else(PoisonError::into_inner).take();
        if !self.gone.within(time) {
            self.family.kill();
            self.gone.within(GRACE);
        }
    }

    /// The id of the process that was started; on POSIX its group's as well.
    pub fn id(&self) -> u32 {
        self.id
    }
}

fn write(input: Option<ChildStdin>, lines: Receiver<Vec<u8>>) {
    let Some(mut input) = input else { return };
    for line in lines {
        if let Err(why) = input.write_all(&line).and_then(|()| input.flush()) {
            log::debug!("the sidecar takes no input: {why}");
            return;
        }
    }
}

fn read(child: &mut Child, mut listener: impl Listener) {
    if let Some(output) = child.stdout.take() {
        let mut output = BufReader::new(output);
        loop {
            match next_line(&mut output) {
                Ok(Some(line)) => listener.line(&line),
                Ok(None) => break,
                Err(why) => {
                    log::warn!("the sidecar's output cannot be read: {why}");
                    break;
                }
            }
        }
    }
    listener.ended();
}

fn log_errors(errors: impl io::Read) {
    let mut errors = BufReader::new(errors);
    let mut line = Vec::new();
    while errors.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        log::info!("sidecar: {}", String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
}

/// Waits for a process whose output has ended; one that stays all the same is killed.
fn leave(mut child: Child, family: &Family) {
    let deadline = Instant::now() + GRACE;
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() > deadline {
            family.kill();
            let _ = child.wait();
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    match child.try_wait() {
        Ok(Some(status)) => log::info!("the sidecar has left: {status}"),
        Ok(None) | Err(_) => log::warn!("the sidecar did not leave"),
    }
}
