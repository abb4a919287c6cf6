#![no_main]
//! No frame body makes the event reader panic, and the same body always gives the same answer.

use agent_receipts_ipc::Event;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let (first, second) = (Event::decode(body), Event::decode(body));
    assert_eq!(format!("{first:?}"), format!("{second:?}"));
});
