//! One drop file: a number, locked while it is read or changed.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::error::DropFileError;
use super::error::system;
use crate::event::MAX_DROP_COUNT;
use crate::private_folder::own_uid;
use crate::sys::after;

/// An open drop file, which nobody else changes or removes while this exists.
#[derive(Debug)]
pub(super) struct Record {
    folder: OwnedFd,
    file: Locked,
    name: String,
    path: PathBuf,
}

impl Record {
    /// Opens and locks the file `name` in `folder`, waiting at most for `patience`; `None` if there is no such file
    /// and none is to be made.
    pub(super) fn open(
        folder: OwnedFd,
        folder_path: &Path,
        name: &str,
        make: bool,
        patience: Duration,
    ) -> Result<Option<Self>, DropFileError> {
        let (path, end) = (folder_path.join(name), after(patience));
        loop {
            let Some(file) = open_file(&folder, name, make).map_err(|error| refusal(error, &path))? else {
                return Ok(None);
            };
            check(&file, &path)?;
            let file = Locked::by(file, &path, end)?;
            // Whoever held the lock before may have removed the file: then this is one that nobody will find.
            if look_at(&file.0, &path)?.st_nlink > 0 {
                return Ok(Some(Self { folder, file, name: name.to_owned(), path }));
            }
            if Instant::now() >= end {
                return Err(DropFileError::Locked { path });
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The count; 0 in a file that was made and not written.
    pub(super) fn count(&self) -> Result<u64, DropFileError> {
        let mut text = [0; LENGTH + 1];
        let length = rustix::io::retry_on_intr(|| rustix::io::pread(&self.file.0, &mut text, 0))
            .map_err(|error| system("read", &self.path)(error.into()))?;
        match parse(&text[..length]) {
            Some(count) => Ok(count),
            None => Err(self.not_ours("it does not hold a count: remove it")),
        }
    }

    /// Adds to the count, which stops where the protocol does.
    pub(super) fn add(&self, more: u64) -> Result<(), DropFileError> {
        let count = self.count()?;
        self.write(count.saturating_add(more).min(MAX_DROP_COUNT)).inspect_err(|_| {
            if count == 0 {
                self.remove();
            }
        })
    }

    /// When it was last written, in seconds since 1970.
    pub(super) fn touched(&self) -> Option<i64> {
        look_at(&self.file.0, &self.path).ok().map(|found| found.st_mtime)
    }

    /// Takes the count away, for it has been told.
    pub(super) fn settle(self) {
        // The write is what counts: a file that cannot be removed tells nothing any more.
        let _ = self.write(0);
        self.remove();
    }

    pub(super) fn remove(&self) {
        let _ = rustix::fs::unlinkat(&self.folder, self.name.as_str(), AtFlags::empty());
    }

    /// One call of one length: a process that is killed leaves the old count or the new one.
    fn write(&self, count: u64) -> Result<(), DropFileError> {
        let text = format!("{count:0width$}\n", width = LENGTH - 1);
        let written = rustix::io::retry_on_intr(|| rustix::io::pwrite(&self.file.0, text.as_bytes(), 0));
        match written.map_err(|error| system("write", &self.path)(error.into()))? {
            LENGTH => Ok(()),
            _ => Err(system("write", &self.path)(std::io::ErrorKind::WriteZero.into())),
        }
    }

    fn not_ours(&self, fault: &'static str) -> DropFileError {
        DropFileError::NotADropFile { path: self.path.clone(), fault }
    }
}

/// A file under an exclusive lock.
#[derive(Debug)]
struct Locked(OwnedFd);

impl Locked {
    fn by(file: OwnedFd, path: &Path, end: Instant) -> Result<Self, DropFileError> {
        loop {
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self(file)),
                Err(Errno::INTR) => {}
                Err(Errno::WOULDBLOCK) if Instant::now() < end => thread::sleep(PAUSE),
                Err(Errno::WOULDBLOCK) => return Err(DropFileError::Locked { path: path.to_owned() }),
                Err(error) => return Err(system("lock", path)(error.into())),
            }
        }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Said, not left to closing: a child forked off meanwhile holds a copy, and with it the lock.
        let _ = rustix::fs::flock(&self.0, FlockOperation::Unlock);
    }
}

fn open_file(folder: &OwnedFd, name: &str, make: bool) -> Result<Option<OwnedFd>, Errno> {
    let mut flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    flags.set(OFlags::CREATE, make);
    match rustix::io::retry_on_intr(|| rustix::fs::openat(folder, name, flags, Mode::RUSR | Mode::WUSR)) {
        Ok(file) => Ok(Some(file)),
        Err(Errno::NOENT) if !make => Ok(None),
        Err(error) => Err(error),
    }
}

fn refusal(error: Errno, path: &Path) -> DropFileError {
    let fault = match error {
        Errno::LOOP => "it is a link",
        Errno::ISDIR => "it is a folder",
        // A socket, or a device without a driver.
        Errno::NXIO | Errno::NODEV => "it is no plain file",
        error => return system("open", path)(error.into()),
    };
    DropFileError::NotADropFile { path: path.to_owned(), fault }
}

fn check(file: &OwnedFd, path: &Path) -> Result<(), DropFileError> {
    let found = look_at(file, path)?;
    let fault = if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        "it is no plain file"
    } else if found.st_uid != own_uid() {
        "it belongs to another user"
    } else if Mode::from_raw_mode(found.st_mode).intersects(Mode::RWXG | Mode::RWXO) {
        "it is open to others: chmod 600 it"
    } else if found.st_nlink > 1 {
        "it has another name"
    } else {
        return Ok(());
    };
    Err(DropFileError::NotADropFile { path: path.to_owned(), fault })
}

fn look_at(file: &OwnedFd, path: &Path) -> Result<Stat, DropFileError> {
    rustix::fs::fstat(file).map_err(|error| system("look at", path)(error.into()))
}

/// Sixteen digits, the most that a count may have, and a line feed; or nothing at all.
fn parse(text: &[u8]) -> Option<u64> {
    match text {
        [] => Some(0),
        [digits @ .., b'\n'] if text.len() == LENGTH && digits.iter().all(u8::is_ascii_digit) => {
            std::str::from_utf8(digits).ok()?.parse().ok().filter(|count| *count <= MAX_DROP_COUNT)
        }
        _ => None,
    }
}

const LENGTH: usize = 17;
const PAUSE: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_written_is_read() {
        assert_eq!(parse(b""), Some(0));
        assert_eq!(parse(b"0000000000000000\n"), Some(0));
        assert_eq!(parse(b"0000000000000012\n"), Some(12));
        assert_eq!(parse(b"9007199254740991\n"), Some(MAX_DROP_COUNT));
        for garbage in [
            "9007199254740992\n",
            "9999999999999999\n",
            "12\n",
            "0000000000000012",
            "00000000000000012",
            "-000000000000012\n",
            "+000000000000012\n",
            "000000000000012 \n",
            "0x00000000000012\n",
            "0000000000000012\n\n",
            "\n",
            " ",
            "0000000000000 12\n",
            "é00000000000012\n",
        ] {
            assert_eq!(parse(garbage.as_bytes()), None, "{garbage:?}");
        }
    }
}
