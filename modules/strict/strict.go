// Package strict is the Caddyfile adapter "gateway": Caddy's own, behind checks that
// refuse what Caddy would accept with a different meaning than the file shows.
//
// It also sees to it that the adapter is used: by every command that loads a
// Caddyfile, whatever its --adapter flag says, and by POST /load and /adapt of the
// admin API.
package strict

import (
	"github.com/caddyserver/caddy/v2/caddyconfig"

	"gateway/internal/loads"
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
	file := nameOf(given)
	r := read(file, body, options)
	if r.Err == nil {
		loads.Process().Propose(r.Candidate(file))
	}
	return r.Config, r.Warnings, r.Err
}

var _ caddyconfig.Adapter = Adapter{}
