//go:build amd64 || arm64

package prefetch

import "unsafe"

// Line fetches the cache line at p, without waiting for it. Nothing is read, so any
// address will do, and others may write to it meanwhile.
//
//go:noescape
func Line(p unsafe.Pointer)
