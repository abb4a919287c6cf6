package emitter

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// realDaemon is our own daemon in a private folder, as a user runs it.
type realDaemon struct {
	t       *testing.T
	folder  string
	socket  string
	process *exec.Cmd
	ended   bool
}

// program is the path of one of our programs.
func program(t *testing.T, name string) string {
	t.Helper()
	folder := os.Getenv("AGENT_RECEIPTS_BIN_DIR")
	if folder == "" {
		t.Fatal("AGENT_RECEIPTS_BIN_DIR is not set: run this by `cargo xtask test --only bindings`")
	}
	return filepath.Join(folder, name)
}

func start(t *testing.T) *realDaemon {
	t.Helper()
	folder := private(t)
	d := &realDaemon{t: t, folder: folder, socket: filepath.Join(folder, "run", "events.sock")}
	d.run("agent-receipts-daemon", "--init", "--key", d.path("key"), "--public-key", d.path("key.pub"))
	d.process = exec.Command(program(t, "agent-receipts-daemon"), "--socket", d.socket, "--db", d.path("receipts.db"),
		"--key", d.path("key"), "--public-key", d.path("key.pub"), "--chain-id", "go", "--unsafe-socket-path")
	var said strings.Builder
	d.process.Stdout, d.process.Stderr = &said, &said
	if err := d.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.stop() })
	for end := time.Now().Add(deadline); ; time.Sleep(10 * time.Millisecond) {
		connection, err := net.Dial("unix", d.socket)
		if err == nil {
			connection.Close()
			return d
		}
		if time.Now().After(end) {
			d.stop()
			t.Fatalf("the daemon never listened: %v\n%s", err, said.String())
		}
	}
}

func (d *realDaemon) path(name string) string {
	return filepath.Join(d.folder, name)
}

// run runs one of our programs, and gives what it printed.
func (d *realDaemon) run(name string, arguments ...string) string {
	d.t.Helper()
	out, err := exec.Command(program(d.t, name), arguments...).CombinedOutput()
	if err != nil {
		d.t.Fatalf("%s %v: %v\n%s", name, arguments, err, out)
	}
	return string(out)
}

// stop asks the daemon to end, as a service manager does.
func (d *realDaemon) stop() {
	if d.ended {
		return
	}
	d.ended = true
	d.process.Process.Signal(syscall.SIGTERM)
	if err := d.process.Wait(); err != nil {
		d.t.Errorf("the daemon ended badly: %v", err)
	}
}

// verified stops the daemon, has its database verified, and gives the receipts as JSON lines.
func (d *realDaemon) verified() []string {
	d.t.Helper()
	d.stop()
	d.run("agent-receipts", "verify", "--db", d.path("receipts.db"), "--public-key", d.path("key.pub"))
	listed := d.run("agent-receipts", "export", "--db", d.path("receipts.db"))
	return strings.Split(strings.TrimSpace(listed), "\n")
}

func TestTheDaemonsReceiptIsTheOneThatWasAcknowledged(t *testing.T) {
	daemon := start(t)
	e := made(t, daemon.socket, WithSessionID("go-session"))
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	ack, err := e.EmitAcknowledged(ctx, usual)
	if err != nil || ack.Sequence != 1 || ack.ChainID != "go" || !strings.HasPrefix(ack.ReceiptHash, "sha256:") {
		t.Fatalf("%+v, %v", ack, err)
	}
	e.Close()
	for _, line := range daemon.verified() {
		if strings.Contains(line, ack.ReceiptID) && strings.Contains(line, `"go-session"`) {
			return
		}
	}
	t.Errorf("%s is not in the database", ack.ReceiptID)
}
