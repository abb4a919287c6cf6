//! Where the files stand by default.

use agent_receipts_daemon::{Command, DataDirectory};

use crate::{HOME, config, env, parse, text};

fn directory(pairs: &[(&str, &str)]) -> Option<DataDirectory> {
    DataDirectory::of(&env(pairs)).unwrap()
}

#[test]
fn an_absolute_data_home_wins() {
    let directory = directory(&[HOME, ("XDG_DATA_HOME", "/data")]).unwrap();
    assert_eq!(text(&directory.db()), "/data/agent-receipts/receipts.db");
    assert_eq!(text(&directory.key()), "/data/agent-receipts/signing.key");
    assert_eq!(text(&directory.config()), "/data/agent-receipts/daemon.toml");
    assert_eq!(text(&directory.forensic_key()), "/data/agent-receipts/forensic.key");
}

#[test]
fn without_one_the_home_is_used() {
    for data_home in [None, Some(""), Some("relative"), Some("./x"), Some("~/x")] {
        let mut pairs = vec![HOME];
        pairs.extend(data_home.map(|value| ("XDG_DATA_HOME", value)));
        let directory = directory(&pairs).unwrap();
        assert_eq!(text(directory.path()), "/home/nobody-here/.local/share/agent-receipts", "{data_home:?}");
    }
}

#[test]
fn without_any_there_is_no_default() {
    for pairs in [&[][..], &[("HOME", "")], &[("HOME", "relative")], &[("XDG_DATA_HOME", "relative")]] {
        assert_eq!(directory(pairs), None, "{pairs:?}");
    }
}

#[test]
fn everything_stands_in_one_directory_of_its_own() {
    for pairs in [&[HOME][..], &[("XDG_DATA_HOME", "/data")]] {
        let directory = directory(pairs).unwrap();
        assert_eq!(directory.path().file_name().unwrap(), "agent-receipts");
        for file in [directory.db(), directory.key(), directory.forensic_key(), directory.config()] {
            assert_eq!(file.parent(), Some(directory.path()));
        }
    }
}

/// Over every permutation of the variables that decide: an emitter with the same environment dials where we listen.
#[test]
fn the_socket_is_the_one_that_emitters_look_for() {
    let values = [None, Some(""), Some("relative"), Some("/absolute")];
    let named = [None, Some(""), Some("/named/events.sock")];
    let mut seen = 0;
    for runtime in values {
        for data in values {
            for home in [Some("/home/x"), Some("relative"), None] {
                for socket in named {
                    let pairs: Vec<(&str, &str)> = [
                        ("XDG_RUNTIME_DIR", runtime),
                        ("XDG_DATA_HOME", data),
                        ("HOME", home),
                        ("AGENTRECEIPTS_SOCKET", socket),
                    ]
                    .into_iter()
                    .filter_map(|(name, value)| value.map(|value| (name, value)))
                    .collect();
                    let text_env = |name: &str| env(&pairs)(name).and_then(|value| value.into_string().ok());
                    let emitters = agent_receipts_ipc::default_socket_path(&text_env).ok();
                    let ours = match parse(&["--db=/d", "--key=/k"], &pairs) {
                        Ok(Command::Run(config)) => Some(config.socket),
                        _ => None,
                    };
                    assert_eq!(ours, emitters, "{pairs:?}");
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(seen, 4 * 4 * 3 * 3);
}

#[test]
fn the_variable_names_the_socket_for_both_sides() {
    assert_eq!(
        text(&config(&[], &[("AGENTRECEIPTS_SOCKET", "/named/events.sock")]).socket),
        "/named/events.sock"
    );
}
