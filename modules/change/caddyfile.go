package change

import (
	"fmt"
	"strconv"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"

	"gateway/internal/exchange"
	"gateway/internal/finding"
)

const (
	defaultMaxBody = 8 << 20
	maxMaxBody     = 1 << 30
)

// validate checks the values that JSON may bring.
func (h *Handler) validate() error {
	if h.MaxBody < 1 || h.MaxBody > maxMaxBody {
		return h.flaw("", "max_body is %d, but has to be between 1 and %d", h.MaxBody, maxMaxBody)
	}
	if _, err := exchange.ParseMode(string(h.Mode)); err != nil && h.Mode != "" {
		return h.flaw("use enforce, report or off", "%v", err)
	}
	return nil
}

func (h *Handler) flaw(hint, format string, args ...any) error {
	return &finding.Error{Message: fmt.Sprintf(format, args...), At: finding.ParseSource(h.Source), Word: "change", Hint: hint}
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	change {
//		backend  <version>
//		max_body <size>
//		mode     enforce|report|off
//	}
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the option's name
	h.Source = d.File() + ":" + strconv.Itoa(d.Line())
	if d.NextArg() {
		return finding.At(d, "its options stand in a block", "%q is too much here: change takes no arguments", d.Val())
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
	examples := map[string]string{"backend": "backend v2", "max_body": "max_body 8MiB", "mode": "mode report"}
	example, known := examples[option]
	if !known {
		return finding.At(d, finding.Suggest(option, "backend", "max_body", "mode"), "%q is not an option of change", option)
	}
	if !d.NextArg() {
		return finding.At(d, "such as: "+example, "%s needs a value", option)
	}
	value := *d
	switch option {
	case "backend":
		h.Backend = d.Val()
	case "max_body":
		size, err := humanize.ParseBytes(d.Val())
		if err != nil || size < 1 || size > maxMaxBody {
			return finding.At(&value, "such as: "+example, "%q is not a size from 1 byte to 1 GiB", d.Val())
		}
		h.MaxBody = int64(size)
	case "mode":
		mode, err := exchange.ParseMode(d.Val())
		if err != nil {
			return finding.At(&value, finding.Suggest(d.Val(), "enforce", "report", "off"), "%q is not a mode", d.Val())
		}
		h.Mode = mode
	}
	if d.NextArg() {
		return finding.At(d, "such as: "+example, "%q is too much here", d.Val())
	}
	if d.NextBlock(d.Nesting()) {
		return finding.At(d, "", "%s takes no block", option)
	}
	return nil
}

var _ caddyfile.Unmarshaler = (*Handler)(nil)
