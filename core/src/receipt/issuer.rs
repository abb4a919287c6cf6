//! Who issued the receipt, and for whom it ran.

use super::members::{DecodeError, Members, Part, put};
use crate::json::{Object, Value};

/// The issuer of a receipt (specification §4.2).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Issuer {
    /// Identifier of the issuer, a DID.
    pub id: String,
    /// Kind of issuer, such as `AgentReceiptsDaemon`.
    pub kind: Option<String>,
    /// Name for people.
    pub name: Option<String>,
    /// The organisation or person that runs the issuer.
    pub operator: Option<Operator>,
    /// Model behind the issuer.
    pub model: Option<String>,
    /// Session in which the action happened; chosen by the emitter.
    pub session_id: Option<String>,
    /// What the agent runtime says of itself (0.5.0 and later).
    pub runtime: Option<Runtime>,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Part for Issuer {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self {
            id: members.required("id")?,
            kind: members.optional("type")?,
            name: members.optional("name")?,
            operator: members.optional("operator")?,
            model: members.optional("model")?,
            session_id: members.optional("session_id")?,
            runtime: members.optional("runtime")?,
            extra: members.rest(),
        })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        object.insert("id", self.id);
        put(&mut object, "type", self.kind);
        put(&mut object, "name", self.name);
        put(&mut object, "operator", self.operator);
        put(&mut object, "model", self.model);
        put(&mut object, "session_id", self.session_id);
        put(&mut object, "runtime", self.runtime);
        object
    }
}

/// Whoever runs an issuer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Operator {
    /// Identifier, a DID.
    pub id: String,
    /// Name for people; may be empty.
    pub name: String,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Part for Operator {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self { id: members.required("id")?, name: members.required("name")?, extra: members.rest() })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        object.insert("id", self.id);
        object.insert("name", self.name);
        object
    }
}

/// The open container of runtime facts; members that this version does not know are kept and hashed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Runtime {
    /// Sub-agent that acted.
    pub agent_id: Option<String>,
    /// Kind of sub-agent.
    pub agent_type: Option<String>,
    /// Model that acted.
    pub model: Option<String>,
    /// Resource use as the runtime reports it.
    pub usage: Option<Value>,
    /// How the facts were obtained.
    pub capture_method: Option<String>,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Part for Runtime {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self {
            agent_id: members.optional("agent_id")?,
            agent_type: members.optional("agent_type")?,
            model: members.optional("model")?,
            usage: members.optional("usage")?,
            capture_method: members.optional("capture_method")?,
            extra: members.rest(),
        })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        put(&mut object, "agent_id", self.agent_id);
        put(&mut object, "agent_type", self.agent_type);
        put(&mut object, "model", self.model);
        put(&mut object, "usage", self.usage);
        put(&mut object, "capture_method", self.capture_method);
        object
    }
}
