//! The plugin's own commands that look after the live database (`plugin:kirapilot-backup|NAME`). Each answers as the
//! sidecar's method of that name does.

use serde_json::{json, Value};
use tauri::{command, Runtime, State, Webview};

use crate::backup::{Backup, Settings};
use crate::choices::with;
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
