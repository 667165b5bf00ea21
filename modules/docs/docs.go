// Package docs serves documentation that is generated from what the gateway does:
// the page about each reason, and Swagger UI over the effective documents of the APIs.
//
//	pages.go      the pages about the reasons
//	site.go       the documentation of the APIs
//	effective.go  contract → the contract as clients meet it at the gateway
//	changelog.go  what the versions of an API changed
//	refusals.go   the problem responses that it adds; components.go what they share
//	security.go   the credentials that it asks for
//	members.go    JSON objects that keep their order
//	resource.go   one served file; yaml.go the documents as YAML
package docs

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/finding"
	"gateway/internal/openapi"
)

func init() {
	caddy.RegisterModule(Handler{})
}

// Handler serves the pages about the reasons under /docs/errors/ and, if there are
// contracts, their documentation. Other paths go on to the next handler. Inside an
// api block the block itself does all of this, with its own contracts.
type Handler struct {
	// Path is where the documentation of the contracts is. Default: /docs.
	Path string `json:"path,omitempty"`
	// Contracts are what is documented besides the reasons. Default: none.
	Contracts []Contract `json:"contracts,omitempty"`
	// Source is where the directive stands, "file:line". Default: unknown.
	Source string `json:"source,omitempty"`

	pages *Pages
	site  *Site
}

// Contract is one OpenAPI document.
type Contract struct {
	// File is the path of the document. Required.
	File string `json:"file"`
	// Name is the name of the API. Default: the folder of the file, or the one above
	// a folder that is named like a version.
	Name string `json:"name,omitempty"`
	// Source is where the contract stands, "file:line". Default: unknown.
	Source string `json:"source,omitempty"`
}

// CaddyModule implements caddy.Module.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.docs", New: func() caddy.Module { return new(Handler) }}
}

// Provision implements caddy.Provisioner.
func (h *Handler) Provision(caddy.Context) error {
	var err error
	if h.pages, err = NewPages(); err != nil || len(h.Contracts) == 0 {
		return err
	}
	if h.Path == "" {
		h.Path = Base
	}
	if err := CheckBase(h.Path); err != nil {
		return h.fault(err)
	}
	var documents []Document
	for i := range h.Contracts {
		c := &h.Contracts[i]
		d, err := c.load()
		if err != nil {
			return err
		}
		documents = append(documents, d)
		if err := checkNames(h.Path, documents); err != nil {
			return c.fault("name it otherwise: contract "+filepath.Base(c.File)+" <name>", "%v", err)
		}
	}
	if h.site, err = NewSite(h.Path, documents); err != nil {
		return h.fault(err)
	}
	return nil
}

func (h *Handler) fault(err error) error {
	return &finding.Error{Message: err.Error(), At: finding.ParseSource(h.Source), Word: "docs"}
}

func (c *Contract) fault(hint, format string, args ...any) error {
	return &finding.Error{Message: fmt.Sprintf(format, args...), At: finding.ParseSource(c.Source), Word: "contract", Hint: hint}
}

// load reads the contract and finds names for it.
func (c *Contract) load() (Document, error) {
	if _, err := os.Stat(c.File); err != nil {
		return Document{}, c.fault("relative paths begin at the folder of the Caddyfile", "the contract %s cannot be read: %v", c.File, reason(err))
	}
	contract, err := openapi.Load(c.File)
	if err != nil {
		return Document{}, err
	}
	folder := filepath.Dir(c.File)
	d := Document{API: filepath.Base(folder), Contract: contract}
	if isVersion(d.API) {
		d.API, d.Version = filepath.Base(filepath.Dir(folder)), d.API
	}
	if c.Name != "" {
		d.API = c.Name
	}
	if !isPlain(d.API) {
		return d, c.fault("name it: contract "+filepath.Base(c.File)+" orders", "%q cannot be the name of an API: it becomes a part of URLs", d.API)
	}
	return d, nil
}

// reason returns what is behind an error of the file system, without the path.
func reason(err error) error {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err
	}
	return err
}

// isVersion tells whether a folder is named like a version: v2, 2.1, 2026-06-01.
func isVersion(name string) bool {
	digits := strings.TrimPrefix(name, "v")
	return digits != "" && strings.Trim(digits, "0123456789.-") == ""
}

// isPlain tells whether a name is safe in URLs: letters, digits, dots and dashes,
// beginning with a letter or digit.
func isPlain(name string) bool {
	return name != "" && name[0] != '.' && name[0] != '-' &&
		strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}

// CheckBase tells what is wrong with a path for the documentation, nil if nothing is.
func CheckBase(base string) error {
	if !strings.HasPrefix(base, "/") || base == "/" {
		return fmt.Errorf("the path of the documentation begins with a slash and has a name, such as /docs; got %q", base)
	}
	for segment := range strings.SplitSeq(base[1:], "/") {
		if !isPlain(segment) {
			return fmt.Errorf("the path of the documentation is made of letters, digits, dots and dashes, and ends without a slash, such as /docs; got %q", base)
		}
	}
	return nil
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	switch path := r.URL.Path; {
	case h.pages.Owns(path):
		h.pages.ServeHTTP(w, r)
	case h.site != nil && h.site.Owns(path):
		h.site.ServeHTTP(w, r)
	default:
		return next.ServeHTTP(w, r)
	}
	return nil
}

var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
