package validate

import (
	"net/http"
	"slices"

	"go.uber.org/zap"

	"gateway/internal/exchange"
)

// Responses says what becomes of responses that break the contract. Only what comes
// from behind the policies is looked at, never a refusal of the gateway's own.
type Responses struct {
	// Mode is "report" (recorded and logged, but passed on as they come), "enforce"
	// (held until they are checked; what breaks the contract becomes a 502) or "off".
	// Required.
	Mode exchange.Mode `json:"mode"`
	// Sample is how many of a hundred responses are looked at. Range: more than 0, up
	// to 100. Default: 100.
	Sample float64 `json:"sample,omitempty"`
	// MaxBody bounds what is kept of one response, in bytes; a longer body passes
	// unchecked. Range: 1–1073741824. Default: 1048576 (1 MiB).
	MaxBody int64 `json:"max_body,omitempty"`
}

// validateResponses is the part of Validate about responses.
func (h *Handler) validateResponses() error {
	r := h.Responses
	if r == nil {
		return nil
	}
	if _, err := exchange.ParseMode(string(r.Mode)); err != nil {
		return h.problem("use off, report or enforce", "responses is %q", r.Mode)
	}
	if r.Sample < 0 || r.Sample > 100 {
		return h.problem("", "sample is %g, but has to be more than 0, up to 100", r.Sample)
	}
	if r.MaxBody < 0 || r.MaxBody > 1<<30 {
		return h.problem("", "max_body of responses is %d, but has to be between 1 and %d", r.MaxBody, 1<<30)
	}
	if h.Schema != "" && r.Mode != exchange.ModeOff {
		return h.problem("put validate into an api block", "responses are checked against a contract, and validate %s has none", h.Schema)
	}
	return nil
}

// responseSettings are Responses as requests need them.
type responseSettings struct {
	enforce bool
	share   uint64 // of wholeShare
	maxBody int
	bounds  bounds
	logger  *zap.Logger
}

// with returns the same options with another mode.
func (r *Responses) with(mode exchange.Mode) *Responses {
	other := Responses{Mode: mode}
	if r != nil {
		other.Sample, other.MaxBody = r.Sample, r.MaxBody
	}
	return &other
}

// watched tells whether responses of some operation are looked at.
func (h *Handler) watched() bool {
	return h.settings.responses != nil || slices.ContainsFunc(h.Operations, func(o Operation) bool {
		return o.Responses != "" && o.Responses != exchange.ModeOff
	})
}

// EnforcesResponses tells whether a response of an operation is refused if it breaks
// the contract.
func (h *Handler) EnforcesResponses(operation string) bool {
	for i := range h.Operations {
		if o := &h.Operations[i]; o.Name == operation && o.Responses != "" {
			return o.Responses == exchange.ModeEnforce
		}
	}
	return h.Responses != nil && h.Responses.Mode == exchange.ModeEnforce
}

// wholeShare stands for all responses.
const wholeShare = 1 << 32

// settings returns nil if no response is looked at.
func (r *Responses) settings(bounds bounds, logger *zap.Logger) *responseSettings {
	if r == nil || r.Mode == exchange.ModeOff {
		return nil
	}
	s := &responseSettings{enforce: r.Mode == exchange.ModeEnforce, share: wholeShare, maxBody: 1 << 20, bounds: bounds, logger: logger}
	if r.Sample > 0 {
		s.share = max(1, uint64(r.Sample/100*wholeShare))
	}
	if r.MaxBody > 0 {
		s.maxBody = int(r.MaxBody)
	}
	return s
}

// handler is what stands behind validate.
type handler interface {
	ServeHTTP(http.ResponseWriter, *http.Request) error
}
