package validate

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// messages are schemas with documents that break them. What a client reads about each
// stands in testdata/messages.golden.
var messages = []struct{ schema, document string }{
	{`{"type":"integer"}`, `"7"`},
	{`{"type":"integer"}`, `7.5`},
	{`{"type":"boolean"}`, `"true"`},
	{`{"type":"string"}`, `7`},
	{`{"type":["string","null"]}`, `[]`},
	{`{"type":["object","array","string"]}`, `true`},
	{`{"type":"object"}`, `null`},
	{`{"enum":["open","closed","cancelled"]}`, `"canceled"`},
	{`{"enum":["open","closed"]}`, `"OPEN"`},
	{`{"enum":["open","closed"]}`, `"something else"`},
	{`{"enum":[1,2,null]}`, `3`},
	{`{"enum":[{"a":1}]}`, `3`},
	{`{"enum":["a","b","c","d","e","f","g","h","i","j","k","l"]}`, `"z"`},
	{`{"const":"order"}`, `"ordre"`},
	{`{"const":{"a":[1]}}`, `1`},
	{`{"minimum":1}`, `0`},
	{`{"minimum":0.01}`, `0`},
	{`{"minimum":1e30}`, `0`},
	{`{"maximum":10}`, `11`},
	{`{"exclusiveMinimum":0}`, `0`},
	{`{"exclusiveMaximum":100}`, `100`},
	{`{"multipleOf":0.01}`, `1.005`},
	{`{"minLength":1}`, `""`},
	{`{"minLength":3}`, `"ab"`},
	{`{"maxLength":1}`, `"ab"`},
	{`{"maxLength":0}`, `"ab"`},
	{`{"pattern":"^[A-Z]{2}$"}`, `"abc"`},
	{`{"format":"date-time"}`, `"yesterday"`},
	{`{"format":"date"}`, `"31.01.2026"`},
	{`{"format":"email"}`, `"nobody"`},
	{`{"format":"uuid"}`, `"1234"`},
	{`{"format":"uri"}`, `"a b"`},
	{`{"format":"ipv4"}`, `"1.2.3"`},
	{`{"format":"int32"}`, `3000000000`},
	{`{"format":"byte"}`, `"%%"`},
	{`{"required":["id","name"]}`, `{"name":1}`},
	{`{"required":["a/b","c~d"]}`, `{}`},
	{`{"properties":{"quantity":{},"price":{}},"additionalProperties":false}`, `{"quanttiy":1}`},
	{`{"properties":{"quantity":{}},"additionalProperties":false}`, `{"zzz":1,"yyy":2}`},
	{`{"additionalProperties":{"type":"integer"}}`, `{"a":1,"b":"x"}`},
	{`{"properties":{"a":{}},"unevaluatedProperties":false}`, `{"b":1}`},
	{`{"minProperties":1}`, `{}`},
	{`{"maxProperties":1}`, `{"a":1,"b":2}`},
	{`{"propertyNames":{"pattern":"^[a-z]+$"}}`, `{"A1":1}`},
	{`{"dependentRequired":{"card":["expiry"]}}`, `{"card":1}`},
	{`{"minItems":1}`, `[]`},
	{`{"maxItems":2}`, `[1,2,3]`},
	{`{"uniqueItems":true}`, `[1,2,1]`},
	{`{"contains":{"type":"integer"}}`, `["a"]`},
	{`{"contains":{"type":"integer"},"minContains":2}`, `[1]`},
	{`{"contains":{"type":"integer"},"maxContains":1}`, `[1,2]`},
	{`{"prefixItems":[{"type":"string"}],"items":false}`, `["a",1]`},
	{`{"prefixItems":[{"type":"string"},{"type":"integer"}]}`, `["a","b"]`},
	{`{"not":{"type":"string"}}`, `"a"`},
	{`{"properties":{"internal":false}}`, `{"internal":1}`},
	{`false`, `1`},
	{`{"oneOf":[{"type":"integer"},{"minimum":2}]}`, `3`},
	{`{"oneOf":[{"type":"integer"},{"type":"boolean"}]}`, `"a"`},
	{`{"anyOf":[{"type":"string","minLength":3},{"type":"null"}]}`, `"a"`},
	{`{"anyOf":[{"const":"a"},{"const":"b"}]}`, `"c"`},
	{`{"anyOf":[{"required":["a"]},{"required":["b"]}]}`, `{}`},
	{`{"oneOf":[{"properties":{"kind":{"const":"card"},"number":{"type":"string"}},"required":["kind","number"]},
		{"properties":{"kind":{"const":"iban"},"iban":{"type":"string"}},"required":["kind","iban"]}]}`, `{"kind":"iban","iban":7}`},
	{`{"oneOf":[{"$ref":"#/$defs/Card"},{"$ref":"#/$defs/Iban"}],"$defs":{"Card":{"required":["number"]},"Iban":{"required":["iban","bank"]}}}`, `{"x":1}`},
	{`{"if":{"properties":{"country":{"const":"DE"}}},"then":{"required":["vat"]},"else":{"required":["tax"]}}`, `{"country":"DE"}`},
	{`{"allOf":[{"required":["a"]},{"properties":{"b":{"minimum":1}}}]}`, `{"b":0}`},
	{`{"properties":{"items":{"items":{"properties":{"qty":{"minimum":1}}}}}}`, `{"items":[{"qty":1},{"qty":0},{"qty":-1}]}`},
	{`{"additionalProperties":false}`, `{"` + strings.Repeat("long", 100) + `":1}`},
	{`{"items":{"type":"integer"}}`, `[1,"a",1,"b",1,1,1,1,1,1,"c"]`},
	{`{"$ref":"#/$defs/a","$defs":{"a":{"type":"object","properties":{"b":{"$ref":"#/$defs/c"}}},"c":{"format":"date"}}}`, `{"b":"x"}`},
	{`{"dependentSchemas":{"a":{"required":["b"]}}}`, `{"a":1}`},
}

