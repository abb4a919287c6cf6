//! The committed files are what the generator makes, no more and no less.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{cases, folder};
use crate::support::{issuer_key, next_key, stranger_key};

const REGENERATE: &str = "AGENT_RECEIPTS_REGENERATE";

#[test]
fn the_committed_corpus_is_what_the_generator_makes() {
    let wanted = wanted();
    let folder = folder();
    if std::env::var_os(REGENERATE).is_some() {
        write(&folder, &wanted);
    }
    let found = found(&folder);
    for (file, text) in &wanted {
        let hint = format!("{file}: run this test with {REGENERATE}=1");
        assert!(found.get(file).unwrap_or_else(|| panic!("missing {hint}")) == text, "changed {hint}");
    }
    for file in found.keys().filter(|file| !["README.md", ".gitattributes"].contains(&file.as_str())) {
        assert!(wanted.contains_key(file), "{file}: nothing makes this file");
    }
}

/// File names below the corpus folder, and their content.
fn wanted() -> BTreeMap<String, Vec<u8>> {
    let mut manifest = String::from("# file\texpected\twhy\n");
    let mut files = BTreeMap::new();
    let mut cases = cases();
    cases.sort_by(|a, b| a.file.cmp(&b.file));
    for case in cases {
        assert!(
            !format!("{}{}{}", case.file, case.expected, case.why).contains(['\t', '\n']),
            "{}",
            case.file
        );
        manifest += &format!("{}\t{}\t{}\n", case.file, case.expected, case.why);
        assert!(files.insert(case.file.clone(), case.text).is_none(), "{}: two cases of one name", case.file);
    }
    files.insert("manifest.tsv".to_owned(), manifest.into_bytes());
    for (name, key) in [("issuer", issuer_key()), ("next", next_key()), ("stranger", stranger_key())] {
        files.insert(format!("keys/{name}.pub"), key.public().to_pem().into_bytes());
    }
    files
}

fn write(folder: &Path, files: &BTreeMap<String, Vec<u8>>) {
    for stale in ["accept", "reject", "chains", "keys"].map(|name| folder.join(name)) {
        if stale.exists() {
            std::fs::remove_dir_all(stale).unwrap();
        }
    }
    for (file, text) in files {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn found(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut pending: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = pending.pop() {
        for entry in std::fs::read_dir(&next).unwrap_or_else(|e| panic!("{}: {e}", next.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                files.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    files
}
