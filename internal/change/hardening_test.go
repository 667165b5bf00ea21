package change_test

import (
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"gateway/internal/change"
)

const change1 = "description: d\nschema: Thing\nsteps: "

// TestRepeatedMembers: readers disagree about which of two members of one name counts, so
// an object that a change opens must not have any. What no change opens stays as it came.
func TestRepeatedMembers(t *testing.T) {
	t.Parallel()
	const old = `{type: object, properties: {qty: {type: integer}, in: {type: object, properties: {a: {type: integer}}}}}`
	const new = `{type: object, properties: {quantity: {type: integer}, in: {type: object, properties: {a: {type: integer}}}}}`
	c := versions(t).version(shop(old)).version(shop(new), change1+"[{rename: qty, to: quantity}]\n").carrier("putThing")
	many := commas(70, func(i int) string { return fmt.Sprintf(`"m%d":%d`, i, i) })
	for _, text := range []string{
		`{"qty":1,"qty":2}`, `{"x":1,"x":1}`, `{"qty":1,"q\u0074y":2}`, `{` + many + `,"m3":1}`, `{"quantity":1,"quantity":2}`,
	} {
		r := change.Request{Method: "PUT", Header: http.Header{}, MediaType: "application/json", Body: []byte(text)}
		if err := c.Request(&r); err == nil || !strings.Contains(err.Error(), "twice") || strings.Contains(err.Error(), "qty") {
			t.Errorf("%s became %s: %v", text, r.Body, err)
		}
		res := change.Response{Status: 200, Header: http.Header{}, MediaType: "application/json", Body: []byte(text)}
		if err := c.Response(&res); err == nil {
			t.Errorf("back, %s became %s", text, res.Body)
		}
	}
	for text, want := range map[string]string{
		`{"in":{"a":1,"a":2},"qty":3}`: `{"in":{"a":1,"a":2},"quantity":3}`,
		`{` + many + `,"qty":1}`:       `{` + many + `,"quantity":1}`,
	} {
		if got := forward(t, c, text); got != want {
			t.Errorf("%s became %s", text, got)
		}
	}
}

func commas(n int, item func(int) string) string {
	list := make([]string, n)
	for i := range list {
		list[i] = item(i)
	}
	return strings.Join(list, ",")
}

// TestNumbersByValue: 1.0 and 1 are one number (RFC 8259 §6, JSON Schema Core §4.2.2), so
// what goes by a number's value takes all of its spellings.
func TestNumbersByValue(t *testing.T) {
	t.Parallel()
	const old = `{type: object, required: [k], properties: {k: {type: number, enum: [1, 2.50, -0.0, 1200]}}}`
	const new = `{type: object, required: [k], properties: {k: {type: string, enum: [one, more, none, many]}}}`
	c := versions(t).version(shop(old)).version(shop(new), change1+"[{map: k, values: {1: one, 2.5: more, 0: none, 1.2e3: many}}]\n").carrier("putThing")
	for text, want := range map[string]string{"1": "one", "1.0": "one", "10e-1": "one", "0.1E+1": "one", "2.500": "more", "25e-1": "more", "-0": "none", "0.00": "none", "0e9": "none", "1200": "many", "12E2": "many"} {
		if got := forward(t, c, `{"k":`+text+`}`); got != `{"k":"`+want+`"}` {
			t.Errorf("%s became %s", text, got)
		}
	}
	const a, b = `{type: object, required: [v, n], properties: {v: {const: 1}, n: {type: string}}}`, `{type: object, required: [v, n], properties: {v: {const: 2}, n: {type: string}}}`
	const either = `{oneOf: [{$ref: "#/components/schemas/A"}, {$ref: "#/components/schemas/B"}]}`
	c = versions(t).version(shop(either, "    A: "+a+"\n    B: "+b)).
		version(shop(either, "    A: "+strings.ReplaceAll(strings.ReplaceAll(a, "n]", "m]"), "n:", "m:")+"\n    B: "+b), "description: d\nschema: A\nsteps: [{rename: n, to: m}]\n").carrier("putThing")
	if got, want := forward(t, c, `{"v":1.0,"n":"x"}`), `{"v":1.0,"m":"x"}`; got != want {
		t.Errorf("got %s", got)
	}
}

