//! The commands. The first five are the app's own, under the names and params its frontend has always used:
//! they belong into the app's `generate_handler!` and need no permission. The others are the plugin's
//! (`plugin:kirapilot-backup|NAME`).
//!
//! The app's own reject with a plain string, made to be shown as it is; those of the plugin with a [`Failure`]: that
//! sentence as `message`, and `kind`, `hint` and `salvage` beside it. What is known of a failure of the app's own
//! commands travels in the event [`FINISHED`](crate::backup::FINISHED).

use serde_json::{json, Value};
use tauri::{command, Runtime, State, Webview};

use crate::backup::{Backup, Settings};
use crate::choices::{with, Choices};
use crate::failure::Failure;

/// Writes all of KiraPilot's data, and the page's settings, into a backup. Answers BackupMetadata and more.
///
/// `overwriteShrunk` lets it take the place of a backup that holds many more rows; `selection` is the part to write;
/// `salvage` lets it write what can still be read of a damaged database.
#[command]
pub async fn export_data_to_file<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    file_path: String,
    choices: Choices,
) -> Result<Value, String> {
    let mut params = json!({"filePath": file_path});
    choices.put_into(&mut params);
    backup.call(&webview, "export_data_to_file", params, Settings::Saved).await.map_err(String::from)
}

/// Brings a backup into the database, and its settings into the page. Answers BackupMetadata and more.
///
/// `allowLoss`, `salvage`, `selection`, `onConflict` and `conflictChoices` are handed on as they are given. `previewToken` is
/// the `token` of the preview that the user has agreed to: anything else is refused.
#[command]
pub async fn import_data_from_file<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    file_path: String,
    overwrite: bool,
    choices: Choices,
) -> Result<Value, String> {
    let params = import_params(file_path, overwrite, choices);
    backup.call(&webview, "import_data_from_file", params, Settings::Restored).await.map_err(String::from)
}

/// Checks a backup. Answers its BackupMetadata, or rejects with the first error.
#[command]
pub async fn validate_backup_file<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    file_path: String,
) -> Result<Value, String> {
    let params = json!({"filePath": file_path});
    backup.call(&webview, "validate_backup_file", params, Settings::None).await.map_err(String::from)
}

/// Checks a backup and lists what it found. Answers BackupValidationResult; rejects only if it could not check.
#[command]
pub async fn validate_backup_comprehensive<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    file_path: String,
) -> Result<Value, String> {
    let params = json!({"filePath": file_path});
    backup.call(&webview, "validate_backup_comprehensive", params, Settings::None).await.map_err(String::from)
}

/// Clears all data, of which a safety copy is made first. Answers the sentence that the app's page shows.
///
/// What else is known of it, [`clear_all`](crate::automatic_commands::clear_all) answers.
#[command]
pub async fn clear_all_data<R: Runtime>(webview: Webview<R>, backup: State<'_, Backup<R>>) -> Result<String, String> {
    let cleared = backup.clear(&webview).await.map_err(String::from)?;
    let mut lines = vec![cleared["message"].as_str().unwrap_or_default()];
    lines.extend(cleared["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str));
    Ok(lines.join("\n\n"))
}

/// Tells what an import would do, and changes nothing; takes what an import takes. Answers ImportPreview.
///
/// `previewToken` is that of the preview whose numbers `conflictChoices` names.
#[command]
pub async fn preview_import<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    file_path: String,
    overwrite: bool,
    choices: Choices,
) -> Result<Value, Failure> {
    let params = import_params(file_path, overwrite, choices);
    backup.call(&webview, "preview_import", params, Settings::None).await
}

/// Tells what a backup says of itself, without judging it. Answers BackupSummary.
#[command]
pub async fn inspect_backup<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    file_path: String,
) -> Result<Value, Failure> {
    let params = json!({"filePath": file_path});
    backup.call(&webview, "inspect_backup", params, Settings::None).await
}

/// Brings back what was there before the last import, settings included. Answers as an import does.
///
/// `to` is the safety copy that is put back, by its name or path, where it is not to be the newest.
#[command]
pub async fn undo_last_import<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    to: Option<String>,
) -> Result<Value, Failure> {
    backup.call(&webview, "undo_last_import", with(json!({}), [("to", json!(to))]), Settings::Restored).await
}

/// Lists the copies that were made before imports.
#[command]
pub async fn list_backups<R: Runtime>(webview: Webview<R>, backup: State<'_, Backup<R>>) -> Result<Value, Failure> {
    backup.call(&webview, "list_backups", json!({}), Settings::None).await
}

/// Cancels running calls: those of one command, those about one file, or all. Answers how many were still running.
///
/// They reject with "Cancelled. Everything is as it was before.", unless they were past the point of no return.
#[command]
pub async fn cancel<R: Runtime>(
    _webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    command: Option<String>,
    file_path: Option<String>,
) -> Result<usize, Failure> {
    Ok(backup.cancel(command.as_deref(), file_path.as_deref()))
}

fn import_params(file_path: String, overwrite: bool, choices: Choices) -> Value {
    let mut params = json!({"filePath": file_path, "overwrite": overwrite});
    choices.put_into(&mut params);
    params
}
