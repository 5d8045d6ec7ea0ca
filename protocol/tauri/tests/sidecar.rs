//! The real sidecar as a child process, without a window. `KIRAPILOT_SIDECAR` names it: without, the tests that need it
//! say so and prove nothing.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{json, Value};
use tauri_plugin_kirapilot_backup::cancel::Cancel;
use tauri_plugin_kirapilot_backup::choices::Choices;
use tauri_plugin_kirapilot_backup::connection::Outcome;
use tauri_plugin_kirapilot_backup::sidecar::{Places, Sidecar};
use tempfile::TempDir;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/");

/// A user's device: a database with a row of every kind, and the sidecar on it.
struct Device {
    folder: TempDir,
    sidecar: Sidecar,
}

impl Device {
    fn new(program: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("kirapilot.db");
        fs::copy(format!("{DATA}every-kind-of-row.db"), &database).unwrap();
        let folders = folder.path().join("runs");
        Self { sidecar: Sidecar::new(Places { program, database: Some(database), folders }), folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn call(&self, method: &str, params: Value) -> Outcome {
        self.sidecar.call(method, &params, &Cancel::default(), Box::new(|_| ())).await
    }

    async fn check(&self) -> Outcome {
        self.call("validate_backup_file", json!({"filePath": format!("{DATA}every-kind-of-row.kpbackup")})).await
    }

    fn unpacked(&self) -> usize {
        let runs = fs::read_dir(self.path("runs")).into_iter().flatten().flatten();
        runs.filter(|entry| entry.path().is_dir()).count()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.sidecar.end(Duration::from_secs(5));
    }
}

/// The device with the real sidecar, unless nobody said where that is.
fn device() -> Option<Device> {
    let program = std::env::var_os("KIRAPILOT_SIDECAR");
    if program.is_none() {
        eprintln!("left out: KIRAPILOT_SIDECAR=dist/kirapilot-sidecar-... cargo test");
    }
    program.map(|program| Device::new(program.into()))
}

#[cfg(unix)]
fn script(folder: &std::path::Path, text: &str, mode: u32) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let program = folder.join("kirapilot-sidecar");
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(mode)).unwrap();
    program
}

#[cfg(unix)]
fn kill_group(leader: u32) {
    let leader = libc::pid_t::try_from(leader).unwrap();
    // SAFETY: kill takes any numbers; the group is that of a sidecar which has not been waited for.
    assert_eq!(unsafe { libc::kill(-leader, libc::SIGKILL) }, 0);
}

#[tokio::test]
async fn it_is_started_by_the_first_call_and_stays() {
    let Some(device) = device() else { return };
    assert_eq!(device.sidecar.process_id(), None);
    assert_eq!(device.check().await.unwrap()["task_count"], 12);
    let first = device.sidecar.process_id();
    device.check().await.unwrap();
    assert!(first.is_some());
    assert_eq!(device.sidecar.process_id(), first);
}

#[tokio::test]
async fn calls_that_begin_together_share_one_process() {
    let Some(device) = device() else { return };
    let (first, second, third) = tokio::join!(device.check(), device.call("ping", json!({})), device.check());
    assert!(first.is_ok() && second.is_ok() && third.is_ok());
    assert_eq!(device.unpacked(), 1);
}

#[tokio::test]
async fn it_works_on_the_database_it_is_told_of_and_reports_its_progress() {
    let Some(device) = device() else { return };
    let seen = Arc::new(Mutex::new(Vec::new()));
    let reports = Arc::clone(&seen);
    let note = Box::new(move |report: Value| reports.lock().unwrap().push(report));
    let target = device.path("a b.kpbackup");
    let params = json!({"filePath": target});
    let result = device.sidecar.call("export_data_to_file", &params, &Cancel::default(), note).await.unwrap();
    assert_eq!(result["task_count"], 12);
    assert!(target.is_file());
    let seen = seen.lock().unwrap();
    let phases: Vec<&str> = seen.iter().filter_map(|report| report["phase"].as_str()).collect();
    assert!(phases.contains(&"read") && phases.contains(&"verify"), "{phases:?}");
    let shown: Vec<f64> = seen.iter().filter_map(|report| report["percentage"].as_f64()).collect();
    assert!(shown.is_sorted(), "{shown:?}");
}

#[tokio::test]
async fn an_error_is_its_sentence_and_its_kind() {
    let Some(device) = device() else { return };
    let nowhere = device.path("nowhere.kpbackup");
    let failure = device.call("validate_backup_file", json!({"filePath": nowhere})).await.unwrap_err();
    assert_eq!(failure.kind, "file_not_found");
    assert!(failure.message.starts_with(&format!("There is no file at {}.", nowhere.display())), "{failure}");
}

