use std::path::Path;

use crate::policy::{ActivePolicy, LoadError, Policy, PolicyError};

#[test]
fn a_bad_file_leaves_the_old_rules_in_force_and_a_good_one_says_both_digests() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.yaml");
    std::fs::write(&path, "rules: [{name: one, enabled: true, action: flag}]").unwrap();
    let active = ActivePolicy::open(Some(&path)).unwrap();
    let first = active.current();

    for bad in ["", "rules: [{name: two", "rules: [{name: two, action: blok}]"] {
        std::fs::write(&path, bad).unwrap();
        assert!(matches!(active.reload().unwrap_err(), LoadError::Refused { .. }), "{bad}");
        assert_eq!(active.current().digest(), first.digest());
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(active.reload().unwrap_err(), LoadError::Unreadable { .. }));
    assert_eq!(active.current().names().collect::<Vec<_>>(), ["one"]);

    std::fs::write(&path, "rules: [{name: two, enabled: true, action: block}]").unwrap();
    let reloaded = active.reload().unwrap();
    assert_eq!(reloaded.from, first.digest());
    assert_eq!(reloaded.to, active.current().digest());
    assert_ne!(reloaded.from, reloaded.to);
    assert_eq!(active.current().names().collect::<Vec<_>>(), ["two"]);
    assert_eq!(first.names().collect::<Vec<_>>(), ["one"], "a call under way keeps its policy");
    let again = active.reload().unwrap();
    assert_eq!(again.from, again.to);
}

#[test]
fn without_a_file_the_built_in_rules_hold_and_stay() {
    let active = ActivePolicy::open(None).unwrap();
    let reloaded = active.reload().unwrap();
    assert_eq!(reloaded.from, reloaded.to);
    assert_eq!(reloaded.to, Policy::defaults().unwrap().digest());
}

#[test]
fn only_a_regular_file_of_bounded_size_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |path: &Path| ActivePolicy::open(Some(path)).unwrap_err();
    assert!(matches!(refused(folder.path()), LoadError::NotAFile { .. }));
    assert!(matches!(refused(Path::new("/dev/null")), LoadError::NotAFile { .. }));
    assert!(matches!(refused(&folder.path().join("none")), LoadError::Unreadable { .. }));

    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    assert!(matches!(refused(&pipe), LoadError::NotAFile { .. }));

    let large = folder.path().join("large");
    std::fs::write(&large, format!("rules: []\n#{}", "x".repeat(1 << 20))).unwrap();
    assert!(matches!(refused(&large), LoadError::Refused { why: PolicyError::Oversize, .. }));
    std::fs::write(&large, b"rules: [] # \xff").unwrap();
    assert!(matches!(refused(&large), LoadError::Refused { why: PolicyError::NotUtf8, .. }));
}

#[test]
fn an_error_names_the_file_and_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.yaml");
    std::fs::write(&path, "rules:\n- name: a\n  action: blok\n").unwrap();
    let error = Policy::load(&path).unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "the rules `{}` are refused: line 3: unknown variant `blok`, expected one of pass, flag, pause, block",
            path.display()
        )
    );
}

#[cfg(unix)]
#[test]
fn rules_that_everybody_may_write_are_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.yaml");
    std::fs::write(&path, "rules: [{name: a, enabled: true, action: flag}]").unwrap();
    for (mode, warned) in [(0o644, false), (0o664, false), (0o666, true)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let warnings = Policy::load(&path).unwrap().warnings().join("\n");
        assert_eq!(warnings.contains("everybody may write"), warned, "{mode:o}");
    }
}
