//! Who holds the database for writing.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::check::Check;
use super::listener::Listener;
use super::scene::Scene;

const NAME: &str = "writer lock";

/// Looks at the kernel's list of locks, since to try the lock would be to hold it for a moment, in which a daemon could not
/// start.
pub(super) fn check(scene: &Scene, listener: &Listener) -> Check {
    let (Ok(_), Ok(database)) = (locks(), fs::metadata(&scene.database)) else {
        return Check::ok(
            NAME,
            "not looked at: this system does not list its locks, or there is no database",
        );
    };
    let look = || holder(&locks().ok()?, database.dev(), database.ino());
    let holder = (0..LOOKS).find_map(|_| look());
    let listening = listener.answer.as_ref().ok().map(|peer| peer.pid);
    judge(holder, listening, &scene.database)
}

fn locks() -> io::Result<String> {
    fs::read_to_string("/proc/locks")
}

/// The kernel gives its list page by page, and one that changes in between may lack a lock that is held all the time.
const LOOKS: usize = 5;

/// `holder`: the process that holds the lock, 0 where it is of another process namespace. `listening`: who answers.
fn judge(holder: Option<i32>, listening: Option<i32>, database: &Path) -> Check {
    let database = database.display();
    match (holder, listening) {
        (None, None) => Check::ok(NAME, "free: no daemon writes the database"),
        (None, Some(pid)) => Check::fail(
            NAME,
            format_args!(
                "process {pid} listens, and nobody holds `{database}`: it writes another, or is no daemon of ours"
            ),
            "name that daemon's database with --db, or its socket with --socket",
        ),
        (Some(holder), None) => Check::warn(
            NAME,
            format_args!("process {holder} holds `{database}`, and nobody answers at the socket"),
            "name that daemon's own socket with --socket; if it hangs, restart it",
        ),
        (Some(holder), Some(pid)) if holder != 0 && pid != 0 && holder != pid => Check::fail(
            NAME,
            format_args!("process {holder} holds `{database}`, and process {pid} listens at the socket"),
            "two daemons run: stop one, or name the socket and the database of the same one",
        ),
        (Some(_), Some(pid)) => {
            Check::ok(NAME, format_args!("held by the daemon that listens, process {pid}"))
        }
    }
}

/// The process with an exclusive `flock` on a file, from lines such as
/// `1: FLOCK  ADVISORY  WRITE 4242 fe:00:1234 0 EOF`.
fn holder(locks: &str, device: u64, inode: u64) -> Option<i32> {
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let wanted = format!("{major:02x}:{minor:02x}:{inode}");
    locks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, "WRITE", pid, file, ..] = words[..] else { return None };
        (file == wanted).then(|| pid.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::super::check::Status;
    use super::*;

    const LOCKS: &str = "1: POSIX  ADVISORY  READ  11 fe:00:77 128 128\n\
                         2: FLOCK  ADVISORY  WRITE 12 fe:00:77 0 EOF\n\
                         2: -> FLOCK  ADVISORY  WRITE 13 fe:00:78 0 EOF\n\
                         3: FLOCK  ADVISORY  READ  14 fe:00:79 0 EOF\n\
                         nonsense\n";

    #[test]
    fn only_an_exclusive_lock_on_the_very_file_counts() {
        let device = rustix::fs::makedev(0xfe, 0);
        assert_eq!(holder(LOCKS, device, 77), Some(12));
        for inode in [7, 78, 79] {
            assert_eq!(holder(LOCKS, device, inode), None, "{inode}");
        }
        assert_eq!(holder(LOCKS, rustix::fs::makedev(0xfe, 1), 77), None);
        assert_eq!(holder("", device, 77), None);
    }

    #[test]
    fn who_listens_must_be_who_writes() {
        let status = |holder, listening| judge(holder, listening, Path::new("/r.db")).status;
        assert_eq!(status(None, None), Status::Ok);
        assert_eq!(status(Some(5), Some(5)), Status::Ok);
        assert_eq!(status(Some(5), Some(6)), Status::Fail);
        assert_eq!(status(None, Some(6)), Status::Fail);
        assert_eq!(status(Some(5), None), Status::Warn);
        // Of a process in another namespace nothing is known but that it is there.
        assert_eq!(status(Some(0), Some(6)), Status::Ok);
        assert_eq!(status(Some(5), Some(0)), Status::Ok);
    }
}
