package emitter_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/agent-receipts/agent-receipts/bindings/go/emitter"
)

func ExampleNewDaemon() {
	e, err := emitter.NewDaemon(emitter.WithSessionID("session-1"), emitter.WithSocketPath("/nowhere/events.sock"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer e.Close()
	err = e.Emit(context.Background(), emitter.Event{Channel: "sdk", Tool: emitter.Tool{Name: "read_file"}})
	fmt.Println(errors.Is(err, emitter.ErrCaller), err)
	// Output: true emitter: unknown decision `` (want allowed|denied|pending)
}

func ExampleNewSlogHandler() {
	e, err := emitter.NewDaemon()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer e.Close()
	log := slog.New(emitter.NewSlogHandler(e, slog.NewTextHandler(os.Stderr, nil)))
	log.Info("read", "tool", "read_file", "input", map[string]any{"path": "a.txt"}, "output", "ok")
}
