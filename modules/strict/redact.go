package strict

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/caddyserver/caddy/v2/caddyconfig"

	"gateway/internal/finding"
)

// tokenSource is an entry of auth's "token_from", as far as logs are concerned.
type tokenSource struct{ in, name, source string }

// hideTokens puts a filter before the encoder of every log if tokens come in places
// that Caddy writes into its logs: the address, WebSocket subprotocols, fields of
// other names than Authorization and Cookie. A configuration without such places is
// returned as it is. Tokens in addresses are warned about besides.
func hideTokens(config []byte) ([]byte, []caddyconfig.Warning, error) {
	if !bytes.Contains(config, []byte(`"token_from"`)) && !bytes.Contains(config, []byte(`"api_keys"`)) {
		return config, nil, nil
	}
	var tree map[string]any
	d := json.NewDecoder(bytes.NewReader(config))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return nil, nil, fmt.Errorf("decoding the adapted config: %w", err)
	}
	sources := tokenSources(tree["apps"], nil)
	slices.SortFunc(sources, func(a, b tokenSource) int { // the walk has no order
		return slices.Compare([]string{a.source, a.in, a.name}, []string{b.source, b.in, b.name})
	})
	fields := filters(sources)
	if len(fields) == 0 {
		return config, nil, nil
	}
	logs := member(member(tree, "logging"), "logs")
	member(logs, "default")
	for _, log := range logs {
		if log, ok := log.(map[string]any); ok {
			encoder := map[string]any{"format": "filter", "fields": fields}
			if before, has := log["encoder"]; has {
				encoder["wrap"] = before
			}
			log["encoder"] = encoder
		}
	}
	hidden, err := json.Marshal(tree)
	return hidden, warnings(sources), err
}

// member returns an object within an object, which is made if it is not there.
func member(object map[string]any, name string) map[string]any {
	inner, ok := object[name].(map[string]any)
	if !ok {
		inner = map[string]any{}
		object[name] = inner
	}
	return inner
}

// tokenSources collects the entries of all "token_from" in a JSON tree, and the
// fields of API keys.
func tokenSources(tree any, list []tokenSource) []tokenSource {
	switch node := tree.(type) {
	case []any:
		for _, item := range node {
			list = tokenSources(item, list)
		}
	case map[string]any:
		source, _ := node["source"].(string)
		entries, _ := node["token_from"].([]any)
		for _, entry := range entries {
			if entry, ok := entry.(map[string]any); ok {
				in, _ := entry["in"].(string)
				name, _ := entry["name"].(string)
				list = append(list, tokenSource{in, name, source})
			}
		}
		if keys, ok := node["api_keys"].(map[string]any); ok {
			name, _ := keys["field"].(string)
			if name == "" {
				name = "X-Api-Key" // the default of auth
			}
			list = append(list, tokenSource{"header", name, source})
		}
		for _, inner := range node {
			list = tokenSources(inner, list)
		}
	}
	return list
}

// filters returns the fields of Caddy's filter encoder that hide the sources.
func filters(sources []tokenSource) map[string]any {
	fields := map[string]any{}
	remove := map[string]any{"filter": "delete"}
	var actions []any
	for _, s := range sources {
		switch {
		case s.in == "query":
			actions = append(actions, map[string]any{"type": "replace", "parameter": s.name, "value": "REDACTED"})
		case s.in == "websocket":
			fields["request>headers>Sec-Websocket-Protocol"] = remove
		case s.in == "header" && s.name != "":
			fields["request>headers>"+http.CanonicalHeaderKey(s.name)] = remove
		}
	}
	if actions != nil {
		fields["request>uri"] = map[string]any{"filter": "query", "actions": actions}
		fields["request>headers>Referer"] = map[string]any{"filter": "query", "actions": actions}
	}
	return fields
}

// warnings tells of the tokens in addresses.
func warnings(sources []tokenSource) (list []caddyconfig.Warning) {
	for _, s := range sources {
		if s.in == "query" {
			at := finding.ParseSource(s.source)
			list = append(list, caddyconfig.Warning{
				File: at.File, Line: at.Line, Directive: "auth",
				Message: "auth accepts tokens in the query: addresses end up in histories, Referer fields and the logs of others; prefer a header or a cookie",
			})
		}
	}
	return list
}
