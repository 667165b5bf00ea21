package recording

import (
	"gateway/internal/exchange"
	"gateway/internal/filter"
)

// Texts implements filter.Subject.
func (r *Row) Texts(dst []string, key filter.Key) []string {
	switch key {
	case filter.Reason:
		return append(dst, r.Reason)
	case filter.Method:
		return append(dst, r.Method)
	case filter.Path:
		return append(dst, r.Path)
	case filter.Route:
		return append(dst, r.Template)
	case filter.API:
		return append(dst, r.API)
	case filter.Version:
		return append(dst, r.Version)
	case filter.Consumer:
		return append(dst, r.Consumer)
	case filter.Outcome:
		return append(dst, r.Outcome)
	case filter.Policy:
		return r.against(dst)
	case filter.ID:
		return append(dst, r.ID)
	case filter.Operation:
		return append(dst, r.Operation)
	case filter.Host:
		return append(dst, r.Host)
	case filter.Stream:
		return append(dst, r.Stream)
	}
	return dst
}

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

// Number implements filter.Subject.
func (r *Row) Number(key filter.Key) float64 {
	switch key {
	case filter.Status:
		return float64(r.Status)
	case filter.TotalMS:
		return r.Total
	case filter.OwnMS:
		return r.Own
	case filter.UpstreamMS:
		return r.Upstream
	case filter.Bytes:
		return float64(r.BytesOut)
	}
	return 0
}

var _ filter.Subject = (*Row)(nil)
