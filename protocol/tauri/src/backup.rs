//! A call of the page from its arrival to its answer: joined, with the page's settings, reported on, answered.

use std::time::Duration;

use serde_json::{json, Map, Value};
use tauri::{AppHandle, Emitter, Runtime, Webview};

use crate::automatic;
use crate::cancel::Cancel;
use crate::connection::Outcome;
use crate::flights::{Flights, Key};
use crate::pages::{self, Pages};
use crate::settings;
use crate::sidecar::Sidecar;
use crate::turns::Turns;

/// Event of each progress report: `command`, `filePath`, and the report's own keys.
pub const PROGRESS: &str = "kirapilot-backup://progress";

/// Event of each end: `command`, `filePath`, `succeeded`, and `error` (a [`Failure`](crate::failure::Failure)) where it did not. For pages that
/// did not ask, or no longer wait, or want to know more of a failure than its sentence.
pub const FINISHED: &str = "kirapilot-backup://finished";

/// Event of an import that changed the database: `command`, and `window`, the label of the page that asked and knows.
/// What all others show is old.
pub const RESTORED: &str = "kirapilot-backup://restored";

/// Methods that only read what is remembered: what runs by itself goes on.
const READING: [&str; 3] = ["backup_status", "list_backups", "get_backup_policy"];

/// Methods after which the backups may be otherwise than before: all pages are told.
const TELLING: [&str; 5] =
    ["run_backup_if_due", "set_backup_policy", "accept_backup_hold", "note_backup", "clear_all_data"];

/// Methods that change rows, and have nothing to do with the settings: what pages show is old afterwards.
const MENDING: [&str; 1] = ["repair_database"];

/// How long a call that changed the database is joined by its copy after it was done.
const LINGER: Duration = Duration::from_secs(1);

const NOT_EXPORTED: &str =
    "The app's settings are not in this backup: its page did not answer. Export again to include them";
const NOT_KEPT: &str =
    "The app's settings are not in the safety copy: its page did not answer. An undo leaves those of this device";
const NOT_READ: &str = "The settings of this device stay as they are: the app's page did not answer";
const NOT_WRITTEN: &str =
    "The settings of the backup could not be put back: those of this device may have stayed as they are";

/// What the commands work with; managed by the app.
#[derive(Debug)]
pub struct Backup<R: Runtime> {
    app: AppHandle<R>,
    sidecar: Sidecar,
    flights: Flights<Outcome>,
    pages: Pages,
    turns: Turns,
}

// Not derived: that would ask the runtime to be `Clone` as well.
impl<R: Runtime> Clone for Backup<R> {
    fn clone(&self) -> Self {
        let Self { app, sidecar, flights, pages, turns } = self;
        Self {
            app: app.clone(),
            sidecar: sidecar.clone(),
            flights: flights.clone(),
            pages: pages.clone(),
            turns: turns.clone(),
        }
    }
}

/// What a method has to do with the page's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settings {
    /// Nothing.
    None,
    /// They go into what it writes.
    Saved,
    /// They are replaced by what it brings back.
    Restored,
    /// They go into what it keeps, and the page removes them then.
    Cleared,
}

impl<R: Runtime> Backup<R> {
    pub(crate) fn new(app: AppHandle<R>, sidecar: Sidecar) -> Self {
        Self { app, sidecar, flights: Flights::default(), pages: Pages::default(), turns: Turns::default() }
    }

    /// The pages of the app's webviews, to be told what becomes of them.
    pub(crate) fn pages(&self) -> &Pages {
        &self.pages
    }

    /// Whose turn it is.
    pub(crate) fn turns(&self) -> &Turns {
        &self.turns
    }

    /// The app itself.
    pub(crate) fn app(&self) -> &AppHandle<R> {
        &self.app
    }

    /// The sidecar that does the work.
    pub fn sidecar(&self) -> &Sidecar {
        &self.sidecar
    }

    /// Calls `method` for the page in `webview`; an equal call that still runs is joined. Fails with the sentence to show,
    /// and what is known of the failure besides.
    pub async fn call(&self, webview: &Webview<R>, method: &'static str, params: Value, settings: Settings) -> Outcome {
        let key = Key { method: method.to_owned(), params: params.to_string() };
        let linger = match settings {
            Settings::Restored | Settings::Cleared => {
                |outcome: &Outcome| if outcome.is_ok() { LINGER } else { Duration::ZERO }
            }
            _ => |_: &Outcome| Duration::ZERO,
        };
        let (backup, webview) = (self.clone(), webview.clone());
        let turn = |backup: &Self| (!READING.contains(&method)).then(|| backup.turns.of_a_person());
        let run = |cancel| {
            // From here on, not from when the work is first looked at: nothing begins by itself in between.
            let turn = turn(&backup);
            async move {
                let file_path = params["filePath"].clone();
                let outcome = match settings {
                    Settings::None => backup.mend(&webview, method, params, &cancel).await,
                    Settings::Saved => backup.export(&webview, method, params, &cancel).await,
                    Settings::Restored => backup.restore(&webview, method, params, &cancel).await,
                    Settings::Cleared => backup.empty(&webview, method, params, &cancel).await,
                };
                backup.emit(FINISHED, end_of(method, &file_path, &outcome));
                if TELLING.contains(&method) {
                    // Its own answer does not wait for it.
                    let backup = backup.clone();
                    tokio::spawn(async move { automatic::tell(&backup).await });
                }
                drop(turn);
                outcome
            }
        };
        self.flights.run(key, linger, run).await?
    }

