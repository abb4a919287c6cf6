//! Chains of a file: one receipt a line, as `export` writes them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agent_receipts_chain::{Examined, KeyRing, Options, examine};
use agent_receipts_core::{DecodeError, Received};

use super::report::Report;
use super::stored::Extent;
use super::trust::Trust;
use super::walk::Walk;

/// Why a file of receipts cannot be verified at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum LinesError {
    /// It cannot be read.
    #[error("could not read `{}`: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is longer than any receipt.
    #[error("line {line} of `{}` is longer than {MAX_LINE} bytes", path.display())]
    LineTooLong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
    },
    /// It holds more chains than are followed at a time.
    #[error("`{}` holds more than {MAX_CHAINS} chains", path.display())]
    TooManyChains {
        /// The file.
        path: PathBuf,
    },
}

/// The longest line that is read. A frame is 1 MiB at most; its receipt, HTML-escaped, some six times that.
const MAX_LINE: u64 = 16 << 20;
/// Each chain that is followed takes some memory.
const MAX_CHAINS: usize = 10_000;
/// The chain of lines that cannot be read, where no line before them named one.
const NO_CHAIN: &str = "(unreadable)";

/// Verifies every chain of the file, or the one asked for. A line that cannot be read breaks the chain of the line before
/// it. The file is read twice, for the rotations first; what comes from a pipe is kept in an unnamed file until then.
pub(crate) fn verify_lines(
    path: &Path,
    trust: &Trust,
    only: Option<&str>,
    options: &Options,
    extent: Extent,
) -> Result<Report, LinesError> {
    let unreadable = |source| LinesError::Unreadable { path: path.to_owned(), source };
    let mut file = open_lines(path).map_err(unreadable)?;
    let ring = lineage(path, &mut file, trust)?;
    let notes = trust.notes(&ring);
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let (ring, walks, places) = (ring.into(), Vec::new(), HashMap::new());
    let mut chains = Chains { ring, options, only, walks, places, last: None, broken: false };
    each_text(path, &mut file, |line| {
        let passes = extent == Extent::UntilBroken && chains.broken;
        match passes || chains.take(line) {
            true => Ok(()),
            false => Err(LinesError::TooManyChains { path: path.to_owned() }),
        }
    })?;
    let stopped = extent == Extent::UntilBroken && chains.broken;
    let report = Report::over(chains.walks.into_iter().map(Walk::finish).collect(), notes);
    Ok(if stopped { report.stopped_early() } else { report })
}

/// The file, or what came from standard input (`-`) or a pipe kept in an unnamed file, at its beginning.
pub(crate) fn open_lines(path: &Path) -> io::Result<File> {
    let mut file = if path == Path::new("-") { None } else { Some(File::open(path)?) };
    if let Some(file) = file.take_if(|file| file.metadata().is_ok_and(|metadata| metadata.is_file())) {
        return Ok(file);
    }
    let mut kept = unnamed_file()?;
    match file {
        Some(mut pipe) => io::copy(&mut pipe, &mut kept)?,
        None => io::copy(&mut io::stdin().lock(), &mut kept)?,
    };
    kept.seek(SeekFrom::Start(0))?;
    Ok(kept)
}

/// A file without a name, gone with us.
fn unnamed_file() -> io::Result<File> {
    let path = std::env::temp_dir().join(format!("agent-receipts-{}", uuid::Uuid::new_v4()));
    let mut options = File::options();
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

fn lineage(path: &Path, file: &mut File, trust: &Trust) -> Result<KeyRing, LinesError> {
    let mut lineage = trust.lineage();
    each_text(path, file, |line| {
        if let Ok(received) = Received::parse(line) {
            lineage.observe(&received.receipt().subject.chain.chain_id, line);
        }
        Ok(())
    })?;
    Ok(lineage.resolve())
}

/// Gives every line that is not blank to `each`, without its end.
fn each_text(
    path: &Path,
    file: &mut File,
    mut each: impl FnMut(&[u8]) -> Result<(), LinesError>,
) -> Result<(), LinesError> {
    each_line(path, file, |_, line| each(line))
}

/// Gives every line that is not blank to `each`, with its number from 1 and without its end.
pub(crate) fn each_line<E: From<LinesError>>(
    path: &Path,
    file: &mut File,
    mut each: impl FnMut(u64, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut reader = BufReader::with_capacity(256 << 10, file);
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        number += 1;
        let read = reader.by_ref().take(MAX_LINE + 1).read_until(b'\n', &mut line);
        match read.map_err(|source| LinesError::Unreadable { path: path.to_owned(), source })? {
            0 => return Ok(()),
            length if length as u64 > MAX_LINE => {
                return Err(LinesError::LineTooLong { path: path.to_owned(), line: number }.into());
            }
            _ => {}
        }
        let text = line.trim_ascii();
        if !text.is_empty() {
            each(number, text)?;
        }
    }
}

/// The chains of a file in the order of their first lines.
struct Chains<'a> {
    ring: Arc<KeyRing>,
    options: &'a Options,
    only: Option<&'a str>,
    walks: Vec<Walk>,
    places: HashMap<String, usize>,
    last: Option<usize>,
    /// One of them is.
    broken: bool,
}

impl Chains<'_> {
    /// Takes a line; false if there are too many chains.
    fn take(&mut self, line: &[u8]) -> bool {
        let received = Received::parse(line);
        let place = match &received {
            Ok(received) => {
                let chain_id = &received.receipt().subject.chain.chain_id;
                if self.only.is_some_and(|only| only != chain_id) {
                    return true;
                }
                match self.place_of(chain_id) {
                    Some(place) => place,
                    None => return false,
                }
            }
            Err(_) => match self.last {
                Some(place) => place,
                // An unreadable first line is nobody's, and must not pass for nothing.
                None => match self.place_of(self.only.unwrap_or(NO_CHAIN)) {
                    Some(place) => place,
                    None => return false,
                },
            },
        };
        self.last = Some(place);
        let walk = &mut self.walks[place];
        let key = walk.verifier().active_key();
        let receipt: Result<Examined, DecodeError> = received.map(|received| examine(received, &key));
        walk.take(receipt);
        self.broken |= walk.verifier().is_broken();
        true
    }

    fn place_of(&mut self, chain_id: &str) -> Option<usize> {
        if let Some(place) = self.places.get(chain_id) {
            return Some(*place);
        }
        if self.walks.len() == MAX_CHAINS {
            return None;
        }
        self.walks.push(Walk::new(chain_id, Arc::clone(&self.ring), self.options));
        self.places.insert(chain_id.to_owned(), self.walks.len() - 1);
        Some(self.walks.len() - 1)
    }
}
