use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{PackageError, run};
use crate::workspace::Workspace;

/// The folder that becomes the package: the system's root, as far as the package fills it.
pub(super) struct Stage<'w> {
    root: PathBuf,
    workspace: &'w Workspace,
}

/// What there is to be run.
const PROGRAMS: [&str; 5] = [
    "agent-receipts",
    "agent-receipts-daemon",
    "agent-receipts-anchor",
    "agent-receipts-hook",
    "agent-receipts-mcp",
];

/// Files of the checkout that are packaged as they are.
const AS_THEY_ARE: &[(&str, &str)] = &[
    (
        "cli/packaging/systemd/system/agent-receipts-daemon.service",
        "usr/lib/systemd/system/agent-receipts-daemon.service",
    ),
    (
        "cli/packaging/systemd/system/agent-receipts-daemon.socket",
        "usr/lib/systemd/system/agent-receipts-daemon.socket",
    ),
    (
        "cli/packaging/systemd/user/agent-receipts-daemon.service",
        "usr/lib/systemd/user/agent-receipts-daemon.service",
    ),
    (
        "cli/packaging/systemd/user/agent-receipts-daemon.socket",
        "usr/lib/systemd/user/agent-receipts-daemon.socket",
    ),
    (
        "cli/packaging/systemd/system/agent-receipts-anchor.service",
        "usr/lib/systemd/system/agent-receipts-anchor.service",
    ),
    ("cli/packaging/systemd/agent-receipts.sysusers.conf", "usr/lib/sysusers.d/agent-receipts.conf"),
    ("cli/packaging/systemd/agent-receipts.tmpfiles.conf", "usr/lib/tmpfiles.d/agent-receipts.conf"),
    ("cli/packaging/etc/daemon.toml", "etc/agentreceipts/daemon.toml"),
    ("packaging/debian/copyright", "usr/share/doc/agent-receipts/copyright"),
    ("LICENSE-MIT", "usr/share/doc/agent-receipts/LICENSE-MIT"),
    ("LICENSE-APACHE", "usr/share/doc/agent-receipts/LICENSE-APACHE"),
    ("SECURITY.md", "usr/share/doc/agent-receipts/SECURITY.md"),
];

/// Scripts that dpkg runs.
const MAINTAINERS: &[&str] = &["postinst", "prerm", "postrm"];

/// Where each shell looks for completions.
const COMPLETIONS: &[(&str, &str)] = &[
    ("bash", "usr/share/bash-completion/completions/agent-receipts"),
    ("zsh", "usr/share/zsh/vendor-completions/_agent-receipts"),
    ("fish", "usr/share/fish/vendor_completions.d/agent-receipts.fish"),
];

