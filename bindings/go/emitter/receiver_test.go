package emitter

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Nothing here measures time; it only refuses to wait for ever.
const deadline = time.Minute

// receiver stands where the daemon would, and keeps what it is sent.
type receiver struct {
	t        *testing.T
	path     string
	listener net.Listener
	// What each frame that asks for an answer gets; nil for none.
	answer func(frame []byte) string

	mutex  sync.Mutex
	frames [][]byte
	open   int
	came   *sync.Cond
}

// private is a folder for one test, with a path that a socket can have, where drop files of the tests go as well.
func private(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "arg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	for _, name := range []string{"HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME"} {
		t.Setenv(name, folder)
	}
	t.Setenv("AGENTRECEIPTS_SOCKET", "")
	return folder
}

// listen receives at a socket in a private folder.
func listen(t *testing.T, answer func([]byte) string) *receiver {
	t.Helper()
	return listenAt(t, filepath.Join(private(t), "s"), answer)
}

func listenAt(t *testing.T, path string, answer func([]byte) string) *receiver {
	t.Helper()
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{t: t, path: path, listener: listener, answer: answer}
	r.came = sync.NewCond(&r.mutex)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			r.count(1)
			go r.serve(connection)
		}
	}()
	return r
}

func (r *receiver) serve(connection net.Conn) {
	defer r.count(-1)
	defer connection.Close()
	for {
		var header [4]byte
		if _, err := io.ReadFull(connection, header[:]); err != nil {
			return
		}
		frame := make([]byte, binary.BigEndian.Uint32(header[:]))
		if _, err := io.ReadFull(connection, frame); err != nil {
			return
		}
		r.mutex.Lock()
		r.frames = append(r.frames, frame)
		r.mutex.Unlock()
		r.came.Broadcast()
		if r.answer == nil {
			continue
		}
		if text := r.answer(frame); text != "" {
			connection.Write(binary.BigEndian.AppendUint32(nil, uint32(len(text))))
			io.WriteString(connection, text)
		}
	}
}

func (r *receiver) count(more int) {
	r.mutex.Lock()
	r.open += more
	r.mutex.Unlock()
	r.came.Broadcast()
}

// until waits for something about the receiver to hold.
func (r *receiver) until(what string, holds func() bool) {
	r.t.Helper()
	late := time.AfterFunc(deadline, func() { r.came.Broadcast() })
	defer late.Stop()
	end := time.Now().Add(deadline)
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for !holds() {
		if time.Now().After(end) {
			r.t.Fatalf("waited for %s in vain: %d frames, %d connections", what, len(r.frames), r.open)
		}
		r.came.Wait()
	}
}

// raw waits for so many frames, and gives all that there are.
func (r *receiver) raw(count int) [][]byte {
	r.t.Helper()
	r.until("frames", func() bool { return len(r.frames) >= count })
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return append([][]byte(nil), r.frames...)
}

// events are the frames as objects.
func (r *receiver) events(count int) []map[string]any {
	r.t.Helper()
	var events []map[string]any
	for _, frame := range r.raw(count) {
		var event map[string]any
		if err := json.Unmarshal(frame, &event); err != nil {
			r.t.Fatalf("%s: %v", frame, err)
		}
		events = append(events, event)
	}
	return events
}

// deaf listens, and never takes a connection or reads a byte.
func deaf(t *testing.T) string {
	t.Helper()
	path := filepath.Join(private(t), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return path
}
