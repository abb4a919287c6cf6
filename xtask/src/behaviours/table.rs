use super::list::{Behaviours, Run};

/// What each language does, as the README shows it between its markers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The languages' short names, in the order of the columns.
    pub languages: Vec<String>,
    /// One row a behaviour.
    pub rows: Vec<Row>,
}

/// One behaviour, and whether it holds in each language; `None` where nobody tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The behaviour's id.
    pub id: String,
    /// The behaviour's sentence.
    pub sentence: String,
    /// One cell a language.
    pub cells: Vec<Option<bool>>,
}

/// Why a document holds no table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The markers are not there once each, in their order.
    #[error("the table's markers `{BEGIN}` and `{END}` do not stand once each, in this order")]
    Markers,
    /// A line between the markers is no line of the table.
    #[error("line {line} of the table is not understood: `{text}`")]
    Line {
        /// Counted from one, after the marker.
        line: usize,
        /// The line.
        text: String,
    },
}

impl Table {
    /// The table that a run shows.
    #[must_use]
    pub fn of_run(list: &Behaviours, run: &Run) -> Self {
        let known = LANGUAGES.iter().map(|(name, _)| *name).filter(|name| run.languages.contains_key(*name));
        let languages: Vec<String> = known.map(str::to_string).collect();
        let cell = |language: &String, id: &str| run.languages.get(language)?.get(id).copied();
        let row = |behaviour: &super::Behaviour| Row {
            id: behaviour.id.clone(),
            sentence: behaviour.sentence.clone(),
            cells: languages.iter().map(|language| cell(language, &behaviour.id)).collect(),
        };
        Self { rows: list.behaviours.iter().map(row).collect(), languages }
    }

    /// Reads the table of a document.
    ///
    /// # Errors
    /// [`TableError`] when there is none, or one that this program would not write.
    pub fn of_document(document: &str) -> Result<Self, TableError> {
        let (_, text, _) = split(document)?;
        let bad = |(at, text): (usize, &str)| TableError::Line { line: at + 1, text: text.to_string() };
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let Some(head) = lines.next() else { return Ok(Self::default()) };
        let languages = header(head.1).ok_or_else(|| bad(head))?;
        if let Some(rule) = lines.next().filter(|(_, line)| !line.chars().all(|c| "|- ".contains(c))) {
            return Err(bad(rule));
        }
        let rows = lines.map(|line| row(line.1, languages.len()).ok_or_else(|| bad(line)));
        Ok(Self { rows: rows.collect::<Result<_, _>>()?, languages })
    }

    /// The document with this table between its markers.
    ///
    /// # Errors
    /// [`TableError::Markers`] when it has none.
    pub fn put_into(&self, document: &str) -> Result<String, TableError> {
        let (before, _, after) = split(document)?;
        Ok(format!("{before}\n{}{after}", self.to_markdown()))
    }

    fn to_markdown(&self) -> String {
        let shown = self.languages.iter().map(|name| shown(name));
        let mut text = line(FIRST, shown);
        text.push_str(&format!("|{}\n", "---|".repeat(self.languages.len() + 1)));
        for row in &self.rows {
            text.push_str(&line(&format!("{} {}", row.id, row.sentence), row.cells.iter().map(word)));
        }
        text
    }
}

/// What stands up to and with the first marker, between the two, and from the second on.
fn split(document: &str) -> Result<(&str, &str, &str), TableError> {
    let once = |marker: &str| document.matches(marker).count() == 1;
    let begin = document.find(BEGIN).filter(|_| once(BEGIN)).ok_or(TableError::Markers)? + BEGIN.len();
    let end = document.find(END).filter(|end| once(END) && *end >= begin).ok_or(TableError::Markers)?;
    Ok((&document[..begin], &document[begin..end], &document[end..]))
}

fn header(line: &str) -> Option<Vec<String>> {
    let (first, names) = cells(line)?;
    let short =
        |name: &&str| LANGUAGES.iter().find(|(_, shown)| shown == name).map(|(short, _)| short.to_string());
    names.iter().map(short).collect::<Option<_>>().filter(|_| first == FIRST)
}

