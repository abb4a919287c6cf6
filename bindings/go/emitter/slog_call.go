package emitter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"strings"
)

// toolCall is what attributes say of a call so far.
type toolCall struct {
	event Event
	// Why a payload is no JSON.
	fault error
}

// take reads one attribute, whose groups are named by prefix. The values of attributes that are nobody's are not even looked at: to
// resolve one is to run the program's own code.
func (c *toolCall) take(prefix string, attr slog.Attr) {
	c.takeWithin(prefix, attr, deepestGroup)
}

func (c *toolCall) takeWithin(prefix string, attr slog.Attr, depth int) {
	key := prefix + attr.Key
	if depth == 0 || attr.Key != "" && !isGroup(key) && c.payload(key) == nil && c.text(key) == nil {
		return
	}
	value := attr.Value.Resolve()
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
		c.takeWithin(prefix, member, depth-1)
	}
}

// isGroup says whether a group may hold what belongs to a call.
func isGroup(key string) bool {
	switch strings.TrimPrefix(key, "tool.") {
	case "tool", "target", "agent", "issuer", "operator":
		return true
	}
	return false
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
	if value.Kind() != slog.KindAny {
		return value.String()
	}
	switch given := value.Any().(type) {
	case nil:
		return ""
	case error, fmt.Stringer, fmt.Formatter:
		return value.String()
	default:
		switch reflect.ValueOf(given).Kind() {
		case reflect.Map, reflect.Slice, reflect.Array, reflect.Struct, reflect.Pointer:
			// Package fmt follows a map that holds itself until the stack is full, which nothing survives.
			if text, err := asJSON(value); err == nil {
				return string(text)
			}
			return fmt.Sprintf("%T", given)
		}
		return value.String()
	}
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
	room := mostMembers
	if err := encoder.Encode(plainly(value, deepestValue, &room)); err != nil {
		return nil, err
	}
	if room < 0 {
		return nil, errTooMuch
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// plainly is a value as encoding/json takes it. A value that makes groups of itself for ever ends with the room or the depth, and the
// room is then less than nothing.
func plainly(value slog.Value, depth int, room *int) any {
	value = value.Resolve()
	if depth == 0 {
		*room = -1
	}
	if *room--; *room < 0 {
		return nil
	}
	if value.Kind() == slog.KindGroup {
		object := map[string]any{}
		for _, member := range value.Group() {
			if inner := member.Value.Resolve(); member.Key == "" && inner.Kind() == slog.KindGroup {
				if members, ok := plainly(inner, depth-1, room).(map[string]any); ok {
					maps.Copy(object, members)
				}
				continue
			}
			object[member.Key] = plainly(member.Value, depth-1, room)
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

// How deep groups are that hold what belongs to a call, with some that have no name.
const deepestGroup = 8

// Beyond these a payload of groups is no JSON.
const (
	deepestValue = 1000
	mostMembers  = 100_000
)

var errTooMuch = errors.New("its groups are too deep or too many")
