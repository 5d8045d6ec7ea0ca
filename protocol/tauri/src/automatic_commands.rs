//! The plugin's own commands about backups that are made by themselves (`plugin:kirapilot-backup|NAME`), and Clear All
//! Data with all that is known of it. Each answers as the sidecar's method of that name does, unless it says otherwise.

use serde_json::{json, Value};
use tauri::{command, Runtime, State, Webview};

use crate::automatic;
use crate::backup::{Backup, Settings};
use crate::choices::with;
use crate::failure::Failure;

/// Tells how the automatic backups are. Answers BackupStatus, as the event [`STATUS`](automatic::STATUS) tells it.
#[command]
pub async fn backup_status<R: Runtime>(webview: Webview<R>, backup: State<'_, Backup<R>>) -> Result<Value, Failure> {
    backup.call(&webview, "backup_status", json!({}), Settings::None).await
}

/// Makes a backup because of `trigger`: "manual" where a person asks, "update" before an update is installed. Answers
/// RunResult.
#[command]
pub async fn run_backup_if_due<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    trigger: String,
) -> Result<Value, Failure> {
    let params = automatic::params_of(&backup, &trigger);
    backup.call(&webview, "run_backup_if_due", params, Settings::Saved).await
}

/// Tells whether, when and where backups are made. Answers PolicyFile.
#[command]
pub async fn get_backup_policy<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
) -> Result<Value, Failure> {
    backup.call(&webview, "get_backup_policy", json!({}), Settings::None).await
}

/// Puts a policy into force; what it leaves out has its default. Answers PolicyFile.
#[command]
pub async fn set_backup_policy<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    policy: Value,
) -> Result<Value, Failure> {
    backup.call(&webview, "set_backup_policy", json!({"policy": policy}), Settings::None).await
}

/// Lifts the hold, now that a person has looked at why the data shrank. Answers HoldAnswer.
#[command]
pub async fn accept_backup_hold<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
) -> Result<Value, Failure> {
    backup.call(&webview, "accept_backup_hold", json!({}), Settings::None).await
}

/// Pins an automatic backup, or puts a note to it; what is left out stays as it is. Answers Noted.
#[command]
pub async fn note_backup<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    number: u64,
    note: Option<String>,
    pinned: Option<bool>,
) -> Result<Value, Failure> {
    let params = with(json!({"number": number}), [("note", json!(note)), ("pinned", json!(pinned))]);
    backup.call(&webview, "note_backup", params, Settings::None).await
}

/// Replaces what is there by the automatic backup of that number, as an import of its file does. Answers ImportResult.
#[command]
pub async fn restore_backup<R: Runtime>(
    webview: Webview<R>,
    backup: State<'_, Backup<R>>,
    number: u64,
    preview_token: Option<String>,
) -> Result<Value, Failure> {
    // Nothing begins by itself between the two calls.
    let _turn = backup.turns().of_a_person();
    let list = backup.call(&webview, "list_backups", json!({}), Settings::None).await?;
    let path = path_of(&list, number).ok_or_else(|| Failure::no_such_backup(number))?;
    let params = with(json!({"filePath": path, "overwrite": true}), [("previewToken", json!(preview_token))]);
    backup.call(&webview, "import_data_from_file", params, Settings::Restored).await
}

/// Clears all data, as the app's own [`clear_all_data`](crate::commands::clear_all_data) does. Answers ClearResult.
#[command]
pub async fn clear_all<R: Runtime>(webview: Webview<R>, backup: State<'_, Backup<R>>) -> Result<Value, Failure> {
    backup.clear(&webview).await
}

/// Where the backup of that number lies: the best of its copies, one that is there and whole if there is such a one.
fn path_of(list: &Value, number: u64) -> Option<&str> {
    let copies = list["automatic"].as_array()?.iter().filter(|one| one["number"] == number);
    copies.max_by_key(|one| (one["present"] == true, one["rotten"] == ""))?["path"].as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_restored_from_a_place_that_is_there_and_in_which_it_is_whole() {
        let list = json!({"automatic": [
            {"number": 7, "path": "/usb/a", "present": false, "rotten": ""},
            {"number": 7, "path": "/disk/a", "present": true, "rotten": "its bytes differ"},
            {"number": 7, "path": "/nas/a", "present": true, "rotten": ""},
            {"number": 8, "path": "/nas/b", "present": true, "rotten": ""},
        ]});
        assert_eq!(path_of(&list, 7), Some("/nas/a"));
        assert_eq!(path_of(&list, 8), Some("/nas/b"));
        assert_eq!(path_of(&list, 9), None);
        assert_eq!(path_of(&json!({}), 7), None);
    }
}
