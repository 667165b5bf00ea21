package versioning

import "time"

// Dates returns when a version is deprecated and switched off, for the documentation.
// Both are zero where nothing is planned.
func (h *Handler) Dates(name string) (deprecated, sunset time.Time) {
	if v := h.plan.set.byName[name]; v != nil {
		return v.deprecated, v.sunset
	}
	return time.Time{}, time.Time{}
}
