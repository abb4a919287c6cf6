//! The frame versions that are spoken here.

use std::ops::RangeInclusive;

/// The one frame version there is, as it stands in `v`.
pub const FRAME_VERSION: &str = "1";

/// The frame versions that a daemon built on this crate accepts.
pub const FRAME_VERSIONS: RangeInclusive<u32> = 1..=1;

/// What a daemon says of its versions when asked out of band (wire protocol §1.1): one JSON object, no line end.
pub fn frame_versions_json() -> String {
    let (min, max) = (FRAME_VERSIONS.start(), FRAME_VERSIONS.end());
    format!("{{\"frame_version\":{{\"min\":{min},\"max\":{max}}}}}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, EventFault};

    #[test]
    fn the_json_is_exactly_this() {
        assert_eq!(frame_versions_json(), r#"{"frame_version":{"min":1,"max":1}}"#);
    }

    #[test]
    fn what_is_claimed_is_what_the_decoder_accepts() {
        for version in 0..=10_u32 {
            let body = format!(r#"{{"v":"{version}"}}"#);
            let fault = Event::decode(body.as_bytes()).unwrap_err().fault;
            let accepted = fault == EventFault::Missing { key: "session_id" };
            assert_eq!(accepted, FRAME_VERSIONS.contains(&version), "{version}: {fault}");
        }
        assert!(FRAME_VERSIONS.contains(&FRAME_VERSION.parse().unwrap()));
    }
}
