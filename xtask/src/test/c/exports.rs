use std::path::Path;
use std::process::Command;

use super::super::run::Report;

/// What every name that a library exports begins with: others would meet those of the program that loads it.
const PREFIX: &str = "ar_";

/// Fails where a shared library exports anything else than the C interface.
pub(super) fn check(library: &Path, report: &mut Report) {
    let listed = Command::new("nm").args(["-D", "--defined-only"]).arg(library).output();
    let judged = match listed {
        Ok(output) if output.status.success() => judge(&String::from_utf8_lossy(&output.stdout)),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_string()),
        Err(error) => Err(format!("`nm`: {error} (on Debian: `apt-get install binutils`)")),
    };
    match judged {
        Ok(count) => println!("\n==> `{}` exports {count} functions", library.display()),
        Err(why) => report.failed("what the C library exports", &why),
    }
}

fn judge(listed: &str) -> Result<usize, String> {
    let names: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().last()).collect();
    let strangers: Vec<&str> = names.iter().copied().filter(|name| !name.starts_with(PREFIX)).collect();
    match (names.len(), strangers.as_slice()) {
        (0, _) => Err("nothing at all".to_string()),
        (count, []) => Ok(count),
        (_, strangers) => Err(format!("also `{}`", strangers.join("`, `"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_the_prefix_is_a_failure() {
        assert_eq!(judge("0000 T ar_a\n0001 T ar_b\n"), Ok(2));
        assert_eq!(judge("0000 T ar_a\n0001 T sqlite3_open\n"), Err("also `sqlite3_open`".into()));
        assert!(judge("").is_err(), "a library that exports nothing");
    }
}
