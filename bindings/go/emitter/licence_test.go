package emitter

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// A module is what stands below its go.mod: whoever gets it gets no file from above.
func TestTheModuleHoldsTheProjectsLicences(t *testing.T) {
	for _, name := range []string{"LICENSE-MIT", "LICENSE-APACHE"} {
		ours, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		project, err := os.ReadFile(filepath.Join("..", "..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(ours, project) {
			t.Errorf("%s is not the project's", name)
		}
	}
}
