//! Server-sent events, read as they come (WHATWG HTML, section 9.2.6), with an end to every line and event.

use std::time::Duration;

use memchr::memchr2;

/// Reads a stream of events from pieces of any size.
#[derive(Debug)]
pub(crate) struct Reader {
    /// The line that is not whole yet.
    line: Vec<u8>,
    /// The event that is not whole yet.
    data: Vec<u8>,
    lines_of_data: usize,
    kind: Vec<u8>,
    /// The last id seen; an event has it from then on.
    id: Option<String>,
    retry: Option<Duration>,
    /// A CR ended the last line: an LF that follows belongs to it.
    after_cr: bool,
    at_start: bool,
    limit: usize,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// What it carries; several lines are joined by LF.
    pub(crate) data: Vec<u8>,
    /// Whether it is a message: an event without a type, or of the type `message`.
    pub(crate) is_message: bool,
}

/// An event that has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of more than {limit} bytes")]
pub(crate) struct TooLong {
    /// The longest that is read, in bytes.
    pub(crate) limit: usize,
}

impl Reader {
    /// A reader of events of at most `limit` bytes, with all their lines.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            line: Vec::new(),
            data: Vec::new(),
            lines_of_data: 0,
            kind: Vec::new(),
            id: None,
            retry: None,
            after_cr: false,
            at_start: true,
            limit,
        }
    }

    /// The id to resume after, where the stream has one.
    pub(crate) fn last_id(&self) -> Option<&str> {
        self.id.as_deref().filter(|id| !id.is_empty())
    }

    /// How long to wait before the stream is asked for again, where the server says so.
    pub(crate) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Reads one piece, and hands over each event that it completes. What is not complete at the end of the stream is no event.
    pub(crate) fn feed(&mut self, mut piece: &[u8], mut each: impl FnMut(Event)) -> Result<(), TooLong> {
        while !piece.is_empty() {
            if std::mem::take(&mut self.after_cr) && piece[0] == b'\n' {
                piece = &piece[1..];
                continue;
            }
            let end = memchr2(b'\r', b'\n', piece);
            let part = &piece[..end.unwrap_or(piece.len())];
            if self.line.len() + part.len() + self.data.len() > self.limit {
                return Err(TooLong { limit: self.limit });
            }
            let Some(end) = end else {
                self.line.extend_from_slice(part);
                return Ok(());
            };
            self.after_cr = piece[end] == b'\r';
            piece = &piece[end + 1..];
            if self.line.is_empty() {
                // The whole line lies in this piece: no copy but the one into the event.
                self.take_line(part, &mut each);
            } else {
                self.line.extend_from_slice(part);
                let line = std::mem::take(&mut self.line);
                self.take_line(&line, &mut each);
                self.line = line;
                self.line.clear();
                // One long line must not hold its memory for as long as the stream lives.
                self.line.shrink_to(KEPT);
            }
        }
        Ok(())
    }

    fn take_line(&mut self, line: &[u8], each: &mut impl FnMut(Event)) {
        let line = match (std::mem::take(&mut self.at_start), line.strip_prefix(b"\xef\xbb\xbf")) {
            (true, Some(rest)) => rest,
            _ => line,
        };
        if line.is_empty() {
            return self.dispatch(each);
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if self.lines_of_data > 0 {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
                self.lines_of_data += 1;
            }
            b"event" => self.kind = value[..value.len().min(MOST_OF_A_TYPE)].to_vec(),
            // An id that could not be sent back in a header cannot be resumed from.
            b"id" if value.len() <= LONGEST_ID && value.iter().all(|byte| (0x20..0x7f).contains(byte)) => {
                self.id = String::from_utf8(value.to_vec()).ok();
            }
            b"id" => self.id = None,
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                self.retry = std::str::from_utf8(value)
                    .ok()
                    .and_then(|text| text.parse().ok())
                    .map(Duration::from_millis);
            }
            _ => {}
        }
    }

    fn dispatch(&mut self, each: &mut impl FnMut(Event)) {
        let kind = std::mem::take(&mut self.kind);
        let data = std::mem::take(&mut self.data);
        if std::mem::take(&mut self.lines_of_data) > 0 && !data.is_empty() {
            each(Event { data, is_message: kind.is_empty() || kind == b"message" });
        }
    }
}

