package validate

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"gateway/internal/finding"
	"gateway/internal/openapi"
)

// responses are what the contract says about the responses of one operation, compiled.
type responses struct {
	operation string
	settings  *responseSettings
	exact     map[int]*response
	ranges    [6]*response // 4XX is at 4
	fallback  *response    // default
	// whole tells that there is content to check, and no range of it declared.
	whole bool

	// nextLine is when the next breach may be logged, in Unix nanoseconds; suppressed
	// counts those that were not.
	nextLine, suppressed atomic.Int64
}

// response is one declared response.
type response struct {
	media  []responseMedia // exact types before ranges
	header []*parameter
}

// responseMedia is one declared media type.
type responseMedia struct {
	name   string
	kind   contentKind
	schema *schema // nil accepts everything
}

// find returns what is declared for a status, or nil (OpenAPI 3.1 §4.8.16).
func (rs *responses) find(status int) *response {
	if declared := rs.exact[status]; declared != nil {
		return declared
	}
	if class := status / 100; class < len(rs.ranges) && rs.ranges[class] != nil {
		return rs.ranges[class]
	}
	return rs.fallback
}

// find returns the declared media type that one falls under, or nil.
func (r *response) find(mediaType string) *responseMedia {
	for i := range r.media {
		if matchesRange(r.media[i].name, mediaType) {
			return &r.media[i]
		}
	}
	return nil
}

// answering returns the compiler for responses: its schemas lack what only requests
// have.
func (c *contract) answering() *contract {
	if c.answers == nil {
		b := newBundle(c.bundle.root, writeOnly, false)
		c.answers = &contract{Contract: c.Contract, bundle: b, engine: newEngine(b.load), compiled: make(map[openapi.Schema]*schema)}
	}
	return c.answers
}

// bindResponses compiles the responses of an operation.
func (c *contract) bindResponses(o *operation, op *openapi.Operation, s *responseSettings) (err error) {
	answers := c.answering()
	told, formats := len(answers.warnings), len(answers.engine.unchecked)
	o.responses, err = answers.responses(op, s)
	c.warnings = append(c.warnings, answers.warnings[told:]...)
	for _, format := range answers.engine.unchecked[formats:] {
		if !slices.Contains(c.engine.unchecked, format) {
			c.engine.unchecked = append(c.engine.unchecked, format)
		}
	}
	return err
}

// responses compiles the responses of an operation. It is nil if none is declared.
func (c *contract) responses(op *openapi.Operation, s *responseSettings) (*responses, error) {
	if len(op.Responses) == 0 {
		return nil, nil
	}
	rs := &responses{operation: op.ID, settings: s, exact: make(map[int]*response)}
	var found finding.List
	var foreign []string
	for _, status := range op.Statuses() {
		declared := op.Responses[status]
		r, err := c.response(op, &declared)
		found = appendFindings(found, err, declared.Source)
		if err != nil {
			continue
		}
		for i := range r.media {
			m := &r.media[i]
			rs.whole = rs.whole || m.kind != contentOpaque
			if m.kind == contentForeign && !strings.Contains(m.name, "*") && !slices.Contains(foreign, m.name) {
				foreign = append(foreign, m.name)
			}
		}
		switch code, err := strconv.Atoi(status); {
		case err == nil:
			rs.exact[code] = r
		case status == "default":
			rs.fallback = r
		default:
			rs.ranges[status[0]-'0'] = r
		}
	}
	rs.whole = rs.whole && rs.exact[http.StatusPartialContent] == nil
	if len(foreign) > 0 {
		c.warnings = append(c.warnings, fmt.Sprintf("%s: the content of responses of %s is not checked", op.ID, enumerate(foreign)))
	}
	return rs, found.Err()
}

func (c *contract) response(op *openapi.Operation, declared *openapi.Response) (*response, error) {
	r := new(response)
	for i := range declared.Headers {
		header := &declared.Headers[i]
		if framing[http.CanonicalHeaderKey(header.Name)] {
			continue
		}
		p, err := compileParameter(op, header, c.schema)
		if err != nil {
			return nil, appendFindings(nil, err, header.Source).Err()
		}
		if p != nil {
			r.header = append(r.header, p)
		}
	}
	for i := range declared.Content {
		content := &declared.Content[i]
		m := responseMedia{name: content.Type, kind: kindOfContent(content.Type)}
		if content.Schema != "" {
			var err error
			if m.schema, err = c.schema(content.Schema); err != nil {
				return nil, err
			}
		}
		if m.schema == nil || m.kind != contentJSON && m.schema.opaque() {
			m.kind, m.schema = contentOpaque, nil
		} else if m.kind != contentJSON && m.kind != contentText {
			m.kind = contentForeign
		}
		r.media = append(r.media, m)
	}
	slices.SortStableFunc(r.media, func(x, y responseMedia) int { return strings.Count(x.name, "*") - strings.Count(y.name, "*") })
	return r, nil
}

// framing are fields of the message and not of the service: whoever writes a response
// sets them anew.
var framing = map[string]bool{
	"Content-Length": true, "Transfer-Encoding": true, "Connection": true, "Trailer": true, "Date": true,
}

// kindOf returns what the content of a response is. A range leaves it to the response.
func (m *responseMedia) kindOf(mediaType string) contentKind {
	if m.kind == contentForeign && strings.Contains(m.name, "*") {
		if kind := kindOfContent(mediaType); kind == contentJSON || kind == contentText {
			return kind
		}
	}
	return m.kind
}

// hasNoContent tells the statuses whose responses have no content (RFC 9110 §6.4.1).
func hasNoContent(status int) bool {
	return status < 200 || status == http.StatusNoContent || status == http.StatusResetContent || status == http.StatusNotModified
}
