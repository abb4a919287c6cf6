use super::PackageError;
use crate::workspace::Workspace;

/// What the package says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Control {
    pub(super) version: String,
    pub(super) architecture: String,
    libc: String,
    kilobytes: u64,
    template: String,
}

impl Control {
    /// Asks the workspace and this machine, which the programs were built for.
    pub(super) fn of(workspace: &Workspace, bytes: u64) -> Result<Self, PackageError> {
        let version = workspace.version_of("agent-receipts-daemon")?;
        let architecture = workspace.output("dpkg", &["--print-architecture"])?.trim().to_owned();
        // The oldest that is known to do: the one that the programs were linked with.
        let libc = workspace.output("getconf", &["GNU_LIBC_VERSION"])?;
        let libc = libc.split_whitespace().nth(1).unwrap_or_default().to_owned();
        let template = workspace.read("packaging/debian/control")?;
        Ok(Self { version, architecture, libc, kilobytes: bytes.div_ceil(1024), template })
    }

    /// The control file.
    pub(super) fn text(&self) -> Result<String, PackageError> {
        let size = self.kilobytes.to_string();
        let fields = [
            ("VERSION", &self.version),
            ("ARCHITECTURE", &self.architecture),
            ("LIBC", &self.libc),
            ("SIZE", &size),
        ];
        let mut text = self.template.clone();
        for (name, value) in fields {
            let place = format!("@{name}@");
            if value.is_empty() || !text.contains(&place) {
                return Err(PackageError::Template(format!("nothing for `{place}`, or no such place")));
            }
            text = text.replace(&place, value);
        }
        match text.lines().find(|line| line.contains('@') && !line.starts_with("Maintainer:")) {
            Some(line) => Err(PackageError::Template(format!("`{line}` is not filled in"))),
            None => Ok(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(template: &str) -> Control {
        Control {
            version: "1.2.3".into(),
            architecture: "amd64".into(),
            libc: "2.36".into(),
            kilobytes: 7,
            template: template.into(),
        }
    }

    #[test]
    fn every_place_is_filled() {
        let text = control("Version: @VERSION@\nA: @ARCHITECTURE@ @LIBC@ @SIZE@\n").text().unwrap();
        assert_eq!(text, "Version: 1.2.3\nA: amd64 2.36 7\n");
    }

    #[test]
    fn a_place_too_many_or_too_few_is_an_error() {
        assert!(control("@VERSION@ @ARCHITECTURE@ @LIBC@").text().is_err());
        assert!(control("@VERSION@ @ARCHITECTURE@ @LIBC@ @SIZE@ @MOON@").text().is_err());
        let nameless = Control { libc: String::new(), ..control("@VERSION@ @ARCHITECTURE@ @LIBC@ @SIZE@") };
        assert!(nameless.text().is_err());
    }
}
