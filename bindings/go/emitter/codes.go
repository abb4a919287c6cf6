package emitter

import "fmt"

// Code is the number of an error, the same in every language. A number never changes its meaning.
type Code int32

// The numbers, as ffi/error-codes.txt lists them.
const (
	CodeNull              Code = 1
	CodeStructSize        Code = 2
	CodeFlags             Code = 3
	CodeUTF8              Code = 4 // a text is not UTF-8
	CodeHandle            Code = 5 // the emitter was not made by NewDaemon
	CodeBuffer            Code = 6
	CodeTooMany           Code = 7 // 65,536 emitters exist already
	CodePath              Code = 8 // a path holds NUL
	CodePacked            Code = 9
	CodeABI               Code = 10 // the library and its header do not fit
	CodeNoSocketPath      Code = 11 // no socket path was given, and this system has no default
	CodeMissingField      Code = 20 // Channel or Tool.Name is empty
	CodeUnknownDecision   Code = 21 // Decision is none of the three words
	CodeFieldTooLong      Code = 22
	CodeOperatorNameAlone Code = 23 // OperatorName without OperatorID
	CodeAgentID           Code = 24 // AgentID holds a slash or NUL
	CodeHalfTarget        Code = 25 // one half of Target is empty
	CodePayload           Code = 26 // Input, Output or Usage is not JSON, nests too deep, or holds a number that no double can
	CodeTooLarge          Code = 27 // the event is longer than MaxFrameSize
	CodeEvent             Code = 29
	CodeKey               Code = 40 // this one and the next four are the verifier's
	CodeOrder             Code = 41
	CodeBusyVerifier      Code = 42
	CodeJSON              Code = 43
	CodeReceipt           Code = 44
	CodeClosed            Code = 100
	CodeDial              Code = 200 // nobody answers at the socket
	CodeBusy              Code = 201 // other goroutines used the connection for all the time there was
	CodeWrite             Code = 202 // the event did not go out whole
	CodeNoReply           Code = 203 // nobody knows whether there is a receipt
	CodeBadReply          Code = 204
	CodeTransport         Code = 209
	CodeRefused           Code = 300
	CodeNotValid          Code = 400
	CodeDatabase          Code = 500
	CodePanic             Code = 900
	CodePoisoned          Code = 901
	CodeInternal          Code = 902
)

// Class says whose fault an error is.
type Class int32

// The classes.
const (
	ClassCaller     Class = 1 // the call can never work as it was made: nothing was sent, and nothing counts as lost
	ClassClosed     Class = 2 // the emitter was closed before
	ClassTransport  Class = 3 // the daemon was not reached in time
	ClassRefused    Class = 4 // the daemon answered, and made no receipt
	ClassVerdict    Class = 5 // the verifier's, which this package does not use
	ClassUnreadable Class = 6 // likewise
	ClassLibrary    Class = 9 // the library's own fault
)

// Codes lists every number that this package knows, by its name.
func Codes() map[string]Code {
	codes := make(map[string]Code, len(names))
	for code, name := range names {
		codes[name] = code
	}
	return codes
}

// String is the name of the number, as in ffi/error-codes.txt.
func (c Code) String() string {
	if name, ok := names[c]; ok {
		return name
	}
	return fmt.Sprintf("code %d", int32(c))
}

var names = map[Code]string{
	0:                     "ok",
	CodeNull:              "null",
	CodeStructSize:        "struct_size",
	CodeFlags:             "flags",
	CodeUTF8:              "utf8",
	CodeHandle:            "handle",
	CodeBuffer:            "buffer",
	CodeTooMany:           "too_many",
	CodePath:              "path",
	CodePacked:            "packed",
	CodeABI:               "abi",
	CodeNoSocketPath:      "no_socket_path",
	CodeMissingField:      "missing_field",
	CodeUnknownDecision:   "unknown_decision",
	CodeFieldTooLong:      "field_too_long",
	CodeOperatorNameAlone: "operator_name_alone",
	CodeAgentID:           "agent_id",
	CodeHalfTarget:        "half_target",
	CodePayload:           "payload",
	CodeTooLarge:          "too_large",
	CodeEvent:             "event",
	CodeKey:               "key",
	CodeOrder:             "order",
	CodeBusyVerifier:      "busy_verifier",
	CodeJSON:              "json",
	CodeReceipt:           "receipt",
	CodeClosed:            "closed",
	CodeDial:              "dial",
	CodeBusy:              "busy",
	CodeWrite:             "write",
	CodeNoReply:           "no_reply",
	CodeBadReply:          "bad_reply",
	CodeTransport:         "transport",
	CodeRefused:           "refused",
	CodeNotValid:          "not_valid",
	CodeDatabase:          "database",
	CodePanic:             "panic",
	CodePoisoned:          "poisoned",
	CodeInternal:          "internal",
}