// TestExpressionsAreExact: what CEL cannot hold is refused, and not rounded.
func TestExpressionsAreExact(t *testing.T) {
	t.Parallel()
	const old = `{type: object, properties: {n: {}, o: {type: object}}}`
	c := versions(t).version(shop(old)).version(shop(old), change1+"[{cel: n, forward: value, back: value}, {cel: o, forward: value, back: value}]\n").carrier("putThing")
	for _, text := range []string{"9007199254740993", "-9223372036854775808", "0.1", "1.5", "1e3", "1.25e-7", "123456789.125", "1e300"} {
		if got := forward(t, c, `{"n":`+text+`}`); !sameNumber(got[len(`{"n":`):len(got)-1], text) {
			t.Errorf("%s became %s", text, got)
		}
	}
	for _, text := range []string{`{"n":9223372036854775808}`, `{"n":0.1234567890123456789}`, `{"n":1e400}`, `{"o":{"x":[12345678901234567890]}}`, `{"n":[3.14159265358979323846]}`} {
		r := change.Request{Method: "PUT", Header: http.Header{}, MediaType: "application/json", Body: []byte(text)}
		if err := c.Request(&r); err == nil {
			t.Errorf("%s became %s", text, r.Body)
		}
	}
}

// TestHostileSizes: no message costs more than its size and the work of its changes.
func TestHostileSizes(t *testing.T) {
	t.Parallel()
	const old = `{type: object, properties: {list: {type: array, items: {type: integer}}}}`
	costly := versions(t).version(shop(old)).version(shop(old), change1+"[{cel: list/*, forward: 'self.list.exists(x, x == value + 1) ? value : value', back: value}]\n").carrier("putThing")
	listing := `openapi: 3.1.0
info: {title: T, version: "1"}
paths:
  /things:
    get:
      operationId: listThings
      parameters: [{name: %s, in: query, schema: {type: array, items: {type: string}}}, {name: q, in: query, schema: {type: string}}]
      responses: {"204": {description: d}}
`
	list := versions(t).version(fmt.Sprintf(listing, "a")).version(fmt.Sprintf(listing, "b"), "description: d\noperation: listThings\nparameters: [{rename: query/a, to: b}]\n").carrier("listThings")
	for name, tt := range map[string]struct {
		*change.Request
		want string // of the failure, "" for none
	}{
		"an expression for each of many items": {&change.Request{Method: "PUT", MediaType: "application/json", Body: []byte(`{"list":[` + commas(5_000, func(int) string { return "1" }) + `]}`)}, "cost too much"},
		"many occurrences of one parameter":    {&change.Request{Method: "GET", Query: strings.Repeat("a=1&", 200_000)}, "more than 1000"},
		"many parameters":                      {&change.Request{Method: "GET", Query: strings.ReplaceAll(commas(100_000, func(i int) string { return fmt.Sprintf("x%d=1", i) }), ",", "&")}, "more than 1000"},
		"many members":                         {&change.Request{Method: "PUT", MediaType: "application/json", Body: []byte(`{` + commas(100_000, func(i int) string { return fmt.Sprintf(`"m%d":1`, i) }) + `}`)}, ""},
	} {
		tt.Header = http.Header{}
		c := costly
		if tt.Method == "GET" {
			c = list
		}
		began := time.Now()
		err := c.Request(tt.Request)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v", name, err)
		}
		t.Logf("%s: %v", name, time.Since(began))
	}
}

