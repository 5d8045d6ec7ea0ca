//! The plugin's own commands to look into backups and choose (`plugin:kirapilot-backup|NAME`): how two states of the data
//! differ, and where a task stands. Each answers as the sidecar's method of that name does, and changes nothing.

use serde_json::{json, Value};
use tauri::{command, Runtime, State, Webview};

use crate::backup::{Backup, Settings};
use crate::choices::with;
use crate::failure::Failure;

/// Tells how two states of the data differ, row by row and field by field. Answers Difference.
///
/// A side is a backup's path, the number of an automatic one, the name of a safety copy, or "now".
#[command]
pub async fn compare_backups<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    left: String,
    right: String,
    start: Option<u64>,
    count: Option<u64>,
) -> Result<Value, Failure> {
    let params = with(json!({"left": left, "right": right}), [("start", json!(start)), ("count", json!(count))]);
    backup.call(&webview, "compare_backups", params, Settings::None).await
}

/// Tells in which backups a task stands, since when, until when, by a text or by its id. Answers Searched.
#[command]
pub async fn find_in_backups<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    query: String,
    by_id: Option<bool>,
) -> Result<Value, Failure> {
    let params = with(json!({"query": query}), [("byId", json!(by_id))]);
    backup.call(&webview, "find_in_backups", params, Settings::None).await
}

/// Shows rows of a previewed merge that differ from the database's, by their numbers, field by field. Answers Conflicts.
///
/// `token` is that of the preview; `from` the number of the first that is shown.
#[command]
pub async fn conflicts<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    token: String,
    from: Option<u64>,
    count: Option<u64>,
) -> Result<Value, Failure> {
    let params = with(json!({"token": token}), [("from", json!(from)), ("count", json!(count))]);
    backup.call(&webview, "conflicts", params, Settings::None).await
}
