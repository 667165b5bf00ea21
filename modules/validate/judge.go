package validate

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"gateway/internal/exchange"
	"gateway/internal/problem"
)

// maxBroken bounds what is listed of one broken response.
const maxBroken = 10

// breaks notes that something at a place of the response breaks a rule. Both are words
// of the contract, names of fields and members: never a value.
func (a *answer) breaks(place, rule string) {
	if len(a.broken) == maxBroken {
		a.more++
		return
	}
	a.broken = append(a.broken, place+" "+rule)
}

// breach is a broken response as an error, for logs.
type breach struct {
	status int
	broken []string
	more   int
}

// Error implements error.
func (b *breach) Error() string {
	text := "status " + strconv.Itoa(b.status) + ": " + strings.Join(b.broken, "; ")
	if b.more > 0 {
		text += "; and " + strconv.Itoa(b.more) + " more"
	}
	return text
}

func (a *answer) breach() *breach { return &breach{a.Status, a.broken, a.more} }

// judgeHead compares status and header with the contract. It tells whether the body is
// wanted as well.
func (a *answer) judgeHead() bool {
	switch a.Status {
	case http.StatusSwitchingProtocols:
		a.unchecked = exchange.Upgraded
		return false
	case http.StatusNotModified:
		a.unchecked = exchange.NotModified
		return false
	case http.StatusPartialContent:
		a.unchecked = exchange.Partial
		return false
	}
	declared := a.find(a.Status)
	if declared == nil {
		a.breaks("status", "undeclared")
		return false
	}
	a.judgeFields(declared)
	return len(declared.media) > 0 && !hasNoContent(a.Status) && a.judgeType(declared)
}

// judgeFields checks the header fields that are declared, except those that the
// gateway will set itself.
func (a *answer) judgeFields(declared *response) {
	if len(declared.header) == 0 {
		return
	}
	c := checks.Get().(*check)
	defer c.release()
	c.bounds = &a.settings.bounds
	header := a.Header()
	for _, p := range declared.header {
		if a.x.Owns(p.key) {
			continue
		}
		values := header[p.key]
		if p.key != "Set-Cookie" { // the one field that is no list (RFC 9110 §5.3)
			c.headerValues(p, values)
			continue
		}
		for i := range max(len(values), 1) {
			c.headerValues(p, values[min(i, len(values)):min(i+1, len(values))])
		}
	}
	for i := range c.violations {
		a.breaks(c.violations[i].Parameter, c.violations[i].Rule)
	}
}

// judgeType checks the media type and tells whether the body is wanted.
func (a *answer) judgeType(declared *response) bool {
	header := a.Header()
	fields := header["Content-Type"]
	if a.method == http.MethodHead && len(fields) == 0 {
		a.unchecked = exchange.Head
		return false
	}
	if header.Get("Content-Length") == "0" && a.method != http.MethodHead {
		a.breaks("body", "required")
		return false
	}
	if len(fields) != 1 {
		a.breaks("Content-Type", "required")
		return false
	}
	mediaType := fields[0]
	if a.media = declared.find(mediaType); a.media == nil || strings.Contains(a.media.name, "*") {
		mediaType, _, _ = mime.ParseMediaType(fields[0])
		a.media = declared.find(mediaType)
	}
	if a.media == nil || mediaType == "" {
		a.breaks("Content-Type", "undeclared")
		return false
	}
	a.kind = a.media.kindOf(mediaType)
	return a.wantsBody(mediaType)
}

// wantsBody tells whether the body can be checked, or notes why it cannot.
func (a *answer) wantsBody(mediaType string) bool {
	header := a.Header()
	length, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	var decoded bool
	a.coding, decoded = codingOf(header["Content-Encoding"], codings)
	switch {
	case a.method == http.MethodHead:
		a.unchecked = exchange.Head
	case a.kind == contentOpaque:
	case mediaType == "text/event-stream":
		a.unchecked = exchange.Streamed
	case a.kind == contentForeign:
		a.unchecked = exchange.MediaType
	case !decoded:
		a.unchecked = exchange.Encoded
	case err == nil && length > int64(a.settings.maxBody):
		a.unchecked = exchange.TooLarge
	default:
		a.Expect = int(length) // 0 if it is not said
		return true
	}
	return false
}

// judgeBody compares the body that was kept with the contract.
func (a *answer) judgeBody() {
	switch {
	case a.Overflow:
		a.unchecked = exchange.TooLarge
		return
	case !a.Complete():
		return
	case len(a.Body()) == 0:
		a.breaks("body", "required")
		return
	}
	text := a.Body()
	bound := len(text)
	if a.coding != "" {
		bound = decodedBound(len(text), int64(a.settings.maxBody))
	}
	c := newCheck(bound)
	defer c.release()
	c.bounds, c.version = &a.settings.bounds, a.x.Route.Version
	if a.coding != "" {
		var err error
		if c.decoded, err = a.coding.Decode(c.decoded[:0], text, bound); err == errExpanded {
			a.unchecked = exchange.TooLarge
			return
		} else if err != nil {
			a.breaks("Content-Encoding", "content_coding")
			return
		}
		text = c.decoded
	}
	c.reset()
	if a.kind == contentText {
		c.append(alias(text), kindOfText(alias(text), a.media.schema.kindsOr(typeString), false))
		a.judgeDocument(c.finish())
		return
	}
	c.document.text = alias(text)
	if err := c.scan(c.bounds); err != nil {
		a.illFormed(err)
		return
	}
	a.judgeDocument(c.document)
}

// illFormed notes that the body is not JSON with one reading, or beyond the bounds.
func (a *answer) illFormed(err *syntaxError) {
	switch err.reason {
	case problem.SchemaTooDeep:
		a.unchecked = exchange.TooComplex
	case problem.SchemaDuplicateKey:
		a.breaks("body", "duplicate_key")
	default:
		a.breaks("body", "json")
	}
}

func (a *answer) judgeDocument(d *document) {
	s := a.media.schema
	if s.covered && d.accepted(s.node) {
		return
	}
	failed, err := s.explain(d)
	switch {
	case err == errExhausted:
		a.unchecked = exchange.TooComplex
	case err != nil:
		a.breaks("body", "schema") // nobody knows, so it must not pass
	case failed != nil:
		for _, v := range violations(failed, d.decode(0)) {
			place := v.at
			if place == "" {
				place = "body"
			}
			a.breaks(strings.Clone(place), v.rule) // the text goes back to its pool
		}
	}
}
