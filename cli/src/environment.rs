//! The environment, asked in one place, so that tests can give another.

use std::ffi::OsString;
use std::path::PathBuf;

type Lookup = Box<dyn Fn(&str) -> Option<OsString>>;

/// Looks environment variables up. An empty value counts as unset, as it does for the daemon and the emitters.
pub(crate) struct Environment {
    lookup: Lookup,
}

impl Environment {
    /// The environment of this process.
    pub(crate) fn of_process() -> Self {
        Self { lookup: Box::new(|name| std::env::var_os(name)) }
    }

    /// A made-up environment.
    #[cfg(test)]
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        let pairs: Vec<(String, OsString)> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(*value))).collect();
        Self {
            lookup: Box::new(move |name| {
                pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
            }),
        }
    }

    /// A variable that need not be UTF-8.
    pub(crate) fn os(&self, name: &str) -> Option<OsString> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// A variable that names a path.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.os(name).map(PathBuf::from)
    }

    /// A variable that names an absolute path; a relative one would mean another place in every working directory.
    pub(crate) fn absolute_path(&self, name: &str) -> Option<PathBuf> {
        self.path(name).filter(|path| path.is_absolute())
    }

    /// A variable that holds text. One that is not UTF-8 is no text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.os(name).and_then(|value| value.into_string().ok())
    }
}