// TestEmptyBody: no content is no document.
func TestEmptyBody(t *testing.T) {
	t.Parallel()
	c := versions(t).version(shop(`{type: object, properties: {a: {type: string}}}`)).version(shop(`{type: object, properties: {b: {type: string}}}`), change1+"[{rename: a, to: b}]\n").carrier("putThing")
	r := change.Request{Method: "PUT", Header: http.Header{}, MediaType: "application/json", Body: []byte{}}
	if err := c.Request(&r); err != nil || len(r.Body) != 0 {
		t.Errorf("got %q, %v", r.Body, err)
	}
	res := change.Response{Status: 200, Header: http.Header{}, MediaType: "application/json", Body: []byte{}}
	if err := c.Response(&res); err != nil || len(res.Body) != 0 {
		t.Errorf("got %q, %v", res.Body, err)
	}
}

func sameNumber(a, b string) bool {
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	return okX && okY && x.Cmp(y) == 0
}

// fieldVersions are two versions of an operation with parameters, and the steps between.
func fieldVersions(t testing.TB, steps string) *change.Carrier {
	t.Helper()
	contract := `openapi: 3.1.0
info: {title: T, version: "1"}
paths:
  /things:
    get:
      operationId: listThings
      parameters:
        - {name: %[1]s, in: query, schema: {type: string}}
        - {name: ids, in: query, explode: false, schema: {type: array, items: {type: string}}}
        - {name: tag, in: query, schema: {type: array, items: {type: string}}}
        - {name: %[1]s, in: cookie, schema: {type: string}}
        - {name: X-%[1]s, in: header, schema: {type: string}}
      responses: {"204": {description: d}}
`
	return versions(t).version(fmt.Sprintf(contract, "a")).version(fmt.Sprintf(contract, "b"), "description: d\noperation: listThings\nparameters: "+steps+"\n").carrier("listThings")
}

// TestParametersAsTheyCame: what no step speaks of keeps its place, its spelling and what
// the gateway cannot read.
func TestParametersAsTheyCame(t *testing.T) {
	t.Parallel()
	c := fieldVersions(t, "[{rename: query/a, to: b}, {rename: cookie/a, to: b}, {rename: header/X-A, to: X-B}]")
	for query, want := range map[string]string{
		"z=1&y=2&z=3":                  "z=1&y=2&z=3",
		"flag&x=%7e%20+&%zz=1&&e=":     "flag&x=%7e%20+&%zz=1&&e=",
		"z=1&a=%7E+x&z=2":              "z=1&b=%7E+x&z=2",
		"a=1&z=2&a=3":                  "b=1&b=3&z=2",
		"%61=1":                        "b=1",
		"ids=a,b%2Cc&tag=1&tag=2&a=/?": "ids=a,b%2Cc&tag=1&tag=2&b=/?",
		"a=%zz":                        "a=%zz", // no two servers read it alike
		"b=9&a=1":                      "b=1",   // of nobody's contract
		"":                             "",
	} {
		r := change.Request{Method: "GET", Query: query, Header: http.Header{}}
		if err := c.Request(&r); err != nil || r.Query != want {
			t.Errorf("%s became %s, not %s: %v", query, r.Query, want, err)
		}
	}
	for cookie, want := range map[string]string{
		`s="a b, c"; a=1; odd; x=a=b`: `s="a b, c"; b=1; odd; x=a=b`,
		`s=1`:                         `s=1`,
	} {
		r := change.Request{Method: "GET", Header: http.Header{"Cookie": {cookie}, "X-A": {"caf\xe9", "2"}, "X-Z": {"\xff"}}}
		if err := c.Request(&r); err != nil || r.Header.Get("Cookie") != want {
			t.Errorf("%s became %v: %v", cookie, r.Header["Cookie"], err)
		}
		if got := r.Header; len(got["X-B"]) != 2 || got["X-B"][0] != "caf\xe9" || got["X-A"] != nil || got["X-Z"][0] != "\xff" {
			t.Errorf("the header is %q", got)
		}
	}
}

