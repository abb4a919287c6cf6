package emitter

/*
#cgo CFLAGS: -I${SRCDIR}/lib
#cgo linux,amd64 LDFLAGS: ${SRCDIR}/lib/linux_amd64/libagent_receipts.a
#cgo linux,arm64 LDFLAGS: ${SRCDIR}/lib/linux_arm64/libagent_receipts.a
#cgo darwin,amd64 LDFLAGS: ${SRCDIR}/lib/darwin_amd64/libagent_receipts.a
#cgo darwin,arm64 LDFLAGS: ${SRCDIR}/lib/darwin_arm64/libagent_receipts.a
#cgo linux LDFLAGS: -lpthread -ldl -lm
#cgo noescape ar_emitter_emit_packed
#cgo nocallback ar_emitter_emit_packed
#cgo noescape ar_emitter_emit_packed_within
#cgo nocallback ar_emitter_emit_packed_within
#include <agent_receipts.h>
*/
import "C"

import (
	"bytes"
	"runtime"
	"sync"
	"unsafe"
)

// This file is the boundary: nothing else in the package knows C. No pointer of ours is kept by the library beyond a call.

// A ticket is the library's number for one emitter. It outlives nothing: after release, it is an error in every function.
type ticket uint64

// What the library was built for, for a test to compare.
const (
	libraryMaxFrame = C.AR_MAX_FRAME
	libraryFields   = (C.sizeof_ar_event - C.sizeof_size_t) / C.sizeof_ar_text
)

func libraryFrameVersion() string {
	return C.GoString(C.ar_frame_version())
}

// fits says, once, whether the library is one that the header was made for.
var fits = sync.OnceValue(func() *Error {
	failure := newFailure()
	return failed(C.ar_abi_check(C.AR_ABI_MAJOR, C.AR_ABI_MINOR, &failure), &failure)
})

// open makes an emitter in the library.
func open(c *config) (ticket, *Error) {
	if err := fits(); err != nil {
		return 0, err
	}
	var pins runtime.Pinner
	defer pins.Unpin()
	text := func(s string) C.ar_text {
		if s == "" {
			return C.ar_text{}
		}
		data := unsafe.StringData(s)
		pins.Pin(data)
		return C.ar_text{data: (*C.char)(unsafe.Pointer(data)), length: C.size_t(len(s))}
	}
	// A process of Go ends without a word to C or to us: what was lost must be known before.
	flags := C.uint32_t(C.AR_LEAVE_AT_ONCE)
	if c.noDropFolder {
		flags |= C.AR_NO_DROP_FOLDER
	}
	given := C.ar_emitter_config{
		size:             C.sizeof_ar_emitter_config,
		flags:            flags,
		drop_folder:      text(c.dropFolder),
		socket_path:      text(c.socketPath),
		session_id:       text(c.sessionID),
		write_timeout_ms: C.uint32_t(c.writeTimeoutMs),
		issuer_name:      text(c.identity.IssuerName),
		issuer_model:     text(c.identity.IssuerModel),
		operator_id:      text(c.identity.OperatorID),
		operator_name:    text(c.identity.OperatorName),
	}
	var made C.ar_emitter
	failure := newFailure()
	err := failed(C.ar_emitter_new(&given, &made, &failure), &failure)
	return ticket(made), err
}

// emit sends one packed event.
func (t ticket) emit(packed []byte) *Error {
	failure := newFailure()
	event := (*C.uint8_t)(unsafe.SliceData(packed))
	return failed(C.ar_emitter_emit_packed(C.ar_emitter(t), event, C.size_t(len(packed)), &failure), &failure)
}

// emitWithin sends one packed event, and takes at most so long.
func (t ticket) emitWithin(packed []byte, patienceMs uint32) *Error {
	failure := newFailure()
	event := (*C.uint8_t)(unsafe.SliceData(packed))
	code := C.ar_emitter_emit_packed_within(
		C.ar_emitter(t), event, C.size_t(len(packed)), C.uint32_t(patienceMs), &failure)
	return failed(code, &failure)
}

// emitAcknowledged sends one packed event and waits for the daemon's answer.
func (t ticket) emitAcknowledged(packed []byte, patienceMs uint32) (Ack, error) {
	failure := newFailure()
	event := (*C.uint8_t)(unsafe.SliceData(packed))
	answer := C.ar_ack{size: C.sizeof_ar_ack}
	code := C.ar_emitter_emit_packed_acknowledged(
		C.ar_emitter(t), event, C.size_t(len(packed)), C.uint32_t(patienceMs), &answer, &failure)
	switch code {
	case C.AR_ERR_OK:
		return Ack{
			ReceiptID:   field(answer.receipt_id[:]),
			ChainID:     field(answer.chain_id[:]),
			Sequence:    uint64(answer.sequence),
			ReceiptHash: field(answer.receipt_hash[:]),
		}, nil
	case C.AR_ERR_REFUSED:
		return Ack{}, &RefusedError{Code: field(answer.refusal_code[:]), Message: field(answer.refusal_message[:])}
	}
	return Ack{}, failed(code, &failure)
}

// hangUp closes the emitter and keeps its ticket.
func (t ticket) hangUp() {
	C.ar_emitter_close(C.ar_emitter(t), nil)
}

// release closes the emitter and gives its ticket back.
func (t ticket) release() {
	C.ar_emitter_free(C.ar_emitter(t), nil)
}

// dropped is the number of lost events that nobody was told of, and after hangUp, that nobody ever will be; none where the ticket
// was given back.
func (t ticket) dropped() uint64 {
	var count C.uint64_t
	C.ar_emitter_dropped(C.ar_emitter(t), &count, nil)
	return uint64(count)
}

func (t ticket) sessionID() (string, *Error) {
	return textOut(func(to *C.char, room C.size_t, length *C.size_t, failure *C.ar_error) C.ar_err {
		return C.ar_emitter_session_id(C.ar_emitter(t), to, room, length, failure)
	})
}

func (t ticket) socketPath() (string, *Error) {
	return textOut(func(to *C.char, room C.size_t, length *C.size_t, failure *C.ar_error) C.ar_err {
		return C.ar_emitter_socket_path(C.ar_emitter(t), to, room, length, failure)
	})
}

func defaultSocketPath() (string, *Error) {
	return textOut(func(to *C.char, room C.size_t, length *C.size_t, failure *C.ar_error) C.ar_err {
		return C.ar_default_socket_path(to, room, length, failure)
	})
}

// textOut asks for a text until it fits: an environment variable may change in between.
func textOut(ask func(*C.char, C.size_t, *C.size_t, *C.ar_error) C.ar_err) (string, *Error) {
	for room := 512; ; {
		text := make([]byte, room)
		var length C.size_t
		failure := newFailure()
		code := ask((*C.char)(unsafe.Pointer(unsafe.SliceData(text))), C.size_t(room), &length, &failure)
		if code != C.AR_ERR_BUFFER {
			return string(text[:min(int(length), room)]), failed(code, &failure)
		}
		room = int(length) + 1
	}
}

func newFailure() C.ar_error {
	return C.ar_error{size: C.sizeof_ar_error}
}

// failed is the error that the library told with the call, or nil.
func failed(code C.ar_err, told *C.ar_error) *Error {
	if code == C.AR_ERR_OK {
		return nil
	}
	return &Error{Code: Code(code), Class: Class(told.error_class), Message: field(told.message[:])}
}

// field is the text in an array that NUL ends.
func field(array []C.char) string {
	all := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(array))), len(array))
	text, _, _ := bytes.Cut(all, []byte{0})
	return string(text)
}
