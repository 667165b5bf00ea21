package openapi

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gateway/internal/testfile"
)

// newRouter routes "GET /orders/{id}" and its like to themselves.
func newRouter(t testing.TB, routes ...string) *Router[string] {
	t.Helper()
	var entries []Entry[string]
	for i, route := range routes {
		method, template, _ := strings.Cut(route, " ")
		entries = append(entries, Entry[string]{Method: method, Template: template, Value: route, Source: Position{"api.yaml", i + 1, 0}})
	}
	r, err := NewRouter(entries)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRouter(t *testing.T) {
	t.Parallel()
	r := newRouter(t,
		"GET /", "GET /orders", "POST /orders", "GET /orders/", "GET /orders/{id}", "PUT /orders/{id}", "GET /orders/mine",
		"DELETE /orders/mine", "GET /orders/{id}/items/{item}", "GET /a/{x}/c", "GET /a/b/d", "GET /a/{x}/{y}/e", "HEAD /a/b/d",
		"GET /files/{name}.json", "GET /files/{name}", "PUT /files/{name}", "GET /files/v{major}.{minor}", "GET /r/{from}-{to}",
		"GET /r/{from}-{to}.{type}", "GET /caf%C3%A9/{x}", "POST /files/{name}.json/{rest}", "GET /x/{a}ab{b}",
	)
	for _, tt := range []struct {
		method, path string
		route        string
		params       []string
		allow        string
	}{
		{"GET", "/", "GET /", nil, ""},
		{"GET", "/orders", "GET /orders", nil, ""},
		{"HEAD", "/orders", "GET /orders", nil, ""},
		{"POST", "/orders", "POST /orders", nil, ""},
		{"GET", "/orders/", "GET /orders/", nil, ""},
		{"GET", "/orders/7", "GET /orders/{id}", []string{"7"}, ""},
		{"GET", "/orders/mine", "GET /orders/mine", nil, ""},
		{"GET", "/orders/7/items/ä b", "GET /orders/{id}/items/{item}", []string{"7", "ä b"}, ""},
		// A way that leads nowhere is left again.
		{"GET", "/a/b/c", "GET /a/{x}/c", []string{"b"}, ""},
		{"GET", "/a/b/d", "GET /a/b/d", nil, ""},
		{"GET", "/a/b/d/e", "GET /a/{x}/{y}/e", []string{"b", "d"}, ""},
		{"HEAD", "/a/b/d", "HEAD /a/b/d", nil, ""},
		// Most literal text wins.
		{"GET", "/files/a.json", "GET /files/{name}.json", []string{"a"}, ""},
		{"GET", "/files/v1.2", "GET /files/v{major}.{minor}", []string{"1", "2"}, ""},
		{"GET", "/files/.json", "GET /files/{name}", []string{".json"}, ""},
		{"GET", "/files/a.txt", "GET /files/{name}", []string{"a.txt"}, ""},
		{"POST", "/files/a.json/b", "POST /files/{name}.json/{rest}", []string{"a", "b"}, ""},
		// All variables but the last take as little as possible.
		{"GET", "/r/a-b-c", "GET /r/{from}-{to}", []string{"a", "b-c"}, ""},
		{"GET", "/r/a-b.c.d", "GET /r/{from}-{to}.{type}", []string{"a", "b", "c.d"}, ""},
		{"GET", "/r/--", "", nil, ""},
		{"GET", "/r/---", "GET /r/{from}-{to}", []string{"-", "-"}, ""},
		{"GET", "/x/aabab", "GET /x/{a}ab{b}", []string{"a", "ab"}, ""},
		{"GET", "/x/abab", "", nil, ""},
		{"GET", "/café/1", "GET /caf%C3%A9/{x}", []string{"1"}, ""},
		// A method that only the less specific template has.
		{"PUT", "/orders/mine", "PUT /orders/{id}", []string{"mine"}, ""},
		{"PUT", "/files/a.json", "PUT /files/{name}", []string{"a.json"}, ""},
		// Nothing there.
		{"GET", "/nowhere", "", nil, ""},
		{"GET", "/orders/7/items", "", nil, ""},
		{"GET", "/orders/7/items/", "", nil, ""},
		{"GET", "/orders/7/", "", nil, ""},
		{"GET", "/Orders", "", nil, ""},
		{"GET", "", "", nil, ""},
		{"GET", "*", "", nil, ""},
		{"GET", "orders", "", nil, ""},
		// Another method. Names of methods have case.
		{"PUT", "/orders", "", nil, "GET, HEAD, POST"},
		{"get", "/orders", "", nil, "GET, HEAD, POST"},
		{"", "/orders/7", "", nil, "GET, HEAD, PUT"},
		{"POST", "/orders/mine", "", nil, "DELETE, GET, HEAD, PUT"},
		{"PATCH", "/files/a.json", "", nil, "GET, HEAD, PUT"},
	} {
		m := r.Lookup(tt.method, tt.path, nil)
		if m.Found != (tt.route != "") || m.Value != tt.route || !slices.Equal(m.Params, tt.params) || m.Allow != tt.allow {
			t.Errorf("%s %s: got %+v, want %s %q, Allow %q", tt.method, tt.path, m, tt.route, tt.params, tt.allow)
		}
	}
}

func TestRouterKeepsParamsOfCaller(t *testing.T) {
	t.Parallel()
	r := newRouter(t, "GET /{a}/{b}/{c}")
	var space [2]string
	if m := r.Lookup("GET", "/1/2/3", space[:0]); !slices.Equal(m.Params, []string{"1", "2", "3"}) {
		t.Errorf("got %q", m.Params)
	}
	if m := r.Lookup("GET", "/1/2/3", []string{"old", "old", "old", "old"}); !slices.Equal(m.Params, []string{"1", "2", "3"}) {
		t.Errorf("got %q", m.Params)
	}
}

func TestRouterConflicts(t *testing.T) {
	t.Parallel()
	for name, routes := range map[string][]string{
		"conflict_variable": {"GET /orders/{id}", "PUT /orders/{key}", "GET /orders/{name}"},
		"conflict_mixed":    {"GET /files/{a}.json", "GET /files/{b}.json", "GET /files/{b}.yaml"},
		"conflict_literal":  {"GET /caf%C3%A9", "GET /café"},
		"conflict_template": {"GET /a/{x", "GET /b}", "GET /c//d", "GET e", "GET /a%2Fb", "GET /%zz"},
	} {
		var entries []Entry[string]
		for i, route := range routes {
			method, template, _ := strings.Cut(route, " ")
			entries = append(entries, Entry[string]{Method: method, Template: template, Source: Position{"orders.yaml", i + 10, 5}})
		}
		_, err := NewRouter(entries)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		testfile.Golden(t, "testdata/"+name+".golden", err.Error()+"\n")
	}
}

func TestVariables(t *testing.T) {
	t.Parallel()
	got, err := Variables("/a/{x}/b/{y}-{z}.json")
	if err != nil || !slices.Equal(got, []string{"x", "y", "z"}) {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := Variables("/{"); err == nil {
		t.Error("no error")
	}
}

// TestLookupAllocatesNothing holds for what is found and for a wrong method.
func TestLookupAllocatesNothing(t *testing.T) {
	r := newRouter(t, "GET /orders/{id}/items/{item}", "GET /orders/mine", "PUT /r/{from}-{to}")
	var space [4]string
	for _, request := range []string{"GET /orders/7/items/9", "GET /orders/mine", "PUT /r/a-b", "POST /r/a-b", "GET /nowhere"} {
		method, path, _ := strings.Cut(request, " ")
		if n := testing.AllocsPerRun(100, func() { r.Lookup(method, path, space[:0]) }); n > 0 {
			t.Errorf("%s: %v allocations", request, n)
		}
	}
}

// naive is what the router must agree with: it tries every template on every path,
// by the same order of preference, and knows nothing of trees.
func naive(routes []string, method, path string) (route string, allow []string) {
	if !strings.HasPrefix(path, "/") {
		return "", nil
	}
	parts := strings.Split(path[1:], "/")
	var matching []string
	for _, route := range routes {
		_, template, _ := strings.Cut(route, " ")
		if naiveMatch(strings.Split(template[1:], "/"), parts) {
			matching = append(matching, route)
		}
	}
	slices.SortStableFunc(matching, func(a, b string) int { return naiveOrder(a, b) })
	for i := 0; i < len(matching); {
		// The routes of one template stand together.
		_, template, _ := strings.Cut(matching[i], " ")
		get := ""
		for ; i < len(matching); i++ {
			m, same, _ := strings.Cut(matching[i], " ")
			if same != template {
				break
			}
			if allow = append(allow, m); m == method {
				return matching[i], nil
			}
			if m == "GET" {
				get = matching[i]
				allow = append(allow, "HEAD")
			}
		}
		if method == "HEAD" && get != "" {
			return get, nil
		}
	}
	slices.Sort(allow)
	return "", slices.Compact(allow)
}

func naiveMatch(template, parts []string) bool {
	if len(template) != len(parts) {
		return false
	}
	for i := range template {
		if !naiveSegment(template[i], parts[i]) {
			return false
		}
	}
	return true
}

// naiveSegment tries every length for every variable.
func naiveSegment(template, text string) bool {
	literal, rest, found := strings.Cut(template, "{")
	if !found {
		return template == text
	}
	if !strings.HasPrefix(text, literal) {
		return false
	}
	_, after, _ := strings.Cut(rest, "}")
	text = text[len(literal):]
	for n := 1; n <= len(text); n++ {
		if naiveSegment(after, text[n:]) {
			return true
		}
	}
	return false
}

// naiveOrder compares segment by segment: literal, then more literal text, then a
// bare variable.
func naiveOrder(a, b string) int {
	_, a, _ = strings.Cut(a, " ")
	_, b, _ = strings.Cut(b, " ")
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	for i := range x {
		if d := rank(y[i]) - rank(x[i]); d != 0 {
			return d
		}
		if d := strings.Compare(x[i], y[i]); d != 0 {
			return d
		}
	}
	return 0
}

func rank(segment string) int {
	if !strings.Contains(segment, "{") {
		return 1 << 20
	}
	n := 0
	for segment != "" {
		literal, rest, _ := strings.Cut(segment, "{")
		n += len(literal)
		_, segment, _ = strings.Cut(rest, "}")
	}
	return n
}

// FuzzRouter builds templates and a path out of a small alphabet, so that they meet
// often, and compares the router with the naive one.
func FuzzRouter(f *testing.F) {
	f.Add("a/{x}/c\na/b/d\na/{x}/{y}", uint8(0), "/a/b/c")
	f.Add("{x}.a\n{x}\na{x}a", uint8(1), "/aa.a")
	f.Add("a\na/\n\n{x}-{y}", uint8(2), "/a/")
	f.Add("{x}a{y}\n{x}aa{y}\n{x}b", uint8(3), "/aaaa")
	f.Fuzz(func(t *testing.T, templates string, method uint8, path string) {
		names := []string{"GET", "POST", "HEAD", "PUT"}
		var routes []string
		var entries []Entry[string]
		shapes := make(map[string]string)
		for i, text := range strings.Split(templates, "\n") {
			if len(routes) == 8 || len(text) > 40 || strings.Contains(text, "%") {
				break
			}
			template, err := parseTemplate("/" + text)
			if err != nil {
				continue
			}
			// One spelling for each shape: variables are numbered. Equal ranks have
			// no order that the naive router could know.
			route := names[(i+int(method))%4] + " /" + text
			if other, ok := shapes[template.shape()]; ok {
				_, text, _ := strings.Cut(other, " ")
				route = names[(i+int(method))%4] + " " + text
			}
			shapes[template.shape()] = route
			if slices.Contains(routes, route) || ambiguous(routes, route) {
				continue
			}
			routes = append(routes, route)
			m, p, _ := strings.Cut(route, " ")
			entries = append(entries, Entry[string]{Method: m, Template: p, Value: route})
		}
		r, err := NewRouter(entries)
		if err != nil {
			t.Fatalf("%q: %v", routes, err)
		}
		for _, m := range append(names, "DELETE") {
			got := r.Lookup(m, path, nil)
			want, allow := naive(routes, m, path)
			if got.Value != want || got.Found != (want != "") || got.Allow != strings.Join(allow, ", ") {
				t.Fatalf("%q: %s %q: got %+v, want %q %q", routes, m, path, got, want, allow)
			}
		}
	})
}

// ambiguous tells whether a route has a segment of the same rank as another at the
// same place, with other text: both may match, and the order of entries decides.
func ambiguous(routes []string, route string) bool {
	x := strings.Split(route, "/")
	for _, other := range routes {
		y := strings.Split(other, "/")
		for i := 1; i < min(len(x), len(y)); i++ {
			if x[i] != y[i] && strings.Contains(x[i], "{") && rank(x[i]) == rank(y[i]) {
				return true
			}
		}
	}
	return false
}

// BenchmarkLookup shows that the time does not grow with the number of operations.
func BenchmarkLookup(b *testing.B) {
	for _, n := range []int{10, 1000} {
		var routes []string
		for i := range n / 2 {
			routes = append(routes, fmt.Sprintf("GET /v1/things%d/{id}", i), fmt.Sprintf("POST /v1/things%d", i))
		}
		b.Run(fmt.Sprintf("%d operations", n), func(b *testing.B) {
			benchmarkLookup(b, newRouter(b, routes...), "/v1/things4/12345")
		})
	}
	b.Run("real contracts", func(b *testing.B) {
		var routes []string
		for i, name := range []string{
			"corpus-3.1/discourse.local_latest.json", "paypal/checkout_orders_v2.json", "corpus-3.1/listennotes.com_2.0.json",
			"corpus-3.1/adyen.com_LegalEntityService_3.json", "readme-oas-examples/3.0-petstore.json",
		} {
			c, err := Load(testfile.Shared(b, "openapi-specs") + "/" + name)
			if err != nil {
				b.Fatal(err)
			}
			for round := range 6 {
				for _, op := range c.Operations {
					routes = append(routes, fmt.Sprintf("%s /api%d-%d%s", op.Method, i, round, op.Template))
				}
			}
		}
		b.Logf("%d operations", len(routes))
		benchmarkLookup(b, newRouter(b, routes...), "/api1-3/v2/checkout/orders/12345")
	})
}

func benchmarkLookup(b *testing.B, r *Router[string], path string) {
	var space [8]string
	b.ReportAllocs()
	for b.Loop() {
		if !r.Lookup(http.MethodGet, path, space[:0]).Found {
			b.Fatal("not found")
		}
	}
}
