package emitter

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"time"
)

// Emit sends one event. Nil means that the kernel has it; only [DaemonEmitter.EmitAcknowledged] can tell more.
//
// It takes 125 milliseconds at most, whatever the daemon and other goroutines do, and where the event is lost up to 20 more if other
// processes of the session hold the file in which the count is left. A context that has ended already is an
// error, and nothing is sent or counted; its deadline cuts the time short; its cancellation during that time does not, so that the
// answer is always the truth about the event.
func (e *DaemonEmitter) Emit(ctx context.Context, event Event) error {
	if err := e.usable(ctx); err != nil {
		return err
	}
	packed, err := pack(&event)
	if err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok {
		err = e.ticket.emitWithin(packed.bytes, milliseconds(time.Until(deadline)))
	} else {
		err = e.ticket.emit(packed.bytes)
	}
	packed.release()
	runtime.KeepAlive(e)
	if err == nil {
		return nil
	}
	return e.failed(ctx, err)
}

// failed turns the library's error into what the caller of Emit gets.
func (e *DaemonEmitter) failed(ctx context.Context, err *Error) error {
	if err.Code == CodeHandle && e.closed.Load() {
		return closedError()
	}
	if !errors.Is(err, ErrTransport) {
		return err
	}
	e.logDrop(ctx, err)
	if e.bestEffort {
		return nil
	}
	err.cause = ended(ctx)
	return err
}

// ended is the context's error. Its deadline may have passed a moment before the context itself knows.
func ended(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && ctx.Err() == nil && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

// logDrop tells of a lost event. A logger may itself emit what it is told: the context says that this must not be.
func (e *DaemonEmitter) logDrop(ctx context.Context, err *Error) {
	if !e.logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	stage := "write"
	if err.Code == CodeDial {
		stage = "dial"
	}
	e.logger.LogAttrs(context.WithValue(ctx, telling{}, true), slog.LevelDebug, "agent-receipts emitter dropped event",
		slog.String("stage", stage), slog.String("socket", e.socketPath), slog.String("err", err.Message))
}

// telling marks the context of what is logged about a lost event.
type telling struct{}
