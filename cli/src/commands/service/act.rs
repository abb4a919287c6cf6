//! `service install`, `uninstall`, `start` and `stop`.

use std::path::{Path, PathBuf};

use super::answer::Account;
use super::files::{FileState, Kind};
use super::target::{Scope, Target};
use super::text::Programs;
use super::{InstallArgs, Manager, systemd};
use crate::commands::Context;
use crate::environment::Environment;
use crate::exit;
use crate::failure::Failure;
use crate::find_daemon::{find_anchor, find_daemon, present_anchor};

/// Writes what is not there, and has the manager start it.
pub(super) fn install(args: &InstallArgs, context: &Context) -> Result<u8, Failure> {
    let mut target = Target::of_rooted(&args.target, context)?;
    let mut programs = programs(args.daemon_bin.as_deref(), context)?;
    if args.with_anchor {
        target = target.with_anchor()?;
        let anchor = find_anchor(args.anchor_bin.as_deref(), context.settings.environment())?;
        programs.anchor = Some(real(anchor));
    }
    let dry_run = args.target.place.dry_run;
    if !dry_run {
        refuse_in_ci(args.allow_ci, context.settings.environment())?;
        target.check_right()?;
        check_programs(&target, &programs)?;
        target.check_manager()?;
        refuse_packaged(&target)?;
    }
    let mut account = Account::new(context, dry_run);
    let mut writes = Vec::new();
    for file in target.files(&programs)? {
        let deed = match (file.kind, file.state()?) {
            (_, FileState::Current) | (Kind::Settings, FileState::Differs) => "keep",
            (_, FileState::Foreign) if !args.force => {
                return Err(Failure::new(format_args!("`{}` is somebody else's", file.path.display()))
                    .with_hint("look at it, and move it away, or replace it with --force"));
            }
            _ => "write",
        };
        writes.push((deed, file));
    }
    // Nothing is written before it is known that everything may be.
    for (deed, file) in &writes {
        account.file(deed, file)?;
        if *deed == "write" && !dry_run {
            file.write()?;
        }
    }
    target.install_steps(&programs).iter().try_for_each(|step| account.step(step))?;
    if !dry_run {
        account.say(&installed(&target))?;
    }
    account.close()?;
    Ok(exit::OK)
}

/// Stops it, and removes the files that `install` wrote; tells what stays.
pub(super) fn uninstall(target: &Target, dry_run: bool, context: &Context) -> Result<u8, Failure> {
    let files = target.files(&programs(None, context)?)?;
    let states = files.iter().map(|file| Ok((file, file.state()?))).collect::<Result<Vec<_>, Failure>>()?;
    let ours = |kind, state| kind == Kind::Unit && matches!(state, FileState::Current | FileState::Differs);
    let mut account = Account::new(context, dry_run);
    if !states.iter().any(|(file, state)| ours(file.kind, *state)) {
        account.say(&format!("{} is not installed: nothing to remove", target.named()))?;
        account.close()?;
        return Ok(exit::OK);
    }
    if !dry_run {
        target.check_right()?;
    }
    let (before, after) = target.uninstall_steps();
    before.iter().try_for_each(|step| account.step(step))?;
    // The service before its socket, and the users' file last: the reverse of how they came.
    for (file, state) in states.iter().rev() {
        match *state {
            state if ours(file.kind, state) => {
                account.file("remove", file)?;
                if !dry_run {
                    file.remove()?;
                }
            }
            FileState::Absent => {}
            _ => account.file("leave", file)?,
        }
    }
    after.iter().try_for_each(|step| account.step(step))?;
    account.say("Receipts, keys, settings and users stay as they are.")?;
    account.close()?;
    Ok(exit::OK)
}

/// Has the manager start it.
pub(super) fn start(target: &Target, dry_run: bool, context: &Context) -> Result<u8, Failure> {
    run_steps(target, &target.start_steps(), dry_run, context)
}

/// Has the manager stop it.
pub(super) fn stop(target: &Target, dry_run: bool, context: &Context) -> Result<u8, Failure> {
    run_steps(target, &target.stop_steps(), dry_run, context)
}

fn run_steps(
    target: &Target,
    steps: &[super::step::Step],
    dry_run: bool,
    context: &Context,
) -> Result<u8, Failure> {
    if !dry_run {
        target.check_right()?;
        target.check_manager()?;
    }
    let mut account = Account::new(context, dry_run);
    steps.iter().try_for_each(|step| account.step(step))?;
    account.close()?;
    Ok(exit::OK)
}

/// The programs that the service's files name.
pub(super) fn programs(daemon: Option<&Path>, context: &Context) -> Result<Programs, Failure> {
    let operator = std::env::current_exe()
        .map_err(|error| Failure::new(format_args!("could not tell where this program stands: {error}")))?;
    Ok(Programs {
        daemon: real(find_daemon(daemon, context.settings.environment())?),
        operator: real(operator),
        anchor: present_anchor(context.settings.environment()).map(real),
    })
}

fn real(path: PathBuf) -> PathBuf {
    path.canonicalize().unwrap_or(path)
}

/// A machine that lives for one build would leave a key and a daemon to nobody.
fn refuse_in_ci(allowed: bool, environment: &Environment) -> Result<(), Failure> {
    let says_so = environment.text("CI").is_some_and(|value| !["0", "false"].contains(&value.as_str()));
    if says_so && !allowed {
        return Err(Failure::usage("the variable CI says that this machine lives for one build").with_hint(
            "`agent-receipts run -- COMMAND` needs no service; --allow-ci installs one all the same",
        ));
    }
    Ok(())
}

/// The system's service sees no home, and must not execute what a user can replace.
fn check_programs(target: &Target, programs: &Programs) -> Result<(), Failure> {
    if target.scope == Scope::User {
        return Ok(());
    }
    let hidden = ["/home", "/root", "/run/user", "/tmp", "/var/tmp", "/Users"];
    let anchor = programs.anchor.as_ref().filter(|_| target.with_anchor);
    for program in [&programs.daemon, &programs.operator].into_iter().chain(anchor) {
        if hidden.iter().any(|folder| program.starts_with(folder)) {
            let shown = program.display();
            return Err(Failure::new(format_args!(
                "the system's service cannot run `{shown}`, a user's own program"
            ))
            .with_hint("install the programs into a folder of the system, such as /usr/local/bin"));
        }
    }
    Ok(())
}

fn refuse_packaged(target: &Target) -> Result<(), Failure> {
    match systemd::packaged(target, systemd::UNITS[0]).filter(|_| target.manager == Manager::Systemd) {
        Some(path) => Err(Failure::new(format_args!("a package has installed `{}`", path.display()))
            .with_hint(
                "`agent-receipts service start` starts it, `systemctl enable` does so with the machine",
            )),
        None => Ok(()),
    }
}

fn installed(target: &Target) -> String {
    let told = told(target);
    match target.with_anchor {
        false => told,
        true => format!(
            "{told} The anchor starts once there is `{}`: write it, and `agent-receipts service start`.",
            systemd::ANCHOR_SETTINGS
        ),
    }
}

fn told(target: &Target) -> String {
    match (target.scope, &target.root) {
        (_, Some(root)) => format!("installed below `{}`; it starts with that system.", root.display()),
        (Scope::User, None) => {
            "installed and started; `loginctl enable-linger` keeps it beyond your session. \
                                Your agents run as the same user: a convenience, not a boundary."
                .to_owned()
        }
        (Scope::System, None) => "installed and started. Agents' users have to be members of the group \
                                  agentreceipts to record, auditors of agentreceipts-read to read."
            .to_owned(),
    }
}
