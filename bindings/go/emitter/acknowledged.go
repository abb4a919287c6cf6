package emitter

import (
	"context"
	"math"
	"runtime"
	"time"
)

// DefaultPatience is how long [DaemonEmitter.EmitAcknowledged] waits in all where the context has no deadline.
const DefaultPatience = 10 * time.Second

// EmitAcknowledged sends one event and waits for the daemon to say what became of it: until the context's deadline, or for
// [DefaultPatience]. The daemon decides how long a receipt takes to come to disk, so the deadline should be seconds away.
//
// Nil means that the receipt is on disk. [*RefusedError] means that there is none. [CodeNoReply] and [CodeBadReply], both of class
// [ErrTransport], mean that nobody knows: such an event does not count as lost. A context that is cancelled meanwhile ends the
// waiting at once, as [CodeNoReply], and the event may still go out. [WithBestEffort] has no effect here.
func (e *DaemonEmitter) EmitAcknowledged(ctx context.Context, event Event) (Ack, error) {
	if err := e.usable(ctx); err != nil {
		return Ack{}, err
	}
	patience := DefaultPatience
	if deadline, ok := ctx.Deadline(); ok {
		patience = time.Until(deadline)
	}
	packed, err := pack(&event)
	if err != nil {
		return Ack{}, err
	}
	call := func() answer {
		ack, err := e.ticket.emitAcknowledged(packed.bytes, milliseconds(patience))
		packed.release()
		runtime.KeepAlive(e)
		return answer{ack, err}
	}
	return e.judged(ctx, cancellable(ctx, call))
}

// answer is what an acknowledged event comes to.
type answer struct {
	ack Ack
	err error
}

// cancellable waits for a call or for the cancellation of the context. The call knows the context's deadline, so that it ends by
// itself then, and says more than the context does.
func cancellable(ctx context.Context, call func() answer) answer {
	if ctx.Done() == nil {
		return call()
	}
	done := make(chan answer, 1)
	go func() { done <- call() }()
	select {
	case answer := <-done:
		return answer
	case <-ctx.Done():
	}
	if ctx.Err() == context.DeadlineExceeded {
		return <-done
	}
	why := "the context was cancelled before the daemon's reply: nobody knows whether there is a receipt"
	return answer{err: &Error{Code: CodeNoReply, Class: ClassTransport, Message: why}}
}

// judged turns the library's error into what the caller gets.
func (e *DaemonEmitter) judged(ctx context.Context, given answer) (Ack, error) {
	err, ok := given.err.(*Error)
	switch {
	case !ok || err == nil:
		return given.ack, given.err
	case err.Code == CodeHandle && e.closed.Load():
		return Ack{}, closedError()
	case err.Class != ClassTransport:
		return Ack{}, err
	}
	if err.Code != CodeNoReply && err.Code != CodeBadReply {
		e.logDrop(ctx, err)
	}
	err.cause = ended(ctx)
	return Ack{}, err
}

// milliseconds is a duration as the library takes it, rounded up: what is left of a deadline is never none.
func milliseconds(d time.Duration) uint32 {
	ms := d / time.Millisecond
	if d%time.Millisecond > 0 {
		ms++
	}
	return uint32(min(max(ms, 1), math.MaxUint32))
}
