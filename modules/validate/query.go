package validate

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"gateway/internal/problem"
)

// pair is one name=value of a query string or form, the name decoded, the value as it
// was sent.
type pair struct{ name, raw string }

// pairs yields the pairs of a query string. Only "&" separates them: ";" is an
// ordinary character (WHATWG URL §5.1), whatever older parsers made of it. ok is
// false for a name that is not valid percent-encoding or not UTF-8.
func pairs(query string, yield func(p pair, ok bool) bool) {
	for query != "" {
		var part string
		part, query, _ = strings.Cut(query, "&")
		if part == "" {
			continue
		}
		name, raw, _ := strings.Cut(part, "=")
		name, ok := decodeText(name)
		if !yield(pair{name, raw}, ok) {
			return
		}
	}
}

// decodeText decodes percent-encoding and "+" as a space. It is false for what is not
// valid, and for bytes that are not UTF-8.
func decodeText(s string) (string, bool) {
	plain, ascii := true, true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%' || c == '+':
			plain = false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	if plain {
		return s, ascii || utf8.ValidString(s)
	}
	decoded := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '+':
			decoded = append(decoded, ' ')
		case '%':
			if i+2 >= len(s) {
				return "", false
			}
			high, ok1 := unhex(s[i+1])
			low, ok2 := unhex(s[i+2])
			if !ok1 || !ok2 {
				return "", false
			}
			decoded = append(decoded, high<<4|low)
			i += 2
		default:
			decoded = append(decoded, c)
		}
	}
	return string(decoded), utf8.Valid(decoded)
}

// maxPairs bounds the pairs of a query string or form: more than any honest client
// sends, and few enough to compare each with each.
const maxPairs = 1000

// unknownPolicy says what becomes of query parameters that the contract does not know.
type unknownPolicy string

const (
	unknownAllow  unknownPolicy = "allow"
	unknownReport unknownPolicy = "report"
	unknownReject unknownPolicy = "reject"
)

// checkQuery reads the query string once and checks what belongs to each parameter.
// It returns the names that no parameter claims if somebody wants them.
func (c *check) checkQuery(ps *parameters, query string, unknown unknownPolicy) (strangers []string) {
	var space [16]claim
	claims, broken := space[:0], false
	count := 0
	pairs(query, func(p pair, ok bool) bool {
		if count++; !ok || count > maxPairs {
			broken = true
			return false
		}
		if owner := ps.claim(p.name); owner != nil {
			claims = append(claims, claim{owner, p})
			return true
		}
		if unknown != unknownAllow {
			strangers = append(strangers, p.name)
		}
		_, ok = decodeText(p.raw)
		broken = !ok
		return ok
	})
	if broken {
		c.violate(problem.SchemaQuery, queryViolation(count))
		return nil
	}
	var found [8]pair
	for _, p := range ps.query {
		occurrences := found[:0]
		for i := range claims {
			if claims[i].owner == p {
				occurrences = append(occurrences, claims[i].pair)
			}
		}
		c.value(problem.SchemaQuery, p, occurrences)
	}
	return strangers
}

// claim is a pair of the query string and the parameter that it belongs to.
type claim struct {
	owner *parameter
	pair
}

func queryViolation(count int) problem.Violation {
	if count > maxPairs {
		return problem.Violation{In: "query", Rule: "count", Expected: maxPairs, Message: fmt.Sprintf("there may be at most %d parameters", maxPairs)}
	}
	return problem.Violation{In: "query", Rule: "encoding", Message: "the query string is not valid percent-encoded UTF-8"}
}

// claim returns the parameter that a name of the query string belongs to, or nil.
func (ps *parameters) claim(name string) *parameter {
	for _, p := range ps.query {
		if p.style == styleDeepObject {
			if len(name) > len(p.name) && name[len(p.name)] == '[' && name[:len(p.name)] == p.name {
				return p
			}
			continue
		}
		if p.name == name && ps.members[name] == nil && !(p.object && p.style == styleForm && p.explode && p.content == contentNone) {
			return p
		}
	}
	if owner := ps.members[name]; owner != nil {
		return owner
	}
	return ps.open
}

// reject refuses query parameters that the contract does not know.
func (c *check) reject(ps *parameters, strangers []string) {
	for _, name := range strangers {
		v := problem.Violation{Parameter: clip(name), In: "query", Rule: "unknown", Message: "is not a parameter that the contract knows"}
		if i := slices.IndexFunc(ps.query, func(p *parameter) bool { return p.name == name }); i >= 0 {
			v.Rule, v.Message, v.Hint = faultStyle.rule, faultStyle.message, ps.query[i].example()
		} else if near := nearest(name, ps.names); near != "" {
			v.Hint = fmt.Sprintf("did you mean %q?", near)
		}
		c.violate(problem.SchemaQuery, v)
	}
}

// clip shortens a name that the client chose.
func clip(name string) string {
	for i := range name {
		if i > maxWord {
			return name[:i] + "…"
		}
	}
	return name
}
