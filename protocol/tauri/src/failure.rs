//! What can go wrong on this side of the pipe, each as the sentence that the page shows as it is.
//!
//! The frontend puts a few words of its own before it ("Failed to export data: ", "Invalid backup file: "),
//! so what is not about the backup file says so itself.

use std::fmt;
use std::path::Path;

/// A call that failed: the sentence for the user, and the kind where the sidecar named one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What happened and what to do, in one or two sentences.
    pub message: String,
    /// The sidecar's word for it (see ERRORS.md), or this side's.
    pub kind: String,
}

impl Failure {
    fn new(kind: &str, message: String) -> Self {
        Self { message, kind: kind.to_owned() }
    }

    /// An error as the sidecar answered it.
    pub fn answered(error: &serde_json::Value) -> Self {
        let kind = error["data"]["kind"].as_str().unwrap_or("internal_error");
        let message = error["message"].as_str();
        Self::new(kind, message.unwrap_or("The backup program failed.").to_owned())
    }

    pub(crate) fn missing(program: &Path) -> Self {
        let program = program.display();
        Self::new(
            "sidecar_missing",
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
            format!(
                "Nothing was changed: KiraPilot's backup program {program} could not be started ({why}). \
                 Try again, or install KiraPilot again."
            ),
        )
    }

    pub(crate) fn silent(seconds: u64) -> Self {
        Self::new(
            "sidecar_silent",
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
            "export_data_to_file" => "A backup that was there before is still there; no half backup is left.",
            _ => "Nothing was changed.",
        };
        Self::new(
            "sidecar_stopped",
            format!("KiraPilot's backup program stopped in the middle of its work. {meaning} Please try again."),
        )
    }

    pub(crate) fn leaving() -> Self {
        Self::new("app_leaving", "Nothing was changed: KiraPilot is closing.".to_owned())
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
