//! One goal and what became of it.

use serde::Serialize;

/// One goal, held against what was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Bar {
    pub(crate) figure: &'static str,
    pub(crate) measured: String,
    pub(crate) goal: String,
    pub(crate) met: bool,
}

impl Bar {
    pub(super) fn at_least(figure: &'static str, measured: f64, goal: f64, unit: Unit) -> Self {
        let met = measured >= goal;
        Self { figure, measured: unit.write(measured), goal: format!("at least {}", unit.write(goal)), met }
    }

    /// A figure that is no number is not met.
    pub(super) fn below(figure: &'static str, measured: f64, goal: f64, unit: Unit) -> Self {
        let met = measured < goal;
        Self { figure, measured: unit.write(measured), goal: format!("below {}", unit.write(goal)), met }
    }

    /// The same rows as a table of Markdown.
    pub(crate) fn markdown(bars: &[Bar]) -> String {
        let rows = bars.iter().map(|bar| {
            let verdict = if bar.met { "met" } else { "**missed**" };
            format!("| {} | {} | {} | {verdict} |\n", bar.figure, bar.measured, bar.goal)
        });
        let head = "| figure | measured | goal | |\n|---|---|---|---|\n".to_owned();
        std::iter::once(head).chain(rows).collect()
    }

    /// Rows of equal width, the widest text of each column deciding.
    pub(crate) fn table(bars: &[Bar]) -> String {
        let verdict = |bar: &Bar| if bar.met { "met" } else { "MISSED" };
        let head = ["figure", "measured", "goal", ""].map(str::to_owned);
        let rows: Vec<[String; 4]> = std::iter::once(head)
            .chain(bars.iter().map(|bar| {
                [bar.figure.to_owned(), bar.measured.clone(), bar.goal.clone(), verdict(bar).to_owned()]
            }))
            .collect();
        let width =
            |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        let widths = [width(0), width(1), width(2)];
        let line = |[figure, measured, goal, verdict]: &[String; 4]| {
            let [a, b, c] = widths;
            format!("{figure:a$}  {measured:>b$}  {goal:c$}  {verdict}").trim_end().to_owned() + "\n"
        };
        rows.iter().map(line).collect()
    }
}

/// How a number is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    PerSecond,
    Percent,
    Microseconds,
    Milliseconds,
    Megabytes,
    Bytes,
}

impl Unit {
    fn write(self, number: f64) -> String {
        match self {
            Self::PerSecond => format!("{number:.0}/s"),
            Self::Percent => format!("{:.0} %", number * 100.0),
            Self::Microseconds => format!("{number:.1} µs"),
            Self::Milliseconds => format!("{number:.2} ms"),
            Self::Megabytes => format!("{:.1} MB", number / 1e6),
            Self::Bytes => format!("{number:.0} B"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_met_or_missed() {
        assert!(Bar::below("f", 1.0, 2.0, Unit::Bytes).met);
        assert!(!Bar::below("f", 2.0, 2.0, Unit::Bytes).met);
        assert!(!Bar::below("f", f64::NAN, 2.0, Unit::Bytes).met);
        assert!(Bar::at_least("f", 2.0, 2.0, Unit::Bytes).met);
        assert!(!Bar::at_least("f", 1.9, 2.0, Unit::Bytes).met);
        assert!(!Bar::at_least("f", f64::NAN, 2.0, Unit::Bytes).met);
    }

    #[test]
    fn a_missed_goal_stands_out() {
        let bars = [
            Bar::at_least("rate", 0.7, 0.65, Unit::Percent),
            Bar::below("one event of many", 12.34, 8.0, Unit::Milliseconds),
        ];
        assert_eq!(
            Bar::table(&bars),
            "figure             measured  goal\n\
             rate                   70 %  at least 65 %  met\n\
             one event of many  12.34 ms  below 8.00 ms  MISSED\n"
        );
        let markdown = Bar::markdown(&bars);
        assert!(
            markdown.ends_with("| one event of many | 12.34 ms | below 8.00 ms | **missed** |\n"),
            "{markdown}"
        );
    }
}
