package emitter

import (
	"encoding/binary"
	"fmt"
	"sync"
)

// An event crosses the boundary as one run of bytes: a count of fields, that many lengths, and the fields' bytes one after the
// other, numbers in the machine's order (contract of the C library, section 4).
const (
	fieldCount = 21
	headLength = 4 + 4*fieldCount
	absent     = 0xFFFF_FFFF
)

// Larger buffers are left to the garbage collector, so that one large event does not cost its memory for ever.
const largestKept = 64 << 10

var buffers = sync.Pool{New: func() any { return &packer{bytes: make([]byte, headLength, 2048)} }}

// packer is a buffer in which one event is packed.
type packer struct {
	bytes  []byte
	fields int
}

// pack packs an event; its buffer is to be released. An event that cannot fit into a frame is not copied.
func pack(e *Event) (*packer, *Error) {
	if length := e.length(); length > MaxFrameSize {
		why := fmt.Sprintf("frame too large: its texts alone have %d bytes (max %d)", length, MaxFrameSize)
		return nil, callerError(CodeTooLarge, why)
	}
	p := buffers.Get().(*packer)
	p.bytes, p.fields = p.bytes[:headLength], 0
	binary.NativeEndian.PutUint32(p.bytes, fieldCount)
	p.text(e.Channel)
	p.text(e.Tool.Server)
	p.text(e.Tool.Name)
	p.text(e.ActionType)
	p.payload(e.Input)
	p.payload(e.Output)
	p.text(e.Error)
	p.text(e.Decision)
	p.text(e.IssuerName)
	p.text(e.IssuerModel)
	p.text(e.OperatorID)
	p.text(e.OperatorName)
	p.text(e.IdempotencyKey)
	p.text(e.CorrelationID)
	p.text(e.AgentID)
	p.text(e.AgentType)
	p.text(e.Model)
	p.payload(e.Usage)
	p.text(e.CaptureMethod)
	p.text(e.Target.System)
	p.text(e.Target.Resource)
	return p, nil
}

func (p *packer) release() {
	if cap(p.bytes) <= largestKept {
		buffers.Put(p)
	}
}

func (p *packer) text(s string) {
	if s == "" {
		p.length(absent)
		return
	}
	p.length(uint32(len(s)))
	p.bytes = append(p.bytes, s...)
}

// payload takes nil for an absent payload, and an empty one for what it is: no JSON.
func (p *packer) payload(json []byte) {
	if json == nil {
		p.length(absent)
		return
	}
	p.length(uint32(len(json)))
	p.bytes = append(p.bytes, json...)
}

func (p *packer) length(length uint32) {
	p.fields++
	binary.NativeEndian.PutUint32(p.bytes[4*p.fields:], length)
}

// length is that of all texts together.
func (e *Event) length() int {
	return len(e.Channel) + len(e.Tool.Server) + len(e.Tool.Name) + len(e.ActionType) +
		len(e.Input) + len(e.Output) + len(e.Error) + len(e.Decision) +
		len(e.IssuerName) + len(e.IssuerModel) + len(e.OperatorID) + len(e.OperatorName) +
		len(e.IdempotencyKey) + len(e.CorrelationID) + len(e.AgentID) + len(e.AgentType) +
		len(e.Model) + len(e.Usage) + len(e.CaptureMethod) + len(e.Target.System) + len(e.Target.Resource)
}
