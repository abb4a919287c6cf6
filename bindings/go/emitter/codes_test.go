package emitter

import (
	"maps"
	"os"
	"strconv"
	"strings"
	"testing"
)

// Every language proves that it knows every number.
func TestTheNumbersAreThoseOfTheLibrary(t *testing.T) {
	list, err := os.ReadFile("../../../ffi/error-codes.txt")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]Code{}
	for line := range strings.Lines(string(list)) {
		words := strings.Fields(line)
		if len(words) != 3 || strings.HasPrefix(line, "#") || words[2] == "retired" {
			continue
		}
		number, err := strconv.Atoi(words[0])
		if err != nil {
			t.Fatal(line)
		}
		listed[words[1]] = Code(number)
	}
	if len(listed) < 30 || !maps.Equal(listed, Codes()) {
		t.Errorf("the list has %v\nthe package has %v", listed, Codes())
	}
	for name, code := range listed {
		if code.String() != name {
			t.Errorf("%d is called %q, want %q", code, code, name)
		}
	}
	if Code(12345).String() != "code 12345" {
		t.Error(Code(12345))
	}
}

func TestTheConstantsAreThoseOfTheLibrary(t *testing.T) {
	if libraryMaxFrame != MaxFrameSize || libraryFields != fieldCount || libraryFrameVersion() != SupportedFrameVersion {
		t.Errorf("%d bytes, %d fields, version %s", libraryMaxFrame, libraryFields, libraryFrameVersion())
	}
	if DaemonProtocolMin != 1 || DaemonProtocolMax != 1 || SupportedFrameVersion != "1" {
		t.Error("another protocol needs more than another constant")
	}
}
