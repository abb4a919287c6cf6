//! The command line: what is asked for, and the configuration that goes with it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgAction, ArgGroup, CommandFactory, FromArgMatches, Parser};
use thiserror::Error;

use crate::config::{Config, ConfigError, Lookup, Settings, load, path, variable};
use crate::paths::{DataDirectory, with_pub};

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Record events until told to stop.
    Run(Config),
    /// Make the signing key pair.
    Init(KeyPaths),
    /// Make the key pair for disclosed parameters.
    InitForensicKey(KeyPaths),
    /// Replace the signing key of a stopped daemon.
    Rotate {
        /// Whose key.
        config: Config,
        /// Whether to tell of it in JSON.
        json: bool,
    },
    /// Give the room of what was deleted back, in the database of a stopped daemon.
    Compact(Config),
    /// Take the chains that archives of moved chains hold out of the database of a stopped daemon.
    Retire(Config),
    /// Print the configuration that would be run with.
    PrintConfig(Config),
    /// Print which frames are understood.
    ProtocolVersion,
    /// Print the daemon's version.
    Version,
}

/// Where the two halves of a key pair stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPaths {
    /// The private half.
    pub private: PathBuf,
    /// The public half.
    pub public: PathBuf,
}

/// A command line that cannot be carried out. Nothing was opened or changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UsageError {
    /// The arguments themselves, or a request for help.
    #[error(transparent)]
    Arguments(#[from] clap::Error),
    /// The configuration that they lead to.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl UsageError {
    /// The exit code: 0 for help that was asked for, else 2.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Arguments(error) if error.kind() == ErrorKind::DisplayHelp => 0,
            _ => 2,
        }
    }
}

