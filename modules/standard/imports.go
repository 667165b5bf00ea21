// Package standard imports every module of the gateway, for the binary and for
// tests that need the whole of it.
package standard

import (
	_ "gateway/modules/api"
	_ "gateway/modules/auth"
	_ "gateway/modules/canary"
	_ "gateway/modules/dev"
	_ "gateway/modules/diff"
	_ "gateway/modules/docs"
	_ "gateway/modules/generate"
	_ "gateway/modules/order"
	_ "gateway/modules/problem"
	_ "gateway/modules/ratelimit"
	_ "gateway/modules/rules"
	_ "gateway/modules/strict"
	_ "gateway/modules/tail"
	_ "gateway/modules/test"
	_ "gateway/modules/validate"
	_ "gateway/modules/versioning"
)
