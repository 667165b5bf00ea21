package generate

import (
	"encoding/json"
	"slices"
	"strings"

	"gateway/internal/instance"
	"gateway/internal/openapi"
)

// values compares two enums: what has gone became what has come, in their order.
func (g *guesser) values(a, b map[string]any, place []string) {
	var gone, come []any
	for _, v := range list(a["enum"]) {
		if !slices.Contains(list(b["enum"]), v) {
			gone = append(gone, v)
		}
	}
	for _, v := range list(b["enum"]) {
		if !slices.Contains(list(a["enum"]), v) {
			come = append(come, v)
		}
	}
	var values, back []string
	for i, v := range gone {
		if i >= len(come) {
			return // some values have no counterpart; nobody knows what they became
		}
		values = append(values, text(v)+": "+text(come[i]))
	}
	for _, v := range come[min(len(gone), len(come)):] {
		back = append(back, text(v)+": "+text(list(a["enum"])[0]))
	}
	if len(come) == 0 {
		return
	}
	lines := []string{"map: " + at(place), "values: {" + strings.Join(values, ", ") + "}"}
	comment := "the values in their order; check them"
	if len(back) > 0 {
		lines = append(lines, "back: {"+strings.Join(back, ", ")+"}")
		comment = "check the values; back says what old clients get for new ones"
	}
	g.add(place, "", comment, lines...)
}

// text writes a literal for YAML, as JSON.
func text(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return string(out)
}

// sample is a value of a schema: a default, or one that is made up.
func (g *guesser) sample(schema any, pointer string) string {
	s, _ := schema.(map[string]any)
	if v, ok := s["default"]; ok {
		return text(v)
	}
	if pointer != "" {
		if v, err := g.instances.Generate(pointer, instance.Request, 0); err == nil {
			return text(v)
		}
	}
	if values := list(s["enum"]); len(values) > 0 {
		return text(values[0])
	}
	switch s["type"] {
	case "integer", "number":
		return "0"
	case "boolean":
		return "false"
	case "array":
		return "[]"
	case "object":
		return "{}"
	}
	return `""`
}

// parameters compares the parameters of operations that both contracts have.
func (g *guesser) parameters(older, newer *openapi.Contract) {
	for _, old := range older.Operations {
		i := slices.IndexFunc(newer.Operations, func(op *openapi.Operation) bool { return op.ID == old.ID && op.Method == old.Method })
		if i < 0 {
			continue
		}
		g.operation, g.part = old.ID, "parameters"
		var gone, come []openapi.Parameter
		for _, p := range old.Parameters {
			if !has(newer.Operations[i], p) && p.In != "path" {
				gone = append(gone, p)
			}
		}
		for _, p := range newer.Operations[i].Parameters {
			if !has(old, p) && p.In != "path" {
				come = append(come, p)
			}
		}
		for _, p := range gone {
			j := slices.IndexFunc(come, func(q openapi.Parameter) bool { return q.In == p.In })
			if j >= 0 && len(gone) == 1 && len(come) == 1 {
				g.add([]string{p.In, p.Name}, "", "", "rename: "+at([]string{p.In, p.Name}), "to: "+at([]string{come[j].Name}))
				come = nil
				continue
			}
			g.add([]string{p.In, p.Name}, "the parameter "+p.Name, "", "remove: "+at([]string{p.In, p.Name}))
		}
		for _, p := range come {
			if p.Required {
				g.add([]string{p.In, p.Name}, "", "what requests of old clients get", "add: "+at([]string{p.In, p.Name}), "value: "+g.sample(nil, string(p.Schema)))
			}
		}
	}
	g.operation, g.part = "", ""
}

func has(op *openapi.Operation, p openapi.Parameter) bool {
	return slices.ContainsFunc(op.Parameters, func(q openapi.Parameter) bool { return q.In == p.In && q.Name == p.Name })
}
