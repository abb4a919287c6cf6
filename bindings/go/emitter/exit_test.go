package emitter

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Processes that lose events and then end, each in its way, none of them closing its emitter.
var endings = map[string]func(){
	"return": func() {},
	"exit":   func() { os.Exit(0) },
	"panic":  func() { panic("on purpose") },
}

// losing is set for a process of this test that is to lose events; it says how it is to end.
const losing = "AGENT_RECEIPTS_TEST_ENDING"

func TestMain(m *testing.M) {
	ending, ok := endings[os.Getenv(losing)]
	if !ok {
		os.Exit(m.Run())
	}
	e, err := NewDaemon(WithSessionID("short-lived"), WithBestEffort())
	for range 3 {
		err = errors.Join(err, e.Emit(context.Background(), plain))
	}
	if err != nil || e.Dropped() != 3 {
		os.Exit(9)
	}
	ending()
}

func TestWhatAProcessLostIsToldByTheNextHoweverItEnded(t *testing.T) {
	for ending := range endings {
		t.Run(ending, func(t *testing.T) {
			socket := filepath.Join(private(t), "s")
			t.Setenv("AGENTRECEIPTS_SOCKET", socket)
			process := exec.Command(os.Args[0])
			process.Env = append(os.Environ(), losing+"="+ending)
			out, err := process.CombinedOutput()
			code := process.ProcessState.ExitCode()
			if want := map[string]int{"panic": 2}[ending]; code != want {
				t.Fatalf("it ended with %d: %v\n%s", code, err, out)
			}
			receiver := listenAt(t, socket, nil)
			other := made(t, socket, WithSessionID("another"))
			sent(t, other, plain)
			next := made(t, socket, WithSessionID("short-lived"))
			sent(t, next, plain)
			sent(t, next, plain)
			events := receiver.events(3)
			own := map[string]float64{}
			for _, event := range events {
				count, _ := event["drop_count"].(float64)
				own[event["session_id"].(string)] += count
			}
			// What is lost on a loaded machine besides is told as well.
			if own["short-lived"] < 3 || next.Dropped() != 0 || own["another"] >= 3 {
				t.Errorf("told: %v", own)
			}
		})
	}
}
