//! The temporary folder of one sidecar process, into which its one-file bootloader unpacks itself.
//!
//! The bootloader removes what it unpacked, unless it is killed. So each process gets a folder of its own, beside a
//! lock file that the process holds as long as it lives; whoever makes the next folder sweeps those nobody holds.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

const LOCK: &str = "lock";

/// A folder that is in use until this value, and the process it was handed to, are gone.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    lock_path: PathBuf,
    lock: File,
}

impl RunFolder {
    /// Sweeps `base` of what earlier runs left, and makes a new folder in it.
    pub fn create(base: &Path) -> io::Result<Self> {
        fs::create_dir_all(base)?;
        // One at a time: between the making of a lock file and its locking, a sweep would take it for abandoned.
        let turn = open_lock(&base.join("turn"))?;
        turn.lock()?;
        sweep(base)?;
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let name = format!("run-{}-{}", std::process::id(), since_1970.unwrap_or_default().as_nanos());
        let lock_path = base.join(&name).with_extension(LOCK);
        let lock = open_lock(&lock_path)?;
        lock.try_lock().map_err(io::Error::from)?;
        let path = base.join(name);
        fs::create_dir(&path)?;
        Ok(Self { path, lock_path, lock })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes `command` unpack into this folder, and hold its lock: the lock outlives the app while the process does.
    pub fn hand_to(&self, command: &mut Command) {
        for variable in ["TMPDIR", "TEMP", "TMP"] {
            command.env(variable, &self.path);
        }
        inherit(command, &self.lock);
    }

    /// Removes the folder once its process has left.
    pub fn remove(self) {
        let _ = remove_folder(&self.path).inspect_err(|why| log::debug!("{} stays: {why}", self.path.display()));
        let _ = fs::remove_file(&self.lock_path);
    }
}

/// Removes the folders under `base` whose process is gone; what cannot be removed now is left for the next time.
pub fn sweep(base: &Path) -> io::Result<()> {
    for entry in fs::read_dir(base)?.flatten() {
        let lock_path = entry.path();
        if lock_path.extension().is_some_and(|extension| extension == LOCK) && is_free(&lock_path)? {
            if let Err(why) = remove_folder(&lock_path.with_extension("")) {
                log::debug!("{} stays: {why}", lock_path.display());
                continue;
            }
            fs::remove_file(&lock_path)?;
        }
    }
    Ok(())
}

fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}

fn is_free(lock_path: &Path) -> io::Result<bool> {
    match open_lock(lock_path)?.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(why)) => Err(why),
    }
}

/// Where open files cannot be removed, the new name fails before anything of the folder is gone.
fn remove_folder(path: &Path) -> io::Result<()> {
    let doomed = path.with_extension("old");
    match fs::rename(path, &doomed) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => {}
        renamed => renamed?,
    }
    match fs::remove_dir_all(&doomed) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(unix)]
fn inherit(command: &mut Command, file: &File) {
    use std::os::fd::AsRawFd;
    use std::os::unix::process::CommandExt;
    let descriptor = file.as_raw_fd();
    // SAFETY: fcntl is async-signal-safe, and the descriptor is open: the caller keeps the file until after the spawn.
    unsafe {
        command.pre_exec(move || match libc::fcntl(descriptor, libc::F_SETFD, 0) {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        });
    }
}

#[cfg(not(unix))]
fn inherit(_command: &mut Command, _file: &File) {}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Stdio;

    use super::*;

    fn folders(base: &Path) -> usize {
        let entries = fs::read_dir(base).unwrap().flatten();
        entries.filter(|entry| entry.path().is_dir()).count()
    }

    #[test]
    fn a_folder_that_is_not_removed_is_swept_by_the_next_one() {
        let base = tempfile::tempdir().unwrap();
        let left = RunFolder::create(base.path()).unwrap();
        fs::write(left.path().join("unpacked"), "x").unwrap();
        drop(left);
        let next = RunFolder::create(base.path()).unwrap();
        assert_eq!(folders(base.path()), 1);
        next.remove();
        assert_eq!(folders(base.path()), 0);
    }

    #[test]
    fn a_folder_in_use_is_not_swept() {
        let base = tempfile::tempdir().unwrap();
        let used = RunFolder::create(base.path()).unwrap();
        let _other = RunFolder::create(base.path()).unwrap();
        assert!(used.path().is_dir());
        assert_eq!(folders(base.path()), 2);
    }

    #[test]
    fn a_folder_is_in_use_as_long_as_its_process_lives() {
        let base = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(base.path()).unwrap();
        let path = folder.path().to_owned();
        let mut command = Command::new("cat");
        folder.hand_to(command.stdin(Stdio::piped()).stdout(Stdio::null()));
        let mut child = command.spawn().unwrap();
        drop((folder, command));
        sweep(base.path()).unwrap();
        assert!(path.is_dir(), "the app is gone, its child is not");
        drop(child.stdin.take());
        child.wait().unwrap();
        sweep(base.path()).unwrap();
        assert!(!path.exists());
    }
}
