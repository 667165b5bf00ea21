package recording

import (
	"gateway/internal/exchange"
	"gateway/internal/filter"
)

// texts are the values of the keys that have one text each.
var texts = [...]func(*Row) string{
	filter.Reason:    func(r *Row) string { return r.Reason },
	filter.Method:    func(r *Row) string { return r.Method },
	filter.Path:      func(r *Row) string { return r.Path },
	filter.Query:     func(r *Row) string { return r.Query },
	filter.Route:     func(r *Row) string { return r.Template },
	filter.API:       func(r *Row) string { return r.API },
	filter.Version:   func(r *Row) string { return r.Version },
	filter.Consumer:  func(r *Row) string { return r.Consumer },
	filter.Group:     func(r *Row) string { return r.Group },
	filter.Outcome:   func(r *Row) string { return r.Outcome },
	filter.ID:        func(r *Row) string { return r.ID },
	filter.Operation: func(r *Row) string { return r.Operation },
	filter.Host:      func(r *Row) string { return r.Host },
	filter.Stream:    func(r *Row) string { return r.Stream },
}

// numbers are the values of the keys that are numbers.
var numbers = [...]func(*Row) float64{
	filter.Status:     func(r *Row) float64 { return float64(r.Status) },
	filter.TotalMS:    func(r *Row) float64 { return r.Total },
	filter.OwnMS:      func(r *Row) float64 { return r.Own },
	filter.UpstreamMS: func(r *Row) float64 { return r.Upstream },
	filter.Bytes:      func(r *Row) float64 { return float64(r.BytesOut) },
}

// Texts implements filter.Subject.
func (r *Row) Texts(dst []string, key filter.Key) []string {
	if key == filter.Policy {
		return r.against(dst)
	}
	return append(dst, texts[key](r))
}

// Number implements filter.Subject.
func (r *Row) Number(key filter.Key) float64 { return numbers[key](r) }

// against names the policies that refused or reported.
func (r *Row) against(dst []string) []string {
	for i := range r.Steps {
		step := &r.Steps[i]
		if step.Verdict != exchange.Refused.String() && step.Verdict != exchange.Reported.String() {
			continue
		}
		if dst = append(dst, step.Policy); step.Name != "" {
			dst = append(dst, step.Name)
		}
	}
	return dst
}

var _ filter.Subject = (*Row)(nil)
