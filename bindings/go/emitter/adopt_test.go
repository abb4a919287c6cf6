package emitter

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const modulePath = "github.com/agent-receipts/agent-receipts/bindings/go"

// adopter is an empty module that gets ours by a local replace, and no other module from anywhere.
func adopter(t *testing.T, source string) string {
	t.Helper()
	here, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "main.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, arguments := range [][]string{
		{"mod", "init", "example.test/adopter"},
		{"mod", "edit", "-replace=" + modulePath + "=" + here},
		{"get", modulePath + "/emitter"},
		{"build", "-o", "adopter", "."},
	} {
		command := exec.Command("go", arguments...)
		command.Dir = folder
		command.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOPROXY=off", "GOFLAGS=-mod=mod -buildvcs=false")
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", arguments, err, out)
		}
	}
	return filepath.Join(folder, "adopter")
}

func TestThreeLinesInAnEmptyModuleRecordAReceipt(t *testing.T) {
	built := adopter(t, `package main

import (
	"context"

	"`+modulePath+`/emitter"
)

func main() {
	e, _ := emitter.NewDaemon()
	defer e.Close()
	e.Emit(context.Background(), emitter.Event{Channel: "sdk", Tool: emitter.Tool{Name: "three_lines"}, Decision: "allowed"})
}
`)
	// Only now: a private home has no cache of what Go has built before.
	daemon := start(t)
	// The 25 milliseconds to dial may be short on a loaded machine, and the three lines do not try again.
	for range 100 {
		command := exec.Command(built)
		command.Env = append(os.Environ(), "AGENTRECEIPTS_SOCKET="+daemon.socket)
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if listed := daemon.run("agent-receipts", "list", "--db", daemon.path("receipts.db")); strings.Contains(listed, "three_lines") {
			break
		}
	}
	if !strings.Contains(fmt.Sprint(daemon.verified()), `"three_lines"`) {
		t.Error("there is no receipt")
	}
}

func TestTheExampleRecordsWhatItDoes(t *testing.T) {
	built := filepath.Join(t.TempDir(), "agent")
	if out, err := exec.Command("go", "build", "-o", built, "../examples/agent").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	daemon := start(t)
	there, missing := daemon.path("key.pub"), daemon.path("missing")
	command := exec.Command(built, there, missing)
	command.Env = append(os.Environ(), "AGENTRECEIPTS_SOCKET="+daemon.socket)
	out, err := command.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "urn:receipt:") {
		t.Fatalf("%v\n%s", err, out)
	}
	receipts := strings.Join(daemon.verified(), "\n")
	for _, want := range []string{`"measure_file"`, `"example-agent"`, `"filesystem"`} {
		if !strings.Contains(receipts, want) {
			t.Errorf("%s is not in\n%s", want, receipts)
		}
	}
	// What was logged goes out without waiting: on a loaded machine it may be lost, and then that is told in the chain.
	if !strings.Contains(receipts, `"read_file"`) && !strings.Contains(receipts, "events_dropped") {
		t.Errorf("the log is not in\n%s", receipts)
	}
}
