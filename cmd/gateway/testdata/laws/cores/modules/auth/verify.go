package auth

import (
	_ "net/http"

	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp"
)
