package instance

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func parse(t testing.TB, schema string) *Document {
	t.Helper()
	d, err := Parse([]byte(schema))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestGenerate shows what is made of each keyword. What a whole contract asks for is
// tested with the validator, in modules/validate.
func TestGenerate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		schema  string
		variant int
		want    string
	}{
		{`true`, 1, `"text"`},
		{`{"type":"string"}`, 1, `"text"`},
		{`{"type":"string","example":"tea"}`, 0, `"tea"`},
		{`{"type":"string","example":"tea"}`, 1, `"text"`},
		{`{"type":"string","minLength":6}`, 1, `"textaa"`},
		{`{"type":"string","maxLength":2}`, 1, `"xt"`},
		{`{"format":"date"}`, 1, `"2026-01-01"`},
		{`{"format":"uuid"}`, 1, `"123e4567-e89b-12d3-a456-426614174001"`},
		{`{"format":"byte","minLength":9}`, 1, `"aGVsbG8haGVsbG8h"`},
		{`{"pattern":"^[A-Z]{3}-\\d+$"}`, 1, `"AAA-0"`},
		{`{"pattern":"^(a|b)+$","minLength":5}`, 1, `"aaaaa"`},
		{`{"pattern":"^x","minLength":3}`, 1, `"xaa"`},
		{`{"type":"integer","minimum":5}`, 1, `5`},
		{`{"type":"integer","exclusiveMinimum":5}`, 1, `6`},
		{`{"type":"integer","maximum":-3}`, 1, `-3`},
		{`{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":0.5}`, 1, `0.25`},
		{`{"type":"number","multipleOf":0.25,"minimum":1.1}`, 1, `1.25`},
		{`{"type":"integer","multipleOf":1.5}`, 1, `3`},
		{`{"enum":["a","b"]}`, 1, `"a"`},
		{`{"enum":["a","b"]}`, 4, `"b"`},
		{`{"const":{"a":1}}`, 1, `{"a":1}`},
		{`{"type":["null","integer"]}`, 1, `1`},
		{`{"type":"null"}`, 1, `null`},
		{`{"items":{"type":"integer"},"minItems":3,"uniqueItems":true}`, 1, `[1,2,3]`},
		{`{"items":{"enum":["a","b","c"]},"minItems":3,"uniqueItems":true}`, 1, `["a","b","c"]`},
		{`{"type":"array","items":{"type":"boolean"}}`, 1, `[true]`},
		{`{"type":"array","items":{"type":"boolean"}}`, 2, `[]`},
		{`{"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}],"items":false}`, 1, `[1,"text"]`},
		{`{"contains":{"const":7},"minContains":2}`, 1, `[7,7]`},
		{`{"properties":{"a":{"type":"integer"},"b":{}},"required":["a"]}`, 1, `{"a":1,"b":"text"}`},
		{`{"properties":{"a":{"type":"integer"},"b":{}},"required":["a"]}`, 2, `{"a":1}`},
		{`{"properties":{"a":{"readOnly":true},"b":{"writeOnly":true}},"required":["a","b"]}`, 1, `{"b":"text"}`},
		{`{"additionalProperties":{"type":"integer"}}`, 1, `{"member1":1}`},
		{`{"minProperties":2,"propertyNames":{"pattern":"^[a-z]$"}}`, 1, `{"a":"text","b":"text1"}`},
		{`{"dependentRequired":{"a":["b"]},"required":["a"]}`, 2, `{"a":"text","b":"text"}`},
		{`{"allOf":[{"properties":{"a":{"minimum":3}}},{"properties":{"a":{"type":"integer"}},"required":["a"]}]}`, 2, `{"a":3}`},
		{`{"oneOf":[{"type":"null"},{"type":"integer"},{"type":"string"}]}`, 1, `1`},
		{`{"oneOf":[{"type":"null"},{"type":"integer"},{"type":"string"}]}`, 4, `"text"`},
		{`{"if":{"required":["a"]},"then":{"required":["b"]}}`, 2, `{"a":"text","b":"text"}`},
		{`{"$defs":{"n":{"type":"object","properties":{"next":{"$ref":"#/$defs/n"}}}},"$ref":"#/$defs/n"}`, 1, `{"next":{"next":{}}}`},
		{`{"$defs":{"cat":{"type":"object","properties":{"kind":{"type":"string"}},"required":["kind"]}},"oneOf":[{"$ref":"#/$defs/cat"}],"discriminator":{"propertyName":"kind","mapping":{"Felix":"#/$defs/cat"}}}`, 1, `{"kind":"Felix"}`},
	} {
		for range 3 { // the same each time
			got, err := parse(t, test.schema).Generate("", Request, test.variant)
			text, _ := json.Marshal(got)
			if err != nil || string(text) != test.want {
				t.Errorf("%s, variant %d: got %s %v, want %s", test.schema, test.variant, text, err, test.want)
			}
		}
	}
	if got, _ := parse(t, `{"properties":{"a":{"readOnly":true},"b":{"writeOnly":true}}}`).Generate("", Response, 1); len(got.(map[string]any)) != 1 {
		t.Errorf("a response has %v", got)
	}
}

