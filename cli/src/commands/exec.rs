//! `exec`: one command, run as it would run anyhow, and recorded with hashes of what went in and came out.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};

use agent_receipts_core::json::{Object, Value, canonical};
use agent_receipts_core::payload;
use agent_receipts_ipc::{Decision, EventToSend, MAX_RESOURCE};

use super::Context;
use crate::args::SocketArgs;
use crate::exit;
use crate::failure::Failure;
use crate::output::{complain, printable};
use crate::recorder::Recorder;
use crate::session::{Ending, answers, wait};
use crate::tee::{Passed, pass_through};

/// Flags of `exec`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The action's type.
    #[arg(long, value_name = "TYPE", default_value = "system.command.execute")]
    action_type: String,
    /// The session [env: AGENTRECEIPTS_SESSION_ID] [default: a new one].
    #[arg(long, value_name = "ID")]
    session_id: Option<String>,
    /// Do not run the command where it cannot be recorded (exit code 69).
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    socket: SocketArgs,
    /// The command and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// What became of the command.
struct Outcome {
    /// How it ended; nothing where it could not be started.
    ending: Option<Ending>,
    stdout: Passed,
    stderr: Passed,
    error: String,
    code: u8,
}

/// Runs the command; its exit code is ours.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let recorder =
        Recorder::new(&context.settings, args.socket.socket.as_deref(), args.session_id.as_deref())?;
    if args.strict && !answers(recorder.socket()) {
        let message =
            format!("no daemon answers at `{}`, and --strict was given", recorder.socket().display());
        return Err(Failure::new(message)
            .with_code(exit::UNAVAILABLE)
            .with_hint("start one with `agent-receipts daemon run`, or leave --strict out"));
    }
    let input = input(&args.command).to_string();
    let outcome = execute(&args.command);
    let output = outcome.output().to_string();
    let program = args.command[0].to_string_lossy();
    let resource = cut_to_bytes(&program, MAX_RESOURCE);
    let name = Path::new(&args.command[0]).file_name().unwrap_or(&args.command[0]).to_string_lossy();
    let event = EventToSend {
        action_type: &args.action_type,
        input: Some(&input),
        output: Some(&output),
        error: &outcome.error,
        target_system: "process",
        target_resource: resource,
        ..EventToSend::new("cli", &name, Decision::Allowed)
    };
    match recorder.record(&event) {
        Ok(recorded) if context.json => {
            let mut screen = context.stderr();
            // It is recorded, and the command's own exit code must get through, whether or not anybody reads this.
            let _ = screen.json(&recorded).and_then(|()| screen.flush());
        }
        Ok(_) => {}
        Err(error) => {
            complain(&format!(
                "agent-receipts: warning: `{}` was not recorded: {error}",
                printable(&program)
            ));
            // The caller insisted on a record, and the command has run: say so by the code, unless it failed anyhow.
            if args.strict && outcome.code == exit::OK {
                return Ok(exit::UNAVAILABLE);
            }
        }
    }
    Ok(outcome.code)
}

fn execute(command_line: &[OsString]) -> Outcome {
    let mut command = Command::new(&command_line[0]);
    command.args(&command_line[1..]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ran = wait(|| {
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().map(|from| thread::spawn(move || pass_through(from, io::stdout())));
        let stderr = child.stderr.take().map(|from| thread::spawn(move || pass_through(from, io::stderr())));
        Ok((child, (stdout, stderr)))
    });
    match ran {
        Ok((ending, (stdout, stderr))) => Outcome {
            ending: Some(ending),
            // As in a pipeline, the end is there when everybody who holds the stream has closed it.
            stdout: passed(stdout),
            stderr: passed(stderr),
            error: match ending {
                Ending::Exited(0) => String::new(),
                Ending::Exited(code) => format!("exited with code {code}"),
                Ending::Killed(signal) => format!("killed by signal {signal}"),
            },
            code: ending.code(),
        },
        Err(error) => {
            let program = command_line[0].to_string_lossy();
            complain(&format!("agent-receipts: could not run `{}`: {error}", printable(&program)));
            let not_found = error.kind() == io::ErrorKind::NotFound;
            Outcome {
                ending: None,
                stdout: Passed::nothing(),
                stderr: Passed::nothing(),
                error: format!("could not be started: {error}"),
                code: if not_found { exit::NOT_FOUND } else { exit::NOT_EXECUTABLE },
            }
        }
    }
}

fn passed(thread: Option<JoinHandle<Passed>>) -> Passed {
    thread.and_then(|thread| thread.join().ok()).unwrap_or_else(Passed::nothing)
}

impl Outcome {
    fn output(&self) -> Value {
        let mut output = Object::new();
        let (code, signal) = match self.ending {
            Some(Ending::Exited(code)) => (Some(u32::from(code)), None),
            Some(Ending::Killed(signal)) => (None, Some(u32::from(signal))),
            None => (None, None),
        };
        output.insert("exit_code", code);
        output.insert("signal", signal);
        output.insert("stdout_sha256", self.stdout.sha256.as_str());
        output.insert("stdout_bytes", self.stdout.bytes);
        output.insert("stderr_sha256", self.stderr.sha256.as_str());
        output.insert("stderr_bytes", self.stderr.bytes);
        output.into()
    }
}

/// The command line and where it ran. One that is too long for a frame stands there by its hash, so that length is no
/// way to go unrecorded. An argument that is not UTF-8 stands as an object with its bytes in hex, so that
/// two different ones never have the same hash.
fn input(command_line: &[OsString]) -> Value {
    let arguments: Vec<Value> = command_line.iter().map(|argument| exactly(argument)).collect();
    let arguments = Value::from(arguments);
    let mut input = Object::new();
    if canonical(&arguments).len() <= LONGEST_COMMAND_LINE {
        input.insert("argv", arguments);
    } else {
        input.insert("argv_sha256", payload::hash(&arguments));
        input.insert("argv_length", command_line.len() as u64);
    }
    input.insert("cwd", std::env::current_dir().ok().map(|path| exactly(path.as_os_str())));
    input.into()
}

fn exactly(text: &OsStr) -> Value {
    match text.to_str() {
        Some(text) => text.into(),
        None => {
            let mut object = Object::new();
            let hex: String = text.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            object.insert("bytes_hex", hex);
            object.into()
        }
    }
}

/// Bytes of a command line, as JSON, that leave room in a frame for everything else.
const LONGEST_COMMAND_LINE: usize = 512 << 10;

fn cut_to_bytes(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_are_not_text_keep_their_bytes() {
        let line =
            ["ls".into(), OsStr::from_bytes(b"a\xff").to_owned(), OsStr::from_bytes(b"a\xfe").to_owned()];
        let input = input(&line);
        let argv = input.as_object().and_then(|input| input.get("argv")).and_then(Value::as_array).unwrap();
        assert_eq!(argv[0], Value::from("ls"));
        assert_eq!(argv[1].to_string(), r#"{"bytes_hex":"61ff"}"#);
        assert!(argv[1] != argv[2]);
    }

    #[test]
    fn a_resource_is_cut_between_characters() {
        assert_eq!(cut_to_bytes("aé", 2), "a");
        assert_eq!(cut_to_bytes("aé", 3), "aé");
    }
}
