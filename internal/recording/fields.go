package recording

import (
	"net/http"
	"strings"

	"gateway/internal/exchange"
)

// field is a header field by reference. Caddy's header directives replace text within
// the slices that they find, so the first value is kept apart; more are copied.
type field struct {
	name  string
	first string
	more  []string
}

// take appends the fields of a header, and returns how many there is no room for.
func take(fields []field, header http.Header) (taken []field, left int) {
	for name, values := range header {
		if name == exchange.RequestIDHeader || len(values) == 0 {
			continue
		}
		if len(fields) == maxFields {
			left++
			continue
		}
		fields = append(fields, fieldOf(name, values))
	}
	return fields, left
}

func fieldOf(name string, values []string) field {
	f := field{name: name, first: values[0]}
	if len(values) > 1 {
		f.more = append(f.more, values[1:min(len(values), maxFields)]...)
	}
	return f
}

// same tells whether the field has these values. Texts that nobody has replaced are
// equal by their address, which is found out at once.
func (f *field) same(values []string) bool {
	if len(values) == 0 || values[0] != f.first {
		return false
	}
	if len(values) == 1 {
		return len(f.more) == 0
	}
	if min(len(values), maxFields)-1 != len(f.more) {
		return false
	}
	for i, value := range f.more {
		if values[i+1] != value {
			return false
		}
	}
	return true
}

func (f *field) text() string {
	if len(f.more) == 0 {
		return f.first
	}
	return f.first + ", " + strings.Join(f.more, ", ")
}

// cut shortens the values, so that the field keeps nothing long alive. It returns how
// many bytes it takes up.
func (f *field) cut() int64 {
	f.name, f.first = shorten(f.name, maxValue), shorten(f.first, maxValue)
	size := len(f.name) + len(f.first) + fieldSize
	for i, value := range f.more {
		f.more[i] = shorten(value, maxValue)
		size += len(f.more[i]) + fieldSize
	}
	return int64(size)
}

// fieldSize is what a field takes up beside its texts, in bytes.
const fieldSize = 56

// shorten cuts a text, one byte longer than the bound, so that whoever shows it can tell.
func shorten(text string, bound int) string {
	if len(text) <= bound {
		return text
	}
	return strings.Clone(text[:bound+1])
}

// compare notes what has changed of the request's header since the step before. Most
// steps only look at it: after them the number of fields has to do.
func (c *capture) compare(header http.Header) {
	id := 0
	if _, ok := header[exchange.RequestIDHeader]; ok {
		id = 1 // the gateway's own, on every request
	}
	if c.looks() && len(header) == len(c.now)+id {
		return
	}
	for i := 0; i < len(c.now); i++ {
		f := &c.now[i]
		values := header[f.name]
		if f.same(values) {
			continue
		}
		before := f.text()
		if len(values) == 0 {
			c.note(exchange.RequestHeader, f.name, before, "")
			last := len(c.now) - 1
			c.now[i], c.now[last] = c.now[last], field{} // which keeps nothing alive
			c.now = c.now[:last]
			i--
			continue
		}
		*f = fieldOf(f.name, values)
		c.note(exchange.RequestHeader, f.name, before, f.text())
	}
	if len(header) == len(c.now)+id || c.left > 0 {
		return // nothing was added; beyond the bound that cannot be told
	}
	for name, values := range header {
		if name == exchange.RequestIDHeader || len(values) == 0 || len(c.now) == maxFields || c.has(name) {
			continue
		}
		c.now = append(c.now, fieldOf(name, values))
		c.note(exchange.RequestHeader, name, "", c.now[len(c.now)-1].text())
	}
}

// looks tells whether the last step replaces no values of the request's header.
func (c *capture) looks() bool {
	decisions := c.x.Decisions()
	if len(decisions) == 0 || c.after {
		return false
	}
	switch decisions[len(decisions)-1].Policy {
	case exchange.RateLimit, exchange.Validate:
		return true
	}
	return false
}

func (c *capture) has(name string) bool {
	for i := range c.now {
		if c.now[i].name == name {
			return true
		}
	}
	return false
}
