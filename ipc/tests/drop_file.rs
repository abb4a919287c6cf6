//! Counts of lost events that outlive their emitter, and what stands in their file's place that none of us wrote.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use agent_receipts_ipc::{
    Decision, DropFileError, Emitter, EmitterBuilder, Event, EventToSend, Limits, Listener, Untold,
};
use common::{PATIENCE, Recorder, RecorderHandler, options};
use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

const SESSION: &str = "session-1";

/// A socket's path and a folder for drop files, both still missing.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: common::dir() }
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("s")
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("drops")
    }

    fn file(&self) -> PathBuf {
        self.folder().join(SESSION)
    }

    fn builder(&self) -> EmitterBuilder {
        Emitter::builder()
            .socket_path(self.socket())
            .session_id(SESSION)
            .drop_folder(self.folder())
            .dial_timeout(PATIENCE)
            .write_timeout(PATIENCE)
    }

    fn emitter(&self) -> Emitter {
        self.builder().build().unwrap()
    }

    /// An emitter that has lost `count` events.
    fn loser(&self, count: u64) -> Emitter {
        let emitter = self.emitter();
        (0..count).for_each(|_| drop(emitter.emit(&event()).unwrap_err()));
        emitter
    }

    /// The file as somebody else wrote it, in a folder as ours.
    fn plant(&self, content: &[u8]) {
        fs::create_dir(self.folder()).unwrap();
        fs::set_permissions(self.folder(), Permissions::from_mode(0o700)).unwrap();
        fs::write(self.file(), content).unwrap();
        fs::set_permissions(self.file(), Permissions::from_mode(0o600)).unwrap();
    }

    /// What was told with each event that `emit` sends to a daemon.
    fn told(&self, emit: impl FnOnce()) -> Vec<u64> {
        let recorder = Arc::new(Recorder::default());
        let listener = Listener::bind(&self.socket(), options(Limits::default(), &recorder)).unwrap();
        let stop = listener.shutdown_handle();
        let handler = Arc::new(RecorderHandler(Arc::clone(&recorder)));
        let thread = std::thread::spawn(move || listener.run(handler));
        emit();
        stop.stop();
        assert_eq!(thread.join().unwrap().unfinished, 0);
        recorder.seen().frames.iter().map(|frame| Event::decode(frame).unwrap().drop_count).collect()
    }

    /// What the next emitter of the session tells with two events.
    fn told_next(&self) -> Vec<u64> {
        let emitter = self.emitter();
        self.told(|| (0..2).for_each(|_| emitter.emit(&event()).unwrap()))
    }
}

fn event() -> EventToSend<'static> {
    EventToSend::new("sdk", "tool", Decision::Allowed)
}

#[test]
fn a_count_that_nobody_was_told_is_told_by_the_sessions_next_emitter() {
    let place = Place::new();
    let emitter = place.loser(3);
    assert_eq!(emitter.close(), Untold::Left { count: 3, file: place.file() });
    assert_eq!((emitter.dropped(), emitter.left_behind()), (0, Ok(3)));
    assert_eq!(emitter.close(), Untold::Nothing);
    drop(emitter);
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
    assert_eq!((mode(&place.folder()), mode(&place.file())), (0o700, 0o600));
    assert_eq!(place.told_next(), [3, 0]);
    assert!(!place.file().exists());
    assert_eq!(place.told_next(), [0, 0]);
}

#[test]
fn an_emitter_that_is_dropped_leaves_its_count_and_counts_add_up() {
    let place = Place::new();
    drop(place.loser(2));
    // The second has heard of the first, and lost its own: neither count is told twice.
    drop(place.loser(5));
    assert_eq!(place.emitter().left_behind(), Ok(7));
    let third = place.loser(1);
    assert_eq!(third.dropped(), 1);
    assert_eq!(place.told(|| third.emit(&event()).unwrap()), [8]);
    assert_eq!((third.dropped(), third.left_behind()), (0, Ok(0)));
}

#[test]
fn an_acknowledged_event_tells_it_too() {
    let place = Place::new();
    drop(place.loser(2));
    let emitter = place.emitter();
    // The recorder does not acknowledge: nobody knows, so it is told again rather than never.
    let told = place.told(|| drop(emitter.emit_acknowledged(&event(), Duration::from_secs(1)).unwrap_err()));
    assert_eq!((told, emitter.dropped()), (vec![2], 2));
    assert_eq!(emitter.left_behind(), Ok(0));
    assert_eq!(emitter.close(), Untold::Left { count: 2, file: place.file() });
}

#[test]
fn nothing_is_made_without_a_count_to_leave() {
    let place = Place::new();
    let emitter = place.emitter();
    let told = place.told(|| emitter.emit(&event()).unwrap());
    assert_eq!((told, emitter.close()), (vec![0], Untold::Nothing));
    assert_eq!(emitter.left_behind(), Ok(0));
    drop(emitter);
    assert!(!place.folder().exists());
}

