//! The processes of one sidecar: the one that was started, and what that starts. Ended together.
//!
//! A one-file program is two processes: its bootloader, and its child, which works. On POSIX they are a group. On
//! Windows they lie in a job object, which the system ends with the last handle to it: when the app ends, however it
//! ends, nothing of theirs stays.

use std::io;
use std::process::{Child, Command};

#[cfg(unix)]
pub(crate) use posix::{apart, Family};
#[cfg(windows)]
pub(crate) use windows::{apart, Family};

impl Family {
    /// Ends all of them at once.
    pub(crate) fn kill(&self) {
        if let Err(why) = self.try_kill() {
            log::warn!("the sidecar could not be ended: {why}");
        }
    }
}

#[cfg(unix)]
mod posix {
    use super::*;

    /// A process group, by its leader's id.
    #[derive(Debug)]
    pub(crate) struct Family(u32);

    /// A group of its own: what ends the app from a terminal does not end a transaction, and a kill reaches all of it.
    pub(crate) fn apart(command: &mut Command) {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
    }

    impl Family {
        /// That of a child that was started `apart`.
        pub(crate) fn of(child: &Child) -> Self {
            Self(child.id())
        }

        pub(super) fn try_kill(&self) -> io::Result<()> {
            let group = libc::pid_t::try_from(self.0).map_err(io::Error::other)?;
            // SAFETY: kill takes any numbers; the group is that of a child which has not been waited for.
            match unsafe { libc::kill(-group, libc::SIGKILL) } {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            }
        }
    }
}

#[cfg(windows)]
mod windows {
    use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
    use std::os::windows::process::CommandExt;
    use std::path::PathBuf;
    use std::ptr;

    use windows_sys::Win32::Foundation::MAX_PATH;
    use windows_sys::Win32::System::JobObjects::{
        AssignProcessToJobObject, CreateJobObjectW, JobObjectExtendedLimitInformation, SetInformationJobObject,
        TerminateJobObject, JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    };
    use windows_sys::Win32::System::SystemInformation::GetSystemDirectoryW;
    use windows_sys::Win32::System::Threading::CREATE_NO_WINDOW;

    use super::*;

    const KILLED: u32 = 1;

    /// The job, or where the system gave none, the id of the process that was started.
    #[derive(Debug)]
    pub(crate) enum Family {
        Job(OwnedHandle),
        Tree(u32),
    }

    /// Without a console of its own, which would flash up.
    pub(crate) fn apart(command: &mut Command) {
        command.creation_flags(CREATE_NO_WINDOW);
    }

    impl Family {
        /// That of a child that was just started: a bootloader that unpacks itself before it starts anything.
        ///
        /// One that was quicker than this would leave its child outside of the job; that still leaves at the end of
        /// its input. The other way, to start it suspended, would keep a sidecar from running that cannot be resumed.
        pub(crate) fn of(child: &Child) -> Self {
            job_around(child).map_or_else(
                |why| {
                    log::warn!("the sidecar will not end with a killed app: {why}");
                    Self::Tree(child.id())
                },
                Self::Job,
            )
        }

        pub(super) fn try_kill(&self) -> io::Result<()> {
            match self {
                // SAFETY: the handle is that of a job, and open.
                Self::Job(job) => succeeded(unsafe { TerminateJobObject(job.as_raw_handle(), KILLED) }),
                Self::Tree(process) => taskkill(*process).output().map(drop),
            }
        }
    }

    fn job_around(child: &Child) -> io::Result<OwnedHandle> {
        // SAFETY: no attributes (so that no process inherits the handle), no name. What is not null is a new handle.
        let job = unsafe {
            let job = CreateJobObjectW(ptr::null(), ptr::null());
            succeeded(i32::from(!job.is_null()))?;
            OwnedHandle::from_raw_handle(job)
        };
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        let size = size_of_val(&limits) as u32;
        let limits = ptr::from_ref(&limits).cast();
        // SAFETY: the job is open, the limits are of that kind and size; the child has not been waited for.
        unsafe {
            succeeded(SetInformationJobObject(job.as_raw_handle(), JobObjectExtendedLimitInformation, limits, size))?;
            succeeded(AssignProcessToJobObject(job.as_raw_handle(), child.as_raw_handle()))?;
        }
        Ok(job)
    }

    fn succeeded(answer: i32) -> io::Result<()> {
        match answer {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }

    /// Windows' own program for it, never another one of that name, and without a console.
    fn taskkill(process: u32) -> Command {
        let mut command = Command::new(system_folder().join("taskkill.exe"));
        command.args(["/F", "/T", "/PID", &process.to_string()]);
        command.creation_flags(CREATE_NO_WINDOW);
        command
    }

    fn system_folder() -> PathBuf {
        let mut name = [0; MAX_PATH as usize];
        // SAFETY: as many characters as are said are there to be written to.
        let length = unsafe { GetSystemDirectoryW(name.as_mut_ptr(), MAX_PATH) };
        PathBuf::from(String::from_utf16_lossy(&name[..length as usize]))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn without_a_job_it_is_ended_by_windows_own_program() {
            let command = taskkill(42);
            let program = std::path::Path::new(command.get_program());
            assert!(program.is_absolute() && program.is_file(), "{program:?}");
            assert_eq!(command.get_args().collect::<Vec<_>>(), ["/F", "/T", "/PID", "42"]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::process::{ChildStdout, Stdio};
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use super::*;

    const ROLE: &str = "KIRAPILOT_TEST_ROLE";

    /// This very program again, as a `role`; its input stays open as long as the caller's.
    fn another(role: &str) -> Command {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "family::tests::plays_a_role", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env(ROLE, role);
        command
    }

    #[test]
    #[ignore = "started by the tests below, as another process"]
    fn plays_a_role() {
        match env::var(ROLE).as_deref() {
            Ok("worker") => {
                println!("worker {}", std::process::id());
                io::stdout().flush().unwrap();
                io::stdin().read_to_end(&mut Vec::new()).unwrap();
            }
            Ok("bootloader") => {
                another("worker").spawn().unwrap().wait().unwrap();
            }
            Ok("app") => {
                let mut command = another("bootloader");
                apart(&mut command);
                let mut child = command.spawn().unwrap();
                let _family = Family::of(&child);
                child.wait().unwrap();
            }
            other => panic!("no role: {other:?}"),
        }
    }

    /// Starts `role`; answers once the worker under it is at work.
    fn at_work(role: &str) -> (Child, Family, BufReader<ChildStdout>) {
        let mut command = another(role);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        apart(&mut command);
        let mut child = command.spawn().unwrap();
        let family = Family::of(&child);
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("worker ") {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "no worker came");
        }
        (child, family, output)
    }

    /// Their output ends when all that hold it have ended; their input is still open.
    fn assert_all_end(mut output: BufReader<ChildStdout>) {
        let (over, told) = channel();
        thread::spawn(move || over.send(output.read_to_end(&mut Vec::new()).is_ok()));
        assert_eq!(told.recv_timeout(Duration::from_secs(60)), Ok(true));
    }

    #[test]
    fn a_kill_ends_the_process_and_what_it_started() {
        let (mut child, family, output) = at_work("bootloader");
        family.kill();
        assert_all_end(output);
        child.wait().unwrap();
    }

    #[cfg(windows)]
    #[test]
    fn when_the_app_is_killed_all_of_it_ends() {
        // The job of this test ends nothing: its handle stays open.
        let (mut app, _family, output) = at_work("app");
        app.kill().unwrap();
        assert_all_end(output);
        app.wait().unwrap();
    }
}
