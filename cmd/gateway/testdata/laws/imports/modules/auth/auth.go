package auth

import (
	_ "github.com/lestrrat-go/jwx/v2/jwt"

	_ "gateway/internal/exchange"
	_ "gateway/modules/api"
	_ "gateway/modules/ratelimit"
)
