package exchange

import (
	_ "gateway/cmd/gateway"
	_ "gateway/modules/auth"
)
