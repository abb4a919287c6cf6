package emitter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

var plain = Event{Channel: "sdk", Tool: Tool{Name: "read_file"}, Decision: "allowed"}

// made is an emitter to a socket, closed with the test.
func made(t *testing.T, socket string, options ...Option) *DaemonEmitter {
	t.Helper()
	e, err := NewDaemon(append([]Option{WithSocketPath(socket)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// sent emits what must get through: 25 milliseconds to dial may be short on a loaded machine.
func sent(t *testing.T, e *DaemonEmitter, event Event) {
	t.Helper()
	for range 100 {
		err := e.Emit(context.Background(), event)
		if err == nil {
			return
		}
		if !errors.Is(err, ErrTransport) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the event did not get through")
}

func TestAnEventHasTheRequiredMembersAndNoMore(t *testing.T) {
	receiver := listen(t, nil)
	e := made(t, receiver.path, WithSessionID("s"))
	sent(t, e, plain)
	event := receiver.events(1)[0]
	delete(event, "ts_emit")
	want := map[string]any{
		"v": "1", "session_id": "s", "channel": "sdk", "decision": "allowed", "tool": map[string]any{"name": "read_file"},
	}
	delete(event, "drop_count")
	if !reflect.DeepEqual(event, want) {
		t.Fatalf("%v, want %v", event, want)
	}
}

func TestEveryFieldArrivesUnderItsOwnName(t *testing.T) {
	receiver := listen(t, nil)
	event := Event{
		Channel: "c", Tool: Tool{Server: "ts", Name: "tn"}, ActionType: "at", Input: json.RawMessage(`{"i":1}`),
		Output: json.RawMessage(`"o"`), Error: "e", Decision: "denied",
		IssuerName: "in", IssuerModel: "im", OperatorID: "oi", OperatorName: "on",
		IdempotencyKey: "ik", CorrelationID: "ci", AgentID: "ai", AgentType: "aty", Model: "m", Usage: json.RawMessage(`[1]`),
		CaptureMethod: "cm", Target: Target{System: "tsy", Resource: "tr"},
	}
	sent(t, made(t, receiver.path, WithSessionID("s")), event)
	got := receiver.events(1)[0]
	delete(got, "ts_emit")
	delete(got, "drop_count")
	want := map[string]any{
		"v": "1", "session_id": "s", "channel": "c", "tool": map[string]any{"server": "ts", "name": "tn"}, "action_type": "at",
		"input": map[string]any{"i": 1.0}, "output": "o", "error": "e", "decision": "denied",
		"issuer_name": "in", "issuer_model": "im", "operator_id": "oi", "operator_name": "on",
		"idempotency_key": "ik", "correlation_id": "ci", "agent_id": "ai", "agent_type": "aty", "model": "m",
		"usage": []any{1.0}, "capture_method": "cm", "target_system": "tsy", "target_resource": "tr",
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
	if n := reflect.TypeFor[Event]().NumField(); n != 19 {
		t.Fatalf("an event has %d fields now: this test does not know them all", n)
	}
}

func TestPayloadsGoOutByteForByte(t *testing.T) {
	receiver := listen(t, nil)
	event := plain
	event.Input = json.RawMessage("{ \"b\" : 1.50,\n\"a\":\"\\ud800 <&> é\" }")
	event.Output = json.RawMessage("[1E2, -0.0 ]")
	event.Usage = json.RawMessage(`{"n":123456789012345678901234567890}`)
	sent(t, made(t, receiver.path), event)
	frame := receiver.raw(1)[0]
	for _, payload := range []json.RawMessage{event.Input, event.Output, event.Usage} {
		if !bytes.Contains(frame, payload) {
			t.Errorf("%s is not in %s", payload, frame)
		}
	}
}

func TestAnEventsIdentityWinsMemberByMember(t *testing.T) {
	receiver := listen(t, nil)
	identity := Identity{IssuerName: "name", IssuerModel: "model", OperatorID: "id", OperatorName: "operator"}
	e := made(t, receiver.path, WithIdentity(identity))
	event := plain
	event.IssuerModel = "other"
	sent(t, e, event)
	got := receiver.events(1)[0]
	for member, want := range map[string]string{
		"issuer_name": "name", "issuer_model": "other", "operator_id": "id", "operator_name": "operator",
	} {
		if got[member] != want {
			t.Errorf("%s is %v, want %s", member, got[member], want)
		}
	}
}

func TestASessionIsMadeOrGivenAndStays(t *testing.T) {
	private(t)
	one, two := made(t, "/nowhere/s"), made(t, "/nowhere/s", WithSessionID(""))
	if len(one.SessionID()) != 36 || one.SessionID() == two.SessionID() {
		t.Fatalf("%q and %q", one.SessionID(), two.SessionID())
	}
	long := strings.Repeat("é", 5000)
	given := made(t, "/nowhere/s", WithSessionID(long))
	given.Close()
	if given.SessionID() != long || given.SocketPath() != "/nowhere/s" {
		t.Fatalf("%.20q at %q", given.SessionID(), given.SocketPath())
	}
}

func TestTheDefaultSocketIsTheDaemons(t *testing.T) {
	folder := private(t)
	t.Setenv("AGENTRECEIPTS_SOCKET", folder+"/named")
	if path := DefaultSocketPath(); path != folder+"/named" {
		t.Fatal(path)
	}
	long := "/" + strings.Repeat("x", 600)
	t.Setenv("AGENTRECEIPTS_SOCKET", long)
	if e := made(t, ""); e.SocketPath() != long || DefaultSocketPath() != long {
		t.Fatal(e.SocketPath())
	}
}

func TestManyGoroutinesShareOneEmitter(t *testing.T) {
	receiver := listen(t, nil)
	e := made(t, receiver.path)
	sent(t, e, plain)
	const goroutines, each = 64, 10
	var wait sync.WaitGroup
	failed := make(chan error, goroutines*each)
	for g := range goroutines {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for i := range each {
				event := plain
				event.CorrelationID = fmt.Sprintf("%d-%d", g, i)
				event.Input = json.RawMessage(`"` + strings.Repeat("x", 50*g) + `"`)
				if err := e.Emit(context.Background(), event); err != nil {
					failed <- err
				}
			}
		}()
	}
	wait.Wait()
	close(failed)
	lost := 0
	for err := range failed {
		if !errors.Is(err, ErrTransport) {
			t.Error(err)
		}
		lost++
	}
	seen := map[string]int{}
	for _, event := range receiver.events(1 + goroutines*each - lost) {
		id, ok := event["correlation_id"].(string)
		if !ok {
			// The first one, of this goroutine; after a failure, connections come in any order.
			continue
		}
		seen[id]++
		var g int
		fmt.Sscanf(id, "%d-", &g)
		if len(event["input"].(string)) != 50*g || seen[id] > 1 {
			t.Errorf("%s came %d times", id, seen[id])
		}
	}
	if len(seen)+lost != goroutines*each {
		t.Errorf("%d came, %d were lost", len(seen), lost)
	}
}
