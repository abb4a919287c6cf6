//! The SHA-256 of a file.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use ring::digest::{Context, SHA256};
use rustix::fs::OFlags;

/// `sha256:<hex>` of a file's bytes, a piece at a time. No link is followed, and nothing waited for: somebody else may have put there
/// what has no end.
pub(crate) fn sha256_of(path: &Path) -> io::Result<String> {
    let about = path.symlink_metadata()?;
    if about.file_type().is_symlink() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a symbolic link"));
    }
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        let kind = if about.file_type().is_fifo() { "it is a FIFO" } else { "it is not a regular file" };
        return Err(io::Error::new(io::ErrorKind::InvalidInput, kind));
    }
    let mut context = Context::new(&SHA256);
    let mut piece = vec![0; 256 << 10];
    loop {
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => context.update(&piece[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let hex: String = context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("sha256:{hex}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_digest_of_all_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, "abc").unwrap();
        let known = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_of(&path).unwrap(), known);
        std::fs::write(&path, vec![0; 700_000]).unwrap();
        let long = sha256_of(&path).unwrap();
        std::fs::write(&path, vec![0; 700_001]).unwrap();
        assert_ne!(sha256_of(&path).unwrap(), long);
        assert!(sha256_of(&folder.path().join("none")).is_err());
    }
}
