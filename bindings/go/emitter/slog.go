package emitter

import (
	"context"
	"errors"
	"log/slog"
)

// SlogHandler passes every record on, and makes receipts of those that are about a tool: see [NewSlogHandler].
type SlogHandler struct {
	emitter *DaemonEmitter
	next    slog.Handler
	level   slog.Leveler
	onError func(error)
	// What WithAttrs and WithGroup have set.
	known  toolCall
	prefix string
}

// SlogOption sets something about a handler; nothing must be set.
type SlogOption func(*SlogHandler)

// SlogChannel names the channel of events whose record does not; "slog" otherwise.
func SlogChannel(channel string) SlogOption {
	return func(h *SlogHandler) { h.known.event.Channel = channel }
}

// SlogLevel sets the level below which no record becomes an event; [slog.LevelInfo] otherwise, and if nil. The next handler's level
// has no part in it: what is recorded shall not hang on how much is logged.
func SlogLevel(level slog.Leveler) SlogOption {
	return func(h *SlogHandler) {
		if level != nil {
			h.level = level
		}
	}
}

// SlogErrors is told why a record became no event. A [slog.Logger] throws the errors of its handler away.
func SlogErrors(tell func(error)) SlogOption {
	return func(h *SlogHandler) { h.onError = tell }
}

// NewSlogHandler makes a handler that emits an event for each record with a tool, and passes all records on to next, which may be nil.
//
//	log := slog.New(emitter.NewSlogHandler(e, slog.NewTextHandler(os.Stderr, nil)))
//	log.Info("read", "tool", "read_file", "input", map[string]any{"path": path}, "output", result)
//
// A record is about a tool if it has an attribute "tool", which is the tool's name, or a group "tool" with a "name" and perhaps a
// "server". These attributes then make the event, beside the group "tool" or in it: channel, action_type, input, output, error,
// decision ("allowed" otherwise), issuer_name, issuer_model, operator_id, operator_name, idempotency_key, correlation_id, agent_id,
// agent_type, model, usage, capture_method, target_system and target_resource. Names of two parts may be groups as well: "target"
// with a "system" and a "resource", and likewise "agent", "issuer" and "operator". The record's other attributes, its time and its message are not recorded; but the message of a record at
// [slog.LevelError] or above is its error where it has none.
//
// The values of input, output and usage become JSON: a [json.RawMessage] as it is, a group an object, an error its text, and others
// what encoding/json makes of them.
//
// A context that was cancelled cancels no event: what was done was done.
//
// A logger that becomes the default one ([slog.SetDefault]) must not pass on to the handler that was the default at the program's
// start: that one writes through package log, which then writes to the default logger, and log/slog waits for itself for ever.
func NewSlogHandler(emitter *DaemonEmitter, next slog.Handler, options ...SlogOption) *SlogHandler {
	h := &SlogHandler{emitter: emitter, next: next, level: slog.LevelInfo}
	h.known.event = Event{Channel: "slog", Decision: "allowed"}
	for _, option := range options {
		if option != nil {
			option(h)
		}
	}
	return h
}

// Enabled holds from the level on at which records become events, and where the next handler wants them.
func (h *SlogHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.level.Level() || h.next != nil && h.next.Enabled(ctx, level)
}

// Handle emits an event if the record is about a tool, and passes the record on. Its error is that of both.
func (h *SlogHandler) Handle(ctx context.Context, record slog.Record) error {
	if ctx == nil {
		ctx = context.Background()
	}
	var emitted error
	// What an emitter says of a lost event must not make it lose another one.
	if record.Level >= h.level.Level() && ctx.Value(telling{}) == nil {
		emitted = h.emit(ctx, record)
		if emitted != nil && h.onError != nil {
			h.onError(emitted)
		}
	}
	if h.next == nil || !h.next.Enabled(ctx, record.Level) {
		return emitted
	}
	return errors.Join(emitted, h.next.Handle(ctx, record))
}

// WithAttrs is a handler with more attributes.
func (h *SlogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	for _, attr := range attrs {
		with.known.take(h.prefix, attr)
	}
	if h.next != nil {
		with.next = h.next.WithAttrs(attrs)
	}
	return &with
}

// WithGroup is a handler whose further attributes are in a group.
func (h *SlogHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	with := *h
	with.prefix += name + "."
	if h.next != nil {
		with.next = h.next.WithGroup(name)
	}
	return &with
}

func (h *SlogHandler) emit(ctx context.Context, record slog.Record) error {
	call := h.known
	record.Attrs(func(attr slog.Attr) bool {
		call.take(h.prefix, attr)
		return true
	})
	if call.event.Tool.Name == "" {
		return nil
	}
	if call.fault != nil {
		return call.fault
	}
	if call.event.Error == "" && record.Level >= slog.LevelError {
		call.event.Error = record.Message
	}
	return h.emitter.Emit(context.WithoutCancel(ctx), call.event)
}
