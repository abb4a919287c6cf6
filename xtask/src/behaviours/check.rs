use super::table::{Row, Table, shown};

/// Something that the README's table says and the run does not, or the other way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableBreach {
    /// A language that the run tried and the table leaves out.
    #[error("the table has no column for {}", shown(language))]
    NoColumn {
        /// The language's short name.
        language: String,
    },
    /// A language that the table has and the run did not try.
    #[error("the table has a column for {}, which no test tried", shown(language))]
    NotTried {
        /// The language's short name.
        language: String,
    },
    /// The rows are not the list's, in its order.
    #[error("the table's rows are not those of the list: `{found}` stands where `{wanted}` should")]
    Rows {
        /// What the table says, or nothing.
        found: String,
        /// What the list says, or nothing.
        wanted: String,
    },
    /// A cell that says something else than the run.
    #[error("the table says of {id} in {} what the run did not find", shown(language))]
    Cell {
        /// The behaviour.
        id: String,
        /// The language's short name.
        language: String,
    },
}

/// Holds what the README says against what a run showed.
///
/// `excused` are languages that could not be tried here and were not to fail for it: what the table says of them stays unchecked.
#[must_use]
pub fn check_table(said: &Table, run: &Table, excused: &[String]) -> Vec<TableBreach> {
    let mut breaches = Vec::new();
    for language in run.languages.iter().filter(|language| !said.languages.contains(language)) {
        breaches.push(TableBreach::NoColumn { language: language.clone() });
    }
    let known = |language: &String| run.languages.contains(language) || excused.contains(language);
    for language in said.languages.iter().filter(|language| !known(language)) {
        breaches.push(TableBreach::NotTried { language: language.clone() });
    }
    for at in 0..said.rows.len().max(run.rows.len()) {
        let (found, wanted) = (text(said.rows.get(at)), text(run.rows.get(at)));
        if found != wanted {
            breaches.push(TableBreach::Rows { found, wanted });
            // Whatever follows is shifted, and would only repeat this.
            return breaches;
        }
    }
    for (found, wanted) in said.rows.iter().zip(&run.rows) {
        for (language, cell) in run.languages.iter().zip(&wanted.cells) {
            let column = said.languages.iter().position(|name| name == language);
            if column.is_some_and(|column| found.cells.get(column) != Some(cell)) {
                breaches.push(TableBreach::Cell { id: wanted.id.clone(), language: language.clone() });
            }
        }
    }
    breaches
}

fn text(row: Option<&Row>) -> String {
    row.map_or_else(String::new, |row| format!("{} {}", row.id, row.sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(languages: &[&str], rows: &[(&str, &[bool])]) -> Table {
        let row = |(id, cells): &(&str, &[bool])| Row {
            id: (*id).to_string(),
            sentence: format!("What {id} says."),
            cells: cells.iter().map(|cell| Some(*cell)).collect(),
        };
        Table {
            languages: languages.iter().map(|name| (*name).to_string()).collect(),
            rows: rows.iter().map(row).collect(),
        }
    }

    fn run() -> Table {
        table(&["c", "rust"], &[("B01", &[true, true]), ("B02", &[true, true])])
    }

    #[test]
    fn a_table_that_says_what_the_run_found_holds() {
        assert_eq!(check_table(&run(), &run(), &[]), []);
        // Whatever the order of the columns.
        let turned = table(&["rust", "c"], &[("B01", &[true, true]), ("B02", &[true, true])]);
        assert_eq!(check_table(&turned, &run(), &[]), []);
    }

    #[test]
    fn a_cell_that_says_something_else_is_a_breach() {
        let said = table(&["c", "rust"], &[("B01", &[true, true]), ("B02", &[true, false])]);
        for (said, found) in [(&said, &run()), (&run(), &said)] {
            let breach = TableBreach::Cell { id: "B02".into(), language: "rust".into() };
            assert_eq!(check_table(said, found, &[]), [breach]);
        }
        let untried = Table {
            rows: vec![Row { cells: vec![None, None], ..run().rows[0].clone() }, run().rows[1].clone()],
            ..run()
        };
        assert_eq!(check_table(&untried, &run(), &[]).len(), 2);
    }

    #[test]
    fn a_column_that_is_missing_or_was_not_tried_is_a_breach() {
        let rust = table(&["rust"], &[("B01", &[true]), ("B02", &[true])]);
        assert_eq!(check_table(&rust, &run(), &[]), [TableBreach::NoColumn { language: "c".into() }]);
        assert_eq!(check_table(&run(), &rust, &[]), [TableBreach::NotTried { language: "c".into() }]);
        assert_eq!(check_table(&run(), &rust, &["c".into()]), []);
    }

    #[test]
    fn other_rows_are_a_breach() {
        let fewer = table(&["c", "rust"], &[("B01", &[true, true])]);
        let (b02, nothing) = ("B02 What B02 says.".to_string(), String::new());
        assert_eq!(
            check_table(&fewer, &run(), &[]),
            [TableBreach::Rows { found: nothing.clone(), wanted: b02.clone() }]
        );
        assert_eq!(check_table(&run(), &fewer, &[]), [TableBreach::Rows { found: b02, wanted: nothing }]);
        assert_eq!(check_table(&Table::default(), &run(), &[]).len(), 3);
    }
}
