use std::fmt::Display;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::behaviours::{breaches_of_readme, write_readme};
use crate::c_library::{LibraryOptions, make_library};
use crate::fuzz::{FuzzOptions, run_fuzz};
use crate::go_library::make_go_library;
use crate::header::{HeaderOptions, make_header};
use crate::package::{DebOptions, FormulaOptions, make_deb, make_formula};
use crate::test::{TestOptions, measure_emit_cost, measure_mcp_latency, run_tests};
use crate::workspace::Workspace;
use crate::{
    HOUSE, VIEWS, check_claims, check_house, check_layering, check_licences, check_mentions, check_view,
    closure_of_view,
};

/// Reads the command line, runs one task and says whether it held.
///
/// Exit codes: 0 when it held, 1 when it did not, 2 for a command line that is not understood.
#[must_use]
pub fn main() -> ExitCode {
    let task = CommandLine::parse().task;
    let outcome = Workspace::find().map_err(Failure::from).and_then(|workspace| match task {
        Task::Test(options) => run_tests(&workspace, &options).map_err(Failure::from),
        Task::Layering => layering(&workspace),
        Task::House => house(&workspace),
        Task::Licences => licences(&workspace),
        Task::Claims => claims(&workspace),
        Task::Header(options) => header(&workspace, options),
        Task::GoLibrary => go_library(&workspace),
        Task::Behaviours { write } => behaviours(&workspace, write),
        Task::EmitCost => Ok(measure_emit_cost(&workspace)),
        Task::McpLatency => Ok(measure_mcp_latency(&workspace)),
        Task::CLibrary(options) => c_library(&workspace, options),
        Task::Fuzz(options) => fuzz(&workspace, &options),
        Task::Deb(options) => deb(&workspace, &options),
        Task::Formula(options) => formula(&workspace, &options),
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Developer tasks of agent-receipts")]
struct CommandLine {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every test, the interoperability tests against a published client included.
    Test(TestOptions),
    /// Hold the directions between crates against the table.
    Layering,
    /// Hold the sources against the house rules.
    House,
    /// Hold every dependency's licence and origin against deny.toml, offline.
    Licences,
    /// Hold the documents against the claims ledger.
    Claims,
    /// Hold the committed C header against the sources, or write it.
    Header(HeaderOptions),
    /// Build the C library and put it, with its header, where the Go module links it from.
    GoLibrary,
    /// Hold the README's table of what holds in every language against the last run of its tests.
    Behaviours {
        /// Write the table instead, as that run found it.
        #[arg(long)]
        write: bool,
    },
    /// Measure what emitting costs in each language, beside a published client.
    EmitCost,
    /// Measure what the MCP proxy adds to a call, beside the server alone.
    McpLatency,
    /// Make the C library as it is shipped, and print its folder.
    CLibrary(LibraryOptions),
    /// Run the fuzz targets for a while, on the toolchain that everything is built with.
    Fuzz(FuzzOptions),
    /// Make a Debian package, of a release built for it.
    Deb(DebOptions),
    /// Print the Homebrew formula of a release.
    Formula(FormulaOptions),
}

/// Any failure to run a task at all, as the line to print.
struct Failure(String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        Self(text)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn layering(workspace: &Workspace) -> Result<bool, Failure> {
    let graph = workspace.graph()?;
    let mut breaches: Vec<String> = check_layering(&graph, HOUSE).iter().map(ToString::to_string).collect();
    for view in VIEWS {
        let closure = closure_of_view(workspace, view)?;
        breaches.extend(check_view(view, &closure).iter().map(ToString::to_string));
    }
    Ok(report("layering", &format!("{} crates", HOUSE.len()), &breaches))
}

fn house(workspace: &Workspace) -> Result<bool, Failure> {
    let files = workspace.tracked_files()?;
    let mut breaches: Vec<String> = check_house(workspace, &files)?.iter().map(ToString::to_string).collect();
    breaches.extend(check_mentions(&files).iter().map(ToString::to_string));
    Ok(report("house", &format!("{} files", files.len()), &breaches))
}

fn licences(workspace: &Workspace) -> Result<bool, Failure> {
    let policy = workspace.supply_policy()?;
    let packages = workspace.packages()?;
    let breaches = check_licences(&policy, &packages);
    Ok(report("licences", &format!("{} packages", packages.len()), &breaches))
}

fn claims(workspace: &Workspace) -> Result<bool, Failure> {
    let ledger = workspace.ledger()?;
    let breaches = check_claims(&ledger, &workspace.tracked_files()?);
    Ok(report("claims", &format!("{} claims", ledger.claims.len()), &breaches))
}

fn go_library(workspace: &Workspace) -> Result<bool, Failure> {
    let library = make_go_library(workspace)?;
    println!("go-library: {}", library.display());
    Ok(true)
}

fn header(workspace: &Workspace, options: HeaderOptions) -> Result<bool, Failure> {
    let difference = make_header(workspace, options)?;
    Ok(report("header", "the C interface", &Vec::from_iter(difference)))
}

fn behaviours(workspace: &Workspace, write: bool) -> Result<bool, Failure> {
    if write {
        write_readme(workspace)?;
    }
    Ok(report("behaviours", "the README's table", &breaches_of_readme(workspace, &[])?))
}

fn c_library(workspace: &Workspace, options: LibraryOptions) -> Result<bool, Failure> {
    println!("{}", make_library(workspace, options)?.folder.display());
    Ok(true)
}

fn fuzz(workspace: &Workspace, options: &FuzzOptions) -> Result<bool, Failure> {
    Ok(report("fuzz", "the targets", &run_fuzz(workspace, options)?))
}

fn deb(workspace: &Workspace, options: &DebOptions) -> Result<bool, Failure> {
    println!("{}", make_deb(workspace, options)?.display());
    Ok(true)
}

fn formula(workspace: &Workspace, options: &FormulaOptions) -> Result<bool, Failure> {
    print!("{}", make_formula(workspace, options)?);
    Ok(true)
}

fn report<B: Display>(check: &str, scope: &str, breaches: &[B]) -> bool {
    for breach in breaches {
        println!("{check}: {breach}");
    }
    let verdict =
        if breaches.is_empty() { "holds".to_string() } else { format!("{} breaches", breaches.len()) };
    println!("{check}: {scope}, {verdict}");
    breaches.is_empty()
}