// TestParametersThatDoNotFit: a value that cannot stand at its new place is refused, and
// the request is as it was.
func TestParametersThatDoNotFit(t *testing.T) {
	t.Parallel()
	c := fieldVersions(t, "[{move: header/X-A, to: header/X-B}, {move: query/a, to: cookie/b}, {remove: cookie/a, value: x}]\nlossless: false\nloses: x")
	for _, query := range []string{"a=x%0d%0ay", "a=x%3by", "a=%00"} {
		r := change.Request{Method: "GET", Query: query, Header: http.Header{"X-A": {"1"}, "Cookie": {"z=1"}}}
		if err := c.Request(&r); err == nil || r.Query != query || r.Header.Get("X-A") != "1" || r.Header.Get("X-B") != "" || r.Header.Get("Cookie") != "z=1" {
			t.Errorf("%s became %s %v: %v", query, r.Query, r.Header, err)
		}
	}
	r := change.Request{Method: "GET", Query: "z=1&a=x%20y", Header: http.Header{}}
	if err := c.Request(&r); err != nil || r.Query != "z=1" || r.Header.Get("Cookie") != "b=x y" {
		t.Errorf("%s %v: %v", r.Query, r.Header, err)
	}
}

// TestResponseFieldsAsTheyCame: fields that no step speaks of keep their bytes, and those
// with several lines are carried as well.
func TestResponseFieldsAsTheyCame(t *testing.T) {
	t.Parallel()
	c := versions(t).version(shop(`{type: object}`)).version(shop(`{type: object}`), "description: d\noperation: putThing\nheaders: [{rename: X-Old, to: X-New}]\n").carrier("putThing")
	r := change.Response{Status: 204, Header: http.Header{"X-New": {"1", "2"}, "X-Latin": {"caf\xe9"}, "X-Odd": {"a\x01"}, "Set-Cookie": {"a=1", "b=2"}}}
	if err := c.Response(&r); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%q", r.Header); got != `map["Set-Cookie":["a=1" "b=2"] "X-Latin":["caf\xe9"] "X-Odd":["a\x01"] "X-Old":["1" "2"]]` {
		t.Errorf("got %s", got)
	}
}

// TestHeadStaysHead: HEAD is GET without content, wherever the operation has moved.
func TestHeadStaysHead(t *testing.T) {
	t.Parallel()
	contract := "openapi: 3.1.0\ninfo: {title: T, version: \"1\"}\npaths:\n  /%s:\n    get: {operationId: list, responses: {\"204\": {description: d}}}\n"
	c := versions(t).version(fmt.Sprintf(contract, "old")).version(fmt.Sprintf(contract, "new"), "description: d\noperation: list\nbecomes: list\n").carrier("list")
	r := change.Request{Method: "HEAD", Header: http.Header{}}
	if err := c.Request(&r); err != nil || r.Method != "HEAD" || r.Target != "/new" {
		t.Errorf("%s %s: %v", r.Method, r.Target, err)
	}
}

