//! `report`.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::Parser;
use serde::Serialize;

use super::{Common, as_json, emitter_or};
use crate::report::{Bar, judge};
use crate::{Failure, Figures, Scale, measure_all};

/// Measures everything, prints a table against the goals and writes all figures as JSON.
///
/// Builds the daemon and the command line first, unless both are named. A missed goal is no failure of this program.
#[derive(Debug, Parser)]
#[command(name = "report")]
struct Args {
    /// Small sizes, to see that everything works; the figures say little then.
    #[arg(long)]
    quick: bool,
    /// Where the figures go.
    #[arg(long, value_name = "FILE", default_value = "performance.json")]
    out: PathBuf,
    /// Print the table as Markdown, for a page.
    #[arg(long)]
    markdown: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Document<'a> {
    bars: &'a [Bar],
    figures: &'a Figures,
}

/// The program `report`.
pub fn report_main() -> ExitCode {
    emitter_or(|args| {
        let Args { quick, out, markdown, common } = Args::parse_from(args);
        if common.daemon.is_none() || common.cli.is_none() {
            build()?;
        }
        let scale = if quick { Scale::QUICK } else { Scale::FULL };
        let figures = measure_all(&scale, &common.binaries()?, &common.place())?;
        let bars = judge(&figures);
        fs::write(&out, as_json(&Document { bars: &bars, figures: &figures })?)
            .map_err(Failure::system(format!("write `{}`", out.display())))?;
        let table = if markdown { Bar::markdown(&bars) } else { Bar::table(&bars) };
        write!(io::stdout(), "{table}").map_err(Failure::system("print the table"))
    })
}

/// What is measured must be what the sources say.
fn build() -> Result<(), Failure> {
    let cargo = std::env::var_os("CARGO").ok_or_else(|| {
        Failure::Plan("name --daemon and --cli, or run this with cargo, which builds both".to_owned())
    })?;
    let status = Command::new(cargo)
        .args(["build", "--release", "--package", "agent-receipts-daemon", "--package", "agent-receipts-cli"])
        .status()
        .map_err(Failure::system("start cargo"))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::Program { program: "cargo build".to_owned(), said: status.to_string() })
    }
}
