package generate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"gateway/internal/finding"
	"gateway/internal/instance"
	"gateway/internal/openapi"
)

// guess is one step of a change, as far as two contracts tell what became of something.
type guess struct {
	// schema, or operation with part, is what the step applies to.
	schema, operation, part string
	// about is what it is about, "Order.qty" or "listOrders.limit".
	about string
	// lines are the step in YAML, the first of them its verb.
	lines []string
	// loses says what is lost, "" for nothing.
	loses string
	// comment says what somebody has to check, "" for nothing.
	comment string
}

// guesser compares two contracts.
type guesser struct {
	old, new  map[string]any
	instances *instance.Document
	list      []guess
	// schema, or operation with part, is what is compared.
	schema, operation, part string
}

// guesses returns the steps that two contracts suggest, in the order of their schemas.
func guesses(older, newer *openapi.Contract) ([]guess, error) {
	g := &guesser{}
	for _, one := range []struct {
		to   *map[string]any
		from *openapi.Contract
	}{{&g.old, older}, {&g.new, newer}} {
		decoder := json.NewDecoder(bytes.NewReader(one.from.Document))
		decoder.UseNumber()
		if err := decoder.Decode(one.to); err != nil {
			return nil, fmt.Errorf("reading %s: %w", one.from.File, err)
		}
	}
	var err error
	if g.instances, err = instance.Parse(newer.Document); err != nil {
		return nil, err
	}
	before, after := object(object(g.old, "components"), "schemas"), object(object(g.new, "components"), "schemas")
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if after[name] != nil {
			g.schema = name
			g.value(before[name], after[name], "/components/schemas/"+name, nil)
		}
	}
	g.schema = ""
	g.parameters(older, newer)
	return g.list, nil
}

func object(m map[string]any, name string) map[string]any {
	inner, _ := m[name].(map[string]any)
	return inner
}

// add notes a step about a place.
func (g *guesser) add(place []string, loses, comment string, lines ...string) {
	target := g.schema
	if target == "" {
		target = g.operation
	}
	g.list = append(g.list, guess{
		schema: g.schema, operation: g.operation, part: g.part, about: strings.Join(append([]string{target}, place...), "."), lines: lines, loses: loses, comment: comment,
	})
}

// at writes a place.
func at(place []string) string {
	if len(place) == 0 {
		return "."
	}
	text := strings.Join(place, "/")
	if strings.ContainsAny(text, " :#{}[],&*!|>'\"%@`~") {
		return fmt.Sprintf("%q", text)
	}
	return text
}

// value compares a value.
func (g *guesser) value(old, new any, pointer string, place []string) {
	a, _ := old.(map[string]any)
	b, _ := new.(map[string]any)
	if a == nil || b == nil || reflect.DeepEqual(a, b) || a["$ref"] != nil && b["$ref"] != nil {
		return
	}
	before, after := object(a, "properties"), object(b, "properties")
	switch {
	case before != nil && after != nil:
		g.members(a, b, pointer, place)
	case a["items"] != nil && b["items"] != nil:
		g.value(a["items"], b["items"], pointer+"/items", append(slices.Clone(place), "*"))
	case a["enum"] != nil && b["enum"] != nil:
		g.values(a, b, place)
	case kindred(a, object(b, "items")):
		g.add(place, "", "", "wrap: "+at(place), "in: []")
	case kindred(object(a, "items"), b):
		g.add(place, "all but the first of "+at(place), "", "unwrap: "+at(place), "from: []")
	case after != nil && g.inside(a, after) != "":
		g.add(place, "", "", "wrap: "+at(place), "in: "+g.inside(a, after))
	case before != nil && g.inside(b, before) != "":
		g.add(place, "what stood beside "+g.inside(b, before), "", "unwrap: "+at(place), "from: "+g.inside(b, before))
	case scalar(a) && scalar(b) && a["type"] != b["type"]:
		g.add(place, "", "", "convert: "+at(place), fmt.Sprintf("from: %s", a["type"]), fmt.Sprintf("to: %s", b["type"]))
	}
}

// kindred tells whether two schemas are of one type.
func kindred(a, b map[string]any) bool {
	return a != nil && b != nil && (a["type"] != nil && a["type"] == b["type"] || a["$ref"] != nil && a["$ref"] == b["$ref"])
}

// inside is the one member that has the type of a value, "" if there is none.
func (g *guesser) inside(value, members map[string]any) string {
	found := ""
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if member, _ := members[name].(map[string]any); kindred(value, member) {
			if found != "" {
				return ""
			}
			found = name
		}
	}
	return found
}

func scalar(schema map[string]any) bool {
	return slices.Contains([]any{"string", "integer", "number"}, schema["type"])
}

// members compares the members of an object: what has gone and what has come is a
// rename if it looks alike.
func (g *guesser) members(a, b map[string]any, pointer string, place []string) {
	before, after := object(a, "properties"), object(b, "properties")
	var gone, come []string
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if after[name] == nil {
			gone = append(gone, name)
		} else {
			g.value(before[name], after[name], pointer+"/properties/"+name, append(slices.Clone(place), name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if before[name] == nil {
			come = append(come, name)
		}
	}
	for _, name := range gone {
		here := append(slices.Clone(place), name)
		if to := g.alike(name, before, come, after, len(gone)); to != "" {
			come = slices.DeleteFunc(come, func(s string) bool { return s == to })
			g.add(here, "", "", "rename: "+at(here), "to: "+at([]string{to}))
			continue
		}
		lines := []string{"remove: " + at(here)}
		comment := ""
		if slices.Contains(list(a["required"]), any(name)) {
			lines = append(lines, "value: "+g.sample(before[name], ""))
			comment = "what old clients get in its place"
		}
		g.add(here, "what "+name+" was", comment, lines...)
	}
	for _, name := range come {
		if slices.Contains(list(b["required"]), any(name)) || a["additionalProperties"] == false {
			here := append(slices.Clone(place), name)
			g.add(here, "", "what requests of old clients get", "add: "+at(here), "value: "+g.sample(after[name], pointer+"/properties/"+name))
		}
	}
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// alike is the new member that an old one probably became, "" for none.
func (g *guesser) alike(name string, before map[string]any, come []string, after map[string]any, gone int) string {
	var kin []string
	for _, other := range come {
		x, _ := before[name].(map[string]any)
		y, _ := after[other].(map[string]any)
		if kindred(x, y) {
			kin = append(kin, other)
		}
	}
	if near := finding.Nearest(name, kin); near != "" {
		return near
	}
	for _, other := range kin {
		if strings.Contains(fold(other), fold(name)) || strings.Contains(fold(name), fold(other)) {
			return other
		}
	}
	if len(kin) == 1 && gone == 1 {
		return kin[0]
	}
	return ""
}

func fold(s string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(s))
}
