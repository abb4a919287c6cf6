#![no_main]
//! A frame is read whole or refused, and nothing past it is touched.

use agent_receipts_ipc::{MAX_FRAME, read_frame, write_frame};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|stream: &[u8]| {
    let mut rest = stream;
    let mut body = Vec::new();
    while let Ok(Some(())) = read_frame(&mut rest, &mut body) {
        assert!(!body.is_empty() && body.len() <= MAX_FRAME);
        let consumed = stream.len() - rest.len();
        let mut written = Vec::new();
        write_frame(&mut written, &body).expect("what was read can be written");
        assert!(stream[..consumed].ends_with(&written));
    }
});
