use super::code_only;
use crate::workspace::TrackedFile;

/// The beginnings of the paths of files that are declared by `#[cfg(test)] mod name;`, whatever they are called.
pub(crate) fn test_files(files: &[TrackedFile]) -> Vec<String> {
    let mut beginnings = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        let folder = folder_of_modules(&file.path);
        for name in declared(&code_only(&file.text)) {
            beginnings.push(format!("{folder}{name}.rs"));
            beginnings.push(format!("{folder}{name}/"));
        }
    }
    beginnings
}

/// Where a file's modules stand: beside `mod.rs`, `lib.rs` and `main.rs`, else in a folder of the file's name.
fn folder_of_modules(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let slash = if folder.is_empty() { "" } else { "/" };
    match name {
        "mod.rs" | "lib.rs" | "main.rs" => format!("{folder}{slash}"),
        _ => format!("{folder}{slash}{}/", name.trim_end_matches(".rs")),
    }
}

fn declared(code: &str) -> Vec<&str> {
    let pieces = code.split("#[cfg(test)]").skip(1);
    pieces
        .filter_map(|piece| {
            let name = piece.trim_start().strip_prefix("mod ")?.split(';').next()?.trim();
            name.chars().all(|c| c.is_alphanumeric() || c == '_').then_some(name)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beginnings(path: &str, text: &str) -> Vec<String> {
        test_files(&[TrackedFile { path: path.into(), text: text.into() }])
    }

    #[test]
    fn modules_stand_beside_a_root_and_below_any_other_file() {
        let text = "mod real;\n#[cfg(test)]\nmod tests;\n";
        assert_eq!(beginnings("a/src/lib.rs", text), ["a/src/tests.rs", "a/src/tests/"]);
        assert_eq!(beginnings("a/src/b/mod.rs", text), ["a/src/b/tests.rs", "a/src/b/tests/"]);
        assert_eq!(beginnings("a/src/b.rs", text), ["a/src/b/tests.rs", "a/src/b/tests/"]);
    }

    #[test]
    fn an_inline_module_or_another_item_declares_no_file() {
        assert_eq!(beginnings("a/src/lib.rs", "#[cfg(test)]\nmod tests { fn f() {} }"), [""; 0]);
        assert_eq!(beginnings("a/src/lib.rs", "#[cfg(test)]\nuse x;\nmod real;"), [""; 0]);
        assert_eq!(beginnings("a/src/lib.rs", "// #[cfg(test)]\nmod real;"), [""; 0]);
    }
}
