package auth

import (
	"encoding/json"
	"regexp"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"gateway/internal/finding"
)

// parseDirective reads auth with the matcher before it. A matcher about claims is
// refused: it matches nobody before auth has run, so that auth would never run.
func parseDirective(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	h.Next() // the directive's name
	matcher := *h.Dispenser
	matcher.NextArg()
	early := claimsTooEarly(&matcher) // while the matcher is there: Caddy takes it out
	set, err := h.ExtractMatcherSet()
	if err != nil {
		return nil, err
	}
	if judgesClaims(set) {
		return nil, early
	}
	handler := new(Handler)
	if err := handler.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	return h.NewRoute(set, handler), nil
}

func claimsTooEarly(matcher *caddyfile.Dispenser) error {
	return finding.At(matcher,
		"put it on what comes after auth, such as handle "+matcher.Val()+" { ... }; what every token has to fulfil is require <claim> <op> <value>",
		"%s looks at claims, which nobody has before auth has run, so that auth would be skipped", matcher.Val())
}

// claimCall matches the use of the matcher in an expression.
var claimCall = regexp.MustCompile(`\bclaim\s*\(`)

// judgesClaims tells whether a matcher set looks at claims, also within not and
// expression.
func judgesClaims(set caddy.ModuleMap) bool {
	if _, has := set["claim"]; has {
		return true
	}
	if raw, has := set["expression"]; has && claimCall.Match(raw) {
		return true
	}
	var inner []caddy.ModuleMap
	if json.Unmarshal(set["not"], &inner) != nil {
		return false
	}
	for _, set := range inner {
		if judgesClaims(set) {
			return true
		}
	}
	return false
}
