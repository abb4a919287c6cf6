use super::HouseBreach;
use crate::workspace::TrackedFile;

/// No file above this.
const MOST: usize = 800;
/// `main.rs` stays under twenty lines: what a program does is a library's.
const MOST_IN_MAIN: usize = 19;
/// Half the files stay under 150 lines.
const SMALL: usize = 149;
/// Nearly all, here nine in ten, stay within 400.
const USUAL: usize = 400;

pub(super) fn check(files: &[TrackedFile]) -> Vec<HouseBreach> {
    let mut breaches = Vec::new();
    let mut lengths = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        let lines = file.text.lines().count();
        let most = if file.path.ends_with("src/main.rs") { MOST_IN_MAIN } else { MOST };
        if lines > most {
            breaches.push(HouseBreach::TooLong { path: file.path.clone(), lines, most });
        }
        lengths.push(lines);
    }
    breaches.extend(share(&lengths, SMALL, lengths.len().div_ceil(2)));
    breaches.extend(share(&lengths, USUAL, (lengths.len() * 9).div_ceil(10)));
    breaches
}

fn share(lengths: &[usize], most: usize, wanted: usize) -> Option<HouseBreach> {
    let (within, all) = (lengths.iter().filter(|lines| **lines <= most).count(), lengths.len());
    (within < wanted).then_some(HouseBreach::TooFewSmall { within, all, most, wanted })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, lines: usize) -> TrackedFile {
        TrackedFile { path: path.into(), text: "x\n".repeat(lines) }
    }

    #[test]
    fn small_files_hold() {
        assert_eq!(
            check(&[file("a.rs", 149), file("b.rs", 400), file("a/src/main.rs", 19), file("c.md", 9_000)]),
            []
        );
    }

    #[test]
    fn a_file_above_the_limit_is_a_breach() {
        let breaches = check(&[file("a.rs", 1), file("b.rs", 2), file("c.rs", 801)]);
        assert!(breaches.contains(&HouseBreach::TooLong { path: "c.rs".into(), lines: 801, most: 800 }));
    }

    #[test]
    fn a_main_of_twenty_lines_is_a_breach() {
        let breaches = check(&[file("a/src/main.rs", 20)]);
        assert_eq!(breaches, [HouseBreach::TooLong { path: "a/src/main.rs".into(), lines: 20, most: 19 }]);
    }

    #[test]
    fn half_the_files_must_be_small_and_nine_in_ten_usual() {
        let breaches = check(&[file("a.rs", 150), file("b.rs", 149), file("c.rs", 401)]);
        assert_eq!(
            breaches,
            [
                HouseBreach::TooFewSmall { within: 1, all: 3, most: 149, wanted: 2 },
                HouseBreach::TooFewSmall { within: 2, all: 3, most: 400, wanted: 3 },
            ],
        );
    }
}
