//! What a person types into a terminal to have something done for which the app has to be closed.

use std::path::{Component, Path};

use serde::Serialize;

use crate::sidecar::Places;

/// A line that is shown for copying.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CommandLine {
    /// The line itself, quoted for `shell`.
    pub line: String,
    /// What it is typed into: "PowerShell" on Windows, else "a terminal".
    pub shell: &'static str,
    /// Whether the program is still there once the app is closed. One in an AppImage is not, nor is one that macOS shows at
    /// another place since it was never moved out of its download: it has to be copied elsewhere first.
    pub lasts: bool,
}

impl CommandLine {
    /// The one that makes the database's file as small as what it holds.
    pub fn compact(places: &Places) -> Self {
        let mut words = vec![places.program.to_string_lossy(), "compact".into()];
        if let Some(database) = &places.database {
            words.extend(["--database".into(), database.to_string_lossy()]);
        }
        let mounted = std::env::var_os("APPDIR");
        Self {
            line: if cfg!(windows) { for_powershell(&words) } else { for_sh(&words) },
            shell: if cfg!(windows) { "PowerShell" } else { "a terminal" },
            lasts: lasts(&places.program, mounted.as_deref().map(Path::new)),
        }
    }
}

/// Whether a program stays where it is; `mounted` is where an AppImage says that it is mounted.
fn lasts(program: &Path, mounted: Option<&Path>) -> bool {
    let is_mounted = mounted.is_some_and(|folder| !folder.as_os_str().is_empty() && program.starts_with(folder));
    !is_mounted && !program.components().any(|part| part == Component::Normal("AppTranslocation".as_ref()))
}

fn for_sh(words: &[impl AsRef<str>]) -> String {
    joined(words, "/", |word| format!("'{}'", word.replace('\'', r"'\''")))
}

fn for_powershell(words: &[impl AsRef<str>]) -> String {
    // It takes the curly ones for quotes as well.
    const QUOTES: [char; 5] = ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'];
    let line = joined(words, "/\\", |word| {
        let doubled = word.chars().flat_map(|one| std::iter::repeat_n(one, 1 + usize::from(QUOTES.contains(&one))));
        format!("'{}'", doubled.collect::<String>())
    });
    // By itself a text in quotes is a value, and nothing is started.
    let call = if line.starts_with('\'') { "& " } else { "" };
    format!("{call}{line}")
}

/// The words in a row, each as it is if no shell takes anything in it for more than that, else quoted.
fn joined(words: &[impl AsRef<str>], separators: &str, quoted: impl Fn(&str) -> String) -> String {
    let is_plain = |one: char| one.is_ascii_alphanumeric() || "-_.:".contains(one) || separators.contains(one);
    let written = |word: &str| {
        if word.is_empty() || !word.chars().all(is_plain) {
            quoted(word)
        } else {
            word.to_owned()
        }
    };
    words.iter().map(|word| written(word.as_ref())).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_just_what_is_meant_whatever_the_names() {
        assert_eq!(
            for_sh(&["/opt/kira-pilot/kirapilot-sidecar", "compact"]),
            "/opt/kira-pilot/kirapilot-sidecar compact"
        );
        assert_eq!(for_sh(&["/a b/it's $HOME", ""]), r"'/a b/it'\''s $HOME' ''");
        assert_eq!(for_powershell(&[r"C:\Apps\sidecar.exe", "compact"]), r"C:\Apps\sidecar.exe compact");
        assert_eq!(
            for_powershell(&[r"C:\Program Files\K\sidecar.exe", "--database", "D:\\it's \u{2019}mine\u{2018}"]),
            "& 'C:\\Program Files\\K\\sidecar.exe' --database 'D:\\it''s \u{2019}\u{2019}mine\u{2018}\u{2018}'"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_takes_the_words_as_they_were() {
        let words = ["a b", "it's", "$HOME `id` \"x\" \\ !", "", "*", "ä\nö", "~"];
        let script = format!("printf '%s\\0' {}", for_sh(&words));
        let said = std::process::Command::new("sh").arg("-c").arg(script).output().unwrap().stdout;
        assert_eq!(String::from_utf8(said).unwrap().split_terminator('\0').collect::<Vec<_>>(), words);
    }

    #[test]
    fn a_program_that_goes_with_the_app_is_told_of() {
        let mounted = Path::new("/tmp/.mount_KiraPi");
        assert!(lasts(Path::new("/usr/bin/kirapilot-sidecar"), None));
        assert!(lasts(Path::new("/usr/bin/kirapilot-sidecar"), Some(Path::new(""))));
        assert!(lasts(Path::new("/usr/bin/kirapilot-sidecar"), Some(mounted)));
        assert!(!lasts(&mounted.join("usr/bin/kirapilot-sidecar"), Some(mounted)));
        assert!(!lasts(Path::new("/private/var/folders/x/AppTranslocation/1/d/K.app/Contents/MacOS/k"), None));
    }

    #[test]
    fn the_database_is_named_if_the_app_has_named_it() {
        let place = |path: &str| Path::new(path).to_owned();
        let mut places = Places { program: place("/k/sidecar"), database: None, folders: place("/cache") };
        assert_eq!(CommandLine::compact(&places).line, "/k/sidecar compact");
        places.database = Some(place("/home/mia/kirapilot.db"));
        assert_eq!(CommandLine::compact(&places).line, "/k/sidecar compact --database /home/mia/kirapilot.db");
    }
}
