package validate

import (
	"strconv"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"gateway/internal/exchange"
	"gateway/internal/finding"
)

// unmarshalOperation reads the options of an operation, behind the word.
func (h *Handler) unmarshalOperation(d *caddyfile.Dispenser) (err error) {
	o := Operation{Name: d.Val(), Source: d.File() + ":" + strconv.Itoa(d.Line())}
	for i := range h.Operations {
		if h.Operations[i].Name == o.Name {
			return finding.At(d, "put all options into one block", "the operation %s stands here twice", o.Name)
		}
	}
	if d.NextArg() {
		return finding.At(d, "names with spaces need quotes; put options into a block", "%q is too much for an operation", d.Val())
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		option := d.Val()
		switch {
		case option != "max_body" && option != "mode" && option != "responses":
			return finding.At(d, finding.Suggest(option, "max_body", "mode", "responses"), "%q is not an option of an operation", option)
		case option == "max_body" && o.MaxBody > 0, option == "mode" && o.Mode != "", option == "responses" && o.Responses != "":
			return finding.At(d, "remove one of them", "%s stands here twice", option)
		case !d.NextArg():
			return finding.At(d, "", "%s needs a value", option)
		}
		switch option {
		case "max_body":
			o.MaxBody, err = size(d)
		case "responses":
			o.Responses, err = word(d, exchange.ModeOff, exchange.ModeReport, exchange.ModeEnforce)
		default:
			o.Mode, err = word(d, exchange.ModeEnforce, exchange.ModeReport, exchange.ModeOff)
		}
		if err == nil {
			err = noMore(d, option)
		}
		if err != nil {
			return err
		}
	}
	if o.MaxBody == 0 && o.Mode == "" && o.Responses == "" {
		return finding.At(d, "such as: operation "+o.Name+" { max_body 5MiB }", "nothing is said about the operation %s", o.Name)
	}
	h.Operations = append(h.Operations, o)
	return nil
}
