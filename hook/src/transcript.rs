//! Which model called a tool, and what that used up: from the end of the host's transcript.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What the transcript says of the message that called the tool.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Called {
    pub(crate) model: String,
    /// JSON text.
    pub(crate) usage: Option<String>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    message: Option<Message<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    model: Option<String>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<String>,
}

/// Looks for the call `id` in the last quarter of a megabyte; nothing where there is none, or no such file.
pub(crate) fn called(transcript: &Path, id: &str) -> Option<Called> {
    let tail = tail_of(transcript)?;
    let lines = tail.split(|byte| *byte == b'\n').rev();
    lines.filter_map(|line| std::str::from_utf8(line).ok()).filter(|line| line.contains(id)).find_map(
        |line| {
            let message = serde_json::from_str::<Line<'_>>(line).ok()?.message?;
            let blocks: Vec<Block> = serde_json::from_str(message.content?.get()).ok()?;
            let calls =
                |block: &Block| block.kind.as_deref() == Some("tool_use") && block.id.as_deref() == Some(id);
            blocks.iter().any(calls).then(|| Called {
                model: message.model.unwrap_or_default(),
                usage: message
                    .usage
                    .map(|usage| usage.get().to_owned())
                    .filter(|usage| usage.len() <= MOST_USAGE),
            })
        },
    )
}

fn tail_of(transcript: &Path) -> Option<Vec<u8>> {
    // Whoever named it may have named a pipe, which must not hold us up.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(transcript, flags, Mode::empty()).ok()?);
    let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    file.seek(SeekFrom::Start(metadata.len().saturating_sub(TAIL))).ok()?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail).ok()?;
    Some(tail)
}

const TAIL: u64 = 256 << 10;
const MOST_USAGE: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: &str, model: &str) -> String {
        format!(
            r#"{{"type":"assistant","message":{{"model":"{model}","usage":{{"input_tokens":7}},"content":[{{"type":"text","text":"{id}"}},{{"type":"tool_use","id":"{id}","name":"Bash","input":{{}}}}]}}}}"#
        )
    }

    fn found(text: &str, id: &str) -> Option<Called> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.jsonl");
        std::fs::write(&path, text).unwrap();
        called(&path, id)
    }

    #[test]
    fn the_message_that_called_the_tool_is_found() {
        let text = [call("toolu_1", "m1"), call("toolu_2", "m2"), r#"{"type":"user","toolu_1":1}"#.into()]
            .join("\n");
        let expected = Called { model: "m1".into(), usage: Some(r#"{"input_tokens":7}"#.into()) };
        assert_eq!(found(&text, "toolu_1"), Some(expected));
        assert_eq!(found(&text, "toolu_3"), None);
    }

    #[test]
    fn only_the_tail_is_read() {
        let long =
            format!("{}\n{}\n", call("toolu_1", "m1"), format!("\"{}\"\n", "x".repeat(1000)).repeat(400));
        assert_eq!(found(&long, "toolu_1"), None);
        assert!(found(&(long + &call("toolu_2", "m2")), "toolu_2").is_some());
    }

    #[test]
    fn what_is_no_transcript_is_passed_over() {
        for odd in ["", "\u{0}", "{}", "[1]\n{\"message\":7}", "{\"message\":{\"content\":\"toolu_1\"}}"] {
            assert_eq!(found(odd, "toolu_1"), None, "{odd}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(called(folder.path(), "x"), None);
        assert_eq!(called(&folder.path().join("gone"), "x"), None);
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
            .unwrap();
        assert_eq!(called(&pipe, "x"), None);
    }
}
