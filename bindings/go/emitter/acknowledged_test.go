package emitter

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestAReceiptIsNamed(t *testing.T) {
	receiver := listen(t, func([]byte) string {
		return `{"v":"1","ok":true,"receipt_id":"urn:receipt:1","chain_id":"é","sequence":7,"receipt_hash":"sha256:00"}`
	})
	ack, err := made(t, receiver.path).EmitAcknowledged(context.Background(), plain)
	if want := (Ack{ReceiptID: "urn:receipt:1", ChainID: "é", Sequence: 7, ReceiptHash: "sha256:00"}); err != nil || ack != want {
		t.Errorf("%+v, %v", ack, err)
	}
}

func TestARefusalIsAnErrorOfItsOwn(t *testing.T) {
	receiver := listen(t, func([]byte) string {
		return `{"v":"1","ok":false,"error":{"code":"invalid_event","message":"because"}}`
	})
	e := made(t, receiver.path)
	ack, err := e.EmitAcknowledged(context.Background(), plain)
	var refusal *RefusedError
	if !errors.As(err, &refusal) || *refusal != (RefusedError{"invalid_event", "because"}) || ack != (Ack{}) {
		t.Errorf("%+v, %v", ack, err)
	}
	if !errors.Is(err, ErrRefused) || errors.Is(err, ErrTransport) || errors.Is(err, ErrCaller) || e.Dropped() != 0 {
		t.Errorf("%v, %d drops", err, e.Dropped())
	}
}

func TestAReplyThatIsNoneIsATransportError(t *testing.T) {
	receiver := listen(t, func([]byte) string { return "gibberish" })
	e := made(t, receiver.path)
	_, err := e.EmitAcknowledged(context.Background(), plain)
	var fault *Error
	if !errors.As(err, &fault) || fault.Code != CodeBadReply || !errors.Is(err, ErrTransport) || e.Dropped() != 0 {
		t.Errorf("%v, %d drops", err, e.Dropped())
	}
}

func TestWaitingEndsAtTheDeadline(t *testing.T) {
	e := made(t, listen(t, nil).path)
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_, err := e.EmitAcknowledged(ctx, plain)
	noReply(t, err, context.DeadlineExceeded)
	if e.Dropped() != 0 {
		t.Errorf("%d drops", e.Dropped())
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	receiver := listen(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		receiver.raw(1)
		cancel()
	}()
	// The emitter's own patience is ten seconds, and nothing answers.
	_, err := made(t, receiver.path).EmitAcknowledged(ctx, plain)
	noReply(t, err, context.Canceled)
	if !strings.Contains(err.Error(), "cancelled") {
		t.Error(err)
	}
}

func noReply(t *testing.T, err, cause error) {
	t.Helper()
	var fault *Error
	if !errors.As(err, &fault) || fault.Code != CodeNoReply || !errors.Is(err, ErrTransport) || !errors.Is(err, cause) {
		t.Errorf("%v, want no reply and %v", err, cause)
	}
}

func TestPatienceIsRoundedUpAndBounded(t *testing.T) {
	for given, want := range map[time.Duration]uint32{
		-time.Hour: 1, 0: 1, 1: 1, time.Millisecond: 1, time.Millisecond + 1: 2, DefaultPatience: 10_000, 1 << 62: 1<<32 - 1,
		1<<63 - 1: 1<<32 - 1,
	} {
		if got := milliseconds(given); got != want {
			t.Errorf("%v is %d ms, want %d", given, got, want)
		}
	}
}
