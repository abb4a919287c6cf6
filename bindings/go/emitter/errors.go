package emitter

import (
	"errors"
	"fmt"
)

// The classes of errors, for [errors.Is].
var (
	// ErrTransport: the daemon was not reached in time. Another time it may be.
	ErrTransport = errors.New("emitter: transport failure")
	// ErrClosed: the emitter was closed before.
	ErrClosed = errors.New("emitter: closed")
	// ErrCaller: the call can never work as it was made. Nothing was sent, and nothing counts as lost.
	ErrCaller = errors.New("emitter: caller's error")
	// ErrRefused: the daemon answered, and made no receipt.
	ErrRefused = errors.New("emitter: refused by the daemon")
)

// Error says why an event was not sent, or an emitter not made. It never holds a payload.
type Error struct {
	// Code is the number of what went wrong.
	Code Code
	// Class says whose fault it is; it is known where the number is not.
	Class Class
	// Message is for people.
	Message string
	// The context's error, where that had a part in it.
	cause error
}

// Error gives the message.
func (e *Error) Error() string {
	return "emitter: " + e.Message
}

// Is makes errors.Is(err, ErrTransport) and the like tell the class.
func (e *Error) Is(target error) bool {
	return target != nil && target == sentinels[e.Class]
}

// Unwrap gives the context's error where the context cut the call short.
func (e *Error) Unwrap() error {
	return e.cause
}

// RefusedError is the daemon's answer that there is no receipt; errors.Is(err, ErrRefused) holds for it.
type RefusedError struct {
	// Code is a stable word for programs.
	Code string
	// Message is a sentence for people.
	Message string
}

// Error gives both.
func (e *RefusedError) Error() string {
	return "emitter: the daemon refused the event (" + e.Code + "): " + e.Message
}

// Is makes errors.Is(err, ErrRefused) hold.
func (e *RefusedError) Is(target error) bool {
	return target == ErrRefused
}

// UntoldError says at Close that events were lost, and that nobody will tell the daemon: their count could not be left.
type UntoldError struct {
	// Count is how many.
	Count uint64
}

// Error says how many.
func (e *UntoldError) Error() string {
	return fmt.Sprintf("emitter: %d lost events will not be told: their count could not be left in the drop folder", e.Count)
}

var sentinels = map[Class]error{
	ClassCaller:    ErrCaller,
	ClassClosed:    ErrClosed,
	ClassTransport: ErrTransport,
}

func callerError(code Code, message string) *Error {
	return &Error{Code: code, Class: ClassCaller, Message: message}
}
