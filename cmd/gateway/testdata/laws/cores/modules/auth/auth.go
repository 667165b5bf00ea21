package auth

import _ "github.com/caddyserver/caddy/v2"
