package change

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gateway/internal/openapi"
)

// Carrier carries the messages of one operation between an older version and the newest.
// It never changes and is safe for concurrent use.
type Carrier struct {
	older, target *openapi.Operation
	legs          []*leg
	onRequest     bool
	onResponse    bool
	renames       bool     // media types of responses have other names
	onHeader      bool     // header fields of requests may change
	variables     []string // of the older path
}

// settle finds out what the carrier has to look at.
func (c *Carrier) settle() {
	c.variables, _ = openapi.Variables(c.older.Template)
	for _, l := range c.legs {
		c.onRequest = c.onRequest || len(l.request) > 0 || l.fields != nil || l.route != nil || l.requestTypes.newer != nil
		c.renames = c.renames || l.responseTypes != nil
		c.onHeader = c.onHeader || l.fields != nil && (l.fields.used["header"] || l.fields.used["cookie"])
		c.onResponse = c.onResponse || len(l.responses) > 0 || len(l.statuses) > 0 || l.headers != nil || l.errors || l.responseTypes != nil
	}
}

// Target is the operation of the newest version.
func (c *Carrier) Target() *openapi.Operation { return c.target }

// Changes are the changes that touch the operation.
func (c *Carrier) Changes() []*Change {
	var list []*Change
	add := func(p *program) {
		if p == nil {
			return
		}
		for i := range p.acts {
			if !slices.Contains(list, p.acts[i].change) {
				list = append(list, p.acts[i].change)
			}
		}
	}
	for _, l := range c.legs {
		for _, name := range sortedNames(l.request) {
			add(l.request[name])
		}
		if l.fields != nil {
			add(l.fields.program)
		}
		for _, status := range sortedNames(l.responses) {
			for _, name := range sortedNames(l.responses[status]) {
				add(l.responses[status][name])
			}
		}
		add(l.headers)
	}
	return list
}

// OnRequest tells whether anything about requests changes.
func (c *Carrier) OnRequest() bool { return c.onRequest }

// OnResponse tells whether anything about responses may change.
func (c *Carrier) OnResponse() bool { return c.onResponse }

// RequestBody tells whether a body of a media type has to be read.
func (c *Carrier) RequestBody(mediaType string) bool {
	if !isJSON(mediaType) {
		return false
	}
	for _, l := range c.legs {
		if find(l.request, mediaType) != nil {
			return true
		}
		mediaType = l.requestTypes.forward(mediaType)
	}
	return false
}

// find returns the program for a media type, nil if there is none. A type goes before a
// range.
func find(programs map[string]*program, mediaType string) *program {
	if len(programs) == 0 {
		return nil
	}
	if p := programs[mediaType]; p != nil {
		return p
	}
	kind, _, _ := strings.Cut(mediaType, "/")
	if p := programs[kind+"/*"]; p != nil {
		return p
	}
	return programs["*/*"]
}

// Request carries a request forward. The error is a *Failure; the request is then as it
// was.
func (c *Carrier) Request(r *Request) error {
	if !c.onRequest {
		return nil
	}
	body, err := c.forwardBody(r)
	if err != nil {
		return err
	}
	method, query, target := r.Method, r.Query, ""
	var header http.Header // as it was, where it may change
	if c.onHeader {
		header = r.Header.Clone()
	}
	undo := func(failure *Failure) error {
		if r.Query = query; header != nil {
			clear(r.Header)
			maps.Copy(r.Header, header)
		}
		return failure
	}
	values := make(map[string]string, len(c.variables))
	for i, name := range c.variables {
		if i < len(r.Values) {
			values[name] = r.Values[i]
		}
	}
	for _, l := range c.legs {
		if l.fields != nil {
			if failure := l.fields.carry(r, values); failure != nil {
				return undo(failure)
			}
		}
		if l.route == nil {
			continue
		}
		var ok bool
		if target, ok = l.route.fill(values); !ok {
			return undo(&Failure{Message: "a value has no place in the path of the newer version"})
		}
		if method != http.MethodHead || l.route.method != http.MethodGet { // HEAD is GET without content
			method = l.route.method
		}
	}
	if target != "" {
		r.Method, r.Target = method, target
	}
	r.Body = body
	for _, l := range c.legs {
		r.MediaType = l.requestTypes.forward(r.MediaType)
	}
	retype(r.Header, r.MediaType)
	return nil
}

// forwardBody returns the body for the newest version.
func (c *Carrier) forwardBody(r *Request) ([]byte, error) {
	if len(r.Body) == 0 || !c.RequestBody(r.MediaType) {
		return r.Body, nil
	}
	d, flaw := parse(string(r.Body))
	if flaw != "" {
		return nil, &Failure{Message: "the body cannot be read: " + flaw}
	}
	defer d.release()
	mediaType := r.MediaType
	for _, l := range c.legs {
		if p := find(l.request, mediaType); p != nil {
			if failure := p.forward(d); failure != nil {
				return nil, failure
			}
		}
		mediaType = l.requestTypes.forward(mediaType)
	}
	return d.root.write(make([]byte, 0, len(r.Body)+len(r.Body)/8+64)), nil
}

const problemType = "application/problem+json"

// ResponseBody tells whether the body of a response has to be read.
func (c *Carrier) ResponseBody(status int, mediaType string) bool {
	if !c.onResponse || !isJSON(mediaType) {
		return false
	}
	for _, l := range slices.Backward(c.legs) {
		status = l.statusBefore(status)
		if mediaType = l.responseType(status, mediaType); l.response(status, mediaType) != nil || l.errors && mediaType == problemType {
			return true
		}
	}
	return false
}

// Response carries a response back. The error is a *Failure; status and body are then as
// they were.
func (c *Carrier) Response(r *Response) error {
	if !c.onResponse {
		return nil
	}
	status, mediaType, body := r.Status, r.MediaType, r.Body
	if len(body) > 0 && c.ResponseBody(status, r.MediaType) {
		var failure error
		if body, failure = c.backBody(r); failure != nil {
			return failure
		}
	}
	for _, l := range slices.Backward(c.legs) {
		status = l.statusBefore(status)
		mediaType = l.responseType(status, mediaType)
		if l.headers != nil {
			if failure := l.backHeaders(r.Header); failure != nil {
				return failure
			}
		}
	}
	r.Status, r.MediaType, r.Body = status, mediaType, body
	retype(r.Header, r.MediaType)
	return nil
}

// backBody returns the body for the old client.
func (c *Carrier) backBody(r *Response) ([]byte, error) {
	d, flaw := parse(string(r.Body))
	if flaw != "" {
		return nil, &Failure{Message: "the body cannot be read: " + flaw}
	}
	defer d.release()
	status, mediaType := r.Status, r.MediaType
	for _, l := range slices.Backward(c.legs) {
		status = l.statusBefore(status)
		mediaType = l.responseType(status, mediaType)
		if mediaType == problemType && l.errors {
			l.backPointers(d)
		}
		if p := l.response(status, mediaType); p != nil {
			if failure := p.back(d); failure != nil {
				return nil, failure
			}
		}
	}
	c.backStatus(d, r.Status, status, mediaType)
	if d.failed.message != "" {
		return nil, &Failure{Message: d.failed.message}
	}
	return d.root.write(make([]byte, 0, len(r.Body)+len(r.Body)/8+64)), nil
}

// backStatus keeps the status within a problem document that of the response (RFC 9457
// §3.1.2).
func (c *Carrier) backStatus(d *document, was, is int, mediaType string) {
	if was == is || mediaType != problemType {
		return
	}
	if v := d.root.get("status"); v != nil && v.kind == kindNumber {
		*v = *made(strconv.Itoa(is))
	}
}
