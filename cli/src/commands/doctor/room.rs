//! Whether there is room for what is to be recorded.

use std::path::Path;

use super::check::Check;
use super::scene::Scene;

const NAME: &str = "disk room";
const MEND: &str =
    "make room on that file system, or move the database: a daemon that cannot write refuses events";

pub(super) fn check(scene: &Scene) -> Check {
    let folder =
        scene.database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match rustix::fs::statvfs(folder) {
        Ok(room) => {
            // File systems that make inodes as they need them say that they have none at all.
            let files = (room.f_files > 0).then_some(room.f_favail);
            judge(room.f_bavail.saturating_mul(room.f_frsize), files, folder)
        }
        Err(error) => {
            let reason = format_args!("cannot look at `{}`: {error}", folder.display());
            Check::fail(NAME, reason, "--db or AGENTRECEIPTS_DB names another database")
        }
    }
}

/// `bytes` and `files`: how much and how many more an ordinary user may write.
fn judge(bytes: u64, files: Option<u64>, folder: &Path) -> Check {
    let folder = folder.display();
    if files.is_some_and(|files| files < FEWEST_FILES) {
        return Check::fail(NAME, format_args!("no more files can be made in `{folder}`"), MEND);
    }
    let left = format!("{} MiB left for `{folder}`", bytes >> 20);
    if bytes < TOO_LITTLE {
        Check::fail(NAME, left, MEND)
    } else if bytes < LITTLE {
        Check::warn(NAME, left, MEND)
    } else {
        Check::ok(NAME, left)
    }
}

/// Bytes: the log of SQLite and a checkpoint of it may take as much.
const TOO_LITTLE: u64 = 64 << 20;
/// Bytes: about a million receipts.
const LITTLE: u64 = 1 << 30;
/// A database's side files, a key's rotation.
const FEWEST_FILES: u64 = 16;

#[cfg(test)]
mod tests {
    use super::super::check::Status;
    use super::*;

    #[test]
    fn little_room_is_told_before_there_is_none() {
        for (bytes, files, status) in [
            (0, None, Status::Fail),
            ((64 << 20) - 1, None, Status::Fail),
            (64 << 20, None, Status::Warn),
            ((1 << 30) - 1, None, Status::Warn),
            (1 << 30, None, Status::Ok),
            (1 << 40, Some(1_000), Status::Ok),
            (1 << 40, Some(15), Status::Fail),
        ] {
            let check = judge(bytes, files, Path::new("/d"));
            assert_eq!(check.status, status, "{check:?}");
            assert_eq!(check.mend.is_none(), status == Status::Ok);
        }
    }
}
