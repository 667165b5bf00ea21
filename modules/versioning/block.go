package versioning

import (
	"net/http"
	"strings"
	"time"
)

// ForAPI names the API whose versions these are, before Provision.
func (h *Handler) ForAPI(name string) { h.scope = name }

// SetVersions tells a handler inside an api block which versions the contracts have.
// It is to be called once, after Provision and before the first request. Versions
// that the configuration names and the contracts do not have are errors. What the
// contracts say about their ends is not known yet: WithContracts completes that.
func (h *Handler) SetVersions(names []string) error {
	h.bound = true
	contracts := make([]Contract, len(names))
	for i, name := range names {
		contracts[i].Name = name
	}
	return h.compile(contracts, false)
}

// WithContracts returns a copy of the handler that knows the contracts, which come, go
// and change while requests are served.
func (h *Handler) WithContracts(contracts []Contract) (*Handler, error) {
	next := *h
	next.bound = true
	if err := next.compile(contracts, true); err != nil {
		return nil, err
	}
	if h.usage != nil {
		h.usage.show(next.plan)
	}
	return &next, nil
}

// Dates returns when a version is deprecated and switched off, for the documentation.
// Both are zero where nothing is planned.
func (h *Handler) Dates(name string) (deprecated, sunset time.Time) {
	if v := h.plan.set.byName[name]; v != nil {
		return v.deprecated, v.sunset
	}
	return time.Time{}, time.Time{}
}

// pathSelector returns the selector of the path, or nil.
func (h *Handler) pathSelector() *selector {
	for i := range h.plan.selectors {
		if h.plan.selectors[i].in == inPath {
			return &h.plan.selectors[i]
		}
	}
	return nil
}

// PublicPath returns the path under which clients reach path, the base and template
// of an operation, in a version: /v1/orders for /orders, if versions are named in the
// path and the contract does not do so itself.
func (h *Handler) PublicPath(version, path string) string {
	s := h.pathSelector()
	if s == nil || segmentAfter(path, s.prefix) == version {
		return path
	}
	if segmentAfter(path, "") == version {
		return s.prefix + path
	}
	if rest, ok := strings.CutPrefix(path, s.prefix); ok && (rest == "" || rest[0] == '/') {
		path = rest
	}
	return s.prefix + "/" + version + path
}

// Names returns the names of the versions, oldest first.
func (h *Handler) Names() []string {
	names := make([]string, len(h.plan.set.ordered))
	for i, v := range h.plan.set.ordered {
		names[i] = v.name
	}
	return names
}

// Field is the request field that tells the service its version.
func (h *Handler) Field() string { return h.fields.name }

// UpstreamPath returns what the service sees of a public path of a version.
func (h *Handler) UpstreamPath(version, path string) string {
	s := h.pathSelector()
	if s == nil || !h.StripPrefix || segmentAfter(path, s.prefix) != version {
		return path
	}
	return s.prefix + path[len(s.prefix)+1+len(version):]
}

// StripVersion removes the version from the request's path, if it stands there and
// the configuration wants that. Inside an api block it is the block's to call, after
// routing.
func (h *Handler) StripVersion(r *http.Request, version string) {
	s := h.pathSelector()
	if s == nil || !h.StripPrefix {
		return
	}
	prefix := s.prefix + "/" + version
	if segmentAfter(r.URL.Path, s.prefix) != version {
		return
	}
	r.URL.Path = rooted(s.prefix + r.URL.Path[len(prefix):])
	if r.URL.RawPath != "" {
		// Names and prefixes are plain, so both spellings begin alike, or the raw one
		// is an unusual encoding of the same and may go.
		raw, ok := strings.CutPrefix(r.URL.RawPath, prefix)
		r.URL.RawPath = ""
		if ok {
			r.URL.RawPath = rooted(s.prefix + raw)
		}
	}
	r.RequestURI = r.URL.RequestURI()
}

func rooted(path string) string {
	if path == "" {
		return "/"
	}
	return path
}
