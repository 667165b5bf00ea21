package validate

import (
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/dustin/go-humanize"

	"gateway/internal/exchange"
	"gateway/internal/finding"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("validate", parse)
}

func parse(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	if err := handler.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	if handler.Schema == "" {
		return nil, &finding.Error{
			Message: "validate has nothing to validate against", At: finding.ParseSource(handler.Source), Word: "validate",
			Hint: "name a schema: validate order.json, or put it into an api block, where the contract is the schema",
		}
	}
	return handler, nil
}

// options are the subdirectives, in the order of the syntax.
var options = []string{
	"schema", "optional", "max_body", "max_depth", "max_values", "max_string", "max_number", "max_errors",
	"unknown_query", "read_only", "pass", "decode", "operation", "responses", "mode",
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	validate [<matcher>] [<schema.json>] {
//		schema        <schema.json>
//		optional
//		max_body      <size>
//		max_depth     <number>
//		max_values    <number>
//		max_string    <size>
//		max_number    <number>
//		max_errors    <number>
//		unknown_query allow|report|reject
//		read_only     reject|allow
//		pass          <media-types...>
//		decode        <codings...>|off
//		operation     <operation> {
//			max_body  <size>
//			mode      enforce|report|off
//			responses off|report|enforce
//		}
//		responses     off|report|enforce {
//			sample   <percent>
//			max_body <size>
//		}
//		mode          enforce|report|off
//	}
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the directive's name
	h.Source = d.File() + ":" + strconv.Itoa(d.Line())
	if d.NextArg() {
		h.Schema = beside(d)
		if d.NextArg() {
			return finding.At(d, "put options into a block", "%q is too much here: validate takes one schema", d.Val())
		}
	}
	seen := make(map[string]bool)
	if h.Schema != "" {
		seen["schema"] = true
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		option := d.Val()
		if !slices.Contains(options, option) {
			return finding.At(d, finding.Suggest(option, options...), "%q is not an option of validate", option)
		}
		if seen[option] && option != "operation" {
			return finding.At(d, "remove one of them", "%s stands here twice", option)
		}
		seen[option] = true
		if err := h.unmarshalOption(d, option); err != nil {
			return err
		}
	}
	return nil
}

// unmarshalOption reads the arguments of one option.
func (h *Handler) unmarshalOption(d *caddyfile.Dispenser, option string) (err error) {
	switch option {
	case "optional":
		h.Optional = true
		return noMore(d, option)
	case "pass":
		return h.unmarshalPass(d)
	case "decode":
		return h.unmarshalDecode(d)
	}
	if !d.NextArg() {
		return finding.At(d, "", "%s needs a value", option)
	}
	switch option {
	case "responses":
		return h.unmarshalResponses(d)
	case "operation":
		return h.unmarshalOperation(d)
	case "schema":
		h.Schema = beside(d)
	case "max_body":
		h.MaxBody, err = size(d)
	case "max_string":
		var bytes int64
		bytes, err = size(d)
		h.MaxString = int(bytes)
	case "max_depth":
		h.MaxDepth, err = count(d)
	case "max_values":
		h.MaxValues, err = count(d)
	case "max_number":
		h.MaxNumber, err = count(d)
	case "max_errors":
		h.MaxErrors, err = count(d)
	case "unknown_query":
		h.UnknownQuery, err = word(d, unknownAllow, unknownReport, unknownReject)
	case "read_only":
		h.ReadOnly, err = word(d, readOnlyReject, readOnlyAllow)
	case "mode":
		h.Mode, err = word(d, exchange.ModeEnforce, exchange.ModeReport, exchange.ModeOff)
	}
	if err != nil {
		return err
	}
	return noMore(d, option)
}

func (h *Handler) unmarshalPass(d *caddyfile.Dispenser) error {
	for d.NextArg() {
		mediaType := strings.ToLower(d.Val())
		if !strings.Contains(mediaType, "/") || strings.Contains(mediaType, ";") {
			return finding.At(d, "such as application/xml or image/*", "%q is not a media type", d.Val())
		}
		h.Pass = append(h.Pass, mediaType)
	}
	if len(h.Pass) == 0 {
		return finding.At(d, "such as: pass application/xml image/*", "pass needs media types")
	}
	return noMore(d, "pass")
}

func (h *Handler) unmarshalDecode(d *caddyfile.Dispenser) error {
	for d.NextArg() {
		name, err := word(d, append(slices.Clone(codings), decodeOff)...)
		if err != nil {
			return err
		}
		switch {
		case slices.Contains(h.Decode, string(name)):
			return finding.At(d, "remove one of them", "%s stands here twice", name)
		case len(h.Decode) > 0 && (name == decodeOff || h.Decode[0] == decodeOff):
			return finding.At(d, "use off alone, or name the codings", "decode is off, and names codings beside")
		}
		h.Decode = append(h.Decode, string(name))
	}
	if len(h.Decode) == 0 {
		return finding.At(d, "such as: decode gzip, or: decode off", "decode needs content codings")
	}
	return noMore(d, "decode")
}

// beside returns the current token as a path relative to the Caddyfile.
func beside(d *caddyfile.Dispenser) string {
	if path := d.Val(); filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(d.File()), d.Val())
}

// size reads a size such as 512KiB, 1MB or 4096.
func size(d *caddyfile.Dispenser) (int64, error) {
	bytes, err := humanize.ParseBytes(d.Val())
	if err != nil || bytes == 0 || bytes > math.MaxInt32 {
		return 0, finding.At(d, "such as 512KiB or 4MiB; at most 1GiB", "%q is not a size", d.Val())
	}
	return int64(bytes), nil
}

func count(d *caddyfile.Dispenser) (int, error) {
	n, err := strconv.Atoi(d.Val())
	if err != nil || n < 1 {
		return 0, finding.At(d, "", "%q is not a whole number from 1", d.Val())
	}
	return n, nil
}

// word reads one of a few words.
func word[T ~string](d *caddyfile.Dispenser, allowed ...T) (T, error) {
	names := make([]string, len(allowed))
	for i, name := range allowed {
		if names[i] = string(name); names[i] == d.Val() {
			return name, nil
		}
	}
	return "", finding.At(d, finding.Suggest(d.Val(), names...), "%q is not one of %s", d.Val(), strings.Join(names, ", "))
}

// noMore refuses whatever follows a complete option.
func noMore(d *caddyfile.Dispenser, option string) error {
	if d.NextArg() {
		return finding.At(d, "", "%q is too much for %s", d.Val(), option)
	}
	if d.NextBlock(d.Nesting()) {
		return finding.At(d, "", "%s takes no block", option)
	}
	return nil
}

var _ caddyfile.Unmarshaler = (*Handler)(nil)