// TestNothing has schemas that no value keeps, or none of bounded size.
func TestNothing(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{
		`false`,
		`{"enum":[]}`,
		`{"allOf":[{"type":"string"},{"type":"integer"}]}`,
		`{"type":"integer","minimum":3,"maximum":2}`,
		`{"type":"string","minLength":99999999}`,
		`{"type":"array","minItems":99999999}`,
		`{"minProperties":99999999}`,
		`{"additionalProperties":false,"required":["a"]}`,
		`{"$ref":"#"}`,
		`{"required":["next"],"properties":{"next":{"$ref":"#"}}}`,
		`{"$ref":"#/nowhere"}`,
		`{"items":{"enum":[1,2]},"minItems":3,"uniqueItems":true}`,
		`{"pattern":"^a$","minLength":2}`,
	} {
		for variant := range Variants {
			if got, err := parse(t, schema).Generate("", Request, variant); err == nil {
				t.Errorf("%.80s: got %v", schema, got)
			}
		}
	}
}

// TestBounded has schemas whose whole value would be huge.
func TestBounded(t *testing.T) {
	t.Parallel()
	var members []string
	for i := range 40 {
		members = append(members, fmt.Sprintf(`"m%d":{"type":"array","items":{"$ref":"#"}}`, i))
	}
	wide := `{"properties":{` + strings.Join(members, ",") + `}}`
	ladder := `{"$defs":{"n60":{"type":"string"}`
	for i := range 60 {
		ladder += fmt.Sprintf(`,"n%d":{"properties":{"a":{"$ref":"#/$defs/n%d"},"b":{"$ref":"#/$defs/n%d"}}}`, i, i+1, i+1)
	}
	for _, schema := range []string{wide, ladder + `},"$ref":"#/$defs/n0"}`} {
		d := parse(t, schema)
		for variant := range Variants {
			got, err := d.Generate("", Request, variant)
			text, _ := json.Marshal(got)
			if err != nil || len(text) > 1<<20 {
				t.Errorf("variant %d: %d bytes, %v", variant, len(text), err)
			}
		}
	}
}

// FuzzGenerate: no schema panics, and none takes for ever.
func FuzzGenerate(f *testing.F) {
	for _, seed := range []string{
		`{"type":"string","pattern":"^(a|b)+$"}`, `{"allOf":[{"$ref":"#/a"}],"a":{"minimum":1.5}}`, `{"items":{"$ref":"#"},"minItems":2}`,
		`{"multipleOf":0.3,"minimum":1e300}`, `{"oneOf":[true,false],"discriminator":{"propertyName":"a"}}`, `{"patternProperties":{"^x":{}},"minProperties":3}`,
	} {
		f.Add(seed, 1)
	}
	f.Fuzz(func(t *testing.T, schema string, variant int) {
		d, err := Parse([]byte(schema))
		if err != nil {
			return
		}
		got, err := d.Generate("", Side(variant&1), variant&15)
		if err != nil {
			return
		}
		if _, err := json.Marshal(got); err != nil {
			t.Errorf("%s: %v", schema, err)
		}
	})
}
