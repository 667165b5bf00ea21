package change_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"gateway/internal/change"
	"gateway/internal/gatewaytest"
	"gateway/internal/instance"
	"gateway/modules/validate"
)

// generator makes contracts and changes of them.
type generator struct {
	*rand.Rand
	next int
}

func (g *generator) name() string {
	g.next++
	return fmt.Sprintf("m%d", g.next)
}

// object makes a schema of an object: members by name, as flow YAML is made of them.
func (g *generator) object(depth int) map[string]any {
	properties := make(map[string]any)
	var required []string
	for range 2 + g.IntN(4) {
		name := g.name()
		properties[name] = g.schema(depth)
		if g.IntN(2) == 0 {
			required = append(required, name)
		}
	}
	schema := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if required != nil {
		schema["required"] = required
	}
	return schema
}

func (g *generator) schema(depth int) map[string]any {
	if depth > 0 {
		switch g.IntN(5) {
		case 0:
			return g.object(depth - 1)
		case 1:
			return map[string]any{"type": "array", "items": g.schema(depth - 1), "maxItems": 3}
		}
	}
	switch g.IntN(4) {
	case 0:
		return map[string]any{"type": "integer", "minimum": 0, "maximum": 1000}
	case 1:
		return map[string]any{"type": "string", "enum": []any{"a", "b", "c"}}
	case 2:
		return map[string]any{"type": "boolean"}
	}
	return map[string]any{"type": "string", "maxLength": 12}
}

// edit changes an object and returns the step that tells of it.
func (g *generator) edit(schema map[string]any) string {
	properties := schema["properties"].(map[string]any)
	names := sortedOf(properties)
	name := names[g.IntN(len(names))]
	member := properties[name].(map[string]any)
	switch g.IntN(5) {
	case 0:
		to := g.name()
		delete(properties, name)
		properties[to] = member
		replaceIn(schema, name, to)
		return fmt.Sprintf("{rename: %s, to: %s}", name, to)
	case 1:
		key := g.name()
		properties[name] = map[string]any{"type": "object", "properties": map[string]any{key: member}, "required": []string{key}, "additionalProperties": false}
		return fmt.Sprintf("{wrap: %s, in: %s}", name, key)
	case 2:
		added := g.name()
		properties[added] = map[string]any{"type": "string"}
		schema["required"] = append(requiredOf(schema), added)
		return fmt.Sprintf("{add: %s, value: x}", added)
	case 3:
		if values, _ := member["enum"].([]any); len(values) > 0 && values[0] == "a" {
			member["enum"] = []any{"x", "y", "c"}
			return fmt.Sprintf("{map: %s, values: {a: x, b: y}}", name)
		}
		fallthrough
	default:
		properties[name] = map[string]any{"type": "array", "items": member, "minItems": 1, "maxItems": 1}
		return fmt.Sprintf("{wrap: %s, in: []}", name)
	}
}

func requiredOf(schema map[string]any) []string {
	list, _ := schema["required"].([]string)
	return list
}

func replaceIn(schema map[string]any, from, to string) {
	list := requiredOf(schema)
	for i := range list {
		if list[i] == from {
			list[i] = to
		}
	}
}

func sortedOf(m map[string]any) (names []string) {
	for name := range m {
		i := 0
		for i < len(names) && names[i] < name {
			i++
		}
		names = append(names[:i], append([]string{name}, names[i:]...)...)
	}
	return names
}

func flow(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestThereAndBack: over generated contracts every lossless plan is proved, and what it
// carries forward comes back as it was; N changes in files of their own do what they do
// in one, and what the steps say of several versions composes.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	for seed := range uint64(24) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
			schema := g.object(2)
			contracts := []string{shop(flow(t, schema))}
			var steps []string
			for range 1 + g.IntN(5) {
				steps = append(steps, g.edit(schema))
				contracts = append(contracts, shop(flow(t, schema)))
			}
			old, new := contracts[0], contracts[len(contracts)-1]
			one := versions(t).version(old).version(new, "description: d\nschema: Thing\nsteps: ["+strings.Join(steps, ", ")+"]\n")
			var files []string
			for _, s := range steps {
				files = append(files, "description: d\nschema: Thing\nsteps: ["+s+"]\n")
			}
			many := versions(t).version(old).version(new, files...)
			chain := versions(t).version(old)
			for i, s := range steps {
				chain.version(contracts[i+1], "description: d\nschema: Thing\nsteps: ["+s+"]\n")
			}
			for _, w := range []*world{one, many, chain} {
				if err := w.plan().Prove(checker().Document, change.Budget{}); err != nil {
					t.Fatalf("%v\n%s", err, strings.Join(steps, "\n"))
				}
			}
			for _, text := range instances(t, one) {
				want := forward(t, one.carrier("putThing"), text)
				for _, w := range []*world{many, chain} {
					c := w.carrier("putThing")
					if got := forward(t, c, text); !same(t, got, want) {
						t.Fatalf("%s:\n got %s\nwant %s\n%s", text, got, want, strings.Join(steps, "\n"))
					}
					if got := back(t, c, 200, want); !same(t, got, text) {
						t.Fatalf("back:\n got %s\nwant %s\n%s", got, text, strings.Join(steps, "\n"))
					}
				}
			}
		})
	}
}

