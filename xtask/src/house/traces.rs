use super::HouseBreach;
use crate::workspace::TrackedFile;

/// Pieces of what no tracked file may hold, cut so that this file does not hold them either.
const FORBIDDEN: &[(&[&str], &str)] = &[
    (&["crates", ".io"], "a registry's host"),
    (&["pypi", ".org"], "a registry's host"),
    (&["python", "hosted", ".org"], "a registry's host"),
    (&["registry", ".npm"], "a registry's host"),
    (&["proxy", ".golang"], "a registry's host"),
    (&["deb", ".debian"], "a registry's host"),
    (&["static.rust", "-lang"], "a registry's host"),
    (&["/wo", "rk/"], "a place on one machine"),
    (&["/ro", "ot/."], "a place on one machine"),
];

/// Written by cargo, which names its registry in it.
const EXEMPT: &[&str] = &["Cargo.lock"];

pub(super) fn check(files: &[TrackedFile], root: &str) -> Vec<HouseBreach> {
    let mut forbidden: Vec<(String, &str)> =
        FORBIDDEN.iter().map(|(pieces, what)| (pieces.concat(), *what)).collect();
    // A root of one short part, such as `/src`, is a word that a text may well hold.
    if root.matches('/').count() > 1 {
        forbidden.push((root.to_string(), "the place of this checkout"));
    }
    let mut breaches = Vec::new();
    for file in files.iter().filter(|file| !EXEMPT.contains(&file.path.as_str())) {
        for (at, line) in file.text.lines().enumerate() {
            for (_, what) in forbidden.iter().filter(|(word, _)| line.contains(word.as_str())) {
                breaches.push(HouseBreach::Trace {
                    path: file.path.clone(),
                    line: at + 1,
                    what: (*what).to_string(),
                });
            }
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_found(text: &str, root: &str) -> Vec<usize> {
        let files = [TrackedFile { path: "docs/a.md".into(), text: text.into() }];
        check(&files, root)
            .into_iter()
            .filter_map(|breach| match breach {
                HouseBreach::Trace { line, .. } => Some(line),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn each_forbidden_piece_is_found_where_it_stands() {
        for (pieces, _) in FORBIDDEN {
            let text = format!("fine\nsee https://{}x\nfine\n", pieces.concat());
            assert_eq!(lines_found(&text, ""), [2], "{pieces:?}");
        }
    }

    #[test]
    fn the_place_of_the_checkout_is_found() {
        assert_eq!(lines_found("cd /somebody/checkout/core\n", "/somebody/checkout"), [1]);
    }

    #[test]
    fn a_root_of_one_part_is_no_trace() {
        assert_eq!(lines_found("cd /src/core\n", "/src"), [0; 0]);
    }

    #[test]
    fn the_lock_file_is_exempt() {
        let text = FORBIDDEN[0].0.concat();
        assert_eq!(check(&[TrackedFile { path: "Cargo.lock".into(), text }], ""), []);
    }
}
