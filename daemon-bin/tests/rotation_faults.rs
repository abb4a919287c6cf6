//! Every call that a rotation makes to the file system fails once, fails from then on, or is the last one that is made: the
//! key is then replaced everywhere or nowhere, at the latest after the next start, and every chain is valid.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use agent_receipts_daemon::{Daemon, Disk, RotateError, Rotation, Surroundings, rotate};
use agent_receipts_keysource::read_public_key;
use support::process::{play, wait_for_end};
use support::rotated::{
    Calls, anchored, assert_all_valid, assert_sound, copy_of, disk, session, template, with,
};
use support::{Home, event};

fn rotate_on(home: &Home, disk: Disk) -> Result<Rotation, RotateError> {
    rotate(&home.config, &[1; 32].into(), Some(&home.path("anchor")), with(home, disk))
}

/// All calls of a rotation that nothing goes wrong with.
fn all_calls(template: &Home) -> Vec<(&'static str, String)> {
    let calls = Calls::default();
    let mut home = copy_of(template);
    assert_eq!(rotate_on(&home, disk(&calls, |_| None)).unwrap().unfinished, None);
    assert!(assert_sound(&mut home, "nothing failed"));
    let made = calls.lock().unwrap();
    made.clone()
}

#[test]
fn whatever_call_fails_the_key_is_replaced_everywhere_or_nowhere() {
    let template = template();
    let calls = all_calls(&template);
    let commit = calls.iter().position(|(what, _)| *what == "commit to").unwrap();
    assert!(commit > 20 && calls.len() > commit + 10, "{calls:?}");
    for (at, call) in calls.iter().enumerate() {
        for lasting in [false, true] {
            let mut home = copy_of(&template);
            let kind = if lasting { io::ErrorKind::StorageFull } else { io::ErrorKind::PermissionDenied };
            let fails = move |number| (number == at || lasting && number > at).then_some(kind);
            let outcome = rotate_on(&home, disk(&Calls::default(), fails));
            let what = format!("call {at} {call:?}, lasting: {lasting}, {outcome:?}");
            match &outcome {
                // What an operator reads names the file, and after the commit that it is not over.
                Ok(rotation) => assert!(at > commit && rotation.unfinished.is_some(), "{what}"),
                Err(error) => assert!(at <= commit + 1 && error.to_string().contains("could not"), "{what}"),
            }
            let rotated = assert_sound(&mut home, &what);
            assert_eq!(rotated, at > commit, "{what}");
        }
    }
}

/// The process is gone before a call is made; and of what was written and is about to be synced, half is lost with it.
#[test]
fn whatever_call_is_the_last_the_next_start_repairs_it() {
    if let Some(part) = std::env::var_os("ROTATION_ENDS_AT") {
        return end_at(&part.into_string().unwrap());
    }
    let template = template();
    let calls = all_calls(&template);
    let commit = calls.iter().position(|(what, _)| *what == "commit to").unwrap();
    for (at, call) in calls.iter().enumerate() {
        let mut home = copy_of(&template);
        let part = format!("{at} {}", home.folder.path().display());
        let test = "whatever_call_is_the_last_the_next_start_repairs_it";
        let mut child =
            play(test, "ROTATION_ENDS_AT", part).stdout(std::process::Stdio::null()).spawn().unwrap();
        let status = wait_for_end(&mut child);
        assert!(!status.success(), "call {at} {call:?}: {status}");
        let rotated = assert_sound(&mut home, &format!("ended at call {at} {call:?}"));
        assert_eq!(rotated, at > commit, "{call:?}");
    }
}