impl<'w> Stage<'w> {
    /// An empty one; what a former run left is gone.
    pub(super) fn fresh(root: PathBuf, workspace: &'w Workspace) -> Result<Self, PackageError> {
        if root.exists() {
            fs::remove_dir_all(&root).map_err(PackageError::file("remove", &root))?;
        }
        fs::create_dir_all(&root).map_err(PackageError::file("make", &root))?;
        fs::set_permissions(&root, Permissions::from_mode(0o755))
            .map_err(PackageError::file("open", &root))?;
        Ok(Self { root, workspace })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The programs, without what only a debugger needs.
    pub(super) fn programs(&self, from: &Path) -> Result<(), PackageError> {
        for name in PROGRAMS {
            let place = format!("usr/bin/{name}");
            let program = from.join(name);
            let bytes = fs::read(&program).map_err(PackageError::file("read", &program))?;
            self.put(&place, &bytes, 0o755)?;
            run(Command::new("strip").arg("--strip-unneeded").arg(self.root.join(place)), &self.root)?;
        }
        Ok(())
    }

    /// Units, settings, licences.
    pub(super) fn packaging(&self) -> Result<(), PackageError> {
        AS_THEY_ARE
            .iter()
            .try_for_each(|(from, to)| self.put(to, self.workspace.read(from)?.as_bytes(), 0o644))
    }

    /// The manual and the completions, which the programs write of themselves, and the changelog.
    pub(super) fn documentation(&self, programs: &Path) -> Result<(), PackageError> {
        let operator = programs.join("agent-receipts");
        for (shell, place) in COMPLETIONS {
            let script = self.workspace.output(&operator.to_string_lossy(), &["completions", shell])?;
            self.put(place, script.as_bytes(), 0o644)?;
        }
        let (first, eighth) = (self.folder("usr/share/man/man1")?, self.folder("usr/share/man/man8")?);
        run(Command::new(&operator).arg("manual").arg(&first), &self.root)?;
        // Built as the tests build it, so that it is not built anew where they have run.
        let build = ["build", "--quiet", "--workspace", "--all-features", "--example", "manual"];
        run(Command::new("cargo").args(build), self.workspace.root())?;
        let manual = self.workspace.target_dir().join("debug/examples/manual");
        run(Command::new(manual).arg(&eighth), self.workspace.root())?;
        let changelog = self.workspace.read("CHANGELOG.md")?;
        self.put("usr/share/doc/agent-receipts/changelog", changelog.as_bytes(), 0o644)?;
        for folder in [first, eighth, self.folder("usr/share/doc/agent-receipts")?] {
            self.compress(&folder)?;
        }
        Ok(())
    }

    /// What dpkg reads: the control file, the settings that are the operator's, the scripts and the sums.
    pub(super) fn control(&self, text: &str) -> Result<(), PackageError> {
        self.put("DEBIAN/control", text.as_bytes(), 0o644)?;
        self.put("DEBIAN/conffiles", self.workspace.read("packaging/debian/conffiles")?.as_bytes(), 0o644)?;
        for name in MAINTAINERS {
            let script = self.workspace.read(&format!("packaging/debian/{name}"))?;
            self.put(&format!("DEBIAN/{name}"), script.as_bytes(), 0o755)?;
        }
        let sums = "find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum > DEBIAN/md5sums";
        run(Command::new("sh").args(["-ec", sums]), &self.root)
    }

    /// The bytes of all files.
    pub(super) fn size(&self) -> Result<u64, PackageError> {
        let mut folders = vec![self.root.clone()];
        let mut size = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(PackageError::file("read", &folder))? {
                let entry = entry.map_err(PackageError::file("read", &folder))?;
                let about = entry.metadata().map_err(PackageError::file("look at", &entry.path()))?;
                if about.is_dir() {
                    folders.push(entry.path());
                } else {
                    size += about.len();
                }
            }
        }
        Ok(size)
    }

    /// Manuals and changelogs are compressed, without the time and name that would make two builds differ.
    fn compress(&self, folder: &Path) -> Result<(), PackageError> {
        let pack = "find . -type f \\( -name '*.[18]' -o -name changelog \\) -exec gzip -9n {} +";
        run(Command::new("sh").args(["-ec", pack]), folder)
    }

    fn folder(&self, place: &str) -> Result<PathBuf, PackageError> {
        let mut folder = self.root.clone();
        for part in place.split('/') {
            folder.push(part);
            if !folder.exists() {
                fs::create_dir(&folder).map_err(PackageError::file("make", &folder))?;
                // Whatever the umask is.
                let mode = Permissions::from_mode(0o755);
                fs::set_permissions(&folder, mode).map_err(PackageError::file("open", &folder))?;
            }
        }
        Ok(folder)
    }

    fn put(&self, place: &str, bytes: &[u8], mode: u32) -> Result<(), PackageError> {
        if let Some((folder, _)) = place.rsplit_once('/') {
            self.folder(folder)?;
        }
        let path = self.root.join(place);
        fs::write(&path, bytes).map_err(PackageError::file("write", &path))?;
        fs::set_permissions(&path, Permissions::from_mode(mode)).map_err(PackageError::file("open", &path))
    }
}
