// Package standard imports every module of the gateway, for the binary and for
// tests that need the whole of it.
package standard

import (
	_ "gateway/modules/api"
	_ "gateway/modules/order"
	_ "gateway/modules/problem"
)
