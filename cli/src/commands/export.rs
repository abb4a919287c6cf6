//! `export`: receipts as JSON lines, byte for byte as stored.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use agent_receipts_store::{Order, Query, ReceiptReader, Row, StoreError};

use super::Context;
use super::filter::FilterArgs;
use crate::args::DatabaseArgs;
use crate::exit;
use crate::failure::Failure;
use crate::output::{Screen, as_json, complain, count, printable};
use crate::reading::Reading;
use crate::sources::{ArchivesArgs, Source, open};

/// Flags of `export`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write to this file, which appears only when it is whole; otherwise to standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    archives: ArchivesArgs,
}

/// Writes the receipts chain by chain, each in order, so that whole chains can be verified from the file: those of the
/// database, then those of each archive that were not written before.
pub(crate) fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let path = context.settings.database(args.database.db.as_deref())?;
    let query = Query { order: Order::Chain, ..args.filter.query(None)? };
    let mut sources = open(&path, &args.archives)?;
    let written = match &args.output {
        Some(file) => to_file(file, &query, &mut sources)?,
        None => {
            let mut screen = context.stdout();
            let written = write(&query, &mut sources, &mut screen, Restart::Never)?;
            screen.flush()?;
            written
        }
    };
    if written == 0 {
        complain("agent-receipts: no receipts to export");
    } else if let Some(file) = &args.output {
        let file = file.to_string_lossy();
        let written = count(written, "receipt");
        complain(&format!("agent-receipts: {written} written to {}", printable(&file)));
    }
    Ok(exit::OK)
}

fn to_file(path: &Path, query: &Query, sources: &mut [Source]) -> Result<u64, Failure> {
    let failed =
        |error: io::Error| Failure::new(format_args!("could not write `{}`: {error}", path.display()));
    let mut name =
        path.file_name().ok_or_else(|| Failure::usage("--output does not name a file"))?.to_owned();
    name.push(format!(".partial-{}", std::process::id()));
    let partial = path.with_file_name(name);
    let exported = (|| {
        let file = File::options().write(true).create_new(true).mode(0o640).open(&partial).map_err(failed)?;
        let mut screen = Screen::plain(Box::new(file.try_clone().map_err(failed)?));
        let written = write(query, sources, &mut screen, Restart::File(&file))?;
        screen.flush().and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&partial, path).map_err(failed)?;
        Ok(written)
    })();
    if exported.is_err() {
        // What is left of a failed export is of no use; that it is gone already is no error.
        let _ = fs::remove_file(&partial);
    }
    exported
}

/// What can be done when a writer comes while receipts are written out.
enum Restart<'a> {
    /// Nothing: what is written is with the reader.
    Never,
    /// Empty the file and begin again.
    File(&'a File),
}

fn write(
    query: &Query,
    sources: &mut [Source],
    screen: &mut Screen,
    restart: Restart<'_>,
) -> Result<u64, Failure> {
    let Some((first, archives)) = sources.split_first_mut() else { return Ok(0) };
    let mut written = write_one(query, &mut first.reading, screen, restart, |_| Ok(false))?;
    let mut before = vec![&mut first.reading];
    for Source { reading, .. } in archives {
        written += write_one(query, reading, screen, Restart::Never, |row| {
            for reading in &mut before {
                let known = reading.ask(|reader| reader.by_id(&row.id))?;
                if known.is_some_and(|known| known.row.receipt_json == row.receipt_json) {
                    return Ok(true);
                }
            }
            Ok(false)
        })?;
        before.push(reading);
    }
    Ok(written)
}

/// `leave_out` tells which rows were written already.
fn write_one(
    query: &Query,
    reading: &mut Reading,
    screen: &mut Screen,
    restart: Restart<'_>,
    mut leave_out: impl FnMut(&Row) -> Result<bool, StoreError>,
) -> Result<u64, Failure> {
    let mut written = 0;
    let mut failure: Option<Failure> = None;
    let on_terminal = matches!(restart, Restart::Never) && io::stdout().is_terminal();
    let answer = reading.ask(|reader| {
        if written > 0 {
            match restart {
                Restart::Never => return Ok(()),
                Restart::File(file) => match start_again(screen, file) {
                    Ok(()) => written = 0,
                    Err(error) => failure = Some(error.into()),
                },
            }
        }
        let asked = reader.stream(query, &mut |stored| {
            match leave_out(&stored.row) {
                Ok(false) => {}
                Ok(true) => return ControlFlow::Continue(()),
                Err(error) => {
                    failure = Some(error.into());
                    return ControlFlow::Break(());
                }
            }
            // Byte for byte for whoever reads it as data; a terminal is given the same values, but no garbage.
            let line = match on_terminal {
                true => one_line(as_json(&stored.row).into_owned()),
                false => one_line(stored.row.receipt_json),
            };
            match screen.line(&line) {
                Ok(()) => {
                    written += 1;
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failure = Some(error.into());
                    ControlFlow::Break(())
                }
            }
        });
        match (&asked, &restart) {
            // Said once, after which nothing more may be written.
            (Err(StoreError::Changed { .. }), Restart::Never) if written > 0 => {
                failure = Some(Failure::from(io::Error::other(MEANWHILE)));
                Ok(())
            }
            _ => asked,
        }
    });
    match failure {
        Some(failure) => Err(failure),
        None => Ok(answer.map(|()| written)?),
    }
}

const MEANWHILE: &str = "a daemon started or stopped meanwhile: export again";

fn start_again(screen: &mut Screen, mut file: &File) -> io::Result<()> {
    screen.flush()?;
    file.set_len(0)?;
    io::Seek::seek(&mut file, io::SeekFrom::Start(0))?;
    file.flush()
}

/// A line break in JSON text can only be white space between tokens: as a blank it changes no value.
fn one_line(json: String) -> String {
    if json.contains(['\n', '\r']) { json.replace(['\n', '\r'], " ") } else { json }
}
