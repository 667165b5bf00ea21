package validate

import (
	"errors"
	"strings"

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
