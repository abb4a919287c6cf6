// Package emitter tells the agent-receipts daemon what an agent did: one event a tool call, of which the daemon makes a signed
// receipt.
//
//	e, err := emitter.NewDaemon()
//	if err != nil {
//		return err
//	}
//	defer e.Close()
//	err = e.Emit(ctx, emitter.Event{Channel: "sdk", Tool: emitter.Tool{Name: "read_file"}, Decision: "allowed"})
//
// An emitter is thin: it holds no key, no database and no receipt. It connects with the first event, and anew with the first event
// after a failure; it never waits longer than 25 milliseconds for the connection and 100 for the event to go out, or until the
// context's deadline if that comes sooner.
//
// Close it when it is no longer needed; a program that ends without closing it loses nothing by that. Go tells nobody that it ends,
// and so the count of lost events is left in a small file when it changes, for the next emitter of the same session and user.
//
// # Errors
//
// An error tells whose fault it is. [ErrTransport]: the daemon was not reached in time; the event is lost and counted, and the
// count goes out with the next event that gets through. [ErrCaller]: the event can never be sent as it is; nothing was sent, and
// nothing counts as lost. [ErrClosed]: the emitter was closed before. The error of a context that had ended before is returned as
// it is. All others are of type [*Error] or [*RefusedError].
//
// # The library
//
// The package links the static library of the crate agent-receipts-ffi, the one client that all languages share, by cgo.
// `cargo xtask go-library` builds it and puts it, with its header, into the folder lib beside this file: see the README.
package emitter

//go:generate cargo xtask go-library
