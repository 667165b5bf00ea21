package validate

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"gateway/internal/inflate"
	"gateway/internal/problem"
)

// decodeOff is the word for no content codings.
const decodeOff = "off"

func (h *Handler) validateCodings() error {
	for i, name := range h.Decode {
		switch {
		case name == decodeOff && len(h.Decode) > 1:
			return h.problem("use off alone", "decode is off, and names codings beside")
		case name != decodeOff && !slices.Contains(codings, coding(name)):
			return h.problem("use gzip, deflate, zstd or off", "decode names the coding %q", name)
		case slices.Contains(h.Decode[:i], name):
			return h.problem("remove one of them", "decode names %s twice", name)
		}
	}
	return nil
}

// codings returns the content codings that bodies may have.
func (h *Handler) codings() (accepted []coding) {
	for _, c := range codings {
		if len(h.Decode) == 0 || slices.Contains(h.Decode, string(c)) {
			accepted = append(accepted, c)
		}
	}
	return accepted
}

// refuseCoding refuses content codings other than those that are accepted. The
// response lists them (RFC 9110 §12.5.3).
func refuseCoding(accepted []coding) *problem.Refusal {
	names := make([]string, len(accepted))
	for i, c := range accepted {
		names[i] = string(c)
	}
	if len(names) == 0 {
		return &problem.Refusal{
			Reason: problem.SchemaEncoding, Detail: "This body must have no Content-Encoding.", Header: http.Header{"Accept-Encoding": {"identity"}},
		}
	}
	return &problem.Refusal{
		Reason: problem.SchemaEncoding, Detail: "Content-Encoding may be " + enumerate(names) + ", and that once.",
		Header: http.Header{"Accept-Encoding": {strings.Join(names, ", ")}},
	}
}

// decode decodes the body for the check. The service gets it as it came.
func (o *operation) decode(c *check, coding coding, encoded []byte, bound int) ([]byte, *problem.Refusal) {
	var err error
	c.decoded, err = coding.Decode(c.decoded[:0], encoded, bound)
	switch {
	case err == errExpanded && int64(bound) < o.settings.maxBody:
		return nil, tooDense
	case err == errExpanded:
		return nil, o.body.tooLarge
	case err != nil:
		return nil, &problem.Refusal{
			Reason: problem.SchemaEncoding, Status: http.StatusBadRequest,
			Detail: "The body is not one whole " + string(coding) + " stream with nothing behind it.",
		}
	}
	return c.decoded, nil
}

var tooDense = &problem.Refusal{
	Reason: problem.SchemaTooLarge, Detail: fmt.Sprintf("Decoded, it may be %d times as long at most.", inflate.MaxRatio),
}
