//! `import`, and what is read of archives afterwards.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use agent_receipts_store::{ReceiptStore, Row, SqliteStore};

use crate::chains::{Chain, Key, database, lines};
use crate::house::{House, Said};

fn house_with(rows: &[Row]) -> House {
    let house = House::new();
    database(&house.data("receipts.db"), rows);
    Key::new(1).publish(&house.data("signing.key.pub"));
    house
}

fn archives(house: &House) -> Vec<String> {
    let folder = house.data("receipts.db.archives");
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn write_lines(house: &House, name: &str, rows: &[Row]) -> PathBuf {
    std::fs::write(house.path(name), lines(rows)).unwrap();
    house.path(name)
}

#[test]
fn imported_databases_and_lines_are_listed_shown_verified_and_exported() {
    let key = Key::new(1);
    let (own, old, far) =
        (Chain::new("own").rows(&key, 3), Chain::new("old").rows(&key, 4), Chain::new("far").rows(&key, 2));
    let house = house_with(&own);
    database(&house.path("old.db"), &old);
    write_lines(&house, "far.jsonl", &far);
    let main = std::fs::read(house.data("receipts.db")).unwrap();
    let said = house.say(["import", "old.db", "far.jsonl"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert_eq!(archives(&house), ["far", "old"]);

    let listed = house.say(["list"]);
    let of = |name: &str| listed.out.lines().filter(|line| line.trim_end().ends_with(name)).count();
    assert_eq!((of("old"), of("far"), listed.out.lines().count()), (4, 2, 10), "{}", listed.all());
    let json = house.say(["list", "--json"]).json();
    let marks: Vec<_> = json.as_array().unwrap().iter().filter(|row| row["_archive"] == "old").collect();
    assert_eq!(marks.len(), 4);
    assert!(marks.iter().all(|row| row["credentialSubject"]["chain"]["chain_id"] == "old"));

    let shown = house.say(["show", "2", "--chain-id", "old"]);
    assert!(shown.code == 0 && shown.out.contains("Archive:"), "{}", shown.all());
    let by_id = house.say(["show", &far[1].id, "--json"]).json();
    assert_eq!(by_id["_archive"], "far");
    assert!(!house.say(["show", "1", "--chain-id", "own"]).out.contains("Archive:"));

    let verified = house.say(["verify"]);
    assert_eq!(verified.code, 0, "{}", verified.all());
    for line in
        ["Chain own: VALID (3", "Chain old (archive old): VALID (4", "Chain far (archive far): VALID (2"]
    {
        assert!(verified.out.contains(line), "{}", verified.all());
    }
    let one = house.say(["verify", "--chain-id", "far", "--json", "--strict"]).json();
    assert_eq!((one["valid"].as_bool(), one["chains"][0]["archive"].as_str()), (Some(true), Some("far")));

    let everything = lines(&[own.clone(), far.clone(), old.clone()].concat());
    assert_eq!(house.say(["export"]).out, everything);
    assert_eq!(house.say(["export", "-o", "all.jsonl"]).code, 0);
    assert_eq!(std::fs::read_to_string(house.path("all.jsonl")).unwrap(), everything);
    assert_eq!(house.say(["export", "--no-archives"]).out, lines(&own));
    assert_eq!(house.say(["list", "--no-archives"]).out.lines().count(), 4);
    assert_ne!(house.say(["show", &far[1].id, "--no-archives"]).code, 0);
    assert!(!house.say(["verify", "--no-archives"]).out.contains("old"));
    assert_eq!(std::fs::read(house.data("receipts.db")).unwrap(), main, "the database was written");
}

#[test]
fn archives_are_for_their_owner_and_for_reading_alone() {
    let house = house_with(&[]);
    write_lines(&house, "a.jsonl", &Chain::new("a").rows(&Key::new(1), 2));
    assert_eq!(house.say(["import", "a.jsonl", "--name", "first"]).code, 0);
    let mode = |name: &str| house.data(name).metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode("receipts.db.archives"), 0o700);
    assert_eq!(mode("receipts.db.archives/first"), 0o700);
    assert_eq!(mode("receipts.db.archives/first/receipts.db"), 0o400);
    assert_eq!(mode("receipts.db.archives/first/manifest.json"), 0o400);
    let before = std::fs::read(house.data("receipts.db.archives/first/receipts.db")).unwrap();
    for command in ["list", "verify", "export"] {
        assert_eq!(house.say([command]).code, 0, "{command}");
    }
    assert_eq!(std::fs::read(house.data("receipts.db.archives/first/receipts.db")).unwrap(), before);
    let left: Vec<_> = std::fs::read_dir(house.data("receipts.db.archives/first")).unwrap().collect();
    assert_eq!(left.len(), 2);
}

#[test]
fn what_cannot_be_verified_is_not_taken_in() {
    let key = Key::new(1);
    let house = house_with(&Chain::new("own").rows(&key, 1));
    let rows = Chain::new("a").rows(&key, 6);
    let mut tampered = rows.clone();
    tampered[3].receipt_json = tampered[3].receipt_json.replace("success", "failure");
    database(&house.path("tampered.db"), &tampered);
    write_lines(&house, "tampered.jsonl", &tampered);
    write_lines(&house, "gap.jsonl", &[&rows[..2], &rows[3..]].concat());
    write_lines(&house, "stranger.jsonl", &Chain::new("s").rows(&Key::new(9), 2));
    for (file, code) in [("tampered.db", 1), ("tampered.jsonl", 1), ("gap.jsonl", 1), ("stranger.jsonl", 1)] {
        let said = house.say(["import", file]);
        assert_eq!(said.code, code, "{file} {}", said.all());
        assert!(
            said.out.contains("BROKEN") && said.out.contains("nothing was taken in"),
            "{file} {}",
            said.all()
        );
    }

    let text = lines(&rows);
    let cut = &text[..text.len() - 40];
    let twice = lines(&[rows.clone(), vec![rows[5].clone()]].concat());
    let mut page = std::fs::read(house.data("receipts.db")).unwrap();
    page.truncate(page.len() / 2);
    std::fs::write(house.path("half.db"), page).unwrap();
    for (file, text) in [
        ("cut.jsonl", cut),
        ("twice.jsonl", &twice),
        ("empty.jsonl", ""),
        ("blank.jsonl", "\n \n"),
        ("prose.txt", "Dear all,"),
    ] {
        std::fs::write(house.path(file), text).unwrap();
    }
    std::fs::write(house.path("binary"), [0xff; 5000]).unwrap();
    for file in [
        "cut.jsonl",
        "twice.jsonl",
        "empty.jsonl",
        "blank.jsonl",
        "prose.txt",
        "binary",
        "half.db",
        "absent.db",
        ".",
    ] {
        let said = house.say(["import", file]);
        assert!(said.code == 1 || said.code == 2, "{file} {}", said.all());
        assert!(said.err.starts_with("error: "), "{file} {}", said.all());
    }
    let said = house.say(["import", "cut.jsonl"]);
    assert!(said.err.contains("line 6 of"), "{}", said.all());
    for name in ["", ".", "..", "a/b", "-x", "a b"] {
        let name = format!("--name={name}");
        assert_eq!(house.say(["import", "gap.jsonl", name.as_str()]).code, 2, "{name}");
    }
    assert_eq!(archives(&house), [""; 0]);
    assert_eq!(house.say(["verify"]).code, 0);
}

#[test]
fn a_full_disk_takes_nothing_in() {
    let house = house_with(&[]);
    let rows = Chain::new("a").rows(&Key::new(1), 400);
    write_lines(&house, "a.jsonl", &rows);
    database(&house.path("a.db"), &rows);
    let program = env!("CARGO_BIN_EXE_agent-receipts");
    for file in ["a.jsonl", "a.db"] {
        let said = house.shell(&format!("trap '' XFSZ; ulimit -f 100; {program} import {file}"));
        assert_ne!(said.code, 0, "{}", said.all());
        assert!(said.err.starts_with("error: "), "{}", said.all());
        assert_eq!(archives(&house), [""; 0]);
    }
    assert_eq!(house.say(["import", "a.db"]).code, 0);
}

#[test]
fn what_stands_there_already_is_said_and_not_taken_in_again() {
    let house = house_with(&[]);
    let rows = Chain::new("a").rows(&Key::new(1), 3);
    write_lines(&house, "a.jsonl", &rows);
    database(&house.path("a.db"), &rows);
    assert_eq!(house.say(["import", "a.jsonl"]).code, 0);
    for file in ["a.jsonl", "a.db"] {
        let said = house.say(["import", file]);
        assert_eq!(said.code, 0, "{}", said.all());
        assert!(said.out.contains("stands in archive a already"), "{}", said.all());
    }
    assert_eq!(archives(&house), ["a"]);
    write_lines(&house, "a.jsonl", &rows[..2]);
    assert_eq!(house.say(["import", "a.jsonl"]).code, 0);
    assert_eq!(archives(&house), ["a", "a-2"]);
    let said = house.say(["import", "a.jsonl", "--name", "a"]);
    assert_eq!(said.code, 2, "{}", said.all());
}

#[test]
fn another_signers_archive_is_valid_by_its_own_key_with_a_word_and_never_under_strict() {
    let stranger = Key::new(9);
    let house = house_with(&Chain::new("own").rows(&Key::new(1), 2));
    stranger.publish(&house.path("stranger.pub"));
    write_lines(&house, "s.jsonl", &Chain::new("s").rows(&stranger, 2));
    assert_eq!(house.say(["import", "s.jsonl", "--public-key", "stranger.pub"]).code, 0);
    let said = house.say(["verify"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.out.contains("archive `s` is judged by the key") && said.out.contains("--trust-key"),
        "{}",
        said.all()
    );
    let said = house.say(["verify", "--strict"]);
    assert_eq!(said.code, 1, "{}", said.all());
    let said = house.say(["verify", "--strict", "--trust-key", "stranger.pub"]);
    assert_eq!(said.code, 0, "{}", said.all());
    // The stranger's key vouches for nothing but its archive.
    let mut store = SqliteStore::open(house.data("receipts.db")).unwrap();
    store.append(&Chain::new("forged").rows(&stranger, 1)).unwrap();
    drop(store);
    let said = house.say(["verify"]);
    assert!(said.code == 1 && said.out.contains("Chain forged: BROKEN"), "{}", said.all());
}

#[test]
fn an_archive_that_was_changed_is_found_out() {
    let house = house_with(&Chain::new("own").rows(&Key::new(1), 1));
    let rows = Chain::new("a").rows(&Key::new(1), 4);
    database(&house.path("a.db"), &rows);
    assert_eq!(house.say(["import", "a.db"]).code, 0);
    let file = house.data("receipts.db.archives/a/receipts.db");
    let writable = || std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let genuine = std::fs::read(&file).unwrap();
    writable();
    // Cut off at its end, which the chain itself does not show.
    std::fs::remove_file(&file).unwrap();
    database(&file, &rows[..3]);
    let said = house.say(["verify"]);
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(
        said.out.contains("NOT VALID") && said.out.contains("not the one that was taken in"),
        "{}",
        said.all()
    );
    std::fs::write(&file, &genuine).unwrap();
    assert_eq!(house.say(["verify"]).code, 0);
    let manifest = house.data("receipts.db.archives/a/manifest.json");
    std::fs::set_permissions(&manifest, std::fs::Permissions::from_mode(0o600)).unwrap();
    for text in ["", "{}", "[1"] {
        std::fs::write(&manifest, text).unwrap();
        for command in ["verify", "list", "export"] {
            let said = house.say([command]);
            assert_eq!(said.code, 2, "{command} {}", said.all());
            assert!(
                said.err.contains("manifest.json") && said.err.contains("--no-archives"),
                "{}",
                said.all()
            );
            assert_eq!(house.say([command, "--no-archives"]).code, 0);
        }
    }
    std::fs::remove_file(&manifest).unwrap();
    assert_eq!(house.say(["verify"]).code, 2);
}

#[test]
fn a_chain_that_stands_twice_must_be_one() {
    let key = Key::new(1);
    let rows = Chain::new("a").rows(&key, 5);
    let house = house_with(&rows);
    write_lines(&house, "early.jsonl", &rows[..3]);
    assert_eq!(house.say(["import", "early.jsonl"]).code, 0);
    let said = house.say(["verify"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(said.out.contains("the same up to sequence 3"), "{}", said.all());
    assert_eq!(house.say(["export"]).out, lines(&rows), "what stands twice is exported once");
    assert_eq!(house.say(["list"]).out.lines().count(), 6, "and listed once");

    // The database was rolled back: its chain is valid, and too short.
    std::fs::remove_file(house.data("receipts.db")).unwrap();
    database(&house.data("receipts.db"), &rows[..2]);
    let said = house.say(["verify"]);
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(
        said.out.contains("ends at sequence 2 in the database") && said.out.contains("cut off"),
        "{}",
        said.all()
    );

    // Signed again, by somebody who has the key.
    std::fs::remove_file(house.data("receipts.db")).unwrap();
    let mut forger = Chain::new("a");
    let mut forged = forger.rows(&key, 1);
    forged.push(forger.row(&key, |receipt| receipt.subject.outcome.status = "failure".into()));
    forged.extend(forger.rows(&key, 3));
    database(&house.data("receipts.db"), &forged);
    let said = house.say(["verify", "--json"]);
    assert_eq!(said.code, 1, "{}", said.all());
    let answer = said.json();
    assert!(
        answer["chains"].as_array().unwrap().iter().all(|chain| chain["valid"] == true),
        "{}",
        said.all()
    );
    assert!(answer["conflicts"][0].as_str().unwrap().contains("differs at sequence 3"), "{}", said.all());
}

#[test]
fn an_archive_is_valid_through_rotations_that_stand_in_the_database() {
    let (old, new) = (Key::new(1), Key::new(2));
    let house = House::new();
    let closed = Chain::new("closed").rows(&old, 3);
    let mut open = Chain::new("open");
    let mut rows = open.rows(&old, 1);
    rows.push(open.rotation(&old, &new));
    rows.extend(open.rows(&new, 2));
    database(&house.data("receipts.db"), &rows);
    new.publish(&house.data("signing.key.pub"));
    old.publish(&house.path("old.pub"));
    write_lines(&house, "closed.jsonl", &closed);
    assert_eq!(house.say(["import", "closed.jsonl", "--public-key", "old.pub"]).code, 0);
    old.publish(&house.data("signing.key.pub.rotated-0000000000000001"));
    let said = house.say(["verify", "--strict"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(!said.out.contains("judged by"), "{}", said.all());
}

#[test]
fn archives_can_be_read_where_there_is_no_database() {
    let house = House::new();
    std::fs::create_dir_all(house.path("d/agent-receipts")).unwrap();
    Key::new(1).publish(&house.data("signing.key.pub"));
    write_lines(&house, "a.jsonl", &Chain::new("a").rows(&Key::new(1), 2));
    assert_eq!(house.say(["import", "a.jsonl"]).code, 0);
    assert_eq!(house.say(["verify"]).code, 0);
    assert_eq!(house.say(["list"]).out.lines().count(), 3);
    assert_eq!(house.say(["verify", "--no-archives"]).code, 2);
    assert!(!house.data("receipts.db").exists());
}

/// What SQLite reads in the place of a file is under no digest of that file.
#[test]
fn a_side_file_beside_an_archive_hides_nothing() {
    let house = house_with(&Chain::new("own").rows(&Key::new(1), 3));
    write_lines(&house, "two.jsonl", &Chain::new("two").rows(&Key::new(1), 5));
    assert_eq!(house.say(["import", "two.jsonl"]).code, 0);
    let archived = house.data("receipts.db.archives/two/receipts.db");
    let copy = house.path("copy.db");
    std::fs::copy(&archived, &copy).unwrap();
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o600)).unwrap();
    let connection = rusqlite::Connection::open(&copy).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; DELETE FROM receipts WHERE sequence > 2").unwrap();
    let planted = std::fs::read(house.path("copy.db-wal")).unwrap();
    assert!(!planted.is_empty());
    for (suffix, text) in [("-wal", planted.as_slice()), ("-wal", b""), ("-shm", b""), ("-journal", b"x")] {
        let side = house.data(&format!("receipts.db.archives/two/receipts.db{suffix}"));
        std::fs::write(&side, text).unwrap();
        for command in [&["verify"][..], &["verify", "--strict", "--chain-id", "two"], &["list"], &["export"]]
        {
            let said = house.say(command);
            assert!(said.code == 1 && said.err.contains("stands in an archive"), "{suffix}: {}", said.all());
            assert!(said.err.contains(suffix) && said.err.contains("hint: keep the file"), "{}", said.all());
        }
        let doctor = house.say(["doctor", "--no-roundtrip"]);
        assert!(doctor.code == 1 && doctor.out.contains("stands in an archive"), "{}", doctor.all());
        std::fs::remove_file(&side).unwrap();
        assert_eq!(house.say(["verify", "--strict"]).code, 0);
    }
}

/// Whoever can write an archive must make its digest, its counts and its ends agree with what it holds.
#[test]
fn an_archive_is_held_against_its_manifest() {
    let house = house_with(&Chain::new("own").rows(&Key::new(1), 3));
    let rows = [Chain::new("two").rows(&Key::new(1), 5), Chain::new("more").rows(&Key::new(1), 2)].concat();
    write_lines(&house, "two.jsonl", &rows);
    assert_eq!(house.say(["import", "two.jsonl"]).code, 0);
    assert_eq!(house.say(["verify", "--strict"]).code, 0);
    let path = house.data("receipts.db.archives/two/manifest.json");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let at = |name: &str| manifest["chains"].as_array().unwrap().iter().position(|c| c["chain_id"] == name);
    let two = at("two").unwrap();
    type Edit = fn(&mut serde_json::Value, usize);
    let edits: [(Edit, &str); 6] = [
        (|all, two| all["chains"][two]["receipts"] = 6.into(), "has 5 receipts of chain `two`"),
        (
            |all, two| all["chains"][two]["last_sequence"] = 6.into(),
            "and was taken in with 5 receipts, sequences 1 to 6",
        ),
        (
            |all, two| all["chains"][two]["tip_hash"] = "sha256:00".into(),
            "chain `two` of archive `two` ends in another",
        ),
        (|all, two| all["chains"][two]["chain_id"] = "gone".into(), "has no chain `gone`"),
        (
            |all, two| drop(all["chains"].as_array_mut().unwrap().remove(two)),
            "has chain `two`, which was not taken in",
        ),
        (|all, _| all["receipts"] = 8.into(), "has 7 receipts, and was taken in with 8 receipts"),
    ];
    for (edit, words) in edits {
        let mut edited = manifest.clone();
        edit(&mut edited, two);
        std::fs::write(&path, edited.to_string()).unwrap();
        let said = house.say(["verify"]);
        let found = said.out.lines().any(|line| line.starts_with("NOT VALID:") && line.contains(words));
        assert!(said.code == 1 && found, "{words}: {}", said.all());
        assert_eq!(house.say(["verify", "--chain-id", "more"]).code, 0, "{words}");
    }
}

/// Whoever can write the folder could keep every reader waiting for ever, the daemon's `--retire` among them.
#[test]
fn what_is_no_file_in_an_archive_is_refused_at_once() {
    let house = house_with(&Chain::new("own").rows(&Key::new(1), 1));
    write_lines(&house, "two.jsonl", &Chain::new("two").rows(&Key::new(1), 2));
    assert_eq!(house.say(["import", "two.jsonl"]).code, 0);
    for name in ["manifest.json", "receipts.db"] {
        let path = house.data(&format!("receipts.db.archives/two/{name}"));
        let kept = house.path("kept");
        std::fs::rename(&path, &kept).unwrap();
        type Plant = (fn(&std::path::Path), &'static str);
        let plants: [Plant; 2] = [
            (|path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success()), "is a FIFO"),
            (|path| std::os::unix::fs::symlink("/dev/zero", path).unwrap(), "is a symbolic link"),
        ];
        for (plant, words) in plants {
            plant(&path);
            for command in [&["verify"][..], &["list"], &["doctor", "--no-roundtrip"]] {
                let mut child = house.command(command);
                let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
                let deadline = Instant::now() + Duration::from_secs(120);
                while child.try_wait().unwrap().is_none() && Instant::now() < deadline {
                    std::thread::sleep(Duration::from_millis(10));
                }
                let hangs = child.try_wait().unwrap().is_none();
                if hangs {
                    child.kill().unwrap();
                }
                let said = Said::of(&child.wait_with_output().unwrap());
                assert!(!hangs, "{command:?} waits for {name}");
                assert!(said.code != 0 && said.all().contains(words), "{command:?} {name}: {}", said.all());
            }
            std::fs::remove_file(&path).unwrap();
        }
        std::fs::rename(&kept, &path).unwrap();
    }
    assert_eq!(house.say(["verify"]).code, 0);
}

/// Whoever can write the folder could have every reader fill its memory with what is no manifest at all.
#[cfg(target_os = "linux")]
#[test]
fn what_stands_in_the_place_of_a_manifest_is_not_held_in_memory() {
    let house = house_with(&Chain::new("own").rows(&Key::new(1), 1));
    write_lines(&house, "two.jsonl", &Chain::new("two").rows(&Key::new(1), 2));
    assert_eq!(house.say(["import", "two.jsonl"]).code, 0);
    let path = house.data("receipts.db.archives/two/manifest.json");
    std::fs::remove_file(&path).unwrap();
    let values = "[],".repeat(8 << 20);
    std::fs::write(&path, format!("{{\"further\":[{values}[]],\"version\":1}}")).unwrap();
    // 24 MiB of text, which were some 500 MiB of values.
    let program = env!("CARGO_BIN_EXE_agent-receipts");
    let said = house.shell(&format!("ulimit -v 262144 && exec '{program}' list"));
    assert!(said.code == 2 && said.err.contains("not a manifest: unknown field `further`"), "{}", said.all());
}
