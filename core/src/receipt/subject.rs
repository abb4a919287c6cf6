//! The statement that a receipt makes.

use super::action::Action;
use super::members::{DecodeError, Member, Members, Part, put};
use super::outcome::{Authorization, Intent, Outcome};
use super::position::{ChainPosition, Delegation, KeyRotation};
use crate::json::Object;

/// What a receipt states (specification §4.3).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CredentialSubject {
    /// On whose behalf the action was taken.
    pub principal: Principal,
    /// What was done.
    pub action: Action,
    /// What was asked.
    pub intent: Option<Intent>,
    /// What came of it.
    pub outcome: Outcome,
    /// By what grant.
    pub authorization: Option<Authorization>,
    /// Where the receipt stands.
    pub chain: ChainPosition,
    /// A change of the signing key.
    pub key_rotation: Option<KeyRotation>,
    /// Identifier that ties receipts of one call together.
    pub correlation_id: Option<String>,
    /// Parent of the chain, on its first receipt.
    pub delegation: Option<Delegation>,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Part for CredentialSubject {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self {
            principal: members.required("principal")?,
            action: members.required("action")?,
            intent: members.optional("intent")?,
            outcome: members.required("outcome")?,
            authorization: members.optional("authorization")?,
            chain: members.required("chain")?,
            key_rotation: members.optional("keyRotation")?,
            correlation_id: members.optional("correlation_id")?,
            delegation: members.optional("delegation")?,
            extra: members.rest(),
        })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        object.insert("principal", Member::encode(self.principal));
        object.insert("action", Member::encode(self.action));
        put(&mut object, "intent", self.intent);
        object.insert("outcome", Member::encode(self.outcome));
        put(&mut object, "authorization", self.authorization);
        object.insert("chain", Member::encode(self.chain));
        put(&mut object, "keyRotation", self.key_rotation);
        put(&mut object, "correlation_id", self.correlation_id);
        put(&mut object, "delegation", self.delegation);
        object
    }
}

/// On whose behalf an action was taken.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Principal {
    /// Identifier, such as `did:user:alice`.
    pub id: String,
    /// `HumanPrincipal` or `OrganizationPrincipal`.
    pub kind: Option<String>,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Part for Principal {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self { id: members.required("id")?, kind: members.optional("type")?, extra: members.rest() })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        object.insert("id", self.id);
        put(&mut object, "type", self.kind);
        object
    }
}