#[test]
fn switched_off_it_neither_leaves_nor_tells() {
    let place = Place::new();
    drop(place.loser(2));
    let off = || place.builder().no_drop_folder().build().unwrap();
    let emitter = off();
    emitter.emit(&event()).unwrap_err();
    assert_eq!(emitter.close(), Untold::Lost { count: 1, error: DropFileError::SwitchedOff });
    assert_eq!((emitter.dropped(), emitter.left_behind()), (1, Err(DropFileError::SwitchedOff)));
    assert_eq!(place.told(|| off().emit(&event()).unwrap()), [0]);
    assert_eq!(place.told_next(), [2, 0]);
}

#[test]
fn a_connection_that_was_lost_is_a_reason_to_look_again() {
    let place = Place::new();
    let lasting = place.emitter();
    let emit = || lasting.emit(&event()).unwrap();
    assert_eq!(place.told(|| (0..2).for_each(|_| emit())), [0, 0]);
    // While no daemon ran, a short-lived process of the same session lost something and ended.
    drop(place.loser(4));
    assert_eq!(place.told(|| (0..3).for_each(|_| emit())), [0, 4, 0]);
}

#[test]
fn another_session_keeps_its_own() {
    let place = Place::new();
    drop(place.loser(2));
    let sessions =
        ["", "other", "Session-1", "../session-1", "/etc/passwd", "a\0b", "é", &"x".repeat(10_240), "."];
    for session in &sessions[1..] {
        let make = || place.builder().session_id(*session).build().unwrap();
        let emitter = make();
        assert_eq!(emitter.left_behind(), Ok(0), "{session:?}");
        emitter.emit(&event()).unwrap_err();
        assert!(matches!(emitter.close(), Untold::Left { count: 1, .. }), "{session:?}");
        assert_eq!(make().left_behind(), Ok(1), "{session:?}");
    }
    let files: Vec<_> = fs::read_dir(place.folder()).unwrap().map(|entry| entry.unwrap()).collect();
    assert_eq!(files.len(), sessions.len());
    assert!(files.iter().all(|file| file.file_type().unwrap().is_file()));
    assert_eq!(place.told_next(), [2, 0]);
}

#[test]
fn a_count_is_in_its_file_until_the_frame_that_tells_it_is_out() {
    let place = Place::new();
    drop(place.loser(6));
    let _stalled = UnixListener::bind(place.socket()).unwrap();
    let big = format!("\"{}\"", "x".repeat(1_000_000));
    let big = EventToSend { input: Some(&big), ..event() };
    let emitter = place.builder().write_timeout(Duration::from_millis(50)).build().unwrap();
    assert!(emitter.emit(&big).unwrap_err().is_transport());
    assert_eq!((emitter.dropped(), emitter.left_behind()), (1, Ok(6)));
    drop(emitter);
    fs::remove_file(place.socket()).unwrap();
    assert_eq!(place.told_next(), [7, 0]);
}

#[test]
fn a_frame_without_room_leaves_it_for_the_next() {
    let place = Place::new();
    drop(place.loser(3));
    let emitter = place.emitter();
    // Grown until nothing fits in: the first that is refused is one byte too long.
    let error = |length: usize| "x".repeat(length);
    let most = (0..).map(|less| agent_receipts_ipc::MAX_FRAME - 150 - less);
    let told = place.told(|| {
        let fits = |length: &usize| emitter.emit(&EventToSend { error: &error(*length), ..event() }).is_ok();
        most.take(100).find(fits).unwrap();
        emitter.emit(&event()).unwrap();
    });
    assert_eq!(told, [0, 3]);
}

#[test]
fn many_that_leave_at_once_lose_nothing() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for count in 1..=8 {
            let emitter = place.loser(count);
            // Each waits a quarter of a second for its turn; a machine may stall for longer, and then it asks again.
            scope.spawn(move || {
                let left = (0..100).any(|_| matches!(emitter.close(), Untold::Left { .. }));
                assert!(left, "{} stay untold", emitter.dropped());
            });
        }
    });
    assert_eq!(place.emitter().left_behind(), Ok(36));
}

#[test]
fn many_that_come_at_once_tell_it_once() {
    let place = Place::new();
    drop(place.loser(5));
    let told = place.told(|| {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                let emitter = place.emitter();
                scope.spawn(move || (0..20).for_each(|_| emitter.emit(&event()).unwrap()));
            }
        });
    });
    assert_eq!((told.len(), told.iter().sum::<u64>()), (160, 5));
}

#[test]
fn a_file_that_is_none_of_ours_is_neither_believed_nor_changed() {
    let huge = vec![b'1'; 1 << 20];
    let garbage: [&[u8]; 7] =
        [b"12", b"x", b"0000000000000012", b"-000000000000012\n", b"9007199254740992\n", &huge, &[0; 17]];
    for content in garbage {
        let place = Place::new();
        place.plant(content);
        let emitter = place.loser(2);
        assert!(matches!(emitter.left_behind(), Err(DropFileError::NotADropFile { .. })));
        match emitter.close() {
            Untold::Lost { count: 2, error: DropFileError::NotADropFile { path, .. } } => {
                assert_eq!(path, place.file())
            }
            other => panic!("{other:?}"),
        }
        // The loss is visible, and sending goes on.
        assert_eq!(emitter.dropped(), 2);
        assert_eq!(place.told_next(), [0, 0]);
        assert_eq!(fs::read(place.file()).unwrap(), content);
    }
}

