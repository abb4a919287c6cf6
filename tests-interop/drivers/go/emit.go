package main

import (
	"context"
	"fmt"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/agent-receipts/agent-receipts/bindings/go/emitter"
)

func emit(e *emitter.DaemonEmitter, request *request) answer {
	ctx := context.Background()
	if request.AcknowledgedMs == nil {
		if err := e.Emit(ctx, request.Event.toSend()); err != nil {
			return failed(err)
		}
		return answer{"ok": true}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(*request.AcknowledgedMs)*time.Millisecond)
	defer cancel()
	ack, err := e.EmitAcknowledged(ctx, request.Event.toSend())
	if err != nil {
		return failed(err)
	}
	return answer{
		"ok": true, "receipt_id": ack.ReceiptID, "chain_id": ack.ChainID, "sequence": ack.Sequence, "receipt_hash": ack.ReceiptHash,
	}
}

// threads emits from many goroutines at once.
func threads(e *emitter.DaemonEmitter, request *request) answer {
	var wait sync.WaitGroup
	var failed atomic.Int64
	for thread := range request.Threads {
		wait.Add(1)
		go func() {
			defer wait.Done()
			event := request.Event.toSend()
			for i := range request.Each {
				event.CorrelationID = fmt.Sprintf("%d-%d", thread, i)
				if e.Emit(context.Background(), event) != nil {
					failed.Add(1)
				}
			}
		}()
	}
	wait.Wait()
	return answer{"ok": true, "failed": failed.Load()}
}

// cost is what Emit costs, the caller at work in between.
func cost(e *emitter.DaemonEmitter, request *request) answer {
	ctx, event := context.Background(), request.Event.toSend()
	// The first one pays for the connection.
	if err := e.Emit(ctx, event); err != nil {
		return failed(err)
	}
	pause := time.Duration(request.PauseUs) * time.Microsecond
	times := make([]time.Duration, 0, request.Events)
	for range request.Events {
		began := time.Now()
		err := e.Emit(ctx, event)
		times = append(times, time.Since(began))
		if err != nil {
			return failed(err)
		}
		for rest := time.Now(); time.Since(rest) < pause; {
		}
	}
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	at := func(percent int) float64 {
		if len(times) == 0 {
			return 0
		}
		return float64(times[(len(times)-1)*percent/100].Nanoseconds()) / 1000
	}
	return answer{"microseconds": []float64{at(50), at(90), at(99)}}
}
