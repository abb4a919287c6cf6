//! What came of an action, and what stood behind it.

use super::members::{DecodeError, Member, Members, Part, put};
use crate::json::{Object, Value};

/// The outcome of an action (specification §4.3).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// `success`, `failure` or `pending`.
    pub status: String,
    /// Error text, redacted.
    pub error: Option<String>,
    /// Whether the action can be undone.
    pub reversible: Option<bool>,
    /// How to undo it.
    pub reversal_method: Option<String>,
    /// For how many seconds it can be undone.
    pub reversal_window_seconds: Option<u64>,
    /// Receipt that this action undoes.
    pub reversal_of: Option<String>,
    /// State before and after.
    pub state_change: Option<StateChange>,
    /// `sha256:<hex>` over the canonical response.
    pub response_hash: Option<String>,
    /// HPKE envelope over the response (0.6.0).
    pub response_disclosure: Option<Value>,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Part for Outcome {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self {
            status: members.required("status")?,
            error: members.optional("error")?,
            reversible: members.optional("reversible")?,
            reversal_method: members.optional("reversal_method")?,
            reversal_window_seconds: members.optional("reversal_window_seconds")?,
            reversal_of: members.optional("reversal_of")?,
            state_change: members.optional("state_change")?,
            response_hash: members.optional("response_hash")?,
            response_disclosure: members.optional("response_disclosure")?,
            extra: members.rest(),
        })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        object.insert("status", self.status);
        put(&mut object, "error", self.error);
        put(&mut object, "reversible", self.reversible);
        put(&mut object, "reversal_method", self.reversal_method);
        put(&mut object, "reversal_window_seconds", self.reversal_window_seconds);
        put(&mut object, "reversal_of", self.reversal_of);
        put(&mut object, "state_change", self.state_change);
        put(&mut object, "response_hash", self.response_hash);
        put(&mut object, "response_disclosure", self.response_disclosure);
        object
    }
}

/// Hashes of the state before and after an action.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StateChange {
    /// `sha256:<hex>` before.
    pub before_hash: String,
    /// `sha256:<hex>` after.
    pub after_hash: String,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Part for StateChange {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self {
            before_hash: members.required("before_hash")?,
            after_hash: members.required("after_hash")?,
            extra: members.rest(),
        })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        object.insert("before_hash", self.before_hash);
        object.insert("after_hash", self.after_hash);
        object
    }
}

/// What the agent was asked, as hashes and a preview.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Intent {
    /// `sha256:<hex>` of the conversation.
    pub conversation_hash: Option<String>,
    /// First words of the prompt.
    pub prompt_preview: Option<String>,
    /// Whether the preview is cut.
    pub prompt_preview_truncated: Option<bool>,
    /// `sha256:<hex>` of the reasoning.
    pub reasoning_hash: Option<String>,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Part for Intent {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self {
            conversation_hash: members.optional("conversation_hash")?,
            prompt_preview: members.optional("prompt_preview")?,
            prompt_preview_truncated: members.optional("prompt_preview_truncated")?,
            reasoning_hash: members.optional("reasoning_hash")?,
            extra: members.rest(),
        })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        put(&mut object, "conversation_hash", self.conversation_hash);
        put(&mut object, "prompt_preview", self.prompt_preview);
        put(&mut object, "prompt_preview_truncated", self.prompt_preview_truncated);
        put(&mut object, "reasoning_hash", self.reasoning_hash);
        object
    }
}

/// By what grant the action was allowed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Authorization {
    /// Scopes granted.
    pub scopes: Vec<String>,
    /// When, RFC 3339.
    pub granted_at: String,
    /// Until when, RFC 3339.
    pub expires_at: Option<String>,
    /// Where the grant is kept.
    pub grant_ref: Option<String>,
    /// Members that this version does not know.
    pub extra: Object,
}

impl Part for Authorization {
    fn from_members(mut members: Members) -> Result<Self, DecodeError> {
        Ok(Self {
            scopes: members.required("scopes")?,
            granted_at: members.required("granted_at")?,
            expires_at: members.optional("expires_at")?,
            grant_ref: members.optional("grant_ref")?,
            extra: members.rest(),
        })
    }

    fn into_object(self) -> Object {
        let mut object = self.extra;
        object.insert("scopes", Member::encode(self.scopes));
        object.insert("granted_at", self.granted_at);
        put(&mut object, "expires_at", self.expires_at);
        put(&mut object, "grant_ref", self.grant_ref);
        object
    }
}
