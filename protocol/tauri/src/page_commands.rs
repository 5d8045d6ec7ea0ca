//! The plugin's own commands that write a page to be looked at in a browser (`plugin:kirapilot-backup|NAME`): one HTML file
//! that needs nothing else. Each answers as the sidecar's method of that name does.
//!
//! `force` lets a page take the place of one that is there; no other file is ever replaced.

use serde_json::{json, Value};
use tauri::{command, Runtime, State, Webview};

use crate::backup::{Backup, Settings};
use crate::choices::with;
use crate::failure::Failure;

/// Writes what a backup holds. Answers ReportPage.
///
/// `backup` is a backup's path, the number of an automatic one, the name of a safety copy, or "now".
#[command]
pub async fn write_report<R: Runtime>(
    webview: Webview<R>,
    state: State<'_, Backup<R>>,
    backup: String,
    target: String,
    force: Option<bool>,
) -> Result<Value, Failure> {
    let params = with(json!({"backup": backup, "target": target}), [("force", json!(force))]);
    state.call(&webview, "write_report", params, Settings::None).await
}

/// Writes how two states of the data differ. Answers DifferencePage.
///
/// A side is what `backup` is of [`write_report`].
#[command]
pub async fn write_difference<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    left: String,
    right: String,
    target: String,
    force: Option<bool>,
) -> Result<Value, Failure> {
    let params = with(json!({"left": left, "right": right, "target": target}), [("force", json!(force))]);
    backup.call(&webview, "write_difference", params, Settings::None).await
}
