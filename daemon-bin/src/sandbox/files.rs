//! Landlock: which files are left, and that nothing outside is signalled or dialled by an abstract name or over TCP.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, PathBeneath, PathFd, RestrictionStatus, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
};

use crate::config::Config;
use crate::startup::create_private_folder;

/// What came of it.
pub(super) struct Confined {
    /// Whether anything is enforced at all.
    pub(super) enforced: bool,
    /// A line for the log.
    pub(super) said: String,
}

/// Confines the calling thread, and those that it starts.
pub(super) fn confine(config: &Config) -> Confined {
    make_folders(config);
    let folders = own_folders(config);
    let names = || folders.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join("`, `");
    let (enforced, said) = match restrict(config, &folders).map(|status| status.ruleset) {
        Ok(RulesetStatus::FullyEnforced) => (true, format!("Landlock leaves the files in `{}`", names())),
        Ok(RulesetStatus::PartiallyEnforced) => {
            (true, format!("Landlock, as far as this kernel has it, leaves the files in `{}`", names()))
        }
        Ok(RulesetStatus::NotEnforced) => {
            (false, "files are NOT confined: this kernel has no Landlock".to_owned())
        }
        Err(error) => (false, format!("files are NOT confined: {error}")),
    };
    Confined { enforced, said }
}

fn restrict(config: &Config, folders: &BTreeSet<PathBuf>) -> Result<RestrictionStatus, Box<dyn Error>> {
    let own = AccessFs::from_all(KNOWN)
        & !(AccessFs::Execute | AccessFs::MakeBlock | AccessFs::MakeChar | AccessFs::IoctlDev);
    let read: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(KNOWN))?
        .handle_access(AccessNet::from_all(KNOWN))?
        .scope(Scope::from_all(KNOWN))?
        .create()?;
    for folder in folders {
        // A folder of ours that cannot be looked at would be a daemon that cannot write: that is an error.
        ruleset = ruleset.add_rule(PathBeneath::new(PathFd::new(folder)?, own))?;
    }
    let given = config.redact_patterns.iter().chain(&config.forensic_public_key);
    Ok(ruleset
        .add_rules(path_beneath_rules(USER_DATABASE.iter().chain(&OWN_MEANS), read))?
        .add_rules(path_beneath_rules(given, read))?
        .restrict_self()?)
}

/// The folders that the daemon writes to: rotation replaces keys, SQLite makes side files, the socket is removed at the end.
fn own_folders(config: &Config) -> BTreeSet<PathBuf> {
    let files = [&config.db, &config.key, &config.public_key, &config.socket];
    files
        .into_iter()
        .chain(&config.anchor_log)
        .chain(&config.control_socket)
        .map(|file| existing(folder_of(file)))
        .collect()
}

/// Makes what the start would make in a moment, since a rule must have a folder to stand on; without a key there is no start.
/// What cannot be made is reported by whoever needs it.
fn make_folders(config: &Config) {
    if config.key.exists() {
        for file in [&config.db, &config.socket] {
            let _ = create_private_folder(folder_of(file));
        }
    }
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The folder, or the nearest one above it that exists.
fn existing(folder: &Path) -> PathBuf {
    let real = folder.ancestors().find_map(|folder| folder.canonicalize().ok());
    real.unwrap_or_else(|| PathBuf::from("."))
}

/// The newest interface whose rights are known here; an older kernel enforces what it has. Bound to what was tested, not to
/// what the crate knows: a later one may forbid what is needed.
const KNOWN: ABI = ABI::V6;

/// What the host's user database may consist of, so that a receipt can name the login behind a uid: its files, and the
/// libraries that look it up. Folders rather than files, because an account that is added replaces the file.
const USER_DATABASE: [&str; 8] =
    ["/etc", "/usr", "/lib", "/lib64", "/nix/store", "/run/systemd/userdb", "/run/nscd", "/var/lib/sss"];

/// Opened again after a descriptor had to be given up; chance for older kernels; and how many cores this process may use.
const OWN_MEANS: [&str; 4] = ["/dev/null", "/dev/urandom", "/proc/self", "/sys/fs/cgroup"];
