//go:build !cgo

package emitter

// The package calls a C library, and there is no second implementation of it in Go. This line makes the compiler say what to do.
var _ = build_with_CGO_ENABLED_1_and_a_C_compiler
