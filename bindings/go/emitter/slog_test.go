package emitter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/slogtest"
	"time"
)

// recorded logs by a handler, and gives the events that came of it.
func recorded(t *testing.T, count int, log func(*slog.Logger), options ...SlogOption) []map[string]any {
	t.Helper()
	receiver := listen(t, nil)
	e := made(t, receiver.path, WithSessionID("s"))
	// The connection is paid for before: 25 milliseconds may be short on a loaded machine.
	sent(t, e, plain)
	fails := SlogErrors(func(err error) { t.Error(err) })
	log(slog.New(NewSlogHandler(e, nil, append([]SlogOption{fails}, options...)...)))
	sent(t, e, plain)
	events := receiver.events(count + 2)
	for _, event := range events {
		for _, member := range []string{"v", "ts_emit", "session_id", "drop_count"} {
			delete(event, member)
		}
	}
	return events[1 : len(events)-1]
}

func TestARecordWithAToolIsAnEvent(t *testing.T) {
	events := recorded(t, 2, func(log *slog.Logger) {
		log.Info("nothing", "name", "read_file", "input", 1)
		log.Info("read", "tool", "read_file", "other", "passed over", "input", map[string]any{"a<": 1.5})
		log.Debug("not at this level", "tool", "read_file")
		log.With("correlation_id", "c").Warn("wrote", slog.Group("tool", "name", "write", "server", "files", "decision", "denied"),
			slog.Group("target", "system", "filesystem", "resource", "/srv"), "channel", "mcp", "error", errors.New("no"),
			"output", slog.GroupValue(slog.Int("n", 1), slog.Group("", slog.Bool("b", true))), "usage", json.RawMessage("[1.50]"))
	})
	want := []map[string]any{
		{"channel": "slog", "tool": map[string]any{"name": "read_file"}, "decision": "allowed", "input": map[string]any{"a<": 1.5}},
		{
			"channel": "mcp", "tool": map[string]any{"name": "write", "server": "files"}, "decision": "denied", "error": "no",
			"correlation_id": "c", "target_system": "filesystem", "target_resource": "/srv",
			"output": map[string]any{"n": 1.0, "b": true}, "usage": []any{1.5},
		},
	}
	if !reflect.DeepEqual(events, want) {
		t.Errorf("%v\nwant %v", events, want)
	}
}

func TestEveryFieldHasAnAttribute(t *testing.T) {
	names := []string{
		"channel", "action_type", "error", "issuer_name", "issuer_model", "operator_id", "operator_name",
		"idempotency_key", "correlation_id", "agent_id", "agent_type", "model", "capture_method", "target_system", "target_resource",
		"input", "output", "usage",
	}
	events := recorded(t, 3, func(log *slog.Logger) {
		var attrs []any
		for _, name := range names {
			attrs = append(attrs, name, "the "+name)
		}
		log.Info("", append(attrs, "tool", "t")...)
		log.WithGroup("tool").Info("", append(attrs, "name", "t")...)
		for _, name := range []string{"issuer", "operator", "agent", "target"} {
			log = log.With(slog.Group(name, "name", "the "+name+"_name", "model", "the "+name+"_model", "id", "the "+name+"_id",
				"type", "the "+name+"_type", "system", "the "+name+"_system", "resource", "the "+name+"_resource"))
		}
		log.Info("", append(slices.DeleteFunc(attrs, grouped), "tool", "t")...)
	})
	for _, event := range events {
		for _, name := range names {
			if event[name] != "the "+name {
				t.Errorf("%s is %v", name, event[name])
			}
		}
		if event["tool"].(map[string]any)["name"] != "t" {
			t.Errorf("%v", event)
		}
	}
}

// grouped says whether an attribute, or its value, is one that may be in a group.
func grouped(attr any) bool {
	name := strings.TrimPrefix(attr.(string), "the ")
	return slices.ContainsFunc([]string{"issuer_", "operator_", "agent_", "target_"}, func(group string) bool {
		return strings.HasPrefix(name, group)
	})
}

func TestAttributesInOtherGroupsAreNotTheTools(t *testing.T) {
	events := recorded(t, 1, func(log *slog.Logger) {
		log.WithGroup("app").Info("", "tool", "read_file")
		log.Info("", slog.Group("app", "tool", "read_file"))
		log.Info("", "tool", "", "input", 1)
		log.With("tool", "t").WithGroup("app").Info("", "input", 1)
	})
	if len(events) != 1 || events[0]["input"] != nil {
		t.Errorf("%v", events)
	}
}

func TestAnErrorRecordIsAFailureAndACancelledContextIsNot(t *testing.T) {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	var none error
	events := recorded(t, 4, func(log *slog.Logger) {
		log.ErrorContext(cancelled, "it broke", "tool", "t")
		log.Error("it broke", "tool", "t", "error", "because")
		log.Info("fine", "tool", "t", "error", none, "input", errors.New("as text"))
		log.Debug("wanted", "tool", "t")
	}, SlogLevel(slog.LevelDebug), SlogChannel("app"))
	for i, want := range []any{"it broke", "because", nil, nil} {
		if events[i]["error"] != want || events[i]["channel"] != "app" {
			t.Errorf("%v, want %v", events[i], want)
		}
	}
	if events[2]["input"] != "as text" {
		t.Errorf("%v", events[2])
	}
}

type panics struct{}

func (panics) MarshalJSON() ([]byte, error) { panic("on purpose") }

type circle struct{ Next *circle }

