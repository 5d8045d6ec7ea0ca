//! Where the sidecar lies: beside the app's own executable, under its name without target triple.
//!
//! That is where `externalBin` puts it, in a bundle as well as under `tauri dev`.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Name of the program in `externalBin`, without folder, target triple and extension.
pub const PROGRAM: &str = "kirapilot-sidecar";

/// The sidecar that belongs to the app at `executable`.
pub fn beside(executable: &Path) -> PathBuf {
    let folder = executable.parent().unwrap_or(Path::new(""));
    // Rust's own tests lie one folder deeper than the programs they test.
    let folder = match folder.file_name() {
        Some(name) if name == "deps" => folder.parent().unwrap_or(folder),
        _ => folder,
    };
    folder.join(format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX))
}

/// Answers a sentence for the user where a look at the file tells already that it cannot be started.
pub fn check(program: &Path) -> Result<(), Failure> {
    let Ok(found) = std::fs::metadata(program) else {
        return Err(Failure::missing(program));
    };
    if !found.is_file() {
        return Err(Failure::missing(program));
    }
    if !may_be_run(&found) {
        return Err(Failure::not_executable(program));
    }
    Ok(())
}

#[cfg(unix)]
fn may_be_run(found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    found.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn may_be_run(_found: &std::fs::Metadata) -> bool {
    true
}
