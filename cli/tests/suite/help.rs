use crate::house::House;

#[test]
fn the_commands_are_these() {
    let said = House::new().say(["--help"]);
    assert_eq!(said.code, 0);
    let commands: Vec<&str> = said
        .out
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(
        commands,
        [
            "init",
            "keys",
            "daemon",
            "anchor",
            "run",
            "exec",
            "emit",
            "list",
            "show",
            "disclose",
            "tail",
            "verify",
            "verify-event",
            "checkpoints",
            "prove",
            "export",
            "import",
            "backup",
            "retire",
            "compact",
            "doctor",
            "setup",
            "mcp",
            "approvals",
            "service",
            "help"
        ]
    );
}

#[test]
fn a_bare_program_explains_itself_as_an_error() {
    let said = House::new().say::<&str>([]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(said.err.contains("Usage: agent-receipts"), "{}", said.all());
    let noun = House::new().say(["daemon"]);
    assert_eq!((noun.code, noun.out.as_str()), (2, ""), "{}", noun.all());
}

#[test]
fn every_command_helps_even_without_a_home_or_with_a_broken_configuration() {
    let house = House::new();
    for command in [
        "init",
        "keys",
        "daemon",
        "anchor",
        "run",
        "exec",
        "emit",
        "list",
        "show",
        "disclose",
        "tail",
        "verify",
        "verify-event",
        "checkpoints",
        "prove",
        "export",
        "import",
        "backup",
        "compact",
        "doctor",
        "setup",
        "service",
    ] {
        let mut asked = house.command([command, "--help"]);
        let broken = house.path("broken.toml");
        std::fs::write(&broken, "[").unwrap();
        let output =
            asked.env_remove("HOME").env_remove("XDG_DATA_HOME").env("AGENTRECEIPTS_CONFIG", broken).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{command}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("Usage: agent-receipts"), "{command}");
    }
}

#[test]
fn json_is_an_option_of_every_command() {
    let house = House::new();
    for command in [
        "init",
        "run",
        "exec",
        "emit",
        "list",
        "show",
        "tail",
        "verify",
        "verify-event",
        "checkpoints",
        "prove",
        "export",
        "import",
        "backup",
        "compact",
        "doctor",
        "setup",
    ] {
        let said = house.say([command, "--help"]);
        assert!(said.out.contains("--json"), "{command}");
    }
}
