//! Who may read and write the files of the database.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::check::Check;
use super::scene::Scene;

const NAME: &str = "db permissions";
/// At most: the owner writes, the group reads.
const CAP: u32 = 0o640;
const STICKY: u32 = 0o1000;
const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];

pub(super) fn check(scene: &Scene) -> Check {
    let mut seen = Vec::new();
    for suffix in SUFFIXES {
        let path = beside(&scene.database, suffix);
        match mode_of(&path, suffix) {
            Ok(Some(mode)) => seen.push(format!("{}{suffix} {mode:04o}", name(&scene.database))),
            Ok(None) => {}
            Err(fault) => return fault,
        }
    }
    match loose_directory(&scene.database) {
        Some(mode) => Check::fail(
            NAME,
            format_args!("the database's directory has mode {mode:04o}: others can replace the database"),
            "take the right to write from others, as by `chmod o-w`",
        ),
        None => Check::ok(NAME, seen.join(", ")),
    }
}

/// The mode of one file, none for a side file that is not there, or what is wrong with it.
fn mode_of(path: &Path, suffix: &str) -> Result<Option<u32>, Check> {
    let shown = path.display();
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound && !suffix.is_empty() => return Ok(None),
        Err(error) => {
            let mend = "the daemon makes its database when it starts; --db names another";
            return Err(Check::fail(NAME, format_args!("cannot look at `{shown}`: {error}"), mend));
        }
    };
    if !metadata.is_file() {
        let mend = "name the database itself with --db; the daemon opens no link";
        return Err(Check::fail(NAME, format_args!("`{shown}` is not a regular file"), mend));
    }
    let mode = metadata.mode() & 0o7777;
    if mode & !CAP != 0 {
        let reason =
            format_args!("`{shown}` has mode {mode:04o}: others may read or change what was recorded");
        return Err(Check::fail(NAME, reason, format_args!("`chmod 640 {shown}`")));
    }
    Ok(Some(mode))
}

fn loose_directory(database: &Path) -> Option<u32> {
    let mode = fs::metadata(database.canonicalize().ok()?.parent()?).ok()?.mode() & 0o7777;
    (mode & 0o002 != 0 && mode & STICKY == 0).then_some(mode)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
