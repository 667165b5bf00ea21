// Command gateway is Caddy with the gateway's modules compiled in.
//
// To add a module, import it here and give its directive a place in modules/order.
package main

import (
	_ "time/tzdata"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "gateway/modules/standard"
)

func main() {
	caddycmd.Main()
}
