package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"slices"
	"strings"

	"gateway/internal/finding"
)

// content reads the media types of a body, response or parameter, in the order of
// the document. Checked tells that it comes with requests.
func (b *builder) content(n *node, checked bool) []Media {
	if n == nil || n.kind != isObject {
		return nil
	}
	var out []Media
	for _, v := range n.values {
		media := v.follow()
		if media == nil || media.kind != isObject {
			continue
		}
		name, _, err := mime.ParseMediaType(v.key)
		if err != nil && name == "" || !strings.Contains(name, "/") {
			b.add(finding.Error{Message: fmt.Sprintf("%q is not a media type", v.key), At: v.placeOfName(), Word: v.key})
			continue
		}
		if slices.ContainsFunc(out, func(m Media) bool { return m.Type == name }) {
			b.add(finding.Error{
				Message: fmt.Sprintf("the media type %s is declared twice; parameters make no difference", name), At: v.placeOfName(), Word: v.key,
			})
			continue
		}
		b.sequence(media, checked)
		m := Media{Type: name, Encoding: b.encodings(media.get("encoding"), checked), Examples: examples(media)}
		if schema := media.get("schema"); schema != nil {
			m.Schema = Schema(b.pointer(schema))
		}
		out = append(out, m)
	}
	return out
}

// encodings reads how the fields of a form are written.
func (b *builder) encodings(n *node, checked bool) map[string]Encoding {
	if n == nil || n.kind != isObject {
		return nil
	}
	out := make(map[string]Encoding, len(n.values))
	for _, v := range n.values {
		if v.kind != isObject {
			continue
		}
		b.sequence(v, checked)
		e := Encoding{ContentType: v.str("contentType"), Style: v.str("style"), AllowReserved: v.truth("allowReserved")}
		if style := v.get("style"); style != nil && !slices.Contains(styles["query"], e.Style) {
			b.add(finding.Error{
				Message: fmt.Sprintf("a form field cannot have the style %q", e.Style), At: style.place(), Word: e.Style,
				Hint: finding.Suggest(e.Style, styles["query"]...),
			})
		}
		e.Explode = e.Style == "" || e.Style == "form"
		if explode := v.get("explode"); explode != nil {
			e.Explode = explode.text == "true"
		}
		out[v.key] = e
	}
	return out
}

// examples collects the example values of a media type, parameter or header.
func examples(n *node) []Example {
	var out []Example
	if v := n.get("example"); v != nil {
		out = append(out, example("", v))
	}
	all := n.get("examples")
	if all == nil || all.kind != isObject {
		return out
	}
	for _, v := range all.values {
		value := v.follow().get("value")
		if value == nil {
			value = v.follow().get("dataValue") // as it is before it is written (3.2.0 §4.19)
		}
		if value != nil {
			out = append(out, example(v.key, value))
		}
	}
	return out
}

func example(name string, value *node) Example {
	text := plainText(value)
	return Example{Name: name, Value: decodeText(text), Text: text, Source: Position(value.place())}
}

// extensions decodes the x- members of an object.
func extensions(n *node) map[string]any {
	var out map[string]any
	for _, v := range n.values {
		if isExtension(v.key) {
			if out == nil {
				out = make(map[string]any)
			}
			out[v.key] = decode(v)
		}
	}
	return out
}

// decode turns a node into what encoding/json makes of it, numbers as json.Number.
func decode(n *node) any { return decodeText(plainText(n)) }

// plainText writes a node as JSON.
func plainText(n *node) []byte {
	b := &bundler{checker: &checker{}, plain: true}
	b.value(n)
	return b.out
}

func decodeText(text []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		panic("openapi: a node is not JSON: " + err.Error()) // the readers made it from JSON
	}
	return v
}
