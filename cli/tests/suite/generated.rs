//! What is generated from the command line: completions and the manual.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use crate::house::House;

#[test]
fn each_shell_gets_a_script_that_knows_every_command() {
    let house = House::new();
    for shell in ["bash", "zsh", "fish"] {
        let said = house.say(["completions", shell]);
        assert_eq!(said.code, 0, "{}", said.all());
        for command in ["verify-event", "service", "doctor"] {
            assert!(said.out.contains(command), "{shell} does not know `{command}`");
        }
        assert!(!said.out.contains("/tmp/"), "{shell}");
    }
    assert_eq!(house.say(["completions", "abacus"]).code, 2);
}

/// Bash is the one shell that is on every machine of ours.
#[test]
fn bash_completes_a_command() {
    let house = House::new();
    let script = house.say(["completions", "bash"]).out;
    std::fs::write(house.path("completions"), script).unwrap();
    let ask = "source ./completions; COMP_WORDS=(agent-receipts verify-); COMP_CWORD=1; \
               complete=$(complete -p agent-receipts | sed 's/.*-F \\([^ ]*\\).*/\\1/'); \
               $complete agent-receipts verify- agent-receipts; echo \"${COMPREPLY[@]}\"";
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", ask]).current_dir(house.path("")).stdin(Stdio::null());
    let output = bash.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "verify-event", "{output:?}");
}

#[test]
fn every_command_has_a_page_and_no_hidden_one_has() {
    let house = House::new();
    std::fs::create_dir(house.path("man")).unwrap();
    let said = house.say(["manual", "man"]);
    assert_eq!(said.code, 0, "{}", said.all());
    let pages: BTreeSet<String> = std::fs::read_dir(house.path("man"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for page in ["agent-receipts.1", "agent-receipts-verify.1", "agent-receipts-service-install.1"] {
        assert!(pages.contains(page), "{page} is not among {pages:?}");
    }
    let hidden =
        |page: &&String| page.contains("manual") || page.contains("completions") || page.contains("help");
    assert_eq!(pages.iter().find(hidden), None);
    let page = std::fs::read_to_string(house.path("man/agent-receipts-verify.1")).unwrap();
    assert!(page.starts_with(".ie") && page.contains("trust\\-key"), "{page}");
    assert_eq!(house.say(["manual", "absent"]).code, 1);
}

#[test]
fn neither_needs_a_home_or_a_sound_configuration() {
    let house = House::new();
    std::fs::write(house.path("broken.toml"), "[").unwrap();
    let mut command = house.command(["completions", "bash"]);
    command
        .env_remove("HOME")
        .env_remove("XDG_DATA_HOME")
        .env("AGENTRECEIPTS_CONFIG", house.path("broken.toml"));
    assert!(command.output().unwrap().status.success());
}