/// Enough to tell `message` from every other type.
const MOST_OF_A_TYPE: usize = 16;
/// Bytes of an id that is kept.
const LONGEST_ID: usize = 1024;
/// Bytes of a line's buffer that stay for the next.
const KEPT: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> (Vec<Event>, Reader) {
        let mut reader = Reader::new(1000);
        let mut events = Vec::new();
        for piece in pieces {
            reader.feed(piece, |event| events.push(event)).unwrap();
        }
        (events, reader)
    }

    fn data(pieces: &[&[u8]]) -> Vec<String> {
        read(pieces).0.into_iter().map(|event| String::from_utf8(event.data).unwrap()).collect()
    }

    #[test]
    fn every_end_of_line_and_every_cut() {
        let streams: [&[u8]; 3] = [
            b"event: message\nid: 1\ndata: a\ndata: b\n\n: ping\n\ndata:c\n\n",
            b"event: message\r\nid: 1\r\ndata: a\r\ndata: b\r\n\r\n: ping\r\n\r\ndata:c\r\n\r\n",
            b"event: message\rid: 1\rdata: a\rdata: b\r\r: ping\r\rdata:c\r\r",
        ];
        for stream in streams {
            for cut in 0..=stream.len() {
                assert_eq!(data(&[&stream[..cut], &stream[cut..]]), ["a\nb", "c"], "cut at {cut}");
            }
            let bytes: Vec<&[u8]> = stream.chunks(1).collect();
            assert_eq!(data(&bytes), ["a\nb", "c"]);
        }
    }

    #[test]
    fn what_is_not_an_event() {
        assert!(data(&[b"data: unfinished"]).is_empty());
        assert!(data(&[b"data: unfinished\n"]).is_empty());
        assert!(data(&[b"id: 7\ndata:\n\n"]).is_empty(), "an id to resume from, and nothing else");
        assert!(data(&[b"event: message\n\n"]).is_empty());
        assert!(data(&[b"Data: x\nDATA: y\n data: z\n\n"]).is_empty(), "names are taken to the letter");
        let (events, _) = read(&[b"event: endpoint\ndata: /sse\n\nevent: messages\ndata: x\n\n"]);
        assert!(events.iter().all(|event| !event.is_message));
    }

    #[test]
    fn a_mark_at_the_start_and_only_there() {
        assert_eq!(data(&[b"\xef\xbb\xbfdata: x\n\n"]), ["x"]);
        assert!(data(&[b"\n\xef\xbb\xbfdata: x\n\n"]).is_empty());
    }

    #[test]
    fn ids_and_waits() {
        let (_, reader) = read(&[b"id: one\nretry: 250\ndata: x\n\n"]);
        assert_eq!((reader.last_id(), reader.retry()), (Some("one"), Some(Duration::from_millis(250))));
        let (_, reader) = read(&[b"id: one\ndata: x\n\nid\ndata: y\n\n"]);
        assert_eq!(reader.last_id(), None, "an empty id takes the last away");
        let (_, reader) = read(&[b"id: a\0b\nretry: -5\nretry: 1e3\nretry: 99999999999999999999999\n\n"]);
        assert_eq!((reader.last_id(), reader.retry()), (None, None));
        let long = format!("id: {}\n\n", "x".repeat(900));
        assert_eq!(read(&[long.as_bytes()]).1.last_id().map(str::len), Some(900));
        let (_, reader) = read(&[b"id: x\xff\r\nX-Evil: 1\n\n"]);
        assert_eq!(reader.last_id(), None);
    }

    #[test]
    fn a_line_without_end_is_cut_off() {
        let mut reader = Reader::new(1000);
        let mut fed = 0;
        let error = loop {
            match reader.feed(&[b'x'; 100], |_| panic!("no event")) {
                Ok(()) => fed += 100,
                Err(error) => break error,
            }
        };
        assert_eq!((fed, error), (1000, TooLong { limit: 1000 }));
    }

    #[test]
    fn an_event_of_endless_lines_is_cut_off() {
        let mut reader = Reader::new(1000);
        let result = (0..200).try_for_each(|_| reader.feed(b"data: 0123456789\n", |_| panic!("no event")));
        assert_eq!(result, Err(TooLong { limit: 1000 }));
    }

    #[test]
    fn comments_without_end_cost_nothing() {
        let mut reader = Reader::new(1000);
        for _ in 0..10_000 {
            reader.feed(b": still here\nunknown: field\n", |_| panic!("no event")).unwrap();
        }
    }
}
