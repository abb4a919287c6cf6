//! A child whose calls that change files are counted, and of which one is refused or is its last.
//!
//! The child is a test of the same binary, which asks to be traced by [`wait_for_tracer`]. Everything below it is real:
//! SQLite, the file system, the kernel.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(dead_code)] // each test binary uses its own part

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use nix::errno::Errno;
use nix::libc::{self, c_long};
use nix::sys::ptrace;
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process ends before it, as by a crash.
    Crash,
    /// It has no effect and gives this error.
    Refuse(Errno),
}

/// How a child fared.
#[derive(Debug, PartialEq, Eq)]
pub enum Fared {
    /// It ended by itself before the call came, with this exit code.
    Untouched(i32),
    /// The call came; the exit code, `None` after a crash.
    Struck(Option<i32>),
}

/// For the child: from here on its calls are counted.
pub fn wait_for_tracer() {
    ptrace::traceme().unwrap();
    raise(Signal::SIGSTOP).unwrap();
}

/// Runs a child and strikes at its `at`th call that changes a file, counted from 0, whatever thread makes it.
pub fn run(mut command: Command, at: usize, fault: Fault) -> Fared {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let fared = Tracer::new(&mut child, at, fault).follow();
    let _ = child.kill();
    let _ = child.wait();
    fared
}

/// Runs a child to its end, untouched, and gives what it made durable, in order.
pub fn synced(mut command: Command) -> Vec<PathBuf> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut tracer = Tracer::new(&mut child, usize::MAX, Fault::Crash);
    assert_eq!(tracer.follow(), Fared::Untouched(0));
    tracer.synced
}

/// Strikes at every call in turn, and hands each outcome to `judge`, until the child ends untouched and well.
pub fn at_every_call(
    command: impl Fn() -> Command,
    fault: Fault,
    mut judge: impl FnMut(usize, Fared),
) -> usize {
    const MOST_CALLS: usize = 2_000;
    for at in 0..MOST_CALLS {
        match run(command(), at, fault) {
            Fared::Untouched(code) => {
                assert_eq!(code, 0, "the child fails without a fault");
                return at;
            }
            struck => judge(at, struck),
        }
    }
    panic!("the child makes more than {MOST_CALLS} calls");
}

struct Tracer<'a> {
    child: &'a mut Child,
    at: usize,
    fault: Fault,
    seen: usize,
    /// The thread whose call is being refused, until it returns.
    refusing: Option<Pid>,
    /// Threads that are inside of a call: the next stop of each is the call's end.
    inside: BTreeSet<Pid>,
    /// What was made durable.
    synced: Vec<PathBuf>,
}

impl<'a> Tracer<'a> {
    fn new(child: &'a mut Child, at: usize, fault: Fault) -> Self {
        Self { child, at, fault, seen: 0, refusing: None, inside: BTreeSet::new(), synced: Vec::new() }
    }

    fn follow(&mut self) -> Fared {
        let leader = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        // Other tests of this process have children too: only those of this thread are waited for.
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        let mut begun = false;
        loop {
            let status = match waitpid(None, Some(flags)) {
                Ok(status) => status,
                Err(Errno::EINTR) => continue,
                Err(error) => panic!("the child is lost: {error}"),
            };
            match status {
                WaitStatus::Exited(thread, code) if thread == leader => return self.fared(Some(code)),
                WaitStatus::Signaled(thread, ..) if thread == leader => return self.fared(None),
                WaitStatus::Stopped(thread, Signal::SIGSTOP) if !begun => {
                    begun = true;
                    let options = ptrace::Options::PTRACE_O_TRACESYSGOOD
                        | ptrace::Options::PTRACE_O_TRACECLONE
                        | ptrace::Options::PTRACE_O_EXITKILL;
                    ptrace::setoptions(thread, options).unwrap();
                    go_on(thread, None);
                }
                WaitStatus::PtraceSyscall(thread) => self.step(leader, thread),
                WaitStatus::Stopped(thread, signal) => {
                    let passed_on = if signal == Signal::SIGSTOP { None } else { Some(signal) };
                    go_on(thread, passed_on);
                }
                WaitStatus::PtraceEvent(thread, ..) => go_on(thread, None),
                _ => {}
            }
        }
    }

    fn step(&mut self, leader: Pid, thread: Pid) {
        if self.inside.remove(&thread) {
            if self.refusing == Some(thread) {
                self.refusing = None;
                if let (Fault::Refuse(error), Ok(mut registers)) = (self.fault, ptrace::getregs(thread)) {
                    registers.rax = i64::from(-(error as i32)).cast_unsigned();
                    ptrace::setregs(thread, registers).unwrap();
                }
            }
            return go_on(thread, None);
        }
        self.inside.insert(thread);
        // A thread that was killed meanwhile has no registers.
        let Ok(mut registers) = ptrace::getregs(thread) else { return go_on(thread, None) };
        if matches!(registers.orig_rax.cast_signed() as c_long, libc::SYS_fsync | libc::SYS_fdatasync) {
            let descriptor = format!("/proc/{leader}/fd/{}", registers.rdi);
            self.synced.extend(std::fs::read_link(descriptor));
        }
        if changes_a_file(&registers) {
            if self.seen == self.at {
                match self.fault {
                    Fault::Crash => {
                        nix::sys::signal::kill(leader, Signal::SIGKILL).unwrap();
                        self.seen += 1;
                        return;
                    }
                    Fault::Refuse(_) => {
                        // No call has this number, so that nothing is done.
                        registers.orig_rax = u64::MAX;
                        ptrace::setregs(thread, registers).unwrap();
                        self.refusing = Some(thread);
                    }
                }
            }
            self.seen += 1;
        }
        go_on(thread, None);
    }

    fn fared(&self, code: Option<i32>) -> Fared {
        match (self.seen > self.at, code) {
            (true, code) => Fared::Struck(code),
            (false, Some(code)) => Fared::Untouched(code),
            (false, None) => panic!("the child ended by a signal that nobody sent"),
        }
    }
}

fn go_on(thread: Pid, signal: Option<Signal>) {
    // A thread that was killed meanwhile is told of by the next wait.
    let _ = ptrace::syscall(thread, signal);
}

/// Calls that change a file, a folder or what is durable of them; what is said on the standard streams is none.
fn changes_a_file(registers: &libc::user_regs_struct) -> bool {
    let creates = |flags: u64| flags & (libc::O_CREAT as u64) != 0;
    match registers.orig_rax.cast_signed() as c_long {
        libc::SYS_write | libc::SYS_writev => registers.rdi > 2,
        libc::SYS_open => creates(registers.rsi),
        libc::SYS_openat => creates(registers.rdx),
        libc::SYS_pwrite64
        | libc::SYS_pwritev
        | libc::SYS_ftruncate
        | libc::SYS_truncate
        | libc::SYS_fallocate
        | libc::SYS_fsync
        | libc::SYS_fdatasync
        | libc::SYS_sync_file_range
        | libc::SYS_copy_file_range
        | libc::SYS_rename
        | libc::SYS_renameat
        | libc::SYS_renameat2
        | libc::SYS_link
        | libc::SYS_linkat
        | libc::SYS_unlink
        | libc::SYS_unlinkat
        | libc::SYS_rmdir
        | libc::SYS_mkdir
        | libc::SYS_mkdirat
        | libc::SYS_chmod
        | libc::SYS_fchmod
        | libc::SYS_fchmodat
        | libc::SYS_chown
        | libc::SYS_fchown
        | libc::SYS_fchownat
        | libc::SYS_creat => true,
        _ => false,
    }
}
