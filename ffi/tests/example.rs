//! The example in C: compiled against the header alone, linked with the shared library, and run.

use std::io::Read;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;

fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Where cargo has put the library that these tests are built with.
fn library_folder() -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    test.parent().expect("a folder").to_path_buf()
}

fn compiled(folder: &Path) -> PathBuf {
    let program = folder.join("emit");
    let output = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"])
        .arg(source("include"))
        .arg(source("examples/emit.c"))
        .arg("-L")
        .arg(library_folder())
        .args(["-lagent_receipts", "-o"])
        .arg(&program)
        .output()
        .expect("a C compiler (on Debian: `apt-get install gcc libc6-dev`)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

fn run(program: &Path, socket: &Path) -> (bool, String) {
    let output = Command::new(program)
        .env("AGENTRECEIPTS_SOCKET", socket)
        // Where it may leave the count of what it lost.
        .env("XDG_RUNTIME_DIR", socket.parent().expect("a folder"))
        .env("LD_LIBRARY_PATH", library_folder())
        .output()
        .expect("the program runs");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_example_sends_one_frame() {
    let folder = tempfile::tempdir().unwrap();
    let program = compiled(folder.path());
    let socket = folder.path().join("s");
    let listener = UnixListener::bind(&socket).unwrap();
    assert_eq!(run(&program, &socket), (true, String::new()));
    let mut sent = Vec::new();
    listener.accept().unwrap().0.read_to_end(&mut sent).unwrap();
    let (length, body) = sent.split_first_chunk().unwrap();
    let body = std::str::from_utf8(body).unwrap();
    assert_eq!(u32::from_be_bytes(*length) as usize, body.len());
    let rest =
        r#""channel":"sdk","tool":{"name":"read_file"},"input":{"path":"a.txt"},"decision":"allowed"}"#;
    assert!(body.starts_with(r#"{"v":"1","ts_emit":""#) && body.ends_with(rest), "{body}");
}

#[test]
fn the_example_says_why_it_could_not() {
    let folder = tempfile::tempdir().unwrap();
    let program = compiled(folder.path());
    let (succeeded, said) = run(&program, &folder.path().join("nobody"));
    assert!(!succeeded);
    assert!(said.starts_with("not recorded: cannot reach the daemon at `"), "{said}");
}
