package emitter

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"net"
	"path/filepath"
	"sort"
	"testing"
	"time"
)

var usual = Event{
	Channel: "sdk", Tool: Tool{Server: "files", Name: "read_file"}, Decision: "allowed", CorrelationID: "call-1",
	Input: json.RawMessage(`{"path":"/srv/data/report.txt","limit":4096}`), Output: json.RawMessage(`{"bytes":4096}`),
}

// swallow reads whatever comes, a lot at a time: a reader that is woken by each event would be measured with it.
func swallow(b *testing.B) string {
	path := filepath.Join(b.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				for much := make([]byte, 1<<20); err == nil; time.Sleep(200 * time.Microsecond) {
					_, err = connection.Read(much)
				}
			}()
		}
	}()
	return path
}

// quantiles measures each call, and reports beside the mean what half and nearly all of them take.
func quantiles(b *testing.B, call func() error) {
	times := make([]time.Duration, 0, b.N)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		began := time.Now()
		if err := call(); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(began))
	}
	b.StopTimer()
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	b.ReportMetric(float64(times[len(times)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(times[len(times)*99/100].Nanoseconds()), "p99-ns")
}

// BenchmarkEmit is one event on a warm connection.
func BenchmarkEmit(b *testing.B) {
	e, err := NewDaemon(WithSocketPath(swallow(b)))
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	ctx := context.Background()
	for e.Emit(ctx, usual) != nil {
	}
	quantiles(b, func() error { return e.Emit(ctx, usual) })
}

// BenchmarkWrite is a bare write of as many bytes, which no emitter can do without.
func BenchmarkWrite(b *testing.B) {
	connection, err := net.Dial("unix", swallow(b))
	if err != nil {
		b.Fatal(err)
	}
	defer connection.Close()
	frame := make([]byte, 4+330)
	binary.BigEndian.PutUint32(frame, 330)
	quantiles(b, func() error {
		_, err := connection.Write(frame)
		return err
	})
}

// BenchmarkPack is what this side of the boundary does.
func BenchmarkPack(b *testing.B) {
	b.ReportAllocs()
	for range b.N {
		packed, err := pack(&usual)
		if err != nil {
			b.Fatal(err)
		}
		packed.release()
	}
}
