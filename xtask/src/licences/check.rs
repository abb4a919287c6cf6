use cargo_metadata::Package;
use spdx::{Expression, ParseMode};

use super::SupplyPolicy;

/// A dependency that the policy does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LicenceBreach {
    /// It says no licence expression.
    #[error("`{name}` {version} says no licence expression")]
    NoLicence {
        /// The package.
        name: String,
        /// Its version.
        version: String,
    },
    /// Its licence expression cannot be read.
    #[error("`{name}` {version} has the licence `{licence}`, which is no SPDX expression")]
    Unreadable {
        /// The package.
        name: String,
        /// Its version.
        version: String,
        /// What it says.
        licence: String,
    },
    /// Its licence expression cannot be met with the allowed licences.
    #[error("`{name}` {version} has the licence `{licence}`, which `deny.toml` does not allow")]
    NotAllowed {
        /// The package.
        name: String,
        /// Its version.
        version: String,
        /// What it says.
        licence: String,
    },
    /// It comes from elsewhere than this workspace or the default registry.
    #[error("`{name}` {version} comes from `{origin}`, not from the default registry")]
    Origin {
        /// The package.
        name: String,
        /// Its version.
        version: String,
        /// Where from.
        origin: String,
    },
    /// `deny.toml` bans it.
    #[error("`{name}` {version} is banned by `deny.toml`")]
    Banned {
        /// The package.
        name: String,
        /// Its version.
        version: String,
    },
    /// An allowed licence that nothing uses: the list shall say no more than it must.
    #[error("`deny.toml` allows `{licence}`, which no dependency needs")]
    Unused {
        /// The licence.
        licence: String,
    },
}

/// Holds packages against the policy.
#[must_use]
pub fn check_licences(policy: &SupplyPolicy, packages: &[&Package]) -> Vec<LicenceBreach> {
    let mut breaches = Vec::new();
    let mut used = std::collections::BTreeSet::new();
    for package in packages {
        let named = || (package.name.to_string(), package.version.to_string());
        if policy.banned.contains(package.name.as_str()) {
            let (name, version) = named();
            breaches.push(LicenceBreach::Banned { name, version });
        }
        if let Some(source) = package.source.as_ref().filter(|source| !source.is_crates_io()) {
            let (name, version) = named();
            breaches.push(LicenceBreach::Origin { name, version, origin: source.repr.clone() });
        }
        let Some(licence) = package.license.clone() else {
            let (name, version) = named();
            breaches.push(LicenceBreach::NoLicence { name, version });
            continue;
        };
        match judge(policy, &licence) {
            Judgement::Allowed(by) => used.extend(by),
            Judgement::NotAllowed => {
                let (name, version) = named();
                breaches.push(LicenceBreach::NotAllowed { name, version, licence });
            }
            Judgement::Unreadable => {
                let (name, version) = named();
                breaches.push(LicenceBreach::Unreadable { name, version, licence });
            }
        }
    }
    let unused = policy.allowed.iter().filter(|licence| !used.contains(*licence));
    breaches.extend(unused.map(|licence| LicenceBreach::Unused { licence: licence.clone() }));
    breaches
}

#[derive(Debug, PartialEq, Eq)]
enum Judgement {
    Allowed(Vec<String>),
    NotAllowed,
    Unreadable,
}

fn judge(policy: &SupplyPolicy, licence: &str) -> Judgement {
    // `MIT/Apache-2.0` was once the way to write `OR`; the lax mode still reads it.
    let mode = ParseMode { allow_slash_as_or_operator: true, ..ParseMode::STRICT };
    let Ok(expression) = Expression::parse_mode(licence, mode) else { return Judgement::Unreadable };
    let name_of = |request: &spdx::LicenseReq| request.license.id().map(|id| id.name.to_string());
    let allowed = |request: &spdx::LicenseReq| {
        // An addition such as `WITH LLVM-exception` grants more; the licence under it is what binds.
        name_of(request).is_some_and(|name| policy.allowed.contains(&name))
    };
    if !expression.evaluate(allowed) {
        return Judgement::NotAllowed;
    }
    let met = expression.requirements().filter(|requirement| allowed(&requirement.req));
    Judgement::Allowed(met.filter_map(|requirement| name_of(&requirement.req)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allowed: &[&str]) -> SupplyPolicy {
        let allowed = allowed.iter().map(|name| (*name).to_string()).collect();
        SupplyPolicy { allowed, ..SupplyPolicy::default() }
    }

    fn package(name: &str, licence: &str, source: &str) -> Package {
        let json = format!(
            r#"{{"name":"{name}","version":"1.0.0","id":"{name}","license":{licence},"source":{source},
                "dependencies":[],"targets":[],"features":{{}},"manifest_path":"/x/Cargo.toml"}}"#
        );
        serde_package(&json)
    }

    fn serde_package(json: &str) -> Package {
        // The crate reads packages only as part of its own document.
        let document = format!(
            r#"{{"packages":[{json}],"workspace_members":[],"resolve":null,"workspace_root":"/x",
                "target_directory":"/x","version":1,"metadata":null}}"#
        );
        let metadata = cargo_metadata::MetadataCommand::parse(document).expect("a document of cargo's shape");
        metadata.packages.into_iter().next().expect("one package")
    }

    #[test]
    fn one_side_of_an_or_is_enough_and_both_sides_of_an_and_are_needed() {
        let policy = policy(&["MIT"]);
        assert_eq!(judge(&policy, "MIT OR GPL-3.0-only"), Judgement::Allowed(vec!["MIT".into()]));
        assert_eq!(judge(&policy, "MIT/Apache-2.0"), Judgement::Allowed(vec!["MIT".into()]));
        assert_eq!(judge(&policy, "MIT AND GPL-3.0-only"), Judgement::NotAllowed);
        assert_eq!(judge(&policy, "GPL-3.0-only"), Judgement::NotAllowed);
        assert_eq!(judge(&policy, "my own terms"), Judgement::Unreadable);
        assert_eq!(judge(&policy, "LicenseRef-Own"), Judgement::NotAllowed);
    }

    #[test]
    fn a_package_without_a_licence_is_a_breach() {
        let package = package("a", "null", "null");
        let (name, version) = ("a".to_string(), "1.0.0".to_string());
        assert_eq!(check_licences(&policy(&[]), &[&package]), [LicenceBreach::NoLicence { name, version }]);
    }

    #[test]
    fn a_package_from_a_repository_is_a_breach() {
        let package = package("a", "\"MIT\"", "\"git+https://example.org/a.git#0123\"");
        assert!(matches!(
            check_licences(&policy(&["MIT"]), &[&package]).as_slice(),
            [LicenceBreach::Origin { .. }]
        ));
    }

    #[test]
    fn a_banned_package_is_a_breach() {
        let policy = SupplyPolicy { banned: ["a".to_string()].into(), ..policy(&["MIT"]) };
        let package = package("a", "\"MIT\"", "null");
        assert!(matches!(check_licences(&policy, &[&package]).as_slice(), [LicenceBreach::Banned { .. }]));
    }

    #[test]
    fn an_allowed_licence_that_nothing_needs_is_a_breach() {
        let package = package("a", "\"MIT\"", "null");
        assert_eq!(
            check_licences(&policy(&["MIT", "ISC"]), &[&package]),
            [LicenceBreach::Unused { licence: "ISC".into() }],
        );
    }
}
