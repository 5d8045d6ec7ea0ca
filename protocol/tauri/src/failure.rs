//! What can go wrong on this side of the pipe, each as the sentence that the page shows as it is.
//!
//! The frontend puts a few words of its own before it ("Failed to export data: ", "Invalid backup file: "),
//! so what is not about the backup file says so itself.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A call that failed: the sentence for the user, and what code may go by. Serialized, it is what a page gets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// What happened and what to do, in one or two sentences.
    pub message: String,
    /// The sidecar's word for it (see ERRORS.md), or this side's.
    pub kind: String,
    /// What to do, in a few words.
    pub hint: Box<str>,
    /// The file or folder that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Box<str>>,
    /// What the sentence says in brackets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Box<str>>,
    /// Whether a salvage would get something out of the backup that was refused.
    pub salvage: bool,
    /// Rows of a sound backup that the database refuses by a rule of its own.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub refused: Box<[RefusedRows]>,
}

/// Rows of one table that a database refuses, for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RefusedRows {
    /// The table.
    pub table: String,
    /// The rule, in words.
    pub reason: String,
    /// How many there are; `None` where only that some are is known.
    pub rows: Option<u64>,
    /// The ids of some of them.
    pub ids: Vec<String>,
}

impl Failure {
    fn new(kind: &str, hint: &str, message: String) -> Self {
        Self { message, kind: kind.to_owned(), hint: hint.into(), ..Self::default() }
    }

    /// An error as the sidecar answered it.
    pub fn answered(error: &Value) -> Self {
        let data = &error["data"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let short = |value: &Value| value.as_str().map(Box::from);
        Self {
            message: text(&error["message"]).unwrap_or_else(|| "The backup program failed.".to_owned()),
            kind: text(&data["kind"]).unwrap_or_else(|| "internal_error".to_owned()),
            hint: short(&data["hint"]).unwrap_or_default(),
            path: short(&data["path"]),
            detail: short(&data["detail"]),
            salvage: data["salvage"] == true,
            refused: Deserialize::deserialize(&data["refused"]).unwrap_or_default(),
        }
    }

    /// As a page gets it.
    pub fn to_json(&self) -> Value {
        serde_json::json!(self)
    }

    pub(crate) fn missing(program: &Path) -> Self {
        let program = program.display();
        Self::new(
            "sidecar_missing",
            "Install KiraPilot again.",
            format!(
                "Nothing was changed: KiraPilot's backup program is missing. \
                 There is no file {program}. Install KiraPilot again."
            ),
        )
    }

    pub(crate) fn not_executable(program: &Path) -> Self {
        let program = program.display();
        Self::new(
            "sidecar_not_executable",
            "Make the program executable, or install KiraPilot again.",
            format!(
                "Nothing was changed: KiraPilot's backup program may not be run. \
                 Make {program} executable, or install KiraPilot again."
            ),
        )
    }

    pub(crate) fn not_started(program: &Path, why: &std::io::Error) -> Self {
        let program = program.display();
        Self::new(
            "sidecar_not_started",
            "Try again, or install KiraPilot again.",
            format!(
                "Nothing was changed: KiraPilot's backup program {program} could not be started ({why}). \
                 Try again, or install KiraPilot again."
            ),
        )
    }

    pub(crate) fn silent(seconds: u64) -> Self {
        Self::new(
            "sidecar_silent",
            "Try again, or install KiraPilot again.",
            format!(
                "Nothing was changed: KiraPilot's backup program did not answer within {seconds} seconds. \
                 Try again, or install KiraPilot again."
            ),
        )
    }

    /// The program was gone before it answered: what that means for the data depends on what it did.
    pub(crate) fn stopped(method: &str) -> Self {
        let meaning = match method {
            "import_data_from_file" | "undo_last_import" => {
                "The backup is fine, and your data is either as it was or completely replaced, nothing in between."
            }
            "repair_database" => "Your data is either as it was, or repaired and in a safety copy: undo takes it back.",
            "clear_all_data" => {
                "Your data is either as it was or completely cleared, and then it is in a safety copy: undo brings it back."
            }
            "export_data_to_file" | "run_backup_if_due" => "A backup that was there before is still there; no half backup is left.",
            _ => "Nothing was changed.",
        };
        Self::new(
            "sidecar_stopped",
            "Look at your data, then try again.",
            format!("KiraPilot's backup program stopped in the middle of its work. {meaning} Please try again."),
        )
    }

    pub(crate) fn no_such_backup(number: u64) -> Self {
        Self::new(
            "no_such_backup",
            "List the backups first.",
            format!("There is no automatic backup {number}. List the backups, and name one of those."),
        )
    }

    pub(crate) fn leaving() -> Self {
        Self::new("app_leaving", "Start KiraPilot again.", "Nothing was changed: KiraPilot is closing.".to_owned())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for String {
    fn from(failure: Failure) -> Self {
        failure.message
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_gets_the_kind_the_hint_and_whether_a_salvage_helps_beside_the_sentence() {
        let data = json!({"kind": "damaged_backup", "hint": "Use another backup.", "path": "a.zip", "salvage": true});
        let told = Failure::answered(&json!({"code": 21, "message": "The backup is damaged.", "data": data})).to_json();
        let expected = json!({
            "message": "The backup is damaged.", "kind": "damaged_backup", "hint": "Use another backup.",
            "path": "a.zip", "salvage": true,
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn a_page_gets_the_rows_that_the_database_refuses() {
        let refused = json!([{"table": "tasks", "reason": "title must have a value", "rows": null, "ids": ["a", "b"]}]);
        let data = json!({"kind": "invalid_backup", "hint": "", "refused": refused});
        let told = Failure::answered(&json!({"code": 23, "message": "No.", "data": data})).to_json();
        assert_eq!(told["refused"], refused);
        for odd in [json!(null), json!("tasks"), json!([3])] {
            let data = json!({"kind": "invalid_backup", "refused": odd});
            assert_eq!(Failure::answered(&json!({"message": "No.", "data": data})).to_json().get("refused"), None);
        }
    }

    #[test]
    fn an_error_that_says_next_to_nothing_is_told_all_the_same() {
        let failure = Failure::answered(&json!({"code": -32603}));
        assert_eq!((failure.message.as_str(), failure.kind.as_str()), ("The backup program failed.", "internal_error"));
        assert!(!failure.salvage);
    }
}
