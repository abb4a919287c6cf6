//! What bounds the files of sessions that never come back.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, Dir, FileType};

use super::name::is_file_name;
use super::record::Record;
use crate::private_folder::own_uid;

/// Makes room for one more file: removes those that nobody has touched for [`AGE`], and the oldest until fewer than [`MOST`] are
/// left. Their counts are lost. One that is in use stays, and so does whatever is none of ours.
pub(super) fn make_room(folder: &OwnedFd, path: &Path, now: SystemTime) {
    let now = seconds(now);
    let mut files = files(folder);
    files.sort_unstable();
    let surplus = (files.len() + 1).saturating_sub(MOST);
    for (at, (touched, name)) in files.iter().enumerate() {
        if at < surplus || touched.saturating_add(AGE.as_secs() as i64) < now {
            remove(folder, path, name, *touched);
        }
    }
}

/// When each was last written, in seconds since 1970, and its name.
fn files(folder: &OwnedFd) -> Vec<(i64, String)> {
    let Ok(entries) = Dir::read_from(folder) else { return Vec::new() };
    let names = entries.filter_map(Result::ok).map(|entry| entry.file_name().to_owned());
    names
        .filter(|name| is_file_name(name.to_bytes()))
        .take(MOST_LOOKED_AT)
        .filter_map(|name| {
            let found = rustix::fs::statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
            let ours =
                found.st_uid == own_uid() && FileType::from_raw_mode(found.st_mode) == FileType::RegularFile;
            ours.then_some((found.st_mtime as i64, name.into_string().ok()?))
        })
        .collect()
}

/// Removes one, unless somebody has written to it since it was looked at.
fn remove(folder: &OwnedFd, path: &Path, name: &str, touched: i64) {
    let Ok(folder) = rustix::io::fcntl_dupfd_cloexec(folder, 0) else { return };
    if let Ok(Some(record)) = Record::open(folder, path, name, false, Duration::ZERO)
        && record.touched() == Some(touched)
    {
        record.remove();
    }
}

fn seconds(now: SystemTime) -> i64 {
    now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}

/// Files in one folder.
pub(super) const MOST: usize = 256;
pub(super) const AGE: Duration = Duration::from_secs(30 * 24 * 3600);
/// Who fills the folder with more than that holds up nobody.
const MOST_LOOKED_AT: usize = 4 * MOST;

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::path::PathBuf;

    use rustix::fs::{FlockOperation, Mode, OFlags};

    fn folder() -> (tempfile::TempDir, OwnedFd) {
        let dir = tempfile::tempdir().unwrap();
        let open = rustix::fs::open(dir.path(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
        (dir, open)
    }

    /// A drop file that was written so many seconds before `now()`.
    fn file(dir: &Path, name: &str, age: u64) -> PathBuf {
        let path = dir.join(name);
        let flags = OFlags::CREATE | OFlags::WRONLY;
        let file = File::from(rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR).unwrap());
        file.set_modified(now() - Duration::from_secs(age)).unwrap();
        path
    }

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    fn left(dir: &Path) -> usize {
        fs::read_dir(dir).unwrap().count()
    }

    #[test]
    fn what_nobody_has_touched_for_a_month_goes() {
        let (dir, open) = folder();
        let (old, young) =
            (file(dir.path(), "old", AGE.as_secs() + 1), file(dir.path(), "young", AGE.as_secs()));
        make_room(&open, dir.path(), now());
        assert_eq!((old.exists(), young.exists()), (false, true));
        // A clock that was set back makes nothing old.
        make_room(&open, dir.path(), UNIX_EPOCH - Duration::from_secs(9));
        assert!(young.exists());
    }

    #[test]
    fn what_was_written_since_it_was_looked_at_stays() {
        let (dir, open) = folder();
        let old = file(dir.path(), "old", AGE.as_secs() + 1);
        let touched = files(&open)[0].0;
        remove(&open, dir.path(), "old", touched - 1);
        assert!(old.exists());
        remove(&open, dir.path(), "old", touched);
        assert!(!old.exists());
    }

    #[test]
    fn beyond_the_most_the_oldest_go() {
        let (dir, open) = folder();
        (0..MOST + 5).for_each(|age| drop(file(dir.path(), &format!("s-{age}"), age as u64)));
        make_room(&open, dir.path(), now());
        assert_eq!(left(dir.path()), MOST - 1);
        assert!(dir.path().join("s-0").exists() && dir.path().join("s-254").exists());
        assert!(!dir.path().join("s-255").exists() && !dir.path().join("s-260").exists());
    }

    #[test]
    fn what_is_in_use_or_none_of_ours_stays() {
        let (dir, open) = folder();
        let in_use = file(dir.path(), "in-use", AGE.as_secs() * 2);
        let holder = File::open(&in_use).unwrap();
        rustix::fs::flock(&holder, FlockOperation::LockExclusive).unwrap();
        let other = file(dir.path(), "Notes.txt", AGE.as_secs() * 2);
        fs::create_dir(dir.path().join("folder")).unwrap();
        std::os::unix::fs::symlink(&other, dir.path().join("link")).unwrap();
        make_room(&open, dir.path(), now());
        assert_eq!(left(dir.path()), 4);
        drop(holder);
        make_room(&open, dir.path(), now());
        assert_eq!((left(dir.path()), in_use.exists()), (3, false));
    }
}
