//! `setup`: what it writes into the configurations of agents' hosts, what it leaves alone, and that all of it can be undone.

mod bad_files;
mod claude_code;
mod hosts;
mod options;
mod passing_on;
mod recording;
mod secrets;
mod starting;
mod undoing;
mod writing;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::house::{House, Said};

/// A house with stand-ins for the hook and the proxy on its path.
struct Desk {
    house: House,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { house: House::new() };
        std::fs::create_dir_all(desk.house.path("bin")).unwrap();
        for program in ["agent-receipts-hook", "agent-receipts-mcp"] {
            desk.script(&format!("bin/{program}"), "");
        }
        desk
    }

    fn script(&self, name: &str, text: &str) -> PathBuf {
        self.house.script(name, text)
    }

    fn program(&self, from: &Path, name: &str) -> PathBuf {
        self.house.program(from, name)
    }

    fn home(&self, name: &str) -> PathBuf {
        self.house.path("h").join(name)
    }

    /// A file in the home.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.house.command(["setup"].iter().chain(arguments));
        command.env("PATH", format!("{}:/usr/bin:/bin", self.house.path("bin").display()));
        command.env("AGENTRECEIPTS_HOOK_BIN", self.hook()).env("AGENTRECEIPTS_MCP_BIN", self.proxy());
        command.env_remove("XDG_CONFIG_HOME");
        command
    }

    fn say(&self, arguments: &[&str]) -> Said {
        Said::of(&self.command(arguments).output().unwrap())
    }

    /// As [`Desk::say`], for what is bound to go well.
    fn well(&self, arguments: &[&str]) -> Said {
        let said = self.say(arguments);
        assert!(said.code == 0 && said.err.is_empty(), "{arguments:?} {}", said.all());
        said
    }

    fn hook(&self) -> String {
        self.house.path("bin/agent-receipts-hook").display().to_string()
    }

    fn proxy(&self) -> String {
        self.house.path("bin/agent-receipts-mcp").display().to_string()
    }

    /// Set up, seen to have changed the file, set up again, seen to change nothing, undone, seen to be byte for byte as before.
    /// Gives the text in between.
    fn there_and_back(&self, host: &str, path: &Path) -> String {
        let before = std::fs::read(path).unwrap();
        let said = self.well(&[host]);
        let between = read(path);
        assert_ne!(between.as_bytes(), before, "{}", said.all());
        assert!(said.out.contains(&format!("--- {}", path.display())), "no difference in {}", said.all());
        let again = self.well(&[host]);
        assert!(again.out.contains("nothing to change") && !again.out.contains("@@"), "{}", again.all());
        assert_eq!(read(path), between);
        let back = self.well(&[host, "--undo"]);
        assert_eq!(read(path).into_bytes(), before, "{}", back.all());
        assert!(self.well(&[host, "--undo"]).out.contains("nothing to undo"));
        between
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn backups(folder: &Path) -> Vec<PathBuf> {
    let names = names(folder).into_iter();
    names.filter(|name| name.ends_with(".bak")).map(|name| folder.join(name)).collect()
}