fn row(line: &str, languages: usize) -> Option<Row> {
    let (first, words) = cells(line)?;
    let (id, sentence) = first.split_once(' ')?;
    let cells = words.iter().map(|word| match *word {
        "yes" => Some(Some(true)),
        "no" => Some(Some(false)),
        "not tried" => Some(None),
        _ => None,
    });
    let cells: Vec<Option<bool>> = cells.collect::<Option<_>>()?;
    (cells.len() == languages).then(|| Row { id: id.to_string(), sentence: sentence.to_string(), cells })
}

fn cells(line: &str) -> Option<(&str, Vec<&str>)> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let mut parts = inner.split('|').map(str::trim);
    Some((parts.next()?, parts.collect()))
}

fn line<'a>(first: &str, cells: impl Iterator<Item = &'a str>) -> String {
    cells.fold(format!("| {first} |"), |line, cell| line + " " + cell + " |") + "\n"
}

fn word(cell: &Option<bool>) -> &'static str {
    match cell {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not tried",
    }
}

/// How a language's name is written; one that is not known as itself.
pub(super) fn shown(name: &str) -> &str {
    LANGUAGES.iter().find(|(short, _)| *short == name).map_or(name, |(_, shown)| shown)
}

const BEGIN: &str = "<!-- behaviours: begin -->";
const END: &str = "<!-- behaviours: end -->";
const FIRST: &str = "behaviour";
/// The order of the columns: short name, shown name.
const LANGUAGES: &[(&str, &str)] =
    &[("c", "C"), ("rust", "Rust"), ("python", "Python"), ("node", "Node"), ("go", "Go")];

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let list = "[[behaviour]]\nid = \"B01\"\nsentence = \"It holds.\"\n[[behaviour]]\nid = \"B02\"\nsentence = \"So does it.\"\n";
        let run = r#"{"rust":{"B01":true,"B02":true},"c":{"B01":false},"klingon":{"B01":true}}"#;
        Table::of_run(&Behaviours::parse(list).unwrap(), &Run::parse(run).unwrap())
    }

    fn document(between: &str) -> String {
        format!("before\n{BEGIN}{between}{END}\nafter\n")
    }

    #[test]
    fn the_table_is_exactly_this() {
        let expected = "\n| behaviour | C | Rust |\n|---|---|---|\n| B01 It holds. | no | yes |\n| B02 So does it. | not tried | yes |\n";
        assert_eq!(table().put_into(&document("\nold\n")), Ok(document(expected)));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let written = table().put_into(&document("")).unwrap();
        assert_eq!(Table::of_document(&written), Ok(table()));
        assert_eq!(table().put_into(&written), Ok(written));
        assert_eq!(Table::of_document(&document("\n")), Ok(Table::default()));
    }

    #[test]
    fn a_document_without_its_markers_has_no_table() {
        let twice = document("") + &document("");
        for text in ["", BEGIN, END, &format!("{END}\n{BEGIN}"), &twice] {
            assert_eq!(Table::of_document(text), Err(TableError::Markers), "{text}");
            assert_eq!(table().put_into(text), Err(TableError::Markers), "{text}");
        }
    }

    #[test]
    fn a_line_that_this_program_would_not_write_is_named() {
        let head = "\n| behaviour | C | Rust |\n|---|---|---|\n";
        for (between, line) in [
            ("\nwords\n".to_string(), 2),
            ("\n| behaviour | Klingon |\n|---|---|\n".to_string(), 2),
            ("\n| thing | C |\n|---|---|\n".to_string(), 2),
            ("\n| behaviour | C |\n| B01 It holds. | yes |\n".to_string(), 3),
            (format!("{head}| B01 It holds. | yes |\n"), 4),
            (format!("{head}| B01 It holds. | yes | perhaps |\n"), 4),
        ] {
            let error = Table::of_document(&document(&between)).unwrap_err();
            assert!(
                matches!(error, TableError::Line { line: found, .. } if found == line),
                "{between}: {error}"
            );
        }
    }
}
