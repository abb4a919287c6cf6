//! Typed errors of the libraries, turned into what the operator reads: the message, the mend, the exit code.

use agent_receipts_ipc::{AskError, EmitError, SystemReason, TransportError};
use agent_receipts_keysource::{FileError, ForensicKeyError, PublicKeyError};
use agent_receipts_store::{ArchiveError, StoreError};

use crate::exit;
use crate::failure::Failure;
use crate::find_daemon::FindDaemonError;
use crate::importing::ImportError;
use crate::recorder::RecordError;
use crate::session::{DaemonError, SocketError};
use crate::set_up::SetUpError;
use crate::setting_up::{ConfigFileError, DocumentError, PlaceError, PlanError};
use crate::settings::SettingsError;
use crate::verification::{EvidenceFileError, LinesError, ProofFileError};
use crate::when::TimeError;

/// A database that cannot be read is a wrong question: exit code 2, so that nobody takes it for a verdict.
impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let failure = Failure::usage(&error);
        match error {
            StoreError::Missing { .. } => failure.with_hint(
                "`agent-receipts run -- COMMAND` records one; --db or AGENTRECEIPTS_DB names another database",
            ),
            StoreError::Io { kind: std::io::ErrorKind::PermissionDenied, .. } => {
                failure.with_hint("the database is readable for its owner and its group only")
            }
            _ => failure,
        }
    }
}

/// An archive that cannot be read is no archive that holds nothing.
impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Store(error @ StoreError::Io { .. }) => Failure::usage(&error)
                .with_hint("archives are readable for their owner only; --no-archives leaves them out"),
            ArchiveError::Store(error) => error.into(),
            error @ ArchiveError::Manifest { .. } => Failure::usage(&error).with_hint(
                "restore the archive's folder from a copy, or leave archives out with --no-archives",
            ),
            error @ ArchiveError::SideFile { .. } => Failure::new(&error).with_hint(
                "keep the file as evidence and move it away, then verify; --no-archives leaves archives out",
            ),
            error => Failure::usage(error),
        }
    }
}

impl From<EvidenceFileError> for Failure {
    fn from(error: EvidenceFileError) -> Self {
        Failure::usage(error)
    }
}

impl From<ProofFileError> for Failure {
    fn from(error: ProofFileError) -> Self {
        Failure::usage(error)
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        let failure = Failure::usage(&error);
        match error {
            SettingsError::NoDataDirectory => failure.with_hint("set HOME, or name every path by its flag"),
            SettingsError::NoSocketPath => failure.with_hint("set AGENTRECEIPTS_SOCKET or pass --socket"),
            _ => failure,
        }
    }
}

impl From<TimeError> for Failure {
    fn from(error: TimeError) -> Self {
        Failure::usage(error)
    }
}

impl From<FindDaemonError> for Failure {
    fn from(error: FindDaemonError) -> Self {
        let failure = Failure::new(&error);
        match error {
            FindDaemonError::NotFound { program: "agent-receipts-anchor" } => failure.with_hint(
                "install `agent-receipts-anchor` beside this program, or name it with --anchor-bin or AGENTRECEIPTS_ANCHOR_BIN",
            ),
            FindDaemonError::NotFound { program: "agent-receipts-hook" } => failure.with_hint(
                "install `agent-receipts-hook` beside this program, or name it with --hook-bin or AGENTRECEIPTS_HOOK_BIN",
            ),
            FindDaemonError::NotFound { program: "agent-receipts-mcp" } => failure.with_hint(
                "install `agent-receipts-mcp` beside this program, or name it with AGENTRECEIPTS_MCP_BIN",
            ),
            FindDaemonError::NotFound { .. } => failure.with_hint(
                "install `agent-receipts-daemon` beside this program, or name it with --daemon-bin or AGENTRECEIPTS_DAEMON_BIN",
            ),
            _ => failure,
        }
    }
}

impl From<DaemonError> for Failure {
    fn from(error: DaemonError) -> Self {
        Failure::new(error)
    }
}

impl From<SocketError> for Failure {
    fn from(error: SocketError) -> Self {
        Failure::new(error).with_hint("name another path with --socket or AGENTRECEIPTS_SOCKET")
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        let failure = Failure::new(&error);
        match error {
            RecordError::Emit(EmitError::Caller(_)) => failure.with_code(exit::USAGE),
            RecordError::Emit(EmitError::Transport(TransportError::Dial { .. })) => failure.with_hint(
                "start a daemon with `agent-receipts daemon run`, or name its socket with --socket",
            ),
            RecordError::Emit(EmitError::Transport(TransportError::NoReply { .. })) => {
                failure.with_hint("nobody knows whether it was recorded: look with `agent-receipts list`")
            }
            _ => failure,
        }
    }
}

