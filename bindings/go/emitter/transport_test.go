package emitter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestWithoutADaemonTheRoadIsToBlame(t *testing.T) {
	socket := filepath.Join(private(t), "s")
	e := made(t, socket)
	for n := range uint64(3) {
		err := e.Emit(context.Background(), plain)
		if !errors.Is(err, ErrTransport) || errors.Is(err, ErrCaller) || !strings.Contains(err.Error(), socket) {
			t.Error(err)
		}
		if e.Dropped() != n+1 {
			t.Errorf("%d drops", e.Dropped())
		}
	}
	receiver := listenAt(t, socket, nil)
	sent(t, e, plain)
	if told := receiver.events(1)[0]["drop_count"]; told == nil || told.(float64) < 3 {
		t.Errorf("%v drops were told", told)
	}
	if e.Dropped() != 0 {
		t.Errorf("%d drops", e.Dropped())
	}
}

func TestBestEffortHidesTheRoadAndNothingElse(t *testing.T) {
	e := made(t, filepath.Join(private(t), "s"), WithBestEffort())
	if err := e.Emit(context.Background(), plain); err != nil || e.Dropped() != 1 {
		t.Errorf("%v, %d drops", err, e.Dropped())
	}
	if _, err := e.EmitAcknowledged(context.Background(), plain); !errors.Is(err, ErrTransport) {
		t.Errorf("acknowledged: %v", err)
	}
	refused(t, e, Event{}, CodeUnknownDecision)
	e.Close()
	if err := e.Emit(context.Background(), plain); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestALostEventIsToldToTheLoggerAtDebugLevel(t *testing.T) {
	var told bytes.Buffer
	socket := filepath.Join(private(t), "s")
	loud := slog.New(slog.NewJSONHandler(&told, &slog.HandlerOptions{Level: slog.LevelDebug}))
	event := plain
	event.Input = json.RawMessage(`"a secret"`)
	made(t, socket, WithLogger(loud), WithBestEffort()).Emit(context.Background(), event)
	var record map[string]string
	if err := json.Unmarshal(told.Bytes(), &record); err != nil {
		t.Fatal(err)
	}
	if record["msg"] != "agent-receipts emitter dropped event" || record["level"] != "DEBUG" || record["stage"] != "dial" ||
		record["socket"] != socket || record["err"] == "" || strings.Contains(told.String(), "secret") {
		t.Errorf("%s", told.String())
	}
	told.Reset()
	quiet := slog.New(slog.NewJSONHandler(&told, nil))
	made(t, socket, WithLogger(quiet)).Emit(context.Background(), plain)
	if told.Len() > 0 {
		t.Errorf("%s", told.String())
	}
}

func TestAContextThatHasEndedSendsNothing(t *testing.T) {
	receiver := listen(t, nil)
	e := made(t, receiver.path)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	expired, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancel()
	for _, ctx := range []context.Context{cancelled, expired} {
		_, acknowledged := e.EmitAcknowledged(ctx, plain)
		for _, err := range []error{e.Emit(ctx, plain), acknowledged} {
			if !errors.Is(err, ctx.Err()) {
				t.Errorf("%v, want %v", err, ctx.Err())
			}
		}
	}
	if e.Dropped() != 0 {
		t.Errorf("%d drops", e.Dropped())
	}
	sent(t, e, plain)
	if frames := receiver.raw(1); len(frames) != 1 {
		t.Errorf("%d frames came", len(frames))
	}
}

// A daemon that never reads: the socket's buffer fills, and then the event is lost within the emitter's time.
func TestADaemonThatReadsNothingIsACountedDrop(t *testing.T) {
	e := made(t, deaf(t))
	event := plain
	event.Input = json.RawMessage(`"` + strings.Repeat("x", 900_000) + `"`)
	if err := e.Emit(context.Background(), event); !errors.Is(err, ErrTransport) || e.Dropped() != 1 {
		t.Errorf("%v, %d drops", err, e.Dropped())
	}
}

// A context that ends sooner than the emitter would: the event is lost by then, and the error says both.
func TestAContextsDeadlineCutsTheTimeShort(t *testing.T) {
	socket := deaf(t)
	// On its own it would wait for an hour.
	patient := made(t, socket, func(c *config) { c.writeTimeoutMs = 3_600_000 })
	event := plain
	event.Input = json.RawMessage(`"` + strings.Repeat("x", 900_000) + `"`)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	err := patient.Emit(ctx, event)
	if !errors.Is(err, ErrTransport) || !errors.Is(err, context.DeadlineExceeded) || patient.Dropped() != 1 {
		t.Errorf("%v, %d drops", err, patient.Dropped())
	}
	// One that is far away changes nothing.
	e := made(t, socket)
	ctx, cancel = context.WithTimeout(context.Background(), deadline)
	defer cancel()
	err = e.Emit(ctx, event)
	if !errors.Is(err, ErrTransport) || errors.Is(err, context.DeadlineExceeded) || e.Dropped() != 1 {
		t.Errorf("%v, %d drops", err, e.Dropped())
	}
}

func TestTheCountIsLeftWhereItIsSaid(t *testing.T) {
	place := private(t)
	socket, drops := filepath.Join(place, "s"), filepath.Join(place, "named")
	lose := func(folder Option) error {
		e := made(t, socket, WithSessionID("s"), folder)
		e.Emit(context.Background(), plain)
		return e.Close()
	}
	if err := lose(WithDropFolder(drops)); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(drops, "s")); err != nil {
		t.Error(err)
	}
	for _, folder := range []Option{WithoutDropFolder(), WithDropFolder("/proc/nowhere")} {
		var untold *UntoldError
		if err := lose(folder); !errors.As(err, &untold) || untold.Count != 1 || !strings.Contains(err.Error(), "1 lost") {
			t.Error(err)
		}
	}
	receiver := listenAt(t, socket, nil)
	sent(t, made(t, socket, WithSessionID("s"), WithoutDropFolder()), plain)
	receiver.raw(1)
	if _, err := os.Stat(filepath.Join(drops, "s")); err != nil {
		t.Errorf("an emitter without a folder took the count: %v", err)
	}
	sent(t, made(t, socket, WithSessionID("s"), WithDropFolder(drops)), plain)
	if events := receiver.events(2); events[1]["drop_count"] == nil {
		t.Errorf("%v", events)
	}
	if _, err := NewDaemon(WithSocketPath(socket), WithDropFolder("a\x00b")); !errors.Is(err, ErrCaller) {
		t.Error(err)
	}
}

