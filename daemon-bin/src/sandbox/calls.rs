//! seccomp: the system calls that are left. All others answer "not implemented", as on a kernel that lacks them, which is what
//! C libraries fall back from; none ends the process.

mod listed;

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// Confines the calling thread, and those that it starts. Gives a line for the log.
pub(super) fn confine() -> String {
    match daemon_rules().and_then(install) {
        Ok(()) => {
            "seccomp leaves the system calls of reading, writing and waiting, and Unix sockets".to_owned()
        }
        Err(why) => format!("system calls are NOT confined: {why}"),
    }
}

/// Leaves the calling thread what it takes to look at a process and to wait: no write, no connection, no new thread.
pub(super) fn confine_attester() -> Result<(), String> {
    attester_rules().and_then(install)
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn daemon_rules() -> Result<Rules, String> {
    let mut rules = always(&[listed::PLAIN, listed::OF_THE_ARCHITECTURE]);
    rules.extend(memory()?);
    // No other family: neither the network's, nor netlink, nor packets. 1 is `AF_UNIX`.
    rules.insert(libc::SYS_socket, vec![rule(&[is(0, libc::AF_UNIX as u64)?])?]);
    rules.insert(libc::SYS_socketpair, vec![rule(&[is(0, libc::AF_UNIX as u64)?])?]);
    // Threads, no processes. `clone3` hides its flags behind a pointer; "not implemented" makes C libraries use this one.
    let thread = libc::CLONE_THREAD as u64;
    rules.insert(libc::SYS_clone, vec![rule(&[masked(0, thread, thread)?])?]);
    // To look at a limit, not to set one: the new one's pointer is null.
    rules.insert(libc::SYS_prlimit64, vec![rule(&[is_long(2, 0)?])?]);
    let names = [libc::PR_SET_NAME as u64, PR_SET_VMA].map(|option| is(0, option).and_then(|c| rule(&[c])));
    rules.insert(libc::SYS_prctl, names.into_iter().collect::<Result<_, _>>()?);
    let requests = [libc::FIONBIO, libc::FIOCLEX, libc::FIONREAD, libc::TCGETS];
    let requests = requests.map(|request| is(1, request).and_then(|c| rule(&[c])));
    rules.insert(libc::SYS_ioctl, requests.into_iter().collect::<Result<_, _>>()?);
    Ok(rules)
}

fn attester_rules() -> Result<Rules, String> {
    let mut rules = always(&[listed::ATTESTER, listed::ATTESTER_OF_THE_ARCHITECTURE]);
    rules.extend(memory()?);
    let writing =
        (libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC | libc::O_TMPFILE & !libc::O_DIRECTORY) as u64;
    // The standard library looks whether what it closes is open.
    rules.insert(libc::SYS_fcntl, vec![rule(&[is(1, libc::F_GETFD as u64)?])?]);
    rules.insert(libc::SYS_openat, vec![rule(&[masked(2, writing, libc::O_RDONLY as u64)?])?]);
    Ok(rules)
}

/// Memory that is never both written and executed; libraries may still be loaded.
fn memory() -> Result<Rules, String> {
    let (write, execute) = (libc::PROT_WRITE as u64, libc::PROT_EXEC as u64);
    let map = vec![rule(&[masked(2, execute, 0)?])?, rule(&[masked(2, write, 0)?])?];
    let protect = vec![rule(&[masked(2, execute, 0)?])?];
    Ok(BTreeMap::from([(libc::SYS_mmap, map), (libc::SYS_mprotect, protect)]))
}

fn always(lists: &[&[i64]]) -> Rules {
    lists.iter().flat_map(|list| list.iter()).map(|call| (*call, Vec::new())).collect()
}

fn install(rules: Rules) -> Result<(), String> {
    let target = std::env::consts::ARCH.try_into().map_err(said)?;
    let refuse = SeccompAction::Errno(libc::ENOSYS as u32);
    let filter = SeccompFilter::new(rules, refuse, SeccompAction::Allow, target).map_err(said)?;
    let program: BpfProgram = filter.try_into().map_err(said)?;
    seccompiler::apply_filter(&program).map_err(said)
}

fn rule(conditions: &[SeccompCondition]) -> Result<SeccompRule, String> {
    SeccompRule::new(conditions.to_vec()).map_err(said)
}

/// The argument, of 32 bits, is `value`.
fn is(argument: u8, value: u64) -> Result<SeccompCondition, String> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value).map_err(said)
}

/// The argument, of 64 bits, is `value`.
fn is_long(argument: u8, value: u64) -> Result<SeccompCondition, String> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, value).map_err(said)
}

/// Of the argument's bits those in `mask` are those of `value`.
fn masked(argument: u8, mask: u64, value: u64) -> Result<SeccompCondition, String> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(mask), value)
        .map_err(said)
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// `linux/prctl.h`: names memory for whoever reads `/proc/<pid>/maps`; C libraries do.
const PR_SET_VMA: u64 = 0x5356_4d41;