/// As a page asks for it: the params of the plugin's commands are those of the sidecar's methods.
#[tokio::test]
async fn one_task_of_a_backup_is_compared_chosen_brought_back_and_taken_out_again() {
    let Some(device) = device() else { return };
    let file = device.path("whole.kpbackup");
    device.call("export_data_to_file", json!({"filePath": file})).await.unwrap();
    device.call("clear_all_data", json!({})).await.unwrap();
    let compared =
        device.call("compare_backups", json!({"left": file, "right": "now", "count": 10_000})).await.unwrap();
    let changes = compared["changes"].as_array().unwrap();
    let gone = changes.iter().find(|one| one["table"] == "tasks" && one["change"] == "removed").unwrap();
    let asked = json!({"selection": {"ids": [gone["id"]]}, "onConflict": "theirs"});
    let mut params = json!({"filePath": file, "overwrite": false});
    Choices::among("import_data_from_file", asked.as_object().unwrap()).put_into(&mut params);
    let preview = device.call("preview_import", params.clone()).await.unwrap();
    assert_eq!(preview["selected"]["tasks"]["chosen"], 1);
    params["previewToken"] = preview["token"].clone();
    let imported = device.call("import_data_from_file", params.clone()).await.unwrap();
    assert_eq!(imported["tables"], preview["tables"]);
    assert_eq!(imported["tables"]["tasks"]["added"], 1);
    let failure = device.call("import_data_from_file", params).await.unwrap_err();
    assert_eq!(failure.kind, "changed_since_preview", "once is once");
    let found = device.call("find_in_backups", json!({"query": gone["id"], "byId": true})).await.unwrap();
    assert_eq!(found["tasks"][0]["in_database"], true);
    device.call("undo_last_import", json!({"to": imported["safety_copy"]})).await.unwrap();
    let left = device.call("compare_backups", json!({"left": file, "right": "now", "count": 0})).await.unwrap();
    assert_eq!(left["tables"], compared["tables"]);
}

#[tokio::test]
async fn a_cancel_that_comes_first_is_kept_for_the_call() {
    let Some(device) = device() else { return };
    let cancel = Cancel::default();
    cancel.ask();
    let params = json!({"filePath": device.path("never.kpbackup")});
    let outcome = device.sidecar.call("export_data_to_file", &params, &cancel, Box::new(|_| ())).await;
    assert_eq!(outcome.unwrap_err().kind, "cancelled");
    assert!(!device.path("never.kpbackup").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn a_killed_one_fails_the_call_that_waits_and_the_next_starts_another() {
    let Some(device) = device() else { return };
    device.check().await.unwrap();
    let first = device.sidecar.process_id().unwrap();
    let cut_off = device.call("export_data_to_file", json!({"filePath": device.path("cut off.kpbackup")}));
    let kill = async { kill_group(first) };
    let failure = tokio::join!(cut_off, kill).0.unwrap_err();
    assert_eq!(failure.kind, "sidecar_stopped");
    assert!(failure.message.contains("no half backup is left"), "{failure}");
    assert!(!device.path("cut off.kpbackup").exists());
    assert_eq!(device.check().await.unwrap()["task_count"], 12);
    assert_ne!(device.sidecar.process_id(), Some(first));
}

#[tokio::test]
async fn ending_leaves_no_process_no_folder_and_starts_none_again() {
    let Some(device) = device() else { return };
    device.check().await.unwrap();
    assert_eq!(device.unpacked(), 1);
    device.sidecar.end(Duration::from_secs(5));
    assert_eq!(device.sidecar.process_id(), None);
    assert_eq!(device.unpacked(), 0);
    assert_eq!(device.check().await.unwrap_err().kind, "app_leaving");
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_that_cannot_be_started_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Device::new(folder.path().join("kirapilot-sidecar")).check().await.unwrap_err();
    assert_eq!(missing.kind, "sidecar_missing");
    let program = script(folder.path(), "#!/bin/sh\nexit 0\n", 0o644);
    let closed = Device::new(program).check().await.unwrap_err();
    assert_eq!(closed.kind, "sidecar_not_executable");
    let program = script(folder.path(), "#!/no/such/interpreter\n", 0o755);
    let broken = Device::new(program).check().await.unwrap_err();
    assert_eq!(broken.kind, "sidecar_not_started");
    for failure in [missing, closed, broken] {
        assert!(failure.message.starts_with("Nothing was changed: "), "{failure}");
        assert!(failure.message.contains("kirapilot-sidecar"), "{failure}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_that_leaves_before_it_answers_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let program = script(folder.path(), "#!/bin/sh\necho hello\nexit 3\n", 0o755);
    let failure = Device::new(program).check().await.unwrap_err();
    assert_eq!(failure.kind, "sidecar_stopped");
}

#[cfg(unix)]
#[tokio::test]
async fn one_that_refuses_the_database_gets_no_call_and_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("process");
    let text = format!(
        "#!/bin/sh\necho $$ >'{}'\nread line\n\
         echo '{{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{{\"code\":30,\"message\":\"No.\"}}}}'\n\
         exec sleep 1000\n",
        note.display()
    );
    let failure = Device::new(script(folder.path(), &text, 0o755)).check().await.unwrap_err();
    assert_eq!(failure.message, "No.");
    let process: libc::pid_t = fs::read_to_string(note).unwrap().trim().parse().unwrap();
    let gone = async {
        // SAFETY: signal 0 reaches nobody.
        while unsafe { libc::kill(process, 0) } == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.expect("it is ended");
}

/// Whatever it writes to standard error, and however much, it is not held up.
#[cfg(unix)]
#[tokio::test]
async fn a_talkative_one_does_not_stall() {
    let folder = tempfile::tempdir().unwrap();
    let talk = "#!/bin/sh\nhead -c 300000 /dev/zero | tr '\\0' x >&2\nread line\n\
                echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}'\nread line\n\
                echo '{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"task_count\":3}}'\n";
    let device = Device::new(script(folder.path(), talk, 0o755));
    assert_eq!(device.check().await.unwrap()["task_count"], 3);
}