func checker() *validate.Check { return new(validate.Check) }

// instances are documents of the schema Thing of the oldest version.
func instances(t testing.TB, w *world) (texts []string) {
	t.Helper()
	document, err := instance.Parse(w.versions[0].Contract.Document)
	if err != nil {
		t.Fatal(err)
	}
	for variant := range instance.Variants {
		v, err := document.Generate("/components/schemas/Thing", instance.Request, variant)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, flow(t, v))
	}
	return texts
}

// TestIndependentChanges: the order of changes that have nothing to do with each other
// does not matter.
func TestIndependentChanges(t *testing.T) {
	t.Parallel()
	const old = `{type: object, properties: {a: {type: string}, b: {type: integer}, c: {type: string, enum: [x, y]}, d: {type: object, properties: {e: {type: string}}}}}`
	const new = `{type: object, required: [f], properties: {a2: {type: string}, b: {type: object, properties: {n: {type: integer}}}, c: {type: string, enum: [z, y]}, e: {type: string}, d: {type: object}, f: {type: integer}}}`
	steps := []string{"{rename: a, to: a2}", "{wrap: b, in: n}", "{map: c, values: {x: z}}", "{move: d/e, to: e}", "{add: f, value: 1}"}
	var want string
	const text = `{"a":"1","b":2,"c":"x","d":{"e":"3","g":4},"h":5}`
	for i := range 20 {
		order := rand.New(rand.NewPCG(uint64(i), 2)).Perm(len(steps))
		var files []string
		for _, j := range order {
			files = append(files, "description: d\nschema: Thing\nsteps: ["+steps[j]+"]\n")
		}
		c := versions(t).version(shop(old)).version(shop(new), files...).carrier("putThing")
		got := forward(t, c, text)
		if want == "" {
			want = got
		}
		if !same(t, got, want) {
			t.Fatalf("%v: %s, not %s", order, got, want)
		}
		if again := back(t, c, 200, got); !same(t, again, text) {
			t.Fatalf("%v: %s came back as %s", order, text, again)
		}
	}
}

// TestProofFinds: a plan that can make an invalid document is refused with the smallest
// counterexample.
func TestProofFinds(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	for _, c := range []struct{ old, new, steps string }{
		{`{type: object, properties: {a: {type: string}}}`, `{type: object, required: [b], properties: {b: {type: string}}}`, "{rename: a, to: b}"},
		{`{type: object, properties: {a: {type: string}, z: {type: integer}}}`, `{type: object, properties: {a: {type: integer}, z: {type: integer}}}`, "{convert: a, from: string, to: integer}"},
		{`{type: object, properties: {a: {type: integer}}}`, `{type: object, properties: {a: {type: integer}}}`, "{convert: a, times: 0.01, round: 0}"},
		{`{type: object, properties: {a: {type: string, enum: [p, q]}}}`, `{type: object, properties: {a: {type: string, enum: [r, q, s]}}}`, "{map: a, values: {p: r}}"},
		{`{type: object, properties: {a: {type: integer}}}`, `{type: object, properties: {a: {type: integer}}}`, "{cel: a, forward: value + 1, back: value - 2}"},
	} {
		w := versions(t).version(shop(c.old)).version(shop(c.new), "description: d\nschema: Thing\nsteps: ["+c.steps+"]\n")
		err := w.plan().Prove(checker().Document, change.Budget{})
		if err == nil {
			t.Errorf("%s was proved", c.steps)
			continue
		}
		fmt.Fprintf(&got, "%s\n%s\n\n", c.steps, strings.ReplaceAll(err.Error(), w.dir, ""))
	}
	gatewaytest.Golden(t, "testdata/proof.golden", got.Bytes())
}

