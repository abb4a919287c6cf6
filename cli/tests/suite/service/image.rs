//! `service install --system --root`: into the folder of an image, with systemd's own tools.

use std::fs;
use std::path::Path;

use super::{has_tools, say, service};
use crate::house::{House, copy_program, daemon_binary};

#[test]
fn an_image_gets_users_folders_settings_and_enabled_units() {
    if !has_tools(&["systemd-sysusers", "systemd-tmpfiles", "systemctl"])
        || !rustix::process::geteuid().is_root()
    {
        return eprintln!("NOT RUN: only root can make other users' folders");
    }
    let house = House::new();
    let root = house.path("image");
    fs::create_dir_all(root.join("etc")).unwrap();
    // Programs where a system has them; these very binaries stand elsewhere.
    let place =
        |name: &str| Path::new("/opt").join(format!("agent-receipts-test-{}", std::process::id())).join(name);
    fs::create_dir_all(place("")).unwrap();
    let _removed = Removed(place(""));
    copy_program(Path::new(env!("CARGO_BIN_EXE_agent-receipts")), &place("agent-receipts"));
    copy_program(daemon_binary(), &place("agent-receipts-daemon"));
    copy_program(Path::new("/bin/true"), &place("agent-receipts-anchor"));
    let mut command = house.of(place("agent-receipts").to_str().unwrap());
    command.args(["service", "install", "--system", "--root"]).arg(&root);
    let said = say(&mut command);
    assert_eq!(said.code, 0, "{}", said.all());
    let users = fs::read_to_string(root.join("etc/passwd")).unwrap();
    assert!(
        users.lines().any(|line| line.starts_with("agentreceipts:") && line.ends_with("nologin")),
        "{users}"
    );
    let groups = fs::read_to_string(root.join("etc/group")).unwrap();
    assert!(groups.contains("agentreceipts:") && groups.contains("agentreceipts-read:"), "{groups}");
    let wanted = root.join("etc/systemd/system/sockets.target.wants/agent-receipts-daemon.socket");
    assert!(fs::symlink_metadata(wanted).is_ok());
    let unit = fs::read_to_string(root.join("etc/systemd/system/agent-receipts-daemon.service")).unwrap();
    assert!(unit.contains(&format!("ExecStart={} ", place("agent-receipts-daemon").display())), "{unit}");
    // Settings are the operator's: once changed they stay as they are.
    let settings = root.join("etc/agentreceipts/daemon.toml");
    fs::write(&settings, "# mine\n").unwrap();
    let mut command = house.of(place("agent-receipts").to_str().unwrap());
    command.args(["service", "install", "--system", "--root"]).arg(&root);
    assert_eq!(say(&mut command).code, 0);
    assert_eq!(fs::read_to_string(&settings).unwrap(), "# mine\n");
    the_anchor_comes_and_all_goes(&house, &place("agent-receipts"), &root);
    assert_eq!(fs::read_to_string(&settings).unwrap(), "# mine\n");
}

/// It is added to what is installed, told of, and removed with the rest.
fn the_anchor_comes_and_all_goes(house: &House, program: &Path, root: &Path) {
    let run = |verb: &str, more: &[&str]| {
        let mut command = house.of(program.to_str().unwrap());
        say(command.args(["service", verb, "--system", "--root"]).arg(root).args(more))
    };
    let status = run("status", &[]);
    assert!(status.code == 1 && status.out.contains("anchor: not installed"), "{}", status.all());
    let said = run("install", &["--with-anchor"]);
    assert!(said.code == 0 && said.out.contains("anchor starts once there is"), "{}", said.all());
    let unit = root.join("etc/systemd/system/agent-receipts-anchor.service");
    let text = fs::read_to_string(&unit).unwrap();
    let anchor = program.with_file_name("agent-receipts-anchor");
    assert!(text.contains(&format!("ExecStart={} --config", anchor.display())), "{text}");
    let wanted = root.join("etc/systemd/system/multi-user.target.wants/agent-receipts-anchor.service");
    assert!(fs::symlink_metadata(&wanted).is_ok());
    let status = run("status", &[]);
    let line = "anchor: installed, enabled, inactive; waits for `/etc/agentreceipts/anchor.toml`";
    assert!(status.out.contains(line), "{}", status.all());
    fs::write(root.join("etc/agentreceipts/anchor.toml"), "# mine\n").unwrap();
    let state = run("status", &["--json"]).json();
    assert_eq!(
        state["anchor"],
        serde_json::json!({ "installed": true, "configured": true, "enabled": "enabled", "active": "inactive" })
    );
    // A second install without the flag leaves it.
    assert_eq!(run("install", &[]).code, 0);
    assert!(unit.exists());
    let said = run("uninstall", &[]);
    assert!(said.code == 0 && said.out.contains("agent-receipts-anchor.service"), "{}", said.all());
    for gone in [&unit, &wanted, &unit.with_file_name("agent-receipts-daemon.service")] {
        assert!(fs::symlink_metadata(gone).is_err(), "{}", gone.display());
    }
    assert!(root.join("etc/agentreceipts/anchor.toml").exists(), "the operator's");
}

/// A folder that goes when the test ends, however it ends.
struct Removed(std::path::PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_packages_units_are_not_hidden_by_ours() {
    let house = House::new();
    let root = house.path("image");
    let packaged = root.join("usr/lib/systemd/system/agent-receipts-daemon.service");
    fs::create_dir_all(packaged.parent().unwrap()).unwrap();
    fs::write(&packaged, "[Service]\n").unwrap();
    let said =
        say(service(&house, &["install", "--system", "--root"]).arg(&root).arg("--daemon-bin=/bin/true"));
    // The program of this test may stand in a folder that the system's service cannot see, which is said first.
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(
        said.err.contains("a package has installed") || said.err.contains("a user's own program"),
        "{}",
        said.all()
    );
    assert!(!root.join("etc").exists());
}
