//! A settings window whose Data Management page backs up KiraPilot through its sidecar.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tauri::{AppHandle, Manager, Runtime, WebviewUrl, WebviewWindowBuilder};
use tauri_plugin_kirapilot_backup::automatic::{back_up_before_update, Automatic};
use tauri_plugin_kirapilot_backup::failure::Failure;
use tauri_plugin_kirapilot_backup::{commands, Builder};

/// KiraPilot's own database on this platform.
fn database<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<PathBuf> {
    let folder = if cfg!(target_os = "linux") { "kirapilot" } else { "KiraPilot" };
    Ok(app.path().local_data_dir()?.join(folder).join("kirapilot.db"))
}

/// When backups are asked for: as usual, but for what a test says on the command line. The page shows how they are.
fn automatic() -> Automatic {
    let usual = Automatic { warns: std::env::args().any(|argument| argument == "--warn"), ..Automatic::default() };
    let said = std::env::args().find_map(|argument| Some(argument.strip_prefix("--backups-after=")?.to_owned()));
    match said.as_deref().map(str::parse) {
        None => usual,
        Some(Ok(seconds)) => Automatic { quiet: Duration::from_secs_f64(seconds), ..usual },
        Some(Err(_)) => Automatic { enabled: false, ..usual },
    }
}

/// What an updater of the app calls before it installs anything. Answers RunResult; the updater itself is not in here.
#[tauri::command]
async fn prepare_update<R: Runtime>(app: AppHandle<R>) -> Result<Value, Failure> {
    back_up_before_update(&app).await
}

fn main() {
    tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .plugin(Builder::new().database(database).automatic(automatic()).build())
        .invoke_handler(tauri::generate_handler![
            commands::export_data_to_file,
            commands::import_data_from_file,
            commands::validate_backup_file,
            commands::validate_backup_comprehensive,
            commands::clear_all_data,
            prepare_update,
        ])
        .setup(|app| {
            // As the app does for its floating timer: one program, two pages, one sidecar.
            if std::env::args().any(|argument| argument == "--second-window") {
                WebviewWindowBuilder::new(app, "second", WebviewUrl::default())
                    .title("KiraPilot, once more")
                    .build()?;
            }
            Ok(())
        })
        .run(tauri::generate_context!())
        .expect("the app could not be started");
}
