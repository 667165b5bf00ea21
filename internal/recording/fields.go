package recording

import (
	"net/http"
	"slices"
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

// text joins the values, as far as anybody will see them.
func (f *field) text() string {
	if len(f.more) == 0 {
		return f.first
	}
	var b strings.Builder
	b.WriteString(shorten(f.first, maxValue))
	for _, value := range f.more {
		if b.Len() > maxValue {
			break
		}
		b.WriteString(", " + shorten(value, maxValue))
	}
	return b.String()
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
	if c.looks() && len(header) == len(c.known())+id {
		return
	}
	for i := 0; i < len(c.known()); i++ {
		values := header[c.known()[i].name]
		if c.known()[i].same(values) {
			continue
		}
		c.part()
		f := &c.now[i]
		name, before := f.name, f.text()
		if len(values) == 0 {
			last := len(c.now) - 1
			c.now[i], c.now[last] = c.now[last], field{} // which keeps nothing alive
			c.now = c.now[:last]
			c.note(exchange.RequestHeader, name, before, "")
			i--
			continue
		}
		*f = fieldOf(name, values)
		c.note(exchange.RequestHeader, name, before, f.text())
	}
	if len(header) == len(c.known())+id || c.left > 0 {
		return // nothing was added; beyond the bound that cannot be told
	}
	for name, values := range header {
		if name == exchange.RequestIDHeader || len(values) == 0 || len(c.known()) == maxFields || c.has(name) {
			continue
		}
		c.part()
		c.now = append(c.now, fieldOf(name, values))
		c.note(exchange.RequestHeader, name, "", c.now[len(c.now)-1].text())
	}
}

// known are the fields as the last step left them.
func (c *capture) known() []field {
	if c.parted {
		return c.now
	}
	return c.client
}

// part makes room for fields that differ from the client's. Most requests have none.
func (c *capture) part() {
	if !c.parted {
		c.now, c.parted = append(c.now[:0], c.client...), true
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
	return slices.ContainsFunc(c.known(), func(f field) bool { return f.name == name })
}
