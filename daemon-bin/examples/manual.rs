//! Writes the daemon's page of the manual, from its command line. An example, so that the daemon itself links no such thing.
//!
//! ```text
//! cargo run --package agent-receipts-daemon --example manual -- FOLDER
//! ```

use std::io;
use std::path::PathBuf;

fn main() -> io::Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "name a folder"))?;
    let mut page = Vec::new();
    // Section 8, since `agent-receipts daemon` has the page of section 1.
    clap_mangen::Man::new(agent_receipts_daemon::command_line()).section("8").render(&mut page)?;
    std::fs::write(folder.join("agent-receipts-daemon.8"), page)
}
