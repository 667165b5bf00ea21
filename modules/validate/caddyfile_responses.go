package validate

import (
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"gateway/internal/exchange"
	"gateway/internal/finding"
)

// unmarshalResponses reads the option responses, behind its name.
func (h *Handler) unmarshalResponses(d *caddyfile.Dispenser) error {
	mode, err := word(d, exchange.ModeOff, exchange.ModeReport, exchange.ModeEnforce)
	if err != nil {
		return err
	}
	h.Responses = &Responses{Mode: mode}
	if d.NextArg() {
		return finding.At(d, "put options into a block", "%q is too much for responses", d.Val())
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		option := d.Val()
		switch {
		case option != "sample" && option != "max_body":
			return finding.At(d, finding.Suggest(option, "sample", "max_body"), "%q is not an option of responses", option)
		case option == "sample" && h.Responses.Sample > 0, option == "max_body" && h.Responses.MaxBody > 0:
			return finding.At(d, "remove one of them", "%s stands here twice", option)
		case !d.NextArg():
			return finding.At(d, "", "%s needs a value", option)
		}
		if option == "sample" {
			h.Responses.Sample, err = percent(d)
		} else {
			h.Responses.MaxBody, err = size(d)
		}
		if err != nil {
			return err
		}
		if err := noMore(d, option); err != nil {
			return err
		}
	}
	return nil
}

// percent reads a share such as 10% or 0.5.
func percent(d *caddyfile.Dispenser) (float64, error) {
	share, err := strconv.ParseFloat(strings.TrimSuffix(d.Val(), "%"), 64)
	if err != nil || !(share > 0 && share <= 100) {
		return 0, finding.At(d, "such as 10%; more than 0, at most 100", "%q is not a share of responses", d.Val())
	}
	return share, nil
}
