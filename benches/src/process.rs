//! What a process has used, as the kernel counts it.

use std::collections::BTreeMap;
use std::fs;

use crate::Failure;

/// Processor time and memory of a process up to now.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ProcessUsage {
    /// User and system time of all its threads, ended ones included, in seconds; the kernel counts in ticks of 10 ms.
    pub cpu_seconds: f64,
    /// Memory that is resident now, in bytes.
    pub rss: u64,
    /// The most that ever was resident, in bytes.
    pub peak_rss: u64,
}

impl ProcessUsage {
    /// Reads `/proc/<pid>`.
    ///
    /// # Errors
    ///
    /// [`Failure`] if there is no such process, or no such file system.
    pub fn of(pid: i32) -> Result<Self, Failure> {
        let stat = read(&format!("/proc/{pid}/stat"))?;
        let status = read(&format!("/proc/{pid}/status"))?;
        let unclear = || Failure::unclear(format!("/proc/{pid}"), stat.trim());
        // The name in parentheses may hold anything; user and system time are the 14th and 15th field.
        let after_name = stat.rsplit_once(')').ok_or_else(unclear)?.1;
        let ticks: Vec<u64> =
            after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
        let [user, system] = ticks[..] else { return Err(unclear()) };
        let kilobytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or_else(unclear)?;
            let number = line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
            number.map(|kilobytes| kilobytes * 1024).ok_or_else(unclear)
        };
        Ok(Self {
            cpu_seconds: (user + system) as f64 / rustix::param::clock_ticks_per_second() as f64,
            rss: kilobytes("VmRSS:")?,
            peak_rss: kilobytes("VmHWM:")?,
        })
    }
}

/// Processor seconds of the threads that live now, summed by their names with digits left out.
///
/// # Errors
///
/// As [`ProcessUsage::of`].
pub fn thread_usage(pid: i32) -> Result<BTreeMap<String, f64>, Failure> {
    let folder = format!("/proc/{pid}/task");
    let mut sums = BTreeMap::new();
    for task in fs::read_dir(&folder).map_err(Failure::system(format!("read `{folder}`")))?.flatten() {
        // A thread may end between two lines of ours.
        let (Ok(name), Ok(spent)) =
            (fs::read_to_string(task.path().join("comm")), fs::read_to_string(task.path().join("schedstat")))
        else {
            continue;
        };
        let name = name.trim().trim_end_matches(|c: char| c.is_ascii_digit() || c == '-').to_owned();
        let nanoseconds = spent.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
        *sums.entry(name).or_insert(0.0) += nanoseconds.unwrap_or_default() as f64 / 1e9;
    }
    Ok(sums)
}

/// Processor seconds of this process, all threads.
pub fn own_cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// A clock that all processes of one machine share, in nanoseconds.
pub(crate) fn monotonic_nanoseconds() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    // Counted from the start of the machine: never negative.
    (time.tv_sec as u64) * 1_000_000_000 + time.tv_nsec as u64
}

fn read(path: &str) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(Failure::system(format!("read `{path}`")))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_known() {
        let pid = std::process::id() as i32;
        let usage = ProcessUsage::of(pid).unwrap();
        assert!(usage.rss > 0 && usage.peak_rss >= usage.rss, "{usage:?}");
        assert!(!thread_usage(pid).unwrap().is_empty());
        assert!(own_cpu_seconds() > 0.0);
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        assert!(matches!(ProcessUsage::of(-1), Err(Failure::System { .. })));
    }
}
