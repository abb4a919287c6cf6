use std::path::Path;

use super::super::run::Report;

/// The most bytes that the emitter's shared library may have: what every agent loads.
pub(super) const EMITTER: u64 = 600_000;
/// The most bytes that it may have with the verifier.
pub(super) const VERIFIER: u64 = 1_750_000;

/// Fails where a shared library has grown beyond `most` bytes.
pub(super) fn check(library: &Path, most: u64, report: &mut Report) {
    match judge(library, most) {
        Ok(size) => println!("\n==> `{}` has {size} bytes, of {most} at most", library.display()),
        Err(why) => report.failed("the size of the C library", &why),
    }
}

fn judge(library: &Path, most: u64) -> Result<u64, String> {
    let size = std::fs::metadata(library).map_err(|error| format!("`{}`: {error}", library.display()))?.len();
    if size > most {
        return Err(format!("`{}` has {size} bytes (max {most})", library.display()));
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_too_many_is_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("lib.so");
        assert!(judge(&library, 3).is_err(), "a library that is not there");
        std::fs::write(&library, "abc").unwrap();
        assert_eq!(judge(&library, 3), Ok(3));
        assert!(judge(&library, 2).unwrap_err().contains("has 3 bytes (max 2)"));
    }
}
