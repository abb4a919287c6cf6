// Driver does with the Go emitter what one JSON object a line asks for, and answers with one a line: through it
// tests-interop/test_behaviours.py holds Go to what holds in every language. It translates, and decides nothing.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/agent-receipts/agent-receipts/bindings/go/emitter"
)

// request is one line. What is nil was not given.
type request struct {
	Do             string
	On             string
	Socket         *string
	Session        *string
	BestEffort     bool `json:"best_effort"`
	Identity       *identity
	Event          event
	AcknowledgedMs *int `json:"acknowledged_ms"`
	Threads        int
	Each           int
	Events         int
	PauseUs        int `json:"pause_us"`
}

type answer = map[string]any

func main() {
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	emitters := map[string]*emitter.DaemonEmitter{}
	for {
		line, err := input.ReadBytes('\n')
		if err != nil {
			// The emitters are closed by nobody: what becomes of them at the end of the process is one of the behaviours.
			return
		}
		var request request
		given := answer{}
		if err := json.Unmarshal(line, &request); err != nil {
			given["fault"] = err.Error()
		} else if request.Do == "abort" {
			return
		} else {
			given = answered(&request, emitters)
		}
		text, err := json.Marshal(given)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Printf("%s\n", text)
	}
}

func answered(request *request, emitters map[string]*emitter.DaemonEmitter) answer {
	switch request.Do {
	case "new":
		e, err := emitter.NewDaemon(request.options()...)
		if err != nil {
			return failed(err)
		}
		emitters[request.On] = e
		return answer{"ok": true}
	case "default_socket_path":
		path := emitter.DefaultSocketPath()
		if path == "" {
			_, err := emitter.NewDaemon()
			return failed(err)
		}
		return answer{"text": path}
	case "error_codes":
		return answer{"codes": emitter.Codes()}
	}
	e, ok := emitters[request.On]
	if !ok {
		return answer{"fault": fmt.Sprintf("there is no emitter `%s`", request.On)}
	}
	switch request.Do {
	case "emit":
		return emit(e, request)
	case "threads":
		return threads(e, request)
	case "cost":
		return cost(e, request)
	case "session_id":
		return answer{"text": e.SessionID()}
	case "socket_path":
		return answer{"text": e.SocketPath()}
	case "dropped":
		return answer{"number": e.Dropped()}
	case "close":
		// It is closed all the same where the count of lost events could not be left.
		var untold *emitter.UntoldError
		if err := e.Close(); err != nil && !errors.As(err, &untold) {
			return failed(err)
		}
		return answer{"ok": true}
	}
	return answer{"fault": fmt.Sprintf("this driver does not know `%s`", request.Do)}
}

func (r *request) options() (options []emitter.Option) {
	if r.Socket != nil {
		options = append(options, emitter.WithSocketPath(*r.Socket))
	}
	if r.Session != nil {
		options = append(options, emitter.WithSessionID(*r.Session))
	}
	if r.BestEffort {
		options = append(options, emitter.WithBestEffort())
	}
	if r.Identity != nil {
		options = append(options, emitter.WithIdentity(emitter.Identity(*r.Identity)))
	}
	return options
}
