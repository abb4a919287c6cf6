//! The whole policy, from YAML to judgement.

mod active;
mod documented;
mod hostile;
mod judging;
mod limits;
mod reading;

use agent_receipts_core::json::{Rules, Value, parse};

use super::{Call, Judgement, Policy};

fn policy(text: &str) -> Policy {
    Policy::read(text.as_bytes()).unwrap()
}

fn json(text: &str) -> Value {
    parse(text.as_bytes(), Rules::Receipt).unwrap()
}

fn judged(policy: &Policy, server: &str, tool: &str, arguments: &str) -> Judgement {
    policy.judge(&Call { server, tool, arguments: Some(&json(arguments)) })
}
