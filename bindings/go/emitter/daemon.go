package emitter

import (
	"context"
	"log/slog"
	"runtime"
	"sync/atomic"
)

// DaemonEmitter sends events to the daemon. Make it with [NewDaemon]; any number of goroutines may share it.
//
// Close it when it is no longer needed: that hangs up. One that is forgotten is closed when the garbage collector finds it.
type DaemonEmitter struct {
	ticket     ticket
	sessionID  string
	socketPath string
	bestEffort bool
	logger     *slog.Logger
	closed     atomic.Bool
	// What was neither told nor left when the ticket was given back.
	left    atomic.Uint64
	cleanup runtime.Cleanup
}

// NewDaemon makes an emitter. It touches neither the socket nor a file: a daemon that is down shows with the first event.
//
// The error is an [*Error] of the caller's class: an identity beyond its limits, a text that is not UTF-8, or no socket path at all.
func NewDaemon(options ...Option) (*DaemonEmitter, error) {
	var c config
	for _, option := range options {
		if option != nil {
			option(&c)
		}
	}
	if c.logger == nil {
		c.logger = slog.Default()
	}
	made, err := open(&c)
	if err != nil {
		return nil, err
	}
	e := &DaemonEmitter{ticket: made, bestEffort: c.bestEffort, logger: c.logger}
	// From here on, whatever happens, the ticket is given back.
	e.cleanup = runtime.AddCleanup(e, ticket.release, made)
	if e.sessionID, err = made.sessionID(); err != nil {
		return nil, err
	}
	if e.socketPath, err = made.socketPath(); err != nil {
		return nil, err
	}
	return e, nil
}

// SessionID is the session that all events belong to, for as long as the emitter exists, also after it was closed.
func (e *DaemonEmitter) SessionID() string {
	if e == nil {
		return ""
	}
	return e.sessionID
}

// SocketPath is the daemon's socket that the emitter sends to.
func (e *DaemonEmitter) SocketPath() string {
	if e == nil {
		return ""
	}
	return e.socketPath
}

// Dropped is the number of events that were lost and that the daemon was not told of yet; after Close, of those that nobody will
// ever tell.
func (e *DaemonEmitter) Dropped() uint64 {
	if e == nil {
		return 0
	}
	defer runtime.KeepAlive(e)
	if e.closed.Load() {
		return e.left.Load()
	}
	return e.ticket.dropped()
}

// Close hangs up. Further events are refused by [ErrClosed]; closing again does nothing.
//
// The emitter is closed whatever Close returns. The error is nil or an [*UntoldError]: events were lost, and their count could not
// be left for the next emitter.
func (e *DaemonEmitter) Close() error {
	if e == nil || e.ticket == 0 || !e.closed.CompareAndSwap(false, true) {
		return nil
	}
	e.ticket.hangUp()
	e.left.Store(e.ticket.dropped())
	e.ticket.release()
	e.cleanup.Stop()
	if count := e.left.Load(); count > 0 {
		return &UntoldError{Count: count}
	}
	return nil
}

// usable says why nothing can be sent, if so.
func (e *DaemonEmitter) usable(ctx context.Context) error {
	switch {
	case e == nil || e.ticket == 0:
		return callerError(CodeHandle, "the emitter was not made: call `NewDaemon`")
	case ctx == nil:
		return callerError(CodeNull, "the context is nil: pass `context.Background()`")
	case e.closed.Load():
		return closedError()
	}
	return ctx.Err()
}

func closedError() *Error {
	return &Error{Code: CodeClosed, Class: ClassClosed, Message: "the emitter is closed"}
}
