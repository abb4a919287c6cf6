use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Writes a file, its folder first if need be.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

/// An empty folder, whatever stood there before.
pub(super) fn empty(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(folder)
}

/// Copies a folder's files into another one, those of its folders too.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The files of a folder, but not of its folders, whose name ends so, in the order of their names.
pub(super) fn all(folder: &Path, ending: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The one file of a folder whose name ends so.
pub(super) fn only(folder: &Path, ending: &str) -> io::Result<PathBuf> {
    let mut found = all(folder, ending)?;
    match found.pop() {
        Some(path) if found.is_empty() => Ok(path),
        _ => Err(io::Error::other(format!("`{}` does not hold one file `*{ending}`", folder.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emptied_folder_is_empty_whether_it_was_there_or_not() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/b");
        for _ in 0..2 {
            empty(&folder).unwrap();
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
            write(&folder.join("c/d.txt"), "d").unwrap();
        }
    }

    #[test]
    fn a_copy_has_the_files_of_all_folders() {
        let home = tempfile::tempdir().unwrap();
        write(&home.path().join("from/a/b.txt"), "b").unwrap();
        copy(&home.path().join("from"), &home.path().join("to")).unwrap();
        assert_eq!(fs::read_to_string(home.path().join("to/a/b.txt")).unwrap(), "b");
    }

    #[test]
    fn all_files_are_found_in_order_and_those_of_inner_folders_are_not() {
        let home = tempfile::tempdir().unwrap();
        for name in ["b.test.mjs", "a.test.mjs", "inner/c.test.mjs", "d.mjs"] {
            write(&home.path().join(name), "").unwrap();
        }
        let found = all(home.path(), ".test.mjs").unwrap();
        assert_eq!(found, [home.path().join("a.test.mjs"), home.path().join("b.test.mjs")]);
    }

    #[test]
    fn one_file_is_found_and_none_or_two_are_an_error() {
        let home = tempfile::tempdir().unwrap();
        assert!(only(home.path(), ".whl").is_err());
        write(&home.path().join("a.whl"), "").unwrap();
        assert_eq!(only(home.path(), ".whl").unwrap(), home.path().join("a.whl"));
        write(&home.path().join("b.whl"), "").unwrap();
        assert!(only(home.path(), ".whl").is_err());
    }
}
