//! The sidecar as the app sees it: always there. Started at the first call, and again when it has ended.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{json, Value};

use crate::cancel::Cancel;
use crate::connection::{Connection, OnProgress, Outcome};
use crate::failure::Failure;
use crate::folder::RunFolder;
use crate::location;

/// How long a new process may take to its first answer: a cold disk, a virus scanner.
const FIRST_ANSWER: Duration = Duration::from_secs(60);

/// How long one that did not introduce itself may take to leave.
const REFUSED: Duration = Duration::from_secs(1);

/// Where things lie.
#[derive(Clone, Debug)]
pub struct Places {
    /// The program itself.
    pub program: PathBuf,
    /// KiraPilot's database; the sidecar's own default where the app names none.
    pub database: Option<PathBuf>,
    /// Folder under which each process gets a temporary folder of its own.
    pub folders: PathBuf,
}

/// One long-lived process, replaced when it has ended. Clones share it.
#[derive(Clone)]
pub struct Sidecar(Arc<Inner>);

struct Inner {
    places: Places,
    current: Mutex<Current>,
    starting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Current {
    connection: Option<Arc<Connection>>,
    is_leaving: bool,
}

impl fmt::Debug for Sidecar {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Sidecar").field(&self.0.places).finish()
    }
}

impl Sidecar {
    /// Starts nothing yet.
    pub fn new(places: Places) -> Self {
        Self(Arc::new(Inner { places, current: Mutex::default(), starting: tokio::sync::Mutex::default() }))
    }

    /// Calls a method and waits for what it comes to; `cancel` may end it at any time.
    ///
    /// Needs a Tokio runtime with time.
    pub async fn call(&self, method: &str, params: &Value, cancel: &Cancel, on_progress: OnProgress) -> Outcome {
        let connection = self.started().await?;
        let (id, outcome) = connection.request(method, params, on_progress);
        let canceller = Arc::clone(&connection);
        cancel.when_asked(move || canceller.cancel(id));
        outcome.await.unwrap_or_else(|_| Err(Failure::stopped(method)))
    }

    /// Ends the process, and starts none any more: running calls are cancelled. Waits at most `time` before it kills.
    pub fn end(&self, time: Duration) {
        let connection = {
            let mut current = self.current();
            current.is_leaving = true;
            current.connection.take()
        };
        if let Some(connection) = connection {
            connection.end(time);
        }
    }

    /// Where things lie.
    pub fn places(&self) -> &Places {
        &self.0.places
    }

    /// The id of the process that runs, if one does.
    pub fn process_id(&self) -> Option<u32> {
        let current = self.current();
        let running = current.connection.as_ref().filter(|connection| !connection.is_over());
        running.map(|connection| connection.process_id())
    }

    async fn started(&self) -> Result<Arc<Connection>, Failure> {
        let _turn = self.0.starting.lock().await;
        if let Some(connection) = self.current().connection.as_ref().filter(|connection| !connection.is_over()) {
            return Ok(Arc::clone(connection));
        }
        let connection = self.start()?;
        self.introduce(&connection).await?;
        Ok(connection)
    }

    fn start(&self) -> Result<Arc<Connection>, Failure> {
        let Places { program, folders, .. } = &self.0.places;
        location::check(program)?;
        let folder = RunFolder::create(folders)
            .inspect_err(|why| log::warn!("the sidecar unpacks itself elsewhere: {}: {why}", folders.display()));
        let mut current = self.current();
        if current.is_leaving {
            return Err(Failure::leaving());
        }
        let connection = Connection::open(program, folder.ok()).map_err(|why| Failure::not_started(program, &why))?;
        let connection = Arc::new(connection);
        current.connection = Some(Arc::clone(&connection));
        Ok(connection)
    }

    /// Tells a new process the database before any call: on none but the app's own may it work.
    async fn introduce(&self, connection: &Arc<Connection>) -> Result<(), Failure> {
        let mut params = json!({"clientInfo": {"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")}});
        if let Some(database) = &self.0.places.database {
            params["databasePath"] = json!(database.to_string_lossy());
        }
        let (_, answer) = connection.request("initialize", &params, Box::new(|_| ()));
        let failure = match tokio::time::timeout(FIRST_ANSWER, answer).await {
            Ok(Ok(Ok(_))) => return Ok(()),
            Ok(Ok(Err(failure))) => failure,
            Ok(Err(_)) => Failure::stopped("initialize"),
            Err(_) => Failure::silent(FIRST_ANSWER.as_secs()),
        };
        self.current().connection = None;
        // Not here: it takes its time, and the caller is to hear of it now.
        let connection = Arc::clone(connection);
        std::thread::spawn(move || connection.end(REFUSED));
        Err(failure)
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