    /// Clears all data, for the page in `webview`. Answers ClearResult.
    pub async fn clear(&self, webview: &Webview<R>) -> Outcome {
        let params = json!({"appVersion": self.app.package_info().version.to_string()});
        self.call(webview, "clear_all_data", params, Settings::Cleared).await
    }

    /// Cancels the running calls of `method` (of all, without) about `file_path` (about any, without).
    pub fn cancel(&self, method: Option<&str>, file_path: Option<&str>) -> usize {
        self.flights.cancel(|key| {
            let params: Value = serde_json::from_str(&key.params).unwrap_or_default();
            method.is_none_or(|method| key.method == method) && file_path.is_none_or(|path| params["filePath"] == path)
        })
    }

    async fn export(&self, webview: &Webview<R>, method: &'static str, params: Value, cancel: &Cancel) -> Outcome {
        self.keep(webview, method, params, cancel, NOT_EXPORTED).await
    }

    /// A method that writes a copy, with the page's settings; `silent` is told where the page does not answer.
    async fn keep(
        &self,
        webview: &Webview<R>,
        method: &'static str,
        mut params: Value,
        cancel: &Cancel,
        silent: &str,
    ) -> Outcome {
        let held = settings::read(webview).await;
        let is_silent = held.is_none();
        if let Some(values) = held {
            params["settings"] = Value::Object(values);
        }
        let mut result = self.ask(method, params, cancel).await?;
        if is_silent {
            warn(&mut result, silent);
        }
        Ok(result)
    }

    async fn empty(&self, webview: &Webview<R>, method: &'static str, params: Value, cancel: &Cancel) -> Outcome {
        let result = self.keep(webview, method, params, cancel, NOT_KEPT).await?;
        self.emit(RESTORED, json!({"command": method, "window": webview.label()}));
        Ok(result)
    }

    /// A method without settings; all pages are told where it has changed rows.
    async fn mend(&self, webview: &Webview<R>, method: &'static str, params: Value, cancel: &Cancel) -> Outcome {
        let changes = MENDING.contains(&method) && params["dryRun"] == false;
        let result = self.ask(method, params, cancel).await?;
        if changes && !result["safety_copy"].is_null() {
            self.emit(RESTORED, json!({"command": method, "window": webview.label()}));
        }
        Ok(result)
    }

    async fn restore(&self, webview: &Webview<R>, method: &'static str, mut params: Value, cancel: &Cancel) -> Outcome {
        let asked = self.pages.shown(webview.label());
        let held = settings::read(webview).await;
        let is_silent = held.is_none();
        if let Some(values) = held {
            params["settings"] = Value::Object(values);
        }
        let mut result = self.ask(method, params, cancel).await?;
        // Not for the page's answer: the device's own secrets are in them.
        let restored = result.as_object_mut().and_then(|result| result.remove("settings"));
        match (is_silent, restored) {
            (false, Some(Value::Object(values))) => {
                let written = self.put_back(webview, &values).await;
                result["settings_restored"] = json!(written);
                if !written {
                    warn(&mut result, NOT_WRITTEN);
                }
            }
            // Without the device's own secrets, the backup's settings would remove them.
            (true, _) => warn(&mut result, NOT_READ),
            // The backup holds none, which the sidecar has told.
            (false, _) => {}
        }
        self.emit(RESTORED, json!({"command": method, "window": webview.label()}));
        if self.pages.shown(webview.label()) != asked {
            // It has read what was there before, and nobody in it waits for the answer.
            pages::reload(webview);
        }
        Ok(result)
    }

    /// Into every page that shares the storage: each of them would write its old state over it.
    async fn put_back(&self, webview: &Webview<R>, values: &Map<String, Value>) -> bool {
        let mut written = settings::write(webview, values).await;
        for other in settings::others(&self.app, webview) {
            written |= settings::write(&other, values).await;
        }
        written
    }

    pub(crate) fn emit(&self, event: &str, payload: Value) {
        if let Err(why) = self.app.emit(event, payload) {
            log::debug!("no page was told: {why}");
        }
    }

    async fn ask(&self, method: &'static str, params: Value, cancel: &Cancel) -> Outcome {
        let backup = self.clone();
        let file_path = params["filePath"].clone();
        let report = move |mut report: Value| {
            report["command"] = json!(method);
            report["filePath"] = file_path.clone();
            backup.emit(PROGRESS, report);
        };
        self.sidecar.call(method, &params, cancel, Box::new(report)).await
    }
}

fn end_of(method: &str, file_path: &Value, outcome: &Outcome) -> Value {
    let mut end = json!({"command": method, "filePath": file_path, "succeeded": outcome.is_ok()});
    if let Err(failure) = outcome {
        end["error"] = failure.to_json();
    }
    end
}

fn warn(result: &mut Value, sentence: &str) {
    match &mut result["warnings"] {
        Value::Array(warnings) => warnings.push(json!(sentence)),
        absent => *absent = json!([sentence]),
    }
}
