package emitter

import "encoding/json"

// What an emitter and the daemon have agreed upon.
const (
	// MaxFrameSize is the most bytes that one event may take on the wire.
	MaxFrameSize = 1 << 20
	// SupportedFrameVersion is the version of the frames that are sent.
	SupportedFrameVersion = "1"
	// DaemonProtocolMin is the oldest version of frames that is spoken.
	DaemonProtocolMin = 1
	// DaemonProtocolMax is the newest version of frames that is spoken.
	DaemonProtocolMax = 1
	// MaxIdentityFieldLen is the most bytes that each text of an identity may have.
	MaxIdentityFieldLen = 256
)

// Event is one call of a tool. Channel, Tool.Name and Decision are required; an empty text is an absent one.
type Event struct {
	// Channel is the kind of emitter, such as "sdk".
	Channel string
	// Tool is what was called.
	Tool Tool
	// ActionType is the action's type in the taxonomy, where it is better known than as "channel.server.tool".
	ActionType string
	// Input holds the parameters, JSON that goes out byte for byte; nil for none.
	Input json.RawMessage
	// Output holds the response, JSON that goes out byte for byte; nil for none.
	Output json.RawMessage
	// Error says what went wrong.
	Error string
	// Decision is "allowed", "denied" or "pending".
	Decision string

	// IssuerName says who acts, where it is not who the emitter's identity says. Each of these four replaces its own one there.
	IssuerName string
	// IssuerModel is the model behind the issuer.
	IssuerModel string
	// OperatorID names who operates it.
	OperatorID string
	// OperatorName is the operator's name; only with an OperatorID, here or in the emitter's identity.
	OperatorName string

	// IdempotencyKey is what repetitions of one operation share; at most 256 bytes, as the next five.
	IdempotencyKey string
	// CorrelationID ties this event to others of the same call.
	CorrelationID string
	// AgentID names the agent whose own chain the event belongs to; it holds neither slash nor NUL.
	AgentID string
	// AgentType is that agent's type.
	AgentType string
	// Model is the model that acted.
	Model string
	// Usage says what the model used up, JSON that goes out byte for byte; nil for nothing.
	Usage json.RawMessage
	// CaptureMethod says how the event was captured.
	CaptureMethod string
	// Target is what was acted upon.
	Target Target
}

// Tool names a tool.
type Tool struct {
	// Server is the server that owns the tool; may be empty.
	Server string
	// Name is the tool's name.
	Name string
}

// Target is what was acted upon; both or neither are set.
type Target struct {
	// System is the system, such as "filesystem"; at most 256 bytes.
	System string
	// Resource is the resource in it; at most 4,096 bytes.
	Resource string
}

// Identity says who acts, in all events that do not say otherwise. Each text has at most MaxIdentityFieldLen bytes.
type Identity struct {
	// IssuerName is the issuer's name.
	IssuerName string
	// IssuerModel is the issuer's model.
	IssuerModel string
	// OperatorID names the operator.
	OperatorID string
	// OperatorName is the operator's name; only with OperatorID.
	OperatorName string
}

// Ack is the daemon's word that a receipt is on disk.
type Ack struct {
	// ReceiptID is the receipt's id.
	ReceiptID string
	// ChainID is the chain that it stands in.
	ChainID string
	// Sequence is its place there, from 1.
	Sequence uint64
	// ReceiptHash is its hash, "sha256:" and 64 hex digits.
	ReceiptHash string
}
