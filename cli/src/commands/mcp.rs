//! `mcp` and `approvals`: the MCP proxy, in the place of this process.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::args::Cli;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::find_daemon::find_proxy;

/// What follows the command's name, all of it the proxy's.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The proxy's flags, and after `--` the server's command. AGENTRECEIPTS_MCP_BIN names another binary than the one beside this
    /// program or on the PATH.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

/// Flags that every command takes, which were read before the proxy's own.
pub(crate) struct Before(Vec<OsString>);

impl Before {
    /// Those of a command line.
    pub(crate) fn of(cli: &Cli) -> Self {
        let config = cli.config.iter().flat_map(|path| ["--config".into(), path.clone().into_os_string()]);
        let json = cli.json.then(|| OsString::from("--json"));
        Self(config.chain(json).collect())
    }

    /// The proxy's arguments, and these behind the name of its own command, if there is one: it takes them nowhere else.
    fn among<'a>(
        &'a self,
        verb: Option<&str>,
        arguments: &'a [OsString],
    ) -> impl Iterator<Item = &'a OsString> {
        let named =
            verb.is_none() && arguments.first().is_some_and(|first| first == "check" || first == "approvals");
        let (name, rest) = arguments.split_at(usize::from(named));
        name.iter().chain(&self.0).chain(rest)
    }
}

/// A command line in which all that follows `mcp` or `approvals` is kept from being read here, a first `--` above all: without it
/// the flags of a server would be the proxy's.
pub(crate) fn shielded(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut at = 1;
    loop {
        match arguments.get(at).and_then(|argument| argument.to_str()) {
            Some("mcp" | "approvals") => {
                arguments.insert(at + 1, "--".into());
                return arguments;
            }
            Some("--config") => at += 2,
            Some(flag) if flag == "--json" || flag.starts_with("--config=") => at += 1,
            _ => return arguments,
        }
    }
}

/// Executes the proxy without a fork: standard input and output, signals and the exit code are its own.
pub(crate) fn run(args: &Args, before: &Before, environment: &Environment) -> Result<u8, Failure> {
    become_proxy(None, args, before, environment)
}

/// Executes the proxy's own command of this name, likewise.
pub(crate) fn approvals(args: &Args, before: &Before, environment: &Environment) -> Result<u8, Failure> {
    become_proxy(Some("approvals"), args, before, environment)
}

fn become_proxy(
    verb: Option<&str>,
    args: &Args,
    before: &Before,
    environment: &Environment,
) -> Result<u8, Failure> {
    let binary = find_proxy(None, environment)?;
    let error = Command::new(&binary).args(verb).args(before.among(verb, &args.arguments)).exec();
    Err(Failure::new(format_args!("could not execute `{}`: {error}", binary.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_word_shields() {
        let shield = |line: &str| {
            let shielded = shielded(line.split(' ').map(OsString::from));
            shielded.join(" ".as_ref()).into_string().unwrap()
        };
        for (line, expected) in [
            ("a mcp -- npx -y", "a mcp -- -- npx -y"),
            ("a --json --config mcp approvals list", "a --json --config mcp approvals -- list"),
            ("a --config=x mcp", "a --config=x mcp --"),
            ("a help mcp", "a help mcp"),
            ("a exec -- mcp", "a exec -- mcp"),
            ("a --config", "a --config"),
        ] {
            assert_eq!(shield(line), expected);
        }
    }
}
