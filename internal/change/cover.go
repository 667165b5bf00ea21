package change

import (
	"slices"
	"strconv"
	"strings"

	"gateway/internal/openapi"
)

// Break is a difference between two versions that breaks clients.
type Break struct {
	// Operation is its method and path, without a version in front: "GET /orders".
	Operation string
	// Request and Response tell which messages break.
	Request, Response bool
	// Older and Newer are its places in the contracts, JSON Pointers, "" for none.
	Older, Newer string
	// Parameter, Field, Member and Status name what breaks, "" and 0 for nothing of that
	// kind.
	Parameter, Field, Member string
	Status                   int
	// Gone tells that the operation is not there any more.
	Gone bool
}

// Covering returns the change that carries the clients of an operation over a break, nil
// if none does. It is for plans of two versions.
func (p *Plan) Covering(b Break) *Change {
	for _, c := range p.changes {
		if c.covers(b) {
			return c
		}
	}
	return nil
}

func (c *Change) covers(b Break) bool {
	at := func(parts ...string) bool { return c.cover[b.Operation+"|"+strings.Join(parts, "|")] }
	switch {
	case b.Gone:
		return at("moved")
	case b.Status != 0:
		return at("status", strconv.Itoa(b.Status))
	case b.Parameter != "" && at("parameter", b.Parameter),
		b.Field != "" && at("field", canonicalField(b.Field)):
		return true
	}
	for _, side := range b.sides() {
		for _, place := range []string{b.Older, b.Newer} {
			for ; place != ""; place = place[:strings.LastIndexByte(place, '/')] {
				if at(side, place) {
					return true
				}
			}
		}
		if b.Member != "" && at(side, "member", b.Member) {
			return true
		}
	}
	return false
}

func (b *Break) sides() (list []string) {
	if b.Request {
		list = append(list, "request")
	}
	if b.Response {
		list = append(list, "response")
	}
	return list
}

// begin says which part of which operation is compiled from now on.
func (b *boundary) begin(op *openapi.Operation, side string) {
	b.part = op.Method + " " + b.older.template(op) + "|" + side + "|"
}

// mark notes that a change carries clients over what is different at a place.
func (b *boundary) mark(c *Change, place string) {
	if place != "" {
		c.cover[b.part+place] = true
	}
}

// markPlaces notes what a step of a change speaks of.
func (b *boundary) markPlaces(c *Change, t *shape, places []place) {
	for _, p := range places {
		for _, s := range t.reach(p.tokens, false) {
			b.mark(c, s.place)
		}
	}
}

// markNames notes the names of what a step speaks of: of parameters and fields, which may
// stand somewhere else, and of members, which lists such as "required" have.
func (b *boundary) markNames(c *Change, s step) {
	for _, p := range slices.Concat(s.older(), s.newer()) {
		if len(p.tokens) == 0 {
			continue
		}
		name := p.tokens[len(p.tokens)-1]
		switch {
		case strings.HasSuffix(b.part, "|parameter|"), strings.HasSuffix(b.part, "|field|"):
			b.mark(c, name)
		default:
			b.mark(c, "member|"+name)
		}
	}
}