impl Command {
    /// Reads a command line, the program's name first. `env` looks one environment variable up.
    ///
    /// Options may be written as Go does (`-socket x`) besides `--socket x` and `--socket=x`; of an option given
    /// twice the last counts.
    ///
    /// # Errors
    ///
    /// [`UsageError`], with the exit code.
    pub fn parse(
        args: impl IntoIterator<Item = OsString>,
        env: &impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, UsageError> {
        let matches = Arguments::command().try_get_matches_from(with_double_dashes(args))?;
        let arguments = Arguments::from_arg_matches(&matches)?;
        // Answered before any configuration is read, so that a broken one cannot hide which daemon it is.
        if arguments.version {
            return Ok(Self::Version);
        }
        if arguments.protocol_version {
            return Ok(Self::ProtocolVersion);
        }
        Ok(arguments.into_command(env)?)
    }
}

/// The command line's declaration, of which the manual is made.
pub fn command_line() -> clap::Command {
    Arguments::command()
}

impl Arguments {
    fn into_command(self, env: Lookup<'_>) -> Result<Command, ConfigError> {
        let lower = Settings::from_environment(env)?.over(file_settings(self.config, env)?);
        let settings = self.settings.over(lower);
        if self.init {
            let (private, public) = settings.signing_key_paths(env)?;
            return Ok(Command::Init(KeyPaths { private, public }));
        }
        if self.init_forensic_key {
            let private = match self.forensic_key {
                Some(path) => path,
                None => DataDirectory::required(env, "forensic_key")?.forensic_key(),
            };
            let public = settings.forensic_public_key.filter(|path| !path.as_os_str().is_empty());
            return Ok(Command::InitForensicKey(KeyPaths {
                public: public.unwrap_or_else(|| with_pub(&private)),
                private,
            }));
        }
        let config = settings.into_config(env)?;
        Ok(if self.rotate {
            Command::Rotate { config, json: self.json }
        } else if self.compact {
            Command::Compact(config)
        } else if self.retire {
            Command::Retire(config)
        } else if self.print_config {
            Command::PrintConfig(config)
        } else {
            Command::Run(config)
        })
    }
}

/// The file named by flag or variable, which must be there, else the default one, which may be missing.
fn file_settings(flag: Option<PathBuf>, env: Lookup<'_>) -> Result<Settings, ConfigError> {
    let named = match flag {
        Some(path) => Some(path),
        None => variable(env, "AGENTRECEIPTS_CONFIG")?.map(PathBuf::from),
    };
    let settings = match named {
        Some(path) => load(&path, true)?,
        None => match DataDirectory::find(env)? {
            Some(directory) => load(&directory.config(), false)?,
            None => None,
        },
    };
    Ok(settings.unwrap_or_default())
}

/// Records what agents do in signed chains that they cannot forge.
#[derive(Debug, Parser)]
#[command(name = "agent-receipts-daemon", disable_version_flag = true, args_override_self = true)]
#[command(group(ArgGroup::new("verb").multiple(false)))]
struct Arguments {
    /// The configuration file; by default daemon.toml beside the database, if it is there.
    #[arg(long, value_name = "PATH", value_parser = path)]
    config: Option<PathBuf>,
    /// Make the signing key pair and exit; never overwrites.
    #[arg(long, group = "verb")]
    init: bool,
    /// Make the key pair for disclosed parameters and exit; never overwrites.
    #[arg(long, group = "verb")]
    init_forensic_key: bool,
    /// Replace the signing key of a stopped daemon and exit.
    #[arg(long, group = "verb")]
    rotate: bool,
    /// Tell of the rotation in JSON.
    #[arg(long, requires = "rotate")]
    json: bool,
    /// Give the room of what was deleted in the database back and exit; no daemon may be running.
    #[arg(long, group = "verb")]
    compact: bool,
    /// Take the chains that `agent-receipts retire` has put into archives out of the database and exit; no daemon may be running.
    #[arg(long, group = "verb")]
    retire: bool,
    /// Print the configuration that would be run with, as TOML, and exit.
    #[arg(long, group = "verb")]
    print_config: bool,
    /// Print which event frames are understood, as JSON, and exit.
    #[arg(long, group = "verb")]
    protocol_version: bool,
    /// Print the version and exit.
    #[arg(long, short = 'V', group = "verb", action = ArgAction::SetTrue)]
    version: bool,
    /// Where the private key for disclosed parameters is to be made.
    #[arg(long, value_name = "PATH", value_parser = path, requires = "init_forensic_key")]
    forensic_key: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

/// Gives options with one dash and a long name their second dash. Values that start with a dash stay as they are.
fn with_double_dashes(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let command = Arguments::command();
    let takes_value = |name: &str| {
        let known = command.get_arguments().find(|argument| argument.get_long() == Some(name));
        known
            .is_some_and(|argument| argument.get_action().takes_values() && !argument.is_require_equals_set())
    };
    let mut out = Vec::new();
    let mut is_value = true; // The program's name.
    for arg in args {
        let text = arg.to_str().filter(|_| !is_value).unwrap_or_default();
        is_value = false;
        let Some(name) = text.strip_prefix("--").or_else(|| text.strip_prefix('-')) else {
            out.push(arg);
            continue;
        };
        is_value = !name.contains('=') && takes_value(name);
        let is_long = !text.starts_with("--") && name.chars().nth(1).is_some();
        out.push(if is_long { format!("--{name}").into() } else { arg });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declaration_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn one_dash_becomes_two_but_values_stay() {
        let normal = |args: &[&str]| with_double_dashes(args.iter().map(OsString::from));
        for (given, expected) in [
            (&["d", "-socket", "/s"][..], &["d", "--socket", "/s"][..]),
            (&["d", "-socket=/s", "-init"], &["d", "--socket=/s", "--init"]),
            (&["d", "--chain-id", "-odd"], &["d", "--chain-id", "-odd"]),
            (&["d", "-chain-id", "-h", "-h"], &["d", "--chain-id", "-h", "-h"]),
            (&["d", "-unsafe-socket-path", "-init"], &["d", "--unsafe-socket-path", "--init"]),
            (&["-odd-name", "-", "--"], &["-odd-name", "-", "--"]),
        ] {
            assert_eq!(normal(given), expected.iter().map(OsString::from).collect::<Vec<_>>(), "{given:?}");
        }
    }
}
