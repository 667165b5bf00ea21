package canary

import (
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"gateway/internal/finding"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("canary", parse)
}

func parse(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	if err := handler.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	return handler, handler.Validate()
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	canary [<matcher>] <share> {
//		by      consumer|request|<placeholder>
//		version <version...>
//		header  <name>
//	}
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the directive's name
	h.Source = source(d)
	if !d.NextArg() {
		return finding.At(d, "such as: canary 5%", "canary needs its share of the requests")
	}
	number, percent := strings.CutSuffix(d.Val(), "%")
	share, err := strconv.ParseFloat(number, 64)
	if err != nil || !percent {
		return finding.At(d, "such as: canary 5%", "%q is not a share in percent", d.Val())
	}
	h.Share = share
	if d.NextArg() {
		return finding.At(d, "its options stand in a block", "%q is too much here", d.Val())
	}
	seen := make(map[string]bool)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		option := d.Val()
		if seen[option] {
			return finding.At(d, "remove one of them", "%s stands here twice", option)
		}
		seen[option] = true
		if err := h.option(d, option); err != nil {
			return err
		}
	}
	return nil
}

func (h *Handler) option(d *caddyfile.Dispenser, option string) error {
	place := *d
	args := d.RemainingArgs()
	hints := map[string]string{"by": "by consumer, by request, or by a placeholder", "version": "version v2", "header": "header API-Canary"}
	hint, known := hints[option]
	switch {
	case !known:
		return finding.At(&place, finding.Suggest(option, "by", "version", "header"), "%q is not an option of canary", option)
	case len(args) == 0:
		return finding.At(&place, "such as: "+hint, "%s needs a value", option)
	case len(args) > 1 && option != "version":
		return finding.At(&place, "such as: "+hint, "%s takes one value", option)
	}
	switch option {
	case "by":
		h.By = args[0]
	case "version":
		h.Versions = args
	case "header":
		h.Header = args[0]
	}
	if d.NextBlock(d.Nesting()) {
		return finding.At(d, "", "%s takes no block", option)
	}
	return nil
}

func source(d *caddyfile.Dispenser) string { return d.File() + ":" + strconv.Itoa(d.Line()) }

var _ caddyfile.Unmarshaler = (*Handler)(nil)