#[test]
fn a_file_that_was_made_and_not_written_is_no_count() {
    let place = Place::new();
    place.plant(b"");
    assert_eq!(place.emitter().left_behind(), Ok(0));
    drop(place.loser(2));
    assert_eq!(place.told_next(), [2, 0]);
}

#[test]
fn links_folders_pipes_and_open_files_are_refused() {
    type Planting = fn(&Place);
    let plantings: [(&str, Planting); 5] = [
        ("it is a link", |place| {
            fs::rename(place.file(), place.dir.path().join("target")).unwrap();
            symlink(place.dir.path().join("target"), place.file()).unwrap();
        }),
        ("it is a folder", |place| {
            fs::remove_file(place.file()).unwrap();
            fs::create_dir(place.file()).unwrap();
        }),
        ("it is no plain file", |place| {
            fs::remove_file(place.file()).unwrap();
            assert!(Command::new("mkfifo").arg(place.file()).status().unwrap().success());
        }),
        ("chmod 600", |place| fs::set_permissions(place.file(), Permissions::from_mode(0o644)).unwrap()),
        ("it has another name", |place| {
            fs::hard_link(place.file(), place.dir.path().join("target")).unwrap()
        }),
    ];
    for (fault, planting) in plantings {
        let place = Place::new();
        place.plant(b"0000000000000009\n");
        planting(&place);
        let emitter = place.loser(1);
        let error = emitter.left_behind().unwrap_err();
        assert!(error.to_string().contains(fault), "{fault}: {error}");
        assert_eq!(emitter.close(), Untold::Lost { count: 1, error });
        assert_eq!(place.told_next(), [0, 0], "{fault}");
        let target = place.dir.path().join("target");
        assert!(!target.exists() || fs::read(target).unwrap() == b"0000000000000009\n", "{fault}");
    }
}

#[test]
fn anothers_file_is_refused() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not run: only root can give a file to another user");
        return;
    }
    let place = Place::new();
    place.plant(b"0000000000000009\n");
    std::os::unix::fs::chown(place.file(), Some(65534), None).unwrap();
    let emitter = place.loser(1);
    let error = emitter.left_behind().unwrap_err();
    assert!(error.to_string().contains("belongs to another user"), "{error}");
    assert_eq!(emitter.close(), Untold::Lost { count: 1, error });
    assert_eq!(place.told_next(), [0, 0]);
}

#[test]
fn a_file_that_another_process_holds_is_waited_for_but_not_for_ever() {
    let place = Place::new();
    place.plant(b"0000000000000009\n");
    let holder = File::open(place.file()).unwrap();
    flock(&holder, FlockOperation::LockExclusive).unwrap();
    let emitter = place.loser(1);
    // Sending does not wait at all, and looks again with the next event.
    assert_eq!(place.told(|| emitter.emit(&event()).unwrap()), [1]);
    let loser = place.loser(4);
    let locked = DropFileError::Locked { path: place.file() };
    assert_eq!(loser.close(), Untold::Lost { count: 4, error: locked });
    assert_eq!(loser.dropped(), 4);
    // What could not be left is left by the next close.
    drop(holder);
    assert_eq!(loser.close(), Untold::Left { count: 4, file: place.file() });
    assert_eq!(place.told(|| emitter.emit(&event()).unwrap()), [13]);
}

#[test]
fn a_folder_that_cannot_be_is_a_loss_that_shows() {
    let place = Place::new();
    fs::write(place.dir.path().join("file"), "").unwrap();
    for folder in ["absent/drops", "file/drops", "file"] {
        let folder = place.dir.path().join(folder);
        let emitter = place.builder().drop_folder(&folder).build().unwrap();
        emitter.emit(&event()).unwrap_err();
        assert!(matches!(emitter.close(), Untold::Lost { count: 1, .. }), "{folder:?}");
        assert_eq!(emitter.dropped(), 1);
        drop(emitter);
        assert!(!place.dir.path().join("absent").exists());
        let fresh = place.builder().drop_folder(&folder).build().unwrap();
        assert_eq!(place.told(|| fresh.emit(&event()).unwrap()), [0]);
    }
}

#[test]
fn what_the_protocol_cannot_say_is_not_counted_on() {
    let place = Place::new();
    place.plant(b"9007199254740991\n");
    let emitter = place.loser(2);
    assert!(matches!(emitter.close(), Untold::Left { count: 2, .. }));
    assert_eq!(place.told_next(), [9_007_199_254_740_991, 0]);
}
