//! Backups that nobody has to think of: asked for once the window is up and idle, on a timer, before an update.
//!
//! What is due, where it goes and what is kept is the sidecar's to say (AUTOMATIC.md). This side decides when to ask:
//! never while a person's call runs, and no person waits for it.

use std::time::Duration;

use serde_json::{json, Value};
use tauri::{Manager, Runtime};

use crate::backup::{Backup, Settings};
use crate::cancel::Cancel;
use crate::connection::Outcome;
use crate::failure::Failure;
use crate::settings;
use crate::warning;

/// Event of how the backups are, after whatever may have changed it: BackupStatus, as `backup_status` answers it.
pub const STATUS: &str = "kirapilot-backup://status";

/// When the app asks for backups by itself, and whether it warns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Automatic {
    /// Whether it asks at all. The policy, which is the user's, may say no as well.
    pub enabled: bool,
    /// How long nobody's call must have run, with the window up, before it asks: 30 seconds.
    pub quiet: Duration,
    /// How long it waits between two times: half an hour. Asking costs next to nothing where nothing is due.
    pub every: Duration,
    /// Whether a dialog tells of backups that are stale or failing, at most once a week. Needs `tauri-plugin-dialog` in
    /// the app. For an app whose page shows it.
    pub warns: bool,
}

impl Default for Automatic {
    fn default() -> Self {
        Self { enabled: true, quiet: Duration::from_secs(30), every: Duration::from_secs(30 * 60), warns: true }
    }
}

/// Asks for backups as long as the app lives.
pub(crate) async fn go_on<R: Runtime>(backup: Backup<R>, automatic: Automatic) {
    backup.pages().until_shown().await;
    // As after a call: what a page does first is not to be held up.
    drop(backup.turns().of_a_person());
    let mut trigger = "start";
    loop {
        backup.turns().quiet(automatic.quiet).await;
        let Some(cancel) = backup.turns().of_its_own() else { continue };
        let asked = run(&backup, trigger, &cancel).await;
        match asked {
            // A person came first: once more, when it is quiet again.
            Err(failure) if failure.kind == "cancelled" => continue,
            Err(failure) if failure.kind == "app_leaving" => return,
            Err(failure) => log::warn!("no automatic backup was made: {failure}"),
            Ok(result) => log::info!("automatic backup: {}", result["outcome"]),
        }
        let told = tell(&backup).await;
        if automatic.warns {
            warning::warn(backup.app(), &told);
        }
        // What a timer's run does besides, to look after the backups, is not left for an app that is open for long.
        let pause = if trigger == "start" { Duration::ZERO } else { automatic.every };
        trigger = "timer";
        tokio::time::sleep(pause).await;
    }
}

/// Asks the sidecar how the backups are, and tells all pages.
pub(crate) async fn tell<R: Runtime>(backup: &Backup<R>) -> Outcome {
    let status = backup.sidecar().call("backup_status", &json!({}), &Cancel::default(), Box::new(|_| ())).await?;
    backup.emit(STATUS, status.clone());
    Ok(status)
}

/// A backup before an update is installed: call it, and install only then.
///
/// Answers RunResult. It is the app's to say whether an update waits for a backup that could not be made.
pub async fn back_up_before_update<R: Runtime>(app: &tauri::AppHandle<R>) -> Result<Value, Failure> {
    let backup = app.state::<Backup<R>>().inner().clone();
    let window = app.webview_windows().into_values().next();
    let params = params_of(&backup, "update");
    match window {
        Some(window) => backup.call(window.as_ref(), "run_backup_if_due", params, Settings::Saved).await,
        None => {
            let _turn = backup.turns().of_a_person();
            backup.sidecar().call("run_backup_if_due", &params, &Cancel::default(), Box::new(|_| ())).await
        }
    }
}

/// The params of a run that `trigger` asks for.
pub(crate) fn params_of<R: Runtime>(backup: &Backup<R>, trigger: &str) -> Value {
    json!({"trigger": trigger, "appVersion": backup.app().package_info().version.to_string()})
}

async fn run<R: Runtime>(backup: &Backup<R>, trigger: &str, cancel: &Cancel) -> Outcome {
    let mut params = params_of(backup, trigger);
    let window = backup.app().webview_windows().into_values().next();
    if let Some(window) = window {
        // Without an answer the backup has none, and the next one that is due has them.
        if let Some(values) = settings::read(window.as_ref()).await {
            params["settings"] = Value::Object(values);
        }
    }
    backup.sidecar().call("run_backup_if_due", &params, cancel, Box::new(|_| ())).await
}
