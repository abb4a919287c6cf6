// An emitter in Go, on nothing but the standard library: the arguments are the socket, the session, the number of events.
// It sends frames of version 1 on one connection, then says on one line, as JSON, which process it was.
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"
)

type tool struct {
	Name string `json:"name"`
}

type event struct {
	Version  string         `json:"v"`
	Emitted  string         `json:"ts_emit"`
	Session  string         `json:"session_id"`
	Channel  string         `json:"channel"`
	Tool     tool           `json:"tool"`
	Input    map[string]any `json:"input"`
	Decision string         `json:"decision"`
}

type process struct {
	Pid int     `json:"pid"`
	UID int     `json:"uid"`
	GID int     `json:"gid"`
	Exe *string `json:"exe_path"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 3 {
		return fmt.Errorf("expected a socket, a session and a count, got %d arguments", len(arguments))
	}
	count, err := strconv.Atoi(arguments[2])
	if err != nil {
		return err
	}
	if err := emit(arguments[0], arguments[1], count); err != nil {
		return err
	}
	own := process{Pid: os.Getpid(), UID: os.Getuid(), GID: os.Getgid()}
	if exe, err := os.Readlink("/proc/self/exe"); err == nil {
		own.Exe = &exe
	}
	return json.NewEncoder(os.Stdout).Encode(own)
}

func emit(path, session string, count int) error {
	connection, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return err
	}
	defer connection.Close()
	for index := 0; index < count; index++ {
		if err := send(connection, session, index); err != nil {
			return err
		}
	}
	if err := connection.CloseWrite(); err != nil {
		return err
	}
	// The daemon sends nothing to who does not ask, and closes when it has read the end.
	_, err = io.Copy(io.Discard, connection)
	return err
}

func send(connection io.Writer, session string, index int) error {
	body, err := json.Marshal(event{
		Version:  "1",
		Emitted:  time.Now().UTC().Format(time.RFC3339Nano),
		Session:  session,
		Channel:  "sdk",
		Tool:     tool{Name: fmt.Sprintf("%s-%d", session, index)},
		Input:    map[string]any{"index": index, "text": "größe 🔒 <&>", "half": 0.5},
		Decision: "allowed",
	})
	if err != nil {
		return err
	}
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	_, err = connection.Write(append(frame, body...))
	return err
}
