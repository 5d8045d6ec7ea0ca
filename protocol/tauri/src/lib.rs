//! Backup and restore for KiraPilot's Tauri app: its own commands, done by a Python sidecar.
//!
//! The frontend goes on calling `invoke('export_data_to_file', { filePath })` and the four others; this crate has
//! commands of the same names, forwards them to one long-lived sidecar process as JSON-RPC, and answers with what comes
//! back. The page gets no permission to start programs.
//!
//! ```no_run
//! use tauri_plugin_kirapilot_backup::commands;
//!
//! let app = tauri::Builder::default()
//!     .plugin(tauri_plugin_kirapilot_backup::init())
//!     .invoke_handler(tauri::generate_handler![
//!         commands::export_data_to_file,
//!         commands::import_data_from_file,
//!         commands::validate_backup_file,
//!         commands::validate_backup_comprehensive,
//!         commands::clear_all_data,
//!     ]);
//! ```
//!
//! In the order of a call: [`commands`], [`backup`] (one call from arrival to answer), [`flights`] (equal calls joined),
//! [`turns`] (people first), [`settings`] (the page's localStorage), [`pages`] (reloaded meanwhile?), [`sidecar`] (always there), [`connection`] (calls over one process),
//! [`process`] (its life), [`message`] (a line); [`location`] and [`folder`] say where it lies and unpacks itself.
//! [`automatic`] makes calls that nobody has to think of; [`automatic_commands`], [`choosing_commands`], [`page_commands`]
//! and [`care_commands`] are the plugin's own; [`command_line`] is what a person types once the app is closed.

pub mod automatic;
pub mod automatic_commands;
pub mod backup;
pub mod cancel;
pub mod care_commands;
pub mod choices;
pub mod choosing_commands;
pub mod command_line;
pub mod commands;
pub mod connection;
pub mod failure;
mod family;
pub mod flights;
pub mod folder;
pub mod location;
pub mod message;
pub mod page_commands;
pub mod pages;
pub mod process;
pub mod settings;
pub mod sidecar;
pub mod turns;
mod warning;

use std::path::PathBuf;
use std::time::Duration;

use tauri::plugin::{Builder as PluginBuilder, TauriPlugin};
use tauri::{AppHandle, Manager, RunEvent, Runtime};

use crate::automatic::Automatic;
use crate::backup::Backup;
use crate::sidecar::{Places, Sidecar};

/// How long the app waits, when it closes, for a running import to be undone.
const FAREWELL: Duration = Duration::from_secs(4);

/// The same where nothing runs but what the app does by itself, which changes no data.
const QUICK_FAREWELL: Duration = Duration::from_millis(1500);

type FindDatabase<R> = Box<dyn FnOnce(&AppHandle<R>) -> tauri::Result<PathBuf> + Send>;

/// The plugin, and where it finds things.
pub struct Builder<R: Runtime> {
    database: Option<FindDatabase<R>>,
    program: Option<PathBuf>,
    automatic: Automatic,
}

impl<R: Runtime> Default for Builder<R> {
    fn default() -> Self {
        Self { database: None, program: None, automatic: Automatic::default() }
    }
}

impl<R: Runtime> Builder<R> {
    /// The sidecar beside the app, and its own default for the database.
    pub fn new() -> Self {
        Self::default()
    }

    /// The database file that the app uses. Without, the sidecar takes KiraPilot's place on this platform.
    #[must_use]
    pub fn database(mut self, find: impl FnOnce(&AppHandle<R>) -> tauri::Result<PathBuf> + Send + 'static) -> Self {
        self.database = Some(Box::new(find));
        self
    }

    /// Another program than the one beside the app.
    #[must_use]
    pub fn program(mut self, program: PathBuf) -> Self {
        self.program = Some(program);
        self
    }

    /// When the app asks for backups by itself, and whether it warns.
    #[must_use]
    pub fn automatic(mut self, automatic: Automatic) -> Self {
        self.automatic = automatic;
        self
    }

    /// The plugin for `tauri::Builder::plugin`. The sidecar is started by the first call, or when the first automatic backup
    /// may be due.
    pub fn build(self) -> TauriPlugin<R> {
        PluginBuilder::new("kirapilot-backup")
            .invoke_handler(tauri::generate_handler![
                commands::preview_import,
                commands::inspect_backup,
                commands::undo_last_import,
                commands::list_backups,
                commands::cancel,
                choosing_commands::compare_backups,
                choosing_commands::find_in_backups,
                choosing_commands::conflicts,
                page_commands::write_report,
                page_commands::write_difference,
                care_commands::check_database,
                care_commands::repair_database,
                care_commands::compact_database,
                care_commands::compact_command,
                automatic_commands::backup_status,
                automatic_commands::run_backup_if_due,
                automatic_commands::get_backup_policy,
                automatic_commands::set_backup_policy,
                automatic_commands::accept_backup_hold,
                automatic_commands::note_backup,
                automatic_commands::restore_backup,
                automatic_commands::clear_all,
            ])
            .setup(|app, _| {
                let automatic = self.automatic;
                let sidecar = Sidecar::new(self.places(app)?);
                let backup = Backup::new(app.clone(), sidecar);
                app.manage(backup.clone());
                if automatic.enabled {
                    tauri::async_runtime::spawn(automatic::go_on(backup, automatic));
                }
                Ok(())
            })
            .on_page_load(|webview, load| {
                if let Some(backup) = webview.try_state::<Backup<R>>() {
                    backup.pages().note(webview.label(), load.event());
                }
            })
            .on_event(|app, event| {
                if let RunEvent::Exit = event {
                    let backup = app.state::<Backup<R>>();
                    let time = if backup.turns().is_taken() { FAREWELL } else { QUICK_FAREWELL };
                    backup.sidecar().end(time);
                }
            })
            .build()
    }

    fn places(self, app: &AppHandle<R>) -> tauri::Result<Places> {
        let program = match self.program {
            Some(program) => program,
            None => location::beside(&tauri::utils::platform::current_exe()?),
        };
        Ok(Places {
            program,
            database: self.database.map(|find| find(app)).transpose()?,
            folders: app.path().app_cache_dir()?.join("kirapilot-sidecar"),
        })
    }
}

/// The plugin with nothing said: see [`Builder::new`].
pub fn init<R: Runtime>() -> TauriPlugin<R> {
    Builder::new().build()
}
