package docs

import (
	"path/filepath"
	"strconv"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"gateway/internal/finding"
)

func init() {
	httpcaddyfile.RegisterDirective("docs", parse)
}

// parse makes a route without a matcher: the argument of docs is its path, which
// Caddy would otherwise take for a matcher of exactly this path.
func parse(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	handler := new(Handler)
	if err := handler.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	return h.NewRoute(nil, handler), nil
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	docs [<path>] {
//		contract <file> [<name>]
//	}
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the directive's name
	h.Source = source(d)
	if d.NextArg() {
		h.Path = d.Val()
		if err := CheckBase(h.Path); err != nil {
			return finding.At(d, "such as: docs /reference", "%v", err)
		}
	}
	if d.NextArg() {
		return finding.At(d, "docs takes one path", "%q is too much here", d.Val())
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if d.Val() != "contract" {
			return finding.At(d, finding.Suggest(d.Val(), "contract"), "%q is not an option of docs", d.Val())
		}
		if err := h.parseContract(d); err != nil {
			return err
		}
	}
	if h.Path != "" && len(h.Contracts) == 0 {
		return &finding.Error{
			Message: "docs has a path, but no contract to show there",
			At:      finding.ParseSource(h.Source), Word: h.Path,
			Hint: "add a line such as: contract api/orders/v1/openapi.yaml; the pages about the reasons are always under /docs/errors/",
		}
	}
	return nil
}

func (h *Handler) parseContract(d *caddyfile.Dispenser) error {
	c := Contract{Source: source(d)}
	if !d.NextArg() {
		return finding.At(d, "such as: contract api/orders/v1/openapi.yaml", "contract needs a file")
	}
	c.File = d.Val()
	if !filepath.IsAbs(c.File) {
		c.File = filepath.Join(filepath.Dir(d.File()), c.File)
	}
	if d.NextArg() {
		c.Name = d.Val()
		if !isPlain(c.Name) {
			return finding.At(d, "use letters, digits, dots and dashes, such as orders", "%q cannot be the name of an API: it becomes a part of URLs", c.Name)
		}
	}
	if d.NextArg() {
		return finding.At(d, "contract takes a file and a name", "%q is too much here", d.Val())
	}
	if nesting := d.Nesting(); d.NextBlock(nesting) {
		return finding.At(d, "", "contract takes no block")
	}
	h.Contracts = append(h.Contracts, c)
	return nil
}

func source(d *caddyfile.Dispenser) string { return d.File() + ":" + strconv.Itoa(d.Line()) }

var _ caddyfile.Unmarshaler = (*Handler)(nil)
