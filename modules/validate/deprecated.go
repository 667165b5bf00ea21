package validate

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"gateway/internal/exchange"
	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// deprecatedField lists on a response what the request used of the contract that is
// deprecated: a List of Tokens with a name each (RFC 9651 §3.1). The registered field
// Deprecation (RFC 9745) speaks of whole resources, and needs a date.
const deprecatedField = "Gateway-Deprecated"

// deprecatedExtension is where a contract has the date of a deprecated operation.
const deprecatedExtension = "x-deprecated"

// deprecated is what of an operation is deprecated.
type deprecated struct {
	operation []string // the value of deprecatedField for the operation alone, or nil
	date      []string // the value of Deprecation, or nil
	// parameters are those that are deprecated; items is what they are called.
	parameters []*parameter
	items      []string
	all        *parameters
}

// newDeprecated is nil for an operation of which nothing is deprecated.
func newDeprecated(op *openapi.Operation, ps *parameters) (*deprecated, error) {
	d := &deprecated{all: ps}
	date, dated := op.Extensions[deprecatedExtension]
	if dated {
		value, err := deprecationDate(date)
		if err != nil {
			return nil, &finding.Error{
				Message: fmt.Sprintf("%s of %s is not a date", deprecatedExtension, op.ID), At: finding.Position(op.Source), Hint: "such as 2026-12-01, in quotes",
			}
		}
		if !op.Deprecated {
			return nil, &finding.Error{
				Message: fmt.Sprintf("%s has a date of deprecation, but is not deprecated", op.ID), At: finding.Position(op.Source), Hint: "add deprecated: true",
			}
		}
		d.date = []string{value}
	}
	if op.Deprecated {
		d.operation = []string{item("operation", "id", op.ID)}
	}
	for _, list := range [][]*parameter{ps.path, ps.query, ps.header, ps.cookie} {
		for _, p := range list {
			if p.deprecated {
				d.parameters, d.items = append(d.parameters, p), append(d.items, item(p.in, "name", p.name))
			}
		}
	}
	if d.operation == nil && d.parameters == nil {
		return nil, nil
	}
	return d, nil
}

// deprecationDate writes a date as a Date of RFC 9651 §3.3.7 (RFC 9745 §2.1).
func deprecationDate(v any) (string, error) {
	text, _ := v.(string)
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return "@" + strconv.FormatInt(t.Unix(), 10), nil
		}
	}
	return "", strconv.ErrSyntax
}

// item writes a Token with a String (RFC 9651 §3.3.3). What a String cannot hold is
// percent-encoded.
func item(token, key, text string) string {
	var b strings.Builder
	b.WriteString(token + ";" + key + `="`)
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + `"`
}

// mark says on the response and in the record what the request used.
func (d *deprecated) mark(x *exchange.Exchange, r *http.Request) {
	fields := d.operation
	if fields != nil {
		x.Deprecated |= exchange.DeprecatedOperation
	}
	if d.parameters != nil {
		if used := d.used(r); used != nil {
			x.Deprecated |= exchange.DeprecatedParameter
			fields = append(slices.Clip(fields), strings.Join(used, ", "))
		}
	}
	if fields != nil {
		x.OwnHeader(deprecatedField, fields)
	}
	if d.date != nil && !x.Owns("Deprecation") { // the date of the version includes it
		x.OwnHeader("Deprecation", d.date)
	}
}

// used returns what the deprecated parameters are called that a request has.
func (d *deprecated) used(r *http.Request) (items []string) {
	var claimed []*parameter
	if r.URL.RawQuery != "" {
		count := 0
		pairs(r.URL.RawQuery, func(p pair, ok bool) bool {
			if owner := d.all.claim(p.name); ok && owner != nil && owner.deprecated {
				claimed = append(claimed, owner)
			}
			count++
			return ok && count < maxPairs
		})
	}
	for i, p := range d.parameters {
		present := p.in == "path"
		switch p.in {
		case "query":
			present = slices.Contains(claimed, p)
		case "header":
			present = len(r.Header[p.key]) > 0
		case "cookie":
			present = len(cookies(r.Header["Cookie"], p.name)) > 0
		}
		if present {
			items = append(items, d.items[i])
		}
	}
	return items
}
