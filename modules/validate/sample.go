package validate

import (
	"errors"
	"fmt"
	"strings"

	"gateway/internal/instance"
	"gateway/internal/openapi"
)

// Checker returns what tells how a JSON text breaks a schema of the responses of a
// contract, nil if it keeps it: for whoever makes responses. Like Bind it belongs to
// the loading of a contract.
func (h *Handler) Checker(c *openapi.Contract) (func(openapi.Schema, []byte) error, error) {
	if err := h.bind(c); err != nil {
		return nil, err
	}
	answers, bounds := h.binding.answering(), &h.settings.bounds
	return func(pointer openapi.Schema, text []byte) error {
		s, err := answers.schema(pointer)
		if err != nil {
			return err
		}
		a := &answer{responses: &responses{settings: &responseSettings{bounds: *bounds}}, media: &responseMedia{schema: s}}
		d := newDocument(string(text))
		defer d.release()
		if err := d.scan(bounds); err != nil {
			return err
		}
		if a.judgeDocument(d); len(a.broken) > 0 {
			return errors.New(strings.Join(a.broken, "; "))
		}
		return nil
	}, nil
}

// Check tells how JSON texts break the schemas of contracts, for whoever makes documents
// of several contracts at load: it has the defaults of this module. It is for one
// goroutine.
type Check struct {
	checkers map[checked]*contract
}

type checked struct {
	contract *openapi.Contract
	side     instance.Side
}

// Document checks a document that one side sends. It returns nil if it keeps the schema.
func (k *Check) Document(c *openapi.Contract, side instance.Side, pointer openapi.Schema, text []byte) error {
	if pointer == "" {
		return nil
	}
	s, err := k.schema(c, side, pointer)
	if err != nil {
		return err
	}
	d := newDocument(string(text))
	defer d.release()
	if err := d.scan(&schemaBounds); err != nil {
		return err
	}
	if s.covered && d.accepted(s.node) {
		return nil
	}
	failed, err := s.explain(d)
	if failed == nil {
		return err
	}
	var list []string
	for _, v := range violations(failed, d.decode(0)) {
		list = append(list, strings.TrimSpace(v.at+" "+v.message))
	}
	return errors.New(strings.Clone(strings.Join(list, "; ")))
}

// schema compiles a schema as one side has to keep it.
func (k *Check) schema(c *openapi.Contract, side instance.Side, pointer openapi.Schema) (*schema, error) {
	key := checked{c, side}
	if k.checkers[key] == nil {
		compiler, err := newContract(c, false, nil)
		if err != nil {
			return nil, fmt.Errorf("compiling the schemas of %s: %w", c.File, err)
		}
		if side == instance.Response {
			compiler = compiler.answering()
		}
		if k.checkers == nil {
			k.checkers = make(map[checked]*contract)
		}
		k.checkers[key] = compiler
	}
	return k.checkers[key].schema(pointer)
}
