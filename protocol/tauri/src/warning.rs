//! A dialog that tells of backups which are stale or failing, once a week at most: for an app whose page says nothing.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tauri::{AppHandle, Manager, Runtime};
use tauri_plugin_dialog::{Dialog, MessageDialogKind};

use crate::connection::Outcome;

/// The least time between two dialogs.
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// In the app's config folder: when the last dialog was shown, in seconds since 1970.
const FILE: &str = "kirapilot-backup-warned";

const TITLE: &str = "KiraPilot's backups";

/// Shows the dialog, if there is something to tell and it is time to.
pub(crate) fn warn<R: Runtime>(app: &AppHandle<R>, status: &Outcome) {
    let Some(sentence) = sentence_of(status) else { return };
    let Some(dialog) = app.try_state::<Dialog<R>>() else {
        log::warn!("{sentence} (No dialog says so: the app has no tauri-plugin-dialog.)");
        return;
    };
    let now = SystemTime::now();
    match app.path().app_config_dir() {
        Ok(folder) if is_due(&folder, now) => {
            if let Err(why) = note(&folder, now) {
                // Better said too often than never.
                log::warn!("the next start may warn again: {}: {why}", folder.display());
            }
            dialog.message(sentence).title(TITLE).kind(MessageDialogKind::Warning).show(|_| ());
        }
        Ok(_) => {}
        Err(why) => log::warn!("{sentence} (No dialog says so: {why})"),
    }
}

/// What is wrong with the backups, in words for the user; `None` where nothing is, or the user wants none.
fn sentence_of(status: &Outcome) -> Option<String> {
    let status = match status {
        Ok(status) => status,
        Err(failure) if ["app_leaving", "cancelled"].contains(&failure.kind.as_str()) => return None,
        Err(failure) => return Some(format!("Automatic backups are not being made. {failure}")),
    };
    if status["enabled"] == false {
        return None;
    }
    match status["state"].as_str()? {
        "stale" => Some(format!(
            "{} Leave KiraPilot open for a while, and see that the places of your backups are there.",
            late_of(status)
        )),
        "failing" => Some(format!("Automatic backups do not work as they should. {}", cause_of(status))),
        _ => None,
    }
}

fn places(status: &Value) -> impl Iterator<Item = &Value> {
    status["places"].as_array().into_iter().flatten()
}

/// A sentence on each place that has no backup of late.
fn late_of(status: &Value) -> String {
    let late = places(status).filter(|place| place["state"] == "stale" || place["state"] == "never");
    let sentences: Vec<String> = late
        .map(|place| {
            let path = place["path"].as_str().unwrap_or_default();
            match place["age_hours"].as_f64() {
                Some(hours) => format!("The newest automatic backup in {path} is {} old.", words_of(hours)),
                None => format!("There is no automatic backup in {path} yet."),
            }
        })
        .collect();
    sentences.join(" ")
}

fn words_of(hours: f64) -> String {
    if hours < 48.0 {
        format!("{hours:.0} hours")
    } else {
        format!("{:.0} days", hours / 24.0)
    }
}

/// The sentence of the last failure, else what was found in the first place that has something wrong with it.
fn cause_of(status: &Value) -> String {
    let all = std::iter::once(status).chain(places(status));
    if let Some(message) = all.filter_map(|one| one["failure"]["message"].as_str()).next() {
        return message.to_owned();
    }
    let rotten = places(status).find(|place| place["state"] == "failing");
    let path = rotten.and_then(|place| place["path"].as_str()).unwrap_or_default();
    format!("A backup in {path} is no longer what was written. The others are not affected; make a new backup.")
}

fn is_due(folder: &Path, now: SystemTime) -> bool {
    let noted = fs::read_to_string(folder.join(FILE)).ok().and_then(|text| text.trim().parse().ok());
    let last = noted.and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    // A time of the future is one of a clock that was put back since.
    last.is_none_or(|last| now.duration_since(last).is_ok_and(|age| age >= WEEK) || last > now)
}

fn note(folder: &Path, now: SystemTime) -> io::Result<()> {
    let since_1970 = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    fs::create_dir_all(folder)?;
    fs::write(folder.join(FILE), since_1970.as_secs().to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::failure::Failure;

    #[test]
    fn it_is_said_once_a_week_and_after_the_clock_was_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config");
        let now = SystemTime::now();
        assert!(is_due(&config, now), "never said before");
        note(&config, now).unwrap();
        assert!(!is_due(&config, now));
        assert!(!is_due(&config, now + WEEK - Duration::from_secs(1)));
        assert!(is_due(&config, now + WEEK));
        assert!(is_due(&config, now - WEEK));
        fs::write(config.join(FILE), "yesterday").unwrap();
        assert!(is_due(&config, now));
    }

    #[test]
    fn stale_and_failing_backups_are_told_of_and_no_others() {
        let place = json!({"path": "/media/usb", "state": "stale", "age_hours": 240.0, "failure": null});
        let of = |state: &str| sentence_of(&Ok(json!({"state": state, "enabled": true, "places": [place]})));
        for state in ["healthy", "never", "held"] {
            assert_eq!(of(state), None, "{state}");
        }
        let told = of("stale").unwrap();
        assert!(told.contains("10 days old") && told.contains("/media/usb"), "{told}");
    }

    #[test]
    fn of_stale_backups_the_places_are_told_that_are_late_and_no_others() {
        let places = json!([
            {"path": "/disk", "state": "healthy", "age_hours": 0.2},
            {"path": "/media/usb", "state": "stale", "age_hours": 30.0},
            {"path": "/nas", "state": "never", "age_hours": null},
        ]);
        let told = sentence_of(&Ok(json!({"state": "stale", "enabled": true, "places": places}))).unwrap();
        assert!(told.starts_with(
            "The newest automatic backup in /media/usb is 30 hours old. There is no automatic backup in /nas yet. Leave"
        ));
        assert!(!told.contains("/disk"), "{told}");
    }

    #[test]
    fn a_failure_is_told_in_the_words_of_the_sidecar() {
        let place = json!({"path": "/b", "state": "failing", "failure": {"message": "The disk is full."}});
        let told = sentence_of(&Ok(json!({"state": "failing", "enabled": true, "failure": null, "places": [place]})));
        assert!(told.unwrap().ends_with("The disk is full."));
        let place = json!({"path": "/b", "state": "failing", "failure": null});
        let told = sentence_of(&Ok(json!({"state": "failing", "enabled": true, "failure": null, "places": [place]})));
        assert!(told.unwrap().contains("A backup in /b is no longer what was written"));
    }

    #[test]
    fn who_switched_backups_off_is_not_told_of_them() {
        assert_eq!(sentence_of(&Ok(json!({"state": "stale", "enabled": false, "places": []}))), None);
    }

    #[test]
    fn a_sidecar_that_is_missing_makes_no_backups_and_an_app_that_closes_says_nothing() {
        let told = sentence_of(&Err(Failure::missing(Path::new("/app/kirapilot-sidecar"))));
        assert!(told.unwrap().contains("backup program is missing"));
        assert_eq!(sentence_of(&Err(Failure::leaving())), None);
    }
}