/// The part of the process that does not survive.
fn end_at(part: &str) {
    let (at, folder) = part.split_once(' ').unwrap();
    let (at, folder) = (at.parse::<usize>().unwrap(), PathBuf::from(folder));
    let (number, unsynced) = (AtomicUsize::new(0), Mutex::new(BTreeSet::new()));
    let disk = Disk::watched(move |call| {
        let mut unsynced = unsynced.lock().unwrap();
        if call.what == "write" {
            unsynced.insert(call.path.to_owned());
        }
        let is_synced = call.what == "sync" && unsynced.remove(call.path);
        if number.fetch_add(1, Ordering::Relaxed) == at {
            if is_synced {
                let file = std::fs::OpenOptions::new().write(true).open(call.path).unwrap();
                file.set_len(file.metadata().unwrap().len() / 2).unwrap();
            }
            std::process::abort();
        }
        Ok(())
    });
    let config = agent_receipts_daemon::Config::load(&folder.join("d.toml"), &|_: &str| None).unwrap();
    let surroundings = Surroundings { disk, log: Arc::new(|_| {}), ..Surroundings::system() };
    drop(rotate(&config, &[1; 32].into(), Some(&folder.join("anchor")), surroundings));
    // The number was beyond the last call, and the test must see that.
    std::process::exit(0);
}