// TestProblems: pointers in the problem documents of a service get the old names.
func TestProblems(t *testing.T) {
	t.Parallel()
	const old = `{type: object, properties: {items: {type: array, items: {$ref: "#/components/schemas/Item"}}, zip: {type: string}, price: {type: number}}}`
	const new = `{type: object, properties: {items: {type: array, items: {$ref: "#/components/schemas/Item"}}, address: {type: object, properties: {zip: {type: string}}}, price: {type: object, properties: {amount: {type: number}}}}}`
	c := versions(t).version(shop(old, "    Item: {type: object, properties: {qty: {type: integer}}}")).
		version(shop(new, "    Item: {type: object, properties: {quantity: {type: integer}}}"),
			"description: d\nschema: Item\nsteps: [{rename: qty, to: quantity}]\n",
			"description: d\nschema: Thing\nsteps: [{move: zip, to: address/zip}, {wrap: price, in: amount}]\n").carrier("putThing")
	for newer, older := range map[string]string{
		"/items/3/quantity": "/items/3/qty", "/address/zip": "/zip", "/price/amount": "/price", "/other": "/other", "": "",
	} {
		if got, ok := c.Pointer(newer); !ok || got != older {
			t.Errorf("%s is %s, %v; want %s", newer, got, ok, older)
		}
	}
	r := change.Response{
		Status: 422, Header: http.Header{}, MediaType: "application/problem+json",
		Body: []byte(`{"type":"t","status":422,"errors":[{"pointer":"/items/0/quantity","rule":"minimum"},{"pointer":"#/address/zip"},{"detail":"x"}]}`),
	}
	if !c.ResponseBody(422, "application/problem+json") {
		t.Error("the problem would not be read")
	}
	if err := c.Response(&r); err != nil {
		t.Fatal(err)
	}
	if want := `{"type":"t","status":422,"errors":[{"pointer":"/items/0/qty","rule":"minimum"},{"pointer":"#/zip"},{"detail":"x"}]}`; string(r.Body) != want {
		t.Errorf("%s, not %s", r.Body, want)
	}
}

// TestFailures: what cannot be carried is refused, and nothing of it is in the text.
func TestFailures(t *testing.T) {
	t.Parallel()
	c := versions(t).version(shop(`{type: object, properties: {a: {type: string}, b: {type: string}}}`)).
		version(shop(`{type: object, properties: {a: {type: integer}, b: {type: string}}}`), "description: d\nschema: Thing\nsteps: [{convert: a, from: string, to: integer}]\n").carrier("putThing")
	for _, body := range []string{`{"a":"secret"}`, `{"a":`, `{"a":"1"}{}`, "{\"a\":\"\xff\"}", strings.Repeat("[", 200) + strings.Repeat("]", 200), `{"a":{"secret":1}}`} {
		r := change.Request{Method: "PUT", Header: http.Header{}, MediaType: "application/json", Body: []byte(body)}
		err := c.Request(&r)
		if err == nil {
			t.Errorf("%s was carried", body)
			continue
		}
		if strings.Contains(err.Error(), "secret") || string(r.Body) != body {
			t.Errorf("%s: %v, %s", body, err, r.Body)
		}
	}
}

// FuzzFile: no file makes the parser panic, and what it takes compiles or is refused.
func FuzzFile(f *testing.F) {
	for _, text := range []string{
		"description: d\nschema: Thing\nsteps: [{rename: a, to: b}]\n",
		"description: d\noperation: putThing\nrequest: [{move: a, to: b/c}]\nresponse: {4XX: [{wrap: a, in: []}]}\nparameters: [{add: query/x, value: 1}]\nheaders: [{remove: X}]\nstatuses: {200: 201}\n",
		"description: d\nlossless: false\nloses: l\nschema: Thing\nsteps: [{split: a, to: [b, c], by: x}, {convert: b, times: 1e9}, {cel: ., forward: value, back: value}]\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w := versions(t).version(shop(`{type: object, properties: {a: {type: string}}}`)).version(shop(`{type: object, properties: {b: {type: string}}}`), text)
		p, err := change.Compile(w.versions)
		if err != nil {
			return
		}
		_ = p.Prove(checker().Document, change.Budget{Instances: 2})
	})
}

// FuzzBody: no text makes a carrier panic, and what it makes is JSON.
func FuzzBody(f *testing.F) {
	c := readCase(f, "testdata/steps/values.txtar")
	carrier := c.plan().Carrier(c.operation("putThing"))
	for _, p := range c.pairs {
		f.Add(p.old)
		f.Add(p.new)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := change.Request{Method: "PUT", Header: http.Header{}, MediaType: "application/json", Body: []byte(text)}
		if carrier.Request(&r) == nil && !json.Valid(r.Body) {
			t.Errorf("%q became %q", text, r.Body)
		}
		s := change.Response{Status: 200, Header: http.Header{}, MediaType: "application/json", Body: []byte(text)}
		if carrier.Response(&s) == nil && !json.Valid(s.Body) {
			t.Errorf("%q became %q", text, s.Body)
		}
	})
}
