//! The TOML file as a source of settings.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::ConfigError;
use super::settings::Settings;

/// Reads the file at `path`. A `required` file must be there; another may be missing, which is `None`.
pub(crate) fn load(path: &Path, required: bool) -> Result<Option<Settings>, ConfigError> {
    if path.as_os_str().is_empty() {
        return Err(ConfigError::EmptyFilePath);
    }
    let file = match File::open(path) {
        Ok(file) => file,
        // A dangling link was put there by somebody who wanted a configuration: it is not a missing file.
        Err(e) if e.kind() == ErrorKind::NotFound && !required && fs::symlink_metadata(path).is_err() => {
            return Ok(None);
        }
        Err(e) if e.kind() == ErrorKind::NotFound => {
            return Err(ConfigError::MissingFile { path: path.to_owned() });
        }
        Err(e) => return Err(unreadable(path, e.kind())),
    };
    parse(&read(file, path)?, path).map(Some)
}

fn read(file: File, path: &Path) -> Result<String, ConfigError> {
    let about = file.metadata().map_err(|e| unreadable(path, e.kind()))?;
    if about.is_file() && about.mode() & 0o002 != 0 {
        return Err(ConfigError::WorldWritableFile { path: path.to_owned() });
    }
    let mut text = String::new();
    file.take(MAX_SIZE + 1).read_to_string(&mut text).map_err(|e| unreadable(path, e.kind()))?;
    if text.len() as u64 > MAX_SIZE {
        return Err(ConfigError::OversizeFile { path: path.to_owned() });
    }
    Ok(text)
}

fn unreadable(path: &Path, kind: ErrorKind) -> ConfigError {
    ConfigError::UnreadableFile { path: path.to_owned(), kind }
}

fn parse(text: &str, path: &Path) -> Result<Settings, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        ConfigError::MalformedFile {
            path: path.to_owned(),
            line: 1 + text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count(),
            reason: error.message().to_owned(),
        }
    })
}

/// Bytes. Checked while reading, so that a device or an endless pipe cannot fill the memory.
const MAX_SIZE: u64 = 1 << 20;