/// A repair can be cut short as well, at every one of its own calls.
#[test]
fn a_repair_that_is_cut_short_is_repaired() {
    let template = template();
    let calls = all_calls(&template);
    let mut seen = BTreeSet::new();
    for at in 0..calls.len() {
        let state = || {
            let home = copy_of(&template);
            drop(rotate_on(
                &home,
                disk(&Calls::default(), move |number| (number >= at).then_some(io::ErrorKind::StorageFull)),
            ));
            home
        };
        let home = state();
        let mut names: Vec<_> =
            std::fs::read_dir(home.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        let commits = home.rows().len();
        if !seen.insert((names, commits)) {
            continue;
        }
        let repair = Calls::default();
        drop(Daemon::start(&home.config, with(&home, disk(&repair, |_| None))).unwrap().stop());
        let steps = repair.lock().unwrap().len();
        for last in 0..steps {
            let mut home = state();
            home.config.shutdown_deadline = std::time::Duration::ZERO;
            let fails = move |number| (number >= last).then_some(io::ErrorKind::StorageFull);
            match Daemon::start(&home.config, with(&home, disk(&Calls::default(), fails))) {
                // Only the anchor log was behind the failure.
                Ok(daemon) => drop(daemon.stop()),
                Err(error) => assert!(error.to_string().contains("could not"), "{error}"),
            }
            assert_sound(&mut home, &format!("rotation cut at {at}, repair at {last} of {steps}"));
        }
    }
    assert!(seen.len() > 6, "{seen:?}");
}

/// Whatever is made is synced, and so is its name, before the commit relies on it or the rotation says that it is done.
#[test]
fn nothing_is_relied_upon_before_it_is_on_disk() {
    let template = template();
    let calls = all_calls(&template);
    let folder = template.folder.path().file_name().unwrap().len();
    let mut unsynced: BTreeSet<&str> = BTreeSet::new();
    let mut folder_unsynced = false;
    for (what, name) in &calls {
        match *what {
            "create" | "rename to" | "link to" | "remove" => folder_unsynced = true,
            "write" | "write the anchor log" => drop(unsynced.insert(name)),
            "sync" | "sync the anchor log" => drop(unsynced.remove(name.as_str())),
            "sync the folder" => {
                assert_eq!(name.len(), folder);
                folder_unsynced = false;
            }
            "commit to" => assert!(unsynced.is_empty() && !folder_unsynced, "{unsynced:?} {calls:?}"),
            _ => {}
        }
        if matches!(*what, "rename to" | "link to") {
            assert!(unsynced.is_empty(), "{name} {calls:?}");
        }
    }
    assert!(unsynced.is_empty() && !folder_unsynced, "{calls:?}");
}

#[test]
fn a_journal_that_cannot_be_followed_stops_the_start_and_costs_nothing() {
    let template = template();
    let calls = all_calls(&template);
    let after_commit = 1 + calls.iter().position(|(what, _)| *what == "hear of the commit to").unwrap();
    let state = || {
        let home = copy_of(&template);
        let fails = move |number| (number >= after_commit).then_some(io::ErrorKind::StorageFull);
        assert!(rotate_on(&home, disk(&Calls::default(), fails)).unwrap().unfinished.is_some());
        home
    };
    let whole = std::fs::read_to_string(state().path("k.rotation")).unwrap();
    for damage in ["", "garbage", "{\"v\":\"2\"}", &whole[..whole.len() / 2], "strange keys"] {
        let mut home = state();
        match damage {
            "strange keys" => {
                std::fs::copy(Home::with_seed([9; 32]).path("k"), home.path("k")).unwrap();
            }
            damage => std::fs::write(home.path("k.rotation"), damage).unwrap(),
        }
        let files =
            || ["k", "k.next", "k.pub", "k.pub.next"].map(|name| std::fs::read(home.path(name)).unwrap());
        let before = files();
        let error = home.try_start().unwrap_err().to_string();
        assert!(error.contains("k.rotation") && error.contains("move it away"), "{damage}: {error}");
        assert!(rotate_on(&home, Disk::system()).is_err());
        assert_eq!(files(), before, "{damage}");
        if damage != "strange keys" {
            // The mend that the error names. The line of the anchor log is lost with the journal, and nothing else.
            std::fs::rename(home.path("k.rotation"), home.path("kept")).unwrap();
            session(&mut home, &[event("")], true);
            assert_all_valid(&home, 4);
            assert_ne!(read_public_key(&home.path("k.pub")).unwrap(), home.public_key);
        }
    }
}

#[test]
fn a_chain_handed_over_to_a_key_that_is_gone_is_not_continued_with_the_old_one() {
    let template = template();
    let calls = all_calls(&template);
    let after_commit = 1 + calls.iter().position(|(what, _)| *what == "hear of the commit to").unwrap();
    let mut home = copy_of(&template);
    let fails = move |number| (number >= after_commit).then_some(io::ErrorKind::StorageFull);
    drop(rotate_on(&home, disk(&Calls::default(), fails)).unwrap());
    std::fs::rename(home.path("k.next"), home.path("away")).unwrap();
    let rows = home.rows().len();
    let error = home.try_start().unwrap_err().to_string();
    assert!(error.contains("k.next") && error.contains("restore it"), "{error}");
    assert_eq!(home.rows().len(), rows);
    std::fs::rename(home.path("away"), home.path("k.next")).unwrap();
    assert!(assert_sound(&mut home, "restored"));
}

/// The chains are handed over, and the log that other hands keep learns of it later.
#[test]
fn an_anchor_log_that_is_full_delays_neither_the_rotation_nor_the_daemon() {
    let template = template();
    let mut home = copy_of(&template);
    let full = |calls: &Calls| {
        let calls = Arc::clone(calls);
        Disk::watched(move |call| {
            calls.lock().unwrap().push((call.what, String::new()));
            if call.what == "write the anchor log" { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        })
    };
    let rotation = rotate_on(&home, full(&Calls::default())).unwrap();
    assert!(rotation.unfinished.unwrap().contains("write the anchor log"));
    assert_eq!(read_public_key(&home.path("k.pub")).unwrap().fingerprint(), rotation.incoming);
    Daemon::start(&home.config, with(&home, full(&Calls::default()))).unwrap().stop().unwrap();
    assert!(home.logged("not in the anchor log yet"));
    // Another rotation must not come before the log knows of this one.
    let error = rotate_on(&home, full(&Calls::default())).unwrap_err().to_string();
    assert!(error.contains("write the anchor log"), "{error}");
    home.config.chain_id = None;
    let surroundings = home.surroundings();
    Daemon::start(&home.config, surroundings).unwrap().stop().unwrap();
    assert_eq!(anchored(&home.path("anchor")).1.len(), 3);
}

/// The order of receipts is their number, whatever the clock says.
#[test]
fn a_clock_that_steps_back_an_hour_breaks_no_chain() {
    let mut home = template();
    let earlier = agent_receipts_core::Timestamp::parse("2026-11-22T02:39:59Z").unwrap();
    let surroundings = Surroundings { clock: Arc::new(move || earlier), ..home.surroundings() };
    rotate(&home.config, &[1; 32].into(), Some(&home.path("anchor")), surroundings).unwrap();
    assert!(assert_sound(&mut home, "clock stepped back"));
}
