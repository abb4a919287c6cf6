use super::HouseBreach;
use crate::workspace::TrackedFile;

/// How source embeds a file, cut so that this file does not hold the words.
const MACROS: &[&[&str]] = &[&["include_str", "!(\""], &["include_bytes", "!(\""]];

/// What a crate embeds must stand below the crate's own folder: a published crate has nothing else.
pub(super) fn check(files: &[TrackedFile]) -> Vec<HouseBreach> {
    let macros: Vec<String> = MACROS.iter().map(|pieces| pieces.concat()).collect();
    let mut breaches = Vec::new();
    for file in files {
        // Tests of a published crate are not built by whoever uses it.
        let Some((_, below)) = file.path.split_once("/src/").filter(|_| file.path.ends_with(".rs")) else {
            continue;
        };
        // From the folder of the source file up to `src`, and one more to the crate's folder.
        let most_up = below.matches('/').count() + 1;
        // A file's name may stand on the line behind the macro's.
        let joined: String = file.text.lines().map(str::trim_start).collect();
        for found in macros.iter().flat_map(|word| joined.split(word.as_str()).skip(1)) {
            let name = found.split('"').next().unwrap_or_default();
            if name.split('/').filter(|part| *part == "..").count() > most_up {
                let (path, embedded) = (file.path.clone(), name.to_owned());
                breaches.push(HouseBreach::EmbedsFromOutside { path, embedded });
            }
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside(path: &str, text: &str) -> usize {
        let text = text.replace("STR", &MACROS[0].concat());
        check(&[TrackedFile { path: path.into(), text }]).len()
    }

    #[test]
    fn only_what_stands_in_the_crates_folder_is_embedded() {
        for (path, text, breaches) in [
            ("cli/src/a.rs", "STR../x\")", 0),
            ("cli/src/a.rs", "STR../../x\")", 1),
            ("cli/src/a.rs", "STR../../x\"), STRb\"), STR../../y\")", 2),
            ("cli/src/a/b/c.rs", "STR../../../x\")", 0),
            ("cli/src/a/b/c.rs", "    STR\n    ../../../../x\")", 1),
            ("cli/tests/a.rs", "STR../../x\")", 0),
            ("cli/src/a.md", "STR../../x\")", 0),
        ] {
            assert_eq!(outside(path, text), breaches, "{path}: {text}");
        }
    }
}