func TestWithNowhereToWriteEventsGoOutAllTheSame(t *testing.T) {
	folder := private(t)
	for _, name := range []string{"HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME"} {
		t.Setenv(name, "/proc/nowhere")
	}
	socket := filepath.Join(folder, "s")
	e := made(t, socket)
	for n := range uint64(2) {
		if err := e.Emit(context.Background(), plain); !errors.Is(err, ErrTransport) || e.Dropped() != n+1 {
			t.Errorf("%v, %d drops", err, e.Dropped())
		}
	}
	receiver := listenAt(t, socket, nil)
	sent(t, e, plain)
	if told := receiver.events(1)[0]["drop_count"]; told == nil || told.(float64) < 2 {
		t.Errorf("%v drops were told", told)
	}
}

func TestAForgottenEmitterLeavesNoConnection(t *testing.T) {
	receiver := listen(t, nil)
	func() {
		e, err := NewDaemon(WithSocketPath(receiver.path))
		if err != nil {
			t.Fatal(err)
		}
		sent(t, e, plain)
	}()
	receiver.raw(1)
	end := time.Now().Add(deadline)
	for {
		runtime.GC()
		receiver.mutex.Lock()
		open := receiver.open
		receiver.mutex.Unlock()
		if open == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the connection stays open")
		}
		time.Sleep(time.Millisecond)
	}
}

// More than could exist at once, were they not given back; and no file stays open.
func TestClosedEmittersAreGivenBack(t *testing.T) {
	private(t)
	for range 70_000 {
		e, err := NewDaemon(WithSocketPath("/nowhere/s"), WithSessionID("s"))
		if err != nil {
			t.Fatal(err)
		}
		e.Close()
	}
	files, err := os.ReadDir("/proc/self/fd")
	if err == nil && len(files) > 100 {
		t.Errorf("%d files are open", len(files))
	}
}

func TestClosingWhileOthersEmitIsAnErrorAndNeverACrash(t *testing.T) {
	receiver := listen(t, nil)
	for range 20 {
		e := made(t, receiver.path)
		var wait sync.WaitGroup
		for range 8 {
			wait.Add(1)
			go func() {
				defer wait.Done()
				for {
					_ = e.Dropped()
					err := e.Emit(context.Background(), plain)
					if errors.Is(err, ErrClosed) {
						return
					}
					if err != nil && !errors.Is(err, ErrTransport) {
						t.Error(err)
						return
					}
				}
			}()
		}
		sent(t, e, plain)
		e.Close()
		wait.Wait()
	}
}
