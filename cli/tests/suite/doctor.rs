//! `doctor`: a house in order, and every way in which it is not.

mod chains;
mod files;
mod keeping;
mod round_trip;
mod surface;

use std::ffi::OsStr;

use serde_json::Value;

use crate::house::{House, Said};

/// What the doctor said of one thing.
struct Finding {
    status: String,
    reason: String,
    fix: Option<String>,
}

/// The doctor's JSON answer.
struct Diagnosis {
    code: i32,
    ok: bool,
    checks: Vec<(String, Finding)>,
}

impl Diagnosis {
    fn of<A: AsRef<OsStr>>(house: &House, flags: impl IntoIterator<Item = A>) -> Self {
        let mut command = house.command(["doctor", "--json"]);
        command.args(flags);
        Self::read(&Said::of(&command.output().unwrap()))
    }

    fn read(said: &Said) -> Self {
        let answer = said.json();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let checks = answer["checks"].as_array().unwrap().iter().map(|check| {
            let finding = Finding {
                status: text(&check["status"]).unwrap(),
                reason: text(&check["reason"]).unwrap(),
                fix: text(&check["fix"]),
            };
            // Whatever is not as it should be has a mend.
            assert_eq!(finding.fix.is_none(), finding.status == "ok", "{check}");
            (text(&check["check"]).unwrap(), finding)
        });
        Self { code: said.code, ok: answer["ok"].as_bool().unwrap(), checks: checks.collect() }
    }

    fn finding(&self, name: &str) -> &Finding {
        &self.checks.iter().find(|(found, _)| found == name).unwrap().1
    }

    /// Asserts how one check came out, and that its reason says `words`.
    fn assert(&self, name: &str, status: &str, words: &str) {
        let Finding { status: found, reason, .. } = self.finding(name);
        assert!(found == status && reason.contains(words), "{name}: {found}: {reason}");
    }

    /// Whether there was such a check.
    fn has(&self, name: &str) -> bool {
        self.checks.iter().any(|(found, _)| found == name)
    }

    /// The checks that did not come out well.
    fn troubles(&self) -> Vec<(&str, &str)> {
        let troubles = self.checks.iter().filter(|(_, finding)| finding.status != "ok");
        troubles.map(|(name, finding)| (name.as_str(), finding.status.as_str())).collect()
    }
}

/// The daemons of these tests run under the tests' own user.
const UNAVOIDABLE: (&str, &str) = ("key separation", "warn");
