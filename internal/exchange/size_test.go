package exchange

import (
	"testing"
	"unsafe"
)

// TestTheRecordFitsItsSizeClass: each request allocates one, and one of the rest if it
// passes several policies. Objects of more than 512 bytes have a header of their own.
func TestTheRecordFitsItsSizeClass(t *testing.T) {
	t.Parallel()
	if got := unsafe.Sizeof(Exchange{}); got > 512 {
		t.Errorf("the record has %d bytes", got)
	}
	if got := unsafe.Sizeof(more{}); got > 512 {
		t.Errorf("the rest of the record has %d bytes", got)
	}
}
