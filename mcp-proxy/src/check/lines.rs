//! Lines of bounded length.

use std::io::{self, BufRead, Read};

/// One line, or that it was too long to be kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Bounded {
    Line(Vec<u8>),
    TooLong,
}

/// The next line without its end, or `None` behind the last. What is longer than `most` bytes is passed over without being kept.
pub(super) fn next_line(input: &mut dyn BufRead, most: usize) -> io::Result<Option<Bounded>> {
    let mut line = Vec::new();
    let read = input.take(most as u64 + 1).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(Bounded::Line(line)));
    }
    if line.len() <= most {
        return Ok(Some(Bounded::Line(line)));
    }
    drop(line);
    pass_over(input)?;
    Ok(Some(Bounded::TooLong))
}

fn pass_over(input: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let buffered = input.fill_buf()?;
        if buffered.is_empty() {
            return Ok(());
        }
        let end = buffered.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(buffered.len(), |end| end + 1);
        input.consume(taken);
        if end.is_some() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_their_ends_and_long_ones_passed_over() {
        let text = b"ab\n\nabcd\nabcde\nabcdefghijklmnop\nx\r\nlast".as_slice();
        let mut input = io::BufReader::with_capacity(3, text);
        let line = |text: &str| Some(Bounded::Line(text.into()));
        for expected in [
            line("ab"),
            line(""),
            line("abcd"),
            Some(Bounded::TooLong),
            Some(Bounded::TooLong),
            line("x\r"),
            line("last"),
            None,
        ] {
            assert_eq!(next_line(&mut input, 4).unwrap(), expected);
        }
    }
}