impl From<SetUpError> for Failure {
    fn from(error: SetUpError) -> Self {
        let failure = Failure::new(&error);
        match error {
            SetUpError::KeyLost { .. } => failure.with_hint(
                "restore the signing key from a copy; to begin a new history, move the old database away",
            ),
            SetUpError::Generate(_) => failure.with_hint("nothing was overwritten"),
            _ => failure,
        }
    }
}

impl From<PublicKeyError> for Failure {
    fn from(error: PublicKeyError) -> Self {
        let failure = Failure::usage(&error);
        match error {
            PublicKeyError::File(FileError::Missing { .. }) => failure.with_hint(
                "--public-key or AGENTRECEIPTS_PUBLIC_KEY names the key that the daemon published (`signing.key.pub`)",
            ),
            PublicKeyError::Malformed { .. } => failure.with_hint("a public key file begins with `-----BEGIN PUBLIC KEY-----`"),
            _ => failure,
        }
    }
}

impl From<ForensicKeyError> for Failure {
    fn from(error: ForensicKeyError) -> Self {
        let failure = Failure::new(&error).with_code(exit::NOT_OPENED);
        match error {
            ForensicKeyError::File(FileError::Missing { .. }) => failure.with_hint(
                "--key or AGENTRECEIPTS_FORENSIC_KEY names the private half of the key that the daemon seals to",
            ),
            _ => failure,
        }
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        let failure = Failure::new(&error);
        match error {
            AskError::Dial { reason: SystemReason::Kind(std::io::ErrorKind::PermissionDenied), .. } => {
                failure.with_hint("only the daemon's own user and root may ask it")
            }
            AskError::Dial { .. } => failure.with_hint("name the socket with --control-socket"),
            AskError::Stranger { .. } => failure
                .with_hint("ask as the daemon's own user, or name the right socket with --control-socket"),
            _ => failure,
        }
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        let failure = Failure::new(&error);
        match error {
            PlanError::File(error) => error.into(),
            PlanError::Program(error) => error.into(),
            PlanError::Place(PlaceError::NoProjects) => failure.with_code(exit::USAGE),
            PlanError::Document { reason: DocumentError::Duplicate { .. }, .. } => {
                failure.with_hint("nothing was changed; take one of the two away")
            }
            PlanError::Document { .. } => {
                failure.with_hint("nothing was changed; mend the file, or move it away")
            }
            PlanError::NoSuchServer { .. } => {
                failure.with_hint("nothing was changed; --dry-run shows the servers that are there")
            }
            PlanError::Misnamed { name, .. } => {
                failure.with_hint(format_args!("name a file or a link called `{name}`"))
            }
            PlanError::Irreversible { .. } => failure
                .with_hint("nothing was changed; leave servers out with --skip, or lay the file out anew"),
            _ => failure,
        }
    }
}

impl From<ConfigFileError> for Failure {
    fn from(error: ConfigFileError) -> Self {
        let failure = Failure::new(&error);
        match error {
            ConfigFileError::Stranger { .. } => {
                failure.with_hint("nothing was changed; run this as that user")
            }
            ConfigFileError::ForeignGroup { .. } => failure.with_hint(
                "nothing was changed; give it to a group of yours, or take the group's rights away",
            ),
            ConfigFileError::Changed { .. } => {
                failure.with_hint("it is as somebody else left it; quit the host, and run this again")
            }
            ConfigFileError::Linked { .. } => {
                failure.with_hint("nothing was changed; make it a symbolic link or a file of its own")
            }
            _ => failure.with_hint("that file was not changed"),
        }
    }
}

impl From<LinesError> for Failure {
    fn from(error: LinesError) -> Self {
        Failure::usage(error)
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Archive(error) => error.into(),
            ImportError::Lines(error) => error.into(),
            error @ ImportError::Rows { .. } => Failure::new(error).with_hint("nothing was taken in"),
            error => Failure::usage(error).with_hint(
                "nothing was taken in; a file is a database of receipts, or what `agent-receipts export` writes",
            ),
        }
    }
}
