//! The taxonomy of action types and their risk (specification, appendix A).

use crate::words::RiskLevel::{self, Critical, High, Low, Medium};

/// An action type that the specification names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionType {
    /// Its name, such as `system.command.execute`.
    pub name: &'static str,
    /// How much harm it can do.
    pub risk: RiskLevel,
}

/// Every action type of the specification, grouped by domain.
pub fn all() -> &'static [ActionType] {
    &TYPES
}

/// The action type of this exact name.
pub fn find(name: &str) -> Option<&'static ActionType> {
    TYPES.iter().find(|action| action.name == name)
}

/// The risk of an action type; medium where the specification does not know it.
pub fn risk_of(name: &str) -> RiskLevel {
    find(name).map_or(Medium, |action| action.risk)
}

const fn action(name: &'static str, risk: RiskLevel) -> ActionType {
    ActionType { name, risk }
}

static TYPES: [ActionType; 46] = [
    action("filesystem.file.create", Low),
    action("filesystem.file.read", Low),
    action("filesystem.file.modify", Medium),
    action("filesystem.file.delete", High),
    action("filesystem.file.move", Medium),
    action("filesystem.directory.create", Low),
    action("filesystem.directory.delete", High),
    action("filesystem.directory.list", Low),
    action("system.application.launch", Low),
    action("system.application.control", Medium),
    action("system.settings.modify", High),
    action("system.command.execute", High),
    action("system.code.execute", High),
    action("system.pty.open", Critical),
    action("system.pty.close", High),
    action("system.browser.navigate", Low),
    action("system.browser.form_submit", Medium),
    action("system.browser.authenticate", High),
    action("network.egress.observed", Medium),
    action("communication.email.send", High),
    action("communication.email.draft", Medium),
    action("communication.email.read", Low),
    action("communication.email.delete", High),
    action("communication.message.send", High),
    action("communication.calendar.create", Medium),
    action("communication.calendar.modify", Medium),
    action("communication.calendar.delete", High),
    action("document.file.create", Low),
    action("document.file.modify", Medium),
    action("document.file.delete", High),
    action("document.file.share", High),
    action("document.spreadsheet.modify_cell", Medium),
    action("document.spreadsheet.modify_formula", High),
    action("document.spreadsheet.modify_structure", Medium),
    action("document.presentation.modify_slide", Medium),
    action("financial.payment.initiate", Critical),
    action("financial.payment.authorize", Critical),
    action("financial.subscription.create", Critical),
    action("financial.subscription.cancel", High),
    action("financial.booking.create", High),
    action("financial.booking.cancel", High),
    action("data.api.read", Low),
    action("data.api.write", Medium),
    action("data.api.delete", High),
    action("data.database.query", Low),
    action("data.database.modify", High),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_name_stands_once_and_is_found() {
        let names: HashSet<_> = all().iter().map(|action| action.name).collect();
        assert_eq!((names.len(), all().len()), (46, 46));
        for action in all() {
            assert_eq!(find(action.name), Some(action));
            assert_eq!(risk_of(action.name), action.risk);
        }
    }

    /// A risk looked up loosely would be a risk that an emitter can choose.
    #[test]
    fn names_are_exact_and_unknown_ones_are_medium() {
        assert_eq!(risk_of("financial.payment.initiate"), Critical);
        for name in
            ["", "financial.payment", "financial.payment.initiate ", "Financial.Payment.Initiate", "unknown"]
        {
            assert_eq!((find(name), risk_of(name)), (None, Medium), "{name}");
        }
    }
}
