//! What was done, to what, and by which process.

use super::members::{DecodeError, Members, Part, put};
use crate::json::{Object, Value};

/// The action that a receipt records (specification §4.3).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Action {
    /// `act_<uuid>`.
    pub id: String,
    /// Action type, from the taxonomy or free.
    pub kind: String,
    /// Tool that acted.
    pub tool_name: Option<String>,
    /// `low`, `medium`, `high` or `critical`.
    pub risk_level: String,
    /// What was acted upon.
    pub target: Option<Target>,
    /// `sha256:<hex>` over the canonical parameters.
    pub parameters_hash: Option<String>,
    /// Disclosed parameters: a flat map (to 0.2.1) or an HPKE envelope.
    pub parameters_disclosure: Option<Value>,
    /// The emitting process, as the kernel attests it.
    pub peer_credential: Option<PeerCredential>,
    /// What the emitter lost.
    pub emitter_metadata: Option<EmitterMetadata>,
    /// When it was recorded, RFC 3339.
    pub timestamp: String,
    /// RFC 3161 token, base64 of DER.
    pub trusted_timestamp: Option<String>,
    /// Key that is the same over retries.
    pub idempotency_key: Option<String>,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Part for Action {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self {
            id: members.required("id")?,
            kind: members.required("type")?,
            tool_name: members.optional("tool_name")?,
            risk_level: members.required("risk_level")?,
            target: members.optional("target")?,
            parameters_hash: members.optional("parameters_hash")?,
            parameters_disclosure: members.optional("parameters_disclosure")?,
            peer_credential: members.optional("peer_credential")?,
            emitter_metadata: members.optional("emitter_metadata")?,
            timestamp: members.required("timestamp")?,
            trusted_timestamp: members.optional("trusted_timestamp")?,
            idempotency_key: members.optional("idempotency_key")?,
            extra: members.rest(),
        })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        object.insert("id", self.id);
        object.insert("type", self.kind);
        put(&mut object, "tool_name", self.tool_name);
        object.insert("risk_level", self.risk_level);
        put(&mut object, "target", self.target);
        put(&mut object, "parameters_hash", self.parameters_hash);
        put(&mut object, "parameters_disclosure", self.parameters_disclosure);
        put(&mut object, "peer_credential", self.peer_credential);
        put(&mut object, "emitter_metadata", self.emitter_metadata);
        object.insert("timestamp", self.timestamp);
        put(&mut object, "trusted_timestamp", self.trusted_timestamp);
        put(&mut object, "idempotency_key", self.idempotency_key);
        object
    }
}

/// What an action acted upon.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Target {
    /// System, such as `filesystem`. Required only of actions of type `unknown`; empty where it is absent.
    pub system: String,
    /// Resource within it, such as a path.
    pub resource: Option<String>,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Part for Target {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self {
            system: members.optional("system")?.unwrap_or_default(),
            resource: members.optional("resource")?,
            extra: members.rest(),
        })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        object.insert("system", self.system);
        put(&mut object, "resource", self.resource);
        object
    }
}

/// The process at the other end of the socket, as the kernel attested it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PeerCredential {
    /// `linux` or `darwin`.
    pub platform: String,
    /// Process id.
    pub pid: u64,
    /// User id.
    pub uid: Option<u64>,
    /// Group id.
    pub gid: Option<u64>,
    /// Executable, where the system tells.
    pub exe_path: Option<String>,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Part for PeerCredential {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self {
            platform: members.required("platform")?,
            pid: members.required("pid")?,
            uid: members.optional("uid")?,
            gid: members.optional("gid")?,
            exe_path: members.optional("exe_path")?,
            extra: members.rest(),
        })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        object.insert("platform", self.platform);
        object.insert("pid", self.pid);
        put(&mut object, "uid", self.uid);
        put(&mut object, "gid", self.gid);
        put(&mut object, "exe_path", self.exe_path);
        object
    }
}

/// What the daemon knows of an emitter beside its event.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EmitterMetadata {
    /// Events lost before this one.
    pub drop_count: Option<u64>,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Part for EmitterMetadata {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self { drop_count: members.optional("drop_count")?, extra: members.rest() })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        put(&mut object, "drop_count", self.drop_count);
        object
    }
}