func TestMessages(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, m := range messages {
		s := mustSchema(t, m.schema)
		d := newDocument(m.document)
		if err := d.scan(&testBounds); err != nil {
			t.Fatalf("%s: %v", m.document, err)
		}
		if verdict(t, s, m.document) {
			t.Errorf("%s accepts %s", m.schema, m.document)
			continue
		}
		failed, err := s.explain(d)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "%.160s\n%.80s\n", strings.Join(strings.Fields(m.schema), " "), m.document)
		for _, v := range violations(failed, d.decode(0)) {
			expected, _ := json.Marshal(v.expected)
			fmt.Fprintf(&text, "  %s\n    %q %s %s\n", v.message, v.at, v.rule, expected)
			if v.hint != "" {
				fmt.Fprintf(&text, "    hint: %s\n", v.hint)
			}
		}
		text.WriteByte('\n')
	}
	golden(t, "messages.golden", text.String())
}

// syntaxMessages are texts that are no JSON.
var syntaxMessages = []string{
	"", "  ", "{", "[", `{"a"`, `{"a":`, `{"a":1`, `{"a":1,}`, `[1,]`, `[1 2]`, `{"a" 1}`, `{a:1}`, `'a'`, `nul`, `NaN`, `-Infinity`, `01`, `1.`, `.5`, `+1`, `1e`, `0x10`,
	`"abc`, "\"a\nb\"", `"\x41"`, `"\ud800"`, `"\udc00\ud800"`, "\"\xff\"", "\xef\xbb\xbf{}", `{} {}`, `1 // one`, "\x00", `"` + "\u2028" + `"x`,
	`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, "{\n  \"ä\": [1,\n  2,,3]}", `1e401`, `1e-401`, `True`, `[None]`, `{"a":undefined}`, "\x1f\x8b\x08", "\xff\xfe{\x00", `<order/>`, `{"a":1 "b":2}`, "{\"a\":1}\n{\"a\":2}", `{“a”:1}`, `{"a"=1}`, `1.e5`, `-.5`, `1.5e+`, `{"a":1 // one
}`, `a=1&b=2`, `-`, strings.Repeat("[", 65), strings.Repeat("1", 513),
}

func TestSyntaxMessages(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, sent := range syntaxMessages {
		d := newDocument(sent)
		err := d.scan(&testBounds)
		if err == nil {
			t.Errorf("%q was accepted", sent)
			continue
		}
		line, column := err.place(sent)
		fmt.Fprintf(&text, "%.60q\n  %s %d:%d %s\n", sent, err.reason.Code, line, column, err.what)
		d.release()
	}
	golden(t, "syntax.golden", text.String())
}
