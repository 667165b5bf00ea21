package auth

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gateway/internal/fetch"
	"gateway/internal/openapi"
	"gateway/internal/problem"
)

// wellKnown is where the metadata of a protected resource stands, with the path of the
// resource behind it (RFC 9728 §3.1).
const wellKnown = "/.well-known/oauth-protected-resource"

// resource is this API as a protected resource of OAuth.
type resource struct {
	// path and address are those of the metadata.
	path, address string

	mu       sync.Mutex // contracts are bound while requests are served
	metadata resourceMetadata
	// written is the document, nil until it is asked for after a change.
	written []byte
}

// resourceMetadata are the metadata of RFC 9728 §2.
type resourceMetadata struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers,omitempty"`
	ScopesSupported      []string `json:"scopes_supported,omitempty"`
	BearerMethods        []string `json:"bearer_methods_supported,omitempty"`
}

// newResource makes the resource of a checked configuration.
func (h *Handler) newResource() (*resource, error) {
	if h.Resource == "" {
		return nil, nil
	}
	u, err := resourceURL(h.Resource)
	if err != nil {
		return nil, err
	}
	path := wellKnown + strings.TrimSuffix(u.EscapedPath(), "/")
	res := &resource{path: path, address: u.Scheme + "://" + u.Host + path}
	res.metadata = resourceMetadata{Resource: h.Resource, ScopesSupported: slices.Sorted(slices.Values(h.Scopes)), BearerMethods: bearerMethods(h.places)}
	for _, iss := range h.Issuers {
		if server, err := url.Parse(iss.Issuer); err == nil && server.IsAbs() {
			res.metadata.AuthorizationServers = append(res.metadata.AuthorizationServers, iss.Issuer)
		}
	}
	return res, nil
}

// document returns the metadata in JSON.
func (res *resource) document() []byte {
	res.mu.Lock()
	defer res.mu.Unlock()
	if res.written == nil {
		text, err := json.Marshal(res.metadata)
		if err != nil {
			panic("auth: " + err.Error()) // plain values only
		}
		res.written = text
	}
	return res.written
}

// resourceURL reads the identifier of a resource (RFC 9728 §1.2).
func resourceURL(text string) (*url.URL, error) {
	const hint = "such as resource https://api.example/orders"
	u, err := url.Parse(text)
	switch {
	case err != nil, !u.IsAbs(), u.Host == "":
		return nil, complain("resource", hint, "%q cannot be the address of this API: it is not an absolute URL", text)
	case strings.ContainsFunc(text, func(r rune) bool { return r > '~' }):
		return nil, complain("resource", "write it as it goes over the wire: with xn-- and %", "%q cannot be the address of this API: it has characters outside ASCII", text)
	case u.User != nil, u.RawQuery != "", u.Fragment != "", strings.ContainsAny(text, "?#\"\\ "):
		return nil, complain("resource", hint, "the address of this API has neither credentials nor query nor fragment")
	case u.Scheme != "https" && !(u.Scheme == "http" && fetch.IsLoopback(u.Hostname())):
		return nil, complain("resource", hint, "%q cannot be the address of this API: it is not https", text)
	}
	return u, nil
}

// bearerMethods are the places of tokens that RFC 6750 §2 defines.
func bearerMethods(places []tokenPlace) (methods []string) {
	if places == nil {
		return []string{"header"}
	}
	for _, p := range places {
		switch {
		case p.kind == inHeader && p.name == "Authorization":
			methods = append(methods, "header")
		case p.kind == inQuery && p.name == "access_token":
			methods = append(methods, "query")
		}
	}
	return methods
}

// note adds the scopes of an operation. Those of operations that have left a contract
// stay until the next load.
func (res *resource) note(op *openapi.Operation) {
	if res == nil {
		return
	}
	res.mu.Lock()
	defer res.mu.Unlock()
	scopes := slices.Clone(res.metadata.ScopesSupported)
	for _, alternative := range op.Security {
		for _, requirement := range alternative {
			if isToken(requirement) {
				scopes = append(scopes, requirement.Scopes...)
			}
		}
	}
	slices.Sort(scopes)
	res.metadata.ScopesSupported, res.written = slices.Compact(scopes), nil
}

// ServeMetadata answers a request for the metadata of this API as a protected
// resource, if it is one, and tells whether it has.
func (h *Handler) ServeMetadata(w http.ResponseWriter, r *http.Request) bool {
	res := h.resource
	if res == nil || r.URL.Path != res.path || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	document := res.document()
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(document)))
	header.Set("Cache-Control", "public, max-age=300")
	// The document is for everybody, so scripts of other sites may read it, too.
	header.Set("Access-Control-Allow-Origin", "*")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(document)
	}
	return true
}

// link tells in every challenge of a refusal where the metadata are (RFC 9728 §5.1).
func (res *resource) link(refusal *problem.Refusal) *problem.Refusal {
	if res == nil || refusal == nil || refusal.Header["Www-Authenticate"] == nil {
		return refusal
	}
	linked := *refusal
	linked.Header = refusal.Header.Clone()
	challenges := linked.Header["Www-Authenticate"]
	for i, challenge := range challenges {
		glue := " "
		if strings.Contains(challenge, "=") {
			glue = ", "
		}
		challenges[i] = challenge + glue + `resource_metadata="` + res.address + `"`
	}
	return &linked
}