func TestWhatIsNoJSONCostsTheEventAndIsTold(t *testing.T) {
	e := made(t, listen(t, nil).path)
	round := &circle{}
	round.Next = round
	for _, value := range []any{
		math.NaN(), math.Inf(1), panics{}, func() {}, make(chan int), round, json.RawMessage("{"), json.RawMessage(""),
		slog.GroupValue(slog.Any("a", math.NaN())), strings.Repeat("x", MaxFrameSize),
	} {
		var told []error
		handler := NewSlogHandler(e, nil, SlogErrors(func(err error) { told = append(told, err) }))
		slog.New(handler).Info("", "tool", "t", "input", value)
		if len(told) != 1 || !errors.Is(told[0], ErrCaller) {
			t.Errorf("%T: %v", value, told)
		}
	}
	if e.Dropped() != 0 {
		t.Errorf("%d drops", e.Dropped())
	}
	told := 0
	var nobody *DaemonEmitter
	slog.New(NewSlogHandler(nobody, nil, nil, SlogLevel(nil), SlogErrors(func(error) { told++ }))).Info("", "tool", "t")
	if told != 1 {
		t.Error("an emitter that is nil is not told of")
	}
}

// endless makes groups of itself for ever.
type endless struct{ key string }

func (e endless) LogValue() slog.Value {
	return slog.GroupValue(slog.Any(e.key, e), slog.Any(e.key, e))
}

// looked counts how often it is asked for its value.
type looked struct{ times *int }

func (l looked) LogValue() slog.Value {
	*l.times++
	return slog.StringValue("secret")
}

func TestAValueThatHoldsItselfEndsNoProgram(t *testing.T) {
	round := map[string]any{"a": 1}
	round["self"] = round
	list := []any{nil}
	list[0] = list
	events := recorded(t, 3, func(log *slog.Logger) {
		log.Info("", "tool", "t", "error", round, "model", list)
		log.Info("", "tool", "t", "other", endless{"x"}, "", endless{""}, "agent", endless{""}, "target", endless{"target"})
		log.Info("", "tool", "t", "error", []string{"a", "b"}, "decision", word("denied"))
	})
	if events[0]["error"] != "map[string]interface {}" || events[0]["model"] != "[]interface {}" {
		t.Errorf("%v", events[0])
	}
	if events[2]["error"] != `["a","b"]` || events[2]["decision"] != "denied" {
		t.Errorf("%v", events[2])
	}
	e := made(t, listen(t, nil).path)
	for _, key := range []string{"x", ""} {
		var told []error
		handler := NewSlogHandler(e, nil, SlogErrors(func(err error) { told = append(told, err) }))
		slog.New(handler).Info("", "tool", "t", "input", endless{key})
		if len(told) != 1 || !errors.Is(told[0], ErrCaller) {
			t.Errorf("%q: %v", key, told)
		}
	}
}

// word is a text with a type of its own.
type word string

func TestAttributesThatAreNotTheToolsAreNotEvenLookedAt(t *testing.T) {
	times := 0
	events := recorded(t, 1, func(log *slog.Logger) {
		log.Info("nothing", "token", looked{&times}, slog.Group("request", "header", looked{&times}))
		log.Info("", "tool", "t", "token", looked{&times})
	})
	if times != 0 || len(events) != 1 {
		t.Errorf("%d times, %v", times, events)
	}
}

// A logger with a tool of its own that is told of lost events would lose events for ever.
func TestAnEmitterThatLogsByItselfEndsThere(t *testing.T) {
	socket := filepath.Join(private(t), "s")
	var out bytes.Buffer
	logger := &lateLogger{}
	e := made(t, socket, WithLogger(slog.New(logger)))
	next := slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})
	logger.Handler = NewSlogHandler(e, next, SlogLevel(slog.LevelDebug)).WithAttrs([]slog.Attr{slog.String("tool", "t")})
	slog.New(logger).Info("once")
	if e.Dropped() != 1 || strings.Count(out.String(), "dropped event") != 1 || strings.Count(out.String(), "once") != 1 {
		t.Errorf("%d drops, %s", e.Dropped(), out.String())
	}
}

// lateLogger is a handler that is known only when the emitter exists.
type lateLogger struct{ slog.Handler }

func TestEveryRecordIsPassedOnAsItIs(t *testing.T) {
	e := made(t, listen(t, nil).path)
	var out bytes.Buffer
	handler := NewSlogHandler(e, slog.NewJSONHandler(&out, nil))
	err := slogtest.TestHandler(handler, func() []map[string]any {
		var results []map[string]any
		for line := range bytes.Lines(out.Bytes()) {
			var result map[string]any
			if err := json.Unmarshal(line, &result); err != nil {
				t.Fatal(err)
			}
			results = append(results, result)
		}
		return results
	})
	if err != nil {
		t.Error(err)
	}
	if handler.WithGroup("") != slog.Handler(handler) {
		t.Error("a group without a name is one")
	}
}

func TestTheNextHandlersLevelIsItsOwn(t *testing.T) {
	receiver := listen(t, nil)
	e := made(t, receiver.path)
	sent(t, e, plain)
	var out bytes.Buffer
	handler := NewSlogHandler(e, slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn}))
	slog.New(handler).Info("recorded, not logged", "tool", "t")
	slog.New(handler).Warn("logged", "tool", "t")
	receiver.raw(3)
	if strings.Contains(out.String(), "recorded") || !strings.Contains(out.String(), "logged") {
		t.Error(out.String())
	}
	ctx := context.Background()
	if handler.Enabled(ctx, slog.LevelDebug) || !handler.Enabled(ctx, slog.LevelInfo) {
		t.Error("levels")
	}
	// A logger sets no context but the background; a caller of a handler may.
	if err := handler.Handle(nil, slog.NewRecord(time.Now(), slog.LevelInfo, "", 0)); err != nil { //nolint:staticcheck
		t.Error(err)
	}
}
