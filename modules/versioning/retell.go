package versioning

import (
	"net/url"
	"strings"
)

// Retell returns what names another version in a query; nil if queries name none. It is
// for requests that are carried to the version that the service speaks.
func (h *Handler) Retell(version string) func(query string) string {
	for i := range h.plan.selectors {
		if s := &h.plan.selectors[i]; s.in == inQuery {
			return func(query string) string { return s.retell(query, version) }
		}
	}
	return nil
}

// retell leaves everything else in the query as it is.
func (s *selector) retell(query, version string) string {
	for at := 0; at < len(query); {
		pair, _, _ := strings.Cut(query[at:], "&")
		end := at + len(pair)
		name, value, named := strings.Cut(pair, "=")
		if plain, err := unescape(name); named && value != "" && err == nil && plain == s.name {
			value = url.QueryEscape(version)
			query = query[:at] + name + "=" + value + query[end:]
			end = at + len(name) + 1 + len(value)
		}
		at = end + 1
	}
	return query
}
