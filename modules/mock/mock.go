// Package mock answers requests from the contract, for an API whose service is not
// there yet.
//
// Everything is made when the contract is loaded: answers.go has what an operation can
// answer, content.go the bodies and field.go the header fields, from the contract's
// examples or, where it has none, made up by internal/instance. A request only chooses:
// prefer.go reads what it asks for, accept.go what it takes.
package mock

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/exchange"
	"gateway/internal/finding"
	"gateway/internal/instance"
	"gateway/internal/openapi"
)

// Header marks what was answered by a mock.
const Header = "Gateway-Mock"

// Handler answers every request to an operation of the contract.
type Handler struct {
	// Source is where the directive stands, "file:line". Default: unknown.
	Source string `json:"source,omitempty"`
}

// Check tells how a JSON text breaks a schema of the contract; nil if it keeps it.
type Check func(schema openapi.Schema, text []byte) error

// Bind makes the answers of the operations of a contract, in their order, and tells its
// doubts about the contract's examples. The api block calls it when a contract is
// loaded, also while requests are served; each answer is the Answer of the routes of
// its operation.
func (*Handler) Bind(c *openapi.Contract, check Check) (all []any, doubts finding.List, err error) {
	document, err := instance.Parse(c.Document)
	if err != nil {
		return nil, nil, fmt.Errorf("making answers of %s: %w", c.File, err)
	}
	m := &maker{document: document, check: check}
	var found finding.List
	for _, op := range c.Operations {
		a, trouble := m.answers(op)
		if trouble != nil {
			found = append(found, trouble)
		}
		all = append(all, a)
	}
	return all, m.doubts, found.Err()
}

// ServeHTTP implements caddyhttp.MiddlewareHandler. It never calls the next handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	x := exchange.From(r)
	a, ok := x.Route.Answer.(*answers)
	if !ok {
		return fmt.Errorf("the mock has no answers for %s", x.Route.Operation)
	}
	x.Vary("Accept")
	x.Vary("Prefer")
	c, refusal := a.choose(r.Header)
	if refusal != nil {
		return refusal
	}
	return c.write(w)
}

// write answers with the choice.
func (c *choice) write(w http.ResponseWriter) error {
	header := w.Header()
	header.Set("Cache-Control", "no-store") // the service will say something else
	for _, f := range c.reply.header {
		header[f.name] = []string{f.value}
	}
	header.Set(Header, "true")
	if c.applied != "" {
		header.Set("Preference-Applied", c.applied)
	}
	if c.content != nil {
		header.Set("Content-Type", c.content.mediaType)
		header.Set("Content-Length", strconv.Itoa(len(c.body))) // for HEAD as well
	}
	w.WriteHeader(c.code)
	if c.content == nil {
		return nil
	}
	_, err := w.Write(c.body)
	return err
}

var _ caddyhttp.MiddlewareHandler = (*Handler)(nil)
