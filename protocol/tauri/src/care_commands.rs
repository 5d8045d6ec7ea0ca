//! The plugin's own commands that look after the live database (`plugin:kirapilot-backup|NAME`). Each answers as the
//! sidecar's method of that name does.

use serde_json::{json, Value};
use tauri::{command, Runtime, State, Webview};

use crate::backup::{Backup, Settings};
use crate::choices::with;
use crate::command_line::CommandLine;
use crate::failure::Failure;

/// Tells what is wrong with the database, what it means and what mends it; changes nothing. Answers DatabaseCheck.
#[command]
pub async fn check_database<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    quick: Option<bool>,
) -> Result<Value, Failure> {
    let params = with(json!({}), [("quick", json!(quick))]);
    backup.call(&webview, "check_database", params, Settings::None).await
}

/// Mends what a check found and the app would, once all is in a safety copy: `undo_last_import` takes it back. Answers
/// RepairResult.
///
/// With `dry_run` it only tells what it would do; `preview_token` is the `token` of a dry run that was agreed to, `only` the
/// codes of the findings that are meant. A page that repairs is to be loaded again, as after an import.
#[command]
pub async fn repair_database<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    dry_run: bool,
    preview_token: Option<String>,
    only: Option<Vec<String>>,
) -> Result<Value, Failure> {
    let others = [("previewToken", json!(preview_token)), ("only", json!(only))];
    backup.call(&webview, "repair_database", with(json!({"dryRun": dry_run}), others), Settings::None).await
}

/// Makes the database's file as small as what it holds; no value changes. Answers CompactResult.
///
/// Refused while another program has the file open, which is the app itself as long as it holds a connection. KiraPilot
/// does until its end: its page shows [`compact_command`] instead.
#[command]
pub async fn compact_database<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    force: Option<bool>,
) -> Result<Value, Failure> {
    backup.call(&webview, "compact_database", with(json!({}), [("force", json!(force))]), Settings::None).await
}

/// Tells what to type to have that done once the app is closed.
#[command]
pub async fn compact_command<R: Runtime>(
    _webview: Webview<R>,
    backup: State<'_, Backup<R>>,
) -> Result<CommandLine, Failure> {
    Ok(CommandLine::compact(backup.sidecar().places()))
}
