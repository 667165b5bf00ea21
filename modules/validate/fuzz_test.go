package validate

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/google/go-cmp/cmp"
)

// FuzzScan: what the scanner passes is JSON for encoding/json too, with the same
// meaning; what it does not pass for a reason that encoding/json knows is none.
func FuzzScan(f *testing.F) {
	for _, seed := range syntaxMessages {
		if len(seed) < 100 {
			f.Add(seed)
		}
	}
	f.Add(`{"a":[1,-2.5e3,true,null,"é\n😀"]}`)
	f.Fuzz(func(t *testing.T, text string) {
		d := newDocument(text)
		defer d.release()
		if d.scan(&testBounds) != nil {
			return
		}
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		var want any
		if err := decoder.Decode(&want); err != nil {
			t.Fatalf("%q passes here, but encoding/json says %v", text, err)
		}
		if diff := cmp.Diff(want, d.decode(0)); diff != "" {
			t.Errorf("%q has two readings (-encoding/json +ours):\n%s", text, diff)
		}
		if !json.Valid([]byte(text)) {
			t.Errorf("%q is not one value", text)
		}
	})
}

// FuzzStrictness: what encoding/json takes and the scanner does not is on the list of
// what the scanner refuses on purpose.
func FuzzStrictness(f *testing.F) {
	f.Add(`{"a":1}`)
	f.Add(`{"a":1,"a":2}`)
	f.Add("\"\xff\"")
	f.Fuzz(func(t *testing.T, text string) {
		d := newDocument(text)
		defer d.release()
		err := d.scan(&testBounds)
		if err == nil || !json.Valid([]byte(text)) {
			return
		}
		onPurpose := err.reason.Code != "schema.not_json" || strings.Contains(err.what, "UTF-8") || strings.Contains(err.what, "surrogate")
		if !onPurpose {
			t.Errorf("%q is JSON, but refused: %v", text, err)
		}
	})
}

// fuzzSchemas use every keyword that the checker covers.
var fuzzSchemas = []string{
	`{"type":["object","array","integer","string","null"],"properties":{"a":{"$ref":"#"},"b":{"minimum":1.5,"maximum":10,"multipleOf":0.5}},"required":["a"],"additionalProperties":{"type":"integer"}}`,
	`{"items":{"enum":[1,"a",null,{"x":[1]},1.5e1]},"uniqueItems":true,"minItems":1,"maxItems":20}`,
	`{"prefixItems":[{"const":1},{"type":"string"}],"items":{"not":{"type":"null"}},"contains":{"minimum":3},"minContains":0,"maxContains":2}`,
	`{"patternProperties":{"^x":{"type":"boolean"}},"propertyNames":{"maxLength":3},"minProperties":1,"maxProperties":4,"dependentRequired":{"a":["b"]},"dependentSchemas":{"c":{"required":["d"]}}}`,
	`{"oneOf":[{"minLength":2},{"pattern":"^a+$"},{"format":"date"}],"anyOf":[{"maxLength":5},{"type":"number"}]}`,
	`{"if":{"type":"object"},"then":{"required":["z"]},"else":{"exclusiveMinimum":0,"exclusiveMaximum":1e3}}`,
	`{"allOf":[{"format":"int32"},{"type":"integer"}],"uniqueItems":true}`,
}

// FuzzChecker: the checker and the engine agree about every document.
func FuzzChecker(f *testing.F) {
	schemas := make([]*schema, len(fuzzSchemas))
	for i, text := range fuzzSchemas {
		schemas[i] = mustSchema(f, text)
		if !schemas[i].covered {
			f.Fatalf("%s is not covered", text)
		}
	}
	for _, seed := range []string{`{"a":{"a":1},"b":2.5}`, `[1,"a",{"x":[1.0]},15]`, `"aaa"`, `{"xa":true,"c":1}`, `999`, `1.0`, `[1,"",3,4,5]`, `{"z":1}`, `"2026-02-29"`, `[[1,2],[1.0,2e0]]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range schemas {
			verdict(t, s, text)
		}
	})
}

// FuzzSchema: checker and engine agree about every document under every schema that
// loads.
func FuzzSchema(f *testing.F) {
	for _, schema := range fuzzSchemas {
		f.Add(schema, `{"a":[1,"b",null],"b":2.5}`)
	}
	for _, m := range messages {
		f.Add(m.schema, m.document)
	}
	f.Fuzz(func(t *testing.T, schema, text string) {
		if len(schema) > 2000 || len(text) > 2000 {
			return
		}
		document, err := parseSchema(schema)
		if err != nil || len(inspect(document, "")) > 0 || strings.Contains(schema, "$dynamic") { // refused at load
			return
		}
		load := func(url string) (any, error) {
			if url != fileScheme+"a" {
				return nil, fs.ErrNotExist
			}
			return document, nil
		}
		if s, err := newEngine(load).compile(fileScheme + "a"); err == nil {
			verdict(t, s, text)
		}
	})
}

// FuzzParameters: no query, header or cookie panics or costs much, and what is
// refused says why.
func FuzzParameters(f *testing.F) {
	list := shopOperations(f)["listOrders"]
	for _, seed := range []string{"limit=1&ids=1,2", "filter[from]=2026-01-31&filter[tags]=a", "where=%7B%22a%22:1%7D", "filter[tags][9999999999]=", "%zz", "a;b=c&&=", "filter[", "status=open&status="} {
		f.Add(seed, "acme", "session=abcd")
	}
	f.Fuzz(func(t *testing.T, query, tenant, cookie string) {
		r := &http.Request{Method: "GET", URL: &url.URL{Path: "/orders", RawQuery: query}, Header: http.Header{"X-Tenant": {tenant}, "Cookie": {cookie}}}
		if refusal := list.decide(r, nil, "v1"); refusal != nil && len(refusal.Violations) == 0 {
			t.Errorf("%q is refused without a reason", query)
		}
	})
}

// FuzzBody: no body of any type panics, and what passes arrives unchanged.
func FuzzBody(f *testing.F) {
	ops := shopOperations(f)
	f.Add("application/json", `{"quantity":1}`)
	f.Add("application/x-www-form-urlencoded", "quantity=1&tags[]=a&tags[0]=b")
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=title\r\n\r\na\r\n--x--")
	f.Add("text/plain", "\xff")
	f.Fuzz(func(t *testing.T, contentType, text string) {
		for _, op := range ops {
			r := httptest.NewRequest("POST", "/", strings.NewReader(text))
			r.Header.Set("Content-Type", contentType)
			if refusal := op.checkBody(r, "v1"); refusal != nil {
				continue
			}
			var arrived bytes.Buffer
			if _, err := arrived.ReadFrom(r.Body); err != nil || arrived.String() != text {
				t.Errorf("%q arrived as %q, %v", text, arrived.String(), err)
			}
		}
	})
}

// FuzzCaddyfile: no directive panics.
func FuzzCaddyfile(f *testing.F) {
	f.Add("validate a.json {\n max_body 1MiB\n mode report\n}")
	f.Add("validate {\n pass a/b\n optional\n}")
	f.Fuzz(func(t *testing.T, text string) {
		tokens, err := caddyfile.Tokenize([]byte(text), "Caddyfile")
		if err != nil || len(tokens) == 0 {
			return
		}
		var h Handler
		_ = h.UnmarshalCaddyfile(caddyfile.NewDispenser(tokens))
	})
}
