//! Event frames of a given size, cheap to make so that the client's work does not pass for the daemon's.

use crate::Failure;

/// A frame as an MCP proxy would send it, of which only a number changes from event to event.
#[derive(Debug, Clone)]
pub struct EventFrame {
    /// Header and body.
    framed: Vec<u8>,
    digits_at: usize,
}

impl EventFrame {
    /// A frame whose body is exactly `bytes` long, asking for an acknowledgement or not.
    ///
    /// # Errors
    ///
    /// [`Failure::Plan`] if the event does not fit into so few bytes, or no frame may be so long.
    pub fn new(bytes: usize, acknowledged: bool) -> Result<Self, Failure> {
        let tail = if acknowledged { r#","ack":true}"# } else { "}" };
        let least = HEAD.len() + MIDDLE.len() + tail.len();
        if bytes < least || bytes > agent_receipts_ipc::MAX_FRAME {
            let most = agent_receipts_ipc::MAX_FRAME;
            return Err(Failure::Plan(format!("a frame has {least} to {most} bytes, not {bytes}")));
        }
        let filling: String = FILLING.chars().cycle().take(bytes - least).collect();
        let body = format!("{HEAD}{filling}{MIDDLE}{tail}");
        let digits_at = HEADER + HEAD.find(DIGITS).unwrap_or_default();
        // Checked above: a frame's length fits 32 bits.
        let framed = [&(bytes as u32).to_be_bytes()[..], body.as_bytes()].concat();
        Ok(Self { framed, digits_at })
    }

    /// Appends the frame of event `number`, header included.
    pub fn write(&mut self, number: u64, out: &mut Vec<u8>) {
        let digits = &mut self.framed[self.digits_at..self.digits_at + DIGITS.len()];
        let mut rest = number;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        // JSON knows no leading zero.
        digits[0] = b'1';
        out.extend_from_slice(&self.framed);
    }

    /// The body of event `number`, as a daemon gets to see it.
    pub fn body(&mut self, number: u64) -> Vec<u8> {
        let mut framed = Vec::with_capacity(self.framed.len());
        self.write(number, &mut framed);
        framed.split_off(HEADER)
    }
}

const HEADER: usize = 4;
const DIGITS: &str = "1000000000";
const HEAD: &str = concat!(
    r#"{"v":"1","ts_emit":"2026-11-22T03:39:59.123456789Z","session_id":"0193a7a0-0000-7000-8000-000000000001","#,
    r#""channel":"mcp","tool":{"server":"github","name":"list_repos"},"input":{"owner":"example","page":1,"#,
    r#""number":1000000000,"query":""#,
);
const MIDDLE: &str = r#""},"output":{"count":3,"isError":false},"decision":"allowed""#;
const FILLING: &str = "label:receipts is:open sort:updated-desc ";

#[cfg(test)]
mod tests {
    use super::*;
    use agent_receipts_ipc::Event;

    #[test]
    fn a_frame_has_its_length_and_is_an_event() {
        for (bytes, ack) in [(400, false), (600, true), (600, false), (100_000, true)] {
            let mut frame = EventFrame::new(bytes, ack).unwrap();
            let body = frame.body(123_456);
            assert_eq!(body.len(), bytes);
            let event = Event::decode(&body).unwrap();
            assert_eq!((event.ack, event.unknown_keys), (ack, 0));
            assert_ne!(body, frame.body(123_457));
        }
    }

    #[test]
    fn a_frame_that_cannot_be_is_refused() {
        for bytes in [0, 100, agent_receipts_ipc::MAX_FRAME + 1] {
            assert!(matches!(EventFrame::new(bytes, true), Err(Failure::Plan(_))), "{bytes}");
        }
    }
}