// TestMediaTypesOfVersions: a media type that has the version in its name is the same body
// in every version, over several boundaries too.
func TestMediaTypesOfVersions(t *testing.T) {
	t.Parallel()
	contract := func(n int, member string) string {
		text := shop(`{type: object, properties: {` + member + `: {type: string}}}`)
		return strings.ReplaceAll(text, "application/json", fmt.Sprintf("application/vnd.acme.v%d+json", n))
	}
	c := versions(t).version(contract(1, "a")).
		version(contract(2, "b"), change1+"[{rename: a, to: b}]\n").
		version(contract(3, "c"), change1+"[{rename: b, to: c}]\n").carrier("putThing")
	r := change.Request{Method: "PUT", MediaType: "application/vnd.acme.v1+json", Header: http.Header{"Content-Type": {"application/vnd.acme.v1+json; charset=utf-8"}}, Body: []byte(`{"a":"x"}`)}
	if !c.RequestBody(r.MediaType) {
		t.Error("the request would not be read")
	}
	if err := c.Request(&r); err != nil || string(r.Body) != `{"c":"x"}` || r.Header.Get("Content-Type") != "application/vnd.acme.v3+json; charset=utf-8" {
		t.Errorf("%s as %v: %v", r.Body, r.Header, err)
	}
	res := change.Response{Status: 200, MediaType: "application/vnd.acme.v3+json", Header: http.Header{"Content-Type": {"application/vnd.acme.v3+json"}}, Body: []byte(`{"c":"x"}`)}
	if !c.ResponseBody(200, res.MediaType) {
		t.Error("the response would not be read")
	}
	if err := c.Response(&res); err != nil || string(res.Body) != `{"a":"x"}` || res.Header.Get("Content-Type") != "application/vnd.acme.v1+json" {
		t.Errorf("%s as %v: %v", res.Body, res.Header, err)
	}
	header := http.Header{"Accept": {"text/html, application/VND.acme.v1+json;q=0.5", "*/*;q=0.1"}}
	if c.Accept(header); fmt.Sprint(header["Accept"]) != "[text/html,application/vnd.acme.v3+json;q=0.5 */*;q=0.1]" {
		t.Errorf("the service is asked for %q", header["Accept"])
	}
}

// TestPointersInProblems: names with slashes, tildes and spaces, as texts and as fragments.
func TestPointersInProblems(t *testing.T) {
	t.Parallel()
	c := versions(t).version(shop(`{type: object, properties: {"a/b ~": {type: object, properties: {x: {type: integer}}}}}`)).
		version(shop(`{type: object, properties: {"c d/~": {type: object, properties: {x: {type: integer}}}}}`), change1+"[{rename: a~1b ~0, to: c d/~}]\n").carrier("putThing")
	for newer, older := range map[string]string{
		"/c d~1~0/x": "/a~1b ~0/x", "#/c%20d~1~0/x": "#/a~1b%20~0/x", "#/other%20one": "#/other%20one", "#/%zz": "#/%zz", "": "", "/c d~1~0x": "/c d~1~0x",
	} {
		r := change.Response{Status: 422, Header: http.Header{}, MediaType: "application/problem+json", Body: []byte(`{"errors":[{"pointer":"` + newer + `"}]}`)}
		if err := c.Response(&r); err != nil || string(r.Body) != `{"errors":[{"pointer":"`+older+`"}]}` {
			t.Errorf("%s became %s: %v", newer, r.Body, err)
		}
	}
}

// TestSchemasThatAreNotFollowed: a change that would not be applied does not load.
func TestSchemasThatAreNotFollowed(t *testing.T) {
	t.Parallel()
	const item = "    Item: {type: object, properties: {%s: {type: string}}}"
	for thing, want := range map[string]bool{
		`{type: object, dependentSchemas: {a: {properties: {i: {$ref: "#/components/schemas/Item"}}}}, properties: {o: {$ref: "#/components/schemas/Other"}}}`: true,
		`{type: object, properties: {l: {type: array, contains: {$ref: "#/components/schemas/Item"}}, o: {$ref: "#/components/schemas/Other"}}}`:               true,
		`{type: object, properties: {l: {type: array, contains: {$ref: "#/components/schemas/Item"}, items: {$ref: "#/components/schemas/Item"}}}}`:            false,
	} {
		other := "\n    Other: {type: object}"
		w := versions(t).version(shop(thing, fmt.Sprintf(item, "n")+other)).version(shop(thing, fmt.Sprintf(item, "m")+other), "description: d\nschema: Item\nsteps: [{rename: n, to: m}]\n")
		_, err := change.Compile(w.versions)
		if got := err != nil && strings.Contains(err.Error(), "behind"); got != want {
			t.Errorf("%s: %v", thing, err)
		}
	}
}
