//! Which frames the daemon understands.

/// The oldest and the newest version of event frames that are accepted (wire protocol §1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameVersions {
    /// The oldest.
    pub min: u32,
    /// The newest.
    pub max: u32,
}

/// What this daemon accepts.
pub const FRAME_VERSIONS: FrameVersions = FrameVersions { min: 1, max: 1 };

impl FrameVersions {
    /// As `--protocol-version` prints it: `{"frame_version":{"min":1,"max":1}}`.
    pub fn to_json(self) -> String {
        let Self { min, max } = self;
        format!(r#"{{"frame_version":{{"min":{min},"max":{max}}}}}"#)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_text_that_installers_compare() {
        assert_eq!(FRAME_VERSIONS.to_json(), r#"{"frame_version":{"min":1,"max":1}}"#);
    }

    #[test]
    fn the_range_covers_exactly_what_the_decoder_accepts() {
        let FrameVersions { min, max } = FRAME_VERSIONS;
        for version in 0..=max + 1 {
            let frame = format!(
                r#"{{"v":"{version}","ts_emit":"2026-01-01T00:00:00Z","session_id":"s","channel":"sdk","tool":{{"name":"t"}},"decision":"allowed"}}"#
            );
            let accepted = agent_receipts_ipc::Event::decode(frame.as_bytes()).is_ok();
            assert_eq!(accepted, (min..=max).contains(&version), "version {version}");
        }
    }
}
