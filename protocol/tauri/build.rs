//! Makes the permissions of the plugin's own commands; the four commands of the app need none.

const COMMANDS: &[&str] = &[
    "preview_import",
    "inspect_backup",
    "undo_last_import",
    "list_backups",
    "cancel",
    "backup_status",
    "run_backup_if_due",
];

fn main() {
    tauri_plugin::Builder::new(COMMANDS).build();
}
