package emitter

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

// refused emits what can never be sent, in both ways.
func refused(t *testing.T, e *DaemonEmitter, event Event, code Code) {
	t.Helper()
	_, acknowledged := e.EmitAcknowledged(context.Background(), event)
	for _, err := range []error{e.Emit(context.Background(), event), acknowledged} {
		var fault *Error
		if !errors.As(err, &fault) || fault.Code != code || !errors.Is(err, ErrCaller) || errors.Is(err, ErrTransport) {
			t.Errorf("%v, want %v", err, code)
		}
	}
}

func TestWhatCannotBeSentIsTheCallersErrorAndNoDrop(t *testing.T) {
	receiver := listen(t, nil)
	e := made(t, receiver.path)
	changed := func(change func(*Event)) Event {
		event := plain
		change(&event)
		return event
	}
	refused(t, e, Event{}, CodeUnknownDecision)
	refused(t, e, changed(func(e *Event) { e.Channel = "" }), CodeMissingField)
	refused(t, e, changed(func(e *Event) { e.Tool = Tool{} }), CodeMissingField)
	for _, word := range []string{"", "Allowed", "allowed ", "größe"} {
		refused(t, e, changed(func(e *Event) { e.Decision = word }), CodeUnknownDecision)
	}
	refused(t, e, changed(func(e *Event) { e.Target.System = "x" }), CodeHalfTarget)
	refused(t, e, changed(func(e *Event) { e.OperatorName = "x" }), CodeOperatorNameAlone)
	refused(t, e, changed(func(e *Event) { e.IssuerName = strings.Repeat("x", MaxIdentityFieldLen+1) }), CodeFieldTooLong)
	refused(t, e, changed(func(e *Event) { e.AgentID = "a/b" }), CodeAgentID)
	nested := strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001)
	for _, text := range []string{"", " ", "{", "{}{}", "NaN", "-Infinity", `{"a":1e400}`, "\xff", "\"\xff\"", nested} {
		code := CodePayload
		if strings.Contains(text, "\xff") {
			code = CodeUTF8
		}
		refused(t, e, changed(func(e *Event) { e.Input = json.RawMessage(text) }), code)
		refused(t, e, changed(func(e *Event) { e.Output = json.RawMessage(text) }), code)
		refused(t, e, changed(func(e *Event) { e.Usage = json.RawMessage(text) }), code)
	}
	for _, length := range []int{MaxFrameSize - 4, MaxFrameSize, 64 << 20} {
		huge := json.RawMessage(`"` + strings.Repeat("x", length) + `"`)
		refused(t, e, changed(func(e *Event) { e.Input = huge }), CodeTooLarge)
		refused(t, e, changed(func(e *Event) { e.Error = strings.Repeat("x", length) }), CodeTooLarge)
	}
	if e.Dropped() != 0 {
		t.Errorf("%d drops were counted", e.Dropped())
	}
	sent(t, e, changed(func(e *Event) { e.Tool.Name = "afterwards" }))
	if event := receiver.events(1)[0]; event["tool"].(map[string]any)["name"] != "afterwards" {
		t.Errorf("%v came", event)
	}
}

// Every text of an event is looked at: none is repaired, none is passed over.
func TestATextThatIsNotUTF8IsRefusedInEveryField(t *testing.T) {
	e := made(t, listen(t, nil).path)
	var visit func(event *Event, value reflect.Value) int
	visit = func(event *Event, value reflect.Value) (texts int) {
		for i := range value.NumField() {
			field := value.Field(i)
			switch field.Kind() {
			case reflect.Struct:
				texts += visit(event, field)
			case reflect.String:
				before := field.String()
				field.SetString("a\xc3(")
				refused(t, e, *event, CodeUTF8)
				field.SetString(before)
				texts++
			}
		}
		return texts
	}
	event := plain
	if texts := visit(&event, reflect.ValueOf(&event).Elem()); texts != fieldCount-3 {
		t.Errorf("%d texts were tried", texts)
	}
}

func TestWhatCannotBeMadeIsTheCallersError(t *testing.T) {
	private(t)
	long := strings.Repeat("x", MaxIdentityFieldLen+1)
	for _, option := range []Option{
		WithIdentity(Identity{IssuerName: long}),
		WithIdentity(Identity{OperatorName: "alone"}),
		WithIdentity(Identity{IssuerModel: "\xff"}),
		WithSessionID("\xff"),
		WithSocketPath("/nowhere/a\x00b"),
	} {
		e, err := NewDaemon(WithSocketPath("/nowhere/s"), option)
		if e != nil || !errors.Is(err, ErrCaller) {
			t.Errorf("%v, %v", e, err)
		}
	}
	if _, err := NewDaemon(nil, WithLogger(nil), WithSocketPath("/nowhere/s")); err != nil {
		t.Errorf("options that say nothing: %v", err)
	}
}

func TestNilAndZeroAreErrorsAndNeverPanics(t *testing.T) {
	for _, e := range []*DaemonEmitter{nil, {}} {
		refused(t, e, plain, CodeHandle)
		if e.Close() != nil || e.Close() != nil || e.Dropped() != 0 || e.SessionID() != "" || e.SocketPath() != "" {
			t.Error("it says something of itself")
		}
	}
	e := made(t, listen(t, nil).path)
	var none context.Context
	if err := e.Emit(none, plain); !errors.Is(err, ErrCaller) {
		t.Error(err)
	}
	if _, err := e.EmitAcknowledged(none, plain); !errors.Is(err, ErrCaller) {
		t.Error(err)
	}
}

// NaN has no JSON: encoding/json says so before we could; its text is refused like any other that is no JSON.
func TestNaNIsRefused(t *testing.T) {
	if _, err := json.Marshal(math.NaN()); err == nil {
		t.Error("encoding/json knows NaN now: the README says otherwise")
	}
	event := plain
	event.Input = json.RawMessage(`{"a": NaN}`)
	refused(t, made(t, listen(t, nil).path), event, CodePayload)
}

func TestAfterCloseNothingIsSent(t *testing.T) {
	receiver := listen(t, nil)
	for _, used := range []bool{false, true} {
		e := made(t, receiver.path)
		if used {
			sent(t, e, plain)
		}
		for range 2 {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}
		_, acknowledged := e.EmitAcknowledged(context.Background(), plain)
		for _, err := range []error{e.Emit(context.Background(), plain), acknowledged} {
			if !errors.Is(err, ErrClosed) || errors.Is(err, ErrCaller) || errors.Is(err, ErrTransport) {
				t.Error(err)
			}
		}
		if e.Dropped() != 0 {
			t.Errorf("%d drops", e.Dropped())
		}
	}
	receiver.until("the end of all connections", func() bool { return receiver.open == 0 })
	if frames := receiver.raw(1); len(frames) != 1 {
		t.Errorf("%d frames came", len(frames))
	}
}
