package auth

import (
	"errors"
	"net/http"
	"reflect"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types/ref"
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/finding"
)

func init() {
	caddy.RegisterModule(MatchClaim{})
}

// MatchClaim matches requests by the claims of the caller that auth has verified. It
// matches nobody before auth has run, and nobody who came without a token.
type MatchClaim struct {
	// Require are rules about claims, all of which have to hold. Required.
	Require []Requirement `json:"require,omitempty"`

	conditions []*condition
}

// CaddyModule implements caddy.Module.
func (MatchClaim) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.matchers.claim", New: func() caddy.Module { return new(MatchClaim) }}
}

// Provision implements caddy.Provisioner.
func (m *MatchClaim) Provision(caddy.Context) (err error) {
	if len(m.Require) == 0 {
		return errors.New("the matcher claim has no rule, so it would match every caller")
	}
	m.conditions, err = compileAll(m.Require)
	return err
}

// MatchWithError implements caddyhttp.RequestMatcherWithError.
func (m *MatchClaim) MatchWithError(r *http.Request) (bool, error) {
	x := exchange.From(r)
	if x == nil {
		return false, nil
	}
	who, ok := x.Identity.(claimant)
	return ok && allMet(m.conditions, who), nil
}

// UnmarshalCaddyfile sets up the matcher from Caddyfile tokens. Syntax:
//
//	claim <claim> <op> [<value...>]
//	claim {
//		<claim> <op> [<value...>]
//	}
//
// The operators are those of the option require of auth.
func (m *MatchClaim) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	for d.Next() { // lines of one matcher block are merged
		place := *d
		before := len(m.Require)
		if list := d.RemainingArgs(); len(list) > 0 {
			q, err := requirementOf(&place, list)
			if err != nil {
				return err
			}
			m.Require = append(m.Require, *q)
		}
		for nesting := d.Nesting(); d.NextBlock(nesting); {
			line := *d
			q, err := requirementOf(&line, append([]string{d.Val()}, d.RemainingArgs()...))
			if err != nil {
				return err
			}
			m.Require = append(m.Require, *q)
		}
		if len(m.Require) == before {
			return finding.At(&place, "such as claim roles contains admin", "the matcher claim has no rule")
		}
	}
	return nil
}

// CELLibrary lets Caddy's matcher expression use claim('roles', 'contains', 'admin').
func (MatchClaim) CELLibrary(caddy.Context) (cel.Library, error) {
	return caddyhttp.CELMatcherImpl("claim", "claim_request_list", []*cel.Type{cel.ListType(cel.StringType)},
		func(data ref.Val) (caddyhttp.RequestMatcherWithError, error) {
			native, err := data.ConvertToNative(reflect.TypeFor[[]string]())
			if err != nil {
				return nil, err
			}
			list := native.([]string)
			if len(list) < 2 {
				return nil, errors.New("claim takes a claim, an operator and the values to compare with")
			}
			m := &MatchClaim{Require: []Requirement{{Claim: list[0], Op: list[1], Values: list[2:]}}}
			return m, m.Provision(caddy.Context{})
		})
}

var (
	_ caddy.Provisioner                 = (*MatchClaim)(nil)
	_ caddyhttp.RequestMatcherWithError = (*MatchClaim)(nil)
	_ caddyfile.Unmarshaler             = (*MatchClaim)(nil)
	_ caddyhttp.CELLibraryProducer      = MatchClaim{}
)
