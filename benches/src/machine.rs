//! The machine that a figure belongs to.

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use crate::pipeline::cores;
use crate::{Failure, Latencies};

/// What must stand beside a figure for it to mean something. No serial numbers and no names of hosts.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Machine {
    /// Cores that this process may use.
    pub cores: usize,
    /// The processor's model.
    pub processor: String,
    /// Whether it computes SHA-256 in hardware.
    pub sha_extensions: bool,
    /// Kernel and its release.
    pub kernel: String,
    /// The file system and the device's kind under the measured folder.
    pub disk: String,
    /// `fdatasync` of 4 KiB appended, in microseconds.
    pub fdatasync: Latencies,
    /// The load average when this was asked.
    pub load_average: String,
}

impl Machine {
    /// Asks the kernel, and the disk under `place`.
    ///
    /// # Errors
    ///
    /// [`Failure::System`] if nothing can be written there.
    pub fn describe(place: &Path) -> Result<Self, Failure> {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |name: &str| {
            let line = info.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let uname = rustix::system::uname();
        Ok(Self {
            cores: cores(),
            processor: field("model name").unwrap_or_else(|| "unknown".to_owned()),
            sha_extensions: field("flags")
                .is_some_and(|flags| flags.split_whitespace().any(|flag| flag == "sha_ni")),
            kernel: format!(
                "{} {}",
                uname.sysname().to_string_lossy(),
                short(&uname.release().to_string_lossy())
            ),
            disk: disk_under(place),
            fdatasync: time_syncs(place)?,
            load_average: fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned(),
        })
    }
}

/// Times `fdatasync` after appending 4 KiB.
fn time_syncs(place: &Path) -> Result<Latencies, Failure> {
    use std::io::Write as _;
    let mut file = tempfile::tempfile_in(place).map_err(Failure::system("make a file"))?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        file.write_all(&[0x5a; 4096]).map_err(Failure::system("write a file"))?;
        let began = Instant::now();
        file.sync_data().map_err(Failure::system("sync a file"))?;
        times.push(began.elapsed().as_nanos() as u64);
    }
    Latencies::of(times).ok_or_else(|| Failure::Plan("nothing was synced".to_owned()))
}

/// `ext4 on a virtual disk`, by the mount that is the longest prefix of the path.
fn disk_under(place: &Path) -> String {
    let place = place.canonicalize().unwrap_or_else(|_| place.to_owned());
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mount = mounts.lines().filter_map(|line| {
        let mut fields = line.split_whitespace();
        let (device, at, kind) = (fields.next()?, fields.next()?, fields.next()?);
        place.starts_with(at).then(|| (at.len(), device.to_owned(), kind.to_owned()))
    });
    let Some((_, device, kind)) = mount.max_by_key(|(length, ..)| *length) else {
        return "unknown".to_owned();
    };
    let device = device.rsplit('/').next().unwrap_or_default();
    let device = match device {
        name if name.starts_with("vd") => "a virtio disk",
        name if name.starts_with("nvme") => "an NVMe disk",
        name if name.starts_with("sd") => "a SCSI or SATA disk",
        "tmpfs" => "memory",
        _ => "another device",
    };
    format!("{kind} on {device}")
}

/// `6.18.44-local-build` is `6.18.44`: the rest names a builder.
fn short(release: &str) -> &str {
    release.split('-').next().unwrap_or(release)
}

const SYNCS: usize = 500;
