package api

import (
	"encoding/json"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// idleUpstreamConns is how many idle connections per upstream the proxies inside api
// keep, unless the block says otherwise. Caddy's 32 make every twelfth request dial
// anew at 64 concurrent clients.
const idleUpstreamConns = 256

// tuneProxies sets the conventions of the api block on every reverse_proxy directly
// inside it. What the block configures itself is left alone.
func tuneProxies(routes caddyhttp.RouteList) error {
	for _, route := range routes {
		for i, raw := range route.HandlersRaw {
			tuned, err := tuneProxy(raw)
			if err != nil {
				return err
			}
			route.HandlersRaw[i] = tuned
		}
	}
	return nil
}

func tuneProxy(raw json.RawMessage) (json.RawMessage, error) {
	var handler map[string]json.RawMessage
	if err := json.Unmarshal(raw, &handler); err != nil {
		return nil, err
	}
	if string(handler["handler"]) != `"reverse_proxy"` {
		return raw, nil
	}
	transport := map[string]json.RawMessage{"protocol": json.RawMessage(`"http"`)}
	if configured, ok := handler["transport"]; ok {
		if err := json.Unmarshal(configured, &transport); err != nil {
			return nil, err
		}
	}
	if _, configured := transport["keep_alive"]; configured || (string(transport["protocol"]) != `"http"` && string(transport["protocol"]) != `"traced"`) {
		return raw, nil
	}
	var err error
	if transport["keep_alive"], err = json.Marshal(map[string]int{"max_idle_conns_per_host": idleUpstreamConns}); err != nil {
		return nil, err
	}
	if handler["transport"], err = json.Marshal(transport); err != nil {
		return nil, err
	}
	return json.Marshal(handler)
}
