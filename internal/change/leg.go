package change

import (
	"fmt"
	"mime"
	"slices"
	"strconv"
	"strings"

	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// leg carries the messages of one operation across one boundary.
type leg struct {
	older, newer *openapi.Operation
	// request has the programs of request bodies by media type.
	request map[string]*program
	fields  *fieldProgram
	route   *reroute
	// responses are by the status of the older contract.
	responses map[string]map[string]*program
	headers   *program
	// requestTypes and responseTypes, by status, are media types with other names.
	requestTypes  mediaTypes
	responseTypes map[string]mediaTypes
	statuses      []status
	// errors tells that pointers in problem documents have to be carried back.
	errors bool
}

// leg compiles an operation; nil if nothing about it changes.
func (b *boundary) leg(op *openapi.Operation) *leg {
	l := &leg{older: op, newer: b.pairs[op], request: make(map[string]*program), responses: make(map[string]map[string]*program)}
	if l.newer == nil {
		for _, c := range b.changes {
			switch {
			case c.names(op) && c.stays:
				b.begin(op, "moved")
				c.cover[strings.TrimSuffix(b.part, "|")] = true
				c.touches(op)
			case c.names(op):
				b.add(c.operations[0].flaw(fmt.Sprintf("%s has no operation that %s became", b.newer.label(), op.ID), "becomes: <operationId> names it; stays: true if the service still answers it in its old form"))
			}
		}
		return nil
	}
	b.begin(op, "request")
	b.requests(l)
	b.begin(op, "response")
	b.responses(l)
	b.begin(op, "field")
	b.headers(l)
	b.begin(op, "parameter")
	l.fields = b.fields(l)
	b.begin(op, "status")
	l.route = b.reroute(l)
	for _, c := range b.changes {
		if c.names(op) {
			l.statuses = append(l.statuses, c.statuses...)
			for _, s := range c.statuses {
				b.mark(c, strconv.Itoa(s.from))
			}
			if c.becomes != nil {
				b.begin(op, "moved")
				c.cover[strings.TrimSuffix(b.part, "|")] = true
			}
			if len(c.statuses) > 0 || c.becomes != nil {
				c.touches(op)
			}
		}
	}
	b.moved(l)
	l.errors = len(l.request) > 0 || l.fields != nil
	if len(l.request)+len(l.responses)+len(l.statuses)+len(l.requestTypes.newer)+len(l.responseTypes) == 0 && l.fields == nil && l.route == nil && l.headers == nil {
		return nil
	}
	return l
}

// isJSON tells media types of JSON (RFC 6839 §3.1).
func isJSON(mediaType string) bool {
	return mediaType == "application/json" || mediaType == "text/json" || strings.HasSuffix(mediaType, "+json")
}

// requests compiles the request bodies.
func (b *boundary) requests(l *leg) {
	own := func(c *Change) []step { return c.request }
	if l.older.Body == nil {
		b.bodyless(l.older, own, "takes no body")
		return
	}
	if l.newer.Body != nil {
		l.requestTypes = b.pairMedia(l.older.Body.Content, l.newer.Body.Content)
	}
	for _, m := range l.older.Body.Content {
		if p := b.media(l.older, m, own, "request"); p != nil {
			l.request[m.Type] = p.program
			if l.newer.Body != nil {
				b.compare(p, b.newerMedia(l.newer.Body.Content, m.Type))
			}
		}
	}
}

// bodyless reports steps for a body that there is none of.
func (b *boundary) bodyless(op *openapi.Operation, own func(*Change) []step, what string) {
	for _, c := range b.changes {
		if steps := own(c); len(steps) > 0 && c.names(op) {
			b.add(steps[0].where().flaw(fmt.Sprintf("%s %s in %s", op.ID, what, b.older.label()), ""))
		}
	}
}

// newerMedia is the schema that the newer contract has for a media type.
func (b *boundary) newerMedia(content []openapi.Media, mediaType string) openapi.Schema {
	for _, m := range content {
		if m.Type == mediaType {
			return m.Schema
		}
	}
	for _, m := range content {
		if isJSON(m.Type) {
			return m.Schema
		}
	}
	return ""
}

// media compiles one body of one media type. What is no JSON cannot be changed.
func (b *boundary) media(op *openapi.Operation, m openapi.Media, own func(*Change) []step, what string) *compiled {
	var by *Change
	for _, c := range b.changes {
		if b.relevant(c, m.Schema) || len(own(c)) > 0 && c.names(op) {
			by = c
			break
		}
	}
	switch {
	case by == nil:
		return nil
	case isJSON(m.Type), strings.Contains(m.Type, "*"):
		root := b.old.sketch(m.Schema)
		b.hidden(op, root, what)
		p := b.body(op, root, m.Schema, own)
		if p == nil {
			return nil
		}
		return &compiled{p, root}
	}
	at := word{"description", finding.Position(by.Source)}
	b.add(at.flaw(fmt.Sprintf("the change would touch a %s of %s as %s, and only JSON can be changed", what, op.ID, m.Type),
		"name the operations that the change is about, or offer this one in the new version only"))
	return nil
}

// compiled is a program with what the body looks like after all changes.
type compiled struct {
	*program
	after *shape
}

// responses compiles the bodies of responses, by the status in the older contract.
func (b *boundary) responses(l *leg) {
	for _, status := range l.older.Statuses() {
		if newer, ok := l.newer.Responses[b.became(l.older, status)]; ok {
			if t := b.pairMedia(l.older.Responses[status].Content, newer.Content); t.newer != nil {
				if l.responseTypes == nil {
					l.responseTypes = make(map[string]mediaTypes)
				}
				l.responseTypes[status] = t
			}
		}
		own := func(c *Change) []step { return c.response[c.named(status)] }
		for _, m := range l.older.Responses[status].Content {
			p := b.media(l.older, m, own, "response")
			if p == nil {
				continue
			}
			if l.responses[status] == nil {
				l.responses[status] = make(map[string]*program)
			}
			l.responses[status][m.Type] = p.program
			if newer, ok := l.newer.Responses[b.became(l.older, status)]; ok {
				b.compare(p, b.newerMedia(newer.Content, m.Type))
			}
		}
	}
	for _, c := range b.changes {
		for _, name := range sortedNames(c.response) {
			if steps := c.response[name]; c.names(l.older) && len(steps) > 0 && !l.has(name) {
				b.add(steps[0].where().flaw(fmt.Sprintf("%s has no response %s with JSON in %s", l.older.ID, name, b.older.label()), nearest(name, l.older.Statuses())))
			}
		}
	}
}

// has tells whether steps under a status have a response to work on.
func (l *leg) has(name string) bool {
	return slices.ContainsFunc(l.older.Statuses(), func(status string) bool {
		return status == name || strings.HasSuffix(name, "XX") && status[0] == name[0]
	})
}

// named is the member of response under which the steps for a status stand.
func (c *Change) named(status string) string {
	if _, ok := c.response[status]; ok || status == "default" {
		return status
	}
	return status[:1] + "XX"
}

// became is the status in the newer contract.
func (b *boundary) became(op *openapi.Operation, status string) string {
	for _, c := range b.changes {
		if c.names(op) {
			for _, s := range c.statuses {
				if strconv.Itoa(s.from) == status {
					status = strconv.Itoa(s.to)
				}
			}
		}
	}
	return status
}

// headers compiles the changes of response header fields.
func (b *boundary) headers(l *leg) {
	root := &shape{kinds: 1 << kindObject}
	for _, status := range l.older.Statuses() {
		for _, h := range l.older.Responses[status].Headers {
			root.set(canonicalField(h.Name), slot{shape: &shape{kinds: 1 << kindString}})
		}
	}
	if len(root.members) == 0 {
		root.unknown = true // nothing is declared, so anything may be there
	}
	l.headers = b.body(l.older, root, "", func(c *Change) []step { return c.headers })
}

// moved refuses what the pairing of operations cannot do.
func (b *boundary) moved(l *leg) {
	was, is := l.older.Body != nil, l.newer.Body != nil
	for _, c := range b.changes {
		if c.stays && c.names(l.older) {
			b.add(c.operations[0].flaw(fmt.Sprintf("%s is in %s, so it cannot stay as it is", l.older.ID, b.newer.label()), "remove stays"))
		}
		if c.becomes != nil && c.names(l.older) && was && !is {
			b.add(c.becomes.flaw(fmt.Sprintf("%s takes a body, and %s takes none", l.older.ID, l.newer.ID), ""))
		}
	}
}

// mediaType cuts the parameters off a Content-Type.
func mediaType(field string) string {
	if name, _, err := mime.ParseMediaType(field); err == nil {
		return name
	}
	name, _, _ := strings.Cut(field, ";")
	return strings.ToLower(strings.TrimSpace(name))
}
