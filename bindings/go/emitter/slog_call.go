package emitter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
)

// toolCall is what attributes say of a call so far.
type toolCall struct {
	event Event
	// Why a payload is no JSON.
	fault error
}

// take reads one attribute, whose groups are named by prefix.
func (c *toolCall) take(prefix string, attr slog.Attr) {
	key, value := prefix+attr.Key, attr.Value.Resolve()
	if place := c.payload(key); place != nil {
		if text, err := asJSON(value); err != nil {
			c.fault = callerError(CodePayload, fmt.Sprintf("the attribute `%s` is no JSON: %v", key, err))
		} else {
			*place = text
		}
		return
	}
	if value.Kind() != slog.KindGroup {
		if place := c.text(key); place != nil {
			*place = asText(value)
		}
		return
	}
	if attr.Key != "" {
		prefix = key + "."
	}
	for _, member := range value.Group() {
		c.take(prefix, member)
	}
}

// payload is where a payload goes, or nil for attributes that are none.
func (c *toolCall) payload(key string) *json.RawMessage {
	switch strings.TrimPrefix(key, "tool.") {
	case "input":
		return &c.event.Input
	case "output":
		return &c.event.Output
	case "usage":
		return &c.event.Usage
	}
	return nil
}

// text is where a text goes, or nil for attributes that are not recorded.
func (c *toolCall) text(key string) *string {
	e := &c.event
	switch key {
	case "tool", "tool.name":
		return &e.Tool.Name
	case "tool.server":
		return &e.Tool.Server
	}
	switch strings.TrimPrefix(key, "tool.") {
	case "channel":
		return &e.Channel
	case "action_type":
		return &e.ActionType
	case "error":
		return &e.Error
	case "decision":
		return &e.Decision
	case "issuer_name", "issuer.name":
		return &e.IssuerName
	case "issuer_model", "issuer.model":
		return &e.IssuerModel
	case "operator_id", "operator.id":
		return &e.OperatorID
	case "operator_name", "operator.name":
		return &e.OperatorName
	case "idempotency_key":
		return &e.IdempotencyKey
	case "correlation_id":
		return &e.CorrelationID
	case "agent_id", "agent.id":
		return &e.AgentID
	case "agent_type", "agent.type":
		return &e.AgentType
	case "model":
		return &e.Model
	case "capture_method":
		return &e.CaptureMethod
	case "target_system", "target.system":
		return &e.Target.System
	case "target_resource", "target.resource":
		return &e.Target.Resource
	}
	return nil
}

// asText is a value as a text. No error is the absence of one.
func asText(value slog.Value) string {
	if value.Kind() == slog.KindAny && value.Any() == nil {
		return ""
	}
	return value.String()
}

// asJSON is a value as JSON. Marshallers are the program's own: one that panics costs the event, and nothing else.
func asJSON(value slog.Value) (text json.RawMessage, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("its marshaller panicked: %v", panicked)
		}
	}()
	if raw, ok := value.Any().(json.RawMessage); ok {
		return raw, nil
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(plainly(value)); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// plainly is a value as encoding/json takes it.
func plainly(value slog.Value) any {
	value = value.Resolve()
	if value.Kind() == slog.KindGroup {
		object := map[string]any{}
		for _, member := range value.Group() {
			if inner := member.Value.Resolve(); member.Key == "" && inner.Kind() == slog.KindGroup {
				for name, each := range plainly(inner).(map[string]any) {
					object[name] = each
				}
				continue
			}
			object[member.Key] = plainly(member.Value)
		}
		return object
	}
	switch given := value.Any().(type) {
	case json.Marshaler:
		return given
	case error:
		return given.Error()
	default:
		return given
	}
}
