//! Copies of what a file was before it was changed, beside it: `<file>.agent-receipts-<UTC time>.bak`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Makes one, on disk but for its name, which the caller's sync of the folder makes last. Nobody but the owner reads it.
pub(super) fn make(target: &Path, bytes: &[u8], mode: u32, stamp: &str) -> io::Result<PathBuf> {
    let mut attempt = 0;
    loop {
        let number = if attempt == 0 { String::new() } else { format!("-{attempt}") };
        let path = with_ending(target, &format!("{MARK}{stamp}{number}{ENDING}"));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < MOST => attempt += 1,
            Err(error) => return Err(error),
            Ok(mut file) => {
                let written = file.write_all(bytes).and_then(|()| {
                    file.set_permissions(fs::Permissions::from_mode(mode & 0o600))?;
                    file.sync_all()
                });
                return match written {
                    Ok(()) => Ok(path),
                    Err(error) => {
                        let _ = fs::remove_file(&path);
                        Err(error)
                    }
                };
            }
        }
    }
}

/// Those of a file, newest first.
pub(super) fn existing(target: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else { return Vec::new() };
    let beginning = format!("{}{MARK}", name.to_string_lossy());
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut found: Vec<(String, u32, PathBuf)> = names
        .filter_map(|name| {
            let middle = name.strip_prefix(&beginning)?.strip_suffix(ENDING)?;
            let (stamp, number) = middle.split_once('-').unwrap_or((middle, "0"));
            Some((stamp.to_owned(), number.parse().ok()?, folder.join(&name)))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, _, path)| path).take(MOST as usize).collect()
}

/// A path with something behind its last name.
pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.to_owned().into_os_string();
    path.push(ending);
    PathBuf::from(path)
}

const MARK: &str = ".agent-receipts-";
const ENDING: &str = ".bak";
/// Of one second, and of those that are looked at.
const MOST: u32 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_comes_first_and_none_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x.json");
        let first = make(&target, b"1", 0o644, "20261122T150000Z").unwrap();
        let second = make(&target, b"2", 0o400, "20261122T150000Z").unwrap();
        let third = make(&target, b"3", 0o644, "20261122T150001Z").unwrap();
        fs::write(folder.path().join("y.json.agent-receipts-20261122T150002Z.bak"), "").unwrap();
        fs::write(folder.path().join("x.json.agent-receipts-20261122T150002Z-x.bak"), "").unwrap();
        assert_eq!(existing(&target), [third, second.clone(), first.clone()]);
        assert_eq!(fs::read(&first).unwrap(), b"1");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&first), mode(&second)), (0o600, 0o400));
    }
}
