package auth

import (
	"errors"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"gateway/internal/finding"
)

// parseRequire reads a rule about a claim.
func (h *Handler) parseRequire(d *caddyfile.Dispenser) error {
	place := *d
	q, err := requirementOf(&place, d.RemainingArgs())
	if err != nil {
		return err
	}
	h.Require = append(h.Require, *q)
	return nil
}

// requirementOf makes a rule of <claim> <op> [<value...>] and checks it.
func requirementOf(place *caddyfile.Dispenser, list []string) (*Requirement, error) {
	if len(list) < 2 {
		return nil, finding.At(place, "such as roles contains admin, or level gte 3", "a rule has a claim, an operator and the values to compare with")
	}
	q := &Requirement{Claim: list[0], Op: list[1], Values: list[2:]}
	if _, err := q.compile(); err != nil {
		return nil, pointAt(place, q.Op, err)
	}
	return q, nil
}

// pointAt gives a complaint the place of a word on the current line.
func pointAt(d *caddyfile.Dispenser, word string, err error) error {
	c, ok := errors.AsType[*complaint](err)
	if !ok {
		return err
	}
	found := finding.At(d, c.hint, "%s", c.message)
	found.Word = word
	return found
}

// parseExpression reads a rule in CEL.
func (h *Handler) parseExpression(d *caddyfile.Dispenser) error {
	option := *d
	text, err := argument(d, "expression `claims.level >= 3`, in backquotes")
	if err != nil {
		return err
	}
	if _, err := newClaimRules(nil, []string{text}); err != nil {
		return pointAt(&option, "expression", err)
	}
	h.Expressions = append(h.Expressions, text)
	return nil
}
