// Agent reads the files that it is told to read, and records each reading in two ways: by an event that it waits for, and by what it
// logs anyway.
//
//	agent FILE...
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/agent-receipts/agent-receipts/bindings/go/emitter"
)

func main() {
	e, err := emitter.NewDaemon(emitter.WithIdentity(emitter.Identity{IssuerName: "example-agent"}))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer e.Close()
	log := slog.New(emitter.NewSlogHandler(e, slog.NewTextHandler(os.Stderr, nil)))
	for _, path := range os.Args[1:] {
		content, err := os.ReadFile(path)
		log.Info("read a file", "tool", "read_file", "input", map[string]any{"path": path}, "error", err)
		if err == nil {
			record(e, path, len(content))
		}
	}
}

// record says what was read, and waits until there is a receipt.
func record(e *emitter.DaemonEmitter, path string, length int) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	output, err := json.Marshal(map[string]any{"bytes": length})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	ack, err := e.EmitAcknowledged(ctx, emitter.Event{
		Channel:  "sdk",
		Tool:     emitter.Tool{Name: "measure_file"},
		Decision: "allowed",
		Output:   output,
		Target:   emitter.Target{System: "filesystem", Resource: path},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Printf("%s is number %d of chain %s\n", ack.ReceiptID, ack.Sequence, ack.ChainID)
}
