//! Makes the permissions of the plugin's own commands; the five commands of the app need none.

const COMMANDS: &[&str] = &[
    "preview_import",
    "inspect_backup",
    "undo_last_import",
    "list_backups",
    "cancel",
    "compare_backups",
    "find_in_backups",
    "conflicts",
    "write_report",
    "write_difference",
    "check_database",
    "repair_database",
    "compact_database",
    "compact_command",
    "backup_status",
    "run_backup_if_due",
    "get_backup_policy",
    "set_backup_policy",
    "accept_backup_hold",
    "note_backup",
    "restore_backup",
    "clear_all",
];

fn main() {
    tauri_plugin::Builder::new(COMMANDS).build();
}
