package exchange

import (
	"testing"
	"unsafe"
)

// TestTheRecordFitsItsSizeClass: each request allocates one. The allocator's class of
// 1,024 bytes holds 1,016 and what it notes about them.
func TestTheRecordFitsItsSizeClass(t *testing.T) {
	t.Parallel()
	if got := unsafe.Sizeof(Exchange{}); got > 1016 {
		t.Errorf("the record has %d bytes, and costs as much as one of 1,152", got)
	}
}
