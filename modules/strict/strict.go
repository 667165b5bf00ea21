// Package strict is the Caddyfile adapter "gateway": Caddy's own, behind checks that
// refuse what Caddy would accept with a different meaning than the file shows.
//
// It also sees to it that the adapter is used: by every command that loads a
// Caddyfile, whatever its --adapter flag says, and by POST /load and /adapt of the
// admin API.
package strict

import (
	"cmp"
	"maps"
	"os"

	"github.com/caddyserver/caddy/v2/caddyconfig"
)

func init() {
	caddyconfig.RegisterAdapter(adapterName, Adapter{})
}

// adapterName is the adapter's name, stockName that of the one it wraps.
const (
	adapterName = "gateway"
	stockName   = "caddyfile"
)

// Names of sources that are no files.
const (
	standardInput = "stdin"
	requestBody   = "request-body"
)

// Adapter adapts Caddyfiles to Caddy's JSON. Its errors are findings, all that can be
// told at once.
type Adapter struct{}

// Adapt implements caddyconfig.Adapter.
func (Adapter) Adapt(body []byte, options map[string]any) ([]byte, []caddyconfig.Warning, error) {
	given, _ := options["filename"].(string)
	file := cmp.Or(given, requestBody)
	if file == "-" {
		file = standardInput
	}
	options = maps.Clone(options)
	if options == nil {
		options = map[string]any{}
	}
	options["filename"] = file

	checks := newChecker(os.LookupEnv, os.ReadFile)
	checks.check(file, string(body))
	if err := checks.found.Err(); err != nil {
		return watched.orLast(file, nil, nil, err)
	}
	config, warnings, found := (&stock{checks: checks, file: file, options: options}).adapt(body)
	if err := found.Err(); err != nil {
		return watched.orLast(file, config, warnings, err)
	}
	config, more, err := hideTokens(config)
	return watched.orLast(file, config, append(warnings, more...), err)
}

var _ caddyconfig.Adapter = Adapter{}
