//! One command, one file.

pub(crate) mod anchor;
pub(crate) mod backup;
pub(crate) mod checkpoints;
pub(crate) mod compact;
pub(crate) mod completions;
pub(crate) mod daemon;
pub(crate) mod disclose;
pub(crate) mod doctor;
pub(crate) mod emit;
pub(crate) mod exec;
pub(crate) mod export;
pub(crate) mod filter;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod list;
pub(crate) mod manual;
pub(crate) mod mcp;
pub(crate) mod prove;
pub(crate) mod retire;
pub(crate) mod run;
pub(crate) mod service;
pub(crate) mod setup;
pub(crate) mod show;
pub(crate) mod tail;
pub(crate) mod verify;
pub(crate) mod verify_event;

use std::path::PathBuf;

pub(crate) use mcp::shielded;

use crate::args::{Cli, Command};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::output::Screen;
use crate::settings::Settings;

/// What every command is given.
pub(crate) struct Context {
    /// Where things stand.
    pub(crate) settings: Settings,
    /// Whether to answer in JSON.
    pub(crate) json: bool,
    /// The configuration file that was named.
    pub(crate) config: Option<PathBuf>,
}

impl Context {
    /// Standard output.
    pub(crate) fn stdout(&self) -> Screen {
        Screen::stdout(self.settings.environment())
    }

    /// Standard error.
    pub(crate) fn stderr(&self) -> Screen {
        Screen::stderr(self.settings.environment())
    }
}

/// Runs the command that the line names and gives its exit code.
pub(crate) fn run(cli: Cli, environment: Environment) -> Result<u8, Failure> {
    // These are about the command line alone, or other programs with settings of their own.
    match &cli.command {
        Command::Completions(args) => return completions::run(args),
        Command::Manual(args) => return manual::run(args),
        Command::Mcp(args) => return mcp::run(args, &mcp::Before::of(&cli), &environment),
        Command::Approvals(args) => return mcp::approvals(args, &mcp::Before::of(&cli), &environment),
        _ => {}
    }
    let before = mcp::Before::of(&cli);
    let settings = Settings::load(environment, cli.config.as_deref())?;
    let context = Context { settings, json: cli.json, config: cli.config };
    match cli.command {
        Command::Init(args) => init::run(&args, &context),
        Command::Keys(args) => keys::run(&args, &context),
        Command::Anchor(args) => anchor::run(&args, &context),
        Command::Daemon(args) => daemon::run(&args, &context),
        Command::Run(args) => run::run(&args, &context),
        Command::Exec(args) => exec::run(&args, &context),
        Command::Emit(args) => emit::run(&args, &context),
        Command::List(args) => list::run(&args, &context),
        Command::Show(args) => show::run(&args, &context),
        Command::Disclose(args) => disclose::run(&args, &context),
        Command::Tail(args) => tail::run(&args, &context),
        Command::Verify(args) => verify::run(&args, &context),
        Command::Checkpoints(args) => checkpoints::run(&args, &context),
        Command::Prove(args) => prove::run(&args, &context),
        Command::VerifyEvent(args) => verify_event::run(&args, &context),
        Command::Export(args) => export::run(&args, &context),
        Command::Import(args) => import::run(&args, &context),
        Command::Retire(args) => retire::run(&args, &context),
        Command::Compact(args) => compact::run(&args, &context),
        Command::Backup(args) => backup::run(&args, &context),
        Command::Doctor(args) => doctor::run(&args, &context),
        Command::Setup(args) => setup::run(&args, &context),
        Command::Service(args) => service::run(&args, &context),
        Command::Mcp(args) => mcp::run(&args, &before, context.settings.environment()),
        Command::Approvals(args) => mcp::approvals(&args, &before, context.settings.environment()),
        Command::Completions(args) => completions::run(&args),
        Command::Manual(args) => manual::run(&args),
    }
}
